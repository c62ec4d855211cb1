//! A customer's conversation: opened, read back, and handed between assistant and staff.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_actors::EngineError;
use forecourt_core::{
    event::{MessageSeq, Reader, Version},
    id::{SessionId, TenantId},
    lang::Lang,
    session::{Rejection, Speaker},
    template, text,
};
use forecourt_ports::{
    presence::Typist,
    store::{Loaded, Role},
};
use forecourt_wire::{
    AttachmentView, ChatCall, CustomerSeen, CustomerTyping, Draft, Message, OpenSession,
    SessionOpened, SessionSnapshot, SessionStatus, TenantBrand,
};

use crate::{
    auth::{self, Owner, Staff},
    client,
    extract::Json,
    form,
    gateway::{Gateway, State},
    limits::Network,
    origin,
    problem::{Answer, Code, Problem},
    tokens::Visitor,
};

/// Messages that a snapshot carries.
const SNAPSHOT: u32 = 200;
/// The longest page address that is kept, in bytes: it travels in the token.
const MAX_PAGE: usize = 500;
/// A visitor's token is good for no longer than this, whatever is configured.
const LONGEST: Duration = Duration::from_hours(24);

/// `POST /v1/sessions` — opens a conversation, and gives the token for it.
pub(crate) async fn open(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    body: Json<OpenSession>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.open_ip.check(&Network::from(client::ip(&request))).await?;
    let Json(OpenSession { tenant, lang, page_url }) = body;
    let tenant = form::find(state, &tenant).await?;
    let snapshot = tenant.snapshot();
    let settings = &snapshot.settings;
    let origin = origin::require_allowed(&request, settings)?;
    let lang = settings.language_or_default(lang.as_deref().and_then(wanted_lang));
    let page =
        page_url.as_deref().filter(|url| !url.is_empty()).map(page_of).transpose()?.flatten();
    let epoch = state.store.head(tenant.id()).await?.epoch;
    let session = tenant.open_session(lang).await?;
    let ttl = state.config.visitor_ttl.min(LONGEST).as_secs();
    let expires = state.clock.now().as_second() + i64::try_from(ttl).unwrap_or(0);
    let token = state.sealer.visitor(&Visitor {
        tenant: tenant.id().into_uuid(),
        session: session.into_uuid(),
        origin,
        expires,
        page,
    });
    Ok(HttpResponse::Created().json(SessionOpened {
        session_id: session,
        token,
        lang: lang.tag().to_owned(),
        tenant: TenantBrand::of(settings),
        greeting: template::greeting(lang, &settings.brand),
        epoch,
        // The stream from the very beginning: what opening it led to is not the customer's to know.
        seq: 0,
    }))
}

/// `nb-NO`, or nothing: a language that we do not know is no error.
fn wanted_lang(tag: &str) -> Option<Lang> {
    Lang::parse(tag.get(..tag.len().min(35))?)
}

/// The page without query and fragment, which may carry personal data; none when it is too long.
fn page_of(raw: &str) -> Result<Option<String>, Problem> {
    let refused = |detail: String| Problem::field("/page_url", "url", detail);
    let url = text::line(raw, 2_000).map_err(|error| refused(error.to_string()))?;
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let lower = bare.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let usable =
        rest.is_some_and(|rest| !rest.is_empty()) && !bare.contains([' ', '"', '<', '>', '\\']);
    if !usable {
        let detail = "must be an address that begins with https:// or http://";
        return Err(refused(detail.to_owned()));
    }
    Ok((bare.len() <= MAX_PAGE).then(|| bare.to_owned()))
}

/// `GET /v1/sessions/{session}` — the conversation at this instant.
pub(crate) async fn get(gateway: web::Data<Gateway>, owner: Owner) -> Answer {
    let state = &gateway.0;
    let (tenant, session) = (owner.visitor.tenant(), owner.visitor.session());
    // Listened to before it is read, so that a draft and the messages belong together.
    let running = state.bus.subscribe_session(tenant, session).draft;
    let loaded = load(state, tenant, session).await?;
    let epoch = state.store.head(tenant).await?.epoch;
    let after = MessageSeq((loaded.state.last_message.0 - i64::from(SNAPSHOT)).max(0));
    let messages = state.store.messages(tenant, session, after, SNAPSHOT).await?;
    let member_name = match loaded.state.speaker {
        Speaker::Member(member) => {
            state.names.member(&*state.store, tenant, member, state.clock.now()).await
        }
        Speaker::Assistant => None,
    };
    let member_name = member_name.map(|name| name.as_ref().to_owned());
    let turn = loaded.state.turn.as_ref().map(|turn| turn.turn);
    let draft = running.as_ref().and_then(Draft::running);
    let Version(seq) = loaded.state.version;
    let (offers, bookings) = forecourt_wire::dialogue::of(&loaded.state.dialogue);
    Ok(HttpResponse::Ok().json(SessionSnapshot {
        session_id: session,
        lang: loaded.state.lang.tag().to_owned(),
        status: SessionStatus::of(&loaded.state),
        member_name,
        epoch,
        seq,
        // Read after the state: what came in between is the stream's after `seq`, and would come twice.
        messages: messages
            .into_iter()
            .filter(|message| message.seq <= loaded.state.last_message)
            .map(Message::from)
            .collect(),
        draft: draft.filter(|draft| turn == Some(draft.draft_id)),
        offers,
        bookings,
        call: ChatCall::of(&loaded.state.callback),
        attachments: AttachmentView::posted(&loaded.state.attachments),
    }))
}

/// `POST /v1/sessions/{session}/typing` — the customer types, or no longer.
pub(crate) async fn typing(
    gateway: web::Data<Gateway>,
    owner: Owner,
    body: Json<CustomerTyping>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, session) = (owner.visitor.tenant(), owner.visitor.session());
    state.limiters.notice_session.check(&session).await?;
    let Json(CustomerTyping { on }) = body;
    state.bus.set_typing(tenant, session, Typist::Customer, on);
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/sessions/{session}/seen` — what was on the customer's screen. What was seen before is no error.
pub(crate) async fn seen(
    gateway: web::Data<Gateway>,
    owner: Owner,
    body: Json<CustomerSeen>,
) -> Answer {
    let state = &gateway.0;
    let (tenant, session) = (owner.visitor.tenant(), owner.visitor.session());
    state.limiters.notice_session.check(&session).await?;
    let Json(CustomerSeen { seq }) = body;
    let tenant = state.desk.tenant_by_id(tenant).await?;
    let tenant = tenant.ok_or_else(|| Problem::new(Code::NotFound))?;
    match tenant.seen(session, Reader::Customer, MessageSeq(seq)).await {
        Ok(()) | Err(EngineError::Rejected(Rejection::Stale | Rejection::Closed)) => {
            Ok(HttpResponse::NoContent().finish())
        }
        Err(error) => Err(error.into()),
    }
}

/// A session that was stored; one that never was is not there.
pub(crate) async fn load(
    state: &State,
    tenant: TenantId,
    session: SessionId,
) -> Result<Loaded, Problem> {
    let loaded = state.store.load(tenant, session).await?;
    loaded.ok_or_else(|| Problem::new(Code::NotFound))
}

/// `POST /v1/sessions/{session}/takeover` — a member speaks from now on; the assistant is silent.
pub(crate) async fn take_over(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let session = named(&request)?;
    let tenant = tenant_of(&gateway.0, &staff).await?;
    tenant.take_over(session, staff.member.member).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/sessions/{session}/release` — the assistant answers again.
pub(crate) async fn release(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let session = named(&request)?;
    let tenant = tenant_of(&gateway.0, &staff).await?;
    let manager = staff.require(Role::Manager).is_ok();
    tenant.release(session, staff.member.member, manager).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The session in the address.
pub(crate) fn named(request: &HttpRequest) -> Result<SessionId, Problem> {
    auth::session_in_path(request).ok_or_else(|| Problem::new(Code::NotFound))
}

/// The engine's tenant of a member; the tenant of a valid sign-in is there.
pub(crate) async fn tenant_of(
    state: &State,
    staff: &Staff,
) -> Result<std::sync::Arc<dyn crate::desk::TenantDesk>, Problem> {
    let tenant = state.desk.tenant_by_id(staff.member.tenant).await?;
    tenant.ok_or_else(|| Problem::new(Code::Unauthorised))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_without_what_may_be_personal() {
        let page = |raw| page_of(raw).ok().flatten();
        assert_eq!(
            page("https://bil.example.no/tesla?email=a@b.no#x").as_deref(),
            Some("https://bil.example.no/tesla")
        );
        assert_eq!(page(&format!("https://bil.example.no/{}", "x".repeat(600))), None);
        for raw in ["javascript:alert(1)", "https://", "/tesla", "https://a b", "", "https://a\0"] {
            assert!(page_of(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn a_language_tag_of_any_shape_is_harmless() {
        assert_eq!(wanted_lang("nb-NO"), Some(Lang::Nb));
        for tag in ["", "🚗", "-", "de", &"x".repeat(10_000), &"å".repeat(35)] {
            assert_eq!(wanted_lang(tag), None, "{tag}");
        }
    }
}
