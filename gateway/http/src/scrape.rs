//! `GET /metrics`: for this machine's own scraper, or for who has a token. For others it is not there.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    gateway::Gateway,
    platform,
    problem::{Answer, Code, Problem},
};

pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>) -> Answer {
    let config = &gateway.0.config;
    let tokens = [config.metrics_token.as_deref(), config.platform_token.as_deref()];
    if !platform::asks(&request, &tokens) {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((config.metrics)()))
}
