//! Tenants: found by their public slug, loaded as a snapshot.

use async_trait::async_trait;
use forecourt_core::{id::TenantId, knowledge::Knowledge, settings::TenantSettings};
use jiff::Timestamp;

use super::StoreError;

#[derive(Clone, Debug, PartialEq)]
pub struct TenantSnapshot {
    pub id: TenantId,
    /// Public name in addresses: `nordlys-bil`.
    pub slug: String,
    /// `dealer`, `portal`, `rental`, `garage` or `secretary`.
    pub pack: String,
    pub settings: TenantSettings,
}

#[async_trait]
pub trait Tenants: Send + Sync {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError>;

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError>;

    /// Services, questions, vehicles, and bookings that end after `now`, up to 90 days ahead.
    async fn load_knowledge(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Knowledge, StoreError>;

    /// Records that the customer of this session wants no more mail of its own accord (RFC 8058).
    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: forecourt_core::id::SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
