//! Is it alive, and may it be given work?

use std::time::Duration;

use actix_web::{HttpResponse, http::header, web};
use forecourt_wire::{BusCheck, NodeCheck, Readiness, ReadyChecks, ReadyStatus, StoreCheck};
use serde_json::json;

use crate::{gateway::Gateway, problem::Answer};

/// How long the store may take to answer before this node is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz` — the process answers.
pub(crate) async fn alive() -> Answer {
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// `GET /readyz` — 200 when the store answers and the node is not stopping, else 503. A node that cannot
/// hear the others still works: it says `degraded`, and is ready.
pub(crate) async fn ready(gateway: web::Data<Gateway>) -> Answer {
    let state = &gateway.0;
    // A name that no tenant has: the cheapest question that goes all the way.
    let asked = tokio::time::timeout(PATIENCE, state.store.find_tenant("-")).await;
    let checks = ReadyChecks {
        store: if matches!(asked, Ok(Ok(_))) { StoreCheck::Ok } else { StoreCheck::Unavailable },
        node: if state.is_stopping() { NodeCheck::Stopping } else { NodeCheck::Ok },
        bus: state.bus.health().into(),
    };
    let status = match checks {
        ReadyChecks { store: StoreCheck::Unavailable, .. }
        | ReadyChecks { node: NodeCheck::Stopping, .. } => ReadyStatus::Unavailable,
        ReadyChecks { bus: BusCheck::Cut, .. } => ReadyStatus::Degraded,
        ReadyChecks { .. } => ReadyStatus::Ok,
    };
    let body = Readiness { status, checks };
    Ok(if status == ReadyStatus::Unavailable {
        HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "2")).json(body)
    } else {
        HttpResponse::Ok().json(body)
    })
}
