//! The bus of several nodes: Redis carries, Postgres is the truth.
//!
//! Lives here: [`RedisBus`]. What this node stores goes to its own listeners and, over one channel per
//! tenant, to the other nodes; what they store comes in the same way. A [`sequencer`] per tenant puts both
//! in order, and [`repair`] reads from the journal what Redis did not bring. [`link`] keeps the connection.
//!
//! # Invariants
//! - every listener gets every event once and in order, whatever Redis does;
//! - Redis holds nothing: killed, paused or flushed it costs freshness, never an event (A1);
//! - a publisher never waits: not for Redis, not for a listener (A9);
//! - a tenant's events reach only that tenant's listeners (A8);
//! - **A9** a tenant that nobody uses here is forgotten; queues, waiting events and drafts are bounded.

mod drafts;
mod link;
mod packet;
mod presence;
mod repair;
mod sequencer;
mod tenant;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use forecourt_core::{
    event::Seq,
    id::{MemberId, NodeId, SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, BusHealth, Draft, Published, Subscription},
    clock::Clock,
    presence::{
        Availability, MemberPresence, Person, Presence, PresenceChange, Rated, SharedDraft, Typist,
    },
    store::Journal,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use self::{
    presence::Part,
    sequencer::{Origin, Out, Piece},
    tenant::Tenant,
};
use crate::{LocalBus, names};

const SHARDS: usize = 64;
/// Publications that wait for Redis.
const OUTGOING: usize = 16_384;
/// Events of other nodes that wait for the engine.
const FOREIGN: usize = 8_192;
/// Reads of the journal at once: the engine needs the pool more.
const READS: usize = 4;

/// Where Redis is.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `redis://`, `rediss://` or `redis+unix://`; may hold a password (A14).
    pub url: SecretString,
    /// What every channel begins with, so that several systems can share a Redis.
    pub prefix: String,
    pub pace: Pace,
}

impl RedisConfig {
    /// The usual prefix and pace.
    pub fn new(url: SecretString) -> Self {
        Self { url, prefix: "forecourt".to_owned(), pace: Pace::default() }
    }
}

/// How fast the bus looks, waits and forgets.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a missing event may still come by itself before it is read from the journal.
    pub patience: Duration,
    /// Between two signs of life.
    pub beat: Duration,
    /// Without a sign of life for so long, Redis counts as gone.
    pub stale: Duration,
    /// Between two looks at the journal for tenants with listeners, while nodes cannot hear each other.
    pub look: Duration,
    /// Between two looks at every tenant's journal, in any case: the net under all the rest.
    pub net: Duration,
    /// A tenant without listeners and publications is forgotten after so long.
    pub idle: Duration,
    /// Between two tellings of who is where at this node.
    pub renew: Duration,
    /// Without a word for so long, nobody counts as being at another node any more.
    pub silent: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            patience: Duration::from_millis(30),
            beat: Duration::from_millis(500),
            stale: Duration::from_secs(2),
            look: Duration::from_secs(1),
            net: Duration::from_secs(15),
            idle: Duration::from_mins(5),
            renew: Duration::from_secs(15),
            silent: Duration::from_secs(40),
        }
    }
}

/// Why a bus cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the address of Redis cannot be read")]
    Url,
}

/// See the [module](self). Dropping it ends its tasks.
pub struct RedisBus(Arc<Shared>);

/// What goes to Redis.
enum Outgoing {
    Events(TenantId, Vec<Arc<Published>>),
    Draft { tenant: TenantId, session: SessionId, draft: Draft, after: Seq },
    Ask(TenantId, SessionId),
    Presence(TenantId, Part),
}

struct Shared {
    node: NodeId,
    prefix: String,
    pace: Pace,
    local: LocalBus,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    io: Handle,
    tenants: Vec<Mutex<HashMap<TenantId, Tenant>>>,
    outgoing: mpsc::Sender<Outgoing>,
    /// How far the log reaches of tenants whose events could not be sent.
    lost: Mutex<HashMap<TenantId, Seq>>,
    lost_some: Notify,
    /// Tenants whose channel must be looked at.
    channels: Mutex<Vec<TenantId>>,
    channels_changed: Notify,
    joined: AtomicBool,
    /// When each other node was last heard.
    peers: Mutex<HashMap<NodeId, Instant>>,
    foreign: mpsc::Sender<Arc<Published>>,
    foreign_taker: Mutex<Option<mpsc::Receiver<Arc<Published>>>>,
    foreign_taken: AtomicBool,
    reads: Semaphore,
    stopped: CancellationToken,
}

impl RedisBus {
    /// Starts the tasks on `io` and returns at once: until Redis answers, the node is alone.
    pub fn start(
        config: RedisConfig,
        node: NodeId,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        io: &Handle,
    ) -> Result<Self, BusError> {
        let client = redis::Client::open(config.url.expose_secret()).map_err(|_| BusError::Url)?;
        let (outgoing, to_send) = mpsc::channel(OUTGOING);
        let (foreign, foreign_taker) = mpsc::channel(FOREIGN);
        let shared = Arc::new(Shared {
            node,
            prefix: config.prefix,
            pace: config.pace,
            local: LocalBus::default(),
            journal,
            clock,
            io: io.clone(),
            tenants: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            outgoing,
            lost: Mutex::default(),
            lost_some: Notify::new(),
            channels: Mutex::default(),
            channels_changed: Notify::new(),
            joined: AtomicBool::new(false),
            peers: Mutex::default(),
            foreign,
            foreign_taker: Mutex::new(Some(foreign_taker)),
            foreign_taken: AtomicBool::new(false),
            reads: Semaphore::new(READS),
            stopped: CancellationToken::new(),
        });
        metrics::gauge!(names::JOINED).set(0.0);
        io.spawn(link::keep(Arc::clone(&shared), client, to_send));
        io.spawn(repair::keep(Arc::clone(&shared)));
        Ok(Self(shared))
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.0.stopped.cancel();
    }
}

impl Bus for RedisBus {
    fn health(&self) -> BusHealth {
        if self.0.is_joined() { BusHealth::Joined } else { BusHealth::Cut }
    }

    fn foreign(&self) -> Option<mpsc::Receiver<Arc<Published>>> {
        let taken = lock(&self.0.foreign_taker).take();
        self.0.foreign_taken.fetch_or(taken.is_some(), Ordering::Relaxed);
        taken
    }

    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        let shared = &self.0;
        let Some(last) = events.last().map(|event| event.record.seq) else { return };
        shared.step(tenant, |tenant, now, out| {
            tenant.used = now;
            tenant.sequencer.offer(events.iter().cloned(), Origin::Own, now, out);
        });
        if !shared.send(Outgoing::Events(tenant, events)) {
            shared.lose(tenant, last);
        }
    }

    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft) {
        let shared = &self.0;
        let after = shared.step(tenant, |tenant, now, out| {
            tenant.used = now;
            let after = tenant.sequencer.own();
            let piece = Piece { from: None, session, draft: draft.clone() };
            tenant.sequencer.draft(after, piece, now, out);
            after
        });
        shared.send(Outgoing::Draft { tenant, session, draft, after });
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        self.0.listen(tenant, |local| local.subscribe_tenant(tenant))
    }

    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription {
        self.0.listen(tenant, |local| local.subscribe_session(tenant, session))
    }

    fn recent(&self, tenant: TenantId, after: Seq) -> Option<Vec<Arc<Published>>> {
        self.0.local.recent(tenant, after)
    }

    fn presence(&self, tenant: TenantId, session: SessionId) -> Presence {
        self.0.local.presence(tenant, session)
    }

    fn presences(&self, tenant: TenantId, most: usize) -> Vec<(SessionId, Arc<Presence>)> {
        self.0.local.presences(tenant, most)
    }

    fn members(&self, tenant: TenantId) -> Vec<MemberPresence> {
        self.0.local.members(tenant)
    }

    fn subscribe_presence(&self, tenant: TenantId) -> mpsc::Receiver<PresenceChange> {
        self.0.uses(tenant);
        self.0.local.subscribe_presence(tenant)
    }

    fn set_viewer(&self, tenant: TenantId, session: SessionId, who: &Person, on: bool) {
        self.0.local.set_viewer(tenant, session, who, on);
        self.0.tell_session(tenant, session);
    }

    fn set_typing(&self, tenant: TenantId, session: SessionId, who: Typist, on: bool) {
        self.0.local.set_typing(tenant, session, who, on);
        self.0.tell_session(tenant, session);
    }

    fn set_customer(&self, tenant: TenantId, session: SessionId, on: bool) {
        self.0.local.set_customer(tenant, session, on);
        self.0.tell_session(tenant, session);
    }

    fn set_member(&self, tenant: TenantId, who: &Person, on: bool) {
        self.0.local.set_member(tenant, who, on);
        self.0.tell_member(tenant, who.member);
    }

    fn set_availability(&self, tenant: TenantId, who: &Person, availability: Availability) {
        self.0.local.set_availability(tenant, who, availability);
        self.0.tell_member(tenant, who.member);
    }

    fn publish_shared_draft(&self, tenant: TenantId, session: SessionId, draft: SharedDraft) {
        let told = Part::of_draft(session, &draft);
        self.0.local.publish_shared_draft(tenant, session, draft);
        self.0.send(Outgoing::Presence(tenant, told));
    }

    fn publish_rated(&self, tenant: TenantId, session: SessionId, rated: Rated) {
        let told = Part::of_rated(session, &rated);
        self.0.local.publish_rated(tenant, session, rated);
        self.0.send(Outgoing::Presence(tenant, told));
    }
}

impl Shared {
    fn is_joined(&self) -> bool {
        self.joined.load(Ordering::Acquire)
    }

    fn shard(&self, tenant: TenantId) -> MutexGuard<'_, HashMap<TenantId, Tenant>> {
        lock(&self.tenants[tenant.as_uuid().as_u128() as usize % SHARDS])
    }

    /// Takes a step with a tenant's state, made when it is not there, and lets out what may go out.
    fn step<R>(
        self: &Arc<Self>,
        id: TenantId,
        act: impl FnOnce(&mut Tenant, Instant, &mut Vec<Out>) -> R,
    ) -> R {
        let now = Instant::now();
        let mut shard = self.shard(id);
        let tenant = shard.entry(id).or_insert_with(|| {
            metrics::gauge!(names::TENANTS).increment(1.0);
            self.look_at_channel(id);
            Tenant::new(now)
        });
        self.run(id, tenant, now, act)
    }

    /// Takes a step with a tenant's state, if this node follows the tenant.
    fn step_known<R>(
        self: &Arc<Self>,
        id: TenantId,
        act: impl FnOnce(&mut Tenant, Instant, &mut Vec<Out>) -> R,
    ) -> Option<R> {
        let mut shard = self.shard(id);
        let tenant = shard.get_mut(&id)?;
        Some(self.run(id, tenant, Instant::now(), act))
    }

    fn run<R>(
        self: &Arc<Self>,
        id: TenantId,
        tenant: &mut Tenant,
        now: Instant,
        act: impl FnOnce(&mut Tenant, Instant, &mut Vec<Out>) -> R,
    ) -> R {
        let mut out = Vec::new();
        let result = act(tenant, now, &mut out);
        // Under the tenant's lock: two threads must not turn the order around.
        tenant.let_out(self, id, out, now);
        if !tenant.repairing
            && tenant.sequencer.need(now, self.pace.patience, !self.is_joined()).is_some()
        {
            tenant.repairing = true;
            self.io.spawn(repair::fill(Arc::clone(self), id));
        }
        result
    }

    fn listen(
        self: &Arc<Self>,
        id: TenantId,
        subscribe: impl FnOnce(&LocalBus) -> Subscription,
    ) -> Subscription {
        let since = self.clock.now();
        self.step(id, |tenant, now, _| {
            tenant.used = now;
            if tenant.sequencer.listen() {
                self.io.spawn(repair::anchor(Arc::clone(self), id, since));
            }
            subscribe(&self.local)
        })
    }

    /// This node follows a tenant from now on, for a while at least.
    fn uses(self: &Arc<Self>, tenant: TenantId) {
        self.step(tenant, |tenant, now, _| tenant.used = now);
    }

    /// Tells the others this node's part of a conversation: read and handed on under the tenant's lock, so that
    /// the newest is told last.
    fn tell_session(self: &Arc<Self>, id: TenantId, session: SessionId) {
        self.step(id, |tenant, now, _| {
            tenant.used = now;
            let part = Part::of_session(session, &self.local.here(id, session), now);
            self.send(Outgoing::Presence(id, part));
        });
    }

    /// Tells the others this node's part of a member.
    fn tell_member(self: &Arc<Self>, id: TenantId, member: MemberId) {
        self.step(id, |tenant, now, _| {
            tenant.used = now;
            let part = Part::of_member(member, self.local.there(id, member).as_ref());
            self.send(Outgoing::Presence(id, part));
        });
    }

    /// Hands something to Redis, if nodes hear each other and the queue has room.
    fn send(&self, outgoing: Outgoing) -> bool {
        let what = match &outgoing {
            Outgoing::Events(..) => "event",
            Outgoing::Draft { .. } | Outgoing::Ask(..) => "draft",
            Outgoing::Presence(..) => "presence",
        };
        if !self.is_joined() {
            return false;
        }
        let sent = self.outgoing.try_send(outgoing).is_ok();
        if !sent {
            metrics::counter!(names::DROPPED, "what" => what).increment(1);
        }
        sent
    }

    /// Other nodes are to read a tenant's events up to `head` from the journal.
    fn lose(&self, tenant: TenantId, head: Seq) {
        let mut lost = lock(&self.lost);
        let known = lost.entry(tenant).or_default();
        *known = (*known).max(head);
        drop(lost);
        self.lost_some.notify_one();
    }

    fn look_at_channel(&self, tenant: TenantId) {
        lock(&self.channels).push(tenant);
        self.channels_changed.notify_one();
    }

    /// Tells the engine of an event of another node.
    fn tell_engine(&self, event: Arc<Published>) {
        if self.foreign_taken.load(Ordering::Relaxed) && self.foreign.try_send(event).is_err() {
            metrics::counter!(names::DROPPED, "what" => "foreign").increment(1);
        }
    }

    /// Whether a node was heard lately.
    fn lives(&self, node: NodeId, now: Instant) -> bool {
        let heard = lock(&self.peers).get(&node).copied();
        self.is_joined() && heard.is_some_and(|heard| now < heard + 2 * self.pace.stale)
    }
}

/// A panic while a map was locked leaves the map whole: every change to it is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBus").field("health", &self.health()).finish_non_exhaustive()
    }
}
