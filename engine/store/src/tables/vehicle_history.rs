//! `vehicle_history`: who changed what of a vehicle, append-only.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{ImportId, MemberId, VehicleId};
use forecourt_ports::store::{MAX_HISTORY, StockChange, VehicleHistory};
use uuid::Uuid;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::vehicle_history as history};

const TABLE: &str = "vehicle_history";
/// Rows of one statement.
const CHUNK: usize = 2_000;

pub(crate) async fn add(mut tx: &TenantTx, change: &StockChange) -> Result<(), DbError> {
    let import = change.import.map(|(import, _)| import.into_uuid());
    for chunk in change.writes.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(chunk.len());
        for write in chunk {
            rows.push((
                history::vehicle_id.eq(write.vehicle.id.into_uuid()),
                history::version.eq(write.expected + 1),
                history::step.eq(Doc::of(&write.step)?),
                history::member_id.eq(change.by.into_uuid()),
                history::import_id.eq(import),
                history::at.eq(Time::from(change.now)),
            ));
        }
        diesel::insert_into(history::table).values(rows).execute(&mut tx).await?;
    }
    Ok(())
}

pub(crate) async fn list(
    mut tx: &TenantTx,
    vehicle: VehicleId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<VehicleHistory>, DbError> {
    type Row = (i64, Time, Option<Uuid>, Option<Uuid>, Doc);
    let found: Vec<Row> = history::table
        .filter(history::vehicle_id.eq(vehicle.into_uuid()))
        .filter(history::version.lt(before.unwrap_or(i64::MAX)))
        .order(history::version.desc())
        .limit(i64::from(limit.min(MAX_HISTORY)))
        .select((
            history::version,
            history::at,
            history::member_id,
            history::import_id,
            history::step,
        ))
        .load(&mut tx)
        .await?;
    let step = |(version, at, by, import, step): Row| {
        Ok(VehicleHistory {
            version,
            at: at.to_jiff(),
            by: by.map(MemberId::from_uuid),
            import: import.map(ImportId::from_uuid),
            step: step.parse(TABLE)?,
        })
    };
    found.into_iter().map(step).collect()
}
