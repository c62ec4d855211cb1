//! `vehicles`: a tenant's stock.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::VehicleId,
    knowledge::{Fuel, Vehicle, VehicleStatus},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, number, services::money};
use crate::{TenantTx, error::DbError, schema::vehicles};

const TABLE: &str = "vehicles";
const MOST: i64 = 2_000;

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Vehicle>, DbError> {
    type Stored = (Uuid, String, String, Option<String>, i16, i64, String, String, i32, String);
    let found: Vec<Stored> = vehicles::table
        .filter(vehicles::active)
        .order((vehicles::position, vehicles::vehicle_id))
        .limit(MOST)
        .select((
            vehicles::vehicle_id,
            vehicles::make,
            vehicles::model,
            vehicles::variant,
            vehicles::year,
            vehicles::price_minor,
            vehicles::currency,
            vehicles::fuel,
            vehicles::kilometres,
            vehicles::status,
        ))
        .load(&mut tx)
        .await?;
    let vehicle = |row: Stored| {
        let (id, make, model, variant, year, price, currency, fuel, kilometres, status) = row;
        Ok(Vehicle {
            id: VehicleId::from_uuid(id),
            make,
            model,
            variant,
            year: number(year, TABLE)?,
            price: money(price, &currency, TABLE)?,
            fuel: Fuel::read(&fuel, TABLE)?,
            kilometres: number(kilometres, TABLE)?,
            status: VehicleStatus::read(&status, TABLE)?,
        })
    };
    found.into_iter().map(vehicle).collect()
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    new: &[Vehicle],
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    let mut rows = Vec::with_capacity(new.len());
    for (position, vehicle) in (0_i32..).zip(new) {
        rows.push((
            vehicles::vehicle_id.eq(vehicle.id.into_uuid()),
            vehicles::position.eq(position),
            vehicles::make.eq(&vehicle.make),
            vehicles::model.eq(&vehicle.model),
            vehicles::variant.eq(&vehicle.variant),
            vehicles::year.eq(number::<_, i16>(vehicle.year, TABLE)?),
            vehicles::price_minor.eq(vehicle.price.minor),
            vehicles::currency.eq(vehicle.price.currency.code()),
            vehicles::fuel.eq(vehicle.fuel.word()),
            vehicles::kilometres.eq(number::<_, i32>(vehicle.kilometres, TABLE)?),
            vehicles::status.eq(vehicle.status.word()),
            vehicles::created_at.eq(now),
            vehicles::updated_at.eq(now),
        ));
    }
    diesel::insert_into(vehicles::table).values(rows).execute(tx).await?;
    Ok(())
}
