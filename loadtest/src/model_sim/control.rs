//! Run-time controls: `/sim/…`, for tests that turn the model down while the engine runs against it.
//!
//! Lives here: setting scenario and script, reading the request log, starting over.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::record::RequestSummary;
use super::script::Step;
use super::state::SimState;
use crate::spec::SpecError;

/// Body of `POST /sim/scenario`. What is absent stays as it is; `null` lifts it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// The process-wide default scenario.
    #[serde(default)]
    spec: Order<String>,
    /// The steps that come next.
    #[serde(default)]
    script: Order<Vec<Step>>,
    /// What rules embeddings alone.
    #[serde(default)]
    embeddings: Order<String>,
}

/// Tells `null` from absent.
#[derive(Debug, Default)]
enum Order<T> {
    #[default]
    Keep,
    Lift,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Order<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Lift, Self::Set))
    }
}

/// `POST /sim/scenario`
pub async fn set_orders(body: web::Bytes, state: Data<SimState>) -> HttpResponse {
    let orders: Orders = match serde_json::from_slice(&body) {
        Ok(orders) => orders,
        Err(error) => return refused(&error.to_string()),
    };
    let result: Result<(), SpecError> = (|| {
        match orders.spec {
            Order::Keep => {}
            Order::Lift => state.set_scenario(None)?,
            Order::Set(spec) => state.set_scenario(Some(&spec))?,
        }
        match orders.embeddings {
            Order::Keep => {}
            Order::Lift => state.set_embeddings(None)?,
            Order::Set(spec) => state.set_embeddings(Some(&spec))?,
        }
        match orders.script {
            Order::Keep => Ok(()),
            Order::Lift => state.set_script(Vec::new()),
            Order::Set(steps) => state.set_script(steps),
        }
    })();
    match result {
        Ok(()) => {
            let (scenario, steps) = state.standing_orders();
            HttpResponse::Ok().json(json!({ "scenario": scenario, "steps": steps }))
        }
        Err(error) => refused(&error.to_string()),
    }
}

fn refused(reason: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": reason }))
}

/// Query of `GET /sim/requests`.
#[derive(Debug, Deserialize)]
pub struct Since {
    /// Only calls with a higher number.
    #[serde(default)]
    after: u64,
}

/// Answer of `GET /sim/requests`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestLog {
    /// All calls since the start or the last reset, also those no longer kept.
    pub count: u64,
    /// Idempotency keys that came more than once, with how often.
    pub repeated_keys: HashMap<String, u64>,
    pub requests: Vec<RequestSummary>,
}

impl RequestLog {
    /// The log of `state` after call number `after`.
    pub fn of(state: &SimState, after: u64) -> Self {
        let mut requests = state.record.list();
        let mut keys: HashMap<String, u64> = HashMap::new();
        for key in requests.iter().filter_map(|summary| summary.idempotency_key.clone()) {
            *keys.entry(key).or_default() += 1;
        }
        keys.retain(|_, count| *count > 1);
        requests.retain(|summary| summary.number > after);
        let count = *state.record.watch().borrow();
        Self { count, repeated_keys: keys, requests }
    }
}

/// `GET /sim/requests?after=N`
pub async fn requests(since: web::Query<Since>, state: Data<SimState>) -> HttpResponse {
    HttpResponse::Ok().json(RequestLog::of(&state, since.after))
}

/// `POST /sim/reset`
pub async fn reset(state: Data<SimState>) -> HttpResponse {
    state.reset();
    HttpResponse::Ok().json(json!({ "count": 0 }))
}

/// `GET /sim/health`
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}
