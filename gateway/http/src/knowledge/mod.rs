//! `/v1/knowledge`: what people write down for the assistant to say, and what they see of its use.
//!
//! Everybody who works for the tenant may read; owners and managers change. What was changed is said from
//! the next answer on, on every node.

pub(crate) mod entries;
pub(crate) mod profile;
pub(crate) mod questions;
pub(crate) mod websites;

use actix_web::{HttpResponse, web};
use forecourt_core::lang::Lang;
use forecourt_ports::store::{
    Role,
    knowledge::{MOST_PASSAGES, Subject},
};
use forecourt_wire::{FoundPassages, Grounds, KnowledgeHistory};

use crate::{
    auth::Staff,
    extract::Query,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    sessions,
};

/// Lines of a history that are shown.
const LINES: u32 = 100;
/// The longest question that is searched for, in characters.
const LONGEST: usize = 500;

fn nowhere() -> Problem {
    Problem::new(Code::NotFound)
}

/// Tells this node that something was stored; others notice by themselves.
async fn tell(state: &State, staff: &Staff) -> Result<(), Problem> {
    sessions::tenant_of(state, staff).await?.knowledge_changed();
    Ok(())
}

async fn told_history(state: &State, staff: &Staff, of: Subject) -> Answer {
    let lines = state.store.history(staff.member.tenant, of, LINES).await?;
    let changes = lines.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(KnowledgeHistory { changes }))
}

/// `GET /v1/knowledge/search` — what the assistant would find for a question.
pub(crate) async fn search(gateway: web::Data<Gateway>, mut query: Query, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    let text = query.read("q", |text| match text.chars().count() {
        count if count > LONGEST => Err(format!("must be at most {LONGEST} characters")),
        _ => Ok(text.to_owned()),
    });
    let lang = query.read("lang", |text| {
        Lang::parse(text).ok_or_else(|| "must be one of nb, fr, en, ar".to_owned())
    });
    let limit = query.number("limit", 1, MOST_PASSAGES.into()).unwrap_or(5);
    query.finish()?;
    let tenant = sessions::tenant_of(state, &staff).await?;
    let lang = lang.unwrap_or_else(|| tenant.snapshot().settings.default_language());
    let text = text.unwrap_or_default();
    let limit = u8::try_from(limit).unwrap_or(MOST_PASSAGES);
    let found = tenant.search_knowledge(&text, lang, limit).await?;
    let passages = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(FoundPassages { passages }))
}

/// `GET /v1/sessions/{session}/grounds` — what the assistant's answers stood on.
pub(crate) async fn grounds(
    request: actix_web::HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let session = sessions::named(&request)?;
    let found = gateway.0.store.grounds(staff.member.tenant, session).await?;
    Ok(HttpResponse::Ok().json(Grounds { grounds: found.into_iter().map(Into::into).collect() }))
}
