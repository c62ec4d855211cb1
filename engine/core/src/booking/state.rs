//! One booking: held, confirmed, moved, cancelled. Its commands, its events, and what follows.
//!
//! `held → booked → (no-show | cancelled)`, and `held → cancelled | expired`. Moving keeps the id.
//! Whether a time is free is the ledgers' to say ([`super::free`]): commands carry the takes that were
//! granted, and the store fences them (A12).
//!
//! # Invariants
//! - **A3** [`Booking::decide`] depends on nothing but its arguments; [`Booking::apply`] of its events
//!   gives the state again;
//! - a hold that is over is never confirmed, whether or not anybody has written its end down;
//! - a confirmation names the offer it means, and means no other;
//! - every change of what a calendar shows raises `sequence` (RFC 5545, 3.8.7.4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Stretch, Take};
use crate::{
    id::{BookingId, MemberId, OfferId, ServiceId, SessionId},
    lang::Lang,
    money::Money,
};

/// How long a hold lasts when nothing else is said.
pub const HOLD: SignedDuration = SignedDuration::from_mins(5);
/// The longest hold that anybody may ask for.
pub const LONGEST_HOLD: SignedDuration = SignedDuration::from_mins(60);
/// How often a booking may be moved (A9).
pub const MOST_MOVES: u32 = 50;

/// How often a booking has changed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BookingVersion(pub i64);

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// Kept for one customer until `hold_until`.
    Held,
    Booked,
    Cancelled,
    /// The hold ended before anybody said yes.
    Expired,
    /// The customer did not come.
    NoShow,
}

impl BookingStatus {
    pub const ALL: [Self; 5] =
        [Self::Held, Self::Booked, Self::Cancelled, Self::Expired, Self::NoShow];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it still takes a place in a ledger.
    pub const fn takes_place(self) -> bool {
        matches!(self, Self::Held | Self::Booked)
    }
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", content = "member", rename_all = "snake_case")]
pub enum By {
    Customer,
    Member(MemberId),
    Assistant,
    /// The clock.
    Engine,
}

/// Whom it is for, as far as it is known.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// The language letters are written in.
    pub lang: Option<Lang>,
    /// Where the customer's own clock is, IANA; both clocks are shown when they differ.
    pub zone: Option<String>,
    pub sms_consent: bool,
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(..)") // personal data stays out of logs (A13)
    }
}

/// What somebody wants to book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    pub service: ServiceId,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The zone whose clock was meant: the tenant's.
    pub zone: String,
    pub takes: Vec<Take>,
    /// As the terms had it when it was held.
    pub price: Option<Money>,
    pub customer: Customer,
    pub notes: Option<String>,
    pub session: Option<SessionId>,
    /// The caller's own id of this wish; the same again is the same booking.
    pub client_id: Option<String>,
}

/// A booking. The default is one of which nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    pub id: BookingId,
    pub version: BookingVersion,
    pub status: BookingStatus,
    #[serde(flatten)]
    pub wish: Requested,
    pub offer: OfferId,
    /// When the hold ends; of what is booked, when it would have.
    pub hold_until: Timestamp,
    /// What calendars count its changes by.
    pub sequence: u32,
    pub moves: u32,
    /// Where it was before it was moved last.
    pub moved_from: Option<Timestamp>,
    pub made_by: By,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What may be done with a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingCommand {
    /// Say yes to exactly this offer.
    Confirm {
        offer: OfferId,
        by: By,
        customer: Option<Customer>,
    },
    /// Move it to where these takes were granted.
    Reschedule {
        from: Timestamp,
        until: Timestamp,
        takes: Vec<Take>,
        by: By,
    },
    Cancel {
        by: By,
        reason: Option<String>,
    },
    /// The customer did not come.
    NoShow {
        by: By,
    },
    /// Write down that the hold is over.
    Expire,
}

/// What has happened to a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BookingEvent {
    #[serde(rename = "booking.held")]
    Held { offer: OfferId, hold_until: Timestamp, by: By, wish: Requested },
    #[serde(rename = "booking.confirmed")]
    Confirmed { offer: OfferId, by: By, customer: Option<Customer> },
    #[serde(rename = "booking.rescheduled")]
    Rescheduled { was: Timestamp, from: Timestamp, until: Timestamp, takes: Vec<Take>, by: By },
    #[serde(rename = "booking.cancelled")]
    Cancelled { by: By, reason: Option<String> },
    #[serde(rename = "booking.no_show")]
    NoShow { by: By },
    #[serde(rename = "booking.expired")]
    Expired,
}

impl BookingEvent {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Held { .. } => "booking.held",
            Self::Confirmed { .. } => "booking.confirmed",
            Self::Rescheduled { .. } => "booking.rescheduled",
            Self::Cancelled { .. } => "booking.cancelled",
            Self::NoShow { .. } => "booking.no_show",
            Self::Expired => "booking.expired",
        }
    }
}

/// Why it is not done. A refusal changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    #[error("the hold is over")]
    HoldIsOver,
    #[error("the offer is another one")]
    AnotherOffer,
    #[error("the booking is over")]
    Over,
    #[error("the booking has not begun")]
    NotYet,
    #[error("the booking has begun")]
    TooLate,
    #[error("the booking is already so")]
    Already,
    #[error("the booking was moved too often")]
    TooOften,
}

impl Booking {
    /// A hold on what was granted.
    pub fn hold(
        id: BookingId,
        offer: OfferId,
        wish: Requested,
        lasts: SignedDuration,
        by: By,
        now: Timestamp,
    ) -> (Self, BookingEvent) {
        let lasts = lasts.clamp(SignedDuration::from_secs(1), LONGEST_HOLD);
        let hold_until = now.checked_add(lasts).unwrap_or(Timestamp::MAX).min(wish.from.max(now));
        let event = BookingEvent::Held { offer, hold_until, by, wish };
        (Self::first(id, &event, now), event)
    }

    /// The state after the first event.
    fn first(id: BookingId, event: &BookingEvent, at: Timestamp) -> Self {
        let BookingEvent::Held { offer, hold_until, by, wish } = event else {
            unreachable!("a booking begins with its hold")
        };
        Self {
            id,
            version: BookingVersion(1),
            status: BookingStatus::Held,
            wish: wish.clone(),
            offer: *offer,
            hold_until: *hold_until,
            sequence: 0,
            moves: 0,
            moved_from: None,
            made_by: *by,
            created_at: at,
            updated_at: at,
        }
    }

    /// Builds the state again from everything that happened.
    pub fn replay(id: BookingId, events: &[(Timestamp, BookingEvent)]) -> Option<Self> {
        let ((at, first), rest) = events.split_first()?;
        if !matches!(first, BookingEvent::Held { .. }) {
            return None;
        }
        let mut booking = Self::first(id, first, *at);
        for (at, event) in rest {
            booking.apply(event, *at);
        }
        Some(booking)
    }

    /// Its status as it is at `now`: a hold that is over is expired, written down or not.
    pub fn status_at(&self, now: Timestamp) -> BookingStatus {
        if self.status == BookingStatus::Held && now >= self.hold_until {
            BookingStatus::Expired
        } else {
            self.status
        }
    }

    pub fn stretch(&self) -> Stretch {
        Stretch { from: self.wish.from, until: self.wish.until }
    }

    /// Until when its takes count, as the store keeps them; `None` for good.
    pub fn held_until(&self) -> Option<Timestamp> {
        (self.status == BookingStatus::Held).then_some(self.hold_until)
    }

    /// What it takes of the ledgers now.
    pub fn takes(&self) -> &[Take] {
        if self.status.takes_place() { &self.wish.takes } else { &[] }
    }

    /// Decides; the state is not touched.
    pub fn decide(&self, command: BookingCommand, now: Timestamp) -> Result<BookingEvent, Refused> {
        let status = self.status_at(now);
        match command {
            BookingCommand::Confirm { offer, by, customer } => match status {
                _ if offer != self.offer => Err(Refused::AnotherOffer),
                BookingStatus::Held => Ok(BookingEvent::Confirmed { offer, by, customer }),
                BookingStatus::Booked => Err(Refused::Already),
                BookingStatus::Expired => Err(Refused::HoldIsOver),
                BookingStatus::Cancelled | BookingStatus::NoShow => Err(Refused::Over),
            },
            BookingCommand::Reschedule { from, until, takes, by } => match status {
                BookingStatus::Expired => Err(Refused::HoldIsOver),
                BookingStatus::Cancelled | BookingStatus::NoShow => Err(Refused::Over),
                _ if self.moves >= MOST_MOVES => Err(Refused::TooOften),
                _ if from == self.wish.from => Err(Refused::Already),
                // Staff may move what was missed by a minute; a customer may not.
                _ if by == By::Customer && now >= self.wish.from => Err(Refused::TooLate),
                BookingStatus::Held | BookingStatus::Booked => {
                    Ok(BookingEvent::Rescheduled { was: self.wish.from, from, until, takes, by })
                }
            },
            BookingCommand::Cancel { by, reason } => match status {
                BookingStatus::Cancelled | BookingStatus::Expired => Err(Refused::Already),
                BookingStatus::NoShow => Err(Refused::Over),
                _ if by == By::Customer && now >= self.wish.from => Err(Refused::TooLate),
                BookingStatus::Held | BookingStatus::Booked => {
                    Ok(BookingEvent::Cancelled { by, reason })
                }
            },
            BookingCommand::NoShow { by } => match status {
                BookingStatus::NoShow => Err(Refused::Already),
                BookingStatus::Booked if now < self.wish.from => Err(Refused::NotYet),
                BookingStatus::Booked => Ok(BookingEvent::NoShow { by }),
                _ => Err(Refused::Over),
            },
            BookingCommand::Expire => match (self.status, status) {
                (BookingStatus::Held, BookingStatus::Expired) => Ok(BookingEvent::Expired),
                (BookingStatus::Held, _) => Err(Refused::NotYet),
                _ => Err(Refused::Already),
            },
        }
    }

    /// The state after an event.
    pub fn apply(&mut self, event: &BookingEvent, at: Timestamp) {
        match event {
            // Only ever the first.
            BookingEvent::Held { .. } => return,
            BookingEvent::Confirmed { customer, .. } => {
                self.status = BookingStatus::Booked;
                if let Some(customer) = customer {
                    self.wish.customer = customer.clone();
                }
            }
            BookingEvent::Rescheduled { was, from, until, takes, .. } => {
                (self.wish.from, self.wish.until) = (*from, *until);
                self.wish.takes.clone_from(takes);
                self.moved_from = Some(*was);
                self.moves += 1;
                self.sequence += 1;
            }
            BookingEvent::Cancelled { .. } => {
                self.status = BookingStatus::Cancelled;
                self.sequence += 1;
            }
            BookingEvent::NoShow { .. } => self.status = BookingStatus::NoShow,
            BookingEvent::Expired => self.status = BookingStatus::Expired,
        }
        self.version.0 += 1;
        self.updated_at = at;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::{
        Refused::{Already, HoldIsOver, NotYet, Over, TooLate},
        *,
    };
    use crate::booking::ledger::tests::{at, booking, service, stretch, taken};

    pub(crate) fn wish() -> Requested {
        Requested {
            service: service(),
            from: at("24T13:00"),
            until: at("24T14:00"),
            zone: "Europe/Oslo".into(),
            takes: vec![taken(1, 0, 1, stretch("24T13:00", "24T14:00"), None).take],
            price: None,
            customer: Customer {
                name: Some("Kari Nordmann".into()),
                email: Some("kari@example.no".into()),
                lang: Some(Lang::Nb),
                ..Customer::default()
            },
            notes: None,
            session: None,
            client_id: Some("c-1".into()),
        }
    }

    fn offer(n: u128) -> OfferId {
        OfferId::from_uuid(Uuid::from_u128(n))
    }

    pub(crate) fn held() -> (Booking, BookingEvent) {
        Booking::hold(booking(1), offer(1), wish(), HOLD, By::Assistant, at("21T08:00"))
    }

    fn yes(n: u128) -> BookingCommand {
        BookingCommand::Confirm { offer: offer(n), by: By::Customer, customer: None }
    }

    fn elsewhere(by: By) -> BookingCommand {
        let takes = vec![taken(1, 0, 1, stretch("25T13:00", "25T14:00"), None).take];
        BookingCommand::Reschedule { from: at("25T13:00"), until: at("25T14:00"), takes, by }
    }

    fn cancel(by: By) -> BookingCommand {
        BookingCommand::Cancel { by, reason: None }
    }

    #[test]
    fn a_yes_counts_for_the_offer_it_names_and_while_the_hold_lasts() {
        let (booking, _) = held();
        assert_eq!(booking.hold_until, at("21T08:05"));
        assert_eq!(booking.decide(yes(2), at("21T08:01")), Err(Refused::AnotherOffer));
        assert!(booking.decide(yes(1), at("21T08:04")).is_ok());
        assert_eq!(booking.decide(yes(1), at("21T08:05")), Err(HoldIsOver));
        assert_eq!(booking.status_at(at("21T08:05")), BookingStatus::Expired);
    }

    #[test]
    fn a_hold_never_outlasts_the_time_it_holds() {
        let soon = Requested { from: at("21T08:02"), ..wish() };
        let hold = |wish, lasts| {
            Booking::hold(booking(1), offer(1), wish, lasts, By::Assistant, at("21T08:00")).0
        };
        assert_eq!(hold(soon, HOLD).hold_until, at("21T08:02"));
        let long = hold(wish(), SignedDuration::from_hours(100));
        assert_eq!(long.hold_until, at("21T09:00"));
    }

    #[test]
    fn every_command_is_answered_in_every_state() {
        let (held, _) = held();
        let after = |commands: &[BookingCommand]| {
            let mut booking = held.clone();
            for command in commands {
                let event = booking.decide(command.clone(), at("21T08:01")).unwrap();
                booking.apply(&event, at("21T08:01"));
            }
            booking
        };
        let staff = By::Member(MemberId::from_uuid(Uuid::from_u128(1)));
        let booked = after(&[yes(1)]);
        let cancelled = after(&[yes(1), cancel(By::Customer)]);
        let mut missed = booked.clone();
        missed.apply(&BookingEvent::NoShow { by: staff }, at("24T14:00"));
        let no_show = BookingCommand::NoShow { by: staff };
        // State, now, command, refused how.
        let table: &[(&Booking, &str, BookingCommand, Option<Refused>)] = &[
            (&held, "21T08:01", elsewhere(By::Customer), None),
            (&held, "21T08:06", elsewhere(By::Customer), Some(HoldIsOver)),
            (&held, "21T08:01", cancel(By::Customer), None),
            (&held, "21T08:06", cancel(By::Customer), Some(Already)),
            (&held, "21T08:01", no_show.clone(), Some(Over)),
            (&held, "21T08:01", BookingCommand::Expire, Some(NotYet)),
            (&held, "21T08:05", BookingCommand::Expire, None),
            (&booked, "21T08:06", yes(1), Some(Already)),
            (&booked, "21T09:00", elsewhere(By::Customer), None),
            (&booked, "24T13:00", elsewhere(By::Customer), Some(TooLate)),
            (&booked, "24T13:00", elsewhere(staff), None),
            (&booked, "24T13:00", cancel(By::Customer), Some(TooLate)),
            (&booked, "24T13:00", cancel(staff), None),
            (&booked, "24T12:59", no_show.clone(), Some(NotYet)),
            (&booked, "24T13:00", no_show.clone(), None),
            (&booked, "24T13:00", BookingCommand::Expire, Some(Already)),
            (&cancelled, "21T08:02", yes(1), Some(Over)),
            (&cancelled, "21T08:02", elsewhere(staff), Some(Over)),
            (&cancelled, "21T08:02", cancel(staff), Some(Already)),
            (&cancelled, "25T08:02", no_show.clone(), Some(Over)),
            (&missed, "25T08:02", no_show, Some(Already)),
            (&missed, "25T08:02", cancel(staff), Some(Over)),
        ];
        for (booking, now, command, refused) in table {
            let decided = booking.decide(command.clone(), at(now));
            assert_eq!(decided.as_ref().err(), refused.as_ref(), "{command:?} at {now}");
        }
    }

    #[test]
    fn moving_keeps_the_id_and_raises_the_sequence() {
        let (mut booking, first) = held();
        let id = booking.id;
        let mut told = vec![(at("21T08:00"), first)];
        for (command, now) in [
            (yes(1), "21T08:01"),
            (elsewhere(By::Customer), "21T09:00"),
            (cancel(By::Customer), "22T09:00"),
        ] {
            let event = booking.decide(command, at(now)).unwrap();
            booking.apply(&event, at(now));
            told.push((at(now), event));
        }
        assert_eq!((booking.id, booking.sequence), (id, 2));
        assert_eq!(booking.moved_from, Some(at("24T13:00")));
        assert_eq!(booking.takes(), [], "what is cancelled takes no place");
        assert_eq!(Booking::replay(booking.id, &told), Some(booking.clone()));
        let json = serde_json::to_string(&booking).unwrap();
        assert_eq!(serde_json::from_str::<Booking>(&json).unwrap(), booking);
    }

    #[test]
    fn a_booking_is_moved_fifty_times_at_most() {
        let (mut booking, _) = held();
        booking.moves = MOST_MOVES;
        let moved = booking.decide(elsewhere(By::Customer), at("21T08:01"));
        assert_eq!(moved, Err(Refused::TooOften));
    }
}
