//! Tenants: found by their public slug, loaded as a snapshot.

use async_trait::async_trait;
use forecourt_core::{
    id::{BookingId, ServiceId, SessionId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
    settings::TenantSettings,
};
use jiff::Timestamp;

use super::{Member, StoreError};

#[derive(Clone, Debug, PartialEq)]
pub struct TenantSnapshot {
    pub id: TenantId,
    /// Public name in addresses: `nordlys-bil`.
    pub slug: String,
    /// `dealer`, `portal`, `rental`, `garage` or `secretary`.
    pub pack: String,
    pub settings: TenantSettings,
}

/// A tenant that is to be made, whole.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub snapshot: TenantSnapshot,
    /// What the tenant is called among tenants; its brand's name may differ.
    pub name: String,
    pub knowledge: Knowledge,
    /// What is booked already.
    pub busy: Vec<Busy>,
    pub members: Vec<NewMember>,
}

/// A booking that comes with a tenant: a stretch of one of a service's own places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub booking: BookingId,
    pub service: ServiceId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// A member who comes with a tenant.
#[derive(Clone)]
pub struct NewMember {
    pub member: Member,
    /// The language the dashboard speaks to them.
    pub lang: Lang,
    /// PHC string; `None` for somebody who cannot sign in yet.
    pub password_hash: Option<String>,
}

impl std::fmt::Debug for NewMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMember").field("member", &self.member).finish_non_exhaustive()
    }
}

#[async_trait]
pub trait Tenants: Send + Sync {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError>;

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError>;

    /// Services, questions and vehicles.
    async fn load_knowledge(&self, tenant: TenantId) -> Result<Knowledge, StoreError>;

    /// Rises in the same commit as anything a tenant may say: services, answers, rules, vehicles, settings,
    /// whoever wrote it; 0 when nothing changed yet. Read before [`Tenants::load_knowledge`], it tells
    /// whether that is still all.
    async fn knowledge_version(&self, tenant: TenantId) -> Result<i64, StoreError>;

    /// Records that the customer of this session wants no more mail of its own accord (RFC 8058).
    ///
    /// `false` when the session has no customer; asked again, the first time stays.
    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
