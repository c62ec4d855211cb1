//! Drafts, the team and the queue in memory.

use async_trait::async_trait;
use forecourt_core::{
    callback::times::Taken,
    id::{MemberId, SessionId, TenantId},
};
use jiff::Timestamp;

use super::MemStore;
use crate::store::{
    DraftRow, DraftSaved, MAX_CALLS, MAX_DRAFT, MAX_TEAM, People, StoreError, Teammate,
};

#[async_trait]
impl People for MemStore {
    async fn draft(&self, tenant: TenantId, session: SessionId) -> Result<DraftRow, StoreError> {
        let world = self.enter("draft").await?;
        Ok(world.tenant(tenant)?.drafts.get(&session).cloned().unwrap_or_default())
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
        let mut world = self.enter("save_draft").await?;
        let data = world.tenant_mut(tenant)?;
        let text = text.replace('\0', "\u{fffd}");
        if text.chars().count() > MAX_DRAFT || data.member_name(member).is_none() {
            return Err(StoreError::Failed("a row was refused".into()));
        }
        if !data.sessions.contains_key(&session) {
            return Ok(DraftSaved::NoSession);
        }
        let stands = data.drafts.get(&session).cloned().unwrap_or_default();
        if stands.is_repeat(base, &text, member) {
            return Ok(DraftSaved::Saved(stands));
        }
        if stands.revision != base {
            return Ok(DraftSaved::Conflict(stands));
        }
        let saved = DraftRow { revision: base + 1, text, member: Some(member), at: Some(now) };
        data.drafts.insert(session, saved.clone());
        Ok(DraftSaved::Saved(saved))
    }

    async fn team(&self, tenant: TenantId) -> Result<Vec<Teammate>, StoreError> {
        let world = self.enter("team").await?;
        let data = world.tenant(tenant)?;
        let is_open = |session: &SessionId| {
            data.sessions.get(session).is_some_and(|found| !found.state.closed)
        };
        let open = |member: MemberId| {
            let theirs = data.leads.values().filter(|lead| lead.assignee == Some(member));
            theirs.filter(|lead| is_open(&lead.session)).count() as u64
        };
        let mut team: Vec<Teammate> = data
            .members
            .iter()
            .map(|new| Teammate { member: new.member.clone(), open: open(new.member.member) })
            .collect();
        team.sort_by_key(|one| one.member.member);
        team.truncate(MAX_TEAM);
        Ok(team)
    }

    async fn callbacks(&self, tenant: TenantId, from: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let world = self.enter("callbacks").await?;
        let agreed = world.tenant(tenant)?.leads.values().filter_map(|lead| lead.callback);
        let mut ahead: Vec<Taken> = agreed.filter(|call| call.until > from).collect();
        ahead.sort_by_key(|call| (call.at, call.member));
        ahead.truncate(MAX_CALLS);
        Ok(ahead)
    }

    async fn waiting_before(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError> {
        let world = self.enter("waiting_before").await?;
        let sessions = world.tenant(tenant)?.sessions.values();
        let earlier = sessions.filter(|found| {
            let waits = found.state.handoff.filter(|_| found.state.promises.is_empty());
            waits.is_some_and(|wait| wait.since < since)
        });
        Ok(earlier.count() as u64)
    }
}
