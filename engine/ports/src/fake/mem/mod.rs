//! A store in memory with the contract of the real one, and dials for its faults.
//!
//! Clones and [`MemStore::node`]s look at the same world, as nodes do at one database. What the store
//! claims, it claims for the node that is named in the call; what a commit queues, it claims for the
//! node that this handle stands for. A store that is made [`MemStore::before`] another reads what a tenant
//! knows there, and keeps all that happens to itself.

mod attachments;
mod before;
mod bookings;
mod decisions;
mod deliveries;
mod inventory;
mod journal;
mod knowledge;
mod leads;
mod operations;
mod people;
mod replies;
mod spending;
mod tenants;
mod timers;
mod tools;
mod webhooks;
mod websites;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use forecourt_core::{
    effect::{TimerEnd, TimerKind},
    event::{DeliveryQueued, EventRecord, Seq},
    id::{ContactId, DeliveryId, EndpointId, LeadId, MessageId, NodeId, SessionId, TenantId},
    knowledge::Knowledge,
    session::{LeadSession, replay::Cause},
    settings::TenantSettings,
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

pub use self::before::Offered;
use super::lock;
use crate::store::{
    DraftRow, InboundEvent, LeadRecord, NewMember, NewTenant, Store, StoreError, StoredMessage,
    TenantSnapshot,
};

/// Awaited before each call, with the call's name: a place to wait, to count, or to stop a test.
pub type Hook = Arc<dyn Fn(&'static str) -> BoxFuture<'static, ()> + Send + Sync>;

/// See the [module](self).
#[derive(Clone)]
pub struct MemStore {
    node: NodeId,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    world: Mutex<World>,
    faults: Mutex<Faults>,
    /// Where what a tenant knows is read.
    behind: OnceLock<Arc<dyn Store>>,
}

#[derive(Default)]
struct Faults {
    fail_commits: u32,
    lose_answers: u32,
    unavailable: bool,
    hook: Option<Hook>,
}

/// A timer's row, for assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerRow {
    pub session: SessionId,
    pub kind: TimerKind,
    pub due_at: Timestamp,
    /// `None` while it is pending.
    pub end: Option<TimerEnd>,
}

#[derive(Default)]
struct World {
    tenants: BTreeMap<TenantId, TenantData>,
}

struct TenantData {
    snapshot: TenantSnapshot,
    epoch: i64,
    last_seq: i64,
    knowledge: Knowledge,
    /// Every write to what a tenant may say raises it, as the database does by itself.
    knowledge_version: i64,
    members: Vec<NewMember>,
    staff_sessions: HashMap<[u8; 32], tenants::StaffSession>,
    sessions: BTreeMap<SessionId, SessionData>,
    message_ids: HashSet<MessageId>,
    journal: Vec<EventRecord>,
    /// By the place of the first event they led to.
    causes: HashMap<Seq, Cause>,
    settings: Vec<TenantSettings>,
    contacts: BTreeMap<ContactId, Contact>,
    leads: BTreeMap<LeadId, LeadRecord>,
    timers: BTreeMap<(SessionId, TimerKind), Timer>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    drafts: BTreeMap<SessionId, DraftRow>,
    endpoints: BTreeMap<EndpointId, webhooks::Endpoint>,
    inbound: Vec<InboundEvent>,
    spent: BTreeMap<(jiff::civil::Date, String), forecourt_core::models::Spent>,
    booking: bookings::Data,
    written: knowledge::Data,
    sites: Vec<websites::Site>,
    stock: inventory::Data,
    tools: tools::Data,
    ratings: replies::Data,
    files: attachments::Data,
}

struct SessionData {
    state: LeadSession,
    messages: Vec<StoredMessage>,
}

#[derive(Clone)]
struct Contact {
    name: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    created_at: Timestamp,
    unsubscribed_at: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Timer {
    due_at: Timestamp,
    end: Option<TimerEnd>,
    claim: Option<Claim>,
    set_at: Timestamp,
    moved: u32,
    moved_at: Option<Timestamp>,
    fired: u32,
    fired_at: Option<Timestamp>,
    fired_by: Option<NodeId>,
    ended_at: Option<Timestamp>,
    reason: Option<&'static str>,
}

#[derive(Clone)]
struct Delivery {
    session: SessionId,
    queued: DeliveryQueued,
    status: &'static str,
    attempts: u32,
    next_at: Timestamp,
    claim: Option<Claim>,
    code: Option<String>,
    replayed_by: Option<DeliveryId>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Who holds a row, and until when.
#[derive(Clone, Copy)]
struct Claim {
    by: NodeId,
    until: Timestamp,
}

impl Claim {
    fn new(by: NodeId, now: Timestamp, lease: SignedDuration) -> Self {
        Self { by, until: now.saturating_add(lease).unwrap_or(Timestamp::MAX) }
    }
}

/// Whether nobody holds a row at `now`.
fn is_free(claim: Option<Claim>, now: Timestamp) -> bool {
    claim.is_none_or(|claim| claim.until <= now)
}

impl MemStore {
    /// An empty world as `node` sees it.
    pub fn new(node: NodeId) -> Self {
        Self { node, shared: Arc::default() }
    }

    /// The same world as another node sees it.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Self {
        Self { node, shared: Arc::clone(&self.shared) }
    }

    // ---- what is there ----

    /// Adds a tenant, or finds the one with the same slug and leaves it as it is.
    pub fn seed_tenant(&self, new: NewTenant) -> TenantId {
        let mut world = lock(&self.shared.world);
        let found = world.tenants.values().find(|data| data.snapshot.slug == new.snapshot.slug);
        if let Some(found) = found {
            return found.snapshot.id;
        }
        let id = new.snapshot.id;
        world.tenants.insert(id, TenantData::new(new));
        id
    }

    /// Adds a member to a tenant; only members may write or sign in.
    pub fn seed_member(&self, new: NewMember) {
        if let Some(data) = lock(&self.shared.world).tenants.get_mut(&new.member.tenant) {
            data.members.push(new);
        }
    }

    /// Replaces what a tenant knows.
    pub fn seed_knowledge(&self, tenant: TenantId, knowledge: Knowledge) {
        if let Some(data) = lock(&self.shared.world).tenants.get_mut(&tenant) {
            data.booking = bookings::Data::new(&knowledge, &[]);
            data.written = knowledge::Data::new(tenant, &knowledge);
            data.stock = inventory::Data::new(&knowledge.vehicles);
            data.knowledge = knowledge;
            data.knowledge_version += 1;
        }
    }

    /// Replaces a tenant's settings.
    pub fn seed_settings(&self, tenant: TenantId, settings: TenantSettings) {
        if let Some(data) = lock(&self.shared.world).tenants.get_mut(&tenant) {
            data.snapshot.settings = settings;
            data.knowledge_version += 1;
        }
    }

    /// All timers of a tenant, ended ones too.
    pub fn timers(&self, tenant: TenantId) -> Vec<TimerRow> {
        let world = lock(&self.shared.world);
        let timers = world.tenants.get(&tenant).into_iter().flat_map(|data| &data.timers);
        let row = |(&(session, kind), timer): (&(SessionId, TimerKind), &Timer)| TimerRow {
            session,
            kind,
            due_at: timer.due_at,
            end: timer.end,
        };
        timers.map(row).collect()
    }

    /// The log of a tenant's calls.
    pub fn inbound(&self, tenant: TenantId) -> Vec<InboundEvent> {
        let world = lock(&self.shared.world);
        world.tenants.get(&tenant).map(|data| data.inbound.clone()).unwrap_or_default()
    }

    // ---- faults ----

    /// The next `count` commits store nothing and fail.
    pub fn fail_next_commits(&self, count: u32) {
        lock(&self.shared.faults).fail_commits = count;
    }

    /// The next `count` commits are stored, but their answers are lost.
    pub fn commit_then_fail(&self, count: u32) {
        lock(&self.shared.faults).lose_answers = count;
    }

    /// Every call fails until this is taken back.
    pub fn set_unavailable(&self, unavailable: bool) {
        lock(&self.shared.faults).unavailable = unavailable;
    }

    /// Every call awaits `hook` first.
    pub fn set_hook(&self, hook: Option<Hook>) {
        lock(&self.shared.faults).hook = hook;
    }

    // ---- the workings ----

    /// Goes through the faults, then into the world.
    async fn enter(&self, call: &'static str) -> Result<MutexGuard<'_, World>, StoreError> {
        let hook = lock(&self.shared.faults).hook.clone();
        if let Some(hook) = hook {
            hook(call).await;
        }
        if lock(&self.shared.faults).unavailable {
            return Err(StoreError::Unavailable);
        }
        Ok(lock(&self.shared.world))
    }
}

impl World {
    fn tenant(&self, tenant: TenantId) -> Result<&TenantData, StoreError> {
        self.tenants.get(&tenant).ok_or_else(no_such_tenant)
    }

    fn tenant_mut(&mut self, tenant: TenantId) -> Result<&mut TenantData, StoreError> {
        self.tenants.get_mut(&tenant).ok_or_else(no_such_tenant)
    }
}

fn no_such_tenant() -> StoreError {
    StoreError::Failed("no such tenant".into())
}

impl TenantData {
    fn new(new: NewTenant) -> Self {
        Self {
            booking: bookings::Data::new(&new.knowledge, &new.busy),
            written: knowledge::Data::new(new.snapshot.id, &new.knowledge),
            stock: inventory::Data::new(&new.knowledge.vehicles),
            snapshot: new.snapshot,
            epoch: 1,
            last_seq: 0,
            knowledge: new.knowledge,
            knowledge_version: 1,
            members: new.members,
            staff_sessions: HashMap::new(),
            sessions: BTreeMap::new(),
            message_ids: HashSet::new(),
            journal: Vec::new(),
            causes: HashMap::new(),
            settings: Vec::new(),
            contacts: BTreeMap::new(),
            leads: BTreeMap::new(),
            timers: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            drafts: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            inbound: Vec::new(),
            sites: Vec::new(),
            tools: tools::Data::default(),
            ratings: replies::Data::new(),
            files: attachments::Data::new(),
            spent: BTreeMap::new(),
        }
    }
}
