//! `POST /v1/sessions/{session}/messages`: a customer or a member writes.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use forecourt_actors::{CustomerMessage, EngineError, Posted};
use forecourt_core::{
    attachment::MOST_PER_MESSAGE,
    capture::MAX_MESSAGE,
    event::{Event, MessageSeq, Version},
    id::{MessageId, SessionId, TenantId},
    session::Rejection,
    text,
};
use forecourt_ports::store::Role;
use forecourt_wire::{Message, MessageAccepted, PostMessage};

use crate::{
    auth::{Caller, Owner, Staff},
    client,
    extract::Json,
    gateway::{Gateway, State},
    limits::Network,
    problem::{Answer, Code, Problem},
    sessions, turn,
};

/// Events that are searched for a message that was posted before.
const SEARCHED: u32 = 500;
/// Messages that a member is shown who wrote without having seen them; the newest ones.
const NEWER: u32 = 50;

/// Answers 202 with the message's place once it is stored; with `Accept: text/event-stream` a customer gets
/// the stream of the turn instead. The same `client_id` gives the same answer.
pub(crate) async fn post(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    caller: Caller,
    body: Json<PostMessage>,
) -> Answer {
    let Json(PostMessage { text, client_id, pressed, attachments, seen_seq }) = body;
    let text = parse_text(&text)?;
    check_client_id(&client_id)?;
    match caller {
        Caller::Customer(owner) => {
            let seen = seen_seq.map(|_| "seen_seq");
            refuse_field(seen, "only a member's message is compared with what they have seen")?;
            if attachments.len() > MOST_PER_MESSAGE {
                return Err(Problem::field("/attachments", "too_many", "must be 4 at most"));
            }
            let page_url = owner.visitor.page.clone();
            let pressed = pressed.map(Into::into);
            let message = CustomerMessage { text, client_id, page_url, pressed, attachments };
            by_customer(&request, &gateway, &owner, message).await
        }
        Caller::Staff(staff) => {
            let pressed = pressed.map(|_| "pressed");
            refuse_field(pressed, "only a customer answers an offer, and only for themselves")?;
            let attachments = (!attachments.is_empty()).then_some("attachments");
            refuse_field(attachments, "only a customer sends files")?;
            let message = ByMember { text, client_id, seen: seen_seq.map(MessageSeq) };
            by_member(&request, &gateway.0, &staff, message).await
        }
    }
}

fn refuse_field(named: Option<&str>, why: &str) -> Result<(), Problem> {
    named.map_or(Ok(()), |name| Err(Problem::field(format!("/{name}"), "not_yours", why)))
}

async fn by_customer(
    request: &HttpRequest,
    gateway: &Gateway,
    owner: &Owner,
    message: CustomerMessage,
) -> Answer {
    let state = &gateway.0;
    let (tenant_id, session) = (owner.visitor.tenant(), owner.visitor.session());
    state.limiters.message_ip.check(&Network::from(client::ip(request))).await?;
    state.limiters.message_session.check(&session).await?;
    let tenant = state.desk.tenant_by_id(tenant_id).await?;
    let tenant = tenant.ok_or_else(|| Problem::new(Code::NotFound))?;
    if wants_stream(request) {
        let post = tenant.post_message(session, message);
        return turn::stream(gateway, owner, tenant.snapshot(), post).await;
    }
    let posted = tenant.post_message(session, message).await?;
    accepted(state, tenant_id, session, posted).await
}

async fn by_member(
    request: &HttpRequest,
    state: &State,
    staff: &Staff,
    message: ByMember,
) -> Answer {
    let session = sessions::named(request)?;
    let posted = post_by_member(state, staff, session, message).await;
    let accepted = posted.map_err(|refused| refused.problem)?;
    Ok(HttpResponse::Accepted().json(accepted))
}

/// A member's message that was checked: [`parse_text`], [`check_client_id`].
pub(crate) struct ByMember {
    pub(crate) text: String,
    pub(crate) client_id: String,
    /// The newest message that the member had seen; with it the message is sent only if nobody else wrote since.
    pub(crate) seen: Option<MessageSeq>,
}

impl std::fmt::Debug for ByMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByMember").field("seen", &self.seen).finish_non_exhaustive() // A13
    }
}

/// Why a member's message was not stored.
pub(crate) struct NotPosted {
    pub(crate) problem: Problem,
    /// What was written after what the member had seen, oldest first.
    pub(crate) newer: Vec<Message>,
}

impl<P: Into<Problem>> From<P> for NotPosted {
    fn from(problem: P) -> Self {
        Self { problem: problem.into(), newer: Vec::new() }
    }
}

/// Posts a message of a member, asked for over HTTP and over the live socket alike.
pub(crate) async fn post_by_member(
    state: &State,
    staff: &Staff,
    session: SessionId,
    message: ByMember,
) -> Result<MessageAccepted, NotPosted> {
    staff.require(Role::Seller)?;
    state.limiters.message_session.check(&session).await?;
    let tenant = sessions::tenant_of(state, staff).await?;
    let (tenant_id, member) = (staff.member.tenant, staff.member.member);
    let ByMember { text, client_id, seen } = message;
    match tenant.post_member_message(session, member, text, client_id, seen).await {
        Ok(posted) => Ok(placed(state, tenant_id, session, posted).await?),
        Err(EngineError::Rejected(Rejection::Conflict { newest })) => {
            let after = seen.unwrap_or(newest).max(MessageSeq(newest.0 - i64::from(NEWER)));
            let newer = state.store.messages(tenant_id, session, after, NEWER).await?;
            let newer = newer.into_iter().map(Message::from).collect();
            Err(NotPosted { problem: Problem::new(Code::Conflict), newer })
        }
        Err(error) => Err(error.into()),
    }
}

async fn accepted(state: &State, tenant: TenantId, session: SessionId, posted: Posted) -> Answer {
    Ok(HttpResponse::Accepted().json(placed(state, tenant, session, posted).await?))
}

async fn placed(
    state: &State,
    tenant: TenantId,
    session: SessionId,
    posted: Posted,
) -> Result<MessageAccepted, Problem> {
    let version = match posted.version {
        Version(0) => place_of(state, tenant, session, posted.message).await?,
        version => version,
    };
    Ok(MessageAccepted { message_id: posted.message, seq: posted.seq.0, version: version.0 })
}

/// Where a message stands in the log: a repeat is answered like the first time.
async fn place_of(
    state: &State,
    tenant: TenantId,
    session: SessionId,
    message: MessageId,
) -> Result<Version, Problem> {
    let mut after = Version(0);
    loop {
        let page = state.store.replay_session(tenant, session, after, SEARCHED).await?;
        let stands = page.iter().find(
            |record| matches!(&record.event, Event::MessagePosted(p) if p.message == message),
        );
        match (stands, page.last()) {
            (Some(record), _) => return Ok(record.version),
            (None, Some(last)) => after = last.version,
            // It was stored before it was remembered: it stands somewhere.
            (None, None) => return Err(Problem::new(Code::NotFound)),
        }
    }
}

pub(crate) fn parse_text(raw: &str) -> Result<String, Problem> {
    text::paragraphs(raw, MAX_MESSAGE).map_err(|error| {
        let code = match error {
            text::TextError::Empty => "required",
            text::TextError::TooLong { .. } => "too_long",
            text::TextError::Control => "control_characters",
        };
        Problem::field("/text", code, error.to_string())
    })
}

pub(crate) fn check_client_id(id: &str) -> Result<(), Problem> {
    let printable = (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let detail = "must be 1 to 100 printable ASCII characters without spaces; a UUID is a good one";
    if printable { Ok(()) } else { Err(Problem::field("/client_id", "client_id", detail)) }
}

fn wants_stream(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| {
        accept
            .split(',')
            .any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/event-stream")
    })
}
