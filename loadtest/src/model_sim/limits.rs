//! Rate limits: the headers that tell them, and the refusals.
//!
//! Lives here: three buckets that fill up evenly over a minute. The token buckets are told and never
//! refuse; requests are refused over `--rpm` only, concurrent ones over the dial of the simulator.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A bucket that is full after a minute.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    limit: f64,
    level: f64,
    seen: Instant,
}

impl Bucket {
    fn new(limit: u32, now: Instant) -> Self {
        Self { limit: f64::from(limit), level: f64::from(limit), seen: now }
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.seen).as_secs_f64() * self.limit / 60.0;
        self.level = (self.level + gained).min(self.limit);
        self.seen = now;
    }

    fn take(&mut self, amount: u64) {
        self.level = (self.level - amount as f64).max(0.0);
    }

    /// Until `level` is back, the whole bucket or a part of it.
    fn wait_for(&self, level: f64) -> Duration {
        Duration::from_secs_f64(((level - self.level).max(0.0)) * 60.0 / self.limit.max(1.0))
    }

    fn tell(&self, name: &str, at: Timestamp, headers: &mut Vec<(String, String)>) {
        let wait = SignedDuration::try_from(self.wait_for(self.limit)).unwrap_or_default();
        // Whole seconds, as the provider writes them.
        let reset = (at + wait).as_second() + 1;
        let reset = Timestamp::from_second(reset).unwrap_or(at);
        let prefix = format!("anthropic-ratelimit-{name}");
        headers.push((format!("{prefix}-limit"), format!("{:.0}", self.limit)));
        headers.push((format!("{prefix}-remaining"), format!("{:.0}", self.level.floor())));
        headers.push((format!("{prefix}-reset"), reset.to_string()));
    }
}

struct Buckets {
    requests: Bucket,
    input: Bucket,
    output: Bucket,
}

/// The limits of the one organisation that the simulator serves.
pub struct RateLimits {
    buckets: Mutex<Buckets>,
    refuse: bool,
}

const REQUESTS: u32 = 4_000;
const INPUT_TOKENS: u32 = 4_000_000;
const OUTPUT_TOKENS: u32 = 800_000;

impl RateLimits {
    /// Limits with `rpm` requests a minute; without it nothing is ever refused.
    pub fn new(rpm: Option<u32>, now: Instant) -> Self {
        let buckets = Buckets {
            requests: Bucket::new(rpm.unwrap_or(REQUESTS), now),
            input: Bucket::new(INPUT_TOKENS, now),
            output: Bucket::new(OUTPUT_TOKENS, now),
        };
        Self { buckets: Mutex::new(buckets), refuse: rpm.is_some() }
    }

    /// Takes a request, or says how long to wait for it.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.requests.fill(now);
        if self.refuse && buckets.requests.level < 1.0 {
            return Err(buckets.requests.wait_for(1.0));
        }
        buckets.requests.take(1);
        Ok(())
    }

    /// Takes the tokens of an admitted request.
    pub fn spend(&self, input: u64, output: u64, now: Instant) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.input.fill(now);
        buckets.output.fill(now);
        buckets.input.take(input);
        buckets.output.take(output);
    }

    /// The headers that every answer of chat completions carries: durations, not times.
    pub fn chat_headers(&self) -> Vec<(String, String)> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = |name: &str, bucket: &Bucket| {
            let reset = format!("{}ms", bucket.wait_for(bucket.limit).as_millis());
            [
                (format!("x-ratelimit-limit-{name}"), format!("{:.0}", bucket.limit)),
                (format!("x-ratelimit-remaining-{name}"), format!("{:.0}", bucket.level.floor())),
                (format!("x-ratelimit-reset-{name}"), reset),
            ]
        };
        let both = [tell("requests", &buckets.requests), tell("tokens", &buckets.input)];
        both.into_iter().flatten().collect()
    }

    /// The headers that every answer carries.
    pub fn headers(&self, at: Timestamp) -> Vec<(String, String)> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut headers = Vec::with_capacity(12);
        buckets.requests.tell("requests", at, &mut headers);
        buckets.input.tell("input-tokens", at, &mut headers);
        buckets.output.tell("output-tokens", at, &mut headers);
        let both = Bucket {
            limit: buckets.input.limit + buckets.output.limit,
            level: buckets.input.level + buckets.output.level,
            seen: buckets.input.seen,
        };
        both.tell("tokens", at, &mut headers);
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_request_of_a_minute_waits_for_the_next_second() {
        let start = Instant::now();
        let limits = RateLimits::new(Some(60), start);
        for _ in 0..60 {
            assert_eq!(limits.admit(start), Ok(()));
        }
        let wait = limits.admit(start).unwrap_err();
        assert!(wait <= Duration::from_secs(1) && wait > Duration::from_millis(900), "{wait:?}");
        assert_eq!(limits.admit(start + Duration::from_millis(1001)), Ok(()));
    }

    #[test]
    fn the_headers_tell_what_is_left_and_when_it_is_back() {
        let start = Instant::now();
        let limits = RateLimits::new(None, start);
        limits.admit(start).unwrap();
        limits.spend(100, 50, start);
        let headers = limits.headers("2026-11-20T10:00:00Z".parse().unwrap());
        let get = |name: &str| {
            headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap()
        };
        assert_eq!(get("anthropic-ratelimit-requests-limit"), "4000");
        assert_eq!(get("anthropic-ratelimit-requests-remaining"), "3999");
        assert_eq!(get("anthropic-ratelimit-input-tokens-remaining"), "3999900");
        assert_eq!(get("anthropic-ratelimit-tokens-remaining"), "4799850");
        assert_eq!(get("anthropic-ratelimit-requests-reset"), "2026-11-20T10:00:01Z");
    }
}
