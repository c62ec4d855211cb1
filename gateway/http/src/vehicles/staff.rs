//! `/v1/vehicles`: the stock as staff keep it.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::header, web};
use forecourt_ports::store::{MAX_HISTORY, Role, VehicleRecord};
use forecourt_wire::{
    ChangeVehicle, FieldError, SetVehicleStatus, VehicleFields, VehiclePage, VehicleStep,
    VehicleStory, VehicleView, inventory::told,
};
use serde_json::Value;

use super::{filter, named, needs_version, next, problem, seen, version};
use crate::{
    auth::Staff,
    extract::{Json, Query, parse},
    gateway::Gateway,
    problem::{Answer, Code, Problem},
    sessions,
};

/// `GET /v1/vehicles`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff, mut query: Query) -> Answer {
    staff.require(Role::Seller)?;
    let mut filter = filter(&mut query);
    let deleted = query.read("deleted", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    });
    query.finish()?;
    filter.deleted = deleted.unwrap_or_default();
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let page = tenant.inventory().list(&filter).await.map_err(problem)?;
    let next = next(&filter, page.vehicles.len(), page.total);
    let vehicles = page.vehicles.into_iter().map(VehicleView::from).collect();
    Ok(HttpResponse::Ok().json(VehiclePage { vehicles, total: page.total, next }))
}

fn shown(mut response: HttpResponseBuilder, record: VehicleRecord) -> HttpResponse {
    response.insert_header((header::ETAG, format!("\"{}\"", record.version)));
    response.json(VehicleView::from(record))
}

/// `POST /v1/vehicles`.
pub(crate) async fn create(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<VehicleFields>,
) -> Answer {
    staff.require(Role::Manager)?;
    let draft =
        body.0.draft().map_err(|fault| Problem::new(Code::Invalid).errors(vec![told(fault)]))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let made = tenant.inventory().add(draft, staff.member.member).await.map_err(problem)?;
    tracing::info!(vehicle.id = %made.vehicle.id, member.id = %staff.member.member, "a vehicle was added");
    Ok(shown(HttpResponse::Created(), made))
}

/// `GET /v1/vehicles/{vehicle}`.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let id = named(&request)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let found = tenant.inventory().find(id).await.map_err(problem)?;
    Ok(shown(HttpResponse::Ok(), found))
}

/// `PATCH /v1/vehicles/{vehicle}`.
pub(crate) async fn change(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ChangeVehicle>,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let ChangeVehicle { version, set } = body.0;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let before = VehicleFields::from(record.vehicle.clone());
    let Ok(Value::Object(mut fields)) = serde_json::to_value(before) else {
        return Err(Problem::new(Code::Internal));
    };
    for (field, value) in set {
        if value.is_null() {
            fields.remove(&field);
        } else {
            fields.insert(field, value);
        }
    }
    let merged = serde_json::to_vec(&fields).map_err(|_| Problem::new(Code::Internal))?;
    let draft = parse::<VehicleFields>(&merged).map_err(within_set)?;
    let draft = draft.draft().map_err(|fault| within_set(invalid(told(fault))))?;
    let changed = desk.change(&record, draft, staff.member.member).await.map_err(problem);
    let changed = changed.map_err(within_set)?;
    tracing::info!(vehicle.id = %id, member.id = %staff.member.member, "a vehicle was changed");
    Ok(shown(HttpResponse::Ok(), changed))
}

fn invalid(error: FieldError) -> Problem {
    Problem::new(Code::Invalid).errors(vec![error])
}

/// The fields of a change stand in its `set`.
fn within_set(problem: Problem) -> Problem {
    problem.below("/set")
}

/// `POST /v1/vehicles/{vehicle}/status`.
pub(crate) async fn set_status(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<SetVehicleStatus>,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let SetVehicleStatus { version, status } = body.0;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let changed = desk.set_status(&record, status.into(), staff.member.member).await;
    let changed = changed.map_err(problem)?;
    tracing::info!(vehicle.id = %id, member.id = %staff.member.member, "a vehicle has another status");
    Ok(shown(HttpResponse::Ok(), changed))
}

/// `DELETE /v1/vehicles/{vehicle}` — out of the stock; it can be restored.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = version(&request, &mut query);
    query.finish()?;
    let version = needs_version(version)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let gone = desk.delete(&record, staff.member.member).await.map_err(problem)?;
    tracing::info!(vehicle.id = %id, member.id = %staff.member.member, "a vehicle was deleted");
    Ok(shown(HttpResponse::Ok(), gone))
}

/// `POST /v1/vehicles/{vehicle}/restore`.
pub(crate) async fn restore(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = version(&request, &mut query);
    query.finish()?;
    let version = needs_version(version)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let desk = tenant.inventory();
    let record = desk.find(id).await.map_err(problem)?;
    seen(&record, version)?;
    let back = desk.restore(&record, staff.member.member).await.map_err(problem)?;
    Ok(shown(HttpResponse::Ok(), back))
}

/// `GET /v1/vehicles/{vehicle}/history`.
pub(crate) async fn history(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    mut query: Query,
) -> Answer {
    staff.require(Role::Seller)?;
    let id = named(&request)?;
    let before = query.number("before", 1, u32::MAX).map(i64::from);
    let limit = query.number("limit", 1, MAX_HISTORY).unwrap_or(50);
    query.finish()?;
    let state = &gateway.0;
    let tenant = sessions::tenant_of(state, &staff).await?;
    let rows = tenant.inventory().history(id, before, limit).await.map_err(problem)?;
    let full = rows.len() == limit as usize;
    let next = rows.last().map(|row| row.version).filter(|first| full && *first > 1);
    let now = state.clock.now();
    let mut steps = Vec::with_capacity(rows.len());
    for row in rows {
        let name = match row.by {
            Some(member) => {
                state.names.member(&*state.store, staff.member.tenant, member, now).await
            }
            None => None,
        };
        steps.push(VehicleStep::of(row, name.map(|name| name.to_string())));
    }
    Ok(HttpResponse::Ok().json(VehicleStory { steps, next }))
}
