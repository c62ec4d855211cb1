//! The port over endpoints and calls in memory: each call enters the world, and asks the endpoint it is about.

use async_trait::async_trait;
use forecourt_core::{
    id::{EndpointId, NodeId, TenantId},
    webhook::{MOST_ENDPOINTS, Topic},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::{Claim, MemStore, is_free},
    Endpoint,
};
use crate::{
    store::{
        CallFilter, CallRecord, CallReport, CallStory, DueNotice, EndpointChange, EndpointRecord,
        NewEndpoint, NoticeStatus, Replay, Replayed, Reported, StoreError, Webhooks, Work, WorkAsk,
    },
    webhook::Encode,
};

#[async_trait]
impl Webhooks for MemStore {
    async fn create_endpoint(
        &self,
        tenant: TenantId,
        new: &NewEndpoint,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let mut world = self.enter("create_endpoint").await?;
        let data = world.tenant_mut(tenant)?;
        if data.endpoints.len() >= MOST_ENDPOINTS {
            return Ok(None);
        }
        let endpoint = Endpoint::new(new, data.last_seq);
        let record = endpoint.record.clone();
        data.endpoints.insert(new.endpoint, endpoint);
        Ok(Some(record))
    }

    async fn list_endpoints(&self, tenant: TenantId) -> Result<Vec<EndpointRecord>, StoreError> {
        let world = self.enter("list_endpoints").await?;
        let data = world.tenant(tenant)?;
        Ok(data.endpoints.values().map(|endpoint| endpoint.shown(data.last_seq)).collect())
    }

    async fn find_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let world = self.enter("find_endpoint").await?;
        let data = world.tenant(tenant)?;
        Ok(data.endpoints.get(&endpoint).map(|endpoint| endpoint.shown(data.last_seq)))
    }

    async fn change_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        change: &EndpointChange,
        now: Timestamp,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let mut world = self.enter("change_endpoint").await?;
        let data = world.tenant_mut(tenant)?;
        let last_seq = data.last_seq;
        Ok(data.endpoints.get_mut(&endpoint).map(|endpoint| {
            endpoint.change(change.clone(), last_seq, now);
            endpoint.shown(last_seq)
        }))
    }

    async fn delete_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("delete_endpoint").await?;
        Ok(world.tenant_mut(tenant)?.endpoints.remove(&endpoint).is_some())
    }

    async fn queue_test(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        event_id: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let mut world = self.enter("queue_test").await?;
        let endpoint = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint);
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.is_active()) else {
            return Ok(None);
        };
        endpoint.push(Topic::Test, None, (event_id.to_owned(), body.to_owned()), now);
        endpoint.next_at = Some(now);
        Ok(Some(endpoint.last_number))
    }

    async fn list_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        filter: &CallFilter,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let world = self.enter("list_calls").await?;
        let endpoint = world.tenant(tenant)?.endpoints.get(&endpoint);
        Ok(endpoint.map(|endpoint| endpoint.list_calls(filter)).unwrap_or_default())
    }

    async fn find_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        number: i64,
    ) -> Result<Option<CallStory>, StoreError> {
        let world = self.enter("find_call").await?;
        let endpoint = world.tenant(tenant)?.endpoints.get(&endpoint);
        Ok(endpoint.and_then(|endpoint| endpoint.find_call(number)))
    }

    async fn replay_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<Replayed, StoreError> {
        let mut world = self.enter("replay_calls").await?;
        let endpoint = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint);
        let nothing = Replayed { count: 0, more: false };
        Ok(endpoint.map_or(nothing, |endpoint| endpoint.replay(which, now)))
    }

    async fn claim_endpoints(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, EndpointId)>, StoreError> {
        let mut world = self.enter("claim_endpoints").await?;
        let claim = Claim::new(node, now, lease);
        let mut claimed = Vec::new();
        for (tenant, data) in &mut world.tenants {
            for (id, endpoint) in &mut data.endpoints {
                let due = endpoint.next_at.is_some_and(|at| at <= now);
                // A claim that was not given back is a dead node's: what it had in hand is pending.
                let left = endpoint.claim.is_some();
                let owes = due || left || endpoint.cursor < data.last_seq;
                let free = endpoint.is_active() && is_free(endpoint.claim, now);
                if owes && free && claimed.len() < limit as usize {
                    endpoint.claim = Some(claim);
                    claimed.push((*tenant, *id));
                }
            }
        }
        Ok(claimed)
    }

    async fn work(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        ask: &WorkAsk<'_>,
        encode: &dyn Encode,
    ) -> Result<Option<Work>, StoreError> {
        let mut world = self.enter("work").await?;
        Ok(world.tenant_mut(tenant)?.work_of(endpoint, ask, encode))
    }

    async fn report_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        report: &CallReport,
    ) -> Result<Option<Reported>, StoreError> {
        let mut world = self.enter("report_call").await?;
        let endpoint = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint);
        Ok(endpoint.and_then(|endpoint| endpoint.report(report)))
    }

    async fn leave_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        node: NodeId,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("leave_endpoint").await?;
        if let Some(endpoint) = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint)
            && endpoint.claim.is_some_and(|claim| claim.by == node)
        {
            endpoint.next_at = endpoint.heads().into_iter().map(|call| call.row.next_at).min();
            endpoint.claim = None;
        }
        Ok(())
    }

    async fn forget_claims(&self) -> Result<(), StoreError> {
        let mut world = self.enter("forget_claims").await?;
        for endpoint in world.tenants.values_mut().flat_map(|data| data.endpoints.values_mut()) {
            if endpoint.claim.take().is_some() {
                endpoint.next_at = Some(Timestamp::UNIX_EPOCH);
            }
        }
        Ok(())
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueNotice>, StoreError> {
        let mut world = self.enter("claim_notices").await?;
        let mut due = Vec::new();
        for (tenant, data) in &mut world.tenants {
            for (id, endpoint) in &mut data.endpoints {
                let Some(paused) = endpoint.record.paused else { continue };
                let wanted = endpoint.record.notice == Some(NoticeStatus::Due);
                if wanted && endpoint.notice_at <= now && due.len() < limit as usize {
                    endpoint.notice_at = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
                    due.push(DueNotice {
                        tenant: *tenant,
                        endpoint: *id,
                        url: endpoint.record.url.clone(),
                        why: paused.why,
                        since: paused.since,
                    });
                }
            }
        }
        Ok(due)
    }

    async fn note_notice(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        status: NoticeStatus,
        next_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("note_notice").await?;
        let endpoint = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint);
        Ok(endpoint.is_some_and(|endpoint| endpoint.note_notice(status, next_at)))
    }

    async fn prune_calls(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut world = self.enter("prune_calls").await?;
        let mut count = 0;
        for data in world.tenants.values_mut() {
            let mut left = limit;
            for endpoint in data.endpoints.values_mut() {
                let gone = endpoint.prune(before, left);
                left -= gone;
                count += u64::from(gone);
            }
        }
        Ok(count)
    }

    async fn undone_calls(&self) -> Result<u64, StoreError> {
        let world = self.enter("undone_calls").await?;
        let endpoints = world.tenants.values().flat_map(|data| data.endpoints.values());
        let active = endpoints.filter(|endpoint| endpoint.is_active());
        Ok(active.map(|endpoint| endpoint.pending().count() as u64).sum())
    }
}
