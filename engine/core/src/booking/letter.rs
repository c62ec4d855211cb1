//! Letters that a booking owes: what is sent, when, and when it must not be sent any more.
//!
//! Derived from the state, so that a letter dies with what it speaks of: a moved booking has other
//! reminders, a cancelled one has none.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Booking, BookingSettings, BookingStatus, By};

/// What a letter about a booking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The confirmation, with the invitation.
    Confirmation,
    /// It was moved; the invitation again.
    Change,
    Cancellation,
    /// The first: a day before, unless the tenant says otherwise.
    Reminder24h,
    /// The second: two hours before, unless the tenant says otherwise.
    Reminder2h,
    /// A one-time code; its sequence counts the codes, not the booking's changes.
    Code,
    /// A time became free for somebody who waits: it is held for them.
    Offer,
}

impl LetterKind {
    pub const ALL: [Self; 7] = [
        Self::Confirmation,
        Self::Change,
        Self::Cancellation,
        Self::Reminder24h,
        Self::Reminder2h,
        Self::Code,
        Self::Offer,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Change => "change",
            Self::Cancellation => "cancellation",
            Self::Reminder24h => "reminder_24h",
            Self::Reminder2h => "reminder_2h",
            Self::Code => "code",
            Self::Offer => "offer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub const fn is_reminder(self) -> bool {
        matches!(self, Self::Reminder24h | Self::Reminder2h)
    }

    /// How long before the start a reminder is due.
    fn ahead(self, settings: &BookingSettings) -> Option<SignedDuration> {
        let minutes = match self {
            Self::Reminder24h => settings.first_reminder_minutes,
            Self::Reminder2h => settings.second_reminder_minutes,
            _ => 0,
        };
        (minutes > 0).then(|| SignedDuration::from_mins(i64::from(minutes)))
    }
}

/// A letter that is owed. Kind and sequence are its key: it is sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owed {
    pub kind: LetterKind,
    /// The booking's, when it was written down.
    pub sequence: u32,
    pub due_at: Timestamp,
}

impl Booking {
    /// The reminders that its state asks for at `now`. One whose time has passed is not made up for:
    /// who books three hours ahead is not reminded a day ahead.
    pub fn reminders(&self, settings: &BookingSettings, now: Timestamp) -> Vec<Owed> {
        if self.status != BookingStatus::Booked {
            return vec![];
        }
        let owed = |kind: LetterKind| {
            let due_at = self.wish.from.checked_sub(kind.ahead(settings)?).ok()?;
            (due_at > now).then_some(Owed { kind, sequence: self.sequence, due_at })
        };
        [LetterKind::Reminder24h, LetterKind::Reminder2h].into_iter().filter_map(owed).collect()
    }

    /// The letter that the step to this state owes at once, if one: of a hold only who waited is told, for whom
    /// the engine made it.
    pub fn word(&self, before: Option<&Self>, now: Timestamp) -> Option<Owed> {
        let was = before.map(|booking| booking.status);
        let kind = match (was, self.status) {
            (None, BookingStatus::Held) if self.made_by == By::Engine => LetterKind::Offer,
            (Some(BookingStatus::Booked), BookingStatus::Booked)
                if before.is_some_and(|booking| booking.sequence != self.sequence) =>
            {
                LetterKind::Change
            }
            (Some(BookingStatus::Held), BookingStatus::Booked) => LetterKind::Confirmation,
            (Some(BookingStatus::Booked), BookingStatus::Cancelled) => LetterKind::Cancellation,
            _ => return None,
        };
        Some(Owed { kind, sequence: self.sequence, due_at: now })
    }

    /// Whether a letter may still leave: it speaks of the booking as it is, and a reminder is not late.
    pub fn may_leave(&self, owed: Owed, now: Timestamp) -> bool {
        let same = self.sequence == owed.sequence;
        match owed.kind {
            LetterKind::Cancellation => self.status == BookingStatus::Cancelled && same,
            LetterKind::Confirmation | LetterKind::Change => {
                self.status == BookingStatus::Booked && same
            }
            LetterKind::Reminder24h | LetterKind::Reminder2h => {
                self.status == BookingStatus::Booked && same && now < self.wish.from
            }
            LetterKind::Offer => self.status_at(now) == BookingStatus::Held && same,
            // Proves who somebody is, whatever became of the time meanwhile.
            LetterKind::Code => self.status_at(now).takes_place(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::{BookingCommand, By, ledger::tests::at, state::tests::held};

    fn step(booking: &Booking, command: BookingCommand, now: &str) -> Booking {
        let mut next = booking.clone();
        let event = booking.decide(command, at(now)).unwrap();
        next.apply(&event, at(now));
        next
    }

    fn booked(now: &str) -> (Booking, Booking) {
        let (held, _) = held();
        let confirm =
            BookingCommand::Confirm { offer: held.offer, by: By::Customer, customer: None };
        let booked = step(&held, confirm, now);
        (held, booked)
    }

    #[test]
    fn reminders_follow_the_booking_and_die_with_it() {
        let (held, booked) = booked("21T08:01");
        assert_eq!(
            held.reminders(&BookingSettings::default(), at("21T08:00")),
            [],
            "nobody is reminded of a hold"
        );
        let due = |booking: &Booking, now: &str| -> Vec<Timestamp> {
            booking
                .reminders(&BookingSettings::default(), at(now))
                .into_iter()
                .map(|owed| owed.due_at)
                .collect()
        };
        assert_eq!(due(&booked, "21T08:01"), [at("23T13:00"), at("24T11:00")]);
        assert_eq!(due(&booked, "23T13:00"), [at("24T11:00")], "none is made up for");
        let old = booked.reminders(&BookingSettings::default(), at("21T08:01"))[0];
        assert!(booked.may_leave(old, at("23T13:00")));
        let to = BookingCommand::Reschedule {
            from: at("25T13:00"),
            until: at("25T14:00"),
            takes: vec![],
            by: By::Customer,
        };
        let moved = step(&booked, to, "22T08:00");
        assert!(!moved.may_leave(old, at("23T13:00")), "it speaks of another time");
        assert_eq!(due(&moved, "22T08:00"), [at("24T13:00"), at("25T11:00")]);
        let new = moved.reminders(&BookingSettings::default(), at("22T08:00"))[1];
        assert!(!moved.may_leave(new, at("25T13:00")), "a late reminder reminds of nothing");
        let over =
            step(&moved, BookingCommand::Cancel { by: By::Customer, reason: None }, "22T09:00");
        assert_eq!(over.reminders(&BookingSettings::default(), at("22T09:00")), []);
        assert!(!over.may_leave(new, at("25T11:00")));
    }

    #[test]
    fn each_step_that_a_customer_should_hear_of_has_its_letter() {
        let (held, booked) = booked("21T08:01");
        let now = at("21T08:01");
        assert_eq!(held.word(None, now), None);
        let kind = |after: &Booking, before| after.word(Some(before), now).map(|owed| owed.kind);
        assert_eq!(kind(&booked, &held), Some(LetterKind::Confirmation));
        let cancel = BookingCommand::Cancel { by: By::Customer, reason: None };
        assert_eq!(kind(&step(&held, cancel.clone(), "21T08:01"), &held), None);
        let over = step(&booked, cancel, "21T08:02");
        assert_eq!(kind(&over, &booked), Some(LetterKind::Cancellation));
        let word = booked.word(Some(&held), now).unwrap();
        assert!(booked.may_leave(word, now) && !over.may_leave(word, now));
    }
}
