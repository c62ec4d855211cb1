//! The engine as the gateway holds it: its ports, its tenants, its start and its end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::Addr;
use forecourt_core::{
    event::EventRecord,
    id::{NodeId, TenantId},
};
use forecourt_ports::{
    bus::Bus, clock::Clock, ids::Ids, links::Links, model::Model, sender::Sender, store::Store,
    tool::ToolCaller,
};
use tokio::{runtime::Handle, sync::Notify};

use crate::{
    booking, booking_letters, booking_waits,
    error::EngineError,
    providers::Provider,
    registry::Registry,
    resource::Resources,
    tenant::{TenantHandle, TenantShared},
    timers::{Timers, TimersHandle},
    vectors::Meaning,
};

/// The end of a stop: turns are left to other nodes, and letters that are being handed over hear their answer.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How often holds that are over are written off, and letters about bookings are looked for.
const BOOKING_SWEEP: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// Everything the engine needs from outside.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// Asked first.
    pub primary: Arc<dyn Model>,
    /// Asked when the first gives up.
    pub second: Arc<dyn Model>,
    pub sender: Arc<dyn Sender>,
    pub links: Arc<dyn Links>,
    /// Calls tools of tenants' own.
    pub tools: Arc<dyn ToolCaller>,
    /// Search by meaning, where it is switched on.
    pub meaning: Option<Arc<Meaning>>,
    pub node: NodeId,
    /// Drives connections and commits: a busy arbiter must not hold up the database.
    pub io: Handle,
}

/// How the engine is laid out.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Threads for sessions and turns, apart from the HTTP workers. With none, everything runs on the
    /// arbiter that starts the engine: one thread, whose order is the same in every run.
    pub arbiters: usize,
    /// Whether no other engine uses this store: what a dead one held may be taken at once.
    pub sole: bool,
    /// A session that nobody needed for so long leaves memory.
    pub idle: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let arbiters = std::thread::available_parallelism().map_or(2, usize::from);
        Self { arbiters, sole: false, idle: Duration::from_mins(1) }
    }
}

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    ports: Arc<Ports>,
    registry: Registry,
    resources: Resources,
    timers: TimersHandle,
    /// What is sent through, and whether it answers.
    provider: Arc<Provider>,
    /// Kept so that the mailbox lives as long as the engine.
    timers_actor: Addr<Timers>,
    tenants: Mutex<HashMap<TenantId, TenantHandle>>,
    slugs: Mutex<HashMap<String, TenantId>>,
    stopping: Arc<AtomicBool>,
    config: EngineConfig,
}

impl Engine {
    /// Starts the engine; must be called inside a running actix system.
    pub fn start(ports: Ports, config: EngineConfig) -> Self {
        let ports = Arc::new(ports);
        let stopping = Arc::new(AtomicBool::new(false));
        let registry = Registry::start(Arc::clone(&ports), config, Arc::clone(&stopping));
        let timers = TimersHandle::default();
        Self(Arc::new_cyclic(|engine: &std::sync::Weak<Inner>| {
            let actor =
                Timers::start_sweeping(Arc::clone(&ports), engine.clone().into(), &registry);
            timers.set(&actor);
            hear_others(&ports, &registry);
            let EngineConfig { sole, idle, .. } = config;
            let resources = Resources::new(registry.clone(), Arc::clone(&ports), sole, idle);
            sweep_bookings(Arc::clone(&ports), engine.clone().into(), resources.letters());
            Inner {
                resources,
                provider: Provider::new(ports.sender.name()),
                ports,
                registry,
                timers,
                timers_actor: actor,
                tenants: Mutex::default(),
                slugs: Mutex::default(),
                stopping,
                config,
            }
        }))
    }

    /// Takes up what an earlier run left undone: at once where this engine is alone, else as leases end.
    pub async fn recover(&self) -> Result<(), EngineError> {
        if self.0.config.sole {
            self.0.ports.store.forget_leases().await?;
            self.0
                .timers_actor
                .try_send(crate::timers::WakeOwing)
                .map_err(|_| EngineError::BUSY)?;
        }
        Ok(())
    }

    /// The tenant of a public slug.
    pub async fn tenant(&self, slug: &str) -> Result<Option<TenantHandle>, EngineError> {
        let known = lock(&self.0.slugs).get(slug).copied();
        let id = match known {
            Some(id) => Some(id),
            None => self.0.ports.store.find_tenant(slug).await?,
        };
        match id {
            Some(id) => self.tenant_by_id(id).await,
            None => Ok(None),
        }
    }

    pub async fn tenant_by_id(&self, id: TenantId) -> Result<Option<TenantHandle>, EngineError> {
        if let Some(tenant) = lock(&self.0.tenants).get(&id) {
            return Ok(Some(tenant.clone()));
        }
        let Some(snapshot) = self.0.ports.store.load_tenant(id).await? else { return Ok(None) };
        // Before its first decision: a replay asks under which settings it was made.
        let Ports { store, clock, .. } = &*self.0.ports;
        store.keep_settings(id, &snapshot.settings, clock.now()).await?;
        let slug = snapshot.slug.clone();
        let mut tenants = lock(&self.0.tenants);
        // Two callers may have loaded it; the first to come here starts it.
        let tenant = tenants.entry(id).or_insert_with(|| {
            let shared = TenantShared::new(
                snapshot,
                Arc::clone(&self.0.ports),
                self.0.registry.clone(),
                self.0.timers.clone(),
                &self.0.provider,
                self.0.resources.clone(),
            );
            TenantHandle::start(
                shared,
                Arc::clone(&self.0.stopping),
                &self.0.registry.arbiter_of(id.as_uuid()),
            )
        });
        let tenant = tenant.clone();
        drop(tenants);
        lock(&self.0.slugs).insert(slug, id);
        Ok(Some(tenant))
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    pub(crate) fn resources(&self) -> &Resources {
        &self.0.resources
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn timers_actor(&self) -> &Addr<Timers> {
        &self.0.timers_actor
    }

    pub(crate) fn tenants_loaded(&self) -> Vec<TenantHandle> {
        lock(&self.0.tenants).values().cloned().collect()
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }

    /// Whether this node begins nothing any more: what is due is another node's.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.registry.is_closed()
    }

    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    /// Takes nothing new, and waits until what runs has ended, `within` at most. True when all has ended.
    ///
    /// Turns and letters under way count: a letter that is cut between its record and its answer would
    /// be uncertain. Shortly before the end turns are yielded and nothing passes a point of no return
    /// any more: what is left is in its rows, and this node's claims on them are given back, so that
    /// another node (or the next start) takes them up at once.
    pub async fn stop(&self, within: Duration) -> bool {
        self.0.registry.stop();
        let mut drained = self.idle(within.saturating_sub(LAST_WORDS)).await;
        if !drained {
            // First: a turn that was yielded is due at once, and must not start here again.
            self.0.registry.close();
            self.0.registry.yield_turns();
            drained = self.idle(LAST_WORDS.min(within)).await;
        }
        if let Err(error) = self.0.ports.store.release_leases(self.0.ports.node).await {
            tracing::warn!(%error, "claims were not given back: they end with their leases");
        }
        drained
    }

    async fn idle(&self, within: Duration) -> bool {
        let idle = async {
            while self.0.registry.in_flight() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(within, idle).await.is_ok()
    }
}

/// Tells sessions that are awake here what other nodes stored of them.
fn hear_others(ports: &Arc<Ports>, registry: &Registry) {
    let Some(mut foreign) = ports.bus.foreign() else { return };
    let registry = registry.clone();
    ports.io.spawn(async move {
        while let Some(published) = foreign.recv().await {
            let EventRecord { tenant, session, version, .. } = published.record;
            registry.note_foreign(tenant, session, version);
        }
    });
}

/// Writes off holds that are over, and sends letters about bookings that are due, again and again, as
/// long as the engine lives. The first is only for the record: nobody is kept from a place by a hold
/// that is over. A letter that is due at once does not wait for the next round: a code is good for
/// minutes.
fn sweep_bookings(ports: Arc<Ports>, engine: WeakEngine, letters: Arc<Notify>) {
    let io = ports.io.clone();
    io.spawn(async move {
        let round = |now: jiff::Timestamp| now.saturating_add(BOOKING_SWEEP);
        let mut next = round(ports.clock.now()).unwrap_or(jiff::Timestamp::MAX);
        loop {
            tokio::select! {
                () = ports.clock.sleep_until(next) => {}
                () = letters.notified() => {}
            }
            let Some(engine) = engine.get().filter(|engine| !engine.is_closed()) else { break };
            if ports.clock.now() >= next {
                while booking::sweep(&engine, next).await {}
                booking::tell(&engine, ports.clock.now()).await;
                next = round(ports.clock.now()).unwrap_or(jiff::Timestamp::MAX);
            }
            booking_waits::sweep(&engine, ports.clock.now()).await;
            while booking_letters::sweep(&engine, ports.clock.now()).await {}
        }
    });
}

/// A weak engine, for actors that the engine owns.
#[derive(Clone)]
pub(crate) struct WeakEngine(std::sync::Weak<Inner>);

impl From<std::sync::Weak<Inner>> for WeakEngine {
    fn from(inner: std::sync::Weak<Inner>) -> Self {
        Self(inner)
    }
}

impl WeakEngine {
    pub(crate) fn get(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

/// A panic while a map was locked leaves the map whole: every change to it is one call.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
