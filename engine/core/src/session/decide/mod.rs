//! How a lead session decides: state, command and circumstances in; events, effects and the next state out.
//!
//! Every step is applied to a copy of the state as it is decided, so that later steps of the same
//! decision see it; the copy becomes the state once the events are stored (A4).

use std::collections::BTreeMap;

mod answer;
mod attachments;
mod callback;
mod clock;
mod customer;
mod deliveries;
mod dialogue;
mod people;

use super::{Circumstances, Command, LeadSession, Rejection};
use crate::{
    effect::{Decision, Effect, TimerEnd, TimerKind},
    event::Event,
};

/// The `model` of an answer that is a template.
pub(super) const TEMPLATE: &str = "template";

/// What [`LeadSession::decide`] answers: what to store, what to run, and the state it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub decision: Decision,
    pub state: LeadSession,
    /// The rules, timers and guards behind it, in the order they were asked; for people who ask why.
    pub because: Vec<&'static str>,
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
            because: Vec::new(),
        };
        deciding.run(command)?;
        deciding.settle_timers();
        let Deciding { state, decision, because, .. } = deciding;
        debug_assert!(
            !state.somebody_waits() || !state.timers().is_empty(),
            "A11: somebody waits and no timer is pending"
        );
        Ok(Decided { decision, state, because })
    }
}

struct Deciding<'a> {
    before: BTreeMap<TimerKind, jiff::Timestamp>,
    state: LeadSession,
    now: Circumstances<'a>,
    decision: Decision,
    ids_taken: u32,
    fired: Option<TimerKind>,
    because: Vec<&'static str>,
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
            Command::PostMessage { text, client_id, page_url, pressed, attachments } => {
                self.post_message(&text, client_id, page_url, pressed, &attachments)
            }
            Command::AnnounceAttachment { attachment, client_id, bytes } => {
                self.announce_attachment(attachment, client_id, bytes)
            }
            Command::AttachmentArrived { attachment, kind, bytes } => {
                self.attachment_arrived(attachment, kind, bytes)
            }
            Command::AttachmentFailed { attachment, reason } => {
                self.attachment_failed(attachment, reason)
            }
            Command::PostMemberMessage { member, text, client_id, seen } => {
                self.post_member_message(member, text, client_id, seen)
            }
            Command::MemberTyping { member } => self.member_typing(member),
            Command::Assign { member, by, why } => self.assign(member, by, why),
            Command::Seen { by, upto } => self.note_seen(by, upto),
            Command::EndTurn { turn, result, notes } => self.end_turn(turn, result, notes),
            Command::GrantTool { turn, tool, booking } => self.grant_tool(turn, tool, booking),
            Command::GrantCustomTool { turn, tool, budget } => {
                self.grant_custom_tool(turn, tool, budget)
            }
            Command::LearnContact { turn, contact } => self.learn_contact(turn, contact),
            Command::Escalate { turn } => self.escalate(turn),
            Command::NoteBooking { news } => self.note_booking(news),
            Command::NoteCode { booking, proven_until } => self.note_code(booking, proven_until),
            Command::YieldTurn { turn } => self.yield_turn(turn),
            Command::FireTimer { kind, turn_runs } => self.fire_timer(kind, turn_runs),
            Command::ReportDelivery { delivery, attempt, report } => {
                self.report_delivery(delivery, attempt, report)
            }
            Command::ReplayDelivery { delivery, by, even_if_sent, client_id } => {
                self.replay_delivery(delivery, by, even_if_sent, client_id)
            }
            Command::CancelTimer { kind, by } => self.cancel_timer(kind, by),
            Command::OfferCallback { times, why } => self.offer_callback(times, why),
            Command::AgreeCallback { time, member, why, by, phone } => {
                self.agree_callback(time, (member, why), by, phone)
            }
            Command::EndCallback { at, end, member } => self.end_callback(at, end, member),
            Command::TakeOver { member } => self.take_over(member),
            Command::Release { member, manager } => self.release(member, manager),
            Command::Close { member } => self.close(member),
            Command::Quarantine => self.quarantine(),
        }
    }

    /// Notes why: `rule`, `timer` or `guard`, and what it says.
    fn because(&mut self, why: &'static str) {
        self.because.push(why);
    }

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
