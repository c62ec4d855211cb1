//! The clock: the only place that knows what time it is (A10).

use async_trait::async_trait;
use jiff::Timestamp;

/// Tells the time, and waits for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// In whole microseconds: what the store keeps of a time is all of it (A3).
    fn now(&self) -> Timestamp;

    /// Returns once [`Clock::now`] has reached `at`; at once when it already has.
    async fn sleep_until(&self, at: Timestamp);
}
