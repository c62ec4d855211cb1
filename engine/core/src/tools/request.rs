//! The typed arguments of every tool.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::ToolName;
use crate::{
    id::{BookingId, ServiceId, VehicleId},
    knowledge::Fuel,
};

/// Characters of an error that the model reads.
const SHORT: usize = 200;
/// Characters of any text among the arguments (A9).
const LONGEST: usize = 1_000;

/// A call whose arguments were understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    GetBusinessInfo,
    GetServices,
    SearchKnowledge(SearchKnowledge),
    SearchInventory(SearchInventory),
    GetVehicle(GetVehicle),
    CheckAvailability(CheckAvailability),
    ProposeSlots(ProposeSlots),
    HoldSlot(HoldSlot),
    CreateBooking(OfBooking),
    RescheduleBooking(RescheduleBooking),
    CancelBooking(CancelBooking),
    GetBookingDetails(GetBookingDetails),
    CaptureContact(CaptureContact),
    EscalateToHuman(EscalateToHuman),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchKnowledge {
    pub query: String,
}

/// What the customer is looking for; nothing said matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchInventory {
    /// Words of the customer's, such as a name or a colour.
    pub text: Option<String>,
    pub make: Option<String>,
    pub model: Option<String>,
    /// In whole units of the tenant's currency.
    pub min_price: Option<u64>,
    pub max_price: Option<u64>,
    pub fuel: Option<Fuel>,
    /// Such as `suv` or `estate`.
    pub body: Option<String>,
    pub min_year: Option<u16>,
    pub max_kilometres: Option<u32>,
    pub min_range_km: Option<u16>,
    pub min_seats: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetVehicle {
    pub vehicle_id: VehicleId,
}

/// Dates and times are those of the tenant's clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckAvailability {
    pub service_id: ServiceId,
    #[serde(default)]
    pub vehicle_id: Option<VehicleId>,
    pub date: Date,
    /// Without it, the whole day.
    #[serde(default)]
    pub time: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeSlots {
    pub service_id: ServiceId,
    #[serde(default)]
    pub vehicle_id: Option<VehicleId>,
    /// Today when nothing is said.
    #[serde(default)]
    pub from_date: Option<Date>,
    /// 14 when nothing is said, 60 at most.
    #[serde(default)]
    pub days: Option<u16>,
    #[serde(default)]
    pub after: Option<Time>,
    #[serde(default)]
    pub before: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldSlot {
    pub service_id: ServiceId,
    #[serde(default)]
    pub vehicle_id: Option<VehicleId>,
    pub date: Date,
    pub time: Time,
    #[serde(default)]
    pub notes: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfBooking {
    pub booking_id: BookingId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RescheduleBooking {
    pub booking_id: BookingId,
    pub date: Date,
    pub time: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelBooking {
    pub booking_id: BookingId,
    #[serde(default)]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GetBookingDetails {
    /// Without it, all of this conversation.
    pub booking_id: Option<BookingId>,
}

/// What the customer said of themselves. At least one field.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureContact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub company: Option<String>,
    /// Whether text messages are welcome: only when they said so themselves.
    pub sms_consent: Option<bool>,
    /// Answers to the tenant's own questions.
    pub answers: Vec<Answered>,
}

impl std::fmt::Debug for CaptureContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaptureContact(..)") // personal data stays out of logs (A13)
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The question's key.
    pub question: String,
    pub answer: String,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answered({}, ..)", self.question)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalateToHuman {
    /// What it is about, for the person who comes.
    pub reason: String,
}

/// Arguments that are not those of the schema: what is wrong, for the model to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadArguments(pub String);

impl Request {
    /// Reads a call's arguments.
    pub fn parse(tool: ToolName, args: &Map<String, Value>) -> Result<Self, BadArguments> {
        bounded(args)?;
        Ok(match tool {
            ToolName::GetBusinessInfo => none(args, Self::GetBusinessInfo)?,
            ToolName::GetServices => none(args, Self::GetServices)?,
            ToolName::SearchKnowledge => Self::SearchKnowledge(read(args)?),
            ToolName::SearchInventory => Self::SearchInventory(read(args)?),
            ToolName::GetVehicle => Self::GetVehicle(read(args)?),
            ToolName::CheckAvailability => Self::CheckAvailability(read(args)?),
            ToolName::ProposeSlots => Self::ProposeSlots(read(args)?),
            ToolName::HoldSlot => Self::HoldSlot(read(args)?),
            ToolName::CreateBooking => Self::CreateBooking(read(args)?),
            ToolName::RescheduleBooking => Self::RescheduleBooking(read(args)?),
            ToolName::CancelBooking => Self::CancelBooking(read(args)?),
            ToolName::GetBookingDetails => Self::GetBookingDetails(read(args)?),
            ToolName::CaptureContact => Self::CaptureContact(read(args)?),
            ToolName::EscalateToHuman => Self::EscalateToHuman(read(args)?),
        })
    }

    pub const fn tool(&self) -> ToolName {
        match self {
            Self::GetBusinessInfo => ToolName::GetBusinessInfo,
            Self::GetServices => ToolName::GetServices,
            Self::SearchKnowledge(_) => ToolName::SearchKnowledge,
            Self::SearchInventory(_) => ToolName::SearchInventory,
            Self::GetVehicle(_) => ToolName::GetVehicle,
            Self::CheckAvailability(_) => ToolName::CheckAvailability,
            Self::ProposeSlots(_) => ToolName::ProposeSlots,
            Self::HoldSlot(_) => ToolName::HoldSlot,
            Self::CreateBooking(_) => ToolName::CreateBooking,
            Self::RescheduleBooking(_) => ToolName::RescheduleBooking,
            Self::CancelBooking(_) => ToolName::CancelBooking,
            Self::GetBookingDetails(_) => ToolName::GetBookingDetails,
            Self::CaptureContact(_) => ToolName::CaptureContact,
            Self::EscalateToHuman(_) => ToolName::EscalateToHuman,
        }
    }

    /// The booking it speaks of, if it names one.
    pub const fn booking(&self) -> Option<BookingId> {
        match self {
            Self::CreateBooking(of) => Some(of.booking_id),
            Self::RescheduleBooking(of) => Some(of.booking_id),
            Self::CancelBooking(of) => Some(of.booking_id),
            Self::GetBookingDetails(of) => of.booking_id,
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(args: &Map<String, Value>) -> Result<T, BadArguments> {
    // What is null was left out: models write both.
    let said = args.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(name, value)| (name.clone(), value.clone())).collect();
    serde_json::from_value(Value::Object(said)).map_err(|error| bad(&error.to_string()))
}

fn none(args: &Map<String, Value>, request: Request) -> Result<Request, BadArguments> {
    match args.keys().next() {
        None => Ok(request),
        Some(name) => Err(bad(&format!("unknown field `{name}`, there are none"))),
    }
}

fn bounded(args: &Map<String, Value>) -> Result<(), BadArguments> {
    for (name, value) in args {
        if value.as_str().is_some_and(|text| text.chars().count() > LONGEST) {
            return Err(bad(&format!("`{name}` is longer than {LONGEST} characters")));
        }
    }
    Ok(())
}

fn bad(what: &str) -> BadArguments {
    BadArguments(what.chars().take(SHORT).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn dates_and_times_are_those_of_a_wall_clock() {
        let service = ServiceId::from_uuid(uuid::Uuid::from_u128(7));
        let said = json!({ "service_id": service, "date": "2026-11-28", "time": "14:00" });
        let Request::HoldSlot(hold) = Request::parse(ToolName::HoldSlot, &args(&said)).unwrap()
        else {
            panic!("another tool")
        };
        assert_eq!((hold.date.day(), hold.time.hour(), hold.vehicle_id), (28, 14, None));
    }

    #[test]
    fn what_is_not_of_the_schema_is_a_short_error() {
        for (tool, said) in [
            (ToolName::HoldSlot, json!({})),
            (ToolName::HoldSlot, json!({ "service_id": "srv_1", "date": "x", "time": "y" })),
            (ToolName::GetServices, json!({ "tenant": "another" })),
            (ToolName::SearchKnowledge, json!({ "query": "x".repeat(2_000) })),
            (ToolName::CreateBooking, json!({ "booking_id": "'; drop table bookings; --" })),
            (ToolName::CaptureContact, json!({ "email": 7 })),
            (ToolName::EscalateToHuman, json!({ "reason": { "deep": [1] } })),
        ] {
            let error = Request::parse(tool, &args(&said)).unwrap_err();
            assert!(error.0.chars().count() <= SHORT, "{error}");
        }
    }

    #[test]
    fn null_is_as_good_as_nothing() {
        let said = json!({ "booking_id": null });
        let read = Request::parse(ToolName::GetBookingDetails, &args(&said)).unwrap();
        assert_eq!(read, Request::GetBookingDetails(GetBookingDetails { booking_id: None }));
        assert_eq!(read.tool(), ToolName::GetBookingDetails);
    }
}
