//! Tools: what the assistant may ask the engine to do, as typed values. A call is a wish (A6): here it
//! is read and judged; the actors run it.
//!
//! Lives here: every tool with its [`Risk`], its budget and its schema ([`schema`]), the typed
//! [`Request`] that a call's arguments become ([`request`]), the shapes of what tools answer ([`results`]), the tools of
//! a tenant's own ([`custom`]),
//! and the [`Receipt`]s that answers may stand on ([`receipt`]). May be used by: the session, the claim gate, the models, the actors.
//!
//! # Invariants
//! - **A6** arguments that are not exactly those of the schema are a short error for the model, and
//!   change nothing;
//! - **A7** what changes something is granted by the session, for the turn that runs, before it is run;
//! - a yes is the customer's: [`ToolName::CreateBooking`] is granted only for the offer they accepted.

pub mod custom;
pub mod receipt;
pub mod request;
pub mod results;
pub mod schema;

use serde::{Deserialize, Serialize};

pub use self::{
    receipt::{BookingReceipt, Receipt, Used},
    request::{BadArguments, Request},
};

/// The most calls that one turn may run, whatever they are (A9).
pub const MOST_CALLS: u32 = 12;
/// The most times that one turn may ask the model again with results (A9).
pub const MOST_ROUNDS: u32 = 6;

/// The tools that every tenant has. A tenant's own have other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    GetBusinessInfo,
    GetServices,
    SearchKnowledge,
    SearchInventory,
    GetVehicle,
    CheckAvailability,
    ProposeSlots,
    HoldSlot,
    CreateBooking,
    RescheduleBooking,
    CancelBooking,
    GetBookingDetails,
    CaptureContact,
    EscalateToHuman,
}

/// What a tool can do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Reads what anybody may know.
    Reads,
    /// Reads what only the customer it belongs to may know.
    Reveals,
    /// Writes down what the customer said of themselves, or calls a person.
    Notes,
    /// Keeps something for minutes; it ends by itself.
    Holds,
    /// Binds the tenant: only on the customer's own word.
    Binds,
}

impl ToolName {
    pub const ALL: [Self; 14] = [
        Self::GetBusinessInfo,
        Self::GetServices,
        Self::SearchKnowledge,
        Self::SearchInventory,
        Self::GetVehicle,
        Self::CheckAvailability,
        Self::ProposeSlots,
        Self::HoldSlot,
        Self::CreateBooking,
        Self::RescheduleBooking,
        Self::CancelBooking,
        Self::GetBookingDetails,
        Self::CaptureContact,
        Self::EscalateToHuman,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetBusinessInfo => "get_business_info",
            Self::GetServices => "get_services",
            Self::SearchKnowledge => "search_knowledge",
            Self::SearchInventory => "search_inventory",
            Self::GetVehicle => "get_vehicle",
            Self::CheckAvailability => "check_availability",
            Self::ProposeSlots => "propose_slots",
            Self::HoldSlot => "hold_slot",
            Self::CreateBooking => "create_booking",
            Self::RescheduleBooking => "reschedule_booking",
            Self::CancelBooking => "cancel_booking",
            Self::GetBookingDetails => "get_booking_details",
            Self::CaptureContact => "capture_contact",
            Self::EscalateToHuman => "escalate_to_human",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == name)
    }

    pub const fn risk(self) -> Risk {
        match self {
            Self::GetBusinessInfo
            | Self::GetServices
            | Self::SearchKnowledge
            | Self::SearchInventory
            | Self::GetVehicle
            | Self::CheckAvailability
            | Self::ProposeSlots => Risk::Reads,
            Self::GetBookingDetails => Risk::Reveals,
            Self::CaptureContact | Self::EscalateToHuman => Risk::Notes,
            Self::HoldSlot => Risk::Holds,
            Self::CreateBooking | Self::RescheduleBooking | Self::CancelBooking => Risk::Binds,
        }
    }

    /// How often one turn may call it (A9).
    pub const fn budget(self) -> u32 {
        match self.risk() {
            Risk::Reads => 6,
            Risk::Reveals | Risk::Notes => 3,
            Risk::Holds => 2,
            Risk::Binds => 1,
        }
    }

    /// Whether the session must grant it, as an event of its own, before it is run (A7).
    pub const fn is_granted(self) -> bool {
        matches!(self.risk(), Risk::Reveals | Risk::Notes | Risk::Holds | Risk::Binds)
    }

    /// Whether its arguments are a customer's contact data.
    pub const fn takes_contacts(self) -> bool {
        matches!(self, Self::CaptureContact)
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// The arguments were not those of the schema.
    BadArguments,
    /// The rules said no: no consent, no code, not free, over the budget.
    Refused,
    /// What it needs did not answer.
    Failed,
}

/// One call, as the journal keeps it: which tool, how it ended, what it used. Arguments are not kept:
/// they may be a customer's words (A13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// A [`ToolName`], or a tenant's own tool.
    pub tool: String,
    pub outcome: Outcome,
    /// A short word for why not, such as `not_free`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Which rows its answer came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
    pub took_ms: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_found_by_its_name_and_the_stored_name_is_the_same() {
        for tool in ToolName::ALL {
            assert_eq!(ToolName::parse(tool.as_str()), Some(tool));
            assert_eq!(serde_json::to_value(tool).unwrap(), tool.as_str());
        }
        assert_eq!(ToolName::parse("drop_table"), None);
    }

    #[test]
    fn what_binds_or_writes_is_granted_first() {
        for tool in ToolName::ALL {
            assert_eq!(tool.is_granted(), tool.risk() != Risk::Reads, "{}", tool.as_str());
        }
    }
}
