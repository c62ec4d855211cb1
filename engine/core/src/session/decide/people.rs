//! People step in and out: take over, give back, close, quarantine.

use super::Deciding;
use crate::{
    event::{AlertReason, Event, Fence},
    id::MemberId,
    promise::Rung,
    session::{Rejection, Speaker},
};

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
        self.emit(Event::TakenOver { member, fence });
        Ok(())
    }

    pub(super) fn release(&mut self, member: MemberId) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        match self.state.speaker {
            Speaker::Assistant => return Err(Rejection::Stale),
            Speaker::Member(speaker) if speaker != member => return Err(Rejection::NotYours),
            Speaker::Member(_) => {}
        }
        let fence = Fence(self.state.fence.0 + 1);
        self.because("rule: who has taken over gives back");
        self.emit(Event::Released { member, fence });
        self.answer_if_owed();
        Ok(())
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

    pub(super) fn close(&mut self) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Stale);
        }
        self.cancel_turn();
        let fence = Fence(self.state.fence.0 + 1);
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
