//! `GET /v1/public/{tenant}/vehicles`: what a website or a widget shows of the stock.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_core::{inventory::VehicleStatus, lang::Lang};
use forecourt_wire::{PublicStock, StockVehicle};

use super::{filter, next, problem};
use crate::{
    client,
    extract::Query,
    form,
    gateway::Gateway,
    limits::Network,
    problem::{Answer, Problem},
};

/// Vehicles that can be had, and those that are reserved; never a VIN or a plate.
pub(crate) async fn list(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    slug: web::Path<String>,
    mut query: Query,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let lang = query.read("lang", |tag| Ok(Lang::parse(tag))).flatten();
    let mut filter = filter(&mut query);
    query.finish()?;
    let open = |status: &VehicleStatus| {
        matches!(status, VehicleStatus::Available | VehicleStatus::Reserved)
    };
    if filter.statuses.is_empty() {
        filter.statuses = vec![VehicleStatus::Available, VehicleStatus::Reserved];
    } else if !filter.statuses.iter().all(open) {
        return Err(Problem::field("status", "value", "must be available or reserved"));
    }
    let tenant = form::find(state, &slug).await?;
    let snapshot = tenant.snapshot();
    let lang = snapshot.settings.language_or_default(lang);
    // A plate and a VIN are searched for by staff alone: here they would tell whose car stands where.
    let sought = filter.text.take();
    let page = match sought {
        None => tenant.inventory().list(&filter).await.map_err(problem)?,
        Some(text) => {
            let knowledge = tenant.knowledge().await?;
            filter.text = Some(text);
            let mut found: Vec<_> =
                knowledge.vehicles.iter().filter(|vehicle| filter.shows(vehicle)).collect();
            found.sort_by(|a, b| filter.order(a, b));
            let total = found.len() as u64;
            let shown = found.into_iter().skip(filter.offset as usize).take(filter.limit as usize);
            let vehicles: Vec<_> = shown.map(|v| StockVehicle::of(v.clone(), lang)).collect();
            let next = next(&filter, vehicles.len(), total);
            return Ok(answer(PublicStock { vehicles, total, next }));
        }
    };
    let next = next(&filter, page.vehicles.len(), page.total);
    let vehicles = page.vehicles.into_iter();
    let vehicles =
        vehicles.map(|record| StockVehicle::of(record.vehicle.for_everybody(), lang)).collect();
    Ok(answer(PublicStock { vehicles, total: page.total, next }))
}

fn answer(stock: PublicStock) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=10")).json(stock)
}
