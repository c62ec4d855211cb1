//! Errors: every refusal and failure becomes `application/problem+json` (RFC 9457) here, and nowhere else.
//!
//! # Invariants
//! - a problem never repeats what was sent, and never names what is inside (A13, A14);
//! - what tells to come back says when (`Retry-After`, A9).

mod code;
pub(crate) mod page;

use std::{borrow::Cow, fmt, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{ConnectionType, StatusCode, header},
};
use forecourt_actors::EngineError;
use forecourt_core::session::Rejection;
use forecourt_ports::store::StoreError;
use forecourt_wire::FieldError;

pub(crate) use self::code::Code;
use crate::trace;

/// Why a request was not done.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    allow: Option<String>,
}

pub(crate) type Answer = Result<HttpResponse, Problem>;

impl Problem {
    pub(crate) fn new(code: Code) -> Self {
        let detail = Cow::Borrowed(code.detail());
        Self(Box::new(Parts { code, detail, errors: vec![], retry_after: None, allow: None }))
    }

    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    pub(crate) fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// One field that is wrong.
    pub(crate) fn field(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid).errors(vec![FieldError {
            pointer: pointer.into(),
            code: code.to_owned(),
            detail: detail.into(),
        }])
    }

    /// The same, where the fields stand in the member `pointer` of the body.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        for error in &mut self.0.errors {
            error.pointer.insert_str(0, pointer);
        }
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// The body, with the id of the request it belongs to.
    pub(crate) fn body(&self) -> forecourt_wire::Problem {
        let parts = &self.0;
        forecourt_wire::Problem {
            kind: format!("/problems/{}", parts.code.name()),
            title: parts.code.title().to_owned(),
            status: parts.code.status().as_u16(),
            code: parts.code.name().to_owned(),
            detail: parts.detail.clone().into_owned(),
            instance: trace::request_id(),
            errors: parts.errors.clone(),
            retry_after_s: parts.retry_after.map(whole_seconds),
        }
    }
}

/// Rounded up: to come back earlier would be refused again.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.name())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let parts = &self.0;
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(after) = parts.retry_after {
            response.insert_header((header::RETRY_AFTER, whole_seconds(after)));
        }
        if let Some(allow) = &parts.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        match parts.code {
            Code::Unauthorised | Code::TokenExpired => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Code::UpgradeRequired => {
                response.insert_header((header::UPGRADE, "websocket"));
            }
            // The rest of the body is not read: the connection cannot be used again.
            Code::TooLarge | Code::TooSlow => {
                response.insert_header((header::CONNECTION, "close"));
            }
            _ => {}
        }
        let mut response = response.json(self.body());
        if matches!(parts.code, Code::TooLarge | Code::TooSlow) {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Rejected(rejection) => match rejection {
                Rejection::NotFound => Self::new(Code::NotFound),
                Rejection::Closed => Self::new(Code::ConversationClosed),
                Rejection::NotYours => Self::new(Code::NotYours),
                // Answered as a repeat where it matters; here it only says that nothing is to be done.
                Rejection::AlreadyPosted { .. }
                | Rejection::AlreadyReplayed { .. }
                | Rejection::AlreadyAnnounced { .. }
                // Only turns ask for tools.
                | Rejection::NotGranted(_)
                | Rejection::Stale => Self::new(Code::Stale),
                Rejection::UnknownAttachment => Self::new(Code::AttachmentOver),
                Rejection::TooManyAttachments => Self::new(Code::TooManyAttachments),
                Rejection::OnItsWay => Self::new(Code::OnItsWay),
                Rejection::OldFence => Self::new(Code::Superseded),
                Rejection::MayHaveLeft => Self::new(Code::MayHaveLeft),
                Rejection::NoPhone => Self::field(
                    "/phone",
                    "required",
                    "is needed: no number of the customer's is known",
                ),
                Rejection::NoSuchTime => Self::new(Code::NoSuchTime),
                Rejection::NotAReceiver => Self::new(Code::NotAReceiver),
                Rejection::Conflict { .. } => Self::new(Code::Conflict),
                Rejection::SomebodyWaits => Self::new(Code::SomebodyWaits),
            },
            EngineError::Busy { retry_after } => Self::new(Code::Busy).retry_after(retry_after),
            EngineError::Unavailable { retry_after } => {
                Self::new(Code::Unavailable).retry_after(retry_after)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // The text names tables and never data (see the port).
        tracing::warn!(%error, "the store did not answer a request");
        Self::new(Code::Unavailable).retry_after(Duration::from_secs(2))
    }
}

/// What is answered where no address matches.
pub(crate) async fn not_found(_: HttpRequest) -> Answer {
    Err(Problem::new(Code::NotFound))
}
