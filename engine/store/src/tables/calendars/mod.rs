//! `calendar_accounts`, `calendar_busy` and `calendar_entries`: external calendars.

mod claims;
mod shown;
mod times;

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper, dsl,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    external::{CalendarStatus, Provider},
    id::{CalendarId, ResourceId},
};
use forecourt_ports::store::{CalendarRecord, NewCalendar};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use self::{
    claims::{claim, hold, keep_secret, leave, renew, was_read},
    shown::{Due, due, end_entry, entry, first_entries, forget_entries, noted},
    times::{blocks, kept, replace},
};
use super::{Pending, Time, Word, number};
use crate::{
    TenantTx,
    error::DbError,
    schema::{calendar_accounts as accounts, calendar_busy as busy, calendar_entries as entries},
};

const TABLE: &str = "calendar_accounts";
const BUSY: &str = "calendar_busy";
const ENTRIES: &str = "calendar_entries";
const FAILED: &str = "failed";

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Stored {
    calendar_id: Uuid,
    provider: String,
    url: Option<String>,
    secret: Vec<u8>,
    calendar: String,
    name: String,
    resource_id: Option<Uuid>,
    status: String,
    last_error: Option<String>,
    failures: i32,
    failing_since: Option<Time>,
    read_at: Option<Time>,
    read_due: Time,
    created_at: Time,
    updated_at: Time,
}

/// How much there is of a calendar in the other tables.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    busy: i64,
    pending: i64,
    failed: i64,
}

impl Stored {
    pub(crate) fn id(&self) -> CalendarId {
        CalendarId::from_uuid(self.calendar_id)
    }

    pub(crate) fn resource(&self) -> Option<ResourceId> {
        self.resource_id.map(ResourceId::from_uuid)
    }

    pub(crate) fn read_is_due(&self, now: Timestamp) -> bool {
        self.read_due.to_jiff() <= now
    }

    /// The row as people see it, and its sealed secret.
    pub(crate) fn record(self, counts: Counts) -> Result<(CalendarRecord, Vec<u8>), DbError> {
        let resource = self.resource();
        let record = CalendarRecord {
            calendar: CalendarId::from_uuid(self.calendar_id),
            provider: Provider::read(&self.provider, TABLE)?,
            url: self.url,
            external: self.calendar,
            name: self.name,
            resource,
            status: CalendarStatus::read(&self.status, TABLE)?,
            last_error: self.last_error,
            failures: number(self.failures, TABLE)?,
            failing_since: self.failing_since.map(Time::to_jiff),
            read_at: self.read_at.map(Time::to_jiff),
            busy: number(counts.busy, BUSY)?,
            pending: number(counts.pending, ENTRIES)?,
            failed: number(counts.failed, ENTRIES)?,
            created_at: self.created_at.to_jiff(),
        };
        Ok((record, self.secret))
    }
}

pub(crate) async fn count(mut tx: &TenantTx) -> Result<i64, DbError> {
    Ok(accounts::table.count().get_result(&mut tx).await?)
}

pub(crate) async fn insert(mut tx: &TenantTx, new: &NewCalendar) -> Result<(), DbError> {
    let at = Time::from(new.at);
    let row = (
        accounts::calendar_id.eq(new.calendar.into_uuid()),
        accounts::provider.eq(new.provider.word()),
        accounts::url.eq(&new.url),
        accounts::secret.eq(&new.secret),
        accounts::status.eq(CalendarStatus::Choosing.word()),
        accounts::read_due.eq(at),
        accounts::next_at.eq(at),
        accounts::created_by.eq(new.by.into_uuid()),
        accounts::created_at.eq(at),
        accounts::updated_at.eq(at),
    );
    diesel::insert_into(accounts::table).values(row).execute(&mut tx).await?;
    Ok(())
}

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Stored>, DbError> {
    let query =
        accounts::table.order(accounts::calendar_id).limit(1_000).select(Stored::as_select());
    Ok(query.load(&mut tx).await?)
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    calendar: CalendarId,
) -> Result<Option<Stored>, DbError> {
    let query = accounts::table
        .filter(accounts::calendar_id.eq(calendar.into_uuid()))
        .select(Stored::as_select());
    Ok(query.first(&mut tx).await.optional()?)
}

/// What a calendar closes after `now`, and how its entries stand.
pub(crate) async fn counts(
    mut tx: &TenantTx,
    calendar: CalendarId,
    now: Timestamp,
) -> Result<Counts, DbError> {
    let closed: i64 = busy::table
        .filter(busy::calendar_id.eq(calendar.into_uuid()))
        .filter(busy::busy_until.gt(Time::from(now)))
        .count()
        .get_result(&mut tx)
        .await?;
    let by_status: Vec<(String, i64)> = entries::table
        .filter(entries::calendar_id.eq(calendar.into_uuid()))
        .group_by(entries::status)
        .select((entries::status, dsl::count_star()))
        .load(&mut tx)
        .await?;
    let of = |status: &str| by_status.iter().find(|(s, _)| s == status).map_or(0, |(_, n)| *n);
    Ok(Counts { busy: closed, pending: of("pending"), failed: of(FAILED) })
}

/// Whether another connection has this calendar already.
pub(crate) async fn is_taken(
    mut tx: &TenantTx,
    calendar: CalendarId,
    (provider, external): (Provider, &str),
) -> Result<bool, DbError> {
    let other = accounts::table
        .filter(accounts::calendar_id.ne(calendar.into_uuid()))
        .filter(accounts::provider.eq(provider.word()))
        .filter(accounts::calendar.eq(external));
    Ok(diesel::select(dsl::exists(other)).get_result(&mut tx).await?)
}

pub(crate) async fn choose(
    mut tx: &TenantTx,
    calendar: CalendarId,
    (external, name): (&str, &str),
    resource: ResourceId,
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq(calendar.into_uuid()))
        .set((
            accounts::calendar.eq(external),
            accounts::name.eq(name),
            accounts::resource_id.eq(resource.into_uuid()),
            accounts::status.eq(CalendarStatus::Active.word()),
            accounts::read_at.eq(None::<Time>),
            accounts::updated_at.eq(now),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Other credentials: whatever stood against the old ones is over.
pub(crate) async fn reconnect(
    mut tx: &TenantTx,
    calendar: CalendarId,
    secret: &[u8],
    chosen: bool,
) -> Result<(), DbError> {
    let status = if chosen { CalendarStatus::Active } else { CalendarStatus::Choosing };
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq(calendar.into_uuid()))
        .set((accounts::secret.eq(secret), accounts::status.eq(status.word())))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Has it looked at at once; what had failed is tried again.
pub(crate) async fn now(
    mut tx: &TenantTx,
    calendar: CalendarId,
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq(calendar.into_uuid()))
        .set((
            accounts::read_due.eq(now),
            accounts::next_at.eq(now),
            accounts::paused_until.eq(None::<Time>),
            accounts::updated_at.eq(now),
        ))
        .execute(&mut tx)
        .await?;
    diesel::update(entries::table)
        .filter(entries::calendar_id.eq(calendar.into_uuid()))
        .filter(entries::status.eq(FAILED))
        .set((entries::status.eq(Pending), entries::updated_at.eq(now)))
        .execute(&mut tx)
        .await?;
    Ok(())
}

pub(crate) async fn delete(mut tx: &TenantTx, calendar: CalendarId) -> Result<(), DbError> {
    let gone = accounts::table.filter(accounts::calendar_id.eq(calendar.into_uuid()));
    diesel::delete(gone).execute(&mut tx).await?;
    Ok(())
}
