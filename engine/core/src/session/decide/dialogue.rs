//! The assistant's tools and the customer's yes: what may run, what is meant, when a person is called.
//!
//! # Invariants
//! - **A6** a booking is made only of a hold that the customer was shown and then said yes to;
//! - **A7** a tool is granted only to the turn that runs, of the fence that holds;
//! - no conversation ends in nothing: a long one calls a person, a silent one says how to go on.

use jiff::Timestamp;

use super::{Deciding, TEMPLATE};
use crate::{
    booking::BookingStatus,
    dialogue::{BookingNews, Pick, Pressed, Verdict},
    escalation,
    event::{AlertReason, Author, Channel, ContactLearned, Event, Origin},
    id::{BookingId, TurnId},
    session::{NotGranted, Rejection, Speaker},
    template,
    tools::ToolName,
};

/// Tools of the tenant's own that one conversation may call, whatever they were named meanwhile (A9).
const MOST_CUSTOM: usize = 64;

impl Deciding<'_> {
    /// A7: only the turn that runs, of the fence that holds, may do anything.
    fn check_turn(&self, turn: TurnId) -> Result<(), Rejection> {
        let running = self.state.turn.filter(|running| running.turn == turn);
        match running {
            Some(running) if running.fence == self.state.fence && !self.state.closed => Ok(()),
            _ => Err(Rejection::Stale),
        }
    }

    pub(super) fn grant_tool(
        &mut self,
        turn: TurnId,
        tool: ToolName,
        booking: Option<BookingId>,
    ) -> Result<(), Rejection> {
        self.check_turn(turn)?;
        let granted = self.state.dialogue.granted.get(&tool).copied().unwrap_or(0);
        // A second model may have to do again what the first one did not finish.
        if granted >= tool.budget() * 2 {
            return Err(Rejection::NotGranted(NotGranted::TooOften));
        }
        self.may(tool, booking).map_err(Rejection::NotGranted)?;
        self.because(
            "guard: a tool is granted to the turn that runs, of the fence that holds (A7)",
        );
        self.emit(Event::ToolGranted { turn, tool, booking });
        Ok(())
    }

    pub(super) fn grant_custom_tool(
        &mut self,
        turn: TurnId,
        tool: String,
        budget: u32,
    ) -> Result<(), Rejection> {
        self.check_turn(turn)?;
        let granted = &self.state.dialogue.custom_granted;
        let is_new = !granted.contains_key(&tool);
        let times = granted.get(&tool).copied().unwrap_or(0);
        if times >= budget || (is_new && granted.len() >= MOST_CUSTOM) {
            return Err(Rejection::NotGranted(NotGranted::TooOften));
        }
        self.because(
            "guard: a tool of the tenant's own is granted to the turn that runs, so often in a conversation (A7, A9)",
        );
        self.emit(Event::CustomToolGranted { turn, tool });
        Ok(())
    }

    fn may(&self, tool: ToolName, booking: Option<BookingId>) -> Result<(), NotGranted> {
        let (dialogue, now) = (&self.state.dialogue, self.now.now);
        let known = booking.and_then(|booking| dialogue.booking(booking));
        match tool {
            ToolName::CreateBooking => {
                let known = known.ok_or(NotGranted::UnknownBooking)?;
                if !known.news.is_held_at(now) {
                    Err(NotGranted::NotHeld)
                } else if known.accepted.is_none() {
                    Err(NotGranted::NoYes)
                } else {
                    Ok(())
                }
            }
            ToolName::RescheduleBooking | ToolName::CancelBooking => {
                let proven = booking.is_some_and(|booking| dialogue.is_proven(booking, now));
                match known {
                    // What is only held binds nobody.
                    Some(known) if known.news.is_held_at(now) => Ok(()),
                    _ if proven => Ok(()),
                    Some(_) => Err(NotGranted::NoCode),
                    None => Err(NotGranted::UnknownBooking),
                }
            }
            ToolName::GetBookingDetails => match booking {
                Some(_) if known.is_none() => Err(NotGranted::UnknownBooking),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    pub(super) fn learn_contact(
        &mut self,
        turn: TurnId,
        contact: ContactLearned,
    ) -> Result<(), Rejection> {
        self.check_turn(turn)?;
        self.because("rule: what the customer says of themselves is kept");
        self.emit(Event::ContactLearned(contact));
        Ok(())
    }

    pub(super) fn escalate(&mut self, turn: TurnId) -> Result<(), Rejection> {
        self.check_turn(turn)?;
        if self.state.handoff.is_some() {
            return Err(Rejection::Stale);
        }
        self.because("rule: the assistant calls a person");
        self.hand_off(AlertReason::CustomerAsked);
        Ok(())
    }

    pub(super) fn note_booking(&mut self, news: BookingNews) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.dialogue.booking(news.booking).is_some_and(|known| known.news == news) {
            return Err(Rejection::Stale);
        }
        self.because("rule: a conversation knows its own bookings");
        self.emit(Event::BookingNoted(news));
        Ok(())
    }

    pub(super) fn note_code(
        &mut self,
        booking: BookingId,
        proven_until: Option<Timestamp>,
    ) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        self.because("rule: who changes a booking proves that it is theirs");
        self.emit(Event::CodeNoted { booking, proven_until });
        Ok(())
    }

    /// Whether the text, or the click, answers what is held for the customer (A6).
    pub(super) fn weigh(&mut self, text: &str, pressed: Option<Pressed>) {
        if let Some(Pressed::Pick { service, from, resource }) = pressed {
            self.because("rule: a time that is clicked is held, whoever answers");
            self.emit(Event::SlotPicked(Pick { service, from, resource }));
        }
        if self.state.dialogue.bookings.is_empty() {
            return;
        }
        let zone = self.now.settings.time_zone();
        let verdict = self.state.dialogue.verdict(text, pressed, &zone, self.now.now);
        match verdict {
            Some(Verdict::Accepts(booking)) => {
                self.because(
                    "rule: a clear yes to what was shown is a yes to that, and to nothing else",
                );
                self.emit(Event::OfferAnswered { booking, accepted: true });
            }
            Some(Verdict::Declines(booking)) => {
                self.because("rule: another wish takes a yes back");
                self.emit(Event::OfferAnswered { booking, accepted: false });
            }
            None => {}
        }
    }

    /// Whether the customer is told that a person comes, instead of an answer of the assistant's.
    pub(super) fn calls_a_person(&mut self, text: &str) -> bool {
        if self.state.speaker != Speaker::Assistant || self.state.channel != Channel::Widget {
            return false;
        }
        let settings = &self.now.settings.dialogue;
        let called = self.state.handoff.map(|handoff| handoff.reason);
        let too_long = self.state.dialogue.customer_messages > settings.most_messages;
        let today = self.now.settings.time_zone().to_datetime(self.now.now).date();
        let heard = escalation::hear_call(text, &settings.escalate_on, today);
        let reason = match heard {
            Some(reason) if called.is_none() => reason,
            _ if too_long && called != Some(AlertReason::TooLong) => AlertReason::TooLong,
            // Everything was said: whoever comes reads it.
            _ if too_long => {
                self.because("guard: a person was called, the assistant leads no further");
                self.post_template(template::calling_a_person);
                return true;
            }
            _ => return false,
        };
        self.because(match reason {
            AlertReason::TooLong => "rule: a conversation this long needs a person",
            AlertReason::Upset => "rule: who is upset is answered by a person",
            _ => "rule: who asks for a person gets one",
        });
        self.cancel_turn();
        self.post_template(template::calling_a_person);
        self.hand_off(reason);
        true
    }

    pub(super) fn post_template(
        &mut self,
        text: fn(crate::lang::Lang, &crate::settings::Brand) -> String,
    ) {
        self.post_text(text(self.state.lang, &self.now.settings.brand));
    }

    /// A text of the engine's own.
    pub(super) fn post_text(&mut self, text: String) {
        let turn = TurnId::from_uuid(self.id());
        let origin = Origin { turn, model: TEMPLATE.into(), prompt: template::VERSION.into() };
        self.post(Author::Assistant, text, None, Some(origin));
    }

    /// From the first answer in a chat on, somebody looks whether the customer is still there.
    pub(super) fn watch_for_silence(&mut self) {
        if self.state.channel == Channel::Widget && self.state.dialogue.idle_at.is_none() {
            let until = self.now.now.saturating_add(self.now.settings.dialogue.idle());
            self.emit(Event::IdleChecked { until: until.ok() });
        }
    }

    /// The time to look has come: the customer wrote meanwhile, or has gone.
    pub(super) fn fell_silent(&mut self) {
        let last = self.state.dialogue.last_at.unwrap_or(self.now.now);
        let until =
            last.saturating_add(self.now.settings.dialogue.idle()).unwrap_or(Timestamp::MAX);
        let waits = self.state.somebody_waits() || self.state.turn.is_some();
        if until > self.now.now {
            self.because("timer: the customer is still there");
            self.emit(Event::IdleChecked { until: Some(until) });
            return;
        }
        self.emit(Event::IdleChecked { until: None });
        let booked = self.state.dialogue.bookings.last().map(|known| known.news.status);
        if waits
            || self.state.speaker != Speaker::Assistant
            || booked == Some(BookingStatus::Booked)
        {
            self.because("timer: silence, and nothing is left to say");
            return;
        }
        self.because("timer: the customer has gone silent, and knows how to go on");
        self.post_template(template::until_later);
    }
}
