//! The calls of an endpoint: their list, their tries, and their replay.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_ports::store::{CallFilter, CallStatus, MOST_REPLAYED, MOST_ROWS, Replay, Role};
use forecourt_wire::{
    ReplayWebhooks, WebhookCall, WebhookCallStory, WebhookCalls, WebhooksReplayed,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{named, nowhere};
use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::Gateway,
    leads::instant,
    problem::{Answer, Problem},
    sessions,
};

const PER_PAGE: u32 = 50;

/// `GET /v1/webhooks/endpoints/{endpoint}/calls` — one page, newest first.
pub(crate) async fn list(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (tenant, endpoint) = (staff.member.tenant, named(&request)?);
    let zone = sessions::tenant_of(state, &staff).await?.snapshot().settings.time_zone();
    let filter = CallFilter {
        status: query.read("status", |text| {
            let all = CallStatus::ALL.map(CallStatus::as_str).join(", ");
            CallStatus::parse(text).ok_or_else(|| format!("must be one of {all}"))
        }),
        since: query.read("since", |text| instant(text, &zone)),
        until: query.read("until", |text| instant(text, &zone)),
        before: query.read("before", |text| {
            number(text).ok_or_else(|| "must be the `next` of an earlier page".into())
        }),
        limit: query.number("limit", 1, MOST_ROWS).unwrap_or(PER_PAGE),
    };
    query.finish()?;
    in_order("until", filter.since, filter.until)?;
    if state.hooks.store.find_endpoint(tenant, endpoint).await?.is_none() {
        return Err(nowhere());
    }
    let rows = state.hooks.store.list_calls(tenant, endpoint, &filter).await?;
    // A full page may be the last one; the next is then empty.
    let is_full = rows.len() == filter.limit as usize;
    let next = rows.last().filter(|_| is_full).map(|row| row.number);
    let calls = rows.into_iter().map(WebhookCall::from).collect();
    Ok(HttpResponse::Ok().json(WebhookCalls { calls, next }))
}

/// `GET /v1/webhooks/endpoints/{endpoint}/calls/{number}` — the body, and every try.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let (tenant, endpoint) = (staff.member.tenant, named(&request)?);
    let call = request.match_info().get("number").and_then(number).ok_or_else(nowhere)?;
    let found = gateway.0.hooks.store.find_call(tenant, endpoint, call).await?;
    Ok(HttpResponse::Ok().json(WebhookCallStory::from(found.ok_or_else(nowhere)?)))
}

/// `POST /v1/webhooks/endpoints/{endpoint}/replay` — one, many, or those of a time, with the same ids.
pub(crate) async fn replay(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ReplayWebhooks>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (tenant, endpoint) = (staff.member.tenant, named(&request)?);
    let zone = sessions::tenant_of(state, &staff).await?.snapshot().settings.time_zone();
    let which = which(body.0, &zone)?;
    if state.hooks.store.find_endpoint(tenant, endpoint).await?.is_none() {
        return Err(nowhere());
    }
    let done = state.hooks.store.replay_calls(tenant, endpoint, &which, state.clock.now()).await?;
    (state.hooks.wake)();
    Ok(HttpResponse::Accepted().json(WebhooksReplayed { count: done.count, more: done.more }))
}

fn which(asked: ReplayWebhooks, zone: &TimeZone) -> Result<Replay, Problem> {
    let ReplayWebhooks { numbers, status, since, until } = asked;
    if let Some(numbers) = numbers {
        if status.is_some() || since.is_some() || until.is_some() {
            let detail = "stands alone: without `status`, `since` and `until`";
            return Err(Problem::field("/numbers", "alone", detail));
        }
        if numbers.is_empty() || numbers.len() > MOST_REPLAYED as usize {
            return Err(Problem::field("/numbers", "length", "must be 1 to 1,000"));
        }
        return Ok(Replay::Numbers(numbers));
    }
    let status = status.map_or(CallStatus::Failed, CallStatus::from);
    if status == CallStatus::Pending {
        return Err(Problem::field("/status", "value", "what is pending is on its way already"));
    }
    let time = |text: Option<String>, pointer: &str| {
        let read = text.map(|text| instant(&text, zone)).transpose();
        read.map_err(|detail| Problem::field(pointer, "value", detail))
    };
    let (since, until) = (time(since, "/since")?, time(until, "/until")?);
    in_order("/until", since, until)?;
    Ok(Replay::Range { status, since, until })
}

fn number(text: &str) -> Option<i64> {
    let plain = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn in_order(
    pointer: &str,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<(), Problem> {
    match (since, until) {
        (Some(since), Some(until)) if until < since => {
            Err(Problem::field(pointer, "order", "must not be before `since`"))
        }
        _ => Ok(()),
    }
}
