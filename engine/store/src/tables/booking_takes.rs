//! `booking_takes`: which units of which resources bookings have.

use std::collections::{HashMap, hash_map::Entry};

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Booking, Ledger, Stretch, Take, TakenBy, terms::places_of},
    id::{BookingId, ResourceId},
};
use forecourt_ports::store::Busy;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Time,
    bulk::{self, bulk},
    number, some,
};
use crate::{TenantTx, error::DbError, schema::booking_takes};

const TABLE: &str = "booking_takes";
/// The highest unit that the table takes.
const LAST_UNIT: u16 = 1_000;

bulk! {
    /// A take; one that overlaps another of its unit is refused by the table.
    insert NewTakes of TakeRow into booking_takes {
        booking_id: Uuid,
        resource_id: Uuid,
        unit: i32,
        takes_from: Time,
        takes_until: Time,
        held_until: Option<Time>,
    }
    ""
}

fn row(booking: BookingId, take: &Take, held_until: Option<Timestamp>) -> TakeRow {
    TakeRow {
        booking_id: booking.into_uuid(),
        resource_id: take.resource.into_uuid(),
        unit: i32::from(take.unit),
        takes_from: take.stretch.from.into(),
        takes_until: take.stretch.until.into(),
        held_until: some(held_until),
    }
}

type Row = (Uuid, Uuid, i32, Time, Time, Option<Time>);

fn read((booking, resource, unit, from, until, held): Row) -> Result<TakenBy, DbError> {
    let stretch = Stretch { from: from.to_jiff(), until: until.to_jiff() };
    let resource = ResourceId::from_uuid(resource);
    Ok(TakenBy {
        take: Take { resource, unit: number(unit, TABLE)?, stretch },
        booking: BookingId::from_uuid(booking),
        held_until: held.map(Time::to_jiff),
    })
}

const COLUMNS: (
    booking_takes::booking_id,
    booking_takes::resource_id,
    booking_takes::unit,
    booking_takes::takes_from,
    booking_takes::takes_until,
    booking_takes::held_until,
) = (
    booking_takes::booking_id,
    booking_takes::resource_id,
    booking_takes::unit,
    booking_takes::takes_from,
    booking_takes::takes_until,
    booking_takes::held_until,
);

/// The takes of a resource that end after `since`.
pub(crate) async fn of_resource(
    mut tx: &TenantTx,
    resource: ResourceId,
    since: Timestamp,
) -> Result<Vec<TakenBy>, DbError> {
    let found: Vec<Row> = booking_takes::table
        .filter(booking_takes::resource_id.eq(resource.into_uuid()))
        .filter(booking_takes::takes_until.gt(Time::from(since)))
        .order(booking_takes::takes_until)
        .limit(Ledger::MAX_TAKES as i64)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(read).collect()
}

pub(crate) async fn of_booking(
    mut tx: &TenantTx,
    booking: BookingId,
) -> Result<Vec<Take>, DbError> {
    let found: Vec<Row> = booking_takes::table
        .filter(booking_takes::booking_id.eq(booking.into_uuid()))
        .order(booking_takes::resource_id)
        .limit(10)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(|row| Ok(read(row)?.take)).collect()
}

/// Puts what a booking takes now in the place of what it took, and removes holds of the same
/// resources that are over.
pub(crate) async fn replace(
    mut tx: &TenantTx,
    booking: &Booking,
    now: Timestamp,
) -> Result<(), DbError> {
    for take in booking.takes() {
        diesel::delete(booking_takes::table)
            .filter(booking_takes::resource_id.eq(take.resource.into_uuid()))
            .filter(booking_takes::takes_until.gt(Time::from(take.stretch.from)))
            .filter(booking_takes::held_until.le(Time::from(now)))
            .execute(&mut tx)
            .await?;
    }
    diesel::delete(booking_takes::table)
        .filter(booking_takes::booking_id.eq(booking.id.into_uuid()))
        .execute(&mut tx)
        .await?;
    let held_until = booking.held_until();
    let rows = booking.takes().iter().map(|take| row(booking.id, take, held_until));
    bulk::send(tx, rows.collect::<NewTakes>()).await?;
    Ok(())
}

/// Gives bookings that come with a tenant their places, each the lowest unit that is free: they were
/// made elsewhere, so one more than the service has is possible.
pub(crate) async fn import(tx: &TenantTx, new: &[Busy]) -> Result<(), DbError> {
    let mut new: Vec<Busy> = new.to_vec();
    new.sort_by_key(|busy| (busy.service, busy.starts_at, busy.booking));
    let mut ends: HashMap<ResourceId, Vec<TakenBy>> = HashMap::new();
    let mut rows = Vec::with_capacity(new.len());
    for busy in &new {
        let resource = places_of(busy.service);
        let taken = match ends.entry(resource) {
            Entry::Occupied(known) => known.into_mut(),
            // In the order of starts: this one is the service's earliest.
            Entry::Vacant(place) => place.insert(of_resource(tx, resource, busy.starts_at).await?),
        };
        let stretch = Stretch { from: busy.starts_at, until: busy.ends_at };
        if taken.iter().any(|taken| taken.booking == busy.booking) {
            continue;
        }
        let is_free = |unit: &u16| {
            !taken.iter().any(|t| t.take.unit == *unit && t.take.stretch.touches(stretch))
        };
        let Some(unit) = (0..=LAST_UNIT).find(is_free) else { continue };
        let take = Take { resource, unit, stretch };
        rows.push(row(busy.booking, &take, None));
        taken.push(TakenBy { take, booking: busy.booking, held_until: None });
    }
    bulk::send(tx, rows.into_iter().collect::<NewTakes>()).await?;
    Ok(())
}
