//! One step of a booking as the tenant's log tells it: to dashboards, and to integrators.
//!
//! Lives here: [`BookingTold`], an event of a stream that is the booking's own. It says where the booking stands
//! after the step, and whose it is only by id: who tells it on reads the customer beside it.
//!
//! # Invariants
//! - **A13** nothing of it is personal data;
//! - a step's place in the stream is the booking's version, so that a log holds each step once, and in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Booking, BookingEvent, BookingStatus, BookingVersion, By};
use crate::id::{BookingId, ResourceId, ServiceId, SessionId};

/// What happened to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingWhat {
    /// A time is kept for a customer for a while.
    Held,
    /// Somebody said yes to it.
    Booked,
    Rescheduled,
    Cancelled,
    /// The customer did not come.
    NoShow,
    /// The hold ended before anybody said yes.
    Expired,
}

/// A step of a booking, and where the booking stands after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingTold {
    pub booking: BookingId,
    /// After the step, counted from 1.
    pub version: BookingVersion,
    pub what: BookingWhat,
    pub by: By,
    pub status: BookingStatus,
    pub service: ServiceId,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The zone whose clock was meant, IANA.
    pub zone: String,
    /// What it has, or had, in the order of the service's needs.
    pub resources: Vec<ResourceId>,
    /// The conversation it came from; none when staff took it on the telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// While it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
    /// Where it was, when it was moved by this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Timestamp>,
    /// What calendars count its changes by.
    pub sequence: u32,
}

impl BookingTold {
    /// What `event` made of it; `booking` is the state after.
    pub fn of(booking: &Booking, event: &BookingEvent) -> Self {
        let (what, by, was) = match event {
            BookingEvent::Held { by, .. } => (BookingWhat::Held, *by, None),
            BookingEvent::Confirmed { by, .. } => (BookingWhat::Booked, *by, None),
            BookingEvent::Rescheduled { by, was, .. } => {
                (BookingWhat::Rescheduled, *by, Some(*was))
            }
            BookingEvent::Cancelled { by, .. } => (BookingWhat::Cancelled, *by, None),
            BookingEvent::NoShow { by } => (BookingWhat::NoShow, *by, None),
            BookingEvent::Expired => (BookingWhat::Expired, By::Engine, None),
        };
        let wish = &booking.wish;
        Self {
            booking: booking.id,
            version: booking.version,
            what,
            by,
            status: booking.status,
            service: wish.service,
            from: wish.from,
            until: wish.until,
            zone: wish.zone.clone(),
            resources: wish.takes.iter().map(|take| take.resource).collect(),
            session: wish.session,
            hold_until: booking.held_until(),
            was,
            sequence: booking.sequence,
        }
    }

    /// The stream it belongs to: the booking's own, never a conversation's.
    pub const fn stream(&self) -> SessionId {
        SessionId::from_uuid(self.booking.into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::{
        BookingCommand,
        ledger::tests::at,
        state::tests::{held, wish},
    };

    #[test]
    fn a_step_says_where_the_booking_stands_and_nothing_of_whose_it_is() {
        let (mut booking, first) = held();
        let told = BookingTold::of(&booking, &first);
        assert_eq!((told.what, told.status), (BookingWhat::Held, BookingStatus::Held));
        assert_eq!(told.hold_until, Some(booking.hold_until));
        assert_eq!(told.resources, [wish().takes[0].resource]);
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("Kari") && !text.contains("kari@"), "{text}");
        assert_eq!(serde_json::from_str::<BookingTold>(&text).unwrap(), told);

        let (from, until) = (at("25T13:00"), at("25T14:00"));
        let elsewhere = BookingCommand::Reschedule { from, until, takes: vec![], by: By::Customer };
        let event = booking.decide(elsewhere, at("21T08:01")).unwrap();
        booking.apply(&event, at("21T08:01"));
        let told = BookingTold::of(&booking, &event);
        assert_eq!((told.what, told.version), (BookingWhat::Rescheduled, BookingVersion(2)));
        assert_eq!((told.was, told.from, told.sequence), (Some(at("24T13:00")), from, 1));
        assert_eq!(told.stream().into_uuid(), booking.id.into_uuid());
    }
}
