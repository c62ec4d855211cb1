//! From the assistant to a person and back: how long everybody may take, and what the person should know.
//!
//! # Invariants
//! - **A3** a note follows from the state alone;
//! - **A5**, **A11** none of the times here stops the promise clock: they only add timers.

use serde::{Deserialize, Serialize};

use crate::{
    callback::{CallbackOutOfRange, CallbackSettings},
    session::LeadSession,
};

/// What the person should know who takes a conversation over. Texts are the beginnings of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffNote {
    /// What the customer wrote since a person last answered, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// What the assistant has told them since, oldest first: the tenant is held to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promised: Vec<String>,
    /// What is kept for them, such as a time. A conversation itself keeps nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// What nobody knows yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// Something that is not known of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    Name,
    /// Neither a mail address nor a phone number.
    Contact,
    /// Which vehicle it is about.
    Vehicle,
}

/// The note for whoever takes `session` over now.
pub fn note(session: &LeadSession) -> HandoffNote {
    let reachable = session.customer_email.is_some() || session.has_phone;
    let missing = [
        (Missing::Name, session.customer_name.is_none()),
        (Missing::Contact, !reachable),
        (Missing::Vehicle, session.vehicle_interest.is_none()),
    ];
    HandoffNote {
        asked: session.talk.asked.iter().cloned().collect(),
        promised: session.talk.told.iter().cloned().collect(),
        held: Vec::new(),
        missing: missing.into_iter().filter_map(|(what, is)| is.then_some(what)).collect(),
    }
}

/// When conversations change hands by themselves, in milliseconds; 0 turns it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoffSettings {
    /// A customer waits, and the member who has taken over has been silent so long: the assistant
    /// speaks again.
    #[serde(default = "give_back_after_ms")]
    pub give_back_after_ms: u32,
    /// A person is needed, and who was asked has not answered for so long: the next one is asked.
    #[serde(default = "reroute_after_ms")]
    pub reroute_after_ms: u32,
    /// When the customer is offered a call-back instead of waiting on.
    #[serde(default, skip_serializing_if = "CallbackSettings::is_default")]
    pub callback: CallbackSettings,
}

const fn give_back_after_ms() -> u32 {
    15 * 60_000
}

const fn reroute_after_ms() -> u32 {
    3 * 60_000
}

/// The longest of these times.
const LONGEST: u32 = 24 * 3_600_000;
/// The shortest that is not off: less would take the conversation from somebody who is about to write.
const SHORTEST: u32 = 10_000;

impl Default for HandoffSettings {
    fn default() -> Self {
        Self {
            give_back_after_ms: give_back_after_ms(),
            reroute_after_ms: reroute_after_ms(),
            callback: CallbackSettings::default(),
        }
    }
}

/// Why these settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfRange {
    #[error(
        "give_back_after_ms and reroute_after_ms must be 0, or between 10 seconds and 24 hours"
    )]
    Times,
    #[error(transparent)]
    Callback(#[from] CallbackOutOfRange),
}

impl HandoffSettings {
    /// Whether a tenant has set nothing of its own.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the times make sense.
    pub fn check(self) -> Result<Self, OutOfRange> {
        let sound = |ms: u32| ms == 0 || (SHORTEST..=LONGEST).contains(&ms);
        let both = sound(self.give_back_after_ms) && sound(self.reroute_after_ms);
        self.callback.check()?;
        if both { Ok(self) } else { Err(OutOfRange::Times) }
    }

    /// After how long a silent member loses the conversation; none: never.
    pub fn give_back(self) -> Option<u32> {
        Some(self.give_back_after_ms).filter(|ms| *ms > 0)
    }

    /// After how long the next person is asked; none: never.
    pub fn reroute(self) -> Option<u32> {
        Some(self.reroute_after_ms).filter(|ms| *ms > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_turns_a_time_off_and_nonsense_is_refused() {
        let off = HandoffSettings {
            give_back_after_ms: 0,
            reroute_after_ms: 0,
            ..HandoffSettings::default()
        };
        assert_eq!(off.check(), Ok(off));
        assert_eq!((off.give_back(), off.reroute()), (None, None));
        let default = HandoffSettings::default();
        assert_eq!(default.check().unwrap().give_back(), Some(900_000));
        for ms in [1, 9_999, 86_400_001, u32::MAX] {
            let settings = HandoffSettings { give_back_after_ms: ms, ..default };
            assert_eq!(settings.check(), Err(OutOfRange::Times), "{ms}");
        }
    }

    #[test]
    fn a_time_that_is_left_out_is_the_default() {
        let read: HandoffSettings = serde_json::from_str(r#"{"reroute_after_ms":60000}"#).unwrap();
        assert_eq!(
            read,
            HandoffSettings { reroute_after_ms: 60_000, ..HandoffSettings::default() }
        );
    }
}
