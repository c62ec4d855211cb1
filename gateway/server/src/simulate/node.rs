//! One node: the real engine on ports that fail, with a life of its own.

use std::{sync::Arc, time::Duration};

use forecourt_actors::{Engine, EngineConfig, Ports};
use forecourt_core::id::{NodeId, SessionId, TenantId};
use forecourt_ports::{
    fake::{FakeTools, MemStore, SeqIds},
    ids::Ids,
    links::Links,
    store::Store,
};
use forecourt_store::pg::PgStore;
use jiff::SignedDuration;
use tokio::{
    runtime::Handle,
    sync::{Notify, futures::OwnedNotified},
};
use uuid::Uuid;

use super::{
    bus::{NodeBus, Wire},
    clock::{NodeClock, Pulse, TrueTime},
    faults::Fault,
    model::FakeModel,
    post::FakePost,
    store::NodeStore,
    world::Shared,
};

/// The store below the faults.
#[derive(Clone)]
pub(super) enum Backing {
    Memory(MemStore),
    /// With the runtime that drives its connections.
    Postgres(Arc<dyn Fn(NodeId) -> PgStore + Send + Sync>, Handle),
}

impl Backing {
    pub(super) fn store(&self, node: NodeId) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::new(store.node(node)),
            Self::Postgres(open, _) => Arc::new(open(node)),
        }
    }

    pub(super) const fn io(&self) -> Option<&Handle> {
        match self {
            Self::Memory(_) => None,
            Self::Postgres(_, io) => Some(io),
        }
    }
}

/// A running node.
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) engine: Engine,
    pulse: Pulse,
    /// Wakes who waits in the order in which they wait (A10).
    died: Arc<Notify>,
}

/// What a node is started with.
pub(super) struct Birth<'a> {
    pub(super) world: &'a Shared,
    pub(super) time: TrueTime,
    pub(super) backing: &'a Backing,
    pub(super) wire: &'a Wire,
    /// Counted from 1; never given twice.
    pub(super) number: usize,
    /// Whether it never has company.
    pub(super) sole: bool,
    /// How far off its clock is.
    pub(super) error: SignedDuration,
}

impl Node {
    pub(super) fn start(birth: &Birth<'_>) -> Self {
        let Birth { world, time, backing, wire, number, sole, error } = *birth;
        let pulse = Pulse::default();
        let clock = NodeClock { time, error, pulse: pulse.clone() };
        let id = node_id(number);
        let store = NodeStore {
            inner: backing.store(id),
            io: backing.io().cloned(),
            world: world.clone(),
            pulse: pulse.clone(),
            node: number,
        };
        let model = |name| {
            let (clock, world) = (clock.clone(), world.clone());
            Arc::new(FakeModel { name, clock, world, node: number })
        };
        let bus = NodeBus::new(world.clone(), wire.clone(), number, pulse.clone(), sole);
        let ids = NodeIds { inner: SeqIds::lane(number as u16), world: world.clone() };
        let ports = Ports {
            store: Arc::new(store),
            bus: Arc::new(bus),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(ids),
            primary: model("first"),
            second: model("second"),
            sender: Arc::new(FakePost { clock: clock.clone(), world: world.clone() }),
            links: Arc::new(FakeLinks),
            tools: Arc::new(FakeTools::default()),
            meaning: None,
            node: id,
            io: Handle::current(),
        };
        let config = EngineConfig { arbiters: 0, sole, idle: Duration::from_mins(5) };
        let engine = Engine::start(ports, config);
        world.lock().step(None, format!("node {number} starts, its clock {error:#} off"));
        Self { number, engine, pulse, died: Arc::default() }
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.pulse.is_dead()
    }

    /// `kill -9`: from this instant nothing it does is seen by anybody.
    pub(super) fn kill(&self) {
        self.pulse.stop();
        self.died.notify_waiters();
    }

    /// Resolves when it is killed.
    pub(super) fn death(&self) -> OwnedNotified {
        Arc::clone(&self.died).notified_owned()
    }
}

pub(super) fn node_id(number: usize) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(0x0f00 + number as u128))
}

/// Ids that now and then end in a panic: a bug in the middle of the engine's own code.
struct NodeIds {
    inner: SeqIds,
    world: Shared,
}

impl Ids for NodeIds {
    fn uuid(&self) -> Uuid {
        let panics = self.world.strikes(Fault::HandlerPanic);
        assert!(!panics, "on purpose: a bug in a handler");
        self.inner.uuid()
    }
}

struct FakeLinks;

impl Links for FakeLinks {
    fn unsubscribe(&self, _: TenantId, session: SessionId) -> Option<String> {
        Some(format!("https://forecourt.example/u/{session}"))
    }

    fn conversation(&self, _: TenantId, session: SessionId) -> String {
        format!("https://forecourt.example/app/{session}")
    }
}
