//! The operations on previews, for managers.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_actors::CustomerMessage;
use forecourt_core::lang::Lang;
use forecourt_ports::store::Role;
use forecourt_wire::{MessageAccepted, PreviewAnswers, PreviewMessage, StartPreview};
use jiff::SignedDuration;

use super::{keep::Previews, ready, told::told};
use crate::{
    auth::Staff,
    client,
    events::event_stream,
    extract::{Json, Query},
    feed::{End, Feed, Start},
    gateway::Gateway,
    limits::Network,
    messages::{check_client_id, parse_text},
    problem::{Answer, Code, Problem},
    takeover,
};

/// `POST /v1/preview` — begins one; the member's earlier one ends.
pub(crate) async fn start(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<StartPreview>,
) -> Answer {
    staff.require(Role::Manager)?;
    let Json(StartPreview { lang, answers }) = body;
    gateway.0.limiters.open_ip.check(&Network::from(client::ip(&request))).await?;
    let lang = lang.as_deref().and_then(|tag| Lang::parse(tag.get(..tag.len().min(35))?));
    let wish = (lang, answers == Some(PreviewAnswers::House));
    let whose = (staff.member.tenant, staff.member.member);
    let preview = Previews::start(&gateway, whose, wish).await?;
    Ok(HttpResponse::Created().json(told(&preview).await?))
}

/// `GET /v1/preview` — the member's preview as it stands.
pub(crate) async fn get(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let preview = gateway.0.previews.find((staff.member.tenant, staff.member.member))?;
    let fresh = (header::CACHE_CONTROL, "no-store");
    Ok(HttpResponse::Ok().insert_header(fresh).json(told(&preview).await?))
}

/// `DELETE /v1/preview` — ends it.
pub(crate) async fn end(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    gateway.0.previews.end((staff.member.tenant, staff.member.member));
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/preview/messages` — the member writes as a customer would.
pub(crate) async fn post(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<PreviewMessage>,
) -> Answer {
    staff.require(Role::Manager)?;
    let Json(PreviewMessage { preview_id, text, client_id, pressed }) = body;
    let text = parse_text(&text)?;
    check_client_id(&client_id)?;
    let state = &gateway.0;
    let preview = state.previews.find((staff.member.tenant, staff.member.member))?;
    if preview.session != preview_id {
        return Err(Problem::new(Code::PreviewOver));
    }
    state.limiters.message_session.check(&preview_id).await?;
    preview.write(state.clock.now())?;
    let pressed = pressed.map(Into::into);
    let message = CustomerMessage { text, client_id, pressed, ..CustomerMessage::default() };
    let posted = preview.desk.post_message(preview_id, message).await;
    let posted = posted.map_err(|error| preview.told(error))?;
    Ok(HttpResponse::Accepted().json(MessageAccepted {
        message_id: posted.message,
        seq: posted.seq.0,
        version: posted.version.0,
    }))
}

/// `GET /v1/preview/events` — what happens in it, as it happens: the same events that a customer gets.
pub(crate) async fn events(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let header = request.headers().get("last-event-id").filter(|value| !value.is_empty());
    let header = header.map(|value| value.to_str().unwrap_or_default().to_owned());
    let after = header.or_else(|| query.read("after", |text| Ok(text.to_owned())));
    query.finish()?;
    let preview = gateway.0.previews.find((staff.member.tenant, staff.member.member))?;
    let start = after.map_or(Start::Now, |cursor| Start::After(cursor.trim().parse().ok()));
    let of = (preview.desk.id(), preview.session);
    let feed = Feed::open(&preview.gateway, of, None, start, End::Never).await?;
    let latest = preview.began.saturating_add(SignedDuration::from_hours(3));
    let stopping = preview.gateway.0.stopping.clone();
    let events = feed.stream(latest.unwrap_or(preview.began));
    Ok(takeover::respond(&request, event_stream(), &stopping, events))
}

/// `GET /v1/preview/readiness` — what is still missing before customers come.
pub(crate) async fn readiness(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    Ok(HttpResponse::Ok().json(ready::look(&gateway.0, &staff).await?))
}
