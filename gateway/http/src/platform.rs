//! The platform's operator: who runs the engine, and is a member of no tenant.
//!
//! Two things make one: to ask from this very machine, not through a proxy; or to hold the token of the
//! configuration. What is shown to an operator carries ids, counts and codes, never a tenant's data.

use actix_web::{HttpRequest, http::header};
use subtle::ConstantTimeEq as _;

use crate::client;

/// Whether an operator asks; any of the tokens that are configured will do.
pub(crate) fn asks(request: &HttpRequest, tokens: &[Option<&str>]) -> bool {
    // A forwarded request comes from wherever the proxy listens, however near the proxy is.
    if client::peer(request).is_loopback() && !client::is_forwarded(request) {
        return true;
    }
    let bearer = request.headers().get(header::AUTHORIZATION);
    let Some(given) = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")) else {
        return false;
    };
    let mut tokens = tokens.iter().flatten().filter(|token| !token.is_empty());
    tokens.any(|token| bool::from(given.as_bytes().ct_eq(token.as_bytes())))
}
