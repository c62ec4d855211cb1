//! `GET /v1/deliveries`, `GET /v1/deliveries/{delivery}` and `GET /v1/providers`.

use actix_web::{HttpResponse, web};
use forecourt_core::{
    breaker::Shown,
    id::{DeliveryId, SessionId},
};
use forecourt_ports::store::{DeliveryFilter, DeliveryStatus, Role};
use forecourt_wire::{
    DeliveryEntry, DeliveryList, DeliveryStory, ProviderEntry, ProviderList, ProviderState,
};

use super::{in_order, limit};
use crate::{
    auth::Staff,
    extract::Query,
    gateway::Gateway,
    leads::instant,
    problem::{Answer, Code, Problem},
    sessions,
};

/// `GET /v1/deliveries` — one page, newest first.
pub(crate) async fn list(gateway: web::Data<Gateway>, mut query: Query, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    let zone = sessions::tenant_of(state, &staff).await?.snapshot().settings.time_zone();
    let filter = DeliveryFilter {
        status: query.read("status", |text| {
            let all = DeliveryStatus::ALL.map(DeliveryStatus::as_str).join(", ");
            DeliveryStatus::parse(text).ok_or_else(|| format!("must be one of {all}"))
        }),
        session: query.read("session", |text| {
            text.parse::<SessionId>().map_err(|_| "must be the id of a conversation".into())
        }),
        since: query.read("since", |text| instant(text, &zone)),
        until: query.read("until", |text| instant(text, &zone)),
        after: query.read("cursor", |text| {
            text.parse::<DeliveryId>().map_err(|_| "must be the `next` of an earlier page".into())
        }),
        limit: limit(&mut query),
    };
    query.finish()?;
    in_order(filter.since, filter.until)?;
    let rows = state.store.list_deliveries(staff.member.tenant, &filter).await?;
    // A full page may be the last one; the next is then empty.
    let is_full = rows.len() == filter.limit as usize;
    let next = rows.last().filter(|_| is_full).map(|row| row.delivery.to_string());
    let deliveries = rows.into_iter().map(DeliveryEntry::from).collect();
    Ok(HttpResponse::Ok().json(DeliveryList { deliveries, next }))
}

/// `GET /v1/deliveries/{delivery}` — one delivery: its history, why it waits, what can be done.
pub(crate) async fn get(
    gateway: web::Data<Gateway>,
    delivery: web::Path<String>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    let delivery = named(&delivery)?;
    let found = state.store.find_delivery(staff.member.tenant, delivery).await?;
    let found = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(state, &staff).await?;
    let provider = tenant.providers().first().map(|provider| provider.state);
    Ok(HttpResponse::Ok().json(DeliveryStory::of(found, provider, state.clock.now())))
}

/// The delivery in the address; what is no id leads nowhere.
pub(super) fn named(delivery: &str) -> Result<DeliveryId, Problem> {
    delivery.parse().map_err(|_| Problem::new(Code::NotFound))
}

/// `GET /v1/providers` — whether letters leave, as this node sees it.
pub(crate) async fn providers(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let providers = tenant
        .providers()
        .into_iter()
        .map(|provider| {
            let (state, open_until) = match provider.state {
                Shown::Closed => (ProviderState::Closed, None),
                Shown::HalfOpen => (ProviderState::HalfOpen, None),
                Shown::Open { until } => (ProviderState::Open, Some(until)),
            };
            ProviderEntry {
                name: provider.name.to_owned(),
                state,
                failures: provider.failures,
                open_until,
                sent_last_minute: provider.sent_last_minute,
                waiting: provider.waiting,
            }
        })
        .collect();
    Ok(HttpResponse::Ok().json(ProviderList { providers }))
}
