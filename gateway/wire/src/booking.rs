//! Appointments: what can be booked, what is free, bookings and what becomes of them.

use forecourt_core::{
    booking::{self, Booking, BookingTold, Terms, letter::LetterKind},
    id::{
        BlockId, BookingId, MemberId, OfferId, ResourceId, ServiceId, SessionId, VehicleId, WaitId,
    },
};
use forecourt_ports::store::{BookingHistory, LetterRecord, LetterStatus, TenantSnapshot, Wait};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::public::OpeningSpan;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    Vehicle,
    Bay,
    Person,
    Room,
    /// A service's own places; comes with the service.
    Service,
}

/// Why a resource is kept out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    Block,
    Maintenance,
}

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

macro_rules! same_words {
    ($core:ty => $wire:ident { $($variant:ident),* $(,)? }) => {
        impl From<$core> for $wire {
            fn from(value: $core) -> Self {
                match value { $(<$core>::$variant => Self::$variant),* }
            }
        }
        impl From<$wire> for $core {
            fn from(value: $wire) -> Self {
                match value { $($wire::$variant => Self::$variant),* }
            }
        }
    };
}

same_words!(booking::ResourceKind => ResourceKind { Vehicle, Bay, Person, Room, Service });
same_words!(booking::BlockKind => BlockKind { Block, Maintenance });
same_words!(booking::BookingStatus => BookingStatus { Held, Booked, Cancelled, Expired, NoShow });

/// A resource as it is to be: all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutResource {
    pub kind: ResourceKind,
    /// At most 200 characters.
    pub name: String,
    /// How many bookings it carries at once, 64 at most.
    #[serde(default = "one")]
    #[ts(optional, as = "Option<u16>")]
    pub capacity: u16,
    /// Minutes that it needs around every booking, besides the service's.
    #[serde(default)]
    #[ts(optional, as = "Option<u16>")]
    pub buffer_before_minutes: u16,
    #[serde(default)]
    #[ts(optional, as = "Option<u16>")]
    pub buffer_after_minutes: u16,
    /// The vehicle it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub vehicle_id: Option<VehicleId>,
    /// Its own working hours, Monday to Sunday, in the tenant's zone; without, the tenant's hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hours: Option<Vec<Vec<OpeningSpan>>>,
    #[serde(default = "yes")]
    #[ts(optional, as = "Option<bool>")]
    pub active: bool,
}

const fn one() -> u16 {
    1
}

const fn yes() -> bool {
    true
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ResourceView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub resource_id: ResourceId,
    #[serde(flatten)]
    pub resource: PutResource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ResourceList {
    pub resources: Vec<ResourceView>,
}

/// A stretch of a resource that somebody has, or in which it is out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LedgerEntry {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Whose it is; absent where it is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
    /// Counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unit: Option<u16>,
    /// When the hold ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub held_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub blocked: Option<BlockKind>,
}

/// A resource with what is booked, held and blocked of it, buffers included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ResourceLedger {
    pub resource: ResourceView,
    pub entries: Vec<LedgerEntry>,
}

/// Times at which a resource cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    pub kind: BlockKind,
    /// For staff; customers never see it. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub label: Option<String>,
    /// On the wall clock of the zone, without an offset: a weekly block stays at nine when the clock changes.
    #[schema(example = "2026-11-24T09:00")]
    pub starts_at: String,
    /// IANA; the tenant's when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub zone: Option<String>,
    pub minutes: u32,
    /// RFC 5545: FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, COUNT, UNTIL, BYDAY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO")]
    pub rule: Option<String>,
}

/// A block that people made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BlockView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub block_id: BlockId,
    pub kind: BlockKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub label: Option<String>,
    /// On the wall clock of `zone`.
    #[schema(example = "2026-11-24T09:00:00")]
    pub starts_at: String,
    /// IANA.
    pub zone: String,
    pub minutes: u32,
    /// RFC 5545; absent for once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rule: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BlockList {
    pub blocks: Vec<BlockView>,
}

impl From<&booking::Block> for BlockView {
    fn from(block: &booking::Block) -> Self {
        Self {
            block_id: block.id,
            kind: block.kind.into(),
            label: block.label.clone(),
            starts_at: block.starts_at.to_string(),
            zone: block.zone.clone(),
            minutes: block.minutes,
            rule: block.rule.as_ref().map(ToString::to_string),
        }
    }
}

/// When customers are reminded of bookings, and how long an offer to who waits holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingRules {
    /// Minutes before the start, 15 to 20,160 (14 days); 0 for no such reminder. For bookings from now on.
    #[schema(example = 1440)]
    pub first_reminder_minutes: u32,
    /// The same of the second, which comes later.
    #[schema(example = 120)]
    pub second_reminder_minutes: u32,
    /// 5 to 60.
    #[schema(example = 30)]
    pub offer_minutes: u32,
    /// What was read; who changes the rules sends it back.
    pub version: String,
}

impl BookingRules {
    pub fn of(settings: &booking::BookingSettings, version: String) -> Self {
        Self {
            first_reminder_minutes: settings.first_reminder_minutes,
            second_reminder_minutes: settings.second_reminder_minutes,
            offer_minutes: settings.offer_minutes,
            version,
        }
    }
}

/// Put somebody on a waiting list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWait {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// The first day on which they would come, in the tenant's zone.
    #[schema(example = "2026-11-24")]
    pub from: String,
    /// The last one; at most 400 days later.
    #[schema(example = "2026-12-01")]
    pub to: String,
    pub customer: BookingCustomer,
    /// The conversation that shows an offer, besides the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// The same again is the same place.
    pub client_id: String,
}

/// Somebody on a waiting list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WaitView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub wait_id: WaitId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// Between which instants they would come.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    pub customer: BookingCustomer,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// What is held for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub offered_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WaitList {
    /// First come first.
    pub waits: Vec<WaitView>,
}

impl From<&Wait> for WaitView {
    fn from(wait: &Wait) -> Self {
        Self {
            wait_id: wait.id,
            service_id: wait.service,
            from: wait.between.from,
            until: wait.between.until,
            customer: (&wait.customer).into(),
            created_at: wait.created_at,
            booking_id: wait.offered.map(|(booking, _)| booking),
            offered_until: wait.offered.map(|(_, until)| until),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WaitCreated {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub wait_id: WaitId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BlockCreated {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub block_id: BlockId,
}

/// One thing that a service needs: a unit of any resource of a kind, or of one of some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceNeed {
    pub kind: ResourceKind,
    /// Only these, the preferred first; empty for any of the kind.
    #[serde(default)]
    #[ts(type = "Array<string>")]
    #[schema(value_type = Vec<String>)]
    pub only: Vec<ResourceId>,
}

/// Under which terms a service is booked: all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutTerms {
    pub minutes: u16,
    /// Minutes that are kept free around it.
    pub buffer_before_minutes: u16,
    pub buffer_after_minutes: u16,
    /// The earliest start, counted from now.
    pub notice_minutes: u32,
    /// The latest start, counted from now.
    pub horizon_days: u16,
    /// How many may run at once when it needs nothing else.
    pub capacity: u16,
    /// What it needs, each a different resource; empty for its own places.
    pub needs: Vec<ServiceNeed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ServiceTerms {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// In the tenant's first language.
    pub name: String,
    #[serde(flatten)]
    pub terms: PutTerms,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ServiceTermsList {
    pub services: Vec<ServiceTerms>,
}

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

same_words!(booking::BookingWhat => BookingEventName {
    Held, Booked, Rescheduled, Cancelled, NoShow, Expired
});

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

/// A free time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FreeSlot {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The start on the business's clock.
    #[schema(example = "2026-11-24T14:00:00")]
    pub local: String,
    /// The start on the customer's own clock, when a zone was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer_local: Option<String>,
}

/// One reason why nothing is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct NoSlotReason {
    /// `booking.why.closed`, `booking.why.booked`, …
    pub key: String,
    /// In the language that was asked for.
    pub sentence: String,
    /// How many times it ruled out.
    pub times: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FreeSlots {
    /// The business's zone, IANA.
    pub zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer_zone: Option<String>,
    pub slots: Vec<FreeSlot>,
    /// Why there is none; the commonest first.
    pub why: Vec<NoSlotReason>,
}

/// A booking as the holder of its link sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicBooking {
    /// Who it is with.
    pub business: String,
    /// The business's public name, to ask for free times by.
    #[schema(example = "nordlys-bil")]
    pub tenant: String,
    pub status: BookingStatus,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    pub service: String,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    pub zone: String,
    /// While it is held: what a yes must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub offer_id: Option<OfferId>,
    /// While it is held: when that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub hold_until: Option<Timestamp>,
    #[schema(example = "2026-11-24T14:00:00")]
    pub local: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub customer_local: Option<String>,
}

/// Asks for a code, to find one's bookings without their link. One of `email` and `phone` is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindBookings {
    /// The tenant's public name.
    #[schema(example = "nordlys-bil")]
    pub tenant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
    /// The end of a booking's id, of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reference: Option<String>,
}

/// The same whether or not there is a booking: who has one has got a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CodeAsked {
    /// Belongs to the code.
    pub find: String,
    /// Until when a code is good.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// Brings back the code of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BringCode {
    pub tenant: String,
    /// Of [`CodeAsked`].
    pub find: String,
    #[schema(example = "042137")]
    pub code: String,
}

/// The bookings that are ahead of whoever has brought a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OwnBookings {
    pub bookings: Vec<OwnBooking>,
    /// Until when the tokens are good.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OwnBooking {
    /// Opens `/v1/public/bookings/{token}` and what is below it.
    pub token: String,
    pub booking: PublicBooking,
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

impl PublicBooking {
    pub fn of(booking: &Booking, tenant: &TenantSnapshot, service: &str, now: Timestamp) -> Self {
        let status = booking.status_at(now);
        let held = status == booking::BookingStatus::Held;
        Self {
            business: tenant.settings.brand.name.clone(),
            tenant: tenant.slug.clone(),
            status: status.into(),
            offer_id: held.then_some(booking.offer),
            hold_until: held.then_some(booking.hold_until),
            service_id: booking.wish.service,
            service: service.to_owned(),
            starts_at: booking.wish.from,
            ends_at: booking.wish.until,
            zone: booking.wish.zone.clone(),
            local: local(booking.wish.from, &booking.wish.zone),
            customer_local: customer_local(booking),
        }
    }
}

impl BookingStep {
    fn of((at, event): &(Timestamp, booking::BookingEvent)) -> Self {
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

impl From<&booking::Resource> for ResourceView {
    fn from(resource: &booking::Resource) -> Self {
        let written = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
        let spans = |day: &Vec<forecourt_core::hours::Span>| {
            day.iter()
                .map(|span| OpeningSpan {
                    opens: written(span.opens),
                    closes: written(span.closes),
                })
                .collect()
        };
        Self {
            resource_id: resource.id,
            resource: PutResource {
                kind: resource.kind.into(),
                name: resource.name.clone(),
                capacity: resource.capacity,
                buffer_before_minutes: resource.buffer_before,
                buffer_after_minutes: resource.buffer_after,
                vehicle_id: resource.vehicle,
                hours: resource.hours.as_ref().map(|hours| hours.week.iter().map(spans).collect()),
                active: resource.active,
            },
        }
    }
}

impl ServiceTerms {
    pub fn of(terms: &Terms, name: &str) -> Self {
        let need =
            |need: &booking::Need| ServiceNeed { kind: need.kind.into(), only: need.only.clone() };
        Self {
            service_id: terms.service,
            name: name.to_owned(),
            terms: PutTerms {
                minutes: terms.minutes,
                buffer_before_minutes: terms.buffer_before,
                buffer_after_minutes: terms.buffer_after,
                notice_minutes: terms.notice_minutes,
                horizon_days: terms.horizon_days,
                capacity: terms.capacity,
                needs: terms.needs.iter().map(need).collect(),
            },
        }
    }
}
