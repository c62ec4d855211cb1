//! How a lead session decides: state, command and circumstances in; events, effects and the next state out.
//!
//! Every step is applied to a copy of the state as it is decided, so that later steps of the same
//! decision see it; the copy becomes the state once the events are stored (A4).

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{
    Answer, Circumstances, Command, DeliveryReport, LeadSession, Rejection, Speaker,
    SubmittedContact,
};
use crate::{
    capture::{REPEAT_WINDOW, Submission},
    contact::Email,
    delivery,
    effect::{Decision, DeliveryEnd, Effect, TimerEnd, TimerKind},
    event::{
        AlertReason, AnsweredBy, Author, Channel, DeliveryKind, DeliveryQueued, Event, Fence,
        LeadCaptured, MessagePosted, MessageSeq, Origin, Source, TurnFailure,
    },
    id::{ContactId, DeliveryId, LeadId, MemberId, MessageId, TurnId},
    lang::Lang,
    promise::Rung,
    template,
};

/// The `model` of an answer that is a template.
pub(super) const TEMPLATE: &str = "template";

/// What [`LeadSession::decide`] answers: what to store, what to run, and the state it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub decision: Decision,
    pub state: LeadSession,
}

impl LeadSession {
    /// Decides what `command` leads to. Changes nothing: the caller stores the events, then takes the state.
    pub fn decide(&self, command: Command, now: Circumstances<'_>) -> Result<Decided, Rejection> {
        let mut deciding = Deciding {
            before: self.timers(),
            state: self.clone(),
            now,
            decision: Decision::default(),
            ids_taken: 0,
            fired: None,
        };
        deciding.run(command)?;
        deciding.settle_timers();
        let Deciding { state, decision, .. } = deciding;
        debug_assert!(
            !state.somebody_waits() || !state.timers().is_empty(),
            "A11: somebody waits and no timer is pending"
        );
        Ok(Decided { decision, state })
    }
}

struct Deciding<'a> {
    before: BTreeMap<TimerKind, jiff::Timestamp>,
    state: LeadSession,
    now: Circumstances<'a>,
    decision: Decision,
    ids_taken: u32,
    fired: Option<TimerKind>,
}

impl Deciding<'_> {
    fn run(&mut self, command: Command) -> Result<(), Rejection> {
        let begins = matches!(command, Command::Submit { .. } | Command::Open { .. });
        if !self.state.exists() && !begins {
            return Err(Rejection::NotFound);
        }
        match command {
            Command::Submit { submission, contact } => self.submit(submission, contact),
            Command::Open { lang } => self.open(lang),
            Command::PostMessage { text, client_id, page_url } => {
                self.post_message(text, client_id, page_url)
            }
            Command::PostMemberMessage { member, text, client_id } => {
                self.post_member_message(member, text, client_id)
            }
            Command::EndTurn { turn, result } => self.end_turn(turn, result),
            Command::FireTimer { kind, turn_runs } => self.fire_timer(kind, turn_runs),
            Command::ReportDelivery { delivery, attempt, report } => {
                self.report_delivery(delivery, attempt, report)
            }
            Command::TakeOver { member } => self.take_over(member),
            Command::Release { member } => self.release(member),
            Command::Close { member: _ } => self.close(),
            Command::Quarantine => self.quarantine(),
        }
    }

    // ---- what comes in ----

    fn submit(&mut self, form: Submission, contact: SubmittedContact) -> Result<(), Rejection> {
        let key = format!("fp:{}", form.fingerprint());
        if let Some(before) = self.state.find_remembered(&key)
            && self.now.now.duration_since(before.at) <= REPEAT_WINDOW
        {
            self.emit(Event::SubmissionRepeated);
            return Ok(());
        }
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.exists() {
            self.emit(Event::LeadRepeated {
                source: contact.source,
                vehicle_interest: form.vehicle_interest,
                source_url: form.source_url,
            });
        } else {
            let lang = self.now.settings.language_or_default(Lang::detect(&form.message));
            self.emit(Event::SessionOpened { channel: Channel::Mail, lang });
            self.emit(Event::LeadCaptured(LeadCaptured {
                lead: contact.lead,
                contact: contact.contact,
                new_contact: contact.new_contact,
                source: contact.source,
                name: Some(form.name),
                email: Some(form.email),
                phone: form.phone,
                vehicle_interest: form.vehicle_interest,
                source_url: form.source_url,
                fingerprint: Some(key.clone()),
                same_phone_as: contact.same_phone_as,
            }));
        }
        self.customer_wrote(form.message, key);
        Ok(())
    }

    fn open(&mut self, lang: Lang) -> Result<(), Rejection> {
        if self.state.exists() {
            return Err(Rejection::Stale);
        }
        let lang = self.now.settings.language_or_default(Some(lang));
        self.emit(Event::SessionOpened { channel: Channel::Widget, lang });
        Ok(())
    }

    fn post_message(
        &mut self,
        text: String,
        client_id: String,
        page_url: Option<String>,
    ) -> Result<(), Rejection> {
        self.refuse_repeat(&client_id)?;
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.lead.is_none() {
            let captured = LeadCaptured {
                lead: LeadId::from_uuid(self.id()),
                contact: ContactId::from_uuid(self.id()),
                new_contact: true,
                source: Source::Widget,
                name: None,
                email: None,
                phone: None,
                vehicle_interest: None,
                source_url: page_url,
                fingerprint: None,
                same_phone_as: None,
            };
            self.emit(Event::LeadCaptured(captured));
        }
        self.customer_wrote(text, client_id);
        Ok(())
    }

    fn post_member_message(
        &mut self,
        member: MemberId,
        text: String,
        client_id: String,
    ) -> Result<(), Rejection> {
        self.refuse_repeat(&client_id)?;
        if self.state.speaker != Speaker::Member(member) {
            self.take_over(member)?;
        }
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        self.post(Author::Member { member }, text, Some(client_id), None);
        Ok(())
    }

    fn refuse_repeat(&self, client_id: &str) -> Result<(), Rejection> {
        match self.state.find_remembered(client_id) {
            Some(before) => {
                Err(Rejection::AlreadyPosted { message: before.message, seq: before.seq })
            }
            None => Ok(()),
        }
    }

    /// The customer waits now: a promise runs, and the assistant begins anew unless a person speaks.
    fn customer_wrote(&mut self, text: String, key: String) {
        let lang = Lang::detect(&text).filter(|lang| self.now.settings.languages.contains(lang));
        if let Some(lang) = lang.filter(|lang| *lang != self.state.lang) {
            self.emit(Event::LanguageChanged { lang });
        }
        let message = MessageId::from_uuid(self.id());
        self.emit(Event::MessagePosted(MessagePosted {
            message,
            seq: MessageSeq(self.state.last_message.0 + 1),
            author: Author::Customer,
            text,
            client_id: Some(key),
            origin: None,
        }));
        self.cancel_turn();
        // Text that comes while an answer is still owed joins that promise: the clock runs from the first.
        if !self.state.answer_is_owed() {
            let settings = self.now.settings.promise;
            self.emit(Event::PromiseMade { message, since: self.now.now, settings });
        }
        if self.state.speaker == Speaker::Assistant {
            self.start_turn(Rung::Primary);
        }
    }

    // ---- the assistant answers ----

    fn start_turn(&mut self, rung: Rung) {
        let (turn, fence) = (TurnId::from_uuid(self.id()), self.state.fence);
        self.emit(Event::TurnStarted { turn, rung, fence });
        self.decision.effects.push(Effect::StartTurn { turn, rung, fence });
    }

    fn cancel_turn(&mut self) {
        if let Some(running) = self.state.turn {
            self.emit(Event::TurnCancelled { turn: running.turn });
            self.decision.effects.push(Effect::CancelTurn { turn: running.turn });
        }
    }

    fn end_turn(
        &mut self,
        turn: TurnId,
        result: Result<Answer, TurnFailure>,
    ) -> Result<(), Rejection> {
        // A7: only the turn that runs, of the fence that holds, may speak.
        let running = self
            .state
            .turn
            .filter(|running| running.turn == turn && running.fence == self.state.fence)
            .ok_or(Rejection::Stale)?;
        match result {
            Ok(Answer { text, model, prompt }) => {
                self.post(Author::Assistant, text, None, Some(Origin { turn, model, prompt }));
            }
            Err(reason) => {
                self.emit(Event::TurnFailed { turn, reason });
                match running.rung {
                    Rung::Primary => {
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
    fn send_template(&mut self) {
        self.cancel_turn();
        self.reach(Rung::Template);
        let turn = TurnId::from_uuid(self.id());
        let text = template::last_rung(self.state.lang, &self.now.settings.brand);
        let origin = Origin { turn, model: TEMPLATE.into(), prompt: template::VERSION.into() };
        self.post(Author::Assistant, text, None, Some(origin));
        self.hand_off(AlertReason::NoModelAnswer);
    }

    /// Marks a rung of every promise that has no answer yet.
    fn reach(&mut self, rung: Rung) {
        let open = |p: &&super::Promise| p.answer.is_none() && p.rung < rung;
        let reached: Vec<_> =
            self.state.promises.iter().filter(open).map(|promise| promise.message).collect();
        for message in reached {
            self.emit(Event::RungReached { message, rung });
        }
    }

    /// Somebody speaks to the customer: the text is stored, and sent on its way where it does not
    /// reach the customer by being stored.
    fn post(
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
            (Channel::Widget, _) | (Channel::Mail, None) => self.keep_promises(|_| true),
        }
    }

    fn keep_promises(&mut self, proven: impl Fn(&super::Promise) -> bool) {
        for promise in self.state.promises.clone().iter().filter(|promise| proven(promise)) {
            let after_ms = self.now.now.duration_since(promise.since).as_millis();
            self.emit(Event::PromiseKept {
                message: promise.message,
                after_ms: i64::try_from(after_ms).unwrap_or(i64::MAX),
                by: promise.by.clone().unwrap_or(AnsweredBy::Template),
            });
        }
    }

    fn break_promises(&mut self, broken: impl Fn(&super::Promise) -> bool) {
        for promise in self.state.promises.clone().iter().filter(|promise| broken(promise)) {
            let after_ms = self.now.now.duration_since(promise.since).as_millis();
            self.emit(Event::PromiseBroken {
                message: promise.message,
                after_ms: i64::try_from(after_ms).unwrap_or(i64::MAX),
            });
        }
    }

    // ---- time passes ----

    fn fire_timer(&mut self, kind: TimerKind, turn_runs: bool) -> Result<(), Rejection> {
        // The timer may have been moved or ended since it was claimed.
        if self.before.get(&kind).is_none_or(|due| *due > self.now.now) {
            return Err(Rejection::Stale);
        }
        self.fired = Some(kind);
        match kind {
            TimerKind::Promise => self.climb(),
            TimerKind::Handoff => self.alert(AlertReason::StillWaiting),
            TimerKind::Turn => {
                if let Some(running) = self.state.turn {
                    if turn_runs {
                        self.emit(Event::TurnKept { turn: running.turn });
                    } else {
                        // Its process is gone: the same rung begins anew under a new id.
                        self.cancel_turn();
                        self.start_turn(running.rung);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes every rung that is due; after a long sleep several at once, in order.
    fn climb(&mut self) {
        while let Some((index, rung, _)) =
            self.state.next_rung().filter(|(_, _, due)| *due <= self.now.now)
        {
            let message = self.state.promises[index].message;
            match rung {
                Rung::Primary => {}
                Rung::Second => {
                    self.emit(Event::RungReached { message, rung });
                    self.cancel_turn();
                    self.start_turn(Rung::Second);
                }
                Rung::ModelsEnd => {
                    self.emit(Event::RungReached { message, rung });
                    self.cancel_turn();
                }
                Rung::Template => self.send_template(),
                Rung::Alert => {
                    self.emit(Event::RungReached { message, rung });
                    self.hand_off(AlertReason::NotProven);
                }
                Rung::Deadline => {
                    self.emit(Event::RungReached { message, rung });
                    self.break_promises(|promise| promise.message == message);
                    self.hand_off(AlertReason::PromiseBroken);
                }
            }
        }
    }

    // ---- a person is needed ----

    /// Tells people, and keeps reminding them until one writes (A11). An alert of a worse kind is told again.
    fn hand_off(&mut self, reason: AlertReason) {
        if self.state.handoff.is_none_or(|handoff| handoff.reason != reason) {
            self.emit(Event::HandoffRequested { reason });
            self.alert(reason);
        }
    }

    fn alert(&mut self, reason: AlertReason) {
        self.emit(Event::HumanAlerted { reason });
        for address in &self.now.settings.mail.alert_to {
            if let Ok(to) = Email::parse(address) {
                self.queue(DeliveryKind::Alert { reason }, None, to, None, None);
            }
        }
    }

    fn queue(
        &mut self,
        kind: DeliveryKind,
        message: Option<MessageId>,
        to: Email,
        deadline: Option<jiff::Timestamp>,
        fence: Option<Fence>,
    ) {
        let delivery = DeliveryId::from_uuid(self.id());
        let queued = DeliveryQueued { delivery, kind, message, fence, deadline, to };
        self.emit(Event::DeliveryQueued(queued.clone()));
        self.decision.effects.push(Effect::QueueDelivery(queued));
    }

    fn report_delivery(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        report: DeliveryReport,
    ) -> Result<(), Rejection> {
        let open = self.state.deliveries.get(&delivery).cloned().ok_or(Rejection::Stale)?;
        if attempt <= open.attempts {
            return Err(Rejection::Stale);
        }
        let is_answer = open.kind == DeliveryKind::Answer;
        let end = match report {
            DeliveryReport::Accepted { reference } => {
                self.emit(Event::DeliveryAccepted { delivery, reference: reference.clone() });
                self.keep_promises(|promise| promise.answer == Some(delivery));
                DeliveryEnd::Accepted { reference }
            }
            DeliveryReport::Temporary { code, retry_after } => {
                let next = delivery::next_attempt(
                    delivery,
                    attempt,
                    open.ladder,
                    open.deadline,
                    retry_after.map(|wait| {
                        wait.clamp(SignedDuration::ZERO, SignedDuration::from_hours(12))
                    }),
                    self.now.now,
                );
                if let Some(next_at) = next {
                    self.emit(Event::DeliveryRetried {
                        delivery,
                        attempt,
                        code: code.clone(),
                        next_at,
                    });
                    self.decision.effects.push(Effect::RetryDelivery { delivery, next_at, code });
                    return Ok(());
                }
                self.delivery_failed(delivery, code, is_answer)
            }
            DeliveryReport::Permanent { code } => self.delivery_failed(delivery, code, is_answer),
            DeliveryReport::Uncertain { code } => {
                self.emit(Event::DeliveryUncertain { delivery, code: code.clone() });
                if is_answer {
                    self.break_promises(|promise| promise.answer == Some(delivery));
                    self.hand_off(AlertReason::Uncertain);
                }
                DeliveryEnd::Uncertain { code }
            }
            DeliveryReport::Refused => {
                self.emit(Event::DeliveryRefused { delivery });
                self.answer_if_owed();
                DeliveryEnd::Refused
            }
        };
        self.decision.effects.push(Effect::EndDelivery { delivery, end });
        Ok(())
    }

    fn delivery_failed(
        &mut self,
        delivery: DeliveryId,
        code: String,
        is_answer: bool,
    ) -> DeliveryEnd {
        self.emit(Event::DeliveryFailed { delivery, code: code.clone() });
        if is_answer {
            self.break_promises(|promise| promise.answer == Some(delivery));
            self.hand_off(AlertReason::Undeliverable);
        }
        DeliveryEnd::Failed { code }
    }

    // ---- people step in and out ----

    fn take_over(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.speaker == Speaker::Member(member) {
            return Err(Rejection::Stale);
        }
        self.cancel_turn();
        let fence = Fence(self.state.fence.0 + 1);
        self.emit(Event::TakenOver { member, fence });
        Ok(())
    }

    fn release(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        match self.state.speaker {
            Speaker::Assistant => return Err(Rejection::Stale),
            Speaker::Member(speaker) if speaker != member => return Err(Rejection::NotYours),
            Speaker::Member(_) => {}
        }
        let fence = Fence(self.state.fence.0 + 1);
        self.emit(Event::Released { member, fence });
        self.answer_if_owed();
        Ok(())
    }

    /// The assistant speaks again: it answers what nobody has answered yet.
    fn answer_if_owed(&mut self) {
        if self.state.answer_is_owed()
            && self.state.speaker == Speaker::Assistant
            && self.state.turn.is_none()
        {
            self.start_turn(Rung::Primary);
        }
    }

    fn close(&mut self) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Stale);
        }
        self.cancel_turn();
        let fence = Fence(self.state.fence.0 + 1);
        self.emit(Event::Closed { fence });
        Ok(())
    }

    fn quarantine(&mut self) -> Result<(), Rejection> {
        self.cancel_turn();
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        self.hand_off(AlertReason::Quarantined);
        Ok(())
    }

    // ---- the workings ----

    fn emit(&mut self, event: Event) {
        self.state.apply(&event, self.now.now);
        self.decision.events.push(event);
    }

    fn id(&mut self) -> uuid::Uuid {
        self.ids_taken += 1;
        self.now.fresh.nth(self.ids_taken - 1)
    }

    /// Turns the difference between the timers before and after into effects.
    fn settle_timers(&mut self) {
        let after = self.state.timers();
        for kind in TimerKind::ALL {
            match (self.before.get(&kind), after.get(&kind)) {
                (before, Some(due_at)) if before != Some(due_at) => {
                    self.decision.effects.push(Effect::SetTimer { kind, due_at: *due_at });
                }
                (Some(_), None) => {
                    let fired = self.fired == Some(kind);
                    let end = if fired { TimerEnd::Fired } else { TimerEnd::Cancelled };
                    self.decision.effects.push(Effect::EndTimer { kind, end });
                }
                _ => {}
            }
        }
    }
}
