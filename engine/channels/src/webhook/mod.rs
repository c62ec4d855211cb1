//! Calls to integrators' endpoints: signed as Standard Webhooks says, and only to the open internet.
//!
//! Lives here: the client ([`HttpCaller`]), the signature ([`sign`]), and in [`guard`] the resolver that
//! refuses addresses of our own network. When a call is made again is decided in
//! [`forecourt_core::webhook`].
//!
//! # Invariants
//! - a connection goes to an address that was checked, and to no other: the resolver hands out checked
//!   addresses alone, an address written as digits is checked before, no proxy and no redirect is followed;
//! - **A9** a try ends within [`TIMEOUT`], at most [`READ`] bytes of an answer are read;
//! - **A13, A14** no body, no answer, no address and no secret gets into a log line or an error.

pub mod guard;

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use forecourt_core::webhook::{
    Outcome,
    target::{Loopback, Target},
};
use forecourt_ports::webhook::{Caller, LONGEST_RESPONSE, Request, Response, Secret};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use sha2::Sha256;
use tokio::{runtime::Handle, time::Instant};

use self::guard::Unreachable;
use crate::outward;

/// How long a try may take, from the look-up of the name to the answer's head.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is read.
pub const READ: usize = 4_096;
/// The head has told what came of it; the body is only shown to people.
const BODY: Duration = Duration::from_secs(1);

/// Why a client cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    #[error("the process has not chosen a TLS implementation")]
    NoTls,
    #[error("the HTTP client could not be made")]
    Client,
}

/// Calls endpoints over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpCaller {
    client: Client,
    loopback: Loopback,
    timeout: Duration,
    io: Handle,
}

impl HttpCaller {
    /// A client that calls on `io`, a runtime with its io and time drivers on.
    pub fn new(loopback: Loopback, io: Handle) -> Result<Self, CallerError> {
        Self::with_timeout(loopback, TIMEOUT, io)
    }

    /// The same with another time limit, for tests.
    pub fn with_timeout(
        loopback: Loopback,
        timeout: Duration,
        io: Handle,
    ) -> Result<Self, CallerError> {
        let client = outward::client(loopback, |client| {
            client
                .no_gzip()
                .connect_timeout(CONNECT.min(timeout))
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(8)
                .tcp_keepalive(Duration::from_secs(30))
        })?;
        Ok(Self { client, loopback, timeout, io })
    }

    async fn run(self, request: Request) -> Response {
        let began = Instant::now();
        let deadline = began + self.timeout;
        let sent = tokio::time::timeout_at(deadline, self.send(&request)).await;
        let took = began.elapsed();
        let failed = |code| Response {
            outcome: Outcome::Failed { code },
            took,
            beginning: String::new(),
            retry_after: None,
        };
        match sent {
            Err(_) => failed("timeout"),
            Ok(Err(code)) => failed(code),
            Ok(Ok(mut answer)) => {
                let outcome = Outcome::Answered { status: answer.status().as_u16() };
                let retry_after = retry_after(answer.headers(), request.at);
                let limit = deadline.min(Instant::now() + BODY);
                let beginning = beginning(&mut answer, limit).await;
                Response { outcome, took, beginning, retry_after }
            }
        }
    }

    async fn send(&self, request: &Request) -> Result<reqwest::Response, &'static str> {
        // Again at each try: what was allowed when it was registered may not be any more.
        let target = Target::parse(&request.url, self.loopback).map_err(|_| "refused_address")?;
        let headers = headers(request).ok_or("unsendable")?;
        let call = self.client.post(target.as_str()).headers(headers).body(request.body.clone());
        call.send().await.map_err(|error| code(&error))
    }
}

#[async_trait]
impl Caller for HttpCaller {
    async fn call(&self, request: Request) -> Response {
        // Connections are driven by the runtime that opened them.
        let called = self.io.spawn(self.clone().run(request)).await;
        called.unwrap_or_else(|_| Response {
            outcome: Outcome::Failed { code: "internal" },
            took: Duration::ZERO,
            beginning: String::new(),
            retry_after: None,
        })
    }
}

/// The value of `webhook-signature` for one secret: `v1,` and the HMAC-SHA256 over `id.timestamp.body`.
pub fn sign(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose());
    let Ok(mut mac) = mac else { return String::new() }; // HMAC takes keys of any length
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn headers(request: &Request) -> Option<HeaderMap> {
    let timestamp = request.at.as_second();
    let signatures: Vec<String> = request
        .secrets
        .iter()
        .map(|secret| sign(secret, &request.id, timestamp, &request.body))
        .collect();
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert("webhook-id", request.id.parse().ok()?);
    headers.insert("webhook-timestamp", timestamp.into());
    headers.insert("webhook-signature", signatures.join(" ").parse().ok()?);
    headers.insert(CONTENT_TYPE, "application/json".parse().ok()?);
    Some(headers)
}

/// Why there was no answer, as a code without data (A13).
pub(crate) fn code(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(unreachable) = one.downcast_ref::<Unreachable>() {
            return unreachable.code();
        }
        let inner = one.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if one.is::<rustls::Error>() || inner.is_some() {
            return "tls";
        }
        cause = one.source();
    }
    match () {
        () if error.is_timeout() => "timeout",
        () if error.is_connect() => "connect",
        () => "cut",
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(at.duration_since(now)).filter(SignedDuration::is_positive)
}

/// The beginning of an answer as text that a database can hold.
async fn beginning(answer: &mut reqwest::Response, limit: Instant) -> String {
    let mut read = Vec::new();
    while read.len() < READ {
        match tokio::time::timeout_at(limit, answer.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                read.extend_from_slice(&chunk[..chunk.len().min(READ - read.len())]);
            }
            Ok(Ok(None) | Err(_)) | Err(_) => break,
        }
    }
    shown(&read)
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_RESPONSE)]);
    let mut text = text.replace('\0', "\u{fffd}");
    let end = text.floor_char_boundary(LONGEST_RESPONSE);
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = "{\"test\": 2432232314}";
        let signed =
            sign(&Secret::new(secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_pause_that_is_asked_for_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let asked = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sat, 21 Nov 2026 08:01:00 GMT"), Some(60));
        for nonsense in ["", "-1", "soon", "Sat, 21 Nov 2020 08:01:00 GMT", "99999999999999999999"]
        {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_kept_of_an_answer_is_text_and_short() {
        assert_eq!(shown(b"ok\0\xff"), "ok\u{fffd}\u{fffd}");
        assert_eq!(shown(&[0xff; 5_000]).len() % 3, 0);
        assert!(shown(&[0xff; 5_000]).len() <= LONGEST_RESPONSE);
        assert!(shown("å".repeat(5_000).as_bytes()).len() <= LONGEST_RESPONSE);
    }
}
