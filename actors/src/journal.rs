//! One writer per tenant and node: decisions that wait at the same time share a commit (group commit).
//!
//! While one commit is under way the next batch gathers; an idle tenant commits at once. Cost per
//! event falls as load grows, and no timer is needed.
//!
//! # Invariants
//! - **A1** events are published after their commit, in the order of their sequence numbers, before
//!   the writer of the command hears of it;
//! - steps of bookings are told of here too, in their own transaction: nobody else publishes a tenant's events;
//! - **A9** the queue is bounded; a full one turns the command away.

use std::sync::Arc;

use forecourt_core::{
    event::{Event, EventRecord, Seq, Version},
    id::TenantId,
};
use forecourt_ports::{
    bus::{Bus, Published},
    store::{Append, Appended, Batch, InboundEvent, LeadNews, Store, StoreError},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use tracing::{Instrument as _, Span};

use crate::{error::EngineError, names, way};

/// How many appends may wait for their commit.
const QUEUE: usize = 4_096;
/// Steps of bookings that one commit tells of.
const STEPS: u32 = 256;
/// How many share one commit at most; beyond it the statement grows and the gain does not.
const LARGEST_BATCH: usize = 256;

type Answer = oneshot::Sender<Result<Appended, StoreError>>;

enum Write {
    Append(Box<Append>, Answer, Span),
    Inbound(Box<InboundEvent>),
    /// Steps of bookings wait to be told of.
    Bookings,
}

#[derive(Clone, Debug)]
pub(crate) struct JournalWriter {
    queue: mpsc::Sender<Write>,
}

impl JournalWriter {
    /// Starts the writer on the io runtime; it ends when the last handle is dropped, after its queue.
    pub(crate) fn start(
        tenant: TenantId,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        io: &Handle,
    ) -> Self {
        let (queue, writes) = mpsc::channel(QUEUE);
        io.spawn(run(tenant, store, bus, writes));
        Self { queue }
    }

    /// Queues an append; the answer comes after the commit. `span` tells whose decision it is.
    pub(crate) fn append(
        &self,
        append: Append,
        span: Span,
    ) -> Result<oneshot::Receiver<Result<Appended, StoreError>>, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Write::Append(Box::new(append), answer, span))
            .map_err(|_| EngineError::BUSY)?;
        Ok(answered)
    }

    /// Writes that wait for their commit.
    pub(crate) fn depth(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Has steps of bookings told of. Behind their answer: what is not told now, a sweep finds.
    pub(crate) fn tell_bookings(&self) {
        if self.queue.try_send(Write::Bookings).is_err() {
            tracing::debug!("the journal is full: steps of bookings are told of later");
        }
    }

    /// Logs a call that led to nothing; under pressure it is left out of the log rather than in the way.
    pub(crate) fn log_inbound(&self, inbound: InboundEvent) {
        if self.queue.try_send(Write::Inbound(Box::new(inbound))).is_err() {
            tracing::warn!("the journal is full: a refused call was not logged");
        }
    }
}

async fn run(
    tenant: TenantId,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    mut writes: mpsc::Receiver<Write>,
) {
    let mut waiting = Vec::with_capacity(LARGEST_BATCH);
    while writes.recv_many(&mut waiting, LARGEST_BATCH).await > 0 {
        let (mut batch, mut answers, mut spans) = (Batch::default(), Vec::new(), Vec::new());
        let mut bookings = false;
        for write in waiting.drain(..) {
            match write {
                Write::Append(append, answer, span) => {
                    spans.push(span);
                    batch.appends.push(*append);
                    answers.push(answer);
                }
                Write::Inbound(inbound) => batch.inbound.push(*inbound),
                Write::Bookings => bookings = true,
            }
        }
        if bookings {
            tell_bookings(tenant, &*store, &*bus).await;
        }
        if batch.appends.is_empty() && batch.inbound.is_empty() {
            continue;
        }
        let started = std::time::Instant::now();
        let span = way::commit(tenant, &spans);
        let outcome = store.commit(tenant, &batch).instrument(span.clone()).await;
        metrics::histogram!(names::COMMIT_SECONDS).record(started.elapsed());
        metrics::histogram!(names::COMMIT_BATCH).record(batch.appends.len() as f64);
        match outcome {
            Ok(appended) => {
                let published = records(tenant, batch.appends, &appended);
                if !published.is_empty() {
                    let publish = way::publish(&span, published.len());
                    publish.in_scope(|| bus.publish(tenant, published));
                }
                for (answer, appended) in answers.into_iter().zip(appended) {
                    let _gone = answer.send(Ok(appended));
                }
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, %error, appends = answers.len(), "a commit failed");
                for answer in answers {
                    let _gone = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Puts steps of bookings into the log and publishes them, until none waits.
async fn tell_bookings(tenant: TenantId, store: &dyn Store, bus: &dyn Bus) {
    loop {
        let told = match store.tell_bookings(tenant, STEPS).await {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(tenant.id = %tenant, %error, "steps of bookings are told of later");
                return;
            }
        };
        let more = told.len() >= STEPS as usize;
        if !told.is_empty() {
            let no_lead = |record| Published::with(record, LeadNews::NoLead);
            bus.publish(tenant, told.into_iter().map(no_lead).collect());
        }
        if !more {
            return;
        }
    }
}

/// The stored events of a batch with their places, in order.
fn records(tenant: TenantId, appends: Vec<Append>, appended: &[Appended]) -> Vec<Arc<Published>> {
    let mut published: Vec<Arc<Published>> = Vec::new();
    for (append, appended) in appends.into_iter().zip(appended) {
        let Appended::Stored { first } = *appended else { continue };
        let Append { session, expected, at, events, lead, .. } = append;
        let mut news = lead.map(|lead| lead.news).unwrap_or_default().into_iter();
        published.extend(events.into_iter().zip(0_i64..).map(|(event, n): (Event, i64)| {
            let record = EventRecord {
                tenant,
                session,
                seq: Seq(first.0 + n),
                version: Version(expected.0 + 1 + n),
                at,
                event,
            };
            Published::with(record, news.next().unwrap_or_default())
        }));
    }
    published.sort_by_key(|published| published.record.seq);
    published
}
