//! One endpoint: takes what is due, calls, and writes down what came of it.
//!
//! # Invariants
//! - at most [`AT_ONCE`] calls are under way and [`IN_HAND`] in memory; of one conversation one at a time,
//!   because the store gives no second one before the first has ended;
//! - an endpoint that does not answer is left alone by its breaker: one probe at a time, and what waits burns
//!   no step of its ladder;
//! - the claim is renewed while it works, and given back when there is nothing to do.

use std::collections::{HashSet, VecDeque};

use forecourt_core::{
    breaker::{Breaker, Leave},
    id::{EndpointId, TenantId},
    webhook::{Outcome, PAUSES, Topic, Verdict},
};
use forecourt_ports::{
    bus::{Pushed, Subscription},
    store::{CallReport, DueCall, Work, WorkAsk},
    webhook::{Owner, Request, Secret},
};
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};

use super::{LEASE, Shared, WebhookPorts};
use crate::names;

/// Calls of one endpoint that are under way at once.
pub(super) const AT_ONCE: usize = 8;
/// Calls of one endpoint in memory.
const IN_HAND: usize = 64;
/// How often the claim is renewed.
const RENEW: SignedDuration = SignedDuration::from_secs(5);
/// Events that come within this time are taken together.
const GATHER: SignedDuration = SignedDuration::from_millis(20);
/// A worker without work stays for so long: the next event leaves at once.
const LINGER: SignedDuration = SignedDuration::from_secs(10);
/// How long it waits after the store has failed.
const BREATH: SignedDuration = SignedDuration::from_secs(1);
/// How often a report is tried; then the call is made again.
const REPORTS: u32 = 5;

/// Works for one endpoint until it has nothing to do, is paused, or is another node's.
pub(super) async fn run(shared: &Shared, tenant: TenantId, endpoint: EndpointId) {
    let ports = &shared.ports;
    let mut worker = Worker {
        ports,
        owner: Owner { tenant, endpoint },
        target: None,
        queue: VecDeque::new(),
        under_way: FuturesUnordered::new(),
        busy: HashSet::new(),
        breaker: Breaker::new(PAUSES),
        look_at: ports.clock.now(),
        idle_since: ports.clock.now(),
    };
    let mut events = ports.bus.subscribe_tenant(tenant);
    let mut woken = shared.woken.subscribe();
    while !shared.stopping.is_cancelled() {
        let now = ports.clock.now();
        if worker.look_at <= now && !worker.look(now).await {
            break;
        }
        let resume_at = worker.send(now);
        if worker.is_idle() && worker.idle_since.saturating_add(LINGER).is_ok_and(|end| end <= now)
        {
            break;
        }
        let next = resume_at.map_or(worker.look_at, |at| at.min(worker.look_at));
        tokio::select! {
            () = shared.stopping.cancelled() => {}
            Some(done) = worker.under_way.next() => worker.note(done).await,
            event = events.events.recv() => worker.hear(event, &mut events),
            _ = woken.changed() => worker.look_soon(ports.clock.now()),
            () = ports.clock.sleep_until(next) => {}
        }
    }
    while let Some(done) = worker.under_way.next().await {
        worker.note(done).await;
    }
    let left = ports.webhooks.leave_endpoint(tenant, endpoint, ports.node).await;
    super::told("a claim", left);
}

/// Where and how calls go.
struct Target {
    url: String,
    secrets: Vec<Secret>,
}

/// A try that has ended.
struct Done {
    report: CallReport,
}

struct Worker<'a> {
    ports: &'a WebhookPorts,
    owner: Owner,
    target: Option<Target>,
    /// What is due, in order.
    queue: VecDeque<DueCall>,
    under_way: FuturesUnordered<BoxFuture<'a, Done>>,
    /// Numbers of what is in the queue or under way.
    busy: HashSet<i64>,
    breaker: Breaker,
    /// When the store is asked again.
    look_at: Timestamp,
    idle_since: Timestamp,
}

impl Worker<'_> {
    fn is_idle(&self) -> bool {
        self.busy.is_empty()
    }

    fn look_soon(&mut self, now: Timestamp) {
        self.look_at = self.look_at.min(later(now, GATHER));
    }

    /// Asks the store what is due. False when the endpoint is not ours any more.
    async fn look(&mut self, now: Timestamp) -> bool {
        let busy: Vec<i64> = self.busy.iter().copied().collect();
        let room = IN_HAND.saturating_sub(busy.len()) as u32;
        let ask = WorkAsk { node: self.ports.node, now, lease: LEASE, busy: &busy, room };
        let Owner { tenant, endpoint } = self.owner;
        let work = self.ports.webhooks.work(tenant, endpoint, &ask, &*self.ports.encode).await;
        match work {
            Err(error) => {
                tracing::warn!(endpoint.id = %endpoint, %error, "the store failed a worker");
                self.look_at = later(now, BREATH);
                true
            }
            Ok(None) => {
                // What was not begun is still pending in its row.
                self.queue.clear();
                false
            }
            Ok(Some(work)) => self.take(work, room, now),
        }
    }

    fn take(&mut self, work: Work, room: u32, now: Timestamp) -> bool {
        let sealed = [Some(work.secret), work.old_secret];
        let opened: Result<Vec<Secret>, _> = sealed
            .into_iter()
            .flatten()
            .map(|sealed| self.ports.vault.open(self.owner, &sealed))
            .collect();
        let Ok(secrets) = opened else {
            // Another FORECOURT_SECRET sealed it: nothing leaves unsigned.
            tracing::error!(endpoint.id = %self.owner.endpoint, "the secret of an endpoint does not open: rotate it");
            self.look_at = later(now, SignedDuration::from_mins(1));
            return true;
        };
        self.target = Some(Target { url: work.url, secrets });
        let full = work.calls.len() >= room as usize;
        for call in work.calls {
            self.busy.insert(call.number);
            self.queue.push_back(call);
        }
        if !self.is_idle() {
            self.idle_since = now;
        }
        self.look_at = if work.behind && !full {
            now
        } else {
            let renew = later(now, RENEW);
            work.next_at.map_or(renew, |at| at.clamp(now, renew))
        };
        true
    }

    /// Sends what may leave; says when more may.
    fn send(&mut self, now: Timestamp) -> Option<Timestamp> {
        while self.under_way.len() < AT_ONCE && !self.queue.is_empty() {
            match self.breaker.ask(now, None) {
                Leave::Wait(until) => return Some(until),
                Leave::Go | Leave::Probe => {}
            }
            let (Some(call), Some(target)) = (self.queue.pop_front(), &self.target) else { break };
            let request = Request {
                url: target.url.clone(),
                id: call.event_id,
                at: now,
                body: call.body,
                secrets: target.secrets.clone(),
            };
            let (ports, number) = (self.ports, call.number);
            self.under_way.push(Box::pin(async move {
                let answer = ports.caller.call(request).await;
                metrics::histogram!(names::WEBHOOK_SECONDS).record(answer.took);
                let report = CallReport {
                    number,
                    at: now,
                    took: answer.took,
                    outcome: answer.outcome,
                    beginning: answer.beginning,
                    retry_after: answer.retry_after,
                    now: ports.clock.now(),
                };
                Done { report }
            }));
        }
        None
    }

    /// Writes down what came of a try.
    async fn note(&mut self, Done { report }: Done) {
        let Owner { tenant, endpoint } = self.owner;
        metrics::counter!(names::WEBHOOK_CALLS, "result" => result(report.outcome)).increment(1);
        let now = self.ports.clock.now();
        self.breaker.heard(report.outcome.heard(), now);
        for attempt in 1..=REPORTS {
            match self.ports.webhooks.report_call(tenant, endpoint, &report).await {
                Ok(reported) => {
                    if let Some(why) = reported.and_then(|reported| reported.paused) {
                        tracing::warn!(endpoint.id = %endpoint, ?why, "an endpoint was paused");
                        metrics::counter!(names::WEBHOOK_PAUSED).increment(1);
                    }
                    break;
                }
                Err(error) => {
                    tracing::warn!(endpoint.id = %endpoint, %error, attempt, "a report was not stored");
                    if attempt < REPORTS {
                        let at = later(self.ports.clock.now(), BREATH);
                        self.ports.clock.sleep_until(at).await;
                    }
                }
            }
        }
        self.busy.remove(&report.number);
        self.idle_since = now;
        // The conversation's next event may leave.
        self.look_at =
            if self.queue.is_empty() { now } else { self.look_at.min(later(now, GATHER)) };
    }

    /// Something happened in the tenant's log.
    fn hear(&mut self, event: Option<Pushed>, events: &mut Subscription) {
        match event {
            Some(Pushed::Event(published)) => {
                if Topic::of(&published.record.event).is_some() {
                    self.look_soon(self.ports.clock.now());
                }
            }
            Some(_) => {}
            None => {
                // Cut for being slow: the log has what was missed.
                *events = self.ports.bus.subscribe_tenant(self.owner.tenant);
                self.look_soon(self.ports.clock.now());
            }
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

const fn result(outcome: Outcome) -> &'static str {
    match (outcome.verdict(), outcome) {
        (Verdict::Accepted, _) => "accepted",
        (Verdict::Gone, _) => "gone",
        (Verdict::Again, Outcome::Answered { .. }) => "refused",
        (Verdict::Again, Outcome::Failed { .. }) => "failed",
    }
}
