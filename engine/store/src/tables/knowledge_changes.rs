//! `knowledge_changes`: who changed what a tenant knows; append-only.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::MemberId;
use forecourt_ports::store::knowledge::{ChangeRecord, Subject};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Doc, Time, members};
use crate::{TenantTx, error::DbError, schema::knowledge_changes as changes};

/// A profile's and the hours' own id: there is one of each, the tenant's.
fn key(tx: &TenantTx, of: Subject) -> (&'static str, Uuid) {
    match of {
        Subject::Entry(id) => (id.kind().as_str(), id.into_uuid()),
        Subject::Profile => ("profile", tx.tenant().into_uuid()),
        Subject::Hours => ("hours", tx.tenant().into_uuid()),
        Subject::Bookings => ("bookings", tx.tenant().into_uuid()),
    }
}

/// Adds a line; without a version it is the one after the last.
pub(crate) async fn add(
    mut tx: &TenantTx,
    of: Subject,
    version: Option<i64>,
    action: &str,
    body: &impl Serialize,
    by: Option<MemberId>,
    now: Timestamp,
) -> Result<(), DbError> {
    let (kind, item) = key(tx, of);
    let version = if let Some(version) = version {
        version
    } else {
        let last: Option<i64> = changes::table
            .filter(changes::kind.eq(kind))
            .filter(changes::item_id.eq(item))
            .select(diesel::dsl::max(changes::version))
            .first(&mut tx)
            .await?;
        last.unwrap_or_default() + 1
    };
    let row = (
        changes::kind.eq(kind),
        changes::item_id.eq(item),
        changes::version.eq(version),
        changes::action.eq(action),
        changes::body.eq(Doc::of(body)?),
        changes::member_id.eq(by.map(MemberId::into_uuid)),
        changes::at.eq(Time::from(now)),
    );
    diesel::insert_into(changes::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Newest first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    of: Subject,
    limit: u32,
) -> Result<Vec<ChangeRecord>, DbError> {
    let (kind, item) = key(tx, of);
    let found: Vec<(i64, String, Doc, Option<Uuid>, Time)> = changes::table
        .filter(changes::kind.eq(kind))
        .filter(changes::item_id.eq(item))
        .order(changes::version.desc())
        .limit(limit.into())
        .select((changes::version, changes::action, changes::body, changes::member_id, changes::at))
        .load(&mut tx)
        .await?;
    let who: Vec<MemberId> =
        found.iter().filter_map(|row| row.3).map(MemberId::from_uuid).collect();
    let names = members::names(tx, &who).await?;
    let line = |(version, action, body, member, at): (i64, String, Doc, Option<Uuid>, Time)| {
        let member = member.map(MemberId::from_uuid);
        Ok(ChangeRecord {
            version,
            action,
            body: body.parse("knowledge_changes")?,
            member,
            member_name: member.and_then(|member| names.get(&member).cloned()),
            at: at.to_jiff(),
        })
    };
    found.into_iter().map(line).collect()
}
