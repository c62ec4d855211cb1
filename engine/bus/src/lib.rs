//! Fan-out of stored events and drafts to listeners, within one process or between nodes over Redis.
//!
//! Lives here: [`LocalBus`], the default. Each tenant has a ring of its newest events, for resume
//! without the database, its listeners, and who is where; each session has its listeners and its running
//! draft.
//! [`RedisBus`] puts what other nodes stored into the same topics. [`LocalLimiter`] and [`RedisLimiter`]
//! count how often somebody asks.
//!
//! # Invariants
//! - a publisher never waits: a listener whose queue is full is cut, and resumes with its cursor (A9);
//! - events reach each listener in the order of their sequence numbers;
//! - what nobody listens to costs a look-up and a place in the ring.

mod limiter;
pub mod names;
mod presence;
mod redis;
mod timer;
mod topic;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use forecourt_core::{
    event::{Event, Seq},
    id::{MemberId, NodeId, SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, Draft, Published, Pushed, Subscription},
    presence::{
        Availability, Ephemeral, MemberPresence, Person, Presence, PresenceChange, Rated,
        SharedDraft, Typist,
    },
};
use tokio::{sync::mpsc, time::Instant};

pub use self::limiter::{LocalLimiter, RedisLimiter};
pub use self::redis::{BusError, Pace, RedisBus, RedisConfig};
use self::{
    presence::{Here, Presences, There},
    timer::Timer,
    topic::{Ring, Topic},
};

/// Queued frames per listener of a session; a listener further behind is cut.
const SESSION_QUEUE: usize = 256;
/// Queued events per listener of a whole tenant: few, and each stands for many sockets.
const TENANT_QUEUE: usize = 8_192;
const SHARDS: usize = 64;

/// The bus of one process.
#[derive(Debug)]
pub struct LocalBus {
    topics: Arc<Topics>,
    timer: Timer,
}

/// All tenants. Shared with the timer of who types.
#[derive(Debug)]
pub(crate) struct Topics {
    shards: Vec<Mutex<HashMap<TenantId, TenantTopics>>>,
}

#[derive(Debug, Default)]
struct TenantTopics {
    ring: Ring,
    all: Topic,
    sessions: HashMap<SessionId, SessionTopic>,
    presences: Presences,
}

#[derive(Debug, Default)]
struct SessionTopic {
    topic: Topic,
    /// The text of the running answer so far, or the step before its first words.
    draft: Option<Draft>,
}

impl Default for LocalBus {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        let topics = Arc::new(Topics { shards });
        Self { timer: Timer::new(&topics), topics }
    }
}

impl Topics {
    fn with<R>(&self, tenant: TenantId, act: impl FnOnce(&mut TenantTopics) -> R) -> R {
        let shard = &self.shards[tenant.as_uuid().as_u128() as usize % SHARDS];
        let mut tenants = shard.lock().unwrap_or_else(PoisonError::into_inner);
        act(tenants.entry(tenant).or_default())
    }

    /// Forgets who has typed long enough at a conversation; gives when to look again.
    fn expire(&self, tenant: TenantId, session: SessionId, now: Instant) -> Option<Instant> {
        self.with(tenant, |topics| {
            let next = topics.presences.expire(session, now);
            topics.settle(session);
            next
        })
    }
}

impl TenantTopics {
    /// Tells who is at a conversation, if that changed.
    fn settle(&mut self, id: SessionId) {
        let session = self.sessions.get_mut(&id);
        let composing = session.as_ref().is_some_and(|session| session.draft.is_some());
        if let Some(presence) = self.presences.settle(id, composing)
            && let Some(session) = session
        {
            session.topic.push(&Pushed::Ephemeral(id, Ephemeral::Presence(presence)));
        }
    }
}

impl LocalBus {
    fn with<R>(&self, tenant: TenantId, act: impl FnOnce(&mut TenantTopics) -> R) -> R {
        self.topics.with(tenant, act)
    }

    /// Changes who is at a conversation, and tells it.
    fn at(&self, tenant: TenantId, session: SessionId, change: impl FnOnce(&mut Presences)) {
        self.with(tenant, |topics| {
            change(&mut topics.presences);
            topics.settle(session);
        });
    }

    /// Forgets who types once the time is up.
    fn watch_typing(&self, tenant: TenantId, session: SessionId) {
        self.timer.at(Instant::now() + forecourt_ports::presence::TYPING, tenant, session);
    }

    /// Tells the listeners of a session how something stands now.
    fn tell(&self, tenant: TenantId, session: SessionId, ephemeral: Ephemeral) {
        self.with(tenant, |topics| {
            if let Some(at) = topics.sessions.get_mut(&session) {
                at.topic.push(&Pushed::Ephemeral(session, ephemeral));
            }
        });
    }

    /// Takes another node's part of a conversation.
    fn hear(&self, tenant: TenantId, from: NodeId, session: SessionId, here: Here, now: Instant) {
        let types = !here.typing.is_empty() || here.customer_types.is_some();
        self.at(tenant, session, |presences| presences.hear(from, session, here, now));
        if types {
            self.watch_typing(tenant, session);
        }
    }

    /// Takes another node's part of a member.
    fn hear_member(
        &self,
        tenant: TenantId,
        from: NodeId,
        member: MemberId,
        there: Option<There>,
        now: Instant,
    ) {
        self.with(tenant, |topics| {
            topics.presences.hear_member(from, member, there, now);
            topics.presences.settle_member(member);
        });
    }

    /// This node's whole part of a tenant: who is at which conversation, and which members are there.
    fn parts(&self, tenant: TenantId) -> (Vec<(SessionId, Here)>, Vec<There>) {
        self.with(tenant, |topics| {
            let presences = &topics.presences;
            let (sessions, members) = presences.all_here();
            let here = sessions.into_iter().map(|id| (id, presences.here(id))).collect();
            (here, members.into_iter().filter_map(|id| presences.there(id)).collect())
        })
    }

    /// This node's part of a conversation.
    fn here(&self, tenant: TenantId, session: SessionId) -> Here {
        self.with(tenant, |topics| topics.presences.here(session))
    }

    /// This node's part of a member.
    fn there(&self, tenant: TenantId, member: MemberId) -> Option<There> {
        self.with(tenant, |topics| topics.presences.there(member))
    }

    /// Forgets what silent nodes told of a tenant.
    fn forget_silent(&self, tenant: TenantId, now: Instant, silent: Duration) {
        self.with(tenant, |topics| {
            let (sessions, members) = topics.presences.forget_silent(now, silent);
            for session in sessions {
                topics.settle(session);
            }
            for member in members {
                topics.presences.settle_member(member);
            }
        });
    }

    /// Listeners of a session that are still there.
    pub fn listeners(&self, tenant: TenantId, session: SessionId) -> usize {
        self.with(tenant, |topics| {
            topics.sessions.get(&session).map_or(0, |session| session.topic.listeners())
        })
    }

    /// Whether anybody on this node listens to a tenant.
    fn has_listeners(&self, tenant: TenantId) -> bool {
        self.with(tenant, |topics| {
            topics.all.has_listeners()
                || !topics.presences.is_idle()
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
        let shard = &self.topics.shards[tenant.as_uuid().as_u128() as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

impl Bus for LocalBus {
    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        self.with(tenant, |topics| {
            for event in events {
                let id = event.record.session;
                if let Some(session) = topics.sessions.get_mut(&id) {
                    let ended = ends_draft(&event.record.event) && session.draft.take().is_some();
                    session.topic.push(&Pushed::Event(Arc::clone(&event)));
                    let over = session.topic.is_empty() && session.draft.is_none();
                    if ended {
                        topics.settle(id);
                    }
                    if over {
                        topics.sessions.remove(&id);
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
            let composed = session.draft.is_some();
            session.hold(&draft);
            let composes = session.draft.is_some();
            session.topic.push(&Pushed::Draft(draft));
            let over = session.topic.is_empty() && !composes;
            if composed != composes {
                topics.settle(id);
            }
            if over {
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

    fn presence(&self, tenant: TenantId, session: SessionId) -> Presence {
        self.with(tenant, |topics| {
            let running = topics.sessions.get(&session);
            let composing = running.is_some_and(|session| session.draft.is_some());
            topics.presences.presence(session, composing)
        })
    }

    fn presences(&self, tenant: TenantId, most: usize) -> Vec<(SessionId, Arc<Presence>)> {
        self.with(tenant, |topics| topics.presences.all(most))
    }

    fn members(&self, tenant: TenantId) -> Vec<MemberPresence> {
        self.with(tenant, |topics| topics.presences.members())
    }

    fn subscribe_presence(&self, tenant: TenantId) -> mpsc::Receiver<PresenceChange> {
        self.with(tenant, |topics| topics.presences.subscribe())
    }

    fn set_viewer(&self, tenant: TenantId, session: SessionId, who: &Person, on: bool) {
        self.at(tenant, session, |presences| presences.set_viewer(session, who, on));
    }

    fn set_typing(&self, tenant: TenantId, session: SessionId, who: Typist, on: bool) {
        let now = Instant::now();
        self.at(tenant, session, |presences| presences.set_typing(session, who, on, now));
        if on {
            self.watch_typing(tenant, session);
        }
    }

    fn set_customer(&self, tenant: TenantId, session: SessionId, on: bool) {
        self.at(tenant, session, |presences| presences.set_customer(session, on));
    }

    fn set_member(&self, tenant: TenantId, who: &Person, on: bool) {
        self.with(tenant, |topics| {
            topics.presences.set_member(who, on);
            topics.presences.settle_member(who.member);
        });
    }

    fn set_availability(&self, tenant: TenantId, who: &Person, availability: Availability) {
        self.with(tenant, |topics| {
            topics.presences.set_availability(who.member, availability);
            topics.presences.settle_member(who.member);
        });
    }

    fn publish_shared_draft(&self, tenant: TenantId, session: SessionId, draft: SharedDraft) {
        self.tell(tenant, session, Ephemeral::Draft(Arc::new(draft)));
    }

    fn publish_rated(&self, tenant: TenantId, session: SessionId, rated: Rated) {
        self.tell(tenant, session, Ephemeral::Rated(Arc::new(rated)));
    }
}

impl SessionTopic {
    /// Keeps the running answer whole.
    fn hold(&mut self, draft: &Draft) {
        match (draft, &mut self.draft) {
            // An older turn takes back its own words only, never those of the next.
            (Draft::Discarded { turn }, held) => {
                held.take_if(|held| held.turn() == *turn);
            }
            // Words tell more than the step before them.
            (Draft::Progress { turn, .. }, Some(Draft::Delta { turn: held, .. }))
                if turn == held => {}
            (
                Draft::Delta { turn, text, .. },
                Some(Draft::Delta { turn: held, text: so_far, .. }),
            ) if turn == held => {
                *so_far = format!("{so_far}{text}").into();
            }
            (Draft::Delta { turn, text, .. }, held) => {
                *held = Some(Draft::Delta { turn: *turn, offset: 0, text: Arc::clone(text) });
            }
            (Draft::Progress { .. }, held) => *held = Some(draft.clone()),
        }
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
