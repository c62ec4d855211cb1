//! How long to wait before the next try: the ceiling doubles, the wait is drawn evenly below it, so that a
//! thousand clients that were cut at once do not come back at once.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;

/// The first ceiling.
pub const FIRST: Duration = Duration::from_millis(500);
/// The last one.
pub const MOST: Duration = Duration::from_secs(10);

/// The waits of one client.
#[derive(Debug)]
pub struct Backoff {
    random: StdRng,
    first: Duration,
    tries: u32,
}

impl Backoff {
    /// The protocol's own pace.
    pub fn new(random: StdRng) -> Self {
        Self::from(random, FIRST)
    }

    /// Beginning with another ceiling, as tests do that have no time.
    pub fn from(random: StdRng, first: Duration) -> Self {
        Self { random, first, tries: 0 }
    }

    /// The highest wait that the next call of [`Backoff::next`] can answer.
    pub fn ceiling(&self) -> Duration {
        self.first.saturating_mul(1 << self.tries.min(16)).min(MOST)
    }

    /// The next wait; `at_least` is what the server asked for.
    pub fn next(&mut self, at_least: Duration) -> Duration {
        let wait = self.ceiling().mul_f64(self.random.random_range(0.0..=1.0));
        self.tries += 1;
        at_least + wait
    }

    /// Something was heard from the server: the next failure starts small again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn waits_grow_to_a_ceiling_are_spread_below_it_and_start_small_again() {
        let mut backoff = Backoff::new(StdRng::seed_from_u64(7));
        let ceilings: Vec<u128> = (0..6)
            .map(|_| {
                let ceiling = backoff.ceiling();
                assert!(backoff.next(Duration::ZERO) <= ceiling);
                ceiling.as_millis()
            })
            .collect();
        assert_eq!(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 10_000]);
        assert!(backoff.next(Duration::from_secs(7)) >= Duration::from_secs(7));
        backoff.reset();
        assert_eq!(backoff.ceiling(), FIRST);
        let waits: Vec<Duration> = (0..50)
            .map(|_| {
                backoff.reset();
                backoff.next(Duration::ZERO)
            })
            .collect();
        assert!(waits.iter().any(|wait| *wait < FIRST / 4));
        assert!(waits.iter().any(|wait| *wait > FIRST * 3 / 4));
    }
}
