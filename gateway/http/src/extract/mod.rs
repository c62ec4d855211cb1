//! Reading what was sent: bodies with a cap and a deadline, JSON with pointers to what is wrong, forms and
//! queries in strict UTF-8.
//!
//! # Invariants
//! - **A9** at most [`MAX_BODY`] bytes are held, and for at most [`BODY_DEADLINE`]; where files come in, as
//!   much and as long as the caller of [`body_within`] says;
//! - whatever is wrong with a body is told as a 4xx that says where.

mod form;
mod json;
mod query;

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

pub(crate) use self::{
    form::pairs,
    json::{Json, parse},
    query::Query,
};
use crate::problem::{Code, Problem};

/// The largest body that is read.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// How long a whole body may take. A transport's limit: measured on the machine's own clock.
const BODY_DEADLINE: Duration = Duration::from_secs(15);

/// Reads a whole body.
pub(crate) async fn body(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Problem> {
    body_within(request, payload, MAX_BODY, BODY_DEADLINE).await
}

/// Reads a whole body of at most `most` bytes, which must be here within `deadline`.
pub(crate) async fn body_within(
    request: &HttpRequest,
    payload: &mut Payload,
    most: usize,
    deadline: Duration,
) -> Result<Bytes, Problem> {
    let headers = request.headers();
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail("send the body as it is: compressed bodies are not read"));
    }
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let declared: usize = declared.and_then(|length| length.parse().ok()).unwrap_or(0);
    if declared > most {
        return Err(Problem::new(Code::TooLarge));
    }
    let read = async {
        let mut whole = BytesMut::with_capacity(declared);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| {
                Problem::new(Code::MalformedJson).detail("the body ended before its length")
            })?;
            if whole.len() + chunk.len() > most {
                return Err(Problem::new(Code::TooLarge));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    };
    let read = tokio::time::timeout(deadline, read).await;
    read.unwrap_or_else(|_| Err(Problem::new(Code::TooSlow)))
}

/// A body's media type, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Form,
    Multipart,
    Other,
}

/// The media type of a body; `Other` also when its charset is not UTF-8.
pub(crate) fn media(headers: &HeaderMap) -> Media {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return Media::Other;
    };
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| {
        part.strip_prefix("charset=").map(|charset| charset.trim_matches('"').to_owned())
    });
    if charset.is_some_and(|charset| charset != "utf-8" && charset != "utf8") {
        return Media::Other;
    }
    match essence.as_str() {
        "application/json" => Media::Json,
        other if other.starts_with("application/") && other.ends_with("+json") => Media::Json,
        "application/x-www-form-urlencoded" => Media::Form,
        "multipart/form-data" => Media::Multipart,
        _ => Media::Other,
    }
}
