//! Decisions and the settings they were made under, in memory.

use async_trait::async_trait;
use forecourt_core::{
    event::Version,
    id::{SessionId, TenantId},
    session::replay::{self, StoredDecision},
    settings::TenantSettings,
};
use jiff::Timestamp;

use super::MemStore;
use crate::store::{Decisions, StoreError};

#[async_trait]
impl Decisions for MemStore {
    async fn keep_settings(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("keep_settings").await?;
        let kept = &mut world.tenant_mut(tenant)?.settings;
        if !kept.contains(settings) {
            kept.push(settings.clone());
        }
        Ok(())
    }

    async fn kept_settings(&self, tenant: TenantId) -> Result<Vec<TenantSettings>, StoreError> {
        let world = self.enter("kept_settings").await?;
        Ok(world.tenant(tenant)?.settings.clone())
    }

    async fn decisions(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let world = self.enter("decisions").await?;
        let data = world.tenant(tenant)?;
        let wanted = data.journal.iter().filter(|e| e.session == session && e.version > after);
        Ok(replay::group(wanted.take(limit as usize).map(|record| {
            let cause = data.causes.get(&record.seq).cloned();
            (record.version, record.at, record.event.clone(), cause)
        })))
    }

    async fn tenant_of(&self, session: SessionId) -> Result<Option<TenantId>, StoreError> {
        let world = self.enter("tenant_of").await?;
        let mut tenants = world.tenants.iter();
        Ok(tenants.find(|(_, data)| data.sessions.contains_key(&session)).map(|(id, _)| *id))
    }
}
