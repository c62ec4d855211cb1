//! When a delivery that was not taken is tried again.
//!
//! # Invariants
//! - **A5** while a promise runs, no try is put beyond its deadline as long as one fits before it;
//! - the ladder ends: after its last step the delivery has failed, and a person is told.

use jiff::{SignedDuration, Timestamp};

use crate::id::DeliveryId;

/// The long ladder, after the promise: 1 min, 5 min, 30 min, 2 h, 6 h, 12 h.
const LADDER_MINUTES: [i64; 6] = [1, 5, 30, 120, 360, 720];

/// Tries inside a promise wait 1, 2, 4, 8 s, and no longer than this.
const LONGEST_WAIT_IN_PROMISE: SignedDuration = SignedDuration::from_secs(8);

/// When the try after number `attempt` (counted from 1) is due; `None` when it was the last.
///
/// `deadline` is the promise's, if one still runs. `asked` is the provider's own `retry-after`. The
/// jitter (up to a fifth) comes from the delivery's id, so that the decision stays pure (A3).
pub fn next_attempt(
    delivery: DeliveryId,
    attempt: u32,
    tries_on_ladder: u32,
    deadline: Option<Timestamp>,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> Option<Timestamp> {
    if let Some(deadline) = deadline.filter(|deadline| now < *deadline) {
        let wait = SignedDuration::from_secs(1 << attempt.saturating_sub(1).min(10));
        let wait = wait.min(LONGEST_WAIT_IN_PROMISE).max(asked.unwrap_or_default());
        let at = now.saturating_add(jittered(delivery, attempt, wait)).unwrap_or(deadline);
        if at < deadline {
            return Some(at);
        }
    }
    let minutes = *LADDER_MINUTES.get(usize::try_from(tries_on_ladder).ok()?)?;
    let wait = SignedDuration::from_mins(minutes).max(asked.unwrap_or_default());
    now.saturating_add(jittered(delivery, attempt, wait)).ok()
}

/// `wait` plus up to a fifth of it, the same for the same delivery and attempt.
fn jittered(delivery: DeliveryId, attempt: u32, wait: SignedDuration) -> SignedDuration {
    let bits = delivery.as_uuid().as_u128() as u64;
    let mixed = (bits ^ u64::from(attempt)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let extra = wait.as_millis().saturating_mul(i128::from(mixed % 200)) / 1000;
    wait + SignedDuration::from_millis(i64::try_from(extra).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn a_try_inside_a_promise_stays_inside_it_or_goes_to_the_ladder(
            id in any::<u128>(), attempt in 1_u32..40, on_ladder in 0_u32..10, left_ms in 1_i64..90_000,
        ) {
            let delivery = DeliveryId::from_uuid(Uuid::from_u128(id));
            let now = Timestamp::UNIX_EPOCH;
            let deadline = now + SignedDuration::from_millis(left_ms);
            if let Some(at) = next_attempt(delivery, attempt, on_ladder, Some(deadline), None, now) {
                prop_assert!(at > now);
                prop_assert!(at < deadline || at >= now + SignedDuration::from_mins(1));
            } else {
                prop_assert!(on_ladder >= 6);
            }
        }
    }

    #[test]
    fn the_ladder_ends() {
        let delivery = DeliveryId::from_uuid(Uuid::from_u128(7));
        let now = Timestamp::UNIX_EPOCH;
        let waits: Vec<_> = (0..7)
            .map(|step| {
                next_attempt(delivery, step + 1, step, None, None, now)
                    .map(|at| at.as_second() / 60)
            })
            .collect();
        for (wait, minutes) in waits.iter().zip(LADDER_MINUTES) {
            let wait = wait.unwrap();
            assert!((minutes..=minutes + minutes / 5).contains(&wait), "{wait} for {minutes}");
        }
        assert_eq!(waits[6], None);
    }
}
