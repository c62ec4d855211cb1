//! Decisions on Postgres: what led to them, and the settings that held.

use async_trait::async_trait;
use forecourt_core::{
    event::Version,
    id::{SessionId, TenantId},
    session::replay::StoredDecision,
    settings::TenantSettings,
};
use forecourt_ports::store::{Decisions, StoreError};
use jiff::Timestamp;

use super::{PgStore, store_error, sweep};
use crate::{
    TenantTx,
    tables::{journal, sessions, tenant_settings},
};

/// How many events one read answers at most (A9).
const MOST: u32 = 10_000;

#[async_trait]
impl Decisions for PgStore {
    async fn keep_settings(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let keep = async |tx: &mut TenantTx| tenant_settings::keep(tx, settings, now).await;
        self.app.tenant(tenant, keep).await.map_err(store_error)
    }

    async fn kept_settings(&self, tenant: TenantId) -> Result<Vec<TenantSettings>, StoreError> {
        let read = async |tx: &mut TenantTx| tenant_settings::list(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn decisions(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let limit = limit.min(MOST);
        let read = async |tx: &mut TenantTx| journal::decisions(tx, session, after, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn tenant_of(&self, session: SessionId) -> Result<Option<TenantId>, StoreError> {
        for tenant in sweep::tenants(&self.jobs).await.map_err(store_error)? {
            let read = async |tx: &mut TenantTx| sessions::find(tx, session).await;
            if self.app.read(tenant, read).await.map_err(store_error)?.is_some() {
                return Ok(Some(tenant));
            }
        }
        Ok(None)
    }
}
