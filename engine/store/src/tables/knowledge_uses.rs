//! `knowledge_uses`: what answers stood on, as it read then; append-only.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{PassageId, ServiceId, SessionId, TurnId, VehicleId},
    search::FoundBy,
};
use forecourt_ports::store::knowledge::{GroundRecord, Used};
use uuid::Uuid;

use super::Time;
use crate::{TenantTx, error::DbError, schema::knowledge_uses as uses};

const TABLE: &str = "knowledge_uses";
const MOST: i64 = 500;

const fn key(used: Used) -> (&'static str, Uuid) {
    match used {
        Used::Passage(id) => ("passage", id.into_uuid()),
        Used::Vehicle(id) => ("vehicle", id.into_uuid()),
        Used::Service(id) => ("service", id.into_uuid()),
    }
}

/// Adds what is not noted yet.
pub(crate) async fn add(
    mut tx: &TenantTx,
    session: SessionId,
    records: &[GroundRecord],
) -> Result<(), DbError> {
    let row = |record: &GroundRecord| {
        let (kind, id) = key(record.used);
        (
            uses::session_id.eq(session.into_uuid()),
            uses::turn_id.eq(record.turn.into_uuid()),
            uses::kind.eq(kind),
            uses::ref_id.eq(id),
            uses::title.eq(record.title.clone()),
            uses::excerpt.eq(record.excerpt.clone()),
            uses::source.eq(record.source.clone()),
            uses::url.eq(record.url.clone()),
            uses::found_by.eq(record.found_by.map(FoundBy::as_str)),
            uses::at.eq(Time::from(record.at)),
        )
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    diesel::insert_into(uses::table).values(rows).on_conflict_do_nothing().execute(&mut tx).await?;
    Ok(())
}

/// Newest first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    session: SessionId,
) -> Result<Vec<GroundRecord>, DbError> {
    type Row = (Uuid, String, Uuid, String, String, String, Option<String>, Option<String>, Time);
    let found: Vec<Row> = uses::table
        .filter(uses::session_id.eq(session.into_uuid()))
        .order((uses::at.desc(), uses::turn_id, uses::kind, uses::ref_id))
        .limit(MOST)
        .select((
            uses::turn_id,
            uses::kind,
            uses::ref_id,
            uses::title,
            uses::excerpt,
            uses::source,
            uses::url,
            uses::found_by,
            uses::at,
        ))
        .load(&mut tx)
        .await?;
    let record = |(turn, kind, id, title, excerpt, source, url, found_by, at): Row| {
        let used = match kind.as_str() {
            "passage" => Used::Passage(PassageId::from_uuid(id)),
            "vehicle" => Used::Vehicle(VehicleId::from_uuid(id)),
            "service" => Used::Service(ServiceId::from_uuid(id)),
            _ => return Err(DbError::Inconsistent { table: TABLE, what: "an unknown word" }),
        };
        let turn = TurnId::from_uuid(turn);
        let found_by = found_by.as_deref().and_then(FoundBy::parse);
        Ok(GroundRecord { turn, used, source, title, excerpt, url, found_by, at: at.to_jiff() })
    };
    found.into_iter().map(record).collect()
}
