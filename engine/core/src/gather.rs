//! Gathering: a customer who writes three lines in five seconds gets one answer, not three, and so does one
//! whose picture comes after the text.
//!
//! Lives here: how long a turn waits for more text, and for files that were announced. What begins and ends the wait is decided in
//! [`crate::session`].
//!
//! # Invariants
//! - **A5** a burst is never waited for longer than `longest_ms`, however long it goes on;
//! - **A5** files are waited for `attachments_ms` after their message, and never past two thirds of the
//!   first model's time;
//! - a text that looks finished waits the shortest time.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a chat waits for more text before it answers, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatherSettings {
    /// After a text that looks finished. 0 answers each message at once.
    pub shortest_ms: u32,
    /// After the first text of a burst, whatever follows.
    pub longest_ms: u32,
    /// After a message whose files still arrive. 0 waits for none. Left out when it is the default: what
    /// was printed before it was added prints the same.
    #[serde(default = "attachments_ms", skip_serializing_if = "is_default_for_attachments")]
    pub attachments_ms: u32,
}

const fn attachments_ms() -> u32 {
    8_000
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_default_for_attachments(ms: &u32) -> bool {
    *ms == attachments_ms()
}

impl Default for GatherSettings {
    fn default() -> Self {
        Self { shortest_ms: 1_000, longest_ms: 4_000, attachments_ms: attachments_ms() }
    }
}

/// Why gather settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gathering must be shortest_ms <= longest_ms <= 10000, and attachments_ms at most 20000")]
pub struct GatherOutOfBounds;

/// A burst of text that is still coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather {
    /// When its first text came.
    pub since: Timestamp,
    /// When a turn begins, unless more text comes.
    pub until: Timestamp,
}

impl GatherSettings {
    /// Checks the bounds.
    pub const fn check(self) -> Result<Self, GatherOutOfBounds> {
        if self.shortest_ms <= self.longest_ms
            && self.longest_ms <= 10_000
            && self.attachments_ms <= 20_000
        {
            Ok(self)
        } else {
            Err(GatherOutOfBounds)
        }
    }

    /// When the burst that began at `since` is taken to be over, `text` having come `now`.
    pub fn until(self, since: Timestamp, now: Timestamp, text: &str) -> Timestamp {
        let pause = if looks_finished(text) { self.shortest_ms } else { self.shortest_ms * 2 };
        after(now, pause).min(after(since, self.longest_ms)).max(now)
    }

    /// Until when files that come with a message of `now` are waited for, where the first model has until
    /// `second` to answer a customer who waits since `since`.
    pub fn attachments_until(
        self,
        since: Timestamp,
        second: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let slice = second.duration_since(since).as_millis() * 2 / 3;
        let slice = u32::try_from(slice).unwrap_or(if slice < 0 { 0 } else { u32::MAX });
        after(now, self.attachments_ms).min(after(since, slice)).max(now)
    }

    /// The breath after the last file has come, which was waited for until `until`.
    pub fn after_attachments(self, now: Timestamp, until: Timestamp) -> Timestamp {
        after(now, self.shortest_ms).min(until).max(now)
    }
}

fn after(from: Timestamp, ms: u32) -> Timestamp {
    from.saturating_add(SignedDuration::from_millis(i64::from(ms))).unwrap_or(Timestamp::MAX)
}

/// Whether a text ends as a sentence does, in the scripts of our languages.
fn looks_finished(text: &str) -> bool {
    text.trim_end()
        .trim_end_matches(['"', '\'', '»', '”', ')', '’'])
        .ends_with(['.', '?', '!', '…', '؟', '۔', ':'])
        && !text.trim_end().ends_with("...")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_finished_sentence_waits_less_than_half_a_one() {
        let at = Timestamp::UNIX_EPOCH;
        let wait = |text| GatherSettings::default().until(at, at, text).as_millisecond();
        for text in ["Er den ledig?", "Bonjour ! ", "هل السيارة متاحة؟", "(Is it sold?)"]
        {
            assert_eq!(wait(text), 1_000, "{text}");
        }
        for text in ["Hei", "og så lurte jeg på", "well...", "bonjour,", "مرحبا"] {
            assert_eq!(wait(text), 2_000, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_burst_is_waited_for_longer_than_set(
            shortest in 0_u32..=4_000, more in 0_u32..=6_000, later_ms in 0_i64..20_000, text in ".{0,20}",
        ) {
            let settings = GatherSettings {
                shortest_ms: shortest,
                longest_ms: shortest + more,
                ..GatherSettings::default()
            };
            let since = Timestamp::UNIX_EPOCH;
            let now = since + SignedDuration::from_millis(later_ms);
            let until = settings.check().unwrap().until(since, now, &text);
            prop_assert!(until >= now);
            let longest = since + SignedDuration::from_millis(i64::from(settings.longest_ms));
            prop_assert!(until <= longest.max(now));
        }

        #[test]
        fn no_file_is_waited_for_longer_than_set_nor_into_the_last_third_of_the_first_models_time(
            cap in 0_u32..=20_000, slice in 1_i64..86_400_000, later_ms in 0_i64..20_000,
        ) {
            let settings = GatherSettings { attachments_ms: cap, ..GatherSettings::default() };
            let since = Timestamp::UNIX_EPOCH;
            let after = |ms| since + SignedDuration::from_millis(ms);
            let now = after(later_ms);
            let until = settings.check().unwrap().attachments_until(since, after(slice), now);
            prop_assert!(until >= now);
            prop_assert!(until <= now + SignedDuration::from_millis(i64::from(cap)));
            prop_assert!(until <= after(slice * 2 / 3).max(now));
        }
    }
}
