//! What a tenant sets of its bookings: when customers are reminded, and how long who waited may think an offer over.
//!
//! # Invariants
//! - every time has bounds (A9), checked before settings are stored;
//! - what is left out is the default, and zero turns a reminder off.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// When letters about bookings go out, and for how long an offer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingSettings {
    /// Minutes before the start at which the first reminder is due; 0 for none.
    #[serde(default = "first_reminder_minutes")]
    pub first_reminder_minutes: u32,
    /// The same of the second, which comes later.
    #[serde(default = "second_reminder_minutes")]
    pub second_reminder_minutes: u32,
    /// Minutes for which a time is kept for the first who waits.
    #[serde(default = "offer_minutes")]
    pub offer_minutes: u32,
}

const fn first_reminder_minutes() -> u32 {
    24 * 60
}

const fn second_reminder_minutes() -> u32 {
    2 * 60
}

const fn offer_minutes() -> u32 {
    30
}

impl Default for BookingSettings {
    fn default() -> Self {
        Self {
            first_reminder_minutes: first_reminder_minutes(),
            second_reminder_minutes: second_reminder_minutes(),
            offer_minutes: offer_minutes(),
        }
    }
}

/// Why these settings cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookingSettingsError {
    #[error("a reminder is due 15 minutes to 14 days ahead, or never (0)")]
    Reminder,
    #[error("the first reminder must come before the second")]
    Order,
    #[error("an offer holds for 5 to 60 minutes")]
    Offer,
}

impl BookingSettings {
    const SOONEST: u32 = 15;
    const EARLIEST: u32 = 14 * 24 * 60;

    /// Whether a tenant has set nothing of its own.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the times make sense.
    pub fn check(&self) -> Result<(), BookingSettingsError> {
        let (first, second) = (self.first_reminder_minutes, self.second_reminder_minutes);
        let sound = |ahead: u32| ahead == 0 || (Self::SOONEST..=Self::EARLIEST).contains(&ahead);
        if !sound(first) || !sound(second) {
            return Err(BookingSettingsError::Reminder);
        }
        if first > 0 && second >= first {
            return Err(BookingSettingsError::Order);
        }
        if !(5..=60).contains(&self.offer_minutes) {
            return Err(BookingSettingsError::Offer);
        }
        Ok(())
    }

    /// How long an offer to who waited holds.
    pub fn offer(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.offer_minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_and_what_is_left_out_is_the_default() {
        let read: BookingSettings = serde_json::from_str("{}").unwrap();
        assert!(read.is_default() && read.check().is_ok());
        let with = |first: u32, second: u32, offer: u32| BookingSettings {
            first_reminder_minutes: first,
            second_reminder_minutes: second,
            offer_minutes: offer,
        };
        for (settings, wrong) in [
            (with(0, 0, 5), None),
            (with(0, 120, 60), None),
            (with(20_160, 15, 30), None),
            (with(20_161, 120, 30), Some(BookingSettingsError::Reminder)),
            (with(1_440, 14, 30), Some(BookingSettingsError::Reminder)),
            (with(120, 120, 30), Some(BookingSettingsError::Order)),
            (with(1_440, 120, 4), Some(BookingSettingsError::Offer)),
            (with(1_440, 120, 61), Some(BookingSettingsError::Offer)),
        ] {
            assert_eq!(settings.check().err(), wrong, "{settings:?}");
        }
    }
}
