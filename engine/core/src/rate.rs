//! How many letters may leave in a time, and how many have.
//!
//! Pure: time is an argument (A10). [`Bucket`] keeps a rate with bursts (the generic cell rate
//! algorithm: one instant says it all); [`Meter`] counts the last minute for whoever looks.
//!
//! # Invariants
//! - in any stretch of time a bucket lets out at most its burst plus the stretch times its rate;
//! - **A9** a meter holds sixty numbers, whatever it counts.

use jiff::{SignedDuration, Timestamp};

/// How many may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// On the long run; at least 1.
    pub per_second: u32,
    /// At once after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    fn interval(self) -> SignedDuration {
        SignedDuration::from_nanos(1_000_000_000 / i64::from(self.per_second.max(1)))
    }
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    rate: Rate,
    /// When the last one that left would have left at an even pace.
    even: Timestamp,
}

impl Bucket {
    pub const fn new(rate: Rate) -> Self {
        Self { rate, even: Timestamp::MIN }
    }

    /// Takes one out, or says when there is one again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let interval = self.rate.interval();
        let slack =
            interval.saturating_mul(i32::try_from(self.rate.burst.max(1) - 1).unwrap_or(i32::MAX));
        let even = self.even.max(now);
        let earliest = even.saturating_sub(slack).unwrap_or(Timestamp::MIN);
        if earliest > now {
            return Err(earliest);
        }
        self.even = even.saturating_add(interval).unwrap_or(Timestamp::MAX);
        Ok(())
    }
}

/// Counts what happened in the last minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meter {
    seconds: [u32; 60],
    /// The second that was counted last.
    last: i64,
}

impl Default for Meter {
    fn default() -> Self {
        Self { seconds: [0; 60], last: 0 }
    }
}

impl Meter {
    pub fn count(&mut self, now: Timestamp) {
        self.forget(now);
        let place = place(self.last);
        self.seconds[place] = self.seconds[place].saturating_add(1);
    }

    pub fn last_minute(&mut self, now: Timestamp) -> u32 {
        self.forget(now);
        self.seconds.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Empties the seconds between the last count and now.
    fn forget(&mut self, now: Timestamp) {
        let now = now.as_second();
        if now.saturating_sub(self.last) >= 60 {
            self.seconds = [0; 60];
        } else {
            for second in self.last + 1..=now {
                self.seconds[place(second)] = 0;
            }
        }
        self.last = self.last.max(now);
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(60)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_an_even_pace() {
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 3 });
        let left = (0..5).map(|_| bucket.take(at(0))).collect::<Vec<_>>();
        assert_eq!(left, [Ok(()), Ok(()), Ok(()), Err(at(100)), Err(at(100))]);
        assert_eq!(bucket.take(at(99)), Err(at(100)));
        assert_eq!(bucket.take(at(100)), Ok(()));
        assert_eq!(bucket.take(at(60_000)), Ok(()), "a rest fills it");
    }

    #[test]
    fn only_the_last_minute_is_counted() {
        let mut meter = Meter::default();
        for second in 0..90 {
            meter.count(at(second * 1_000));
        }
        assert_eq!(meter.last_minute(at(89_999)), 60);
        assert_eq!(meter.last_minute(at(100_000)), 49);
        assert_eq!(meter.last_minute(at(99_000)), 49, "a clock that goes back forgets nothing");
        assert_eq!(meter.last_minute(at(1_000_000)), 0);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_lets_out_more_than_its_share(
            per_second in 1_u32..500, burst in 1_u32..50,
            steps in proptest::collection::vec(0_i64..400, 1..300),
        ) {
            let mut bucket = Bucket::new(Rate { per_second, burst });
            let (mut now, mut left) = (0, Vec::new());
            for step in steps {
                now += step;
                match bucket.take(at(now)) {
                    Ok(()) => left.push(now),
                    Err(until) => prop_assert!(until > at(now)),
                }
            }
            for (n, from) in left.iter().enumerate() {
                for (m, to) in left.iter().enumerate().skip(n) {
                    let share = f64::from(burst) + (to - from) as f64 / 1_000.0 * f64::from(per_second);
                    prop_assert!((m - n + 1) as f64 <= share + 0.001, "{from} to {to}");
                }
            }
        }
    }
}
