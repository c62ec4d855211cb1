//! `booking_news`: steps of bookings that the tenant's log does not tell of yet.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::booking::BookingTold;
use jiff::Timestamp;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::booking_news};

const TABLE: &str = "booking_news";

pub(crate) async fn add(
    mut tx: &TenantTx,
    told: &BookingTold,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        booking_news::booking_id.eq(told.booking.into_uuid()),
        booking_news::version.eq(told.version.0),
        booking_news::body.eq(Doc::of(told)?),
        booking_news::at.eq(Time::from(now)),
    );
    diesel::insert_into(booking_news::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Takes the oldest steps away; who tells of them does so in the same transaction. The caller holds the lock of
/// the log, so that nobody else takes them too.
pub(crate) async fn take(
    mut tx: &TenantTx,
    limit: u32,
) -> Result<Vec<(Timestamp, BookingTold)>, DbError> {
    let found: Vec<(i64, Time, Doc)> = booking_news::table
        .order(booking_news::place)
        .limit(limit.into())
        .select((booking_news::place, booking_news::at, booking_news::body))
        .load(&mut tx)
        .await?;
    let places: Vec<i64> = found.iter().map(|(place, ..)| *place).collect();
    if !places.is_empty() {
        let taken = booking_news::table.filter(booking_news::place.eq_any(places));
        diesel::delete(taken).execute(&mut tx).await?;
    }
    found.into_iter().map(|(_, at, body)| Ok((at.to_jiff(), body.parse(TABLE)?))).collect()
}
