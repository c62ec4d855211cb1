//! What a session decided and why, read back for people who ask (A3).

use async_trait::async_trait;
use forecourt_core::{
    event::Version,
    id::{SessionId, TenantId},
    session::replay::StoredDecision,
    settings::TenantSettings,
};
use jiff::Timestamp;

use super::StoreError;

#[async_trait]
pub trait Decisions: Send + Sync {
    /// Keeps the settings that hold, unless they are kept already: decisions name them by their print.
    async fn keep_settings(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// All settings that ever held, oldest first.
    async fn kept_settings(&self, tenant: TenantId) -> Result<Vec<TenantSettings>, StoreError>;

    /// A session's decisions whose events come after `after`, in order, from `limit` events at most.
    async fn decisions(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError>;

    /// Whose session it is; looks into one tenant after the other, so it is for operators only.
    async fn tenant_of(&self, session: SessionId) -> Result<Option<TenantId>, StoreError>;
}
