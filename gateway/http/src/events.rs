//! `GET /v1/sessions/{session}/events`: what happens in a conversation, as it happens (SSE).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{self, ContentEncoding},
    web,
};

use crate::{
    auth::Owner,
    extract::Query,
    feed::{End, Feed, Start, poll},
    gateway::Gateway,
    problem::Answer,
    takeover,
};

/// `GET /v1/sessions/{session}/events` — replays after `Last-Event-ID` or `?after=`, then goes on live.
/// A cursor that is not of this log, unreadable ones included, is answered with a gap. With `?poll=1` it answers
/// once with what happened since, for networks that let no stream through.
pub(crate) async fn get(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    owner: Owner,
) -> Answer {
    let header = request.headers().get("last-event-id").filter(|value| !value.is_empty());
    let header = header.map(|value| value.to_str().unwrap_or_default().to_owned());
    // The header is what a browser sends after a drop: newer than the address it began with.
    let after = header.or_else(|| query.read("after", |text| Ok(text.to_owned())));
    let poll = query.read("poll", |text| match text {
        "1" => Ok(()),
        _ => Err("must be 1".to_owned()),
    });
    query.finish()?;
    let start = after.map_or(Start::Now, |cursor| Start::After(cursor.trim().parse().ok()));
    let of = (owner.visitor.tenant(), owner.visitor.session());
    if poll.is_some() {
        let told = poll::poll(&gateway, of, start).await?;
        let fresh = (header::CACHE_CONTROL, "no-store");
        return Ok(HttpResponse::Ok().insert_header(fresh).json(told));
    }
    let feed = Feed::open(&gateway, of, None, start, End::Never).await?;
    let stopping = gateway.0.stopping.clone();
    let events = feed.stream(owner.visitor.expires_at());
    Ok(takeover::respond(&request, event_stream(), &stopping, events))
}

/// An answer of content type `text/event-stream` that nothing on the way holds back.
pub(crate) fn event_stream() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store, no-transform"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(ContentEncoding::Identity); // keeps compression out
    response
}
