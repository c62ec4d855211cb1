//! How the actors stand, for operators: depths, times, restarts, last errors; never a text (A13).
//!
//! Sessions are read from their [`Vitals`](crate::vitals), without asking them. Who keeps no vitals (a
//! tenant's deliveries, a node's timers, the threads) is asked, and a silence is an answer: `None` means
//! that nothing came back within [`PATIENCE`].

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use actix::{Addr, Message};
use forecourt_core::{
    event::Version,
    id::{NodeId, SessionId, TenantId, TurnId},
    promise::Rung,
};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::timeout};

pub use crate::vitals::{Fate, Incident};
use crate::{
    deliveries::Deliveries,
    engine::Engine,
    names,
    tenant::TenantHandle,
    timers::Timers,
    vitals::{Reading, Vitals},
};

/// How long a silent actor is waited for.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most sessions, and the most tenants, that are told at once.
pub const MOST: usize = 500;

/// Which sessions are told first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those with the most commands waiting.
    #[default]
    Depth,
    /// Those that took the longest for one command.
    Time,
    /// Those that died most often.
    Restarts,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub tenant: Option<TenantId>,
    pub session: Option<SessionId>,
    pub order: Order,
    /// How many sessions, and how many tenants; at most [`MOST`].
    pub top: usize,
}

/// How a node's actors stand at one moment.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub at: Timestamp,
    pub node: NodeId,
    pub stopping: bool,
    /// Commands, turns and letters under way.
    pub in_flight: usize,
    pub sessions_awake: usize,
    pub tenants_loaded: usize,
    /// Timers in memory, of the tenants asked for.
    pub timers: Option<usize>,
    /// By thread: how long a message waits there before it is looked at.
    pub arbiters: Vec<Option<Duration>>,
    pub tenants: Vec<TenantVitals>,
    pub sessions: Vec<SessionVitals>,
    /// The last deaths and quarantines, newest first.
    pub incidents: Vec<Incident>,
}

/// How a tenant's actors stand.
#[derive(Clone, Debug)]
pub struct TenantVitals {
    pub tenant: TenantId,
    pub slug: String,
    pub sessions_awake: usize,
    /// Submissions that are captured or wait for it.
    pub captures: usize,
    /// Appends that wait for their commit.
    pub journal: usize,
    pub deliveries: Option<DeliveriesDepth>,
    pub timers: Option<usize>,
}

/// Letters in memory; the others wait in their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveriesDepth {
    pub waiting: usize,
    pub under_way: usize,
}

/// How a session's actor stands.
#[derive(Clone, Debug)]
pub struct SessionVitals {
    pub tenant: TenantId,
    pub session: SessionId,
    /// Commands that its actor has not looked at.
    pub mailbox: usize,
    /// Commands that wait for the one under way.
    pub queue: usize,
    pub version: Version,
    pub commands: u64,
    pub total: Duration,
    pub longest: Duration,
    /// How long the command under way has taken so far.
    pub under_way: Option<Duration>,
    pub idle: Duration,
    pub turn: Option<TurnVitals>,
    /// Deaths among the incidents that are remembered.
    pub restarts: usize,
    pub quarantined: bool,
    /// What went wrong last, as a code.
    pub last_error: Option<&'static str>,
}

/// A running turn.
#[derive(Clone, Copy, Debug)]
pub struct TurnVitals {
    pub turn: TurnId,
    pub model: &'static str,
    pub age: Duration,
}

/// Asks how many letters are in memory.
#[derive(Message)]
#[rtype(result = "DeliveriesDepth")]
pub(crate) struct AskDeliveries;

/// Asks how many timers are in memory, by tenant.
#[derive(Message)]
#[rtype(result = "HashMap<TenantId, usize>")]
pub(crate) struct AskTimers;

impl Engine {
    /// Reads how the actors stand. Takes [`PATIENCE`] at most, and nothing from those that work.
    pub async fn inspect(&self, filter: Filter) -> Inspection {
        let top = filter.top.min(MOST);
        let (registry, ports) = (self.registry(), self.ports());
        let wanted = |tenant: TenantId| filter.tenant.is_none_or(|id| id == tenant);
        let incidents = registry.incidents().all();
        let mut awake: HashMap<TenantId, usize> = HashMap::new();
        let mut sessions = Vec::new();
        for (tenant, session, vitals) in registry.living() {
            *awake.entry(tenant).or_default() += 1;
            if wanted(tenant) && filter.session.is_none_or(|id| id == session) {
                let restarts = incidents
                    .iter()
                    .filter(|incident| {
                        incident.session == session && !incident.fate.is_quarantine()
                    })
                    .count();
                sessions.push((rank(filter.order, &vitals, restarts), tenant, session, vitals));
            }
        }
        sessions.sort_unstable_by_key(|(rank, _, session, _)| (std::cmp::Reverse(*rank), *session));
        sessions.truncate(top);
        let model = |rung: Rung| {
            if rung == Rung::Primary { ports.primary.name() } else { ports.second.name() }
        };
        let sessions = sessions
            .into_iter()
            .map(|(_, tenant, session, vitals)| {
                told(tenant, session, &vitals.read(), &incidents, model)
            })
            .collect();

        let mut tenants = self.tenants_loaded();
        let tenants_loaded = tenants.len();
        tenants.retain(|tenant| wanted(tenant.id()));
        tenants.sort_unstable_by_key(|tenant| {
            let busy = tenant.shared().journal.depth() + tenant.captures_waiting();
            let awake = awake.get(&tenant.id()).copied().unwrap_or_default();
            (std::cmp::Reverse((busy, awake)), tenant.id())
        });
        tenants.truncate(top);
        let (timers, arbiters, letters) = tokio::join!(
            ask_timers(self.timers_actor()),
            registry.lags(PATIENCE),
            join_all(tenants.iter().map(ask_deliveries)),
        );
        let timers_of =
            |id: TenantId| timers.as_ref().map(|by| by.get(&id).copied().unwrap_or_default());
        let tenants = tenants
            .iter()
            .zip(letters)
            .map(|(tenant, deliveries)| TenantVitals {
                tenant: tenant.id(),
                slug: tenant.snapshot().slug.clone(),
                sessions_awake: awake.get(&tenant.id()).copied().unwrap_or_default(),
                captures: tenant.captures_waiting(),
                journal: tenant.shared().journal.depth(),
                deliveries,
                timers: timers_of(tenant.id()),
            })
            .collect();
        let shown = |incident: &Incident| {
            wanted(incident.tenant) && filter.session.is_none_or(|id| id == incident.session)
        };
        Inspection {
            at: ports.clock.now(),
            node: ports.node,
            stopping: self.is_stopping(),
            in_flight: registry.in_flight(),
            sessions_awake: awake.values().sum(),
            tenants_loaded,
            timers: match filter.tenant {
                Some(id) => timers_of(id),
                None => timers.as_ref().map(|by| by.values().sum()),
            },
            arbiters,
            tenants,
            sessions,
            incidents: incidents.iter().rev().filter(|incident| shown(incident)).copied().collect(),
        }
    }

    /// Keeps the gauges of [`names`] true, as long as the engine lives.
    pub fn watch(&self, every: Duration) {
        let weak = self.downgrade();
        self.ports().io.spawn(async move {
            loop {
                let Some(engine) = weak.get() else { return };
                engine.measure().await;
                drop(engine);
                tokio::time::sleep(every).await;
            }
        });
    }

    async fn measure(&self) {
        let registry = self.registry();
        let tenants = self.tenants_loaded();
        let (timers, lags, letters) = tokio::join!(
            ask_timers(self.timers_actor()),
            registry.lags(PATIENCE),
            join_all(tenants.iter().map(ask_deliveries)),
        );
        let set = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
        let (mut deepest, mut turns) = (0, 0);
        for (_, _, vitals) in registry.living() {
            let read = vitals.read();
            deepest = deepest.max(read.mailbox + read.queue);
            turns += usize::from(read.turn.is_some());
        }
        set(names::SESSION_DEPTH, deepest);
        set(names::TURNS_RUNNING, turns);
        set(names::IN_FLIGHT, registry.in_flight());
        set(names::TENANTS_LOADED, tenants.len());
        set(names::RESOURCES_AWAKE, self.resources().awake());
        let depths = tenants.iter().map(|tenant| tenant.shared().journal.depth());
        set(names::JOURNAL_DEPTH, depths.max().unwrap_or_default());
        set(names::CAPTURES, tenants.iter().map(TenantHandle::captures_waiting).sum());
        let letters: Vec<_> = letters.into_iter().flatten().collect();
        set(names::DELIVERIES_WAITING, letters.iter().map(|depth| depth.waiting).sum());
        set(names::DELIVERIES_UNDER_WAY, letters.iter().map(|depth| depth.under_way).sum());
        if let Some(timers) = timers {
            set(names::TIMERS_IN_MEMORY, timers.values().sum());
        }
        for (n, lag) in lags.into_iter().enumerate() {
            // A thread that does not answer lags by that much at least.
            let lag = lag.unwrap_or(PATIENCE).as_secs_f64();
            metrics::gauge!(names::ARBITER_LAG, "arbiter" => n.to_string()).set(lag);
        }
    }
}

fn rank(order: Order, vitals: &Vitals, restarts: usize) -> u128 {
    let read = vitals.read();
    match order {
        Order::Depth => (read.mailbox + read.queue) as u128,
        Order::Time => read.longest.max(read.under_way.unwrap_or_default()).as_micros(),
        Order::Restarts => restarts as u128,
    }
}

fn told(
    tenant: TenantId,
    session: SessionId,
    read: &Reading,
    incidents: &[Incident],
    model: impl Fn(Rung) -> &'static str,
) -> SessionVitals {
    let of_it = || incidents.iter().filter(|incident| incident.session == session);
    SessionVitals {
        tenant,
        session,
        mailbox: read.mailbox,
        queue: read.queue,
        version: read.version,
        commands: read.handled,
        total: read.total,
        longest: read.longest,
        under_way: read.under_way,
        idle: read.idle,
        turn: read.turn.map(|now| TurnVitals {
            turn: now.turn,
            model: model(now.rung),
            age: now.age(),
        }),
        restarts: of_it().filter(|incident| !incident.fate.is_quarantine()).count(),
        quarantined: of_it().any(|incident| incident.fate.is_quarantine()),
        last_error: read.fault.or_else(|| of_it().next_back().map(|last| last.fate.as_str())),
    }
}

async fn ask_timers(timers: &Addr<Timers>) -> Option<HashMap<TenantId, usize>> {
    timers.send(AskTimers).timeout(PATIENCE).await.ok()
}

async fn ask_deliveries(tenant: &TenantHandle) -> Option<DeliveriesDepth> {
    let addr: Addr<Deliveries> = tenant.shared().deliveries.addr()?;
    addr.send(AskDeliveries).timeout(PATIENCE).await.ok()
}

/// How long a message waits on a thread before it is looked at; `None` when it was not within `patience`.
pub(crate) async fn lag(arbiter: actix_rt::ArbiterHandle, patience: Duration) -> Option<Duration> {
    let (tell, told) = oneshot::channel();
    let sent = Instant::now();
    if !arbiter.spawn_fn(move || {
        let _gone = tell.send(sent.elapsed());
    }) {
        return None; // the thread is dead
    }
    timeout(patience, told).await.ok()?.ok()
}
