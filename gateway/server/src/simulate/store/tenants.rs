//! Tenants and their people: settings, members, drafts and spending.

use async_trait::async_trait;
use forecourt_core::{
    callback,
    id::{MemberId, SessionId, TenantId},
    knowledge::Knowledge,
    models::Spent,
};
use forecourt_ports::store::{
    DraftRow, DraftSaved, Member, MemberWithHash, Members, People, Spending, StoreError, Taken,
    Teammate, TenantSnapshot, Tenants,
};
use jiff::{Timestamp, civil::Date};

use super::NodeStore;

#[async_trait]
impl Tenants for NodeStore {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError> {
        self.read(self.inner.find_tenant(slug)).await
    }

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError> {
        self.read(self.inner.load_tenant(tenant)).await
    }

    async fn load_knowledge(&self, tenant: TenantId) -> Result<Knowledge, StoreError> {
        self.read(self.inner.load_knowledge(tenant)).await
    }

    async fn knowledge_version(&self, tenant: TenantId) -> Result<i64, StoreError> {
        self.read(self.inner.knowledge_version(tenant)).await
    }

    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.unsubscribe(tenant, session, now)).await
    }
}

#[async_trait]
impl Spending for NodeStore {
    async fn spend(&self, tenant: TenantId, taken: &[(Date, Taken)]) -> Result<(), StoreError> {
        self.read(self.inner.spend(tenant, taken)).await
    }

    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError> {
        self.read(self.inner.spent(tenant, day)).await
    }
}

#[async_trait]
impl People for NodeStore {
    async fn draft(&self, tenant: TenantId, session: SessionId) -> Result<DraftRow, StoreError> {
        self.read(self.inner.draft(tenant, session)).await
    }

    async fn save_draft(
        &self,
        tenant: TenantId,
        session: SessionId,
        text: &str,
        base: i64,
        member: MemberId,
        now: Timestamp,
    ) -> Result<DraftSaved, StoreError> {
        self.read(self.inner.save_draft(tenant, session, text, base, member, now)).await
    }

    async fn team(&self, tenant: TenantId) -> Result<Vec<Teammate>, StoreError> {
        self.read(self.inner.team(tenant)).await
    }

    async fn callbacks(
        &self,
        tenant: TenantId,
        from: Timestamp,
    ) -> Result<Vec<callback::times::Taken>, StoreError> {
        self.read(self.inner.callbacks(tenant, from)).await
    }

    async fn waiting_before(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError> {
        self.read(self.inner.waiting_before(tenant, since)).await
    }
}

#[async_trait]
impl Members for NodeStore {
    async fn find_member(
        &self,
        tenant: TenantId,
        email: &str,
    ) -> Result<Option<MemberWithHash>, StoreError> {
        self.read(self.inner.find_member(tenant, email)).await
    }

    async fn open_staff_session(
        &self,
        tenant: TenantId,
        member: MemberId,
        token_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let call = self.inner.open_staff_session(tenant, member, token_hash, now, expires_at);
        self.read(call).await
    }

    async fn find_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError> {
        self.read(self.inner.find_staff_session(tenant, token_hash, now)).await
    }

    async fn close_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        self.read(self.inner.close_staff_session(tenant, token_hash)).await
    }
}
