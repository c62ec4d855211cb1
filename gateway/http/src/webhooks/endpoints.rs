//! `/v1/webhooks/endpoints`: making, changing, pausing and testing endpoints.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use forecourt_core::{
    id::EndpointId,
    text,
    webhook::{self, OLD_SECRET_FOR, Topic, target::Target},
};
use forecourt_ports::{
    store::{EndpointChange, EndpointRecord, NewEndpoint, Role},
    webhook::{Owner, Secret},
};
use forecourt_wire::{
    ResumeWebhook, WebhookEndpoint, WebhookEndpoints, WebhookQueued, WebhookSettings,
    WebhookWithSecret,
};
use jiff::Timestamp;

use super::{Hooks, named, nowhere};
use crate::{
    auth::Staff,
    extract::Json,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
};

/// The longest description, in characters.
const DESCRIPTION: usize = 200;

/// `GET /v1/webhooks/endpoints`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let found = state.hooks.store.list_endpoints(staff.member.tenant).await?;
    let now = state.clock.now();
    let endpoints = found.into_iter().map(|record| WebhookEndpoint::of(record, now)).collect();
    Ok(HttpResponse::Ok().json(WebhookEndpoints { endpoints }))
}

/// `POST /v1/webhooks/endpoints` — with the secret, this one time.
pub(crate) async fn create(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<WebhookSettings>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let Settings { url, description, topics } = checked(&state.hooks, body.0)?;
    let endpoint = state.ids.endpoint();
    let owner = Owner { tenant: staff.member.tenant, endpoint };
    let (shown, sealed) = fresh_secret(&state.hooks, owner)?;
    let new = NewEndpoint {
        endpoint,
        url,
        description: Some(description).filter(|text| !text.is_empty()),
        topics,
        secret: sealed,
        by: staff.member.member,
        at: state.clock.now(),
    };
    let made = state.hooks.store.create_endpoint(owner.tenant, &new).await?;
    let made = made.ok_or_else(|| Problem::new(Code::TooManyEndpoints))?;
    tracing::info!(endpoint.id = %endpoint, member.id = %staff.member.member, "an endpoint was made");
    Ok(HttpResponse::Created().json(with_secret(made, shown, new.at)))
}

/// `GET /v1/webhooks/endpoints/{endpoint}`.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let found = state.hooks.store.find_endpoint(staff.member.tenant, named(&request)?).await?;
    shown(state, found)
}

/// `PUT /v1/webhooks/endpoints/{endpoint}` — another address, description or other topics.
pub(crate) async fn put(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<WebhookSettings>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let endpoint = named(&request)?;
    let Settings { url, description, topics } = checked(&state.hooks, body.0)?;
    let change = EndpointChange::Set {
        url: Some(url),
        description: Some(description),
        topics: Some(topics),
    };
    change_it(state, &staff, endpoint, &change).await
}

/// `DELETE /v1/webhooks/endpoints/{endpoint}`.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (tenant, endpoint) = (staff.member.tenant, named(&request)?);
    if !state.hooks.store.delete_endpoint(tenant, endpoint, state.clock.now()).await? {
        return Err(nowhere());
    }
    (state.hooks.wake)();
    tracing::info!(endpoint.id = %endpoint, member.id = %staff.member.member, "an endpoint was deleted");
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/webhooks/endpoints/{endpoint}/pause`.
pub(crate) async fn pause(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    change_it(&gateway.0, &staff, named(&request)?, &EndpointChange::Pause).await
}

/// `POST /v1/webhooks/endpoints/{endpoint}/resume`.
pub(crate) async fn resume(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ResumeWebhook>,
) -> Answer {
    staff.require(Role::Manager)?;
    let change = EndpointChange::Resume { skip: body.0.skip };
    change_it(&gateway.0, &staff, named(&request)?, &change).await
}

/// `POST /v1/webhooks/endpoints/{endpoint}/rotate` — a new secret; the old one signs for a day.
pub(crate) async fn rotate(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let owner = Owner { tenant: staff.member.tenant, endpoint: named(&request)? };
    let (shown, secret) = fresh_secret(&state.hooks, owner)?;
    let now = state.clock.now();
    let old_until = now.saturating_add(OLD_SECRET_FOR).unwrap_or(Timestamp::MAX);
    let change = EndpointChange::Rotate { secret, old_until };
    let changed =
        state.hooks.store.change_endpoint(owner.tenant, owner.endpoint, &change, now).await?;
    let changed = changed.ok_or_else(nowhere)?;
    (state.hooks.wake)();
    tracing::info!(endpoint.id = %owner.endpoint, member.id = %staff.member.member, "a secret was rotated");
    Ok(HttpResponse::Ok().json(with_secret(changed, shown, now)))
}

/// `POST /v1/webhooks/endpoints/{endpoint}/test`.
pub(crate) async fn test(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (tenant, endpoint) = (staff.member.tenant, named(&request)?);
    let now = state.clock.now();
    let id = webhook::test_id(state.ids.uuid());
    let body = state.hooks.encode.test(tenant, endpoint, now);
    let Some(number) = state.hooks.store.queue_test(tenant, endpoint, &id, &body, now).await?
    else {
        let found = state.hooks.store.find_endpoint(tenant, endpoint).await?;
        return Err(found.map_or_else(nowhere, |_| Problem::new(Code::EndpointPaused)));
    };
    (state.hooks.wake)();
    Ok(HttpResponse::Accepted().json(WebhookQueued { number }))
}

async fn change_it(
    state: &State,
    staff: &Staff,
    endpoint: EndpointId,
    change: &EndpointChange,
) -> Answer {
    let (tenant, now) = (staff.member.tenant, state.clock.now());
    let changed = state.hooks.store.change_endpoint(tenant, endpoint, change, now).await?;
    (state.hooks.wake)();
    tracing::info!(endpoint.id = %endpoint, member.id = %staff.member.member, "an endpoint was changed");
    shown(state, changed)
}

fn shown(state: &State, found: Option<EndpointRecord>) -> Answer {
    let record = found.ok_or_else(nowhere)?;
    Ok(HttpResponse::Ok().json(WebhookEndpoint::of(record, state.clock.now())))
}

fn with_secret(record: EndpointRecord, secret: String, now: Timestamp) -> WebhookWithSecret {
    WebhookWithSecret { endpoint: WebhookEndpoint::of(record, now), secret }
}

/// A secret as it is shown and as it is stored.
fn fresh_secret(hooks: &Hooks, owner: Owner) -> Result<(String, Vec<u8>), Problem> {
    let bytes: [u8; 32] = rand::random();
    let sealed = hooks.vault.seal(owner, &Secret::new(bytes.to_vec())).map_err(|error| {
        tracing::error!(%error, "a secret could not be sealed");
        Problem::new(Code::Internal)
    })?;
    Ok((format!("whsec_{}", STANDARD.encode(bytes)), sealed))
}

/// Settings that may be stored; the description is empty when there is none.
struct Settings {
    url: String,
    description: String,
    topics: Vec<Topic>,
}

fn checked(hooks: &Hooks, given: WebhookSettings) -> Result<Settings, Problem> {
    let url = Target::parse(&given.url, hooks.loopback)
        .map_err(|error| Problem::field("/url", "address", error.to_string()))?;
    let description = given.description.filter(|text| !text.trim().is_empty());
    let description = description.map(|text| text::line(&text, DESCRIPTION)).transpose();
    let description = description
        .map_err(|error| Problem::field("/description", "text", error.to_string()))?
        .unwrap_or_default();
    let mut topics: Vec<Topic> = given.topics.into_iter().map(Topic::from).collect();
    if topics.len() > 64 {
        return Err(Problem::field("/topics", "length", "must be at most 64"));
    }
    if let Some(at) = topics.iter().position(|topic| !topic.can_be_chosen()) {
        let detail = "is sent to every endpoint, by the test button alone";
        return Err(Problem::field(format!("/topics/{at}"), "value", detail));
    }
    topics.sort_unstable();
    topics.dedup();
    Ok(Settings { url: url.as_str().to_owned(), description, topics })
}
