//! `calendar_accounts`, `calendar_busy` and `calendar_entries`: external calendars.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper, dsl, upsert::excluded,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Block, BlockKind, Booking, BookingStatus, Stretch},
    external::{CalendarStatus, MOST_BUSY, Provider},
    id::{BlockId, BookingId, CalendarId, NodeId, ResourceId},
};
use forecourt_ports::{
    calendar::ExternalRef,
    store::{CalendarRecord, EntryEnd, LookEnd, NewCalendar},
};
use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    Active, Pending, Time, Word,
    bulk::{self, bulk},
    number, some,
};
use crate::{
    TenantTx,
    error::DbError,
    schema::{
        booking_takes, bookings, calendar_accounts as accounts, calendar_busy as busy,
        calendar_entries as entries,
    },
};

const TABLE: &str = "calendar_accounts";
const BUSY: &str = "calendar_busy";
const ENTRIES: &str = "calendar_entries";
const DONE: &str = "done";
const FAILED: &str = "failed";
/// Bookings that are written into a calendar when it is connected.
const MOST_FIRST: i64 = 1_000;

bulk! {
    /// A busy time of a calendar.
    insert NewBusy of BusyRow into calendar_busy {
        calendar_id: Uuid,
        number: i32,
        resource_id: Uuid,
        busy_from: Time,
        busy_until: Time,
    }
    ""
}

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

/// Forgets what stands in a calendar that another one takes the place of.
pub(crate) async fn forget_entries(mut tx: &TenantTx, calendar: CalendarId) -> Result<(), DbError> {
    let old = entries::table.filter(entries::calendar_id.eq(calendar.into_uuid()));
    diesel::delete(old).execute(&mut tx).await?;
    Ok(())
}

/// The bookings of a resource that are still to come are to be written into its calendar.
pub(crate) async fn first_entries(
    mut tx: &TenantTx,
    calendar: CalendarId,
    resource: ResourceId,
    at: Timestamp,
) -> Result<(), DbError> {
    let coming: Vec<Uuid> = booking_takes::table
        .inner_join(bookings::table.on(bookings::booking_id.eq(booking_takes::booking_id)))
        .filter(booking_takes::resource_id.eq(resource.into_uuid()))
        .filter(booking_takes::takes_until.gt(Time::from(at)))
        .filter(bookings::status.eq(BookingStatus::Booked.word()))
        .order(booking_takes::takes_from)
        .limit(MOST_FIRST)
        .select(booking_takes::booking_id)
        .load(&mut tx)
        .await?;
    for booking in coming {
        want(tx, calendar.into_uuid(), booking, at).await?;
    }
    Ok(())
}

async fn want(
    mut tx: &TenantTx,
    calendar: Uuid,
    booking: Uuid,
    at: Timestamp,
) -> Result<(), DbError> {
    let at = Time::from(at);
    diesel::insert_into(entries::table)
        .values((
            entries::calendar_id.eq(calendar),
            entries::booking_id.eq(booking),
            entries::status.eq("pending"),
            entries::wanted.eq(0),
            entries::created_at.eq(at),
            entries::updated_at.eq(at),
        ))
        .on_conflict((entries::tenant_id, entries::calendar_id, entries::booking_id))
        .do_update()
        .set((
            entries::status.eq(excluded(entries::status)),
            entries::wanted.eq(entries::wanted + 1),
            entries::attempts.eq(0),
            entries::updated_at.eq(excluded(entries::updated_at)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// A booking was changed: every calendar that shows it, or should, is to be made so. In the booking's own
/// transaction; a hold that was in no calendar is none's business yet.
pub(crate) async fn noted(
    mut tx: &TenantTx,
    booking: &Booking,
    at: Timestamp,
) -> Result<(), DbError> {
    let mut calendars: Vec<Uuid> = entries::table
        .filter(entries::booking_id.eq(booking.id.into_uuid()))
        .select(entries::calendar_id)
        .load(&mut tx)
        .await?;
    if booking.status == BookingStatus::Booked {
        let taken: Vec<Uuid> =
            booking.takes().iter().map(|take| take.resource.into_uuid()).collect();
        let of_resources: Vec<Uuid> = accounts::table
            .filter(accounts::resource_id.eq_any(taken))
            .filter(accounts::status.ne(CalendarStatus::Choosing.word()))
            .select(accounts::calendar_id)
            .load(&mut tx)
            .await?;
        calendars.extend(of_resources);
    }
    calendars.sort_unstable();
    calendars.dedup();
    if calendars.is_empty() {
        return Ok(());
    }
    // First the calendars, as a look locks them: a look that ends now has seen what is noted here, or is over
    // before this calendar is called due.
    accounts::table
        .filter(accounts::calendar_id.eq_any(calendars.clone()))
        .order(accounts::calendar_id)
        .for_no_key_update()
        .select(accounts::calendar_id)
        .load::<Uuid>(&mut tx)
        .await?;
    for calendar in &calendars {
        want(tx, *calendar, booking.id.into_uuid(), at).await?;
    }
    let now = Time::from(at);
    // One that is paused is looked at when its pause is over, and finds it then.
    let free = accounts::paused_until.is_null().or(accounts::paused_until.le(now));
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq_any(calendars))
        .filter(accounts::next_at.gt(now))
        .filter(free)
        .set(accounts::next_at.eq(now))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Busy times of a resource's calendars that end after `since`, as blocks in UTC: whole minutes, and the
/// rest counts as busy.
pub(crate) async fn blocks(
    mut tx: &TenantTx,
    resource: ResourceId,
    since: Timestamp,
) -> Result<Vec<Block>, DbError> {
    let found: Vec<(Uuid, i32, Time, Time)> = busy::table
        .filter(busy::resource_id.eq(resource.into_uuid()))
        .filter(busy::busy_until.gt(Time::from(since)))
        .order(busy::busy_from)
        .limit(MOST_BUSY as i64 * 4)
        .select((busy::calendar_id, busy::number, busy::busy_from, busy::busy_until))
        .load(&mut tx)
        .await?;
    let block = |(calendar, number, from, until): (Uuid, i32, Time, Time)| {
        let (from, until) = (from.to_jiff(), until.to_jiff());
        let seconds = until.duration_since(from).as_secs().max(1);
        let minutes = u32::try_from(seconds.unsigned_abs().div_ceil(60)).unwrap_or(u32::MAX);
        Block {
            id: BlockId::from_uuid(Uuid::from_u128(calendar.as_u128() ^ number as u128)),
            resource,
            kind: BlockKind::Block,
            label: None,
            starts_at: TimeZone::UTC.to_datetime(from),
            zone: "UTC".to_owned(),
            minutes: minutes.min(Block::MAX_MINUTES),
            rule: None,
        }
    };
    Ok(found.into_iter().map(block).collect())
}

// ---- claims and reports ----

macro_rules! held {
    ($calendar:expr, $node:expr) => {
        accounts::table
            .filter(accounts::calendar_id.eq($calendar.into_uuid()))
            .filter(accounts::claimed_by.eq($node.into_uuid()))
    };
}

/// Claims those of `ids` that are due and that nobody holds.
pub(crate) async fn claim(
    mut tx: &TenantTx,
    ids: &[Uuid],
    node: NodeId,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<CalendarId>, DbError> {
    let now = Time::from(now);
    let free = accounts::claimed_until.is_null().or(accounts::claimed_until.le(now));
    let claimed: Vec<Uuid> = diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq_any(ids.to_vec()))
        .filter(accounts::status.eq(Active))
        .filter(accounts::next_at.le(now))
        .filter(free)
        .set((
            accounts::claimed_by.eq(node.into_uuid()),
            accounts::claimed_until.eq(Time::from(until)),
        ))
        .returning(accounts::calendar_id)
        .get_results(&mut tx)
        .await?;
    Ok(claimed.into_iter().map(CalendarId::from_uuid).collect())
}

/// A calendar that `node` holds, locked.
pub(crate) async fn hold(
    mut tx: &TenantTx,
    calendar: CalendarId,
    node: NodeId,
) -> Result<Option<Stored>, DbError> {
    let held = held!(calendar, node).for_no_key_update().select(Stored::as_select());
    Ok(held.first(&mut tx).await.optional()?)
}

/// What is pending of an entry.
pub(crate) struct Due {
    pub(crate) booking: BookingId,
    pub(crate) wanted: i64,
    pub(crate) known: Option<ExternalRef>,
    pub(crate) tried: u32,
}

/// Pending entries, counted as tried: what changed last first, before what was there when it was connected.
pub(crate) async fn due(
    mut tx: &TenantTx,
    calendar: CalendarId,
    limit: u32,
) -> Result<Vec<Due>, DbError> {
    type Row = (Uuid, i64, Option<String>, Option<String>, i32);
    let found: Vec<Row> = entries::table
        .filter(entries::calendar_id.eq(calendar.into_uuid()))
        .filter(entries::status.eq(Pending))
        .order(entries::updated_at.desc())
        .limit(limit.into())
        .for_no_key_update()
        .select((
            entries::booking_id,
            entries::wanted,
            entries::external_id,
            entries::etag,
            entries::attempts,
        ))
        .load(&mut tx)
        .await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.0).collect();
    diesel::update(entries::table)
        .filter(entries::calendar_id.eq(calendar.into_uuid()))
        .filter(entries::booking_id.eq_any(ids))
        .set(entries::attempts.eq(entries::attempts + 1))
        .execute(&mut tx)
        .await?;
    let due = |(booking, wanted, id, etag, attempts): Row| {
        Ok(Due {
            booking: BookingId::from_uuid(booking),
            wanted,
            known: id.map(|id| ExternalRef { id, etag }),
            tried: number(attempts, ENTRIES)?,
        })
    };
    found.into_iter().map(due).collect()
}

/// What is known of a booking's entry, if it was written.
pub(crate) async fn entry(
    mut tx: &TenantTx,
    calendar: CalendarId,
    booking: BookingId,
) -> Result<Option<ExternalRef>, DbError> {
    let found: Option<(Option<String>, Option<String>)> = entries::table
        .filter(entries::calendar_id.eq(calendar.into_uuid()))
        .filter(entries::booking_id.eq(booking.into_uuid()))
        .select((entries::external_id, entries::etag))
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.and_then(|(id, etag)| Some(ExternalRef { id: id?, etag })))
}

/// Holds a claim until `until`; `false` when it is gone.
pub(crate) async fn renew(
    mut tx: &TenantTx,
    calendar: CalendarId,
    node: NodeId,
    until: Timestamp,
) -> Result<bool, DbError> {
    let renewed =
        diesel::update(held!(calendar, node)).set(accounts::claimed_until.eq(Time::from(until)));
    Ok(renewed.execute(&mut tx).await? == 1)
}

pub(crate) async fn keep_secret(
    mut tx: &TenantTx,
    calendar: CalendarId,
    node: NodeId,
    secret: &[u8],
) -> Result<bool, DbError> {
    let kept = diesel::update(held!(calendar, node)).set(accounts::secret.eq(secret));
    Ok(kept.execute(&mut tx).await? == 1)
}

/// Stores what is known of an entry; it is done when nothing changed since.
pub(crate) async fn end_entry(
    mut tx: &TenantTx,
    calendar: CalendarId,
    (booking, wanted): (BookingId, i64),
    end: &EntryEnd,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = || {
        entries::table
            .filter(entries::calendar_id.eq(calendar.into_uuid()))
            .filter(entries::booking_id.eq(booking.into_uuid()))
    };
    let (status, error) = match end {
        EntryEnd::Failed(code) => (FAILED, Some(*code)),
        EntryEnd::There(_) | EntryEnd::Out | EntryEnd::Left => (DONE, None),
    };
    let known = match end {
        EntryEnd::There(known) => Some((Some(&known.id), known.etag.as_ref())),
        EntryEnd::Out => Some((None, None)),
        EntryEnd::Left | EntryEnd::Failed(_) => None,
    };
    if let Some((id, etag)) = known {
        diesel::update(row())
            .set((entries::external_id.eq(id), entries::etag.eq(etag)))
            .execute(&mut tx)
            .await?;
    }
    diesel::update(row())
        .filter(entries::wanted.eq(wanted))
        .set((
            entries::status.eq(status),
            entries::last_error.eq(error),
            entries::updated_at.eq(Time::from(now)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// The busy times that are kept of a calendar, in their order.
pub(crate) async fn kept(mut tx: &TenantTx, calendar: CalendarId) -> Result<Vec<Stretch>, DbError> {
    let found: Vec<(Time, Time)> = busy::table
        .filter(busy::calendar_id.eq(calendar.into_uuid()))
        .order(busy::number)
        .limit(MOST_BUSY as i64)
        .select((busy::busy_from, busy::busy_until))
        .load(&mut tx)
        .await?;
    let stretch =
        |(from, until): (Time, Time)| Stretch { from: from.to_jiff(), until: until.to_jiff() };
    Ok(found.into_iter().map(stretch).collect())
}

/// Replaces the busy times of a calendar.
pub(crate) async fn replace(
    mut tx: &TenantTx,
    calendar: CalendarId,
    resource: ResourceId,
    times: &[Stretch],
) -> Result<(), DbError> {
    let old = busy::table.filter(busy::calendar_id.eq(calendar.into_uuid()));
    diesel::delete(old).execute(&mut tx).await?;
    if times.is_empty() {
        return Ok(());
    }
    let row = |(number, at): (i32, &Stretch)| BusyRow {
        calendar_id: calendar.into_uuid(),
        number,
        resource_id: resource.into_uuid(),
        busy_from: at.from.into(),
        busy_until: at.until.into(),
    };
    let rows: NewBusy = (0..).zip(times).map(row).collect();
    bulk::send(tx, rows).await?;
    Ok(())
}

pub(crate) async fn was_read(
    mut tx: &TenantTx,
    calendar: CalendarId,
    now: Timestamp,
    next: Timestamp,
) -> Result<(), DbError> {
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq(calendar.into_uuid()))
        .set((accounts::read_at.eq(Time::from(now)), accounts::read_due.eq(Time::from(next))))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Stores how a look ended, and gives the claim back. The row is locked by [`hold`]: what was noted since the
/// look began is seen here.
pub(crate) async fn leave(
    mut tx: &TenantTx,
    held: &Stored,
    end: LookEnd,
    (began, now): (Timestamp, Timestamp),
) -> Result<(), DbError> {
    let pending = entries::table
        .filter(entries::calendar_id.eq(held.calendar_id))
        .filter(entries::status.eq(Pending));
    let pending: bool = diesel::select(dsl::exists(pending)).get_result(&mut tx).await?;
    let due = if pending { now } else { held.read_due.to_jiff() };
    // A member had it looked at while this look was under way: what came of it may be over.
    let asked = held.updated_at.to_jiff() > began;
    let (status, error, failures, paused) = match end {
        LookEnd::Good => (None, None, 0, None),
        LookEnd::Failing { code, until } => (None, Some(code), held.failures + 1, Some(until)),
        LookEnd::Refused { code } => {
            (Some(CalendarStatus::Refused.word()), Some(code), held.failures + 1, None)
        }
    };
    let paused = paused.filter(|_| !asked);
    let failing_since = error.map(|_| held.failing_since.unwrap_or_else(|| now.into()));
    diesel::update(accounts::table)
        .filter(accounts::calendar_id.eq(held.calendar_id))
        .set((
            status.map(|status| accounts::status.eq(status)),
            accounts::last_error.eq(error),
            accounts::failures.eq(failures),
            accounts::failing_since.eq(failing_since),
            accounts::paused_until.eq(some(paused)),
            accounts::next_at.eq(Time::from(paused.unwrap_or(due))),
            accounts::claimed_by.eq(None::<Uuid>),
            accounts::claimed_until.eq(None::<Time>),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}
