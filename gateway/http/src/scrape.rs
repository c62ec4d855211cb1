//! `GET /metrics`: for this machine's own scraper, or for who has the token. For others it is not there.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use subtle::ConstantTimeEq as _;

use crate::{
    client,
    gateway::Gateway,
    problem::{Answer, Code, Problem},
};

pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    let config = &gateway.0.config;
    // A forwarded request comes from wherever the proxy listens, however near the proxy is.
    let local = client::peer(&request).is_loopback() && !client::is_forwarded(&request);
    let bearer = request.headers().get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = config.metrics_token.as_deref().filter(|token| !token.is_empty());
    let known = match (bearer, token) {
        (Some(given), Some(token)) => bool::from(given.as_bytes().ct_eq(token.as_bytes())),
        _ => false,
    };
    if !local && !known {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((config.metrics)()))
}
