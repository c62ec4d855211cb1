//! One call to a provider: bounded in time and size, and its failure as one of a few.
//!
//! # Invariants
//! - no redirect is followed, no proxy is taken, nothing is tried again behind anybody's back;
//! - **A9** see [`TIMEOUT`] and [`MOST_BYTES`].

use std::{sync::Arc, time::Duration};

use forecourt_core::{external::MOST_BUSY, webhook::target::Loopback};
use forecourt_ports::calendar::{Busy, CalendarError};
use jiff::SignedDuration;
use reqwest::{
    Client, RequestBuilder,
    header::{DATE, ETAG, HeaderMap, HeaderName, RETRY_AFTER},
    redirect,
};
use serde::de::DeserializeOwned;

use crate::guard::Guard;

/// How long a call may take, to the end of its answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// The largest answer that is read.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Why a client cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("the process has not chosen a TLS implementation")]
    NoTls,
    #[error("the HTTP client could not be made")]
    Client,
}

/// A client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    pub(crate) client: Client,
}

impl Http {
    /// With `guard`, names may lead to the open internet alone.
    pub fn new(guard: Option<Loopback>) -> Result<Self, HttpError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(HttpError::NoTls);
        }
        let mut builder = Client::builder()
            .user_agent(concat!("forecourt/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4);
        if let Some(loopback) = guard {
            builder = builder.dns_resolver(Arc::new(Guard::new(loopback)));
        }
        Ok(Self { client: builder.build().map_err(|_| HttpError::Client)? })
    }
}

/// A part of a path, whatever is in it.
pub(crate) fn escaped(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A name of a provider's as people may be shown it.
pub(crate) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What was found in order of time, no more than is kept.
pub(crate) fn in_order(mut found: Vec<Busy>) -> Vec<Busy> {
    found.sort_unstable();
    found.truncate(MOST_BUSY);
    found
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Makes a call. Whatever keeps an answer from coming whole is [`CalendarError::Unavailable`].
pub(crate) async fn send(request: RequestBuilder) -> Result<Answer, CalendarError> {
    let gone = |_| CalendarError::Unavailable;
    let mut response = request.send().await.map_err(gone)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(gone)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(CalendarError::Protocol);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

impl Answer {
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn etag(&self) -> Option<String> {
        self.header(ETAG).filter(|etag| etag.len() <= 200).map(str::to_owned)
    }

    /// What a status says when the protocol has nothing to add.
    pub(crate) fn error(&self) -> CalendarError {
        let retry_after = self.retry_after();
        match self.status {
            401 | 403 => CalendarError::Auth,
            404 | 410 => CalendarError::NotFound,
            409 | 412 => CalendarError::Conflict,
            429 => CalendarError::RateLimited { retry_after },
            503 if retry_after.is_some() => CalendarError::RateLimited { retry_after },
            408 | 425 | 500.. => CalendarError::Unavailable,
            _ => CalendarError::Protocol,
        }
    }

    pub(crate) fn good(self) -> Result<Self, CalendarError> {
        if self.is_good() { Ok(self) } else { Err(self.error()) }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CalendarError> {
        serde_json::from_slice(&self.body).map_err(|_| CalendarError::Protocol)
    }

    /// Seconds, or a date, which is compared with the answer's own.
    fn retry_after(&self) -> Option<SignedDuration> {
        let value = self.header(RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(SignedDuration::from_secs(seconds.into()));
        }
        let read = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp());
        let pause = read(value)?.duration_since(read(self.header(DATE)?)?);
        Some(pause).filter(SignedDuration::is_positive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(HeaderName, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        Answer { status, headers: headers.collect(), body: vec![] }
    }

    #[test]
    fn a_pause_that_is_asked_for_is_read_as_seconds_or_as_a_date() {
        let limited = |headers: &[_]| answer(429, headers).error().retry_after();
        assert_eq!(limited(&[(RETRY_AFTER, "17")]), Some(SignedDuration::from_secs(17)));
        let date = [
            (RETRY_AFTER, "Sat, 21 Nov 2026 08:01:00 GMT"),
            (DATE, "Sat, 21 Nov 2026 08:00:00 GMT"),
        ];
        assert_eq!(limited(&date), Some(SignedDuration::from_secs(60)));
        for nonsense in ["", "-4", "soon", "99999999999999"] {
            assert_eq!(limited(&[(RETRY_AFTER, nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_passing() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(answer(status, &[]).error().is_passing(), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 409, 410, 412, 422] {
            assert!(!answer(status, &[]).error().is_passing(), "{status}");
        }
    }
}
