//! What the provider's refusals are read for: the status, the kind, and when to come back.
//!
//! Messages and other words of an error body are neither kept nor shown: they may repeat what we
//! sent (A13).

use std::time::Duration;

use forecourt_ports::model::ModelError;
use jiff::Timestamp;
use reqwest::{
    Response,
    header::{DATE, HeaderMap, RETRY_AFTER},
};
use tokio::time::timeout;

use super::{Protocol, limits};

/// The most that is read of an error body, in bytes and in time.
const MAX_BODY: usize = 16 * 1024;
const MAX_WAIT: Duration = Duration::from_secs(2);

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// As [`kind`] lets it through.
    pub(crate) kind: String,
    /// The wait, where the protocol tells it in the body.
    pub(crate) retry_after: Option<Duration>,
}

/// The error that a response with another status than 200 is.
///
/// The wait is the header's, else the body's, else the time until a limit that is used up is whole
/// again. What a limit still leaves is told with answers too, but the event source keeps their
/// headers to itself; here they are at hand, and here they matter.
pub(crate) async fn of_status<P: Protocol>(
    response: Response,
    now: Timestamp,
    longest: Duration,
) -> ModelError {
    let status = response.status().as_u16();
    let header = retry_after(response.headers(), now);
    let limits = limits::of(response.headers(), &P::LIMITS, now);
    let body = timeout(MAX_WAIT, start_of_body(response)).await.unwrap_or_default();
    let refusal = P::refusal(&body);
    let in_body = refusal.as_ref().and_then(|refusal| refusal.retry_after);
    let in_limits = if status == 429 { limits.wait() } else { None };
    let kind = refusal.map_or_else(|| UNKNOWN.to_owned(), |refusal| refusal.kind);
    let retry_after = header.or(in_body).or(in_limits).map(|wait| wait.min(longest));
    ModelError::Status { status, kind, retry_after }
}

/// The error that a 200 is which is no stream of events: some servers answer with an error object.
pub(super) async fn of_success<P: Protocol>(response: Response) -> ModelError {
    let body = timeout(MAX_WAIT, start_of_body(response)).await.unwrap_or_default();
    match P::refusal(&body) {
        Some(refusal) => ModelError::InStream { kind: refusal.kind },
        None => ModelError::Protocol("the answer is not an event stream"),
    }
}

/// What stands for a kind that is missing or no plain word.
const UNKNOWN: &str = "unknown";

/// A kind as it may stand in an error and in a metric: `rate_limit_error`. Capitals become small.
pub(crate) fn kind(raw: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (1..=48).contains(&raw.len()) && raw.bytes().all(plain) {
        raw.to_ascii_lowercase()
    } else {
        UNKNOWN.to_owned()
    }
}

async fn start_of_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_BODY {
            return Vec::new();
        }
        body.extend_from_slice(&chunk);
    }
    body
}

/// `retry-after-ms`, else `retry-after` as seconds or as an HTTP date.
///
/// A date is read against the provider's own clock where it tells it, so that a clock of ours that
/// is wrong does not make the wait wrong.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(decimal) {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok().or(Some(Duration::MAX));
    }
    let wait = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = decimal(wait) {
        return Duration::try_from_secs_f64(seconds).ok().or(Some(Duration::MAX));
    }
    let now = text(DATE.as_str()).and_then(date).unwrap_or(now);
    let wait = date(wait)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// `12` or `0.5`, nothing else that a float may look like.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| plain)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        retry_after(&headers, "1994-11-06T08:49:00Z".parse().unwrap())
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "7")]), seconds(7.0));
        assert_eq!(wait(&[("retry-after", "0.5")]), seconds(0.5));
        assert_eq!(wait(&[("retry-after", "7"), ("retry-after-ms", "250")]), seconds(0.25));
        let date = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait(&[date]), seconds(37.0));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), seconds(7.0));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 08:50:00 GMT")]), seconds(0.0));
    }

    #[test]
    fn a_wait_that_makes_no_sense_is_none_or_the_longest() {
        for text in ["", "soon", "-1", "inf", "NaN", "1e9", ".", "1.2.3", "7s"] {
            assert_eq!(wait(&[("retry-after", text)]), None, "{text}");
        }
        assert_eq!(wait(&[("retry-after", "99999999999999999999999")]), Some(Duration::MAX));
    }

    #[test]
    fn a_kind_that_is_no_plain_word_is_unknown() {
        assert_eq!(kind("overloaded_error"), "overloaded_error");
        assert_eq!(kind("RESOURCE_EXHAUSTED"), "resource_exhausted");
        for raw in ["", "Kari Nordmann", "<b>", "a".repeat(49).as_str()] {
            assert_eq!(kind(raw), UNKNOWN);
        }
    }
}
