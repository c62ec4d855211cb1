//! The assistant answers: turns begin and end, the template is the last rung (A5, A7).

use super::{Deciding, TEMPLATE};
use crate::{
    dialogue::TurnNotes,
    effect::Effect,
    event::{
        AlertReason, Author, Channel, DeliveryKind, Event, MessagePosted, MessageSeq, Origin,
        TurnFailure,
    },
    id::{MessageId, TurnId},
    promise::Rung,
    session::{Answer, Promise, Rejection},
    template,
};

impl Deciding<'_> {
    /// Begins a turn, unless a member types: then it begins when the pause ends. The first one of a promise
    /// also waits for files that still arrive.
    pub(super) fn start_turn(&mut self, rung: Rung) {
        if self.state.pause.is_some() {
            self.because("guard: a member types, the assistant waits");
            return;
        }
        if rung == Rung::Primary && self.awaits_attachments() {
            self.because("rule: a file is on its way, one turn answers it and the text");
            self.emit(Event::Gathering { until: self.now.now });
            return;
        }
        let (turn, fence) = (TurnId::from_uuid(self.id()), self.state.fence);
        self.emit(Event::TurnStarted { turn, rung, fence });
        self.decision.effects.push(Effect::StartTurn { turn, rung, fence });
    }

    pub(super) fn cancel_turn(&mut self) {
        if let Some(running) = self.state.turn {
            self.emit(Event::TurnCancelled { turn: running.turn });
            self.decision.effects.push(Effect::CancelTurn { turn: running.turn });
        }
    }

    /// The node that runs it stops; the turn's timer is due now, wherever it is found.
    pub(super) fn yield_turn(&mut self, turn: TurnId) -> Result<(), Rejection> {
        if self.state.turn.is_none_or(|running| running.turn != turn) {
            return Err(Rejection::Stale);
        }
        self.because("rule: a node that stops leaves its turn to the others");
        self.emit(Event::TurnYielded { turn });
        self.decision.effects.push(Effect::CancelTurn { turn });
        Ok(())
    }

    pub(super) fn end_turn(
        &mut self,
        turn: TurnId,
        result: Result<Answer, TurnFailure>,
        notes: TurnNotes,
    ) -> Result<(), Rejection> {
        // A7: only the turn that runs, of the fence that holds, may speak.
        let running = self
            .state
            .turn
            .filter(|running| running.turn == turn && running.fence == self.state.fence)
            .ok_or(Rejection::Stale)?;
        if !notes.is_empty() {
            self.emit(Event::TurnNoted { turn, notes: notes.bounded() });
        }
        match result {
            Ok(Answer { text, model, prompt }) => {
                self.because("guard: the turn that runs, of the fence that holds, may speak (A7)");
                self.post(Author::Assistant, text, None, Some(Origin { turn, model, prompt }));
                self.watch_for_silence();
                // Text that came while the customer read this answer has its own, after a breath.
                if self.state.answer_is_owed() {
                    let last = self.state.last_customer_text.clone();
                    self.gather(&last);
                }
            }
            Err(reason) => {
                self.emit(Event::TurnFailed { turn, reason });
                match running.rung {
                    Rung::Primary => {
                        self.because("rule: the first model gave no text, the second is asked");
                        self.reach(Rung::Second);
                        self.start_turn(Rung::Second);
                    }
                    _ => self.send_template(),
                }
            }
        }
        Ok(())
    }

    /// The last rung needs nothing but the delivery itself (A5); a person must follow.
    pub(super) fn send_template(&mut self) {
        self.because("rule: the last rung is the template, and a person follows (A5)");
        self.cancel_turn();
        self.reach(Rung::Template);
        let turn = TurnId::from_uuid(self.id());
        let text = self.template_text();
        let origin = Origin { turn, model: TEMPLATE.into(), prompt: template::VERSION.into() };
        self.post(Author::Assistant, text, None, Some(origin));
        self.hand_off(AlertReason::NoModelAnswer);
    }

    /// What was booked on the customer's own yes is told, also when no model can.
    fn template_text(&mut self) -> String {
        let (lang, settings) = (self.state.lang, self.now.settings);
        let waiting = self.state.promises.iter().find(|promise| promise.answer.is_none());
        let booked =
            waiting.and_then(|promise| self.state.dialogue.booked_untold(promise.seq)).cloned();
        match booked {
            Some(known) => {
                self.because("rule: who said yes is told that it is booked");
                let zone = settings.time_zone();
                let (at, today) =
                    (zone.to_datetime(known.news.from), zone.to_datetime(self.now.now));
                template::booked(lang, &settings.brand, at, today.date())
            }
            None => template::last_rung(lang, &settings.brand),
        }
    }

    /// Marks a rung of every promise that has no answer yet.
    pub(super) fn reach(&mut self, rung: Rung) {
        let open = |p: &&Promise| p.answer.is_none() && p.rung < rung;
        let reached: Vec<_> =
            self.state.promises.iter().filter(open).map(|promise| promise.message).collect();
        for message in reached {
            self.emit(Event::RungReached { message, rung });
        }
    }

    /// Somebody speaks to the customer: the text is stored, and sent on its way where it does not
    /// reach the customer by being stored.
    pub(super) fn post(
        &mut self,
        author: Author,
        text: String,
        client_id: Option<String>,
        origin: Option<Origin>,
    ) {
        let message = MessageId::from_uuid(self.id());
        self.emit(Event::MessagePosted(MessagePosted {
            message,
            seq: MessageSeq(self.state.last_message.0 + 1),
            author,
            text,
            client_id,
            origin,
        }));
        match (self.state.channel, self.state.customer_email.clone()) {
            (Channel::Mail, Some(to)) => {
                let owed = self.state.promises.iter().find(|promise| promise.answer.is_none());
                let since = owed.map(|promise| promise.since);
                let deadline =
                    since.map(|since| self.state.promise_settings.due(since, Rung::Deadline));
                // What the assistant says is held to its fence; what a person wrote goes out whatever follows.
                let fence = (author == Author::Assistant).then_some(self.state.fence);
                self.queue(DeliveryKind::Answer, Some(message), to, deadline, fence);
            }
            // Stored on the customer's own stream: that is the proof.
            (Channel::Widget, _) | (Channel::Mail, None) => {
                self.keep_promises(|promise| promise.by.is_some());
            }
        }
    }
}
