//! What a delivery means, and when one that was not taken is tried again.
//!
//! # Invariants
//! - of one meaning ([`Intent`]) at most one delivery is on its way or has arrived, whatever is
//!   retried, replayed or decided twice;
//! - **A5** while a promise runs, no try is put beyond its deadline as long as one fits before it;
//! - the ladder ends: after its last step the delivery has failed, and a person is told.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    contact::Email,
    event::{AlertReason, Version},
    id::{DeliveryId, MessageId, SessionId},
};

/// What a delivery means: who is to learn what. The key of the intent ledger.
///
/// It holds no address: the recipient is in it as a hash together with what is told (A13).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Intent(String);

impl Intent {
    /// This message reaches this address.
    pub fn answer(message: MessageId, to: &Email) -> Self {
        Self::of(format!("answer:{}", message.as_uuid().as_simple()), to)
    }

    /// This address learns of this hand-off, which began at this place of the session's log; each
    /// reminder is a meaning of its own.
    pub fn alert(
        session: SessionId,
        reason: AlertReason,
        began: Version,
        reminder: u32,
        to: &Email,
    ) -> Self {
        let reason = serde_json::to_string(&reason).unwrap_or_default();
        let (session, Version(began)) = (session.as_uuid().as_simple(), began);
        let reason = reason.trim_matches('"');
        Self::of(format!("alert:{session}:{reason}:{began}:{reminder}"), to)
    }

    fn of(mut told: String, to: &Email) -> Self {
        let mut hash = Sha256::new();
        hash.update(told.as_bytes());
        hash.update([0]);
        hash.update(to.key().as_bytes());
        told.push(':');
        for byte in hash.finalize().iter().take(8) {
            let _infallible = write!(told, "{byte:02x}");
        }
        Self(told)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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
    fn a_meaning_is_told_from_another_and_shows_no_address() {
        let (kari, ola) =
            (Email::parse("kari@example.no").unwrap(), Email::parse("ola@example.no").unwrap());
        let message = |n| MessageId::from_uuid(Uuid::from_u128(n));
        let first = Intent::answer(message(1), &kari);
        assert_eq!(first, Intent::answer(message(1), &Email::parse("KARI@example.no").unwrap()));
        assert_ne!(first, Intent::answer(message(1), &ola));
        assert_ne!(first, Intent::answer(message(2), &kari));
        assert!(!first.as_str().contains("kari"));
        let session = SessionId::from_uuid(Uuid::from_u128(1));
        let alert = |reason, began, n| Intent::alert(session, reason, Version(began), n, &ola);
        let second = alert(AlertReason::StillWaiting, 7, 1);
        assert!(second.as_str().contains(":still_waiting:7:1:") && second.as_str().len() < 200);
        for other in [
            alert(AlertReason::StillWaiting, 7, 2),
            alert(AlertReason::StillWaiting, 8, 1),
            alert(AlertReason::NotProven, 7, 1),
        ] {
            assert_ne!(second, other);
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
