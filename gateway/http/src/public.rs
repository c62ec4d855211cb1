//! What everybody may read of a tenant, and the credentials of a demo.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_core::lang::Lang;
use forecourt_wire::PublicTenant;

use crate::{
    client,
    extract::Query,
    form,
    gateway::Gateway,
    limits::Network,
    problem::{Answer, Code, Problem},
};

/// `GET /v1/public/tenant?slug=&lang=` — brand, stock, services and opening hours.
pub(crate) async fn tenant(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let slug = query.read("slug", |slug| Ok(slug.to_owned()));
    let lang = query.read("lang", |tag| Ok(Lang::parse(tag))).flatten();
    query.finish()?;
    let slug = slug.ok_or_else(|| Problem::field("slug", "required", "is missing"))?;
    let tenant = form::find(state, &slug).await?;
    // First: it takes up settings that another node changed.
    let knowledge = tenant.knowledge().await?;
    let snapshot = tenant.snapshot();
    let lang = snapshot.settings.language_or_default(lang);
    let page = PublicTenant::of(&snapshot, &knowledge, lang);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=10")).json(page))
}

/// `GET /v1/public/demo` — how to sign in to the demo; nothing where no demo runs.
pub(crate) async fn demo(gateway: web::Data<Gateway>) -> Answer {
    let demo = gateway.0.config.demo.as_ref();
    let demo = demo.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(demo))
}
