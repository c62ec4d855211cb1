//! `booking_codes`: one-time codes that were sent; not what they are, which no table knows.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods,
    OptionalExtension, QueryDsl,
    sql_types::{Bool, Nullable},
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::code::{MOST_SENDS, MOST_TRIES, VALID, WINDOW},
    id::{BookingId, DeliveryId},
};
use forecourt_ports::store::{CodeTry, NewCode};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Time, number};
use crate::{TenantTx, error::DbError, schema::booking_codes};

const TABLE: &str = "booking_codes";
/// What is older was counted long ago, and goes when the next is sent.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Whether one more may be sent of a booking, whose row is locked.
pub(crate) async fn may_send(
    mut tx: &TenantTx,
    booking: BookingId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let since = now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let sent: i64 = booking_codes::table
        .filter(booking_codes::booking_id.eq(booking.into_uuid()))
        .filter(booking_codes::created_at.gt(Time::from(since)))
        .count()
        .get_result(&mut tx)
        .await?;
    Ok(sent < i64::from(MOST_SENDS))
}

pub(crate) async fn add(mut tx: &TenantTx, code: &NewCode) -> Result<(), DbError> {
    let old = code.now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    diesel::delete(booking_codes::table)
        .filter(booking_codes::booking_id.eq(code.booking.into_uuid()))
        .filter(booking_codes::created_at.lt(Time::from(old)))
        .execute(&mut tx)
        .await?;
    let row = (
        booking_codes::delivery_id.eq(code.delivery.into_uuid()),
        booking_codes::booking_id.eq(code.booking.into_uuid()),
        booking_codes::asker_id.eq(code.asker),
        booking_codes::expires_at
            .eq(Time::from(code.now.saturating_add(VALID).unwrap_or(code.now))),
        booking_codes::created_at.eq(Time::from(code.now)),
    );
    diesel::insert_into(booking_codes::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Counts a try of the last code of an asker, if it is good.
pub(crate) async fn attempt(
    mut tx: &TenantTx,
    asker: Uuid,
    booking: Option<BookingId>,
    now: Timestamp,
) -> Result<Option<CodeTry>, DbError> {
    type Row = (Uuid, Uuid, i32, Time, Option<Time>);
    // Without a booking, any: a comparison with nothing is not true.
    let (booking, any) = (booking.map(BookingId::into_uuid), booking.is_none());
    let last: Option<Row> = booking_codes::table
        .filter(booking_codes::asker_id.eq(asker))
        .filter(
            booking_codes::booking_id.nullable().eq(booking).or(any.into_sql::<Nullable<Bool>>()),
        )
        .order((booking_codes::created_at.desc(), booking_codes::delivery_id.desc()))
        .select((
            booking_codes::booking_id,
            booking_codes::delivery_id,
            booking_codes::tries,
            booking_codes::expires_at,
            booking_codes::used_at,
        ))
        .for_update()
        .first(&mut tx)
        .await
        .optional()?;
    let Some((booking, delivery, tries, expires_at, used_at)) = last else { return Ok(None) };
    let tries = number::<_, u32>(tries, TABLE)? + 1;
    if used_at.is_some() || expires_at.to_jiff() <= now || tries > MOST_TRIES {
        return Ok(None);
    }
    diesel::update(booking_codes::table)
        .filter(booking_codes::delivery_id.eq(delivery))
        .set(booking_codes::tries.eq(number::<_, i32>(tries, TABLE)?))
        .execute(&mut tx)
        .await?;
    let (booking, delivery) = (BookingId::from_uuid(booking), DeliveryId::from_uuid(delivery));
    Ok(Some(CodeTry { booking, delivery, left: MOST_TRIES - tries }))
}

pub(crate) async fn use_up(
    mut tx: &TenantTx,
    code: DeliveryId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let update = diesel::update(booking_codes::table)
        .filter(booking_codes::delivery_id.eq(code.into_uuid()))
        .filter(booking_codes::used_at.is_null())
        .set(booking_codes::used_at.eq(Time::from(now)));
    Ok(update.execute(&mut tx).await? == 1)
}
