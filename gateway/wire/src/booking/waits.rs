//! The waiting list.

use forecourt_core::id::{BookingId, ServiceId, SessionId, WaitId};
use forecourt_ports::store::Wait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::BookingCustomer;

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
