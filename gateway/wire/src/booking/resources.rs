//! What can be booked: resources, what closes them, and the terms of services.

use forecourt_core::{
    booking::{self, Terms},
    id::{BlockId, BookingId, ResourceId, ServiceId, VehicleId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{public::OpeningSpan, words::same_words};

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

same_words!(booking::ResourceKind = ResourceKind { Vehicle, Bay, Person, Room, Service });

same_words!(booking::BlockKind = BlockKind { Block, Maintenance });

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
