//! Which node looks at a calendar, and how its look ended.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper, dsl,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    external::CalendarStatus,
    id::{CalendarId, NodeId},
};
use forecourt_ports::store::LookEnd;
use jiff::Timestamp;
use uuid::Uuid;

use super::Stored;
use crate::{
    TenantTx,
    error::DbError,
    schema::{calendar_accounts as accounts, calendar_entries as entries},
    tables::{Active, Pending, Time, Word, some},
};

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
