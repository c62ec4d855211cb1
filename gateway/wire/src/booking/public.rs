//! What customers see and send: free times, their own bookings, and codes to find them by.

use forecourt_core::{
    booking::{self, Booking},
    id::{OfferId, ServiceId},
};
use forecourt_ports::store::TenantSnapshot;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{BookingStatus, customer_local, local};

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
