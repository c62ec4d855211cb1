//! What the sweeps ask over all tenants at once: which tenants owe work, since when, and how much.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use forecourt_core::id::TenantId;
use forecourt_ports::store::STUCK;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    JobsDb,
    error::DbError,
    schema::{
        booking_letters, booking_news, booking_waits, bookings, deliveries, sessions, tenants,
        timers, websites,
    },
    tables::{
        Failed, HandingOver, Held, Over, Pending, Time, Uncertain, number,
        passage_vectors::passage_work,
    },
};

/// Of how many tenants the waiting sessions are looked at in one count of undone work (A9).
pub(super) const TENANTS_PER_COUNT: i64 = 500;

/// That a tenant owes something, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) tenant: TenantId,
    pub(super) since: Timestamp,
}

fn owed((tenant, since): (Uuid, Time)) -> Owed {
    Owed { tenant: TenantId::from_uuid(tenant), since: since.to_jiff() }
}

/// All tenants there are.
pub(super) async fn tenants(jobs: &JobsDb) -> Result<Vec<TenantId>, DbError> {
    let found: Vec<Uuid> = jobs.load(tenants::table.select(tenants::tenant_id)).await?;
    Ok(found.into_iter().map(TenantId::from_uuid).collect())
}

/// Whose are the oldest due timers that nobody holds; a tenant stands here once per timer.
pub(super) async fn due_timers(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Owed>, DbError> {
    let now = Time::from(now);
    let query = timers::table
        .filter(timers::status.eq(Pending))
        .filter(timers::due_at.le(now))
        .filter(timers::claimed_until.is_null().or(timers::claimed_until.le(now)))
        .order(timers::due_at)
        .limit(limit.into())
        .select((timers::tenant_id, timers::due_at));
    Ok(jobs.load(query).await?.into_iter().map(owed).collect())
}

/// Whose websites are to be read, and held by nobody.
pub(super) async fn with_due_websites(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let now = Time::from(now);
    let query = websites::table
        .filter(websites::next_at.le(now))
        .filter(websites::claimed_until.is_null().or(websites::claimed_until.le(now)))
        .order(websites::next_at)
        .limit(limit.into())
        .select(websites::tenant_id);
    let mut found: Vec<Uuid> = jobs.load(query).await?;
    found.dedup();
    Ok(found.into_iter().map(TenantId::from_uuid).collect())
}

/// Whose passages may lack a vector, and are held by nobody.
pub(super) async fn with_unplaced_passages(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let now = Time::from(now);
    let query = passage_work::table
        .filter(passage_work::next_at.le(now))
        .filter(passage_work::claimed_until.is_null().or(passage_work::claimed_until.le(now)))
        .order(passage_work::next_at)
        .limit(limit.into())
        .select(passage_work::tenant_id);
    let found: Vec<Uuid> = jobs.load(query).await?;
    Ok(found.into_iter().map(TenantId::from_uuid).collect())
}

/// Whose holds were over at `now`.
pub(super) async fn with_overdue_holds(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let query = bookings::table
        .filter(bookings::status.eq(Held))
        .filter(bookings::hold_until.le(Time::from(now)))
        .order(bookings::hold_until)
        .limit(limit.into())
        .select(bookings::tenant_id);
    Ok(each_once(jobs.load(query).await?))
}

/// Whose bookings have steps of before `before` that the log does not tell of.
pub(super) async fn with_untold_bookings(
    jobs: &JobsDb,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let query = booking_news::table
        .filter(booking_news::at.lt(Time::from(before)))
        .limit(limit.into())
        .select(booking_news::tenant_id);
    Ok(each_once(jobs.load(query).await?))
}

/// Of whom somebody waits for a time after `now`.
pub(super) async fn with_waits(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let query = booking_waits::table
        .filter(booking_waits::status.ne(Over))
        .filter(booking_waits::waits_until.gt(Time::from(now)))
        .select(booking_waits::tenant_id)
        .distinct()
        .limit(limit.into());
    Ok(jobs.load::<_, Uuid>(query).await?.into_iter().map(TenantId::from_uuid).collect())
}

/// Whose letters about bookings are due and held by nobody.
pub(super) async fn with_due_letters(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<TenantId>, DbError> {
    let now = Time::from(now);
    let query = booking_letters::table
        .filter(booking_letters::status.eq(Pending).or(booking_letters::status.eq(HandingOver)))
        .filter(booking_letters::next_at.le(now))
        .filter(booking_letters::claimed_until.is_null().or(booking_letters::claimed_until.le(now)))
        .order(booking_letters::next_at)
        .limit(limit.into())
        .select(booking_letters::tenant_id);
    Ok(each_once(jobs.load(query).await?))
}

fn each_once(mut tenants: Vec<Uuid>) -> Vec<TenantId> {
    tenants.sort_unstable();
    tenants.dedup();
    tenants.into_iter().map(TenantId::from_uuid).collect()
}

/// Whose are the oldest due deliveries that nobody holds, and those that were begun and never
/// ended; a tenant stands here once per delivery.
pub(super) async fn due_deliveries(
    jobs: &JobsDb,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Owed>, DbError> {
    let now = Time::from(now);
    let free = || deliveries::claimed_until.is_null().or(deliveries::claimed_until.le(now));
    let pending = deliveries::table
        .filter(deliveries::status.eq(Pending))
        .filter(deliveries::next_at.le(now))
        .filter(free())
        .order(deliveries::next_at)
        .limit(limit.into())
        .select((deliveries::tenant_id, deliveries::next_at));
    let begun = deliveries::table
        .filter(deliveries::status.eq(HandingOver))
        .filter(free())
        .order(deliveries::claimed_until)
        .limit(limit.into())
        .select((deliveries::tenant_id, deliveries::next_at));
    let mut found: Vec<Owed> = jobs.load(pending).await?.into_iter().map(owed).collect();
    found.extend(jobs.load(begun).await?.into_iter().map(owed));
    found.sort_by_key(|owed| (owed.since, owed.tenant));
    found.truncate(limit as usize);
    Ok(found)
}

/// Tenants with rows that somebody holds, or whose handover was begun.
pub(super) async fn holding(jobs: &JobsDb) -> Result<Vec<TenantId>, DbError> {
    let timers = timers::table
        .filter(timers::claimed_until.is_not_null())
        .select(timers::tenant_id)
        .distinct();
    let deliveries = deliveries::table
        .filter(deliveries::claimed_until.is_not_null())
        .select(deliveries::tenant_id)
        .distinct();
    let mut found: Vec<Uuid> = jobs.load(timers).await?;
    found.extend(jobs.load::<_, Uuid>(deliveries).await?);
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().map(TenantId::from_uuid).collect())
}

/// Some tenants in whose sessions somebody waits.
pub(super) async fn waiting(jobs: &JobsDb) -> Result<Vec<TenantId>, DbError> {
    let query = sessions::table
        .filter(sessions::waiting_since.is_not_null())
        .select(sessions::tenant_id)
        .distinct()
        .limit(TENANTS_PER_COUNT);
    Ok(jobs.load(query).await?.into_iter().map(TenantId::from_uuid).collect())
}

/// How much is undone over all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undone {
    pub(super) overdue_timers: u64,
    pub(super) pending_deliveries: u64,
    pub(super) stuck_deliveries: u64,
    pub(super) uncertain_deliveries: u64,
    pub(super) dead_deliveries: u64,
}

pub(super) async fn undone(jobs: &JobsDb, now: Timestamp) -> Result<Undone, DbError> {
    let overdue = timers::table
        .filter(timers::status.eq(Pending))
        .filter(timers::due_at.lt(Time::from(now)))
        .count();
    let pending = deliveries::table.filter(deliveries::status.eq(Pending)).count();
    let begun = deliveries::table.filter(deliveries::status.eq(HandingOver)).count();
    let at = Time::from(now);
    let long_due = Time::from(now.saturating_sub(STUCK).unwrap_or(Timestamp::MIN));
    let free = || deliveries::claimed_until.is_null().or(deliveries::claimed_until.le(at));
    let forgotten = deliveries::table
        .filter(deliveries::status.eq(Pending))
        .filter(deliveries::next_at.lt(long_due))
        .filter(free())
        .count();
    let lost = deliveries::table.filter(deliveries::status.eq(HandingOver)).filter(free()).count();
    let unseen = || deliveries::replayed_by.is_null();
    let uncertain = deliveries::table.filter(deliveries::status.eq(Uncertain));
    let uncertain = uncertain.filter(unseen()).count();
    let dead = deliveries::table.filter(deliveries::status.eq(Failed)).filter(unseen()).count();
    let count = |rows: Vec<i64>| number(rows.into_iter().sum::<i64>(), "counts");
    let mut under_way = jobs.load(pending).await?;
    under_way.extend(jobs.load::<_, i64>(begun).await?);
    let mut stuck = jobs.load(forgotten).await?;
    stuck.extend(jobs.load::<_, i64>(lost).await?);
    Ok(Undone {
        overdue_timers: count(jobs.load(overdue).await?)?,
        pending_deliveries: count(under_way)?,
        stuck_deliveries: count(stuck)?,
        uncertain_deliveries: count(jobs.load(uncertain).await?)?,
        dead_deliveries: count(jobs.load(dead).await?)?,
    })
}
