//! What is asked of webhooks over all tenants at once: who owes calls or a notice, and how much.

use std::collections::BTreeMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl,
};
use forecourt_core::id::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    JobsDb,
    error::DbError,
    schema::{tenants as tenant_rows, webhook_calls as call_rows, webhook_endpoints as rows},
    tables::{Active, Deleted, Due, Pending, Time, number},
};

pub(super) type OfTenants = BTreeMap<TenantId, Vec<Uuid>>;

/// Active endpoints that nobody holds and whose log has grown or whose calls fall due.
pub(super) async fn owing(jobs: &JobsDb, now: Timestamp, limit: u32) -> Result<OfTenants, DbError> {
    let now = Time::from(now);
    let due = rows::next_at.is_not_null().and(rows::next_at.assume_not_null().le(now));
    // A claim that was not given back is a dead node's: what it had in hand is pending.
    let left = rows::claimed_until.is_not_null();
    let free = rows::claimed_until.is_null().or(rows::claimed_until.assume_not_null().le(now));
    let query = rows::table
        .inner_join(tenant_rows::table.on(tenant_rows::tenant_id.eq(rows::tenant_id)))
        .filter(rows::status.eq(Active))
        .filter(free)
        .filter(due.or(left).or(tenant_rows::last_seq.gt(rows::cursor)))
        .limit(limit.into())
        .select((rows::tenant_id, rows::endpoint_id));
    let mut owing = OfTenants::new();
    for (tenant, endpoint) in jobs.load::<_, (Uuid, Uuid)>(query).await? {
        owing.entry(TenantId::from_uuid(tenant)).or_default().push(endpoint);
    }
    Ok(owing)
}

pub(super) async fn holding(jobs: &JobsDb) -> Result<Vec<TenantId>, DbError> {
    let query =
        rows::table.filter(rows::claimed_until.is_not_null()).select(rows::tenant_id).distinct();
    Ok(jobs.load(query).await?.into_iter().map(TenantId::from_uuid).collect())
}

pub(super) async fn to_tell(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let query = rows::table
        .filter(rows::notice.assume_not_null().eq(Due))
        .filter(rows::notice_at.le(Time::from(now)))
        .limit(limit.into())
        .select(rows::tenant_id)
        .distinct();
    Ok(jobs.load(query).await?.into_iter().map(TenantId::from_uuid).collect())
}

/// Tenants with calls that ended before `before`, or with endpoints that are gone.
pub(super) async fn to_prune(jobs: &JobsDb, before: Timestamp) -> Result<Vec<TenantId>, DbError> {
    let old = call_rows::table
        .filter(call_rows::status.ne(Pending))
        .filter(call_rows::updated_at.lt(Time::from(before)))
        .select(call_rows::tenant_id)
        .distinct();
    let gone = rows::table.filter(rows::status.eq(Deleted)).select(rows::tenant_id).distinct();
    let mut found: Vec<Uuid> = jobs.load(old).await?;
    found.extend(jobs.load::<_, Uuid>(gone).await?);
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().map(TenantId::from_uuid).collect())
}

/// Pending calls of active endpoints.
pub(super) async fn undone(jobs: &JobsDb) -> Result<u64, DbError> {
    let of_endpoint =
        rows::tenant_id.eq(call_rows::tenant_id).and(rows::endpoint_id.eq(call_rows::endpoint_id));
    let pending = call_rows::table
        .inner_join(rows::table.on(of_endpoint))
        .filter(call_rows::status.eq(Pending))
        .filter(rows::status.eq(Active))
        .count();
    number(jobs.load::<_, i64>(pending).await?.into_iter().sum::<i64>(), "counts")
}
