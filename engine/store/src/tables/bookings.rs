//! `bookings` and `booking_events`: appointments, and what happened to them.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Booking, BookingEvent, BookingStatus, BookingVersion, By, Customer, Requested},
    id::{BookingId, OfferId, ServiceId, SessionId},
};
use forecourt_ports::store::{BookingFilter, Busy};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, Word, booking_takes, bulk, bulk::bulk, some};
use crate::{
    TenantTx,
    error::DbError,
    schema::{booking_events, booking_takes as takes, bookings},
};

const TABLE: &str = "bookings";
const EVENTS: &str = "booking_events";
/// Steps that are read of one booking (A9); it has fewer.
const MOST_EVENTS: i64 = 1_000;

bulk! {
    /// A booking; one that is there already stays as it is.
    insert NewBookings of BookingRow into bookings {
        booking_id: Uuid,
        service_id: Uuid,
        starts_at: Time,
        ends_at: Time,
        created_at: Time,
    }
    "ON CONFLICT (tenant_id, booking_id) DO NOTHING"
}

/// Adds bookings that were made elsewhere, with their places; says how many were new.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    new: &[Busy],
    now: Timestamp,
) -> Result<usize, DbError> {
    let rows = new.iter().map(|busy| BookingRow {
        booking_id: busy.booking.into_uuid(),
        service_id: busy.service.into_uuid(),
        starts_at: busy.starts_at.into(),
        ends_at: busy.ends_at.into(),
        created_at: now.into(),
    });
    let added = bulk::send(tx, rows.collect::<NewBookings>()).await?;
    booking_takes::import(tx, new).await?;
    Ok(added)
}

type Row = (Uuid, Uuid, Time, Time, String, Option<Doc>, Time);

const COLUMNS: (
    bookings::booking_id,
    bookings::service_id,
    bookings::starts_at,
    bookings::ends_at,
    bookings::status,
    bookings::state,
    bookings::created_at,
) = (
    bookings::booking_id,
    bookings::service_id,
    bookings::starts_at,
    bookings::ends_at,
    bookings::status,
    bookings::state,
    bookings::created_at,
);

/// Reads a booking. One that was made elsewhere has no state of its own.
async fn read(tx: &TenantTx, row: Row) -> Result<Booking, DbError> {
    let (id, service, from, until, status, state, created_at) = row;
    let id = BookingId::from_uuid(id);
    if let Some(state) = state {
        return state.parse(TABLE);
    }
    let wish = Requested {
        service: ServiceId::from_uuid(service),
        from: from.to_jiff(),
        until: until.to_jiff(),
        zone: "UTC".into(),
        takes: booking_takes::of_booking(tx, id).await?,
        price: None,
        customer: Customer::default(),
        notes: None,
        session: None,
        client_id: None,
    };
    let created_at = created_at.to_jiff();
    Ok(Booking {
        id,
        version: BookingVersion(1),
        status: BookingStatus::read(&status, TABLE)?,
        wish,
        offer: OfferId::from_uuid(Uuid::nil()),
        hold_until: created_at,
        sequence: 0,
        moves: 0,
        moved_from: None,
        made_by: By::Engine,
        created_at,
        updated_at: created_at,
    })
}

pub(crate) async fn find(mut tx: &TenantTx, id: BookingId) -> Result<Option<Booking>, DbError> {
    let row: Option<Row> = bookings::table
        .filter(bookings::booking_id.eq(id.into_uuid()))
        .select(COLUMNS)
        .first(&mut tx)
        .await
        .optional()?;
    match row {
        Some(row) => read(tx, row).await.map(Some),
        None => Ok(None),
    }
}

/// Those of these bookings that there are, in no order.
pub(crate) async fn with_ids(
    mut tx: &TenantTx,
    ids: &[BookingId],
) -> Result<Vec<Booking>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Row> = bookings::table
        .filter(bookings::booking_id.eq_any(ids.iter().map(|id| id.into_uuid())))
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    let mut all = Vec::with_capacity(found.len());
    for row in found {
        all.push(read(tx, row).await?);
    }
    Ok(all)
}

/// The same, and nobody changes it before this transaction ends.
pub(crate) async fn find_locked(
    mut tx: &TenantTx,
    id: BookingId,
) -> Result<Option<Booking>, DbError> {
    let row: Option<Row> = bookings::table
        .filter(bookings::booking_id.eq(id.into_uuid()))
        .select(COLUMNS)
        .for_no_key_update()
        .first(&mut tx)
        .await
        .optional()?;
    match row {
        Some(row) => read(tx, row).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn of_client_id(
    mut tx: &TenantTx,
    client_id: &str,
) -> Result<Option<Booking>, DbError> {
    let row: Option<Row> = bookings::table
        .filter(bookings::client_id.eq(client_id))
        .select(COLUMNS)
        .first(&mut tx)
        .await
        .optional()?;
    match row {
        Some(row) => read(tx, row).await.map(Some),
        None => Ok(None),
    }
}

/// The id behind a `client_id`.
pub(crate) async fn known(
    mut tx: &TenantTx,
    client_id: &str,
) -> Result<Option<BookingId>, DbError> {
    let found: Option<Uuid> = bookings::table
        .filter(bookings::client_id.eq(client_id))
        .select(bookings::booking_id)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.map(BookingId::from_uuid))
}

/// Stores a new booking, or the next state of one that stands at `expected`; `false` when it does not.
pub(crate) async fn put(
    mut tx: &TenantTx,
    booking: &Booking,
    expected: BookingVersion,
) -> Result<bool, DbError> {
    let state = Doc::of(booking)?;
    let values = (
        bookings::service_id.eq(booking.wish.service.into_uuid()),
        bookings::starts_at.eq(Time::from(booking.wish.from)),
        bookings::ends_at.eq(Time::from(booking.wish.until)),
        bookings::status.eq(booking.status.word()),
        bookings::version.eq(booking.version.0),
        bookings::hold_until.eq(some(booking.held_until())),
        bookings::session_id.eq(booking.wish.session.map(SessionId::into_uuid)),
        bookings::state.eq(state),
        bookings::updated_at.eq(Time::from(booking.updated_at)),
    );
    let written = if expected == BookingVersion(0) {
        let key = (
            bookings::booking_id.eq(booking.id.into_uuid()),
            bookings::client_id.eq(&booking.wish.client_id),
            bookings::created_at.eq(Time::from(booking.created_at)),
        );
        diesel::insert_into(bookings::table)
            .values((key, values))
            .on_conflict((bookings::tenant_id, bookings::booking_id))
            .do_nothing()
            .execute(&mut tx)
            .await?
    } else {
        diesel::update(bookings::table)
            .filter(bookings::booking_id.eq(booking.id.into_uuid()))
            .filter(bookings::version.eq(expected.0))
            .set(values)
            .execute(&mut tx)
            .await?
    };
    Ok(written == 1)
}

pub(crate) async fn add_event(
    mut tx: &TenantTx,
    booking: &Booking,
    event: &BookingEvent,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        booking_events::booking_id.eq(booking.id.into_uuid()),
        booking_events::version.eq(booking.version.0),
        booking_events::kind.eq(event.kind()),
        booking_events::body.eq(Doc::of(event)?),
        booking_events::at.eq(Time::from(now)),
    );
    diesel::insert_into(booking_events::table).values(row).execute(&mut tx).await?;
    Ok(())
}

pub(crate) async fn events(
    mut tx: &TenantTx,
    id: BookingId,
) -> Result<Vec<(Timestamp, BookingEvent)>, DbError> {
    let found: Vec<(Time, Doc)> = booking_events::table
        .filter(booking_events::booking_id.eq(id.into_uuid()))
        .order(booking_events::version)
        .limit(MOST_EVENTS)
        .select((booking_events::at, booking_events::body))
        .load(&mut tx)
        .await?;
    found.into_iter().map(|(at, body)| Ok((at.to_jiff(), body.parse(EVENTS)?))).collect()
}

/// A page of bookings by their start.
pub(crate) async fn page(
    mut tx: &TenantTx,
    filter: &BookingFilter,
    limit: u32,
) -> Result<Vec<Booking>, DbError> {
    let mut query = bookings::table
        .order((bookings::starts_at, bookings::booking_id))
        .limit(limit.into())
        .select(COLUMNS)
        .into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(bookings::status.eq(status.word()));
    }
    if let Some(service) = filter.service {
        query = query.filter(bookings::service_id.eq(service.into_uuid()));
    }
    if let Some(session) = filter.session {
        query = query.filter(bookings::session_id.eq(session.into_uuid()));
    }
    if let Some(email) = &filter.email {
        query = query.filter(bookings::customer_email.eq(email));
    }
    if let Some(phone) = &filter.phone {
        query = query.filter(bookings::customer_phone.eq(phone));
    }
    if let Some(from) = filter.from {
        query = query.filter(bookings::ends_at.gt(Time::from(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(bookings::starts_at.lt(Time::from(until)));
    }
    if let Some(resource) = filter.resource {
        let on_it = takes::table
            .filter(takes::resource_id.eq(resource.into_uuid()))
            .select(takes::booking_id);
        query = query.filter(bookings::booking_id.eq_any(on_it));
    }
    if let Some((at, id)) = filter.after {
        let at = Time::from(at);
        query = query.filter(bookings::starts_at.ge(at)).filter(
            bookings::starts_at
                .gt(at)
                .or(bookings::starts_at.eq(at).and(bookings::booking_id.gt(id.into_uuid()))),
        );
    }
    let found: Vec<Row> = query.load(&mut tx).await?;
    let mut page = Vec::with_capacity(found.len());
    for row in found {
        page.push(read(tx, row).await?);
    }
    Ok(page)
}

/// The tenant's holds that were over at `now`, the oldest first.
pub(crate) async fn overdue(
    mut tx: &TenantTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(Timestamp, BookingId)>, DbError> {
    let found: Vec<(Option<Time>, Uuid)> = bookings::table
        .filter(bookings::status.eq(BookingStatus::Held.word()))
        .filter(bookings::hold_until.le(Time::from(now)))
        .order((bookings::hold_until, bookings::booking_id))
        .limit(limit.into())
        .select((bookings::hold_until, bookings::booking_id))
        .load(&mut tx)
        .await?;
    let place = |(at, id): (Option<Time>, Uuid)| Some((at?.to_jiff(), BookingId::from_uuid(id)));
    Ok(found.into_iter().filter_map(place).collect())
}
