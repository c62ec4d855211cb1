//! `booking_waits`: who would take a time if one became free.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::Stretch,
    id::{BookingId, ServiceId, SessionId, WaitId},
};
use forecourt_ports::store::Wait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::booking_waits};

const TABLE: &str = "booking_waits";
const WAITING: &str = "waiting";
const OFFERED: &str = "offered";
const OVER: &str = "over";

/// Adds somebody, unless the same wish is there; says whose place it is.
pub(crate) async fn put(mut tx: &TenantTx, wait: &Wait) -> Result<WaitId, DbError> {
    let row = (
        booking_waits::wait_id.eq(wait.id.into_uuid()),
        booking_waits::service_id.eq(wait.service.into_uuid()),
        booking_waits::waits_from.eq(Time::from(wait.between.from)),
        booking_waits::waits_until.eq(Time::from(wait.between.until)),
        booking_waits::status.eq(WAITING),
        booking_waits::customer.eq(Doc::of(&wait.customer)?),
        booking_waits::session_id.eq(wait.session.map(SessionId::into_uuid)),
        booking_waits::client_id.eq(&wait.client_id),
        booking_waits::created_at.eq(Time::from(wait.created_at)),
        booking_waits::updated_at.eq(Time::from(wait.created_at)),
    );
    let insert = diesel::insert_into(booking_waits::table).values(row).on_conflict_do_nothing();
    if insert.execute(&mut tx).await? == 1 {
        return Ok(wait.id);
    }
    let same: Option<Uuid> = booking_waits::table
        .filter(booking_waits::client_id.eq(&wait.client_id))
        .select(booking_waits::wait_id)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(same.map_or(wait.id, WaitId::from_uuid))
}

/// Who waits and would come in `between`, first come first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    service: Option<ServiceId>,
    between: Stretch,
    limit: u32,
) -> Result<Vec<Wait>, DbError> {
    type Offer = (Option<Uuid>, Option<Time>);
    type Row = (Uuid, Uuid, Time, Time, Doc, Option<Uuid>, Option<String>, Time, Offer);
    let mut query = booking_waits::table
        .filter(booking_waits::status.ne(OVER))
        .filter(booking_waits::waits_from.lt(Time::from(between.until)))
        .filter(booking_waits::waits_until.gt(Time::from(between.from)))
        .order((booking_waits::created_at, booking_waits::wait_id))
        .limit(limit.into())
        .select((
            booking_waits::wait_id,
            booking_waits::service_id,
            booking_waits::waits_from,
            booking_waits::waits_until,
            booking_waits::customer,
            booking_waits::session_id,
            booking_waits::client_id,
            booking_waits::created_at,
            (booking_waits::booking_id, booking_waits::offered_until),
        ))
        .into_boxed();
    if let Some(service) = service {
        query = query.filter(booking_waits::service_id.eq(service.into_uuid()));
    }
    let found: Vec<Row> = query.load(&mut tx).await?;
    let wait =
        |(id, service, from, until, customer, session, client_id, created_at, offer): Row| {
            Ok(Wait {
                id: WaitId::from_uuid(id),
                service: ServiceId::from_uuid(service),
                between: Stretch { from: from.to_jiff(), until: until.to_jiff() },
                customer: customer.parse(TABLE)?,
                session: session.map(SessionId::from_uuid),
                client_id,
                created_at: created_at.to_jiff(),
                offered: offer
                    .0
                    .zip(offer.1)
                    .map(|(booking, until)| (BookingId::from_uuid(booking), until.to_jiff())),
            })
        };
    found.into_iter().map(wait).collect()
}

/// Notes the booking that is held for who waits, unless they have one.
pub(crate) async fn offer(
    mut tx: &TenantTx,
    id: WaitId,
    booking: BookingId,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let update = diesel::update(booking_waits::table)
        .filter(booking_waits::wait_id.eq(id.into_uuid()))
        .filter(booking_waits::status.eq(WAITING))
        .set((
            booking_waits::status.eq(OFFERED),
            booking_waits::booking_id.eq(booking.into_uuid()),
            booking_waits::offered_until.eq(Time::from(until)),
            booking_waits::updated_at.eq(Time::from(now)),
        ));
    Ok(update.execute(&mut tx).await? == 1)
}

pub(crate) async fn end(mut tx: &TenantTx, id: WaitId, now: Timestamp) -> Result<bool, DbError> {
    let update = diesel::update(booking_waits::table)
        .filter(booking_waits::wait_id.eq(id.into_uuid()))
        .filter(booking_waits::status.ne(OVER))
        .set((booking_waits::status.eq(OVER), booking_waits::updated_at.eq(Time::from(now))));
    Ok(update.execute(&mut tx).await? == 1)
}
