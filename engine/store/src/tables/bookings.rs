//! `bookings`: booked stretches of time; what is free is the rest.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{BookingId, ServiceId},
    knowledge::Busy,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, bulk, bulk::bulk};
use crate::{TenantTx, error::DbError, schema::bookings};

const MOST: i64 = 20_000;

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

/// The bookings that end after `now` and start before `horizon`, in order.
pub(crate) async fn list(
    mut tx: &TenantTx,
    now: Timestamp,
    horizon: Timestamp,
) -> Result<Vec<Busy>, DbError> {
    let found: Vec<(Uuid, Uuid, Time, Time)> = bookings::table
        .filter(bookings::ends_at.gt(Time::from(now)))
        .filter(bookings::starts_at.lt(Time::from(horizon)))
        .order((bookings::starts_at, bookings::booking_id))
        .limit(MOST)
        .select((
            bookings::booking_id,
            bookings::service_id,
            bookings::starts_at,
            bookings::ends_at,
        ))
        .load(&mut tx)
        .await?;
    let busy = |(booking, service, starts_at, ends_at): (Uuid, Uuid, Time, Time)| Busy {
        booking: BookingId::from_uuid(booking),
        service: ServiceId::from_uuid(service),
        starts_at: starts_at.to_jiff(),
        ends_at: ends_at.to_jiff(),
    };
    Ok(found.into_iter().map(busy).collect())
}

/// Adds bookings; says how many were new.
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
    Ok(bulk::send(tx, rows.collect::<NewBookings>()).await?)
}
