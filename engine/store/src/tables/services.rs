//! `services`: what a tenant offers by appointment.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::ServiceId,
    knowledge::Service,
    money::{Currency, Money},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, number};
use crate::{TenantTx, error::DbError, schema::services};

const TABLE: &str = "services";
const MOST: i64 = 200;

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Service>, DbError> {
    type Stored = (Uuid, Doc, Vec<String>, i32, Option<i64>, Option<String>, i32, i32);
    let found: Vec<Stored> = services::table
        .filter(services::active)
        .order((services::position, services::service_id))
        .limit(MOST)
        .select((
            services::service_id,
            services::name,
            services::keywords,
            services::minutes,
            services::price_minor,
            services::currency,
            services::notice_minutes,
            services::capacity,
        ))
        .load(&mut tx)
        .await?;
    let service = |(id, name, keywords, minutes, price, currency, notice, capacity): Stored| {
        Ok(Service {
            id: ServiceId::from_uuid(id),
            name: name.parse(TABLE)?,
            keywords,
            minutes: number(minutes, TABLE)?,
            price: price
                .zip(currency)
                .map(|(minor, code)| money(minor, &code, TABLE))
                .transpose()?,
            notice_minutes: number(notice, TABLE)?,
            capacity: number(capacity, TABLE)?,
        })
    };
    found.into_iter().map(service).collect()
}

pub(super) fn money(minor: i64, code: &str, table: &'static str) -> Result<Money, DbError> {
    let currency = Currency::parse(code);
    let currency = currency.ok_or(DbError::Inconsistent { table, what: "a currency" })?;
    Ok(Money { minor, currency })
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    new: &[Service],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(new.len());
    for (position, service) in (0_i32..).zip(new) {
        rows.push((
            services::service_id.eq(service.id.into_uuid()),
            services::position.eq(position),
            services::name.eq(Doc::of(&service.name)?),
            services::keywords.eq(&service.keywords),
            services::minutes.eq(i32::from(service.minutes)),
            services::price_minor.eq(service.price.map(|price| price.minor)),
            services::currency.eq(service.price.map(|price| price.currency.code())),
            services::notice_minutes.eq(number::<_, i32>(service.notice_minutes, TABLE)?),
            services::capacity.eq(i32::from(service.capacity)),
            services::created_at.eq(Time::from(now)),
        ));
    }
    diesel::insert_into(services::table).values(rows).execute(tx).await?;
    Ok(())
}
