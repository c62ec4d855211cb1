//! Receipts: what tools found or did in this conversation. The claim gate lets an answer say what a
//! receipt says, and nothing beyond.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    booking::{Booking, BookingStatus},
    id::{BookingId, ResourceId, ServiceId, VehicleId},
    money::Money,
};

/// What an answer of this conversation may stand on, besides the tenant's own rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// An appointment of this customer's, as it is now.
    Booking(BookingReceipt),
    /// Text of the tenant's own that was looked up; it may be said word by word, and its numbers be named.
    Text(String),
    /// What a tool of the tenant's own answered.
    Custom { tool: String, text: String },
    /// The customer's own contact data, as they gave it: it may be repeated to them.
    Contact(String),
    /// A person was called.
    Escalated,
}

/// A booking, as far as an answer may speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingReceipt {
    pub booking: BookingId,
    pub status: BookingStatus,
    pub service: ServiceId,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Of a hold, when it ends.
    pub hold_until: Timestamp,
    /// Where it was before it was moved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Timestamp>,
    pub price: Option<Money>,
    /// What it takes: the vehicle, the bay, the person.
    pub resources: Vec<ResourceId>,
}

impl BookingReceipt {
    pub fn of(booking: &Booking, now: Timestamp) -> Self {
        Self {
            booking: booking.id,
            status: booking.status_at(now),
            service: booking.wish.service,
            from: booking.wish.from,
            until: booking.wish.until,
            hold_until: booking.hold_until,
            moved_from: booking.moved_from,
            price: booking.wish.price,
            resources: booking.wish.takes.iter().map(|take| take.resource).collect(),
        }
    }
}

/// A row that an answer came from; shown beside it to staff.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Used {
    Service(ServiceId),
    Vehicle(VehicleId),
    Booking(BookingId),
    /// A passage of the tenant's knowledge: a question and answer, a policy, a page.
    Passage(uuid::Uuid),
}
