//! Tenants, members and their sign-in sessions in memory.

use async_trait::async_trait;
use forecourt_core::{
    id::{MemberId, SessionId, TenantId},
    knowledge::Knowledge,
};
use jiff::Timestamp;

use super::MemStore;
use crate::store::{Member, MemberWithHash, Members, StoreError, TenantSnapshot, Tenants};

#[derive(Clone, Copy)]
pub(super) struct StaffSession {
    member: MemberId,
    expires_at: Timestamp,
}

#[async_trait]
impl Tenants for MemStore {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError> {
        let world = self.enter("find_tenant").await?;
        let mut tenants = world.tenants.values().map(|data| &data.snapshot);
        Ok(tenants.find(|snapshot| snapshot.slug == slug).map(|snapshot| snapshot.id))
    }

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError> {
        if let Some(behind) = self.behind() {
            return behind.load_tenant(tenant).await;
        }
        let world = self.enter("load_tenant").await?;
        Ok(world.tenants.get(&tenant).map(|data| data.snapshot.clone()))
    }

    async fn load_knowledge(&self, tenant: TenantId) -> Result<Knowledge, StoreError> {
        if let Some(behind) = self.behind() {
            return behind.load_knowledge(tenant).await;
        }
        let world = self.enter("load_knowledge").await?;
        let data = world.tenant(tenant)?;
        let mut knowledge = Knowledge { vehicles: data.stock.known(), ..data.knowledge.clone() };
        data.written.tell(&mut knowledge);
        knowledge.tools = data.tools.offered();
        Ok(knowledge)
    }

    async fn knowledge_version(&self, tenant: TenantId) -> Result<i64, StoreError> {
        if let Some(behind) = self.behind() {
            return behind.knowledge_version(tenant).await;
        }
        let world = self.enter("knowledge_version").await?;
        Ok(world.tenant(tenant)?.knowledge_version)
    }

    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("unsubscribe").await?;
        let data = world.tenant_mut(tenant)?;
        let contact = data.sessions.get(&session).and_then(|found| found.state.contact);
        let Some(contact) = contact.and_then(|id| data.contacts.get_mut(&id)) else {
            return Ok(false);
        };
        contact.unsubscribed_at.get_or_insert(now);
        Ok(true)
    }
}

#[async_trait]
impl Members for MemStore {
    async fn find_member(
        &self,
        tenant: TenantId,
        email: &str,
    ) -> Result<Option<MemberWithHash>, StoreError> {
        let world = self.enter("find_member").await?;
        let key = email.to_lowercase();
        let data = world.tenant(tenant)?;
        let found = data.members.iter().find(|new| new.member.email.to_lowercase() == key);
        Ok(found.and_then(|new| {
            let password_hash = new.password_hash.clone()?;
            Some(MemberWithHash { member: new.member.clone(), password_hash })
        }))
    }

    async fn open_staff_session(
        &self,
        tenant: TenantId,
        member: MemberId,
        token_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("open_staff_session").await?;
        let data = world.tenant_mut(tenant)?;
        if data.member_name(member).is_none() {
            return Err(StoreError::Failed("no such member".into()));
        }
        let over = |session: &StaffSession| session.member == member && session.expires_at <= now;
        data.staff_sessions.retain(|_, session| !over(session));
        data.staff_sessions.insert(token_hash, StaffSession { member, expires_at });
        Ok(())
    }

    async fn find_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError> {
        let world = self.enter("find_staff_session").await?;
        let data = world.tenant(tenant)?;
        let session = data.staff_sessions.get(&token_hash).filter(|s| now < s.expires_at);
        let member = session.and_then(|session| {
            data.members.iter().find(|new| new.member.member == session.member)
        });
        Ok(member.map(|new| new.member.clone()))
    }

    async fn close_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("close_staff_session").await?;
        Ok(world.tenant_mut(tenant)?.staff_sessions.remove(&token_hash).is_some())
    }
}
