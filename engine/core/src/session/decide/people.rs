//! People step in and out: take over, type, give back, assign, read, close, quarantine.
//!
//! # Invariants
//! - **A5**, **A11** a pause or a person never takes a customer's last timer: the promise clock, the last
//!   rung and the reminders go on whatever people do.

use jiff::SignedDuration;

use super::Deciding;
use crate::{
    event::{AlertReason, AssignReason, Event, Fence, MessageSeq, Reader, ReleaseReason},
    id::MemberId,
    promise::Rung,
    session::{Rejection, Speaker},
};

/// How long the assistant waits for a member who types.
const PAUSE: SignedDuration = SignedDuration::from_secs(8);
/// A pause is renewed when no more than this is left of it: few events for many keys.
const RENEWED: SignedDuration = SignedDuration::from_secs(4);

impl Deciding<'_> {
    pub(super) fn take_over(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.speaker == Speaker::Member(member) {
            return Err(Rejection::Stale);
        }
        self.cancel_turn();
        let fence = Fence(self.state.fence.0 + 1);
        self.because("rule: a person speaks, the assistant is silent from this fence on (A7)");
        let give_back_ms = self.now.settings.handoff.give_back();
        self.emit(Event::TakenOver { member, fence, give_back_ms });
        if self.state.assignee != Some(member) {
            let (member, why) = (Some(member), AssignReason::TookOver);
            self.emit(Event::Assigned { member, by: member, why });
        }
        Ok(())
    }

    pub(super) fn release(&mut self, member: MemberId, manager: bool) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let why = match self.state.speaker {
            Speaker::Assistant => return Err(Rejection::Stale),
            Speaker::Member(speaker) if speaker == member => ReleaseReason::BySpeaker,
            Speaker::Member(_) if manager => ReleaseReason::ByManager,
            Speaker::Member(_) => return Err(Rejection::NotYours),
        };
        self.because("rule: who has taken over gives back, or a manager for them");
        self.give_back(member, why);
        Ok(())
    }

    /// The customer waits, and the member who has taken over is silent.
    pub(super) fn time_out(&mut self) {
        if let Speaker::Member(member) = self.state.speaker {
            self.because("timer: a customer has waited too long for the member who took over");
            self.give_back(member, ReleaseReason::TimedOut);
        }
    }

    fn give_back(&mut self, member: MemberId, why: ReleaseReason) {
        let fence = Fence(self.state.fence.0 + 1);
        self.emit(Event::Released { member, fence, why });
        // A promise that was broken while the member was silent is made anew: the assistant is there.
        if let Some(message) = self.state.unanswered().filter(|_| !self.state.answer_is_owed()) {
            self.because("rule: what nobody answered is answered by who speaks now");
            let settings = self.now.settings.promise;
            self.emit(Event::PromiseMade { message, since: self.now.now, settings });
        }
        self.answer_if_owed();
    }

    /// The assistant speaks again: it answers what nobody has answered yet.
    pub(super) fn answer_if_owed(&mut self) {
        if self.state.answer_is_owed()
            && self.state.speaker == Speaker::Assistant
            && self.state.turn.is_none()
        {
            self.start_turn(Rung::Primary);
        }
    }

    /// A member types: no turn begins, and one of which nothing was seen is dropped.
    pub(super) fn member_typing(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let now = self.now.now;
        let until = now.saturating_add(PAUSE).unwrap_or(jiff::Timestamp::MAX);
        let left = self.state.pause.map(|pause| pause.until.duration_since(now));
        if left.is_some_and(|left| left > RENEWED) {
            return Err(Rejection::Stale);
        }
        match self.state.speaker {
            Speaker::Assistant => {}
            // Who has taken over is only in danger of losing it to the timer.
            Speaker::Member(speaker)
                if speaker == member
                    && self.state.gives_back_at().is_some_and(|due| due < until) => {}
            Speaker::Member(_) => return Err(Rejection::Stale),
        }
        self.because("rule: a member types, the assistant waits");
        self.emit(Event::AssistantPaused { member, until });
        if self.now.turn_shows {
            self.because("guard: an answer that the customer reads already is let finish");
        } else {
            self.cancel_turn();
        }
        Ok(())
    }

    /// Nobody typed on.
    pub(super) fn resume(&mut self) {
        self.because("timer: nobody types any more, the assistant goes on");
        self.emit(Event::AssistantResumed);
        let owed = self.state.promises.iter().find(|promise| promise.answer.is_none());
        match owed.map(|promise| promise.rung) {
            // Its time has passed: the template is due next.
            Some(Rung::ModelsEnd) => {}
            Some(Rung::Second)
                if self.state.turn.is_none() && self.state.speaker == Speaker::Assistant =>
            {
                self.start_turn(Rung::Second);
            }
            _ => self.answer_if_owed(),
        }
    }

    pub(super) fn assign(
        &mut self,
        member: Option<MemberId>,
        by: Option<MemberId>,
        why: AssignReason,
    ) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.assignee == member {
            return Err(Rejection::Stale);
        }
        // What the engine routes goes to nobody any more once somebody has answered.
        let routed = matches!(why, AssignReason::Routed(_) | AssignReason::PassedOn(_));
        if routed && self.state.handoff.is_none() {
            return Err(Rejection::Stale);
        }
        self.because(match &why {
            AssignReason::ByHand => "rule: a member chose whose it is",
            AssignReason::TookOver => "rule: who takes over has it",
            AssignReason::Routed(_) => "rule: a person is needed, routing chose who",
            AssignReason::PassedOn(_) => "rule: nobody answered, routing chose the next",
        });
        self.emit(Event::Assigned { member, by, why });
        Ok(())
    }

    /// Who had it did not answer in time; who is next is routed after this is stored.
    pub(super) fn pass_on(&mut self) {
        self.because("timer: nobody answered the hand-off, the next person is asked");
        self.emit(Event::HandoffPassedOn { from: self.state.assignee });
    }

    pub(super) fn note_seen(&mut self, by: Reader, upto: MessageSeq) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if upto > self.state.last_message || upto <= self.state.seen.by(by) {
            return Err(Rejection::Stale);
        }
        self.because("rule: what was on a screen has been seen");
        self.emit(Event::Seen { by, upto });
        Ok(())
    }

    pub(super) fn close(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Stale);
        }
        self.cancel_turn();
        let fence = Fence(self.state.fence.0 + 1);
        self.close_callback(member);
        self.because("rule: a closed conversation takes nothing new");
        self.emit(Event::Closed { fence });
        Ok(())
    }

    pub(super) fn quarantine(&mut self) -> Result<(), Rejection> {
        self.cancel_turn();
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        self.because("guard: the program failed on this conversation twice (R8)");
        self.hand_off(AlertReason::Quarantined);
        Ok(())
    }
}
