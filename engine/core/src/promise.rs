//! The promise clock: a customer who waits is answered within the budget, rung by rung (A5, A11).
//!
//! Lives here: when each rung is due. What happens on a rung is decided in [`crate::session`].
//!
//! # Invariants
//! - **A5** the deadline rules every retry inside it, and the template rung needs no model;
//! - the rungs of a promise never move backwards: `next_rung` after a rung is always later.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// When the rungs of a promise are due, in milliseconds after the customer's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseSettings {
    /// The primary model is given up for the second one.
    pub second_model_ms: u32,
    /// No model is waited for longer; the template may follow.
    pub models_end_ms: u32,
    /// The template goes out in the customer's language.
    pub template_ms: u32,
    /// A human is alerted if the answer is not proven.
    pub alert_ms: u32,
    /// The promise itself.
    pub deadline_ms: u32,
}

impl Default for PromiseSettings {
    fn default() -> Self {
        Self {
            second_model_ms: 30_000,
            models_end_ms: 55_000,
            template_ms: 60_000,
            alert_ms: 75_000,
            deadline_ms: 90_000,
        }
    }
}

/// Why promise settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the rungs must rise: second_model_ms < models_end_ms < template_ms < alert_ms < deadline_ms, and deadline_ms be at most 24 hours"
)]
pub struct RungsOutOfOrder;

/// A step that is taken when no answer is proven by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The primary model answers.
    Primary,
    /// The second model is asked.
    Second,
    /// Models are given up.
    ModelsEnd,
    /// The template is sent.
    Template,
    /// A human is alerted.
    Alert,
    /// The promise is broken, and says so.
    Deadline,
}

impl PromiseSettings {
    /// Checks that each rung comes after the one before.
    pub const fn check(self) -> Result<Self, RungsOutOfOrder> {
        if 0 < self.second_model_ms
            && self.second_model_ms < self.models_end_ms
            && self.models_end_ms < self.template_ms
            && self.template_ms < self.alert_ms
            && self.alert_ms < self.deadline_ms
            && self.deadline_ms <= 86_400_000
        {
            Ok(self)
        } else {
            Err(RungsOutOfOrder)
        }
    }

    /// When a rung of a promise made at `since` is due.
    pub fn due(&self, since: Timestamp, rung: Rung) -> Timestamp {
        let after = match rung {
            Rung::Primary => 0,
            Rung::Second => self.second_model_ms,
            Rung::ModelsEnd => self.models_end_ms,
            Rung::Template => self.template_ms,
            Rung::Alert => self.alert_ms,
            Rung::Deadline => self.deadline_ms,
        };
        since
            .saturating_add(SignedDuration::from_millis(i64::from(after)))
            .unwrap_or(Timestamp::MAX)
    }
}

impl Rung {
    /// The rung after this one, if there is one.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Primary => Some(Self::Second),
            Self::Second => Some(Self::ModelsEnd),
            Self::ModelsEnd => Some(Self::Template),
            Self::Template => Some(Self::Alert),
            Self::Alert => Some(Self::Deadline),
            Self::Deadline => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rungs_are_those_of_the_product() {
        let settings = PromiseSettings::default().check().unwrap();
        let since = Timestamp::UNIX_EPOCH;
        let due = |rung| settings.due(since, rung).as_second();
        assert_eq!(due(Rung::Second), 30);
        assert_eq!(due(Rung::ModelsEnd), 55);
        assert_eq!(due(Rung::Template), 60);
        assert_eq!(due(Rung::Alert), 75);
        assert_eq!(due(Rung::Deadline), 90);
    }

    #[test]
    fn rungs_that_do_not_rise_are_refused() {
        let default = PromiseSettings::default();
        for settings in [
            PromiseSettings { second_model_ms: 0, ..default },
            PromiseSettings { template_ms: 55_000, ..default },
            PromiseSettings { alert_ms: 90_000, ..default },
            PromiseSettings { deadline_ms: 86_400_001, ..default },
        ] {
            assert_eq!(settings.check(), Err(RungsOutOfOrder));
        }
    }
}
