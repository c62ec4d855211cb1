//! `/v1/knowledge/{services,faqs,policies}`: entries, with versions and history.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::{
    entry::{EntryBody, EntryError, EntryId, EntryKind},
    knowledge::Localized,
    lang::Lang,
    money::{Currency, Money},
};
use forecourt_ports::store::{
    Role,
    knowledge::{Entry, EntryChange, EntryWrite, QuestionEnd, Subject, Written},
};
use forecourt_wire::{KnowledgeEntries, KnowledgeEntry, PutEntry, RestoreEntry};
use std::collections::BTreeMap;

use super::{nowhere, tell, told_history};
use crate::{
    auth::Staff,
    extract::{Json, Query},
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
};

/// Which kind an address speaks of.
fn kind(request: &HttpRequest) -> Result<EntryKind, Problem> {
    match request.path().split('/').nth(3) {
        Some("services") => Ok(EntryKind::Service),
        Some("faqs") => Ok(EntryKind::Faq),
        Some("policies") => Ok(EntryKind::Policy),
        _ => Err(nowhere()),
    }
}

fn named(request: &HttpRequest) -> Result<EntryId, Problem> {
    let id = request.match_info().get("entry").unwrap_or_default();
    EntryId::parse(kind(request)?, id).ok_or_else(nowhere)
}

fn texts(pointer: &str, texts: BTreeMap<String, String>) -> Result<Localized, Problem> {
    let mut known = Localized::default();
    for (tag, text) in texts {
        // The tag itself, so that no two of them can mean one language.
        let Some(lang) = Lang::ALL.into_iter().find(|lang| lang.tag() == tag) else {
            let pointer = format!("{pointer}/{}", tag.replace('~', "~0").replace('/', "~1"));
            return Err(Problem::field(pointer, "value", "must be one of nb, fr, en, ar"));
        };
        known.0.insert(lang, text);
    }
    Ok(known)
}

fn body(kind: EntryKind, put: PutEntry) -> Result<EntryBody, Problem> {
    let price = put.price.map(|price| {
        let currency = Currency::parse(&price.currency).ok_or_else(|| {
            Problem::field("/price/currency", "value", "must be one of NOK, EUR, USD")
        })?;
        Ok::<_, Problem>(Money { minor: price.minor, currency })
    });
    let body = EntryBody {
        title: texts("/title", put.title)?,
        text: texts("/text", put.text)?,
        keywords: put.keywords,
        price: price.transpose()?,
        minutes: put.minutes,
        active: put.active,
    };
    body.cleaned(kind)
        .map_err(|EntryError { field, why }| Problem::field(format!("/{field}"), "value", why))
}

/// Stores a change, and answers the entry as it stands then.
async fn write(
    state: &State,
    staff: &Staff,
    id: EntryId,
    expected: i64,
    change: EntryChange,
) -> Result<Entry, Problem> {
    let (by, now) = (Some(staff.member.member), state.clock.now());
    let wanted = match &change {
        EntryChange::Put(body) => Some(body.clone()),
        EntryChange::Delete | EntryChange::Restore => None,
    };
    let write = EntryWrite { id, expected, change, by, now };
    match state.store.write_entry(staff.member.tenant, &write).await? {
        Written::Stored(entry) => {
            tell(state, staff).await?;
            Ok(entry)
        }
        // The answer to the same change was lost.
        Written::Conflict(entry)
            if entry.version == expected + 1
                && wanted.is_some_and(|wanted| {
                    EntryBody { minutes: None, ..wanted }
                        == EntryBody { minutes: None, ..entry.body.clone() }
                }) =>
        {
            Ok(entry)
        }
        Written::Conflict(_) => Err(Problem::new(Code::ChangedMeanwhile)),
        Written::NotFound => Err(nowhere()),
        Written::TooMany => Err(Problem::new(Code::TooManyEntries)),
    }
}

fn shown(entry: Entry) -> HttpResponse {
    HttpResponse::Ok().json(KnowledgeEntry::from(entry))
}

/// `GET /v1/knowledge/faqs` — in their order, without deleted ones.
pub(crate) async fn list(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let found = gateway.0.store.list_entries(staff.member.tenant, kind(&request)?).await?;
    let entries = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(KnowledgeEntries { entries }))
}

/// `POST /v1/knowledge/faqs` — behind the others. With `question_id` it settles that open question.
pub(crate) async fn create(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    put: Json<PutEntry>,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, kind, put) = (&gateway.0, kind(&request)?, put.0);
    let question = put.question_id;
    let id = match kind {
        EntryKind::Service => EntryId::Service(state.ids.service()),
        EntryKind::Faq => EntryId::Faq(state.ids.faq()),
        EntryKind::Policy => EntryId::Policy(state.ids.policy()),
    };
    let entry = write(state, &staff, id, 0, EntryChange::Put(body(kind, put)?)).await?;
    if let (Some(question), EntryId::Faq(faq)) = (question, id) {
        // A question that somebody else settled meanwhile is settled.
        let end = QuestionEnd::Answered(faq);
        state.store.settle_question(staff.member.tenant, question, end).await?;
    }
    tracing::info!(entry.id = %id, member.id = %staff.member.member, "an entry was made");
    Ok(HttpResponse::Created().json(KnowledgeEntry::from(entry)))
}

/// `GET /v1/knowledge/faqs/{entry}` — deleted ones too.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let found = gateway.0.store.find_entry(staff.member.tenant, named(&request)?).await?;
    found.map(shown).ok_or_else(nowhere)
}

/// `PUT /v1/knowledge/faqs/{entry}` — replaces all of it, if it still is what was read.
pub(crate) async fn put(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    put: Json<PutEntry>,
) -> Answer {
    staff.require(Role::Manager)?;
    let (id, put) = (named(&request)?, put.0);
    let version = put.version.filter(|version| *version > 0).ok_or_else(|| {
        Problem::field("/version", "required", "must be the version that was changed")
    })?;
    let change = EntryChange::Put(body(id.kind(), put)?);
    write(&gateway.0, &staff, id, version, change).await.map(shown)
}

/// `DELETE /v1/knowledge/faqs/{entry}?version=3`.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    mut query: Query,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    let version = query.number("version", 1, u32::MAX);
    query.finish()?;
    let version = version.ok_or_else(|| {
        Problem::field("version", "required", "must be the version that is to be deleted")
    })?;
    write(&gateway.0, &staff, id, version.into(), EntryChange::Delete).await.map(shown)
}

/// `POST /v1/knowledge/faqs/{entry}/restore` — takes a deletion back.
pub(crate) async fn restore(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<RestoreEntry>,
) -> Answer {
    staff.require(Role::Manager)?;
    let id = named(&request)?;
    write(&gateway.0, &staff, id, body.0.version, EntryChange::Restore).await.map(shown)
}

/// `GET /v1/knowledge/faqs/{entry}/history` — who changed what, newest first.
pub(crate) async fn history(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    told_history(&gateway.0, &staff, Subject::Entry(named(&request)?)).await
}
