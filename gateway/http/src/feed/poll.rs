//! Long polling, for networks that let no stream through: the same events as the stream's, a handful at a time.
//!
//! # Invariants
//! - the answer comes at once when something stored is waiting, else with what happens first, else after
//!   [`LONGEST`] with nothing;
//! - stored events come once and in order by the cursor; what has no place in the log is told as it stands.

use std::time::Duration;

use forecourt_core::{
    event::{EventRecord, Version},
    id::{SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Draft, Pushed},
    presence::Ephemeral,
};
use forecourt_wire::{Cursor, SessionEvent, SessionPoll};
use tokio::time::{Instant, timeout_at};

use super::{REPLAY_PAGE, Slot, Start, again, gap, merged, told_place, who_types};
use crate::{
    gateway::{Gateway, State},
    problem::{Code, Problem},
    sessions,
};

/// A poll is answered by then. Proxies cut silent requests after half a minute and more.
const LONGEST: Duration = Duration::from_secs(25);
/// What comes right after the first thing is told together with it.
const GATHER: Duration = Duration::from_millis(150);

/// Waits for what happens in a conversation.
pub(crate) async fn poll(
    gateway: &Gateway,
    (tenant, session): (TenantId, SessionId),
    start: Start,
) -> Result<SessionPoll, Problem> {
    let state = &gateway.0;
    if state.is_stopping() {
        return Err(again(Code::Stopping));
    }
    let _slot = Slot::take(gateway, tenant, session)?;
    let mut subscription = state.bus.subscribe_session(tenant, session);
    let loaded = sessions::load(state, tenant, session).await?;
    let epoch = state.store.head(tenant).await?.epoch;
    let Version(now) = loaded.state.version;
    let (mut seen, missing) = start.place(epoch, now);
    let mut events = Vec::new();
    if missing {
        events.push(gap(session, epoch, seen));
    } else if seen < now {
        let page = state.store.replay_session(tenant, session, Version(seen), REPLAY_PAGE).await?;
        seen = page.last().map_or(now, |record| record.version.0);
        for record in &page {
            events.extend(told(state, record).await);
        }
    }
    if events.is_empty() {
        let mut queue = Vec::new();
        let mut deadline = Instant::now() + LONGEST;
        while let Ok(Some(pushed)) = tokio::select! {
            pushed = timeout_at(deadline, subscription.events.recv()) => pushed,
            () = state.stopping.cancelled() => Ok(None),
        } {
            if queue.is_empty() {
                deadline = deadline.min(Instant::now() + GATHER);
            }
            queue.push(pushed);
        }
        // Who joins in the middle of an answer needs all of it.
        let joins = queue.iter().any(|pushed| matches!(pushed, Pushed::Draft(Draft::Delta { .. })));
        if let Some(draft) = subscription.draft.take().filter(|_| joins) {
            queue.insert(0, Pushed::Draft(draft));
        }
        for pushed in merged(&mut queue) {
            match pushed {
                Pushed::Event(published) => {
                    let Version(version) = published.record.version;
                    if version == seen + 1 {
                        seen = version;
                        events.extend(told(state, &published.record).await);
                    } else if version > seen {
                        break; // another node was faster: the next poll reads it from the journal
                    }
                }
                Pushed::Draft(draft) => events.push(SessionEvent::from(&draft)),
                Pushed::Ephemeral(_, Ephemeral::Presence(presence)) => {
                    events.push(SessionEvent::Typing(who_types(&presence)));
                }
                Pushed::Ephemeral(_, Ephemeral::Draft(_) | Ephemeral::Rated(_)) => {} // for staff
            }
        }
    }
    // When it cannot be found out just now, the next poll tells.
    if loaded.state.handoff.is_some()
        && let Ok(Some(desk)) = state.desk.tenant_by_id(tenant).await
        && let Ok(Some(place)) = desk.queue_place(session).await
    {
        events.push(SessionEvent::Queue(told_place(place)));
    }
    Ok(SessionPoll { events, cursor: Cursor { epoch, seq: seen }.to_string() })
}

async fn told(state: &State, record: &EventRecord) -> Option<SessionEvent> {
    let name = state.names.of(&*state.store, record, state.clock.now()).await;
    SessionEvent::of(record, name.as_deref())
}
