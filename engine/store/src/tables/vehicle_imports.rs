//! `vehicle_imports`: files of vehicles that were looked at.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{ImportId, MemberId},
    inventory::csv::Counts,
};
use forecourt_ports::store::{ImportRecord, MOST_PREVIEWS};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, number, some};
use crate::{TenantTx, error::DbError, schema::vehicle_imports as imports};

const TABLE: &str = "vehicle_imports";

#[derive(Queryable, Selectable)]
#[diesel(table_name = imports, check_for_backend(diesel::pg::Pg))]
struct Stored {
    import_id: Uuid,
    file: Vec<u8>,
    print: String,
    new_rows: i32,
    changed_rows: i32,
    same_rows: i32,
    bad_rows: i32,
    member_id: Uuid,
    created_at: Time,
    done_at: Option<Time>,
}

pub(crate) async fn put(mut tx: &TenantTx, record: &ImportRecord) -> Result<(), DbError> {
    let counts = record.counts;
    let row = (
        imports::import_id.eq(record.id.into_uuid()),
        imports::file.eq(&record.file),
        imports::print.eq(&record.print),
        imports::new_rows.eq(number::<_, i32>(counts.new, TABLE)?),
        imports::changed_rows.eq(number::<_, i32>(counts.changed, TABLE)?),
        imports::same_rows.eq(number::<_, i32>(counts.same, TABLE)?),
        imports::bad_rows.eq(number::<_, i32>(counts.bad, TABLE)?),
        imports::member_id.eq(record.by.into_uuid()),
        imports::created_at.eq(Time::from(record.created_at)),
        imports::done_at.eq(some(record.done_at)),
    );
    diesel::insert_into(imports::table).values(row).execute(&mut tx).await?;
    let kept: Vec<Uuid> = imports::table
        .filter(imports::done_at.is_null())
        .order((imports::created_at.desc(), imports::import_id.desc()))
        .limit(i64::try_from(MOST_PREVIEWS).unwrap_or(1))
        .select(imports::import_id)
        .load(&mut tx)
        .await?;
    let over =
        imports::table.filter(imports::done_at.is_null()).filter(imports::import_id.ne_all(kept));
    diesel::delete(over).execute(&mut tx).await?;
    Ok(())
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    import: ImportId,
) -> Result<Option<ImportRecord>, DbError> {
    let query = imports::table
        .filter(imports::import_id.eq(import.into_uuid()))
        .select(Stored::as_select());
    let found: Option<Stored> = query.first(&mut tx).await.optional()?;
    let read = |stored: Stored| {
        let counts = Counts {
            new: number(stored.new_rows, TABLE)?,
            changed: number(stored.changed_rows, TABLE)?,
            same: number(stored.same_rows, TABLE)?,
            bad: number(stored.bad_rows, TABLE)?,
        };
        Ok(ImportRecord {
            id: ImportId::from_uuid(stored.import_id),
            file: stored.file,
            print: stored.print,
            counts,
            by: MemberId::from_uuid(stored.member_id),
            created_at: stored.created_at.to_jiff(),
            done_at: stored.done_at.map(Time::to_jiff),
        })
    };
    found.map(read).transpose()
}

/// Notes that a file was imported, and lets its bytes go; `false` when it was before, or is gone.
pub(crate) async fn done(
    mut tx: &TenantTx,
    import: ImportId,
    counts: Counts,
    now: Timestamp,
) -> Result<bool, DbError> {
    let update = diesel::update(imports::table)
        .filter(imports::import_id.eq(import.into_uuid()))
        .filter(imports::done_at.is_null())
        .set((
            imports::file.eq(Vec::<u8>::new()),
            imports::new_rows.eq(number::<_, i32>(counts.new, TABLE)?),
            imports::changed_rows.eq(number::<_, i32>(counts.changed, TABLE)?),
            imports::same_rows.eq(number::<_, i32>(counts.same, TABLE)?),
            imports::bad_rows.eq(number::<_, i32>(counts.bad, TABLE)?),
            imports::done_at.eq(Time::from(now)),
        ));
    Ok(update.execute(&mut tx).await? == 1)
}
