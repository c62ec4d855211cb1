//! Files of customers: announced and uploaded by the visitor, read by staff.
//!
//! # Invariants
//! - **A6** a file is what its first bytes say; names and claimed types are not read; what is served runs
//!   no script (`attachment`, `nosniff`, a sandbox);
//! - **A8** a visitor reaches the files of their own conversation, a member those of their tenant;
//! - **A9** a body is held up to the announced size, of [`UPLOADS`] requests of a node at once, and of
//!   [`UPLOADS_OF_NETWORK`] of one network;
//! - an upload is repeated as often as the line breaks, and ends the same.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
    web,
};
use bytes::Bytes;
use forecourt_actors::EngineError;
use forecourt_core::{
    attachment::{Attachment, AttachmentFailure, AttachmentState, FileKind, MAX_BYTES},
    id::{AttachmentId, SessionId, TenantId},
    session::Rejection,
};
use forecourt_ports::store::{
    Role,
    attachments::{AttachmentKept, AttachmentRecord},
};
use forecourt_wire::{AnnounceAttachment, AttachmentView};
use sha2::{Digest as _, Sha256};

use crate::{
    auth::{Owner, Staff},
    client,
    desk::TenantDesk,
    extract::{Json, body_within},
    gateway::{Gateway, State, lock},
    limits::Network,
    messages,
    problem::{Answer, Code, Problem},
    sessions,
};

/// Bodies that a node holds at once, and of them those of one network: nobody takes all places by sending slowly.
const UPLOADS: usize = 32;
const UPLOADS_OF_NETWORK: usize = 8;
/// How long one upload may take: the largest file over a slow phone's line.
const DEADLINE: Duration = Duration::from_mins(3);
const RETRY: Duration = Duration::from_secs(2);

/// Uploads under way, by where they come from.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<HashMap<Network, usize>>);

/// A place among the uploads; dropping it makes room.
struct Place<'a> {
    uploads: &'a Uploads,
    of: Network,
}

impl Uploads {
    fn enter(&self, of: Network) -> Option<Place<'_>> {
        let mut places = lock(&self.0);
        let own = places.get(&of).copied().unwrap_or(0);
        if own >= UPLOADS_OF_NETWORK || places.values().sum::<usize>() >= UPLOADS {
            return None;
        }
        places.insert(of, own + 1);
        Some(Place { uploads: self, of })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = lock(&self.uploads.0);
        if let Some(own) = places.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.of);
            }
        }
    }
}

/// `POST /v1/sessions/{session}/attachments` — a file is about to be uploaded, and may be named by the
/// next message at once.
pub(crate) async fn announce(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    owner: Owner,
    body: Json<AnnounceAttachment>,
) -> Answer {
    let state = &gateway.0;
    let Json(AnnounceAttachment { client_id, bytes }) = body;
    messages::check_client_id(&client_id)?;
    if bytes == 0 {
        return Err(Problem::field("/bytes", "minimum", "must be 1 at least"));
    }
    if bytes > MAX_BYTES {
        return Err(too_large());
    }
    let session = owner.visitor.session();
    state.limiters.attachment_ip.check(&Network::from(client::ip(&request))).await?;
    state.limiters.attachment_session.check(&session).await?;
    let tenant = tenant_of(state, &owner).await?;
    let id = tenant.announce_attachment(session, client_id, bytes).await?;
    let known = find(state, tenant.id(), session, id).await?;
    Ok(HttpResponse::Created().json(AttachmentView::from(&known)))
}

/// `PUT /v1/sessions/{session}/attachments/{attachment}` — the file itself, whole. What arrived before is
/// answered as then.
pub(crate) async fn upload(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    owner: Owner,
    payload: web::Payload,
) -> Answer {
    let state = &gateway.0;
    let session = owner.visitor.session();
    let id = named(&request)?;
    state.limiters.attachment_session.check(&session).await?;
    let tenant = tenant_of(state, &owner).await?;
    let known = find(state, tenant.id(), session, id).await?;
    match known.state {
        AttachmentState::Arriving => {}
        AttachmentState::Arrived { .. } => {
            return Ok(HttpResponse::Ok().json(AttachmentView::from(&known)));
        }
        AttachmentState::Failed { .. } => return Err(Problem::new(Code::AttachmentOver)),
    }
    let place = state.uploads.enter(Network::from(client::ip(&request)));
    let _place = place.ok_or_else(|| Problem::new(Code::Busy).retry_after(RETRY))?;
    let most = usize::try_from(known.bytes).unwrap_or(usize::MAX);
    let mut payload = payload.into_inner();
    let body = match body_within(&request, &mut payload, most, DEADLINE).await {
        Err(problem) if problem.code() == Code::TooLarge => {
            fail(&*tenant, session, id, AttachmentFailure::TooLarge).await?;
            return Err(too_large());
        }
        Err(problem) if problem.code() == Code::TooSlow => {
            return Err(problem.detail("the whole file must arrive within three minutes"));
        }
        body => body?,
    };
    if body.len() < most {
        let detail = "the body has fewer bytes than were announced; send the whole file again";
        return Err(Problem::new(Code::Incomplete).detail(detail));
    }
    let Some(kind) = FileKind::sniff(&body) else {
        fail(&*tenant, session, id, AttachmentFailure::WrongKind).await?;
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail("send a JPEG, PNG, WebP or HEIC picture, or a PDF"));
    };
    keep(state, tenant.id(), session, id, kind, body).await?;
    let arrived = tenant.attachment_arrived(session, id, kind, known.bytes).await;
    let known = match arrived {
        Ok(()) => find(state, tenant.id(), session, id).await?,
        Err(error) => {
            if matches!(error, EngineError::Rejected(_)) {
                state.store.delete_attachment(tenant.id(), session, id).await?;
            }
            return Err(error.into());
        }
    };
    if !matches!(known.state, AttachmentState::Arrived { .. }) {
        // It was cancelled while its last bytes came.
        state.store.delete_attachment(tenant.id(), session, id).await?;
        return Err(Problem::new(Code::AttachmentOver));
    }
    Ok(HttpResponse::Ok().json(AttachmentView::from(&known)))
}

async fn keep(
    state: &State,
    tenant: TenantId,
    session: SessionId,
    id: AttachmentId,
    kind: FileKind,
    body: Bytes,
) -> Result<(), Problem> {
    // Tens of milliseconds of pure work for the largest ones: not on a thread that serves others.
    let hashed = web::block(move || (Sha256::digest(&body).into(), Vec::from(body))).await;
    let (sha256, body) = hashed.map_err(|_| Problem::new(Code::Unavailable).retry_after(RETRY))?;
    let created_at = state.clock.now();
    let file = AttachmentRecord { id, session, kind, sha256, body, created_at };
    match state.store.put_attachment(tenant, &file).await? {
        AttachmentKept::Kept => Ok(()),
        AttachmentKept::Another => Err(Problem::new(Code::AttachmentOver)),
        AttachmentKept::Full => Err(Problem::new(Code::TooManyAttachments)),
    }
}

/// A file that will not come. That it is over by now is no error.
async fn fail(
    tenant: &dyn TenantDesk,
    session: SessionId,
    id: AttachmentId,
    reason: AttachmentFailure,
) -> Result<(), Problem> {
    match tenant.attachment_failed(session, id, reason).await {
        Ok(()) | Err(EngineError::Rejected(Rejection::Stale)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// `DELETE /v1/sessions/{session}/attachments/{attachment}` — the customer thought better of it. What was
/// sent with a message, and is there, stays.
pub(crate) async fn cancel(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    owner: Owner,
) -> Answer {
    let state = &gateway.0;
    let session = owner.visitor.session();
    let id = named(&request)?;
    state.limiters.attachment_session.check(&session).await?;
    let tenant = tenant_of(state, &owner).await?;
    find(state, tenant.id(), session, id).await?;
    fail(&*tenant, session, id, AttachmentFailure::Cancelled).await?;
    let known = find(state, tenant.id(), session, id).await?;
    if !matches!(known.state, AttachmentState::Failed { .. }) {
        return Err(Problem::new(Code::AttachmentOver));
    }
    state.store.delete_attachment(tenant.id(), session, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/sessions/{session}/attachments/{attachment}` — a file that came with a message, for staff.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    let (tenant, session) = (staff.member.tenant, sessions::named(&request)?);
    let id = named(&request)?;
    let known = find(state, tenant, session, id).await?;
    let not_there = || Problem::new(Code::NotFound);
    // What was not sent yet is the customer's own.
    known.message.ok_or_else(not_there)?;
    let found = state.store.find_attachment(tenant, session, id).await?.ok_or_else(not_there)?;
    let name = format!("{}.{}", id, found.kind.extension());
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    Ok(HttpResponse::Ok()
        .content_type(found.kind.media_type())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=600"))
        // Pictures and PDFs are small as they are.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(found.body))
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge)
        .detail("a file must have at most 10 MiB, and no more than were announced")
}

fn named(request: &HttpRequest) -> Result<AttachmentId, Problem> {
    let id = request.match_info().get("attachment").and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::new(Code::NotFound))
}

/// A file as its conversation knows it.
async fn find(
    state: &State,
    tenant: TenantId,
    session: SessionId,
    id: AttachmentId,
) -> Result<Attachment, Problem> {
    let loaded = sessions::load(state, tenant, session).await?;
    loaded.state.attachments.find(id).cloned().ok_or_else(|| Problem::new(Code::NotFound))
}

async fn tenant_of(
    state: &State,
    owner: &Owner,
) -> Result<std::sync::Arc<dyn TenantDesk>, Problem> {
    let tenant = state.desk.tenant_by_id(owner.visitor.tenant()).await?;
    tenant.ok_or_else(|| Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn one_network_takes_some_of_the_places_and_gives_them_back() {
        let network = |n: u8| Network::from(IpAddr::from([192, 0, 2, n]));
        let uploads = Uploads::default();
        let mut places: Vec<_> =
            (0..UPLOADS_OF_NETWORK).map(|_| uploads.enter(network(1)).unwrap()).collect();
        assert!(uploads.enter(network(1)).is_none());
        for n in 2..=4 {
            places.extend((0..UPLOADS_OF_NETWORK).map(|_| uploads.enter(network(n)).unwrap()));
        }
        assert!(uploads.enter(network(5)).is_none(), "the node is full");
        places.truncate(1);
        assert!(uploads.enter(network(5)).is_some());
        drop(places);
        assert!(uploads.0.lock().unwrap().is_empty(), "nothing is kept of who has gone");
    }
}
