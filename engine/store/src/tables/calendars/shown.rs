//! `calendar_entries`: which bookings are to stand in which calendar, and what stands there.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl,
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Booking, BookingStatus},
    external::CalendarStatus,
    id::{BookingId, CalendarId, ResourceId},
};
use forecourt_ports::{calendar::ExternalRef, store::EntryEnd};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ENTRIES, FAILED};
use crate::{
    TenantTx,
    error::DbError,
    schema::{booking_takes, bookings, calendar_accounts as accounts, calendar_entries as entries},
    tables::{Pending, Time, Word, number},
};

const DONE: &str = "done";
/// Bookings that are written into a calendar when it is connected.
const MOST_FIRST: i64 = 1_000;

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
