//! Call-backs: a customer whom nobody can answer now chooses when a person calls them.
//!
//! Lives here: what a call-back is, when one is offered, and what a tenant sets. Which times are free and who
//! calls is in [`times`]; what a conversation decides is in `session/decide/callback.rs`.
//!
//! # Invariants
//! - **A3** everything here follows from its arguments;
//! - **A11** an agreed call-back is a customer who waits: it owns a timer until somebody says how it ended;
//! - **A9** so many times are offered at most ([`MOST_OFFERED`]);
//! - one member has one call-back at a time: the store holds it against rivals.

mod state;
pub mod times;
#[cfg(test)]
mod times_tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::state::{Callback, CallbackDesk, Stage};
use crate::{hours::Doors, id::MemberId};

/// Times that are offered at once.
pub const MOST_OFFERED: usize = 12;
/// Times of one day that are offered at once.
pub const MOST_OFFERED_A_DAY: usize = 4;

/// A time at which somebody can call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallTime {
    pub at: Timestamp,
    pub minutes: u16,
}

impl CallTime {
    /// When whoever calls is free again.
    pub fn until(self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.minutes));
        self.at.saturating_add(length).unwrap_or(Timestamp::MAX)
    }
}

/// Why a call-back is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferReason {
    /// The business is closed.
    Closed,
    /// It is open, and nobody is there who could answer.
    NobodyThere,
    /// Somebody may be there, and the customer has waited longer than the tenant lets them.
    LongWait,
    /// The time they wanted was taken meanwhile.
    Taken,
    /// They want another time, or the last call did not come about.
    Again,
}

/// Who did something with a call-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallbackBy {
    Customer,
    Member { member: MemberId },
}

/// How a call-back ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackEnd {
    /// They spoke.
    Done,
    /// Somebody called, and the customer did not take it.
    Unreached,
    /// Nobody said that they had called while its time lasted.
    Missed,
    /// The customer or the business did not want it any more.
    Cancelled,
}

/// When customers are offered a call-back, and how calls are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackSettings {
    pub enabled: bool,
    /// A customer who has waited so long for a person is offered one also when somebody is there; 0: never.
    pub after_ms: u32,
    /// How long a member keeps free for one call.
    pub minutes: u16,
    /// How soon somebody can call at the earliest.
    pub notice_minutes: u16,
    /// On how many days from today calls are offered.
    pub days: u8,
}

impl Default for CallbackSettings {
    fn default() -> Self {
        Self { enabled: true, after_ms: 5 * 60_000, minutes: 30, notice_minutes: 15, days: 7 }
    }
}

/// Why these settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a call-back takes 10 to 120 minutes, on 1 to 28 days, 0 minutes to 24 hours ahead; after_ms is 0, or 10 seconds to 24 hours"
)]
pub struct CallbackOutOfRange;

impl CallbackSettings {
    /// Whether a tenant has set nothing of its own.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the times make sense.
    pub fn check(self) -> Result<Self, CallbackOutOfRange> {
        let sound = (10..=120).contains(&self.minutes)
            && (1..=28).contains(&self.days)
            && self.notice_minutes <= 24 * 60
            && (self.after_ms == 0 || (10_000..=86_400_000).contains(&self.after_ms));
        if sound { Ok(self) } else { Err(CallbackOutOfRange) }
    }

    /// After how long a wait a call-back is offered whoever is there; none: never.
    pub fn after(self) -> Option<u32> {
        Some(self.after_ms).filter(|ms| self.enabled && *ms > 0)
    }
}

/// Why a customer who waits is offered a call-back now; `None` when they are better off waiting.
///
/// `somebody` tells whether anybody is there who could answer, `asked` what else speaks for it.
pub fn reason(doors: Doors, somebody: bool, asked: Option<OfferReason>) -> Option<OfferReason> {
    match (asked, doors) {
        (Some(asked), _) => Some(asked),
        (None, Doors::Closed { .. }) => Some(OfferReason::Closed),
        (None, Doors::Open { .. }) if !somebody => Some(OfferReason::NobodyThere),
        (None, Doors::Open { .. }) => None,
    }
}
