//! What people see of timers and deliveries, on Postgres.

use async_trait::async_trait;
use forecourt_core::id::{DeliveryId, TenantId};
use forecourt_ports::store::{
    DeliveryFilter, DeliveryHistory, DeliveryRecord, MOST_ROWS, Operations, StoreError,
    TimerFilter, TimerRecord, speaks_of,
};

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{delivery_list, journal, timer_list},
};

/// How many of a session's newest events about deliveries are looked through for one of them (A9).
const EVENTS: u32 = 2_000;

#[async_trait]
impl Operations for PgStore {
    async fn list_deliveries(
        &self,
        tenant: TenantId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let limit = filter.limit.min(MOST_ROWS);
        let read = async |tx: &mut TenantTx| delivery_list::list(tx, filter, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_delivery(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
    ) -> Result<Option<DeliveryHistory>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let Some((row, to)) = delivery_list::find(tx, delivery).await? else {
                return Ok(None);
            };
            let mut events = journal::about_deliveries(tx, row.session, EVENTS).await?;
            events.retain(|record| speaks_of(&record.event, delivery));
            Ok(Some(DeliveryHistory { row, to, events }))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn list_timers(
        &self,
        tenant: TenantId,
        filter: &TimerFilter,
    ) -> Result<Vec<TimerRecord>, StoreError> {
        let limit = filter.limit.min(MOST_ROWS);
        let read = async |tx: &mut TenantTx| timer_list::list(tx, filter, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
