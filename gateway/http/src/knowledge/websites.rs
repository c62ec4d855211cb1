//! `/v1/knowledge/websites`: pages of the tenant's own that the assistant may answer from.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::{id::WebsiteId, webhook::target::Target};
use forecourt_ports::store::{Role, websites::WebsiteAdded};
use forecourt_wire::{AddWebsite, WebsiteView, Websites};

use super::nowhere;
use crate::{
    auth::Staff,
    extract::Json,
    gateway::Gateway,
    problem::{Answer, Code, Problem},
};

fn named(request: &HttpRequest) -> Result<WebsiteId, Problem> {
    let id = request.match_info().get("website").unwrap_or_default();
    id.parse().map_err(|_| nowhere())
}

/// `GET /v1/knowledge/websites` — with how far they are read.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let found = gateway.0.store.list_websites(staff.member.tenant).await?;
    let websites = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Websites { websites }))
}

/// `POST /v1/knowledge/websites` — it is read within seconds, then each week.
pub(crate) async fn add(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<AddWebsite>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let url = Target::parse(body.0.url.trim(), state.hooks.loopback)
        .map_err(|error| Problem::field("/url", "address", error.to_string()))?;
    let (id, now) = (state.ids.website(), state.clock.now());
    let added = state.store.add_website(staff.member.tenant, id, url.as_str(), now).await?;
    match added {
        WebsiteAdded::Stored(site) => Ok(HttpResponse::Accepted().json(WebsiteView::from(site))),
        WebsiteAdded::TooMany => {
            Err(Problem::new(Code::TooManyEntries).detail("a tenant has at most 5 websites"))
        }
    }
}

/// `POST /v1/knowledge/websites/{website}/read` — now, and not only next week.
pub(crate) async fn read(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, id) = (&gateway.0, named(&request)?);
    if state.store.read_website(staff.member.tenant, id, state.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(nowhere())
    }
}

/// `DELETE /v1/knowledge/websites/{website}` — with all that was read of it.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, id) = (&gateway.0, named(&request)?);
    if state.store.delete_website(staff.member.tenant, id, state.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(nowhere())
    }
}
