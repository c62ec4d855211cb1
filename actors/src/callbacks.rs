//! Who can call a customer when: the times that are offered, and whose the chosen one becomes.
//!
//! What to offer and what to say is the core's ([`forecourt_core::callback`], `session/decide/callback.rs`);
//! here is only what it is made of: the team and the agreed calls from the store, who is there from the bus. What
//! is found becomes a command like any other.
//!
//! # Invariants
//! - **A1** nothing is sought before what asks for it is stored. When this node dies in between, the customer still
//!   waits for a person, and the next reminder seeks again (A11);
//! - a member has one call at a time: the store refuses a second one whichever node asks, and then somebody else is
//!   chosen, or the customer is offered what is left;
//! - **A9** a time is tried [`TRIES`] times.

use std::sync::Arc;

use forecourt_core::{
    callback::{
        self, CallTime, CallbackBy, CallbackEnd, MOST_OFFERED, MOST_OFFERED_A_DAY, OfferReason,
        times::{Caller, Question, Taken},
    },
    contact::Phone,
    event::{AlertReason, Channel, Event},
    id::{MemberId, SessionId},
    routing::{self, Receiver, RoutingState},
    session::{Command, LeadSession, Rejection},
    settings::TenantSettings,
};
use forecourt_ports::store::StoreError;
use jiff::{Timestamp, tz::TimeZone};
use tracing::Instrument as _;

use crate::{
    error::EngineError,
    names, people,
    tenant::{TenantHandle, TenantShared},
};

/// How often a time is tried for which somebody else was faster.
const TRIES: usize = 3;
/// Times that a member is shown.
const MOST_SHOWN: usize = 200;

/// What events ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A call-back is offered, if it should be; what speaks for it besides the hour and who is there.
    Seek { asked: Option<OfferReason>, silent: Option<MemberId> },
    /// The customer chose this time.
    Book(Timestamp),
}

/// What these events, which led to `state`, ask for.
fn step(state: &LeadSession, events: &[Event]) -> Option<Step> {
    if state.closed || state.channel != Channel::Widget || state.with_member().is_some() {
        return None;
    }
    let desk = &state.callback;
    let wanted = desk.wanted.filter(|_| state.has_phone);
    let seek = |asked, silent| Some(Step::Seek { asked, silent });
    let waits = state.handoff.is_some() && desk.agreed.is_none();
    let mut least = None;
    for event in events {
        match event {
            Event::CallbackWanted { .. } => return wanted.map(Step::Book),
            Event::CallbackEnded { by: Some(CallbackBy::Customer), .. }
            | Event::CallbackEnded { end: CallbackEnd::Done, .. } => return None,
            Event::CallbackEnded { .. } => return seek(Some(OfferReason::Again), None),
            Event::CallbackSought if desk.agreed.is_some() => {
                return seek(Some(OfferReason::Again), None);
            }
            Event::CallbackSought => return seek(Some(OfferReason::LongWait), None),
            Event::HandoffRequested { .. } if waits => least = seek(None, None),
            Event::HandoffPassedOn { from } if waits => least = seek(None, *from),
            // What a node that died has left undone is done with the next reminder.
            Event::HumanAlerted { reason: AlertReason::StillWaiting } if waits => {
                least = wanted.map(Step::Book).or(seek(None, None));
            }
            _ => {}
        }
    }
    least
}

/// Seeks what these events ask for.
pub(crate) fn follow(tenant: &Arc<TenantShared>, state: &LeadSession, events: &[Event]) {
    let settings = &tenant.held().snapshot.settings;
    if !settings.handoff.callback.enabled {
        return;
    }
    let Some(step) = step(state, events) else { return };
    let (tenant, owner, id) = (Arc::clone(tenant), state.assignee, state.id);
    let own = own_call(state);
    let io = tenant.ports.io.clone();
    let span = tracing::Span::current();
    let seek = async move {
        let done = match step {
            Step::Seek { asked, silent } => {
                seek(&tenant, id, RoutingState { owner, silent }, asked, own).await
            }
            Step::Book(at) => book(&tenant, id, at, owner, own).await,
        };
        match done {
            // Stale: somebody has answered meanwhile, or the same is offered already.
            Ok(()) | Err(EngineError::Rejected(_)) => {}
            Err(error) => tracing::warn!(session.id = %id, %error, "no call could be offered"),
        }
    };
    io.spawn(seek.instrument(span));
}

fn own_call(state: &LeadSession) -> Option<Taken> {
    let agreed = state.callback.agreed?;
    Some(Taken { member: agreed.member, at: agreed.at, until: agreed.time().until() })
}

/// Everything that a question about times is made of.
struct Desk {
    settings: TenantSettings,
    zone: TimeZone,
    now: Timestamp,
    team: Vec<Caller>,
    taken: Vec<Taken>,
}

impl Desk {
    /// `own` is the call of the conversation itself: to be moved, it stands in nobody's way.
    async fn read(tenant: &TenantShared, own: Option<Taken>) -> Result<Self, StoreError> {
        let now = tenant.ports.clock.now();
        let store = &tenant.ports.store;
        let (team, mut taken) =
            tokio::try_join!(store.team(tenant.id), store.callbacks(tenant.id, now))?;
        if let Some(place) = taken.iter().position(|call| Some(*call) == own) {
            taken.remove(place);
        }
        let settings = tenant.held().snapshot.settings.clone();
        let zone = settings.time_zone();
        let team = team.into_iter().map(|one| Caller { member: one.member.member, open: one.open });
        Ok(Self { settings, zone, now, team: team.collect(), taken })
    }

    fn question(&self) -> Question<'_> {
        Question {
            settings: self.settings.handoff.callback,
            hours: &self.settings.hours,
            zone: &self.zone,
            now: self.now,
            team: &self.team,
            taken: &self.taken,
        }
    }

    fn offered(&self) -> Vec<CallTime> {
        self.question().free(MOST_OFFERED_A_DAY, MOST_OFFERED)
    }
}

async fn seek(
    tenant: &Arc<TenantShared>,
    session: SessionId,
    known: RoutingState,
    asked: Option<OfferReason>,
    own: Option<Taken>,
) -> Result<(), EngineError> {
    let desk = Desk::read(tenant, own).await?;
    let there = people::presences(tenant);
    let receivers = desk.team.iter().map(|one| Receiver {
        member: one.member,
        may_reply: true,
        presence: there.get(&one.member).copied().unwrap_or(routing::Presence::Away),
        open: one.open,
    });
    let receivers: Vec<Receiver> = receivers.collect();
    let somebody = routing::choose(&receivers, known).is_some();
    let doors = desk.settings.hours.doors(&desk.zone, desk.now);
    let Some(why) = callback::reason(doors, somebody, asked) else { return Ok(()) };
    offer(tenant, session, desk.offered(), why).await
}

async fn offer(
    tenant: &Arc<TenantShared>,
    session: SessionId,
    times: Vec<CallTime>,
    why: OfferReason,
) -> Result<(), EngineError> {
    tenant.dispatch(session, Command::OfferCallback { times, why }).await?;
    metrics::counter!(names::CALLBACKS, "step" => "offered").increment(1);
    Ok(())
}

/// The customer's time becomes theirs, or they are offered what is left.
async fn book(
    tenant: &Arc<TenantShared>,
    session: SessionId,
    at: Timestamp,
    owner: Option<MemberId>,
    own: Option<Taken>,
) -> Result<(), EngineError> {
    for _ in 0..TRIES {
        let desk = Desk::read(tenant, own).await?;
        let question = desk.question();
        let found = question.at(at).and_then(|time| Some((time, question.choose(time, owner)?)));
        let Some((time, (member, why))) = found else {
            return offer(tenant, session, desk.offered(), OfferReason::Taken).await;
        };
        let by = CallbackBy::Customer;
        let agree = Command::AgreeCallback { time, member, why, by, phone: None };
        match tenant.dispatch(session, agree).await {
            Ok(_) => {
                metrics::counter!(names::CALLBACKS, "step" => "agreed").increment(1);
                return Ok(());
            }
            // Somebody else was faster: with that member, or in this conversation.
            Err(EngineError::Rejected(Rejection::Stale)) => {
                let stands = tenant.ports.store.load(tenant.id, session).await?;
                if stands.is_none_or(|found| found.state.callback.wanted != Some(at)) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
    let desk = Desk::read(tenant, own).await?;
    offer(tenant, session, desk.offered(), OfferReason::Taken).await
}

impl TenantHandle {
    /// The times at which somebody of the team can call the customer of this conversation, in order.
    pub async fn call_times(&self, session: SessionId) -> Result<Vec<CallTime>, EngineError> {
        let desk = Desk::read(self.shared(), self.own_call(session).await?).await?;
        Ok(desk.question().free(usize::MAX, MOST_SHOWN))
    }

    /// A member agrees a call with the customer, or moves it: to whoever has time, or to `member`. Refused with
    /// [`Rejection::NoSuchTime`] when they have not, and [`Rejection::NoPhone`] without a number.
    pub async fn agree_call(
        &self,
        session: SessionId,
        at: Timestamp,
        member: Option<MemberId>,
        by: MemberId,
        phone: Option<Phone>,
    ) -> Result<(), EngineError> {
        self.open_for_new()?;
        for _ in 0..TRIES {
            let own = self.own_call(session).await?;
            let mut desk = Desk::read(self.shared(), own).await?;
            if let Some(wanted) = member {
                desk.team.retain(|one| one.member == wanted);
                if desk.team.is_empty() {
                    return Err(EngineError::Rejected(Rejection::NotAReceiver));
                }
            }
            let question = desk.question();
            let time = question.at(at).ok_or(Rejection::NoSuchTime)?;
            let (member, why) = question.choose(time, Some(by)).ok_or(Rejection::NoSuchTime)?;
            if own.is_some_and(|own| (own.member, own.at) == (member, at)) {
                return Ok(()); // it stands so
            }
            let by = CallbackBy::Member { member: by };
            let phone = phone.clone();
            let agree = Command::AgreeCallback { time, member, why, by, phone };
            match self.shared().dispatch(session, agree).await {
                Err(EngineError::Rejected(Rejection::Stale)) => {}
                Ok(_) => {
                    metrics::counter!(names::CALLBACKS, "step" => "agreed").increment(1);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Rejected(Rejection::NoSuchTime))
    }

    /// A member says how the call went that was to be at `at`, or that it will not be.
    pub async fn end_call(
        &self,
        session: SessionId,
        at: Timestamp,
        end: CallbackEnd,
        member: MemberId,
    ) -> Result<(), EngineError> {
        self.open_for_new()?;
        self.shared().dispatch(session, Command::EndCallback { at, end, member }).await?;
        metrics::counter!(names::CALLBACKS, "step" => "ended").increment(1);
        Ok(())
    }

    async fn own_call(&self, session: SessionId) -> Result<Option<Taken>, EngineError> {
        let shared = self.shared();
        let loaded = shared.ports.store.load(shared.id, session).await?;
        let loaded = loaded.ok_or(EngineError::Rejected(Rejection::NotFound))?;
        Ok(own_call(&loaded.state))
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{event::Fence, lang::Lang};
    use uuid::Uuid;

    use super::*;

    fn waiting(channel: Channel) -> LeadSession {
        let opened = Event::SessionOpened { channel, lang: Lang::Nb };
        let asked = handed_off();
        let at = Timestamp::UNIX_EPOCH;
        LeadSession::replay(SessionId::from_uuid(Uuid::nil()), [(at, &opened), (at, &asked)])
    }

    fn handed_off() -> Event {
        let reason = AlertReason::CustomerAsked;
        Event::HandoffRequested { reason, reroute_ms: None, callback_ms: Some(1) }
    }

    #[test]
    fn a_hand_off_seeks_a_call_in_a_chat_that_no_member_holds() {
        let seek = Some(Step::Seek { asked: None, silent: None });
        assert_eq!(step(&waiting(Channel::Widget), &[handed_off()]), seek);
        assert_eq!(step(&waiting(Channel::Mail), &[handed_off()]), None, "a form shows no times");
        let mut held = waiting(Channel::Widget);
        let member = MemberId::from_uuid(Uuid::from_u128(7));
        let taken = Event::TakenOver { member, fence: Fence(1), give_back_ms: None };
        held.apply(&taken, Timestamp::UNIX_EPOCH);
        assert_eq!(step(&held, &[handed_off()]), None);
    }

    #[test]
    fn a_chosen_time_is_booked_once_the_number_is_known_and_again_with_a_reminder() {
        let at = Timestamp::UNIX_EPOCH;
        let wanted = Event::CallbackWanted { at };
        let reminded = Event::HumanAlerted { reason: AlertReason::StillWaiting };
        let mut state = waiting(Channel::Widget);
        state.apply(&wanted, at);
        assert_eq!(step(&state, std::slice::from_ref(&wanted)), None, "it is asked for");
        state.has_phone = true;
        assert_eq!(step(&state, &[wanted]), Some(Step::Book(at)));
        assert_eq!(step(&state, &[reminded]), Some(Step::Book(at)), "a node died in between");
    }
}
