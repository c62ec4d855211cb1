//! Timers on Postgres: found over all tenants, claimed in each tenant's own scope.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::id::{NodeId, TenantId};
use forecourt_ports::store::{DueTimer, StoreError, Timers};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    PgStore, store_error,
    sweep::{self, Owed},
};
use crate::{
    TenantTx,
    error::DbError,
    tables::{
        local::{self, Local},
        sessions, timers,
    },
};

/// In how many tenants' scopes a sweep works at once.
pub(super) const SCOPES: usize = 4;
/// How much one sweep takes at most (A9).
const MOST: u32 = 10_000;

#[async_trait]
impl Timers for PgStore {
    async fn claim_timers(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueTimer>, StoreError> {
        self.claim_due_timers(node, now, lease, limit.min(MOST)).await.map_err(store_error)
    }

    /// Sessions that wait without a timer are counted in 500 tenants at most.
    async fn undone(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let undone = sweep::undone(&self.jobs, now).await.map_err(store_error)?;
        let unwatched = self.count_waiting_without_timer().await.map_err(store_error)?;
        Ok(vec![
            ("timer_overdue", undone.overdue_timers),
            ("delivery_pending", undone.pending_deliveries),
            ("delivery_stuck", undone.stuck_deliveries),
            ("delivery_uncertain", undone.uncertain_deliveries),
            ("delivery_dead", undone.dead_deliveries),
            ("session_waiting_without_timer", unwatched),
        ])
    }
}

impl PgStore {
    async fn claim_due_timers(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueTimer>, DbError> {
        let until = (lease > SignedDuration::ZERO)
            .then(|| now.saturating_add(lease).unwrap_or(Timestamp::MAX));
        let found = sweep::due_timers(&self.jobs, now, limit).await?;
        let claims = per_tenant(found).into_iter().map(|(tenant, (from, limit))| async move {
            let due = timers::Due { from, now, limit };
            let claim = async |tx: &mut TenantTx| {
                local::set(tx, Local::ByIndexAndLax).await?;
                timers::claim(tx, due, node, until).await
            };
            self.app.tenant(tenant, claim).await
        });
        let claimed = stream::iter(claims).buffer_unordered(SCOPES);
        let mut due: Vec<DueTimer> = claimed.try_collect::<Vec<_>>().await?.concat();
        due.sort_by_key(|timer| (timer.due_at, *timer));
        Ok(due)
    }

    async fn count_waiting_without_timer(&self) -> Result<u64, DbError> {
        let tenants = sweep::waiting(&self.jobs).await?;
        let counts = tenants.into_iter().map(|tenant| async move {
            let count = async |tx: &mut TenantTx| sessions::count_waiting_without_timer(tx).await;
            self.app.read(tenant, count).await
        });
        let counts = stream::iter(counts).buffer_unordered(SCOPES);
        counts.try_fold(0, |sum, count| async move { Ok(sum + count) }).await
    }
}

/// Of each tenant the oldest due time and how many were found.
pub(super) fn per_tenant(found: Vec<Owed>) -> BTreeMap<TenantId, (Timestamp, u32)> {
    let mut tenants = BTreeMap::new();
    for Owed { tenant, since } in found {
        let (from, count) = tenants.entry(tenant).or_insert((since, 0));
        *from = since.min(*from);
        *count += 1;
    }
    tenants
}
