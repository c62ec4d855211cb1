//! Finds the actor of a session, or starts it; starts another when it dies (actix restarts nothing after a panic).
//!
//! # Invariants
//! - **A2** at most one actor per session is in the map; a dead one is replaced, never joined;
//! - a command that kills its actor twice is not tried a third time: the session goes to a person (R8);
//! - the death of an actor touches no other session.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::{Actor as _, Addr, Arbiter, dev::SendError};
use actix_rt::ArbiterHandle;
use forecourt_core::{
    event::Version,
    id::{SessionId, TenantId},
    session::Command,
};
use forecourt_ports::store::InboundEvent;
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::Span;
use uuid::Uuid;

use crate::{
    engine::{EngineConfig, Ports, lock},
    error::EngineError,
    inspect,
    lead_session::{Begin, Dispatch, Done, Foreign, SessionActor, YieldTurn},
    names,
    resume::Resuming,
    tenant::TenantShared,
    vitals::{Fate, Incident, Incidents, Vitals},
    way,
};

/// Locks are spread, so that sessions do not wait for each other's look-ups.
const SHARDS: usize = 64;
/// A caller waits no longer for its answer; the command may still be stored.
const PATIENCE: Duration = Duration::from_secs(15);
/// Deaths waiting for their restart; beyond it timers and sweeps wake the session instead.
const DEATHS: usize = 1_024;

#[derive(Clone)]
pub(crate) struct Registry(Arc<Inner>);

struct Inner {
    shards: Vec<Mutex<HashMap<Key, Slot>>>,
    arbiters: Vec<Arbiter>,
    /// Where the engine was started.
    here: ArbiterHandle,
    generation: AtomicU64,
    in_flight: Arc<AtomicUsize>,
    closed: AtomicBool,
    deaths: mpsc::Sender<Death>,
    ports: Arc<Ports>,
    config: EngineConfig,
    stopping: Arc<AtomicBool>,
    /// Tells those who wait for no reason but thrift.
    hurry: Notify,
    incidents: Incidents,
    resuming: Resuming,
}

/// A session of a tenant: an id that belongs to another tenant finds nothing here either (A8).
type Key = (TenantId, SessionId);

struct Slot {
    addr: Addr<SessionActor>,
    generation: u64,
    vitals: Arc<Vitals>,
}

struct Death {
    tenant: Arc<TenantShared>,
    session: SessionId,
}

/// Tells the registry of an actor's end, also while unwinding. It must never panic itself: that would
/// abort the process.
pub(crate) struct ExitGuard {
    registry: Registry,
    tenant: Arc<TenantShared>,
    session: SessionId,
    generation: u64,
    /// Set before an end that was meant.
    pub(crate) clean: bool,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        self.registry.forget(self.tenant.id, self.session, self.generation);
        if !self.clean && !self.registry.0.stopping.load(Ordering::Relaxed) {
            metrics::counter!(names::CRASHES, "actor" => "lead_session").increment(1);
            self.registry.incident(self.tenant.id, self.session, Fate::Crashed, None);
            let death = Death { tenant: Arc::clone(&self.tenant), session: self.session };
            let _full = self.registry.0.deaths.try_send(death);
        }
    }
}

impl Registry {
    pub(crate) fn start(
        ports: Arc<Ports>,
        config: EngineConfig,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        let (deaths, mut died) = mpsc::channel::<Death>(DEATHS);
        let io = ports.io.clone();
        let registry = Self(Arc::new(Inner {
            shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            arbiters: std::iter::repeat_with(Arbiter::new).take(config.arbiters).collect(),
            here: Arbiter::current(),
            generation: AtomicU64::new(0),
            in_flight: Arc::default(),
            resuming: Resuming::default(),
            closed: AtomicBool::new(false),
            deaths,
            ports,
            config,
            stopping,
            hurry: Notify::new(),
            incidents: Incidents::default(),
        }));
        let weak = Arc::downgrade(&registry.0);
        io.spawn(async move {
            // A crash loop of one session is slowed by its quarantine; this pause only spreads a storm.
            while let Some(Death { tenant, session }) = died.recv().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let Some(inner) = weak.upgrade() else { break };
                Self(inner).wake(&tenant, session);
            }
        });
        registry
    }

    /// The arbiter that runs everything of this id; a dead one's work goes to the next that lives.
    pub(crate) fn arbiter_of(&self, id: &Uuid) -> ArbiterHandle {
        let arbiters = &self.0.arbiters;
        if arbiters.is_empty() {
            return self.0.here.clone();
        }
        let start = usize::try_from(id.as_u128() % arbiters.len() as u128).unwrap_or(0);
        let living = (0..arbiters.len())
            .map(|step| &arbiters[(start + step) % arbiters.len()])
            .find(|arbiter| arbiter.alive());
        living.unwrap_or(&arbiters[start]).handle()
    }

    /// Sends a command to the session's actor and waits for its answer. A `fresh` session has an id
    /// that was just made: there is nothing to read.
    ///
    /// An actor that dies of it is replaced and asked once more; the command is safe to repeat, because
    /// what was stored is recognised. The second death sends the session to a person.
    pub(crate) async fn dispatch(
        &self,
        tenant: &Arc<TenantShared>,
        session: SessionId,
        command: Command,
        inbound: Option<InboundEvent>,
        fresh: bool,
    ) -> Result<Done, EngineError> {
        let span = way::command(tenant.id, session, &command);
        let answer = self.ask(tenant, session, command, inbound, fresh, &span).await;
        span.record("outcome", outcome(&answer));
        answer
    }

    async fn ask(
        &self,
        tenant: &Arc<TenantShared>,
        session: SessionId,
        command: Command,
        inbound: Option<InboundEvent>,
        fresh: bool,
        span: &Span,
    ) -> Result<Done, EngineError> {
        let _counted = self.count_in();
        let mut deaths = 0;
        for _ in 0..8 {
            let began = Arc::new(AtomicBool::new(false));
            let (reply, answer) = oneshot::channel();
            let dispatch = Dispatch {
                command: command.clone(),
                inbound: inbound.clone(),
                began: Arc::clone(&began),
                reply: Some(reply),
                span: span.clone(),
            };
            self.send(tenant, session, dispatch, fresh && deaths == 0)?;
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(result)) => return result,
                Err(_elapsed) => return Err(EngineError::UNAVAILABLE),
                // The actor ended. If it never began the command, it was going to sleep: ask the next one.
                Ok(Err(_closed)) if !began.load(Ordering::Acquire) => {}
                Ok(Err(_closed)) => {
                    deaths += 1;
                    if deaths == 2 {
                        self.quarantine(tenant, session, &command);
                        return Err(EngineError::UNAVAILABLE);
                    }
                }
            }
        }
        Err(EngineError::UNAVAILABLE)
    }

    /// Sends a session to a person. Through the same way as any command, because the actor that just
    /// died may still look alive for a moment.
    fn quarantine(&self, tenant: &Arc<TenantShared>, session: SessionId, killer: &Command) {
        tracing::error!(tenant.id = %tenant.id, session.id = %session, "a command killed its session twice: a person must look");
        metrics::counter!(names::QUARANTINED).increment(1);
        self.incident(tenant.id, session, Fate::KilledTwice, Some(way::command_name(killer)));
        if *killer == Command::Quarantine {
            return; // this one kills it too: what is stored stays, and its timers remind people
        }
        let (registry, tenant) = (self.clone(), Arc::clone(tenant));
        self.0.ports.io.spawn(Box::pin(async move {
            if registry.dispatch(&tenant, session, Command::Quarantine, None, false).await.is_err() {
                tracing::error!(session.id = %session, "a quarantined session could not tell its people");
            }
        })
            as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>);
    }

    /// Makes sure that the session's actor lives; starting, it runs what it owes.
    pub(crate) fn wake(&self, tenant: &Arc<TenantShared>, session: SessionId) {
        let mut shard = lock(self.shard(session));
        if shard.get(&(tenant.id, session)).is_none_or(|slot| !slot.addr.connected()) {
            self.start_actor(&mut shard, tenant, session, Begin::TakesUp);
        }
    }

    fn send(
        &self,
        tenant: &Arc<TenantShared>,
        session: SessionId,
        dispatch: Dispatch,
        fresh: bool,
    ) -> Result<(), EngineError> {
        let mut shard = lock(self.shard(session));
        let living = shard.get(&(tenant.id, session)).filter(|slot| slot.addr.connected());
        let sent = match living {
            Some(slot) => slot.addr.try_send(dispatch).inspect(|()| slot.vitals.mailed()),
            None => Err(SendError::Closed(dispatch)),
        };
        match sent {
            Ok(()) => Ok(()),
            Err(SendError::Full(_)) => Err(EngineError::BUSY),
            Err(SendError::Closed(dispatch)) => {
                let begin = if fresh { Begin::Fresh } else { Begin::Woken };
                let slot = self.start_actor(&mut shard, tenant, session, begin);
                slot.addr.try_send(dispatch).map_err(|_| EngineError::UNAVAILABLE)?;
                slot.vitals.mailed();
                Ok(())
            }
        }
    }

    fn start_actor<'a>(
        &self,
        shard: &'a mut HashMap<Key, Slot>,
        tenant: &Arc<TenantShared>,
        session: SessionId,
        begin: Begin,
    ) -> &'a Slot {
        let generation = self.0.generation.fetch_add(1, Ordering::Relaxed);
        let key = (tenant.id, session);
        let (registry, tenant) = (self.clone(), Arc::clone(tenant));
        let vitals = Vitals::new();
        let watched = Arc::clone(&vitals);
        let addr = SessionActor::start_in_arbiter(&self.arbiter_of(session.as_uuid()), move |_| {
            // Made here and not before: a guard dropped with an arbiter that just died would wait for
            // the lock that its starter holds.
            let EngineConfig { idle, .. } = registry.0.config;
            let ports = Arc::clone(&registry.0.ports);
            let guarded = Arc::clone(&tenant);
            let exit = ExitGuard { registry, tenant: guarded, session, generation, clean: false };
            SessionActor::new(session, tenant, ports, idle, exit, watched, begin)
        });
        metrics::gauge!(names::SESSIONS_AWAKE).increment(1.0);
        shard.entry(key).insert_entry(Slot { addr, generation, vitals }).into_mut()
    }

    /// Tells a session that is awake here what another node stored of it.
    pub(crate) fn note_foreign(&self, tenant: TenantId, session: SessionId, version: Version) {
        let shard = lock(self.shard(session));
        if let Some(slot) = shard.get(&(tenant, session)) {
            let _full = slot.addr.try_send(Foreign(version)); // then the next commit tells, by a conflict
        }
    }

    /// Asks every session that is awake to leave its running turn to another node.
    pub(crate) fn yield_turns(&self) {
        for shard in &self.0.shards {
            let shard = lock(shard);
            // In one order, so that a simulated run is repeated by its seed (A10).
            let mut awake: Vec<_> = shard.iter().collect();
            awake.sort_by_key(|(key, _)| **key);
            for (_, slot) in awake {
                let _full = slot.addr.try_send(YieldTurn); // then its lease ends by itself
            }
        }
    }

    /// Takes an actor that ends out of the map, so that the next command starts another.
    pub(crate) fn forget(&self, tenant: TenantId, session: SessionId, generation: u64) {
        let mut shard = lock(self.shard(session));
        let key = (tenant, session);
        if shard.get(&key).is_some_and(|slot| slot.generation == generation) {
            shard.remove(&key);
        }
        metrics::gauge!(names::SESSIONS_AWAKE).decrement(1.0);
    }

    /// Every session that is awake, with how it stands.
    pub(crate) fn living(&self) -> Vec<(TenantId, SessionId, Arc<Vitals>)> {
        let mut living = Vec::new();
        for shard in &self.0.shards {
            let shard = lock(shard);
            living.extend(shard.iter().map(|((t, s), slot)| (*t, *s, Arc::clone(&slot.vitals))));
        }
        living
    }

    pub(crate) fn incidents(&self) -> &Incidents {
        &self.0.incidents
    }

    pub(crate) fn incident(
        &self,
        tenant: TenantId,
        session: SessionId,
        fate: Fate,
        command: Option<&'static str>,
    ) {
        let at = self.0.ports.clock.now();
        self.0.incidents.push(Incident { at, tenant, session, fate, command });
    }

    /// How long a message waits on each thread.
    pub(crate) async fn lags(&self, patience: Duration) -> Vec<Option<Duration>> {
        let lags = self.0.arbiters.iter().map(|arbiter| inspect::lag(arbiter.handle(), patience));
        futures_util::future::join_all(lags).await
    }

    /// Whether no other node writes: then memory is never behind.
    pub(crate) fn is_sole(&self) -> bool {
        self.0.config.sole
    }

    /// Where turns wait that a crash has cut off.
    pub(crate) fn resuming(&self) -> Resuming {
        self.0.resuming.clone()
    }

    /// Counts something that a stop should wait for, until the guard is dropped.
    pub(crate) fn count_in(&self) -> InFlight {
        InFlight::count(&self.0.in_flight)
    }

    /// Commands, turns and letters that are under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// From now on no new work is taken, and what runs hurries.
    pub(crate) fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        self.0.hurry.notify_waiters();
    }

    /// Returns once this stops; at once when it already does.
    pub(crate) async fn until_stopping(&self) {
        let mut told = pin!(self.0.hurry.notified());
        told.as_mut().enable();
        if !self.0.stopping.load(Ordering::Relaxed) {
            told.await;
        }
    }

    /// From now on nothing passes a point of no return.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }

    fn shard(&self, session: SessionId) -> &Mutex<HashMap<Key, Slot>> {
        let random = session.as_uuid().as_u128() as usize;
        &self.0.shards[random % SHARDS]
    }
}

/// What came of a command, as traces tell it.
const fn outcome(answer: &Result<Done, EngineError>) -> &'static str {
    match answer {
        Ok(_) => "stored",
        Err(EngineError::Rejected(_)) => "rejected",
        Err(EngineError::Busy { .. }) => "busy",
        Err(EngineError::Unavailable { .. }) => "unavailable",
    }
}

/// Something under way; counted until it is dropped, also when its owner panics or goes away.
pub(crate) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    pub(crate) fn count(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
