//! `vehicles`: a tenant's stock.

use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods as _, ExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, Selectable, SelectableHelper, TextExpressionMethods as _, dsl::max,
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::VehicleId,
    inventory::{
        Body, Details, Fuel, MAX_STOCK, Vehicle, VehicleFilter, VehicleSort, VehicleStatus,
        filter::MAX_PAGE, folded,
    },
};
use forecourt_ports::store::{StockRow, VehiclePage, VehicleRecord, VehicleWrite, keys_of};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, Word, number, services::money};
use crate::{TenantTx, error::DbError, schema::vehicles};

const TABLE: &str = "vehicles";
/// What an assistant knows at once.
const MOST: i64 = 2_000;
/// Rows of one statement: each has two dozen values, and a statement at most 65,535.
const CHUNK: usize = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = vehicles, check_for_backend(diesel::pg::Pg))]
struct Stored {
    vehicle_id: Uuid,
    position: i32,
    make: String,
    model: String,
    variant: Option<String>,
    year: i16,
    price_minor: i64,
    currency: String,
    fuel: String,
    kilometres: i32,
    status: String,
    active: bool,
    version: i64,
    details: Doc,
    created_at: Time,
    updated_at: Time,
}

impl Stored {
    fn read(self) -> Result<VehicleRecord, DbError> {
        let details: Details = self.details.parse(TABLE)?;
        Ok(VehicleRecord {
            vehicle: Vehicle {
                id: VehicleId::from_uuid(self.vehicle_id),
                make: self.make,
                model: self.model,
                variant: self.variant,
                year: number(self.year, TABLE)?,
                price: money(self.price_minor, &self.currency, TABLE)?,
                fuel: Fuel::read(&self.fuel, TABLE)?,
                kilometres: number(self.kilometres, TABLE)?,
                status: VehicleStatus::read(&self.status, TABLE)?,
                details,
            },
            version: self.version,
            deleted: !self.active,
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}

/// What everybody may know of the stock, in its order; what is sold gives way where there is too much.
pub(crate) async fn known(mut tx: &TenantTx) -> Result<Vec<Vehicle>, DbError> {
    let sold = vehicles::status.eq(VehicleStatus::Sold.word());
    let mut found: Vec<Stored> = vehicles::table
        .filter(vehicles::active)
        .order((sold, vehicles::position, vehicles::vehicle_id))
        .limit(MOST)
        .select(Stored::as_select())
        .load(&mut tx)
        .await?;
    found.sort_by_key(|stored| (stored.position, stored.vehicle_id));
    found.into_iter().map(|stored| Ok(stored.read()?.vehicle.for_everybody())).collect()
}

pub(crate) async fn all(mut tx: &TenantTx) -> Result<Vec<VehicleRecord>, DbError> {
    let found: Vec<Stored> = vehicles::table
        .filter(vehicles::active)
        .order(vehicles::vehicle_id)
        .limit(i64::try_from(MAX_STOCK).unwrap_or(i64::MAX))
        .select(Stored::as_select())
        .load(&mut tx)
        .await?;
    found.into_iter().map(Stored::read).collect()
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    vehicle: VehicleId,
) -> Result<Option<VehicleRecord>, DbError> {
    let query = vehicles::table
        .filter(vehicles::vehicle_id.eq(vehicle.into_uuid()))
        .select(Stored::as_select());
    let found: Option<Stored> = query.first(&mut tx).await.optional()?;
    found.map(Stored::read).transpose()
}

/// Anything in a text that holds it, its wildcards as letters.
fn containing(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The rows that a filter shows, in no order yet.
fn shown(filter: &VehicleFilter) -> vehicles::BoxedQuery<'_, diesel::pg::Pg> {
    let mut query = vehicles::table.into_boxed().filter(vehicles::active.eq(!filter.deleted));
    for word in filter.words() {
        query = query.filter(vehicles::search.like(containing(&word)).escape('\\'));
    }
    if let Some(make) = &filter.make {
        query = query.filter(vehicles::make_key.eq(folded(make)));
    }
    if let Some(model) = &filter.model {
        query = query.filter(vehicles::model_key.eq(folded(model)));
    }
    if let Some(least) = filter.min_price {
        query = query.filter(vehicles::price_minor.ge(least));
    }
    if let Some(most) = filter.max_price {
        query = query.filter(vehicles::price_minor.le(most));
    }
    if let Some(least) = filter.min_year {
        query = query.filter(vehicles::year.ge(i16::try_from(least).unwrap_or(i16::MAX)));
    }
    if let Some(most) = filter.max_year {
        query = query.filter(vehicles::year.le(i16::try_from(most).unwrap_or(i16::MAX)));
    }
    if let Some(most) = filter.max_kilometres {
        query = query.filter(vehicles::kilometres.le(i32::try_from(most).unwrap_or(i32::MAX)));
    }
    if !filter.fuels.is_empty() {
        let words: Vec<&str> = filter.fuels.iter().map(|fuel| fuel.word()).collect();
        query = query.filter(vehicles::fuel.eq_any(words));
    }
    if !filter.bodies.is_empty() {
        let words: Vec<&str> = filter.bodies.iter().map(|body| body.word()).collect();
        query = query.filter(vehicles::body.eq_any(words));
    }
    if let Some(least) = filter.min_seats {
        query = query.filter(vehicles::seats.ge(i16::from(least)));
    }
    if let Some(least) = filter.min_range_km {
        query = query.filter(vehicles::range_km.ge(i32::from(least)));
    }
    if !filter.statuses.is_empty() {
        let words: Vec<&str> = filter.statuses.iter().map(|status| status.word()).collect();
        query = query.filter(vehicles::status.eq_any(words));
    }
    query
}

pub(crate) async fn page(
    mut tx: &TenantTx,
    filter: &VehicleFilter,
) -> Result<VehiclePage, DbError> {
    let total: i64 = shown(filter).count().get_result(&mut tx).await?;
    let query = shown(filter);
    let query = match filter.sort {
        VehicleSort::Newest => query.order(vehicles::vehicle_id.desc()),
        VehicleSort::Cheapest => query.order((vehicles::price_minor, vehicles::vehicle_id.desc())),
        VehicleSort::Dearest => {
            query.order((vehicles::price_minor.desc(), vehicles::vehicle_id.desc()))
        }
        VehicleSort::Youngest => query.order((vehicles::year.desc(), vehicles::vehicle_id.desc())),
        VehicleSort::LeastDriven => {
            query.order((vehicles::kilometres, vehicles::vehicle_id.desc()))
        }
    };
    let found: Vec<Stored> = query
        .offset(i64::from(filter.offset))
        .limit(i64::from(filter.limit.min(MAX_PAGE)))
        .select(Stored::as_select())
        .load(&mut tx)
        .await?;
    let vehicles = found.into_iter().map(Stored::read).collect::<Result<_, _>>()?;
    Ok(VehiclePage { vehicles, total: u64::try_from(total).unwrap_or_default() })
}

/// The rows that a change is about, and those that have one of its keys.
pub(crate) async fn touched(
    mut tx: &TenantTx,
    writes: &[VehicleWrite],
) -> Result<Vec<StockRow>, DbError> {
    type Row = (Uuid, i64, bool, Option<String>, Option<String>, Option<String>);
    let ids: Vec<Uuid> = writes.iter().map(|write| write.vehicle.id.into_uuid()).collect();
    let (mut vins, mut plates, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let [(_, vin), (_, plate), (_, stock_number)] = keys_of(&write.vehicle);
        vins.extend(vin);
        plates.extend(plate);
        numbers.extend(stock_number);
    }
    let has_key = vehicles::vin
        .eq_any(vins)
        .or(vehicles::plate.eq_any(plates))
        .or(vehicles::stock_number.eq_any(numbers));
    let same_key = vehicles::active.eq(true).and(has_key);
    let found: Vec<Row> = vehicles::table
        .filter(vehicles::vehicle_id.eq_any(ids).or(same_key))
        .select((
            vehicles::vehicle_id,
            vehicles::version,
            vehicles::active,
            vehicles::vin,
            vehicles::plate,
            vehicles::stock_number,
        ))
        .load(&mut tx)
        .await?;
    let row = |(id, version, active, vin, plate, stock_number): Row| StockRow {
        id: VehicleId::from_uuid(id),
        version,
        deleted: !active,
        vin,
        plate,
        stock_number,
    };
    Ok(found.into_iter().map(row).collect())
}

/// How many are in stock, and the last place that one has.
pub(crate) async fn extent(mut tx: &TenantTx) -> Result<(usize, i32), DbError> {
    let count: i64 = vehicles::table.filter(vehicles::active).count().get_result(&mut tx).await?;
    let last: Option<i32> =
        vehicles::table.select(max(vehicles::position)).get_result(&mut tx).await?;
    Ok((usize::try_from(count).unwrap_or_default(), last.unwrap_or(-1)))
}

/// Writes vehicles as they are from now on, new ones at the end of the order.
pub(crate) async fn put(
    mut tx: &TenantTx,
    writes: &[VehicleWrite],
    last: i32,
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    let mut position = last;
    for chunk in writes.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(chunk.len());
        for write in chunk {
            let VehicleWrite { vehicle, expected, .. } = write;
            if *expected == 0 {
                position = position.saturating_add(1);
            }
            let [(_, vin), (_, plate), (_, stock_number)] = keys_of(vehicle);
            let details = &vehicle.details;
            rows.push((
                vehicles::vehicle_id.eq(vehicle.id.into_uuid()),
                vehicles::position.eq(position.max(0)),
                vehicles::make.eq(&vehicle.make),
                vehicles::model.eq(&vehicle.model),
                vehicles::variant.eq(&vehicle.variant),
                vehicles::year.eq(number::<_, i16>(vehicle.year, TABLE)?),
                vehicles::price_minor.eq(vehicle.price.minor),
                vehicles::currency.eq(vehicle.price.currency.code()),
                vehicles::fuel.eq(vehicle.fuel.word()),
                vehicles::kilometres.eq(number::<_, i32>(vehicle.kilometres, TABLE)?),
                vehicles::status.eq(vehicle.status.word()),
                vehicles::active.eq(!write.deletes()),
                vehicles::version.eq(expected + 1),
                vehicles::vin.eq(vin),
                vehicles::plate.eq(plate),
                vehicles::stock_number.eq(stock_number),
                vehicles::body.eq(details.body.map(Body::word)),
                vehicles::seats.eq(details.seats.map(i16::from)),
                vehicles::range_km.eq(details.range_km.map(i32::from)),
                vehicles::details.eq(Doc::of(details)?),
                vehicles::make_key.eq(folded(&vehicle.make)),
                vehicles::model_key.eq(folded(&vehicle.model)),
                vehicles::search.eq(vehicle.search_text()),
                vehicles::created_at.eq(now),
                vehicles::updated_at.eq(now),
            ));
        }
        diesel::insert_into(vehicles::table)
            .values(rows)
            .on_conflict((vehicles::tenant_id, vehicles::vehicle_id))
            .do_update()
            .set((
                vehicles::make.eq(excluded(vehicles::make)),
                vehicles::model.eq(excluded(vehicles::model)),
                vehicles::variant.eq(excluded(vehicles::variant)),
                vehicles::year.eq(excluded(vehicles::year)),
                vehicles::price_minor.eq(excluded(vehicles::price_minor)),
                vehicles::currency.eq(excluded(vehicles::currency)),
                vehicles::fuel.eq(excluded(vehicles::fuel)),
                vehicles::kilometres.eq(excluded(vehicles::kilometres)),
                vehicles::status.eq(excluded(vehicles::status)),
                vehicles::active.eq(excluded(vehicles::active)),
                vehicles::version.eq(excluded(vehicles::version)),
                vehicles::vin.eq(excluded(vehicles::vin)),
                vehicles::plate.eq(excluded(vehicles::plate)),
                vehicles::stock_number.eq(excluded(vehicles::stock_number)),
                vehicles::body.eq(excluded(vehicles::body)),
                vehicles::seats.eq(excluded(vehicles::seats)),
                vehicles::range_km.eq(excluded(vehicles::range_km)),
                vehicles::details.eq(excluded(vehicles::details)),
                vehicles::make_key.eq(excluded(vehicles::make_key)),
                vehicles::model_key.eq(excluded(vehicles::model_key)),
                vehicles::search.eq(excluded(vehicles::search)),
                vehicles::updated_at.eq(excluded(vehicles::updated_at)),
            ))
            .execute(&mut tx)
            .await?;
    }
    Ok(())
}
