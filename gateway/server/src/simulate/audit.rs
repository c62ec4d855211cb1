//! Compares the store with the witness's books: what was acked is there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use forecourt_core::{
    event::{Event, EventRecord, MessageSeq, Version},
    id::{MessageId, SessionId, TenantId},
    session::{
        LeadSession,
        replay::{self, Verdict},
    },
    settings::TenantSettings,
};

use super::{
    node::{Backing, node_id},
    store::at_once,
    witness::Handover,
    world::Shared,
};

/// Events read at once.
const PAGE: u32 = 500;
/// No session has more events.
const LONGEST_SESSION: u32 = 10_000;

/// Looks at what has changed since the last time; at everything when `whole`.
pub(super) async fn audit(world: &Shared, backing: &Backing, whole: bool) {
    let store = backing.store(node_id(0));
    let io = backing.io();
    let (sessions, tenants): (Vec<(SessionId, TenantId)>, Vec<_>) = {
        let mut world = world.lock();
        let touched = std::mem::take(&mut world.witness.touched);
        let wanted = |id: &SessionId| whole || touched.contains(id);
        let sessions = world.witness.sessions.iter().filter(|(id, _)| wanted(id));
        let sessions = sessions.map(|(id, seen)| (*id, seen.tenant)).collect();
        (sessions, world.witness.homes.keys().copied().collect())
    };
    for (session, tenant) in sessions {
        let loaded = at_once(io, store.load(tenant, session)).await;
        let mut records: Vec<EventRecord> = Vec::new();
        loop {
            let after = records.last().map_or(Version(0), |record| record.version);
            match at_once(io, store.replay_session(tenant, session, after, PAGE)).await {
                Ok(page) if page.is_empty() => break,
                Ok(page) => records.extend(page),
                Err(_) => break,
            }
        }
        let other = tenants.iter().find(|other| **other != tenant).copied();
        let foreign = match other {
            Some(other) => at_once(io, store.load(other, session)).await.ok().flatten(),
            None => None,
        };
        let mut world = world.lock();
        world.check("A8", foreign.is_none(), Some(session), || "another tenant reads it".into());
        let Some(seen) = world.witness.sessions.get(&session) else { continue };
        let state = loaded.ok().flatten().map(|loaded| loaded.state);
        let folded =
            LeadSession::replay(session, records.iter().map(|record| (record.at, &record.event)));
        let (stored, replayed) = (state.as_ref() == Some(&seen.state), folded == seen.state);
        let in_order = records.iter().zip(1..).all(|(record, n)| record.version.0 == n);
        world
            .check("A1", stored, Some(session), || "what was committed is not in the store".into());
        world
            .check("A3", replayed, Some(session), || "the stored events give another state".into());
        world.check("A2", in_order, Some(session), || "versions have gaps".into());
    }
    for tenant in tenants {
        let head = at_once(io, store.head(tenant)).await;
        let mut world = world.lock();
        let last = world.witness.tenants.get(&tenant).copied().unwrap_or(0);
        world.check("A2", head.is_ok_and(|head| head.seq.0 == last), None, || {
            "the log's head is not the last event".into()
        });
    }
    let now = world.lock().time.now();
    let undone = at_once(io, store.undone(now)).await.unwrap_or_default();
    let mut world = world.lock();
    for (kind, count) in undone {
        if kind == "session_waiting_without_timer" {
            world.check("A11", count == 0, None, || format!("{count} wait without a timer"));
        }
    }
}

/// Every decision, taken again from its stored cause, must be the one that was stored.
async fn decide_again(world: &Shared, backing: &Backing) {
    let (store, io) = (backing.store(node_id(0)), backing.io());
    let sessions: Vec<_> = {
        let world = world.lock();
        world.witness.sessions.iter().map(|(id, seen)| (seen.tenant, *id)).collect()
    };
    let tenants: BTreeSet<TenantId> = sessions.iter().map(|(tenant, _)| *tenant).collect();
    let mut kept: BTreeMap<TenantId, Vec<TenantSettings>> = BTreeMap::new();
    for tenant in tenants {
        let settings = at_once(io, store.kept_settings(tenant)).await.unwrap_or_default();
        kept.insert(tenant, settings);
    }
    for (tenant, session) in sessions {
        let call = store.decisions(tenant, session, Version(0), LONGEST_SESSION);
        let decisions = at_once(io, call).await.unwrap_or_default();
        let settings = kept.get(&tenant).map_or(&[][..], Vec::as_slice);
        let (steps, state) = replay::replay(session, &decisions, settings);
        let mut world = world.lock();
        let seen = world.witness.sessions.get(&session);
        let whole = seen.is_some_and(|seen| seen.state == state);
        world.check("A3", whole, Some(session), || {
            "its stored decisions do not give its state".into()
        });
        for step in steps {
            let version = step.stored.version.0;
            world.count("decisions taken again");
            world.check("A3", step.verdict == Verdict::Same, Some(session), || {
                let verdict = match &step.verdict {
                    Verdict::Same => "the same",
                    Verdict::NoCause => "without a cause",
                    Verdict::NoSettings => "without its settings",
                    Verdict::Differs { .. } => "decided otherwise",
                    Verdict::Refused { .. } => "refused",
                };
                let first = step.stored.events.first().map_or("", Event::kind);
                format!("the decision at v{version} ({first} …), taken again, is {verdict}")
            });
        }
    }
}

/// At the end: everything that was acked, and the fate of every letter.
pub(super) async fn settle(world: &Shared, backing: &Backing) {
    decide_again(world, backing).await;
    let store = backing.store(node_id(0));
    let mut acked: BTreeMap<SessionId, BTreeSet<MessageId>> = BTreeMap::new();
    for (session, message) in &world.lock().witness.acked {
        acked.entry(*session).or_default().insert(*message);
    }
    for (session, messages) in acked {
        let tenant = world.lock().witness.sessions.get(&session).map(|seen| seen.tenant);
        let Some(tenant) = tenant else { continue };
        let call = store.messages(tenant, session, MessageSeq(0), 10_000);
        let stored: BTreeSet<_> = at_once(backing.io(), call)
            .await
            .unwrap_or_default()
            .into_iter()
            .map(|message| message.message)
            .collect();
        for message in messages {
            world.lock().check("A1", stored.contains(&message), Some(session), || {
                format!("the acked {message} is lost")
            });
        }
    }
    let mut world = world.lock();
    let letters: Vec<_> = world
        .witness
        .letters
        .iter()
        .map(|(id, letter)| (*id, letter.session, letter.handover, letter.taken, letter.end))
        .collect();
    for (delivery, session, handover, taken, end) in letters {
        let right = match (handover, end) {
            (_, None) => false,
            (_, Some("accepted")) => taken == 1,
            (_, Some("uncertain")) => handover != Handover::None,
            (_, Some(_)) => taken == 0 && handover != Handover::Leaving,
        };
        world.check("R1", right, Some(session), || {
            format!("{delivery} ended as {end:?} after {handover:?}, taken {taken} times")
        });
    }
    let owed = world.witness.owed.first().copied();
    world.check("A5", owed.is_none(), owed.map(|(_, session, _)| session), || {
        "a promise never ended".into()
    });
}
