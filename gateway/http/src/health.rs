//! Is it alive, and may it be given work?

use std::time::Duration;

use actix_web::{HttpResponse, http::header, web};
use serde_json::json;

use crate::{gateway::Gateway, problem::Answer};

/// How long the store may take to answer before this node is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz` — the process answers.
pub(crate) async fn alive() -> Answer {
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// `GET /readyz` — 200 when the store answers and the node is not stopping, else 503.
pub(crate) async fn ready(gateway: web::Data<Gateway>) -> Answer {
    let state = &gateway.0;
    // A name that no tenant has: the cheapest question that goes all the way.
    let asked = tokio::time::timeout(PATIENCE, state.store.find_tenant("-")).await;
    let store = matches!(asked, Ok(Ok(_)));
    let running = !state.is_stopping();
    let word = |good: bool, bad: &'static str| if good { "ok" } else { bad };
    let body = json!({
        "status": word(store && running, "unavailable"),
        "checks": { "store": word(store, "unavailable"), "node": word(running, "stopping") },
    });
    Ok(if store && running {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "2")).json(body)
    })
}
