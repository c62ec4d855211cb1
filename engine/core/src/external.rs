//! External calendars: what is written into them, what is taken from them, and when they are asked again.
//!
//! Lives here: the providers, how an entry of ours is known again, what a booking wants of a calendar,
//! and the pauses after failures. Who asks is `actors`, how a provider is asked is `engine/connect`.
//!
//! # Invariants
//! - a booking has one entry in a calendar, under a name that follows from its id: whatever is written
//!   twice is the same entry (A4);
//! - **A12** what is taken from a calendar only closes times; what is booked stays booked;
//! - a pause after failures ends within [`LONGEST_PAUSE`], unless the credentials are at fault.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    booking::{Booking, BookingStatus, Stretch},
    id::{BookingId, CalendarId, ResourceId},
};

/// Calendars that a tenant may connect (A9).
pub const MOST_CALENDARS: usize = 20;
/// Busy times that are kept of one calendar, the earliest first (A9).
pub const MOST_BUSY: usize = 2_000;
/// How far ahead busy times are read.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 120);
/// What is over for so long is not read.
pub const BEHIND: SignedDuration = SignedDuration::from_hours(24);
/// No pause after failures is longer.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// A provider may ask for a longer one, up to this.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_mins(60);
/// The pause after the first failure; each further one waits three times as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(3);

/// Whose calendar it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    CalCom,
    CalDav,
    Google,
    Microsoft,
}

impl Provider {
    pub const ALL: [Self; 4] = [Self::CalCom, Self::CalDav, Self::Google, Self::Microsoft];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CalCom => "cal_com",
            Self::CalDav => "cal_dav",
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text)
    }
}

/// Where a connection to a calendar stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarStatus {
    /// A calendar and a resource are still to be chosen.
    Choosing,
    Active,
    /// The credentials are not good any more: nothing is asked until a person has connected it again.
    Refused,
}

impl CalendarStatus {
    pub const ALL: [Self; 3] = [Self::Choosing, Self::Active, Self::Refused];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Choosing => "choosing",
            Self::Active => "active",
            Self::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What stands behind a booking's id in the name of its entry.
const HOST: &str = "@forecourt";

/// The `UID` of a booking's entry.
pub fn uid(booking: BookingId) -> String {
    format!("{booking}{HOST}")
}

/// The booking whose entry has this `UID`.
pub fn booking_of(uid: &str) -> Option<BookingId> {
    uid.strip_suffix(HOST)?.parse().ok()
}

/// What a booking wants of the calendar of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its entry, as the booking is now.
    Put,
    /// No entry.
    Remove,
    /// What is there may stay as it is.
    Leave,
}

/// See [`Wanted`]. A hold is nobody's appointment yet; what a customer missed stays in the past.
pub fn wanted(booking: &Booking, resource: ResourceId) -> Wanted {
    let here = booking.wish.takes.iter().any(|take| take.resource == resource);
    match booking.status {
        BookingStatus::Booked if here => Wanted::Put,
        BookingStatus::NoShow if here => Wanted::Leave,
        _ => Wanted::Remove,
    }
}

/// What busy times are asked for at `now`. It moves by the hour: what lies across its ends does not look new
/// with every reading.
pub fn window(now: Timestamp) -> Stretch {
    let hour = now.as_second().div_euclid(3_600) * 3_600;
    let now = Timestamp::from_second(hour).unwrap_or(now);
    Stretch {
        from: now.saturating_sub(BEHIND).unwrap_or(Timestamp::MIN),
        until: now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX),
    }
}

/// When a calendar is asked again that has failed `failures` times in a row (from 1). What failed together
/// does not come back together: up to a fifth more, by id and number (A3).
pub fn again(
    calendar: CalendarId,
    failures: u32,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> Timestamp {
    let steps = failures.clamp(1, 12) - 1;
    let pause = FIRST_PAUSE.saturating_mul(3_i32.saturating_pow(steps)).min(LONGEST_PAUSE);
    let pause = pause + spread(calendar, failures, pause / 5);
    let asked = asked.map_or(SignedDuration::ZERO, |asked| asked.min(LONGEST_ASKED));
    now.saturating_add(pause.max(asked)).unwrap_or(Timestamp::MAX)
}

/// When a calendar that answers is read again, `every` so often on average.
pub fn next_read(calendar: CalendarId, every: SignedDuration, now: Timestamp) -> Timestamp {
    let tenth = every / 10;
    let pause = every - tenth + spread(calendar, now.as_second() as u32, tenth * 2);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// Something from nothing to `most`.
fn spread(calendar: CalendarId, salt: u32, most: SignedDuration) -> SignedDuration {
    let bits = calendar.as_uuid().as_u64_pair().1 as u32;
    let thousandth = (bits ^ salt.wrapping_mul(0x9E37_79B9)) % 1_000;
    SignedDuration::from_millis(
        (most.as_millis() as i64).saturating_mul(i64::from(thousandth)) / 1_000,
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn calendar(n: u128) -> CalendarId {
        CalendarId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn an_entry_of_ours_is_known_again_and_nobody_elses_is() {
        let booking = BookingId::from_uuid(Uuid::from_u128(7));
        assert_eq!(booking_of(&uid(booking)), Some(booking));
        for other in ["", "@forecourt", "bkg_7@forecourt", "x@example.com", "ses_1@forecourt"] {
            assert_eq!(booking_of(other), None, "{other}");
        }
    }

    #[test]
    fn pauses_grow_to_their_end_and_a_provider_may_ask_for_more() {
        let now = Timestamp::UNIX_EPOCH;
        let pause = |failures, asked| again(calendar(9), failures, asked, now).duration_since(now);
        let mut before = SignedDuration::ZERO;
        for failures in 1..=40 {
            let now = pause(failures, None);
            assert!(now <= LONGEST_PAUSE + LONGEST_PAUSE / 5, "{failures}: {now}");
            assert!(failures > 5 || now > before, "{failures}: {now}");
            before = now;
        }
        assert_eq!(pause(1, Some(SignedDuration::from_mins(7))), SignedDuration::from_mins(7));
        assert_eq!(pause(1, Some(SignedDuration::MAX)), LONGEST_ASKED);
    }

    #[test]
    fn calendars_are_not_all_read_at_the_same_moment() {
        let every = SignedDuration::from_secs(100);
        let times: std::collections::BTreeSet<_> =
            (0..50).map(|n| next_read(calendar(n * 77), every, Timestamp::UNIX_EPOCH)).collect();
        assert!(times.len() > 30);
        let seconds = |at: &Timestamp| at.as_second();
        assert!(times.iter().all(|at| (90..=110).contains(&seconds(at))));
    }
}
