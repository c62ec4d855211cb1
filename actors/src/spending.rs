//! What models take of a tenant's plan: asked before a turn, written down after each answer.
//!
//! # Invariants
//! - a limit stops the next turn, never the one under way; what several turns take at once may pass it;
//! - a store that does not answer stops nobody (A5): then the turn goes on as if nothing were used up;
//! - what cost nothing is not written down.

use std::sync::Arc;

use forecourt_core::settings::TenantSettings;
use forecourt_ports::{
    model::{Allowance, Done},
    store::Taken,
};
use jiff::{Timestamp, civil::Date};
use tracing::Instrument as _;

use crate::{engine::Ports, names, tenant::TenantShared};

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
    tenant.clone().ports.io.spawn(
        async move {
            let _counted = counted;
            if let Err(error) = tenant.ports.store.spend(tenant.id, day, taken).await {
                tracing::warn!(tenant.id = %tenant.id, %error, "what a model took is not written down");
            }
        }
        .in_current_span(),
    );
}
