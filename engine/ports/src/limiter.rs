//! Limits that all nodes keep together: how often one address, conversation or account may ask.
//!
//! # Invariants
//! - two nodes together allow what one would, as long as they reach each other; out of reach each of them
//!   keeps the whole limit by itself: too much is let through then, never everything;
//! - an answer comes within a few hundredths of a second, whatever the network does;
//! - **A9** the number of remembered keys is bounded;
//! - **A13** a key is a keyed hash: whom it counts cannot be read from it.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use async_trait::async_trait;

/// How much is allowed: the generic cell rate algorithm (GCRA), which needs one number per key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// In the long run.
    pub per_minute: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Limit {
    /// Microseconds until one more is allowed, at least one.
    pub fn interval_us(self) -> NonZeroU64 {
        NonZeroU64::new(60_000_000 / u64::from(self.per_minute.get())).unwrap_or(NonZeroU64::MIN)
    }
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitKey {
    /// Which limit, such as `form_ip`; in metrics and in the open.
    pub name: &'static str,
    /// Whom: a hash under a secret that all nodes share.
    pub whom: [u8; 16],
}

/// The answer to one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// Too many; the same try is allowed after so long, if nobody else of the key tries.
    Limited {
        retry_after: Duration,
    },
}

impl Verdict {
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}

/// Counts tries.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Counts a try of `cost`, unless it is refused: a refusal costs nothing. A cost above the burst is
    /// never allowed.
    async fn take(&self, key: LimitKey, cost: NonZeroU32, limit: Limit) -> Verdict;
}
