//! The limits of one process.
//!
//! They measure elapsed time on the machine's monotonic clock, not the time of day: a jump of the clock
//! neither opens nor locks a door.
//!
//! # Invariants
//! - **A9** the number of remembered keys is bounded: when there are too many of one limit, those that came
//!   last share one bucket.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use forecourt_ports::limiter::{Limit, LimitKey, Limiter, Verdict};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// Keys that one limit remembers.
const MAX_KEYS: usize = 50_000;
/// Checks between two looks at how many there are.
const CHECKS_PER_SWEEP: u32 = 1_024;
/// Limits of different names and rates; a program has a handful.
const MAX_LIMITS: usize = 256;
/// What a try that can never be allowed is told.
const NEVER: Duration = Duration::from_hours(1);

/// See the [module](self).
#[derive(Debug, Default)]
pub struct LocalLimiter {
    buckets: RwLock<HashMap<(&'static str, Limit), Arc<Buckets>>>,
}

#[derive(Debug)]
struct Buckets {
    by_key: DefaultKeyedRateLimiter<[u8; 16]>,
    /// For all keys beyond those that are remembered.
    rest: DefaultDirectRateLimiter,
    checks: AtomicU32,
}

impl Buckets {
    fn new(limit: Limit) -> Self {
        let quota = Quota::per_minute(limit.per_minute).allow_burst(limit.burst);
        Self {
            by_key: RateLimiter::keyed(quota),
            rest: RateLimiter::direct(quota),
            checks: AtomicU32::new(0),
        }
    }

    fn take(&self, whom: [u8; 16], cost: NonZeroU32) -> Verdict {
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_SWEEP) {
            self.by_key.retain_recent();
            self.by_key.shrink_to_fit();
        }
        let taken = if self.by_key.len() < MAX_KEYS {
            self.by_key.check_key_n(&whom, cost)
        } else {
            self.rest.check_n(cost)
        };
        let retry_after = match taken {
            Ok(Ok(())) => return Verdict::Allowed,
            Ok(Err(refused)) => refused.wait_time_from(DefaultClock::default().now()),
            Err(_more_than_the_burst) => NEVER,
        };
        Verdict::Limited { retry_after }
    }
}

impl LocalLimiter {
    /// Counts at once.
    pub(super) fn count(&self, key: LimitKey, cost: NonZeroU32, limit: Limit) -> Verdict {
        self.buckets(key.name, limit).take(key.whom, cost)
    }

    fn buckets(&self, name: &'static str, limit: Limit) -> Arc<Buckets> {
        let known = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(buckets) = known.get(&(name, limit)) {
            return Arc::clone(buckets);
        }
        drop(known);
        let mut known = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_LIMITS {
            known.clear();
        }
        Arc::clone(known.entry((name, limit)).or_insert_with(|| Arc::new(Buckets::new(limit))))
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn take(&self, key: LimitKey, cost: NonZeroU32, limit: Limit) -> Verdict {
        self.count(key, cost, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(per_minute: u32, burst: u32) -> Limit {
        let some = |n| NonZeroU32::new(n).expect("not zero");
        Limit { per_minute: some(per_minute), burst: some(burst) }
    }

    fn key(name: &'static str, whom: u128) -> LimitKey {
        LimitKey { name, whom: whom.to_be_bytes() }
    }

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    #[test]
    fn a_burst_passes_and_then_a_key_waits_while_others_do_not() {
        let limiter = LocalLimiter::default();
        for _ in 0..3 {
            assert!(limiter.count(key("a", 1), ONE, limit(1, 3)).is_allowed());
        }
        let Verdict::Limited { retry_after } = limiter.count(key("a", 1), ONE, limit(1, 3)) else {
            panic!("the burst is over")
        };
        assert!((Duration::from_secs(50)..=Duration::from_mins(1)).contains(&retry_after));
        assert!(limiter.count(key("a", 2), ONE, limit(1, 3)).is_allowed());
        assert!(limiter.count(key("b", 1), ONE, limit(1, 3)).is_allowed());
    }

    #[test]
    fn what_costs_more_than_the_burst_is_never_allowed_and_costs_nothing() {
        let limiter = LocalLimiter::default();
        let four = NonZeroU32::new(4).expect("not zero");
        assert!(!limiter.count(key("a", 1), four, limit(1, 3)).is_allowed());
        let three = NonZeroU32::new(3).expect("not zero");
        assert!(limiter.count(key("a", 1), three, limit(1, 3)).is_allowed());
    }

    #[test]
    fn keys_are_bounded_and_the_last_ones_share_a_bucket() {
        let (limiter, once) = (LocalLimiter::default(), limit(1, 1));
        for whom in 0..MAX_KEYS as u128 {
            assert!(limiter.count(key("a", whom), ONE, once).is_allowed());
        }
        let more = MAX_KEYS as u128;
        assert!(limiter.count(key("a", more + 1), ONE, once).is_allowed());
        assert!(!limiter.count(key("a", more + 2), ONE, once).is_allowed());
        assert_eq!(limiter.buckets("a", once).by_key.len(), MAX_KEYS);
    }
}
