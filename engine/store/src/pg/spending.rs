//! What models took, on Postgres.

use async_trait::async_trait;
use forecourt_core::{id::TenantId, models::Spent};
use forecourt_ports::store::{Spending, StoreError, Taken};
use jiff::civil::Date;

use super::{PgStore, store_error};
use crate::{TenantTx, tables::model_usage};

#[async_trait]
impl Spending for PgStore {
    async fn spend(&self, tenant: TenantId, day: Date, taken: Taken) -> Result<(), StoreError> {
        let taken = &Taken { model: taken.model.replace('\0', "\u{fffd}"), ..taken };
        let add = async |tx: &mut TenantTx| Ok(model_usage::add(tx, day, taken).await?);
        self.app.tenant(tenant, add).await.map_err(store_error)
    }

    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError> {
        let read = async |tx: &mut TenantTx| model_usage::sums(tx, day).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
