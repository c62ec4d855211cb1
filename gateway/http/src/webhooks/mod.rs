//! Endpoints of integrators and the calls to them, for managers.
//!
//! # Invariants
//! - **A8** every endpoint and every call is of the member's own tenant: another tenant's lead nowhere;
//! - **A14** a secret is answered once, where it is made, and can never be read again;
//! - an address is checked before it is stored, and again by who calls it.

pub(crate) mod calls;
pub(crate) mod endpoints;

use std::sync::Arc;

use actix_web::HttpRequest;
use forecourt_core::{id::EndpointId, webhook::target::Loopback};
use forecourt_ports::{
    store::Webhooks,
    webhook::{Encode, Vault},
};

use crate::problem::{Code, Problem};

/// What the gateway needs for webhooks.
#[derive(Clone)]
pub struct Hooks {
    pub store: Arc<dyn Webhooks>,
    pub vault: Arc<dyn Vault>,
    pub encode: Arc<dyn Encode>,
    /// Whether this machine may be an endpoint.
    pub loopback: Loopback,
    /// Has the workers look at once.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

/// The endpoint in the address; what is no id leads nowhere.
fn named(request: &HttpRequest) -> Result<EndpointId, Problem> {
    let id = request.match_info().get("endpoint").and_then(|id| id.parse().ok());
    id.ok_or_else(nowhere)
}

fn nowhere() -> Problem {
    Problem::new(Code::NotFound)
}
