//! What models take of a tenant's plan: asked before a turn, written down after each answer.
//!
//! # Invariants
//! - a limit stops the next turn, never the one under way; what several turns take at once may pass it;
//! - a store that does not answer stops nobody (A5): then the turn goes on as if nothing were used up;
//! - what cost nothing is not written down;
//! - a tenant's answers share a write, one every [`GATHERED`] at most: each on its own, they would queue for one
//!   row, that of the day. A stop waits for no pause; a node that is killed forgets what it gathered.

use std::sync::Arc;

use forecourt_core::{id::TenantId, settings::TenantSettings};
use forecourt_ports::{
    model::{Allowance, Done},
    store::Taken,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use tokio::sync::Mutex;

use crate::{engine::Ports, names, registry::Registry, tenant::TenantShared, together::Together};

/// How long answers gather after those before them were written down.
const GATHERED: SignedDuration = SignedDuration::from_millis(200);
/// Answers that one write holds.
const MOST: usize = 512;

/// The tenant's day.
fn day(settings: &TenantSettings, now: Timestamp) -> Date {
    settings.time_zone().to_datetime(now).date()
}

/// Whether models that cost money may be asked now.
pub(crate) async fn allowance(
    tenant: &TenantShared,
    ports: &Ports,
    settings: &TenantSettings,
) -> Allowance {
    let budget = &settings.models.budget;
    if !budget.is_set() {
        return Allowance::Open;
    }
    match ports.store.spent(tenant.id, day(settings, ports.clock.now())).await {
        Ok((today, month)) if !budget.allows(today, month) => {
            metrics::counter!(names::BUDGETS_SPENT).increment(1);
            Allowance::Spent
        }
        Ok(_) => Allowance::Open,
        Err(error) => {
            tracing::warn!(tenant.id = %tenant.id, %error, "what models took could not be read");
            Allowance::Open
        }
    }
}

/// Counts what an answer took, and writes it down behind the turn's back: a stop waits for it.
pub(crate) fn took(
    tenant: &Arc<TenantShared>,
    settings: &TenantSettings,
    model: &'static str,
    done: &Done,
) {
    let usage = &done.usage;
    for (kind, tokens) in [
        ("input", usage.input.saturating_add(usage.written).saturating_add(usage.written_long)),
        ("cached", usage.cached),
        ("output", usage.output),
    ] {
        metrics::counter!(names::MODEL_TOKENS, "model" => model, "kind" => kind).increment(tokens);
    }
    if let Some(cost) = done.cost {
        metrics::counter!(names::MODEL_COST, "model" => model).increment(cost.0);
    }
    if usage.total() == 0 && done.cost.is_none_or(|cost| cost.0 == 0) {
        return;
    }
    let (taken, tenant) = (Taken::of(done), Arc::clone(tenant));
    let (counted, day) = (tenant.registry.count_in(), day(settings, tenant.ports.clock.now()));
    tenant.clone().ports.io.spawn(async move {
        let _counted = counted;
        // Whoever writes them all says when it fails.
        let _written = tenant.spent.ask((day, taken)).await;
    });
}

/// Writes down what answers took, those of a while in one statement.
pub(crate) fn writer(
    tenant: TenantId,
    ports: &Arc<Ports>,
    registry: &Registry,
) -> Together<(Date, Taken), ()> {
    let (own, registry, io) = (Arc::clone(ports), registry.clone(), &ports.io);
    let next = Arc::new(Mutex::new(Timestamp::MIN));
    Together::start(io, MOST, move |taken: Vec<(Date, Taken)>| {
        let (ports, registry, next) = (Arc::clone(&own), registry.clone(), Arc::clone(&next));
        async move {
            let Ports { store, clock, .. } = &*ports;
            let mut next = next.lock().await;
            tokio::select! {
                biased;
                () = clock.sleep_until(*next) => {}
                () = registry.until_stopping() => {}
            }
            *next = clock.now().saturating_add(GATHERED).unwrap_or(Timestamp::MAX);
            let written = store.spend(tenant, &taken).await;
            if let Err(error) = &written {
                let answers = taken.len();
                tracing::warn!(tenant.id = %tenant, %error, answers, "what models took is not written down");
            }
            written.map(|()| vec![(); taken.len()])
        }
    })
}
