//! What models took, on Postgres.

use async_trait::async_trait;
use forecourt_core::{id::TenantId, models::Spent};
use forecourt_ports::store::{Spending, StoreError, Taken};
use jiff::civil::Date;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{bulk, model_usage},
};

#[async_trait]
impl Spending for PgStore {
    async fn spend(&self, tenant: TenantId, taken: &[(Date, Taken)]) -> Result<(), StoreError> {
        if taken.is_empty() {
            return Ok(());
        }
        let add = async |tx: &TenantTx| Ok(bulk::send(tx, model_usage::rows(taken)).await?);
        self.app.tenant_at_once(tenant, add).await.map(drop).map_err(store_error)
    }

    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError> {
        let read = async |tx: &mut TenantTx| model_usage::sums(tx, day).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
