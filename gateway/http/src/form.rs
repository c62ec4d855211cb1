//! `POST /v1/webhooks/form/{tenant}`: a website's form becomes a lead (S2-US-2.1).
//!
//! # Invariants
//! - **A1** 200 means that the lead is stored;
//! - every call to a known tenant is logged, whatever became of it (S2-US-2.1-6);
//! - fields that we do not know are passed over: forms send what they send.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    dev::Payload,
    http::header::{self, ContentEncoding},
    web,
};
use bytes::Bytes;
use forecourt_core::capture::RawSubmission;
use forecourt_ports::store::{InboundEvent, InboundOutcome};
use forecourt_wire::{FieldError, FormLead, FormReceipt, FormStatus};

use crate::{
    client,
    desk::TenantDesk,
    extract::{self, Media},
    gateway::{Gateway, State},
    limits::Network,
    origin,
    problem::{Answer, Code, Problem},
};

/// How much of a body is kept in the log.
const MAX_LOGGED: usize = 16 * 1024;

pub(crate) async fn post(
    request: HttpRequest,
    slug: web::Path<String>,
    gateway: web::Data<Gateway>,
    payload: web::Payload,
) -> Answer {
    let state = &gateway.0;
    let network = Network::from(client::ip(&request));
    let in_time = match state.limiters.form_ip.check(&network).await {
        // A flood is not even looked up.
        Err(problem) if state.limiters.public_ip.check(&network).await.is_err() => {
            return Err(problem);
        }
        in_time => in_time,
    };
    let tenant = find(state, &slug).await?;
    let mut call = Call { body: Bytes::new() };
    let mut payload = payload.into_inner();
    let taken = match in_time {
        Ok(()) => call.take(&request, state, tenant.as_ref(), &mut payload).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = &taken
        && !problem.status_code().is_server_error()
    {
        let outcome = match problem.code() {
            Code::TooMany => InboundOutcome::Limited,
            _ => InboundOutcome::Invalid,
        };
        let status = problem.status_code().as_u16();
        tenant.log_inbound(inbound(state, &request, &call.body, outcome, status)).await;
    }
    taken
}

/// The preflight of a form: already here a page learns whether the tenant allows it.
pub(crate) async fn preflight(
    request: HttpRequest,
    slug: web::Path<String>,
    gateway: web::Data<Gateway>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let tenant = find(state, &slug).await?;
    origin::require_allowed(&request, &tenant.snapshot().settings)?;
    Ok(origin::preflight(&request, "POST, OPTIONS"))
}

/// The tenant of a public name; what cannot be one is not looked up.
pub(crate) async fn find(state: &State, slug: &str) -> Result<Arc<dyn TenantDesk>, Problem> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let found = if (1..=63).contains(&slug.len()) && slug.bytes().all(plain) {
        state.desk.tenant(slug).await?
    } else {
        None
    };
    found.ok_or_else(|| Problem::new(Code::UnknownTenant))
}

/// One call, as far as it was read.
struct Call {
    body: Bytes,
}

impl Call {
    async fn take(
        &mut self,
        request: &HttpRequest,
        state: &State,
        tenant: &dyn TenantDesk,
        payload: &mut Payload,
    ) -> Answer {
        let snapshot = tenant.snapshot();
        origin::require_allowed(request, &snapshot.settings)?;
        state.limiters.form_tenant.check(&tenant.id()).await?;
        let media = extract::media(request.headers());
        if !matches!(media, Media::Json | Media::Form) {
            return Err(Problem::new(Code::UnsupportedMediaType)
                .detail("send application/json or application/x-www-form-urlencoded, in UTF-8"));
        }
        self.body = extract::body(request, payload).await?;
        let form: FormLead = match media {
            Media::Json => extract::parse(&self.body)?,
            _ => decode(&self.body)?,
        };
        if form.forecourt_hp.as_deref().is_some_and(|trap| !trap.is_empty()) {
            return Err(Problem::field("/forecourt_hp", "trap", "must be left empty"));
        }
        let submission = RawSubmission::from(form).parse(&snapshot.settings.country);
        let submission = submission.map_err(|errors| {
            let errors = errors.into_iter().map(|error| FieldError {
                pointer: format!("/{}", error.field),
                code: error.code.to_owned(),
                detail: error.detail,
            });
            Problem::new(Code::Invalid).errors(errors.collect())
        })?;
        let logged = inbound(state, request, &self.body, InboundOutcome::Created, 200);
        let captured = tenant.capture(submission, logged).await?;
        let status = FormStatus::of(captured.outcome);
        let status = status.ok_or_else(|| Problem::new(Code::Internal))?;
        // A receipt is shorter than what a compressor makes of it, and costs it a quarter of a megabyte.
        let plain = ContentEncoding::Identity;
        Ok(HttpResponse::Ok()
            .insert_header(plain)
            .json(FormReceipt { lead_id: captured.lead, status }))
    }
}

fn decode(body: &[u8]) -> Result<FormLead, Problem> {
    let pairs = extract::pairs(body).ok_or_else(|| Problem::new(Code::MalformedForm))?;
    let mut form = FormLead::default();
    for (name, value) in pairs {
        let field = match name.as_str() {
            "name" => &mut form.name,
            "email" => &mut form.email,
            "message" => &mut form.message,
            "phone" => &mut form.phone,
            "vehicle_interest" => &mut form.vehicle_interest,
            "source_url" => &mut form.source_url,
            "forecourt_hp" => &mut form.forecourt_hp,
            _ => continue,
        };
        if field.replace(value).is_some() {
            return Err(Problem::field(format!("/{name}"), "repeated", "stands twice"));
        }
    }
    Ok(form)
}

fn inbound(
    state: &State,
    request: &HttpRequest,
    body: &[u8],
    outcome: InboundOutcome,
    status: u16,
) -> InboundEvent {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    InboundEvent {
        id: state.ids.inbound_event(),
        at: state.clock.now(),
        kind: "form",
        status,
        outcome,
        lead: None,
        content_type: content_type.map(|value| value.chars().take(200).collect()),
        body: kept(body),
    }
}

/// A body as text that the store can hold, cut at a character.
fn kept(body: &[u8]) -> String {
    let cut = &body[..body.len().min(MAX_LOGGED)];
    let mut text = String::from_utf8_lossy(cut).replace('\0', "\u{fffd}");
    let mut end = text.len().min(MAX_LOGGED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_body_is_bounded_text_that_postgres_can_hold() {
        assert_eq!(kept(b"a\0b\xff"), "a\u{fffd}b\u{fffd}");
        let long = kept("å".repeat(20_000).as_bytes());
        assert!(long.len() <= MAX_LOGGED && long.chars().all(|c| c == 'å' || c == '\u{fffd}'));
        assert!(kept(&vec![0xff; 20_000]).len() <= MAX_LOGGED);
    }
}
