//! `services`: what a tenant offers by appointment.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{Resource, ResourceKind, Terms, terms::places_of},
    id::ServiceId,
    knowledge::Service,
    lang::Lang,
    money::{Currency, Money},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, number, resources};
use crate::{TenantTx, error::DbError, schema::services};

const TABLE: &str = "services";
const MOST: i64 = 200;

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Service>, DbError> {
    type Stored = (Uuid, Doc, Vec<String>, i32, Option<i64>, Option<String>, i32, i32);
    let found: Vec<Stored> = services::table
        .filter(services::active)
        .filter(services::deleted_at.is_null())
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
    insert_at(tx, 0, new, now).await
}

/// Adds services with places of their own, the first at `position`.
pub(crate) async fn insert_at(
    tx: &mut TenantTx,
    position: i32,
    new: &[Service],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(new.len());
    for (position, service) in (position..).zip(new) {
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
    for service in new {
        let name: String = service.name.get(Lang::En).chars().take(Resource::MAX_NAME).collect();
        let places = Resource {
            id: places_of(service.id),
            kind: ResourceKind::Service,
            name: if name.is_empty() { TABLE.to_owned() } else { name },
            capacity: service.capacity,
            buffer_before: 0,
            buffer_after: 0,
            vehicle: None,
            hours: None,
            active: true,
        };
        resources::put(tx, &places, now).await?;
    }
    Ok(())
}

/// The terms of the active services, in their order.
pub(crate) async fn terms(mut tx: &TenantTx) -> Result<Vec<Terms>, DbError> {
    type Stored = (Uuid, i32, Option<i64>, Option<String>, i32, i32, i32, i32, i32, Doc);
    let found: Vec<Stored> = services::table
        .filter(services::active)
        .filter(services::deleted_at.is_null())
        .order((services::position, services::service_id))
        .limit(MOST)
        .select((
            services::service_id,
            services::minutes,
            services::price_minor,
            services::currency,
            services::notice_minutes,
            services::capacity,
            services::buffer_before_minutes,
            services::buffer_after_minutes,
            services::horizon_days,
            services::needs,
        ))
        .load(&mut tx)
        .await?;
    let terms = |row: Stored| {
        let (id, minutes, price, currency, notice, capacity, before, after, horizon, needs) = row;
        Ok(Terms {
            service: ServiceId::from_uuid(id),
            minutes: number(minutes, TABLE)?,
            price: price
                .zip(currency)
                .map(|(minor, code)| money(minor, &code, TABLE))
                .transpose()?,
            buffer_before: number(before, TABLE)?,
            buffer_after: number(after, TABLE)?,
            notice_minutes: number(notice, TABLE)?,
            horizon_days: number(horizon, TABLE)?,
            capacity: number(capacity, TABLE)?,
            needs: needs.parse(TABLE)?,
            active: true,
        })
    };
    found.into_iter().map(terms).collect()
}

/// Replaces the terms of a service that is there.
pub(crate) async fn put_terms(mut tx: &TenantTx, terms: &Terms) -> Result<bool, DbError> {
    let update = diesel::update(services::table)
        .filter(services::service_id.eq(terms.service.into_uuid()))
        .set((
            services::minutes.eq(i32::from(terms.minutes)),
            services::price_minor.eq(terms.price.map(|price| price.minor)),
            services::currency.eq(terms.price.map(|price| price.currency.code())),
            services::notice_minutes.eq(number::<_, i32>(terms.notice_minutes, TABLE)?),
            services::capacity.eq(i32::from(terms.capacity)),
            services::buffer_before_minutes.eq(i32::from(terms.buffer_before)),
            services::buffer_after_minutes.eq(i32::from(terms.buffer_after)),
            services::horizon_days.eq(i32::from(terms.horizon_days)),
            services::needs.eq(Doc::of(&terms.needs)?),
            services::active.eq(terms.active),
        ));
    Ok(update.execute(&mut tx).await? == 1)
}
