//! `calendar_busy`: the times that a calendar closes.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Block, BlockKind, Stretch},
    external::MOST_BUSY,
    id::{BlockId, CalendarId, ResourceId},
};
use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::{
    TenantTx,
    error::DbError,
    schema::calendar_busy as busy,
    tables::{
        Time,
        bulk::{self, bulk},
    },
};

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
