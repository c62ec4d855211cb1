//! What became of a booking, as listeners are told.

use forecourt_core::{
    booking::{self, BookingTold},
    id::{BookingId, MemberId, ResourceId, ServiceId, SessionId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{BookingStatus, local};
use crate::words::same_words;

/// One thing that happened to a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingStep {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `booking.held`, `booking.confirmed`, …
    pub what: String,
    /// `customer`, `member`, `assistant` or `engine`.
    pub by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
}

/// What happened to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub enum BookingEventName {
    #[serde(rename = "booking.held")]
    Held,
    #[serde(rename = "booking.booked")]
    Booked,
    #[serde(rename = "booking.rescheduled")]
    Rescheduled,
    #[serde(rename = "booking.cancelled")]
    Cancelled,
    #[serde(rename = "booking.no_show")]
    NoShow,
    #[serde(rename = "booking.expired")]
    Expired,
}

same_words!(
    booking::BookingWhat =
        BookingEventName { Held, Booked, Rescheduled, Cancelled, NoShow, Expired }
);

/// Where a booking stands after a step; whose it is only by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingNow {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub booking_id: BookingId,
    /// Rises by one with every step.
    #[ts(type = "number")]
    pub version: i64,
    pub status: BookingStatus,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The zone whose clock was meant, IANA.
    pub zone: String,
    /// The start on that clock.
    #[schema(example = "2026-11-24T14:00:00")]
    pub local: String,
    #[ts(type = "Array<string>")]
    #[schema(value_type = Vec<String>)]
    pub resource_ids: Vec<ResourceId>,
    /// The conversation it came from; absent when staff took it on the telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// While it is held: when that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub hold_until: Option<Timestamp>,
    /// With `booking.rescheduled`: where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub moved_from: Option<Timestamp>,
    /// How often its calendar entry has changed.
    pub sequence: u32,
    /// `customer`, `member`, `assistant` or `engine`.
    pub by: String,
}

impl From<&BookingTold> for BookingNow {
    fn from(told: &BookingTold) -> Self {
        Self {
            booking_id: told.booking,
            version: told.version.0,
            status: told.status.into(),
            service_id: told.service,
            starts_at: told.from,
            ends_at: told.until,
            zone: told.zone.clone(),
            local: local(told.from, &told.zone),
            resource_ids: told.resources.clone(),
            session_id: told.session,
            hold_until: told.hold_until,
            moved_from: told.was,
            sequence: told.sequence,
            by: actor(told.by).0.to_owned(),
        }
    }
}

/// Who acted, as the wire says it, and which member.
const fn actor(by: booking::By) -> (&'static str, Option<MemberId>) {
    match by {
        booking::By::Customer => ("customer", None),
        booking::By::Member(member) => ("member", Some(member)),
        booking::By::Assistant => ("assistant", None),
        booking::By::Engine => ("engine", None),
    }
}

impl BookingStep {
    pub(super) fn of((at, event): &(Timestamp, booking::BookingEvent)) -> Self {
        use booking::{BookingEvent as E, By};
        let by = match event {
            E::Held { by, .. }
            | E::Confirmed { by, .. }
            | E::Rescheduled { by, .. }
            | E::Cancelled { by, .. }
            | E::NoShow { by } => *by,
            E::Expired => By::Engine,
        };
        let (by, member_id) = actor(by);
        Self { at: *at, what: event.kind().to_owned(), by: by.to_owned(), member_id }
    }
}
