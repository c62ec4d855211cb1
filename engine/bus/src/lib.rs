//! Fan-out of stored events and drafts to listeners, within one process or between nodes over Redis.
//!
//! Lives here: [`LocalBus`], the default. Each tenant has a ring of its newest events, for resume
//! without the database, and its listeners; each session has its listeners and its running draft.
//! [`RedisBus`] puts what other nodes stored into the same topics. [`LocalLimiter`] and [`RedisLimiter`]
//! count how often somebody asks.
//!
//! # Invariants
//! - a publisher never waits: a listener whose queue is full is cut, and resumes with its cursor (A9);
//! - events reach each listener in the order of their sequence numbers;
//! - what nobody listens to costs a look-up and a place in the ring.

mod limiter;
pub mod names;
mod redis;
mod topic;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use forecourt_core::{
    event::{Event, Seq},
    id::{SessionId, TenantId},
};
use forecourt_ports::bus::{Bus, Draft, Published, Pushed, Subscription};

pub use self::limiter::{LocalLimiter, RedisLimiter};
pub use self::redis::{BusError, Pace, RedisBus, RedisConfig};
use self::topic::{Ring, Topic};

/// Queued frames per listener of a session; a listener further behind is cut.
const SESSION_QUEUE: usize = 256;
/// Queued events per listener of a whole tenant: few, and each stands for many sockets.
const TENANT_QUEUE: usize = 8_192;
const SHARDS: usize = 64;

/// The bus of one process.
#[derive(Debug)]
pub struct LocalBus {
    shards: Vec<Mutex<HashMap<TenantId, TenantTopics>>>,
}

#[derive(Debug, Default)]
struct TenantTopics {
    ring: Ring,
    all: Topic,
    sessions: HashMap<SessionId, SessionTopic>,
}

#[derive(Debug, Default)]
struct SessionTopic {
    topic: Topic,
    /// The text of the running answer so far.
    draft: Option<Draft>,
}

impl Default for LocalBus {
    fn default() -> Self {
        Self { shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect() }
    }
}

impl LocalBus {
    fn with<R>(&self, tenant: TenantId, act: impl FnOnce(&mut TenantTopics) -> R) -> R {
        let shard = &self.shards[tenant.as_uuid().as_u128() as usize % SHARDS];
        let mut tenants = shard.lock().unwrap_or_else(PoisonError::into_inner);
        act(tenants.entry(tenant).or_default())
    }

    /// Whether anybody on this node listens to a tenant.
    fn has_listeners(&self, tenant: TenantId) -> bool {
        self.with(tenant, |topics| {
            topics.all.has_listeners()
                || topics.sessions.values().any(|session| session.topic.has_listeners())
        })
    }

    /// Sessions of a tenant that have listeners, `most` at most.
    fn listened(&self, tenant: TenantId, most: usize) -> Vec<SessionId> {
        self.with(tenant, |topics| {
            let listened =
                topics.sessions.iter().filter(|(_, session)| session.topic.has_listeners());
            listened.map(|(session, _)| *session).take(most).collect()
        })
    }

    /// The running answer of a session, whole.
    fn draft(&self, tenant: TenantId, session: SessionId) -> Option<Draft> {
        self.with(tenant, |topics| topics.sessions.get(&session)?.draft.clone())
    }

    /// Forgets a tenant that nobody listens to.
    fn forget(&self, tenant: TenantId) {
        let shard = &self.shards[tenant.as_uuid().as_u128() as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

impl Bus for LocalBus {
    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        self.with(tenant, |topics| {
            for event in events {
                if let Some(session) = topics.sessions.get_mut(&event.record.session) {
                    if ends_draft(&event.record.event) {
                        session.draft = None;
                    }
                    session.topic.push(&Pushed::Event(Arc::clone(&event)));
                    if session.topic.is_empty() && session.draft.is_none() {
                        topics.sessions.remove(&event.record.session);
                    }
                }
                topics.all.push(&Pushed::Event(Arc::clone(&event)));
                topics.ring.push(event);
            }
        });
    }

    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft) {
        self.with(tenant, |topics| {
            let id = session;
            let session = topics.sessions.entry(id).or_default();
            match (&draft, &mut session.draft) {
                // An older turn takes back its own words only, never those of the next.
                (Draft::Discarded { turn }, held) => {
                    held.take_if(
                        |held| matches!(held, Draft::Delta { turn: of, .. } if of == turn),
                    );
                }
                (
                    Draft::Delta { turn, text, .. },
                    Some(Draft::Delta { turn: held, text: so_far, .. }),
                ) if turn == held => {
                    *so_far = format!("{so_far}{text}").into();
                }
                (Draft::Delta { turn, text, .. }, held) => {
                    *held = Some(Draft::Delta { turn: *turn, offset: 0, text: Arc::clone(text) });
                }
            }
            session.topic.push(&Pushed::Draft(draft));
            if session.topic.is_empty() && session.draft.is_none() {
                topics.sessions.remove(&id);
            }
        });
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        let events = self.with(tenant, |topics| topics.all.subscribe(TENANT_QUEUE));
        Subscription { events, draft: None }
    }

    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription {
        self.with(tenant, |topics| {
            // Sessions whose listeners all went are swept out now and then, at a cost that stays flat.
            if topics.sessions.len() > 64 && topics.sessions.len().is_power_of_two() {
                topics.sessions.retain(|_, s| s.draft.is_some() || s.topic.has_listeners());
            }
            let session = topics.sessions.entry(session).or_default();
            let events = session.topic.subscribe(SESSION_QUEUE);
            Subscription { events, draft: session.draft.clone() }
        })
    }

    fn recent(&self, tenant: TenantId, after: Seq) -> Option<Vec<Arc<Published>>> {
        self.with(tenant, |topics| topics.ring.after(after))
    }
}

/// Whether a running answer ends with this event.
const fn ends_draft(event: &Event) -> bool {
    matches!(
        event,
        Event::TurnFailed { .. }
            | Event::TurnCancelled { .. }
            | Event::TurnYielded { .. }
            | Event::Closed { .. }
            | Event::MessagePosted(forecourt_core::event::MessagePosted { origin: Some(_), .. })
    )
}

#[cfg(test)]
mod tests;
