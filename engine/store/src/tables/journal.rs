//! `journal`: everything that happened, in order; append-only.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::{EventRecord, Seq, Version},
    id::{SessionId, TenantId},
    session::replay::{self, StoredDecision},
};
use uuid::Uuid;

use super::{Doc, Time, bulk::bulk};
use crate::{TenantTx, error::DbError, schema::journal};

const TABLE: &str = "journal";

bulk! {
    /// An event in its place.
    insert Events of EventRow into journal {
        seq: i64,
        session_id: Uuid,
        version: i64,
        at: Time,
        kind: &'static str,
        body: Doc,
        cause: Option<Doc>,
    }
    ""
}

/// An event of a booking's stream in its place, beside which no cause is kept: the step is decided elsewhere.
pub(crate) fn booking_row(record: &EventRecord) -> Result<EventRow, DbError> {
    Ok(EventRow {
        seq: record.seq.0,
        session_id: record.session.into_uuid(),
        version: record.version.0,
        at: record.at.into(),
        kind: record.event.kind(),
        body: Doc::of(&record.event)?,
        cause: None,
    })
}

/// One session's events after `after` in order, grouped into the decisions that led to them.
pub(crate) async fn decisions(
    mut tx: &TenantTx,
    session: SessionId,
    after: Version,
    limit: u32,
) -> Result<Vec<StoredDecision>, DbError> {
    let found: Vec<(i64, Time, Doc, Option<Doc>)> = journal::table
        .filter(journal::session_id.eq(session.into_uuid()))
        .filter(journal::version.gt(after.0))
        .order(journal::version)
        .limit(limit.into())
        .select((journal::version, journal::at, journal::body, journal::cause))
        .load(&mut tx)
        .await?;
    let rows = found.into_iter().map(|(version, at, body, cause)| {
        let cause = cause.map(|cause| cause.parse(TABLE)).transpose()?;
        Ok((Version(version), at.to_jiff(), body.parse(TABLE)?, cause))
    });
    Ok(replay::group(rows.collect::<Result<Vec<_>, DbError>>()?))
}

type Stored = (i64, Uuid, i64, Time, Doc);
type Columns = (journal::seq, journal::session_id, journal::version, journal::at, journal::body);
const COLUMNS: Columns =
    (journal::seq, journal::session_id, journal::version, journal::at, journal::body);

fn record(
    tenant: TenantId,
    (seq, session, version, at, body): Stored,
) -> Result<EventRecord, DbError> {
    Ok(EventRecord {
        tenant,
        session: SessionId::from_uuid(session),
        seq: Seq(seq),
        version: Version(version),
        at: at.to_jiff(),
        event: body.parse(TABLE)?,
    })
}

fn records(tx: &TenantTx, found: Vec<Stored>) -> Result<Vec<EventRecord>, DbError> {
    found.into_iter().map(|row| record(tx.tenant(), row)).collect()
}

/// The tenant's events after `after`, in order.
pub(crate) async fn list(
    mut tx: &TenantTx,
    after: Seq,
    limit: u32,
) -> Result<Vec<EventRecord>, DbError> {
    let found = journal::table
        .filter(journal::seq.gt(after.0))
        .order(journal::seq)
        .limit(limit.into())
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    records(tx, found)
}

/// One session's events after `after`, in order.
pub(crate) async fn list_of_session(
    mut tx: &TenantTx,
    session: SessionId,
    after: Version,
    limit: u32,
) -> Result<Vec<EventRecord>, DbError> {
    let found = journal::table
        .filter(journal::session_id.eq(session.into_uuid()))
        .filter(journal::version.gt(after.0))
        .order(journal::version)
        .limit(limit.into())
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    records(tx, found)
}

/// What an event of a delivery's life is called.
const ABOUT_DELIVERIES: [&str; 7] = [
    "delivery_queued",
    "delivery_replayed",
    "delivery_retried",
    "delivery_accepted",
    "delivery_failed",
    "delivery_uncertain",
    "delivery_refused",
];

/// One session's newest events about deliveries, oldest first.
pub(crate) async fn about_deliveries(
    mut tx: &TenantTx,
    session: SessionId,
    limit: u32,
) -> Result<Vec<EventRecord>, DbError> {
    let mut found: Vec<Stored> = journal::table
        .filter(journal::session_id.eq(session.into_uuid()))
        .filter(journal::kind.eq_any(ABOUT_DELIVERIES))
        .order(journal::version.desc())
        .limit(limit.into())
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.reverse();
    records(tx, found)
}

/// One session's newest events, oldest first.
pub(crate) async fn newest_of_session(
    mut tx: &TenantTx,
    session: SessionId,
    limit: u32,
) -> Result<Vec<EventRecord>, DbError> {
    let mut found: Vec<Stored> = journal::table
        .filter(journal::session_id.eq(session.into_uuid()))
        .order(journal::version.desc())
        .limit(limit.into())
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.reverse();
    records(tx, found)
}
