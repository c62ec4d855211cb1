//! The machine's clock and its random numbers, behind their ports (A10).

use std::time::Duration;

use async_trait::async_trait;
use forecourt_ports::{clock::Clock, ids::Ids};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The longest single sleep: a clock that was set is noticed after it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The machine's clock, shifted by `offset` in tests.
#[derive(Debug)]
pub(crate) struct SystemClock {
    pub(crate) offset: SignedDuration,
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port's adapter")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now().saturating_add(self.offset).unwrap_or(Timestamp::MAX);
        // Whole microseconds, as Postgres keeps them: what is read back equals what was decided.
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.duration_since(self.now());
            match Duration::try_from(left) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LOOK_AGAIN)).await,
                _ => return,
            }
        }
    }
}

/// UUIDs of version 7 from the machine's time and random numbers.
#[derive(Debug)]
pub(crate) struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the Ids port's adapter")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
