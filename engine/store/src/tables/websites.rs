//! `websites`: sites whose pages the assistant may answer from, and how their reading stands.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{NodeId, WebsiteId};
use forecourt_ports::store::websites::{WebsiteRecord, WebsiteStatus};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, number, some};
use crate::{TenantTx, error::DbError, schema::websites};

const TABLE: &str = "websites";
const MOST: i64 = 100;

type Row = (Uuid, String, String, i32, i32, i32, Option<String>, Option<Time>, Time);

const COLUMNS: (
    websites::website_id,
    websites::url,
    websites::status,
    websites::pages_seen,
    websites::pages_read,
    websites::passages,
    websites::code,
    websites::next_at,
    websites::updated_at,
) = (
    websites::website_id,
    websites::url,
    websites::status,
    websites::pages_seen,
    websites::pages_read,
    websites::passages,
    websites::code,
    websites::next_at,
    websites::updated_at,
);

fn record(row: Row) -> Result<WebsiteRecord, DbError> {
    let (id, url, status, seen, read, passages, code, next_at, updated_at) = row;
    Ok(WebsiteRecord {
        id: WebsiteId::from_uuid(id),
        url,
        status: WebsiteStatus::read(&status, TABLE)?,
        pages_seen: number(seen, TABLE)?,
        pages_read: number(read, TABLE)?,
        passages: number(passages, TABLE)?,
        code,
        next_at: next_at.map(Time::to_jiff),
        updated_at: updated_at.to_jiff(),
    })
}

/// Oldest first.
pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<WebsiteRecord>, DbError> {
    let found: Vec<Row> = websites::table
        .filter(websites::deleted_at.is_null())
        .order((websites::created_at, websites::website_id))
        .limit(MOST)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(record).collect()
}

pub(crate) async fn insert(
    mut tx: &TenantTx,
    id: WebsiteId,
    url: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        websites::website_id.eq(id.into_uuid()),
        websites::url.eq(url),
        websites::status.eq(WebsiteStatus::Waiting.word()),
        websites::next_at.eq(some(Some(now))),
        websites::created_at.eq(Time::from(now)),
        websites::updated_at.eq(Time::from(now)),
    );
    diesel::insert_into(websites::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Has it read as soon as somebody takes it up; one that is being read just goes on.
pub(crate) async fn due_now(
    mut tx: &TenantTx,
    id: WebsiteId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let stands = websites::table
        .filter(websites::website_id.eq(id.into_uuid()))
        .filter(websites::deleted_at.is_null());
    let found: Option<String> =
        stands.select(websites::status).for_no_key_update().first(&mut tx).await.optional()?;
    let Some(status) = found else { return Ok(false) };
    if status != WebsiteStatus::Reading.word() {
        let set = (
            websites::status.eq(WebsiteStatus::Waiting.word()),
            websites::next_at.eq(some(Some(now))),
            websites::updated_at.eq(Time::from(now)),
        );
        diesel::update(stands).set(set).execute(&mut tx).await?;
    }
    Ok(true)
}

/// Marks it deleted; whoever reads it has lost it.
pub(crate) async fn delete(
    mut tx: &TenantTx,
    id: WebsiteId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let stands = websites::table
        .filter(websites::website_id.eq(id.into_uuid()))
        .filter(websites::deleted_at.is_null());
    let set = (
        websites::next_at.eq(None::<Time>),
        websites::claimed_by.eq(None::<Uuid>),
        websites::claimed_until.eq(None::<Time>),
        websites::updated_at.eq(Time::from(now)),
        websites::deleted_at.eq(some(Some(now))),
    );
    Ok(diesel::update(stands).set(set).execute(&mut tx).await? == 1)
}

/// Claims what is due and free.
pub(crate) async fn claim(
    mut tx: &TenantTx,
    node: NodeId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<WebsiteRecord>, DbError> {
    let at = Time::from(now);
    let free = websites::claimed_until.is_null().or(websites::claimed_until.le(at));
    let found: Vec<Row> = websites::table
        .filter(websites::next_at.le(at))
        .filter(free)
        .order((websites::next_at, websites::website_id))
        .limit(limit.into())
        .for_update()
        .skip_locked()
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    let mut claimed = Vec::with_capacity(found.len());
    for row in found {
        let set = (
            websites::status.eq(WebsiteStatus::Reading.word()),
            websites::pages_seen.eq(0),
            websites::pages_read.eq(0),
            websites::claimed_by.eq(Some(node.into_uuid())),
            websites::claimed_until.eq(some(Some(until))),
            websites::updated_at.eq(at),
        );
        let one = websites::table.filter(websites::website_id.eq(row.0));
        diesel::update(one).set(set).execute(&mut tx).await?;
        claimed.push(record(row)?);
    }
    Ok(claimed)
}

/// Tells how far it is, and holds the claim until `until`; `false` when it is another's.
pub(crate) async fn tell(
    mut tx: &TenantTx,
    id: WebsiteId,
    node: NodeId,
    (seen, read): (u32, u32),
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let held = websites::table
        .filter(websites::website_id.eq(id.into_uuid()))
        .filter(websites::claimed_by.eq(node.into_uuid()));
    let set = (
        websites::pages_seen.eq(number::<_, i32>(seen, TABLE)?),
        websites::pages_read.eq(number::<_, i32>(read, TABLE)?),
        websites::claimed_until.eq(some(Some(until))),
        websites::updated_at.eq(Time::from(now)),
    );
    Ok(diesel::update(held).set(set).execute(&mut tx).await? == 1)
}

/// Gives the claim back with what came of it; `false` when it is another's. Without a number the passages
/// are those of before.
pub(crate) async fn end(
    mut tx: &TenantTx,
    id: WebsiteId,
    node: NodeId,
    (status, code, passages): (WebsiteStatus, Option<&str>, Option<usize>),
    next_at: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let held = websites::table
        .filter(websites::website_id.eq(id.into_uuid()))
        .filter(websites::claimed_by.eq(node.into_uuid()));
    let set = (
        websites::status.eq(status.word()),
        websites::code.eq(code),
        websites::next_at.eq(some(Some(next_at))),
        websites::claimed_by.eq(None::<Uuid>),
        websites::claimed_until.eq(None::<Time>),
        websites::updated_at.eq(Time::from(now)),
    );
    let ended = diesel::update(held).set(set).execute(&mut tx).await? == 1;
    if let Some(passages) = passages.filter(|_| ended) {
        let one = websites::table.filter(websites::website_id.eq(id.into_uuid()));
        let set = websites::passages.eq(number::<_, i32>(passages, TABLE)?);
        diesel::update(one).set(set).execute(&mut tx).await?;
    }
    Ok(ended)
}
