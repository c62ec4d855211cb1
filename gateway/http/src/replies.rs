//! What members think of the assistant's replies, and the report over them.
//!
//! # Invariants
//! - **A8** the conversation is of the member's own tenant: another tenant's is nowhere;
//! - **A9** a report covers 92 days at most.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::{
    id::{MessageId, TenantId},
    text,
};
use forecourt_ports::{
    presence,
    store::{
        Role,
        replies::{MAX_REASON, MOST_DAYS, Rated, ReplyRating},
    },
};
use forecourt_wire::{MessageRating, PutRating, ReplyReport};
use jiff::SignedDuration;

use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::{Gateway, State},
    leads::instant,
    problem::{Answer, Code, Problem},
    sessions,
};

/// Without a time, a report covers so many days until now.
const DAYS: i64 = 30;

fn nowhere() -> Problem {
    Problem::new(Code::NotFound)
}

fn named(request: &HttpRequest) -> Result<MessageId, Problem> {
    let id = request.match_info().get("message").unwrap_or_default();
    id.parse().map_err(|_| nowhere())
}

/// `PUT /v1/sessions/{session}/messages/{message}/rating` — the same again changes nothing.
pub(crate) async fn rate(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<PutRating>,
) -> Answer {
    staff.require(Role::Seller)?;
    let (state, message) = (&gateway.0, named(&request)?);
    let Json(PutRating { rating, reason }) = body;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.map(|reason| text::paragraphs(&reason, MAX_REASON)).transpose();
    let reason = reason.map_err(|error| {
        let code = match error {
            text::TextError::Empty => "required",
            text::TextError::TooLong { .. } => "too_long",
            text::TextError::Control => "control_characters",
        };
        Problem::field("/reason", code, error.to_string())
    })?;
    let rating = ReplyRating {
        session: sessions::named(&request)?,
        message,
        member: staff.member.member,
        rating: rating.into(),
        reason,
        at: state.clock.now(),
    };
    match state.store.rate(staff.member.tenant, &rating).await? {
        Rated::Stored(rating) => {
            tell(state, staff.member.tenant, &rating);
            Ok(HttpResponse::Ok().json(MessageRating::from(rating)))
        }
        Rated::NoMessage => Err(nowhere()),
        Rated::NotAssistants => Err(Problem::new(Code::NotAssistants)),
    }
}

/// Who looks at the conversation sees it at once.
fn tell(state: &State, tenant: TenantId, rating: &ReplyRating) {
    let told = presence::Rated {
        message: rating.message,
        member: rating.member,
        rating: Some(rating.rating),
        reason: rating.reason.as_deref().map(Into::into),
        at: rating.at,
    };
    state.bus.publish_rated(tenant, rating.session, told);
}

/// `DELETE /v1/sessions/{session}/messages/{message}/rating` — takes the member's own back, if there is one.
pub(crate) async fn unrate(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let (session, message) = (sessions::named(&request)?, named(&request)?);
    let (tenant, member) = (staff.member.tenant, staff.member.member);
    let state = &gateway.0;
    if state.store.unrate(tenant, session, message, member).await? {
        let (at, reason) = (state.clock.now(), None);
        let taken_back = presence::Rated { message, member, rating: None, reason, at };
        state.bus.publish_rated(tenant, session, taken_back);
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(nowhere())
    }
}

/// `GET /v1/reports/replies` — replies by prompt and model, and what became of their conversations.
pub(crate) async fn report(gateway: web::Data<Gateway>, mut query: Query, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let zone = sessions::tenant_of(state, &staff).await?.snapshot().settings.time_zone();
    let from = query.read("from", |text| instant(text, &zone));
    let to = query.read("to", |text| instant(text, &zone));
    query.finish()?;
    let to = to.unwrap_or_else(|| state.clock.now());
    let from = match from {
        Some(from) => from,
        None => to.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(to),
    };
    if to <= from {
        return Err(Problem::field("to", "order", "must be after `from`"));
    }
    // In a zone whose clocks change, 92 of its days may last an hour longer.
    if to.duration_since(from) > SignedDuration::from_hours(24 * MOST_DAYS + 1) {
        let detail = format!("must be at most {MOST_DAYS} days before `to`");
        return Err(Problem::field("from", "range", detail));
    }
    let rows = state.store.reply_figures(staff.member.tenant, from, to).await?;
    let rows = rows.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(ReplyReport { from, to, rows }))
}
