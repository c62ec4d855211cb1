//! What a provider's headers say about how much more it takes.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use super::failure::decimal;

/// How a protocol names its limits: `{prefix}` and three parts, in this order or with the kind last.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) prefix: &'static str,
    pub(crate) kinds: &'static [&'static str],
    /// `x-ratelimit-remaining-requests`, and not `…-requests-remaining`.
    pub(crate) kind_last: bool,
}

impl Names {
    /// A protocol that tells its limits nowhere.
    pub(crate) const NONE: Self = Self { prefix: "", kinds: &[], kind_last: false };
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) remaining: u64,
    /// Until it is whole again.
    pub(crate) reset: Option<Duration>,
}

/// All limits that a provider told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RateLimits(pub(crate) Vec<Window>);

impl RateLimits {
    /// Until the last of those that are used up is whole again.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.iter().filter(|window| window.remaining == 0).filter_map(|window| window.reset).max()
    }
}

/// Reads the limits. What is no number and no time is passed over.
pub(crate) fn of(headers: &HeaderMap, names: &Names, now: Timestamp) -> RateLimits {
    let text = |kind: &str, part: &str| {
        let Names { prefix, kind_last, .. } = names;
        let name = if *kind_last {
            format!("{prefix}-{part}-{kind}")
        } else {
            format!("{prefix}-{kind}-{part}")
        };
        headers.get(name)?.to_str().ok().map(str::trim)
    };
    let windows = names.kinds.iter().filter_map(|kind| {
        let remaining = text(kind, "remaining")?.parse().ok()?;
        let reset = text(kind, "reset").and_then(|reset| until(reset, now));
        Some(Window { remaining, reset })
    });
    RateLimits(windows.collect())
}

/// `2026-11-21T12:40:59Z`, or a duration.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    match text.parse::<Timestamp>() {
        Ok(at) => Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)),
        Err(_) => wait(text),
    }
}

/// `12ms`, `1.5s`, `6m0s`, `1h2m3s`
pub(crate) fn wait(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = rest.split_at(end);
        let unit_end = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let (unit, behind) = unit.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(decimal(number)? * seconds).ok()?;
        sum = sum.checked_add(part)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_reset_is_read_as_a_time_and_as_a_duration() {
        let ms = |ms| Some(Duration::from_millis(ms));
        for (text, wait) in [
            ("2026-11-21T12:00:07Z", ms(7_000)),
            ("2026-11-21T11:00:00Z", ms(0)),
            ("12ms", ms(12)),
            ("1.5s", ms(1_500)),
            ("6m0s", ms(360_000)),
            ("1h2m3s", ms(3_723_000)),
            ("", None),
            ("soon", None),
            ("7", None),
            ("7s later", None),
            ("-7s", None),
            ("99999999999999999999999999999d", None),
        ] {
            assert_eq!(until(text, now()), wait, "{text}");
        }
    }

    #[test]
    fn the_limit_that_is_used_up_says_how_long_to_wait() {
        const NAMES: Names =
            Names { prefix: "x-ratelimit", kinds: &["requests", "tokens"], kind_last: true };
        let headers: HeaderMap = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "3s"),
            ("x-ratelimit-remaining-tokens", "9000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
        let limits = of(&headers, &NAMES, now());
        assert_eq!((limits.0.len(), limits.wait()), (2, Some(Duration::from_secs(3))));
        assert_eq!(of(&headers, &Names::NONE, now()), RateLimits::default());
    }
}
