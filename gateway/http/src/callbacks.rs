//! Staff and the calls that customers wait for: when somebody can call, who does, and how it went.
//!
//! # Invariants
//! - **A8** the conversation is of the member's own tenant: another tenant's is nowhere;
//! - **A12** of two who want the same member at the same time one has them; the other is told.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::contact::Phone;
use forecourt_ports::store::Role;
use forecourt_wire::{AgreeCall, CallTime, CallTimes, EndCall};

use crate::{
    auth::Staff,
    extract::Json,
    gateway::Gateway,
    problem::{Answer, Problem},
    sessions,
};

/// `GET /v1/sessions/{session}/call/times` — when somebody of the team can call.
pub(crate) async fn times(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let times = tenant.call_times(sessions::named(&request)?).await?;
    let zone = tenant.snapshot().settings.zone.clone();
    let times = times.iter().map(CallTime::from).collect();
    Ok(HttpResponse::Ok().json(CallTimes { times, zone }))
}

/// `PUT /v1/sessions/{session}/call` — a call is agreed, or moved. The same again changes nothing.
pub(crate) async fn agree(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<AgreeCall>,
) -> Answer {
    staff.require(Role::Seller)?;
    let Json(AgreeCall { at, member_id, phone }) = body;
    let session = sessions::named(&request)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    let country = tenant.snapshot().settings.country.clone();
    let phone = phone.map(|phone| Phone::parse(&phone, &country)).transpose();
    let phone = phone.map_err(|error| Problem::field("/phone", "phone", error.to_string()))?;
    tenant.agree_call(session, at, member_id, staff.member.member, phone).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/sessions/{session}/call/end` — how it went, or that it will not be.
pub(crate) async fn end(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<EndCall>,
) -> Answer {
    staff.require(Role::Seller)?;
    let Json(EndCall { at, outcome }) = body;
    let session = sessions::named(&request)?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    tenant.end_call(session, at, outcome.into(), staff.member.member).await?;
    Ok(HttpResponse::NoContent().finish())
}
