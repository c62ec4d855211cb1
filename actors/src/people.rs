//! Who gets a conversation that needs a person, and how long its customer may still wait.
//!
//! The choice is [`forecourt_core::routing`]'s; here is only what it is made of: the team from the store,
//! who is there from the bus. What is chosen becomes a command like any other.
//!
//! # Invariants
//! - **A1** nothing is chosen before the hand-off is stored; when this node dies in between, the timer of
//!   the next person asks again, and the alert went to the tenant's address in any case (A11);
//! - **A9** of the last waits only [`REMEMBERED`] are kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use forecourt_core::{
    event::{AssignReason, Author, Event},
    id::{MemberId, SessionId},
    routing::{self, Presence, Receiver, RoutingState},
    session::{Command, LeadSession, Rejection},
};
use forecourt_ports::{presence::Availability, store::Teammate};
use jiff::{SignedDuration, Timestamp};
use tracing::Instrument as _;

use crate::{
    engine::lock,
    error::EngineError,
    names,
    tenant::{TenantHandle, TenantShared},
};

/// How many of the last waits for a person an estimate is made of.
const REMEMBERED: usize = 21;
/// Fewer tell nothing.
const ENOUGH: usize = 3;
/// Nobody is promised less.
const LEAST: SignedDuration = SignedDuration::from_secs(60);

/// Where a customer stands who waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePlace {
    /// How many have waited longer.
    pub ahead: u32,
    /// How many seconds it may still take, by the last waits that this node has seen; `None` when they were
    /// too few, or when this one takes longer already.
    pub estimate_s: Option<u32>,
}

/// How long the last customers waited for a person.
#[derive(Default)]
pub(crate) struct Waits(Mutex<VecDeque<SignedDuration>>);

impl Waits {
    /// Notes a wait that ends with these events.
    pub(crate) fn note(&self, before: Option<&LeadSession>, events: &[Event], at: Timestamp) {
        let by_person = |event: &Event| matches!(event, Event::MessagePosted(p) if matches!(p.author, Author::Member { .. }));
        let Some(wait) = before.and_then(|state| state.handoff) else { return };
        if !events.iter().any(by_person) {
            return;
        }
        let mut waits = lock(&self.0);
        if waits.len() == REMEMBERED {
            waits.pop_front();
        }
        waits.push_back(at.duration_since(wait.since));
    }

    /// How long somebody may still wait who has waited so long: until half of the last ones were answered.
    fn estimate(&self, waited: SignedDuration) -> Option<SignedDuration> {
        let mut waits: Vec<_> = lock(&self.0).iter().copied().collect();
        waits.sort_unstable();
        let median = *waits.get(waits.len() / 2).filter(|_| waits.len() >= ENOUGH)?;
        (waited <= median).then(|| median.saturating_sub(waited).max(LEAST))
    }
}

/// Looks for a person after these events, when they say that one is needed.
pub(crate) fn route(tenant: &Arc<TenantShared>, state: &LeadSession, events: &[Event]) {
    let asked = events.iter().rev().find_map(|event| match event {
        Event::HandoffRequested { .. } => Some(None),
        Event::HandoffPassedOn { from } => Some(Some(*from)),
        _ => None,
    });
    let Some(passed_on) = asked.filter(|_| state.handoff.is_some()) else { return };
    // Who has taken over is asked first; the timer of the next person runs.
    if passed_on.is_none() && state.with_member().is_some() {
        return;
    }
    let there = presences(tenant);
    if there.is_empty() {
        return; // nobody can take it: the tenant's address was told
    }
    let known = RoutingState { owner: state.assignee, silent: passed_on.flatten() };
    let (tenant, session) = (Arc::clone(tenant), state.id);
    let io = tenant.ports.io.clone();
    let span = tracing::Span::current();
    let find = async move {
        let team = match tenant.ports.store.team(tenant.id).await {
            Ok(team) => team,
            Err(error) => {
                tracing::warn!(session.id = %session, %error, "who could take it is not known");
                return;
            }
        };
        let receivers: Vec<Receiver> = team.iter().map(|one| receiver(one, &there)).collect();
        let Some(choice) = routing::choose(&receivers, known) else { return };
        let reasons = choice.reasons;
        let why = match passed_on {
            None => AssignReason::Routed(reasons),
            Some(_) => AssignReason::PassedOn(reasons),
        };
        let assign = Command::Assign { member: Some(choice.member), by: None, why };
        // Stale: it is theirs already, or somebody has answered meanwhile.
        if tenant.dispatch(session, assign).await.is_ok() {
            metrics::counter!(names::ROUTED).increment(1);
        }
    };
    io.spawn(find.instrument(span));
}

/// Who is there; everybody else is away.
pub(crate) fn presences(tenant: &TenantShared) -> HashMap<MemberId, Presence> {
    let there = tenant.ports.bus.members(tenant.id).into_iter();
    let presence = |availability| match availability {
        Availability::Online => Some(Presence::Online),
        Availability::Busy => Some(Presence::Busy),
        Availability::Away => None,
    };
    there.filter_map(|one| Some((one.person.member, presence(one.availability)?))).collect()
}

/// Every role may write to customers.
fn receiver(one: &Teammate, there: &HashMap<MemberId, Presence>) -> Receiver {
    let member = one.member.member;
    let presence = there.get(&member).copied().unwrap_or(Presence::Away);
    Receiver { member, may_reply: true, presence, open: one.open }
}

impl TenantHandle {
    /// Makes the conversation `to`'s, or with `None` anybody's, because `by` says so. Refused
    /// ([`Rejection::NotAReceiver`]) when `to` is no active member of the tenant.
    pub async fn assign(
        &self,
        session: SessionId,
        to: Option<MemberId>,
        by: MemberId,
    ) -> Result<(), EngineError> {
        if let Some(to) = to {
            let team = self.shared().ports.store.team(self.id()).await?;
            if !team.iter().any(|one| one.member.member == to) {
                return Err(EngineError::Rejected(Rejection::NotAReceiver));
            }
        }
        let (by, why) = (Some(by), AssignReason::ByHand);
        self.act(session, Command::Assign { member: to, by, why }).await
    }

    /// Where the customer of this conversation stands among those who wait for a person; `None` when they do
    /// not wait for one.
    pub async fn queue_place(&self, session: SessionId) -> Result<Option<QueuePlace>, EngineError> {
        let shared = self.shared();
        let (store, id) = (&shared.ports.store, shared.id);
        let Some(loaded) = store.load(id, session).await? else { return Ok(None) };
        let Some(wait) = loaded.state.handoff else { return Ok(None) };
        let ahead = store.waiting_before(id, wait.since).await?;
        let waited = shared.ports.clock.now().duration_since(wait.since);
        let estimate = shared.waits.estimate(waited).map(|left| left.as_secs());
        Ok(Some(QueuePlace {
            ahead: u32::try_from(ahead).unwrap_or(u32::MAX),
            estimate_s: estimate.and_then(|left| u32::try_from(left).ok()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seconds: &[i64]) -> Waits {
        let waits = seconds.iter().map(|wait| SignedDuration::from_secs(*wait));
        Waits(Mutex::new(waits.collect()))
    }

    fn left(waits: &Waits, waited: i64) -> Option<i64> {
        waits.estimate(SignedDuration::from_secs(waited)).map(|left| left.as_secs())
    }

    #[test]
    fn an_estimate_is_what_half_of_the_last_ones_waited_less_what_has_passed() {
        let usual = waits(&[30, 900, 240, 7_200, 300]);
        assert_eq!(left(&usual, 0), Some(300));
        assert_eq!(left(&usual, 200), Some(100));
        assert_eq!(left(&usual, 290), Some(60), "nobody is promised less than a minute");
        assert_eq!(left(&usual, 301), None, "it takes longer than it should");
        assert_eq!(left(&waits(&[30, 40]), 0), None, "two tell nothing");
    }
}
