//! What a conversation knows of its call-back: what was offered, what is wanted, what is agreed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{CallTime, OfferReason};
use crate::{id::MemberId, utterance};

/// An agreed call-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub at: Timestamp,
    pub minutes: u16,
    /// Who calls.
    pub member: MemberId,
    /// Since when who calls is told that it is time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rang: Option<Timestamp>,
}

/// How far a call-back is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its time has not come.
    Ahead,
    /// It is time, and nobody has said how it went.
    Ringing,
}

impl Callback {
    pub const fn time(&self) -> CallTime {
        CallTime { at: self.at, minutes: self.minutes }
    }

    pub const fn stage(&self) -> Stage {
        if self.rang.is_some() { Stage::Ringing } else { Stage::Ahead }
    }

    /// When something happens by itself: it rings, or counts as missed. Who was told late has the whole time.
    pub(crate) fn due(&self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.minutes));
        self.rang.map_or(self.at, |rang| rang.saturating_add(length).unwrap_or(Timestamp::MAX))
    }
}

/// Everything of call-backs in one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallbackDesk {
    /// The times that the customer can choose from, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<CallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<OfferReason>,
    /// The time that the customer chose, until it is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Callback>,
}

impl CallbackDesk {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is offered is over: somebody answers, or a time is agreed.
    pub(crate) fn withdraw(&mut self) {
        (self.offered, self.why, self.wanted) = (Vec::new(), None, None);
    }

    /// The offered time that a text names, when it names one and only one. `clock` gives the date and the minute
    /// of the day that the tenant's clock shows.
    pub(crate) fn named(
        &self,
        said: &utterance::Utterance,
        clock: impl Fn(Timestamp) -> (jiff::civil::Date, u16),
    ) -> Option<CallTime> {
        let mut named = self.offered.iter().filter(|time| {
            let (day, minute) = clock(time.at);
            said.names(day, minute)
        });
        let only = named.next().copied();
        only.filter(|_| named.next().is_none())
    }
}
