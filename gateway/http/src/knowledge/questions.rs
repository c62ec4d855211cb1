//! `/v1/knowledge/unanswered`: questions that the assistant had no answer to.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::id::QuestionId;
use forecourt_ports::store::{MOST_ROWS, Role, knowledge::QuestionEnd};
use forecourt_wire::UnansweredQuestions;

use super::nowhere;
use crate::{
    auth::Staff,
    extract::Query,
    gateway::Gateway,
    problem::{Answer, Problem},
};

fn named(request: &HttpRequest) -> Result<QuestionId, Problem> {
    let id = request.match_info().get("question").unwrap_or_default();
    id.parse().map_err(|_| nowhere())
}

/// `GET /v1/knowledge/unanswered` — open ones, the most asked first.
pub(crate) async fn list(gateway: web::Data<Gateway>, mut query: Query, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let limit = query.number("limit", 1, MOST_ROWS).unwrap_or(50);
    query.finish()?;
    let found = gateway.0.store.unanswered(staff.member.tenant, limit).await?;
    let questions = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(UnansweredQuestions { questions }))
}

async fn settle(gateway: &Gateway, staff: &Staff, id: QuestionId, end: QuestionEnd) -> Answer {
    if gateway.0.store.settle_question(staff.member.tenant, id, end).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(nowhere())
    }
}

/// `POST /v1/knowledge/unanswered/{question}/dismiss` — it needs no answer.
pub(crate) async fn dismiss(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    settle(&gateway, &staff, named(&request)?, QuestionEnd::Dismissed).await
}

/// `POST /v1/knowledge/unanswered/{question}/reopen` — takes that back.
pub(crate) async fn reopen(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    settle(&gateway, &staff, named(&request)?, QuestionEnd::Open).await
}
