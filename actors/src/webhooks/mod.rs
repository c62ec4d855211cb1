//! Calls to integrators' endpoints: one worker per endpoint while it has something to send.
//!
//! Lives here: the sweep that finds endpoints that owe something, [`worker`] that calls one of them, and
//! [`notice`] that tells a tenant's people when one was paused. What is due is decided by the rows, what
//! follows from a try by [`forecourt_core::webhook`].
//!
//! # Invariants
//! - **A9** workers, calls at once and calls in hand are bounded; one slow endpoint holds up no other;
//! - a worker that dies loses nothing: its claim ends, and another takes up what its rows say;
//! - at least once: a call whose report is lost is made again, with the same id.

mod notice;
mod worker;

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use forecourt_core::{
    id::{EndpointId, NodeId, TenantId},
    webhook::KEPT_FOR,
};
use forecourt_ports::{
    bus::Bus,
    clock::Clock,
    ids::Ids,
    links::Links,
    sender::Sender,
    store::{Store, Webhooks},
    webhook::{Caller, Encode, Vault},
};
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::names;

/// How often endpoints that owe something are looked for.
const SWEEP: SignedDuration = SignedDuration::from_secs(1);
/// How long a claim holds: what a dead node had is taken up within it.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// Workers of a node.
const MOST_WORKERS: usize = 1_000;
/// Endpoints that one sweep takes.
const AT_ONCE: usize = 100;
/// How often what has ended long ago is forgotten, and how much of each tenant.
const PRUNE: SignedDuration = SignedDuration::from_mins(10);
const PRUNED: u32 = 5_000;

/// What webhooks need from outside.
pub struct WebhookPorts {
    pub webhooks: Arc<dyn Webhooks>,
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub links: Arc<dyn Links>,
    /// Carries the letter that tells of a pause.
    pub sender: Arc<dyn Sender>,
    pub caller: Arc<dyn Caller>,
    pub vault: Arc<dyn Vault>,
    pub encode: Arc<dyn Encode>,
    pub node: NodeId,
    pub io: Handle,
}

/// A node's webhooks, running. Cheap to clone.
#[derive(Clone)]
pub struct WebhookCalls(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) ports: WebhookPorts,
    /// Counts up when somebody has changed an endpoint here.
    pub(crate) woken: watch::Sender<u64>,
    pub(crate) stopping: CancellationToken,
    workers: AtomicUsize,
    tasks: TaskTracker,
}

impl WebhookCalls {
    /// Starts the sweep; with `sole`, what a dead engine held is free at once.
    pub fn start(ports: WebhookPorts, sole: bool) -> Self {
        let shared = Arc::new(Shared {
            ports,
            woken: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            workers: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn_on(sweep(Arc::clone(&shared), sole), &shared.ports.io);
        Self(shared)
    }

    /// Something was changed: workers look at their endpoints at once.
    pub fn wake(&self) {
        self.0.woken.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Begins no call any more and waits for those under way, `within` at most; claims are given back.
    /// What is cut off is called again, with the same id.
    pub async fn stop(&self, within: Duration) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(within, self.0.tasks.wait()).await.is_err() {
            tracing::warn!(
                "calls to endpoints were cut off: they are made again after the next start"
            );
        }
    }
}

async fn sweep(shared: Arc<Shared>, sole: bool) {
    let Shared { ports, stopping, .. } = &*shared;
    let mut woken = shared.woken.subscribe();
    let mut pruned: Option<Timestamp> = None;
    let mut forgotten = !sole;
    loop {
        let now = ports.clock.now();
        if !forgotten {
            forgotten = told("claims", ports.webhooks.forget_claims().await).is_some();
        }
        take(&shared, now).await;
        notice::tell(ports, now).await;
        if pruned.is_none_or(|at| now.duration_since(at) >= PRUNE) {
            let before = now.saturating_sub(KEPT_FOR).unwrap_or(Timestamp::UNIX_EPOCH);
            told("old calls", ports.webhooks.prune_calls(before, PRUNED).await);
            pruned = Some(now);
        }
        let next = now.saturating_add(SWEEP).unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = woken.changed() => {}
            () = ports.clock.sleep_until(next) => {}
        }
    }
}

/// Takes endpoints that owe something, and starts a worker for each.
async fn take(shared: &Arc<Shared>, now: Timestamp) {
    let room = MOST_WORKERS.saturating_sub(shared.workers.load(Ordering::Relaxed)).min(AT_ONCE);
    if room == 0 {
        return;
    }
    let ports = &shared.ports;
    let claimed = ports.webhooks.claim_endpoints(ports.node, now, LEASE, room as u32).await;
    for (tenant, endpoint) in told("endpoints", claimed).unwrap_or_default() {
        start(shared, tenant, endpoint);
    }
}

fn start(shared: &Arc<Shared>, tenant: TenantId, endpoint: EndpointId) {
    let workers = shared.workers.fetch_add(1, Ordering::Relaxed) + 1;
    metrics::gauge!(names::WEBHOOK_WORKERS).set(workers as f64);
    let of_worker = Arc::clone(shared);
    let work = async move {
        let run = worker::run(&of_worker, tenant, endpoint);
        if AssertUnwindSafe(run).catch_unwind().await.is_err() {
            metrics::counter!(names::CRASHES, "actor" => "webhook").increment(1);
            tracing::error!(endpoint.id = %endpoint, "a worker died; its claim ends by itself");
        }
        let left = of_worker.workers.fetch_sub(1, Ordering::Relaxed) - 1;
        metrics::gauge!(names::WEBHOOK_WORKERS).set(left as f64);
    };
    shared.tasks.spawn_on(work, &shared.ports.io);
}

/// What the store answered; a failure is told once, where it is handled: it is tried again soon.
fn told<T, E: std::fmt::Display>(what: &'static str, result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!(%error, what, "the store failed the webhooks")).ok()
}
