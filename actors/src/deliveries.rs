//! A tenant's deliveries: prepared, recorded, handed over, reported.
//!
//! One actor per tenant, so that one tenant's slow provider delays no other. Within it, one delivery
//! per session is on its way at a time: a conversation's letters arrive in order.
//!
//! # Invariants
//! - **R1** a delivery is handed over only after the store has recorded that it will be; what a crash
//!   leaves between record and report is *uncertain*, and never blindly repeated;
//! - **A7** the record checks the fence: what is older than its session's stays in;
//! - **A9** the queue is bounded; what does not fit waits in its row;
//! - while the provider does not answer, letters keep their place and burn no step of their ladder:
//!   short pauses pass in memory, longer ones in the row, where a living node finds it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use actix::{
    Actor, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, MessageResult,
    SpawnHandle, WrapFuture as _,
};
use forecourt_core::{
    breaker::{Leave, Shown},
    event::{Author, DeliveryKind, DeliveryQueued},
    id::{DeliveryId, SessionId, TenantId},
    session::{Command, DeliveryReport, LeadSession, Rejection},
};
use forecourt_ports::{
    sender::{Letter, Outgoing, Recipient, SendError},
    store::{Content, DueDelivery, HandOver, Leaving, Postponed},
};
use jiff::{SignedDuration, Timestamp};
use tracing::{Instrument as _, Span};

use crate::{
    engine::Ports,
    error::EngineError,
    inspect::{AskDeliveries, DeliveriesDepth},
    names,
    providers::{Provider, ProviderStatus, Use},
    recent::Recent,
    registry::InFlight,
    tenant::TenantShared,
    together::Together,
    way,
};

/// Letters on their way at once, per tenant, from their record to the commit of their report: as many
/// are uncertain after a crash (R1).
const AT_ONCE: usize = 4;
/// More than so many that wait are a burst. Then promises weigh more than the letters that a crash
/// would leave uncertain, and the next ones do not wait for the reports of the last.
const BURST: usize = 64;
/// Letters at the provider at once in a burst.
const AT_ONCE_IN_A_BURST: usize = 32;
/// Letters under way in a burst, those whose report is being stored among them.
const UNDER_WAY_IN_A_BURST: usize = 256;
/// How far into the queue an answer may be that overtakes alerts.
const LOOK_AHEAD: usize = 1_024;
/// Letters that wait in memory, per tenant.
const QUEUE: usize = 10_000;
/// Covers the longest handover: a body may take 30 s.
const HANDOVER_LEASE: SignedDuration = SignedDuration::from_secs(45);
/// A letter that must wait longer for its provider waits in its row.
const IN_MEMORY: SignedDuration = SignedDuration::from_secs(5);
/// The pause before a report is given to its session again.
const REPORT_AGAIN: SignedDuration = SignedDuration::from_millis(500);

/// The delivery as it is due right after the commit that queued it; the row says the same.
pub(crate) fn due_now(
    tenant: TenantId,
    state: &LeadSession,
    recent: &Recent,
    queued: &DeliveryQueued,
) -> Option<DueDelivery> {
    let carried = match queued.message {
        Some(message) => Some(recent.iter().find(|said| said.message == message)?),
        None => None,
    };
    Some(DueDelivery {
        tenant,
        session: state.id,
        delivery: queued.delivery,
        kind: queued.kind,
        attempt: 1,
        lost: false,
        deadline: queued.deadline,
        to: queued.to.as_str().to_owned(),
        lang: state.lang,
        content: Content {
            customer_name: state.customer_name.clone(),
            vehicle_interest: state.vehicle_interest.clone(),
            text: carried.map_or_else(|| state.last_customer_text.clone(), |said| said.text.into()),
            author: carried.map(|said| said.author),
            member_name: carried.and_then(|said| said.member_name.map(str::to_owned)),
            note: Content::note_of(queued.kind, state),
        },
        thread: state.thread.clone(),
    })
}

/// The way to a tenant's deliveries.
pub(crate) struct DeliveriesHandle {
    addr: OnceLock<Addr<Deliveries>>,
    provider: Arc<Use>,
}

impl DeliveriesHandle {
    pub(crate) fn new(provider: &Arc<Provider>) -> Self {
        let provider = Arc::new(Use::new(Arc::clone(provider)));
        Self { addr: OnceLock::new(), provider }
    }

    pub(crate) fn status(&self, now: Timestamp) -> ProviderStatus {
        self.provider.status(now)
    }

    pub(crate) fn start(&self, tenant: &Arc<TenantShared>) {
        let arbiter = tenant.registry.arbiter_of(tenant.id.as_uuid());
        let (weak, provider) = (Arc::downgrade(tenant), Arc::clone(&self.provider));
        let _twice = self.addr.set(Deliveries::start_in_arbiter(&arbiter, move |ctx| {
            ctx.set_mailbox_capacity(QUEUE);
            Deliveries {
                tenant: weak,
                provider,
                queue: VecDeque::new(),
                sending: 0,
                under_way: HashSet::new(),
                known: HashSet::new(),
                alarm: None,
            }
        }));
    }

    /// Queues a delivery; if there is no room its row is found by a later sweep.
    pub(crate) fn enqueue(&self, due: DueDelivery) {
        if let Some(addr) = self.addr.get()
            && addr.try_send(Enqueue(due, Span::current())).is_err()
        {
            tracing::warn!("a tenant's deliveries have no room: the sweep takes it up");
        }
    }
}

impl DeliveriesHandle {
    /// For who asks how they stand.
    pub(crate) fn addr(&self) -> Option<Addr<Deliveries>> {
        self.addr.get().cloned()
    }
}

impl Handler<AskDeliveries> for Deliveries {
    type Result = MessageResult<AskDeliveries>;

    fn handle(&mut self, _: AskDeliveries, _: &mut Self::Context) -> Self::Result {
        MessageResult(DeliveriesDepth {
            waiting: self.queue.len(),
            under_way: self.under_way.len(),
        })
    }
}

pub(crate) struct Deliveries {
    tenant: Weak<TenantShared>,
    provider: Arc<Use>,
    queue: VecDeque<(DueDelivery, InFlight, Span)>,
    /// Letters at the provider.
    sending: usize,
    /// Sessions with a letter on its way, from its try to the commit of its report.
    under_way: HashSet<SessionId>,
    /// Tries that wait or run, so that a sweep does not queue them again.
    known: HashSet<(DeliveryId, u32)>,
    /// When the queue is looked through again, because its provider or the tenant's rate says so.
    alarm: Option<(Timestamp, SpawnHandle)>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Enqueue(DueDelivery, Span);

impl Actor for Deliveries {
    type Context = Context<Self>;
}

impl Handler<Enqueue> for Deliveries {
    type Result = ();

    fn handle(&mut self, Enqueue(due, span): Enqueue, ctx: &mut Self::Context) {
        if self.queue.len() < QUEUE && self.known.insert((due.delivery, due.attempt)) {
            let Some(tenant) = self.tenant.upgrade() else { return };
            let span = span.in_scope(|| {
                way::delivery(due.tenant, due.session, due.delivery, due.kind, due.attempt)
            });
            self.queue.push_back((due, tenant.registry.count_in(), span));
            self.pump(ctx);
            self.provider.set_waiting(self.queue.len());
        }
    }
}

impl Deliveries {
    fn pump(&mut self, ctx: &mut Context<Self>) {
        let Some(now) = self.tenant.upgrade().map(|tenant| tenant.ports.clock.now()) else {
            return;
        };
        while self.has_room() {
            let Some(next) = self.next(now, ctx) else { return };
            let (Some((due, counted, span)), Some(tenant)) =
                (self.queue.remove(next), self.tenant.upgrade())
            else {
                return;
            };
            let (session, try_) = (due.session, (due.delivery, due.attempt));
            let provider = (!due.lost).then(|| Arc::clone(&self.provider));
            self.under_way.insert(session);
            self.sending += 1;
            let (ports, io) = (Arc::clone(&tenant.ports), tenant.ports.io.clone());
            // On the io runtime: a panic of a provider's client ends there, and is an answer here.
            let handed_over = Arc::new(AtomicBool::new(false));
            let work = attempt(due.clone(), tenant.clone(), Arc::clone(&handed_over));
            let work = io.spawn(work.instrument(span.clone()));
            let heard_by = Arc::clone(&ports);
            let tried = async move {
                let report = work.await.unwrap_or_else(|_panic| {
                    let code = "crashed".to_owned();
                    Some(if handed_over.load(Ordering::Acquire) {
                        DeliveryReport::Uncertain { code }
                    } else {
                        DeliveryReport::Temporary { code, retry_after: None }
                    })
                });
                // Before the report is stored: others wait for this word.
                if let Some(provider) = provider {
                    provider.heard(report.as_ref(), heard_by.clock.now());
                }
                report
            }
            .instrument(span.clone());
            ctx.spawn(tried.into_actor(self).map(move |report, deliveries, ctx| {
                // The next letter need not wait until this one's report is stored.
                deliveries.sending -= 1;
                let told = async move {
                    if let Some(report) = report {
                        tell(&ports, &tenant, &due, report).await;
                    }
                    drop(counted);
                }
                .instrument(span);
                ctx.spawn(told.into_actor(deliveries).map(move |(), deliveries, ctx| {
                    deliveries.under_way.remove(&session);
                    deliveries.known.remove(&try_);
                    deliveries.pump(ctx);
                    deliveries.provider.set_waiting(deliveries.queue.len());
                }));
                deliveries.pump(ctx);
                deliveries.provider.set_waiting(deliveries.queue.len());
            }));
        }
    }

    fn has_room(&self) -> bool {
        if self.queue.len() > BURST {
            self.sending < AT_ONCE_IN_A_BURST && self.under_way.len() < UNDER_WAY_IN_A_BURST
        } else {
            self.under_way.len() < AT_ONCE
        }
    }

    /// The place of the letter that leaves next: the first whose session has none on its way and that
    /// may leave. When none may, the queue waits, in memory or in its rows.
    fn next(&mut self, now: Timestamp, ctx: &mut Context<Self>) -> Option<usize> {
        let mut first: Option<Timestamp> = None;
        let mut long: HashMap<SessionId, Timestamp> = HashMap::new();
        // Only the first of a session may leave: its letters arrive in order.
        let mut passed: HashSet<SessionId> = HashSet::new();
        // A customer's answer goes before the staff's alerts: theirs is the promise.
        let mut alerts = VecDeque::new();
        let mut letters = self.queue.iter().map(|(due, ..)| due).enumerate();
        loop {
            let (place, due) = match letters.next().filter(|(place, _)| *place < LOOK_AHEAD) {
                Some((_, due))
                    if self.under_way.contains(&due.session) || !passed.insert(due.session) =>
                {
                    continue;
                }
                Some((place, due)) if due.kind != DeliveryKind::Answer => {
                    alerts.push_back((place, due));
                    continue;
                }
                Some(answer) => answer,
                None => match alerts.pop_front() {
                    Some(alert) => alert,
                    None => break,
                },
            };
            // What is lost asks the provider for nothing.
            let leave = if due.lost { Leave::Go } else { self.provider.ask(now, due.deadline) };
            match leave {
                Leave::Go | Leave::Probe => return Some(place),
                Leave::Wait(until) if until.duration_since(now) > IN_MEMORY => {
                    long.insert(due.session, until);
                }
                Leave::Wait(until) => {
                    first = Some(first.map_or(until, |first| first.min(until)));
                }
            }
        }
        // While a probe is on its way all wait for its word, which is sooner than its time.
        let probing = matches!(self.provider.status(now).state, Shown::HalfOpen);
        if !long.is_empty() && !probing {
            self.postpone(now, &long, ctx);
        } else if let Some(lost) = long.values().min() {
            first = Some(first.map_or(*lost, |first| first.min(*lost)));
        }
        if let Some(until) = first {
            self.look_again(until, ctx);
        }
        None
    }

    /// Looks through the queue at `until`, or as soon as the provider has been heard of.
    fn look_again(&mut self, until: Timestamp, ctx: &mut Context<Self>) {
        if self.alarm.is_some_and(|(at, _)| at <= until) {
            return;
        }
        let Some(tenant) = self.tenant.upgrade() else { return };
        if let Some((_, alarm)) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let clock = Arc::clone(&tenant.ports.clock);
        let changed = self.provider.provider().changes();
        let wait = async move {
            tokio::select! {
                biased;
                () = clock.sleep_until(until) => {}
                () = changed => {}
            }
        };
        let alarm = ctx.spawn(wait.into_actor(self).map(|(), deliveries, ctx| {
            deliveries.alarm = None;
            deliveries.pump(ctx);
            deliveries.provider.set_waiting(deliveries.queue.len());
        }));
        self.alarm = Some((until, alarm));
    }

    /// Puts letters off in their rows, with all that follow them in their sessions, in their order.
    fn postpone(
        &mut self,
        now: Timestamp,
        long: &HashMap<SessionId, Timestamp>,
        ctx: &mut Context<Self>,
    ) {
        let Some(tenant) = self.tenant.upgrade() else { return };
        let mut tries = Vec::new();
        self.queue.retain(|(due, ..)| {
            let Some(until) = long.get(&due.session).filter(|_| !due.lost) else { return true };
            // One after the other, so that they come back in the order in which they wait.
            let step = SignedDuration::from_micros(i64::try_from(tries.len()).unwrap_or(0));
            let until = until.saturating_add(step).unwrap_or(Timestamp::MAX);
            tries.push(Postponed { delivery: due.delivery, attempt: due.attempt, until });
            self.known.remove(&(due.delivery, due.attempt));
            false
        });
        let name = self.provider.provider().name();
        metrics::counter!(names::POSTPONED, "provider" => name).increment(tries.len() as u64);
        let ports = Arc::clone(&tenant.ports);
        let put_off = async move {
            let Ports { store, node, .. } = &*ports;
            if let Err(error) = store.postpone_deliveries(tenant.id, *node, now, &tries).await {
                // Their claims end, and a sweep finds them.
                tracing::warn!(%error, "letters that wait for their provider were not put off");
            }
        };
        ctx.spawn(put_off.into_actor(self));
    }
}

/// Records the handovers of a tenant, those that wait at the same time in one transaction.
pub(crate) fn handovers(tenant: TenantId, ports: &Arc<Ports>) -> Together<Leaving, HandOver> {
    let (own, io) = (Arc::clone(ports), &ports.io);
    Together::start(io, UNDER_WAY_IN_A_BURST, move |tries: Vec<Leaving>| {
        let ports = Arc::clone(&own);
        async move {
            let Ports { store, clock, node, .. } = &*ports;
            store.hand_over_all(tenant, &tries, *node, clock.now(), HANDOVER_LEASE).await
        }
    })
}

/// One try; `None` when somebody else had it.
async fn attempt(
    due: DueDelivery,
    tenant: Arc<TenantShared>,
    handed_over: Arc<AtomicBool>,
) -> Option<DeliveryReport> {
    let sender = &tenant.ports.sender;
    if due.lost {
        return Some(DeliveryReport::Uncertain { code: "lost".into() });
    }
    let outgoing = outgoing(&due, &tenant);
    let prepared = match sender.prepare(&outgoing).instrument(way::prepare(sender.name())).await {
        Ok(prepared) => prepared,
        Err(error) => return Some(report(error)),
    };
    if tenant.registry.is_closed() {
        return None; // stopping: its row waits
    }
    let leaving = Leaving { session: due.session, delivery: due.delivery, attempt: due.attempt };
    match tenant.handovers.ask(leaving).await {
        Ok(HandOver::Go) => {}
        Ok(HandOver::Stale) => return None,
        Ok(HandOver::Refused) => return Some(DeliveryReport::Refused),
        // Nothing has left: it may be tried again.
        Err(_) => return Some(temporary("store")),
    }
    handed_over.store(true, Ordering::Release);
    Some(match prepared.hand_over().instrument(way::hand_over(sender.name())).await {
        Ok(accepted) => DeliveryReport::Accepted { reference: accepted.reference },
        Err(error) => report(error),
    })
}

/// Gives a report to its session, until it is stored or over: what a provider took must not be forgotten.
async fn tell(
    ports: &Ports,
    tenant: &Arc<TenantShared>,
    due: &DueDelivery,
    report: DeliveryReport,
) {
    let result = match &report {
        DeliveryReport::Accepted { .. } => "accepted",
        DeliveryReport::Temporary { .. } => "temporary",
        DeliveryReport::Permanent { .. } => "permanent",
        DeliveryReport::Uncertain { .. } => "uncertain",
        DeliveryReport::Refused => "refused",
    };
    Span::current().record("outcome", result);
    metrics::counter!(names::DELIVERIES, "provider" => ports.sender.name(), "result" => result)
        .increment(1);
    let command = Command::ReportDelivery { delivery: due.delivery, attempt: due.attempt, report };
    loop {
        match tenant.dispatch(due.session, command.clone()).await {
            Ok(_) | Err(EngineError::Rejected(Rejection::Stale | Rejection::NotFound)) => return,
            Err(error) => {
                tracing::warn!(delivery.id = %due.delivery, %error, "a delivery's report waits");
                let again = ports.clock.now().saturating_add(REPORT_AGAIN);
                ports.clock.sleep_until(again.unwrap_or(Timestamp::MAX)).await;
            }
        }
    }
}

fn report(error: SendError) -> DeliveryReport {
    match error {
        SendError::Temporary { code, retry_after } => DeliveryReport::Temporary {
            code,
            retry_after: retry_after.and_then(|after| SignedDuration::try_from(after).ok()),
        },
        SendError::Permanent { code } => DeliveryReport::Permanent { code },
        SendError::Uncertain { code } => DeliveryReport::Uncertain { code },
    }
}

fn temporary(code: &str) -> DeliveryReport {
    DeliveryReport::Temporary { code: code.into(), retry_after: None }
}

fn outgoing(due: &DueDelivery, tenant: &TenantShared) -> Outgoing {
    let links = &tenant.ports.links;
    let Content { customer_name, vehicle_interest, text, author, member_name, note } =
        due.content.clone();
    let (letter, name, unsubscribe_url) = match due.kind {
        DeliveryKind::Answer => {
            let letter = match author {
                Some(Author::Member { .. }) => {
                    Letter::MemberAnswer { subject: None, text, member: member_name }
                }
                _ => Letter::Answer { subject: None, text },
            };
            (letter, customer_name, links.unsubscribe(tenant.id, due.session))
        }
        DeliveryKind::Alert { reason } => {
            let link = links.conversation(tenant.id, due.session);
            let customer = customer_name.unwrap_or_default();
            (
                Letter::Alert {
                    customer,
                    vehicle: vehicle_interest,
                    excerpt: text,
                    reason,
                    link,
                    note: note.unwrap_or_default(),
                },
                None,
                None,
            )
        }
    };
    let snapshot = tenant.snapshot();
    let lang = match due.kind {
        DeliveryKind::Answer => due.lang,
        DeliveryKind::Alert { .. } => snapshot.settings.default_language(),
    };
    Outgoing {
        delivery: due.delivery,
        tenant: tenant.id,
        session: due.session,
        settings: Arc::new(snapshot.settings.clone()),
        lang,
        letter,
        to: Recipient { name, address: due.to.clone() },
        thread: if due.kind == DeliveryKind::Answer { due.thread.clone() } else { Vec::new() },
        unsubscribe_url,
    }
}
