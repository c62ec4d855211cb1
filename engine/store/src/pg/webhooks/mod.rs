//! Endpoints and calls on Postgres: events become calls where the cursor moves, in one transaction.

mod feed;
mod owing;

use async_trait::async_trait;
use forecourt_core::{
    id::{EndpointId, NodeId, TenantId},
    webhook::{self, Before, End, MOST_ENDPOINTS, PauseReason, Topic},
};
use forecourt_ports::{
    store::{
        CallFilter, CallRecord, CallReport, CallStatus, CallStory, DueNotice, EndpointChange,
        EndpointRecord, MOST_REPLAYED, MOST_ROWS, NewEndpoint, NoticeStatus, Replay, Replayed,
        Reported, StoreError, Webhooks, Work, WorkAsk,
    },
    webhook::Encode,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{
        number, tenants,
        webhook_calls::{self as calls, After, NewCall},
        webhook_endpoints as endpoints,
    },
};

#[async_trait]
impl Webhooks for PgStore {
    async fn create_endpoint(
        &self,
        tenant: TenantId,
        new: &NewEndpoint,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let create = async |tx: &mut TenantTx| {
            // The lock of the log: of two who make the last endpoint one wins, and no event falls between.
            let head = tenants::lock_log(tx).await?;
            if endpoints::count(tx).await? >= MOST_ENDPOINTS as i64 {
                return Ok(None);
            }
            endpoints::insert(tx, new, head).await?;
            record(tx, new.endpoint).await
        };
        self.app.tenant(tenant, create).await.map_err(store_error)
    }

    async fn list_endpoints(&self, tenant: TenantId) -> Result<Vec<EndpointRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let (head, pending) = (tenants::head(tx).await?.seq, calls::pending(tx).await?);
            let found = endpoints::list(tx).await?.into_iter();
            let record = |row: endpoints::Stored| {
                let pending = pending.get(&row.id()).copied().unwrap_or(0);
                row.record(pending, head)
            };
            found.map(record).collect::<Result<_, DbError>>()
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| record(tx, endpoint).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn change_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        change: &EndpointChange,
        now: Timestamp,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let change = async |tx: &mut TenantTx| {
            let Some(active) = endpoints::lock(tx, endpoint).await? else { return Ok(None) };
            match change {
                EndpointChange::Set { url, description, topics } => {
                    endpoints::set(tx, endpoint, (url, description, topics), now).await?;
                }
                EndpointChange::Pause if active => {
                    endpoints::pause(tx, endpoint, PauseReason::Member, now).await?;
                }
                EndpointChange::Resume { skip } if !active => {
                    let head = if *skip { Some(tenants::head(tx).await?.seq) } else { None };
                    calls::resume(tx, endpoint, *skip, now).await?;
                    endpoints::resume(tx, endpoint, head, now).await?;
                }
                EndpointChange::Pause | EndpointChange::Resume { .. } => {} // it is so already
                EndpointChange::Rotate { secret, old_until } => {
                    endpoints::rotate(tx, endpoint, secret, *old_until, now).await?;
                }
            }
            record(tx, endpoint).await
        };
        self.app.tenant(tenant, change).await.map_err(store_error)
    }

    async fn delete_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let delete = async |tx: &mut TenantTx| {
            if endpoints::lock(tx, endpoint).await?.is_none() {
                return Ok(false);
            }
            endpoints::delete(tx, endpoint, now).await?;
            Ok(true)
        };
        self.app.tenant(tenant, delete).await.map_err(store_error)
    }

    async fn queue_test(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        event_id: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let queue = async |tx: &mut TenantTx| {
            if endpoints::lock(tx, endpoint).await? != Some(true) {
                return Ok(None);
            }
            let number = endpoints::number(tx, endpoint, 1).await? + 1;
            let test = NewCall {
                number,
                entity: of_test(endpoint, number),
                seq: None,
                topic: Topic::Test,
                event_id: event_id.to_owned(),
                body,
            };
            calls::insert(tx, endpoint, &[test], now).await?;
            endpoints::wake(tx, endpoint, now).await?;
            Ok(Some(number))
        };
        self.app.tenant(tenant, queue).await.map_err(store_error)
    }

    async fn list_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        filter: &CallFilter,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let limit = filter.limit.min(MOST_ROWS);
        let read = async |tx: &mut TenantTx| calls::list(tx, endpoint, filter, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        number: i64,
    ) -> Result<Option<CallStory>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let Some((row, body)) = calls::find(tx, endpoint, number).await? else {
                return Ok(None);
            };
            let tries = calls::tries_of(tx, endpoint, number).await?;
            Ok(Some(CallStory { row, body, tries }))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn replay_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<Replayed, StoreError> {
        let replay = async |tx: &mut TenantTx| {
            if endpoints::lock(tx, endpoint).await?.is_none() {
                return Ok(Replayed { count: 0, more: false });
            }
            let mut meant = calls::meant(tx, endpoint, which, MOST_REPLAYED + 1).await?;
            let more = meant.len() > MOST_REPLAYED as usize;
            meant.truncate(MOST_REPLAYED as usize);
            let count = calls::replay(tx, endpoint, &meant, now).await?;
            endpoints::wake(tx, endpoint, now).await?;
            Ok(Replayed { count: number(count, "webhook_calls")?, more })
        };
        self.app.tenant(tenant, replay).await.map_err(store_error)
    }

    async fn claim_endpoints(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, EndpointId)>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let owing =
            owing::owing(&self.jobs, now, limit.min(MOST_ROWS)).await.map_err(store_error)?;
        let mut all = Vec::new();
        for (tenant, ids) in owing {
            let claimed = self.claim_of(tenant, ids, (node, now, until)).await;
            let claimed = claimed.map_err(store_error)?;
            all.extend(claimed.into_iter().map(|endpoint| (tenant, endpoint)));
        }
        Ok(all)
    }

    async fn work(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        ask: &WorkAsk<'_>,
        encode: &dyn Encode,
    ) -> Result<Option<Work>, StoreError> {
        let work = async |tx: &mut TenantTx| {
            let Some(held) = endpoints::hold(tx, endpoint, ask).await? else { return Ok(None) };
            let behind = feed::feed(tx, endpoint, &held, ask.now, encode).await?;
            let mut work = held.work(ask.now);
            work.behind = behind;
            work.calls = calls::due(tx, endpoint, ask.now, ask.busy, ask.room).await?;
            work.next_at = calls::next_at(tx, endpoint, ask.now, ask.busy).await?;
            Ok(Some(work))
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn report_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        report: &CallReport,
    ) -> Result<Option<Reported>, StoreError> {
        let note = async |tx: &mut TenantTx| settle(tx, endpoint, report).await;
        self.app.tenant(tenant, note).await.map_err(store_error)
    }

    async fn leave_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        node: NodeId,
    ) -> Result<(), StoreError> {
        let leave = async |tx: &mut TenantTx| {
            endpoints::lock(tx, endpoint).await?;
            let next_at = calls::next_at(tx, endpoint, Timestamp::UNIX_EPOCH, &[]).await?;
            endpoints::leave(tx, endpoint, node, next_at).await
        };
        self.app.tenant(tenant, leave).await.map_err(store_error)
    }

    async fn forget_claims(&self) -> Result<(), StoreError> {
        for tenant in owing::holding(&self.jobs).await.map_err(store_error)? {
            let forget = async |tx: &mut TenantTx| endpoints::forget_claims(tx).await;
            self.app.tenant(tenant, forget).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueNotice>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let limit = limit.min(MOST_ROWS);
        let mut all = Vec::new();
        for tenant in owing::to_tell(&self.jobs, now, limit).await.map_err(store_error)? {
            all.extend(self.notices_of(tenant, now, until).await.map_err(store_error)?);
        }
        Ok(all)
    }

    async fn note_notice(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        status: NoticeStatus,
        next_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let note =
            async |tx: &mut TenantTx| endpoints::note_notice(tx, endpoint, status, next_at).await;
        self.app.tenant(tenant, note).await.map_err(store_error)
    }

    async fn prune_calls(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut count = 0;
        for tenant in owing::to_prune(&self.jobs, before).await.map_err(store_error)? {
            count += self.prune_of(tenant, before, limit).await.map_err(store_error)? as u64;
        }
        Ok(count)
    }

    async fn undone_calls(&self) -> Result<u64, StoreError> {
        owing::undone(&self.jobs).await.map_err(store_error)
    }
}

impl PgStore {
    async fn claim_of(
        &self,
        tenant: TenantId,
        ids: Vec<Uuid>,
        (node, now, until): (NodeId, Timestamp, Timestamp),
    ) -> Result<Vec<EndpointId>, DbError> {
        let claim = async |tx: &mut TenantTx| endpoints::claim(tx, &ids, node, now, until).await;
        self.app.tenant(tenant, claim).await
    }

    async fn notices_of(
        &self,
        tenant: TenantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<DueNotice>, DbError> {
        let take = async |tx: &mut TenantTx| endpoints::claim_notices(tx, now, until).await;
        self.app.tenant(tenant, take).await
    }

    async fn prune_of(
        &self,
        tenant: TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<usize, DbError> {
        let prune = async |tx: &mut TenantTx| {
            let gone = endpoints::deleted(tx).await?;
            let pruned = calls::prune(tx, before, &gone, limit).await?;
            if !gone.is_empty() {
                let still = calls::with_calls(tx, &gone).await?;
                endpoints::bury(tx, &still).await?;
            }
            Ok(pruned)
        };
        self.app.tenant(tenant, prune).await
    }
}

/// A test keeps nobody waiting: it is an entity of its own.
fn of_test(endpoint: EndpointId, number: i64) -> Uuid {
    Uuid::from_u128(endpoint.as_uuid().as_u128() ^ (number as u128 + 1))
}

async fn record(tx: &TenantTx, endpoint: EndpointId) -> Result<Option<EndpointRecord>, DbError> {
    let Some(row) = endpoints::find(tx, endpoint).await? else { return Ok(None) };
    let pending = calls::pending_of(tx, endpoint).await?;
    let head = tenants::head(tx).await?.seq;
    row.record(pending, head).map(Some)
}

/// Stores a try and what follows from it for the call and for its endpoint.
async fn settle(
    tx: &TenantTx,
    endpoint: EndpointId,
    report: &CallReport,
) -> Result<Option<Reported>, DbError> {
    // First the endpoint, then the call: in the order of `work`.
    let Some(failing_since) = endpoints::failing_since(tx, endpoint).await? else {
        return Ok(None);
    };
    let Some((entity, tries, run)) = calls::lock_pending(tx, endpoint, report.number).await? else {
        return Ok(None);
    };
    let (number, now) = (report.number, report.now);
    let before = Before { entity, number, run, failing_since };
    let settled = webhook::settle(before, report.outcome, report.retry_after, now);
    let (status, next_at) = match settled.end {
        End::Accepted => (CallStatus::Accepted, now),
        End::Again(at) => (CallStatus::Pending, at),
        End::Failed => (CallStatus::Failed, now),
    };
    match settled.failing_since {
        None => endpoints::accepted(tx, endpoint, now).await?,
        Some(since) => endpoints::failed(tx, endpoint, since).await?,
    }
    let mut paused = None;
    if let Some(why) = settled.pause
        && endpoints::lock(tx, endpoint).await? == Some(true)
    {
        endpoints::pause(tx, endpoint, why, now).await?;
        paused = Some(why);
    }
    let after = After { status, tries: tries + 1, run: settled.run, next_at };
    calls::report(tx, endpoint, report, &after).await?;
    Ok(Some(Reported { status, paused }))
}
