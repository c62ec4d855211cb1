//! Appointments: what can be booked, what is free, bookings and what becomes of them.

mod news;
mod public;
mod resources;
mod waits;

use forecourt_core::{
    booking::{self, Booking, letter::LetterKind},
    id::{BookingId, OfferId, ResourceId, ServiceId, SessionId},
};
use forecourt_ports::store::{BookingHistory, LetterRecord, LetterStatus};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::words::same_words;

pub use self::{
    news::{BookingEventName, BookingNow, BookingStep},
    public::{
        BringCode, CodeAsked, FindBookings, FreeSlot, FreeSlots, NoSlotReason, OwnBooking,
        OwnBookings, PublicBooking,
    },
    resources::{
        BlockCreated, BlockKind, BlockList, BlockView, BookingRules, LedgerEntry, NewBlock,
        PutResource, PutTerms, ResourceKind, ResourceLedger, ResourceList, ResourceView,
        ServiceNeed, ServiceTerms, ServiceTermsList,
    },
    waits::{NewWait, WaitCreated, WaitList, WaitView},
};

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    Held,
    Booked,
    Cancelled,
    Expired,
    NoShow,
}

same_words!(booking::BookingStatus = BookingStatus { Held, Booked, Cancelled, Expired, NoShow });

/// Whom a booking is for, as far as it is known.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingCustomer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    /// As people write it; kept as E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
    /// BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lang: Option<String>,
    /// IANA: where the customer's own clock is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub zone: Option<String>,
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub sms_consent: bool,
}

impl std::fmt::Debug for BookingCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BookingCustomer(..)") // personal data stays out of logs (A13)
    }
}

/// Hold a time for a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldBooking {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// An instant, or a time on the tenant's wall clock (`2026-11-24T14:00`).
    pub starts_at: String,
    /// Only with this resource, such as the vehicle that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub resource_id: Option<ResourceId>,
    #[serde(default)]
    #[ts(optional, as = "Option<BookingCustomer>")]
    pub customer: BookingCustomer,
    /// At most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// 1 to 60; five when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hold_minutes: Option<u16>,
    /// The same again is the same booking.
    pub client_id: String,
}

/// Say yes to exactly this offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBooking {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub offer_id: OfferId,
    /// Replaces what was known of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer: Option<BookingCustomer>,
}

/// The customer's own yes to what is held for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptOffer {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub offer_id: OfferId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleBooking {
    /// An instant, or a time on the tenant's wall clock.
    pub starts_at: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBooking {
    /// At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

/// A booking as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub booking_id: BookingId,
    /// As it is now: a hold that is over is expired.
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
    /// The start on the customer's own clock, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer_local: Option<String>,
    #[ts(type = "Array<string>")]
    #[schema(value_type = Vec<String>)]
    pub resource_ids: Vec<ResourceId>,
    /// What a yes must name.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub offer_id: OfferId,
    /// When the hold ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub hold_until: Option<Timestamp>,
    pub customer: BookingCustomer,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// How often its calendar entry has changed.
    pub sequence: u32,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingPage {
    pub bookings: Vec<BookingView>,
    /// Give it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// A letter about a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingLetter {
    /// `confirmation`, `change`, `cancellation`, `reminder_24h` or `reminder_2h`.
    pub kind: String,
    /// `pending`, `handing_over`, `accepted`, `failed`, `uncertain` or `dropped`.
    pub status: String,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
}

/// A booking with all that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingDetail {
    pub booking: BookingView,
    pub history: Vec<BookingStep>,
    pub letters: Vec<BookingLetter>,
    /// What the customer's own link carries: opens this one booking at `/v1/public/bookings/{token}`.
    pub customer_token: String,
}

/// An instant on a zone's wall clock; in UTC where the zone is not known any more.
pub fn local(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    zone.to_datetime(at).to_string()
}

/// The start on the customer's own clock, where that is another one.
fn customer_local(booking: &Booking) -> Option<String> {
    let zone = booking.wish.customer.zone.as_deref()?;
    (zone != booking.wish.zone).then(|| local(booking.wish.from, zone))
}

impl BookingView {
    pub fn of(booking: &Booking, now: Timestamp) -> Self {
        let wish = &booking.wish;
        let customer = &wish.customer;
        Self {
            booking_id: booking.id,
            status: booking.status_at(now).into(),
            service_id: wish.service,
            starts_at: wish.from,
            ends_at: wish.until,
            zone: wish.zone.clone(),
            local: local(wish.from, &wish.zone),
            customer_local: customer_local(booking),
            resource_ids: wish.takes.iter().map(|take| take.resource).collect(),
            offer_id: booking.offer,
            hold_until: booking.held_until(),
            customer: customer.into(),
            notes: wish.notes.clone(),
            session_id: wish.session,
            sequence: booking.sequence,
            created_at: booking.created_at,
        }
    }
}

impl From<&booking::Customer> for BookingCustomer {
    fn from(customer: &booking::Customer) -> Self {
        Self {
            name: customer.name.clone(),
            email: customer.email.clone(),
            phone: customer.phone.clone(),
            lang: customer.lang.map(|lang| lang.tag().to_owned()),
            zone: customer.zone.clone(),
            sms_consent: customer.sms_consent,
        }
    }
}

impl From<&LetterRecord> for BookingLetter {
    fn from(letter: &LetterRecord) -> Self {
        let status = match letter.status {
            LetterStatus::Pending => "pending",
            LetterStatus::HandingOver => "handing_over",
            LetterStatus::Accepted => "accepted",
            LetterStatus::Failed => "failed",
            LetterStatus::Uncertain => "uncertain",
            LetterStatus::Dropped => "dropped",
        };
        let kind: LetterKind = letter.kind;
        Self { kind: kind.as_str().to_owned(), status: status.to_owned(), due_at: letter.next_at }
    }
}

impl BookingDetail {
    pub fn of(history: &BookingHistory, customer_token: String, now: Timestamp) -> Self {
        Self {
            customer_token,
            booking: BookingView::of(&history.booking, now),
            history: history.events.iter().map(BookingStep::of).collect(),
            letters: history.letters.iter().map(BookingLetter::from).collect(),
        }
    }
}
