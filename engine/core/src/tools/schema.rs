//! What a model is told of each tool: a description, and a JSON Schema of its arguments.
//!
//! The order of tools and fields is fixed: providers cache what does not change.

use serde_json::{Value, json};

use super::ToolName;

impl ToolName {
    /// What it does and when to use it, for the model.
    pub const fn description(self) -> &'static str {
        match self {
            Self::GetBusinessInfo => {
                "The business: name, address, contact, opening hours, and whether it is open now."
            }
            Self::GetServices => {
                "The services that can be booked, with id, length and price. Call it before any other tool that needs a service_id."
            }
            Self::SearchKnowledge => {
                "Looks up the business's own answers, policies and pages. Use it for any question about terms, warranty, delivery or the like."
            }
            Self::SearchInventory => {
                "Finds vehicles that are for sale, best match first, with the reasons. Name only vehicles that it returned."
            }
            Self::GetVehicle => "Everything that is known of one vehicle, as of now.",
            Self::CheckAvailability => {
                "Whether a day or an exact time is free for a service; if not, why, and what is free near it."
            }
            Self::ProposeSlots => {
                "Free times to offer. Offer only times that it or check_availability returned."
            }
            Self::HoldSlot => {
                "Keeps one free time for the customer for a few minutes, after they chose it. It is not booked yet: ask for their yes."
            }
            Self::CreateBooking => {
                "Books what is held. Works only after the customer has said yes to exactly this held time."
            }
            Self::RescheduleBooking => {
                "Moves a booking to another free time. The customer must first prove themselves with a code; the tool sends it."
            }
            Self::CancelBooking => {
                "Cancels a booking. The customer must first prove themselves with a code; the tool sends it."
            }
            Self::GetBookingDetails => "The customer's own bookings of this conversation.",
            Self::CaptureContact => {
                "Writes down what the customer said of themselves. Only what they wrote, never a guess."
            }
            Self::EscalateToHuman => {
                "Calls a person of the business. Use it when the customer asks for one, is upset, or needs what no tool can do."
            }
        }
    }

    /// The JSON Schema of its arguments: an object, nothing else allowed.
    pub fn schema(self) -> Value {
        let id = |what: &str, prefix: &str| json!({ "type": "string", "description": format!("id of the {what}, like {prefix}_0192…, from another tool") });
        let date = json!({ "type": "string", "format": "date", "description": "YYYY-MM-DD on the business's calendar" });
        let time =
            json!({ "type": "string", "description": "HH:MM on the business's clock, 24 hours" });
        let text = |what: &str| json!({ "type": "string", "maxLength": 1000, "description": what });
        let whole = |what: &str| json!({ "type": "integer", "minimum": 0, "description": what });
        let (required, properties): (&[&str], Value) = match self {
            Self::GetBusinessInfo | Self::GetServices => (&[], json!({})),
            Self::SearchKnowledge => (
                &["query"],
                json!({ "query": text("what the customer wants to know, in their words") }),
            ),
            Self::SearchInventory => (
                &[],
                json!({
                    "text": text("words such as a name, a colour, a feature"),
                    "make": text("such as Tesla"),
                    "model": text("such as Model 3"),
                    "min_price": whole("in whole units of the business's currency"),
                    "max_price": whole("in whole units of the business's currency"),
                    "fuel": { "type": "string", "enum": ["electric", "petrol", "diesel", "hybrid"] },
                    "body": text("such as suv, estate, hatchback, sedan, van"),
                    "min_year": whole("model year"),
                    "max_kilometres": whole("on the odometer"),
                    "min_range_km": whole("range in kilometres, of electric vehicles"),
                    "min_seats": whole("seats"),
                }),
            ),
            Self::GetVehicle => (&["vehicle_id"], json!({ "vehicle_id": id("vehicle", "veh") })),
            Self::CheckAvailability => (
                &["service_id", "date"],
                json!({
                    "service_id": id("service", "srv"),
                    "vehicle_id": id("vehicle, when it is about one", "veh"),
                    "date": date,
                    "time": time,
                }),
            ),
            Self::ProposeSlots => (
                &["service_id"],
                json!({
                    "service_id": id("service", "srv"),
                    "vehicle_id": id("vehicle, when it is about one", "veh"),
                    "from_date": date,
                    "days": { "type": "integer", "minimum": 1, "maximum": 60, "description": "how many days to look at, 14 when left out" },
                    "after": time,
                    "before": time,
                }),
            ),
            Self::HoldSlot => (
                &["service_id", "date", "time"],
                json!({
                    "service_id": id("service", "srv"),
                    "vehicle_id": id("vehicle, when it is about one", "veh"),
                    "date": date,
                    "time": time,
                    "notes": text("what the business should know, in the customer's words"),
                }),
            ),
            Self::CreateBooking => {
                (&["booking_id"], json!({ "booking_id": id("held booking", "bkg") }))
            }
            Self::RescheduleBooking => (
                &["booking_id", "date", "time"],
                json!({ "booking_id": id("booking", "bkg"), "date": date, "time": time }),
            ),
            Self::CancelBooking => (
                &["booking_id"],
                json!({ "booking_id": id("booking", "bkg"), "reason": text("why, if they said") }),
            ),
            Self::GetBookingDetails => (&[], json!({ "booking_id": id("booking", "bkg") })),
            Self::CaptureContact => (
                &[],
                json!({
                    "name": text("as they wrote it"),
                    "email": text("as they wrote it"),
                    "phone": text("as they wrote it"),
                    "company": text("as they wrote it"),
                    "sms_consent": { "type": "boolean", "description": "true only when they said that text messages are welcome" },
                    "answers": {
                        "type": "array",
                        "maxItems": 10,
                        "items": {
                            "type": "object",
                            "properties": { "question": text("the question's key"), "answer": text("their answer") },
                            "required": ["question", "answer"],
                            "additionalProperties": false,
                        },
                    },
                }),
            ),
            Self::EscalateToHuman => {
                (&["reason"], json!({ "reason": text("what it is about, one sentence") }))
            }
        };
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Request;

    #[test]
    fn what_a_schema_requires_is_what_its_arguments_need() {
        let unit = "srv_00000000000000000000000000000007";
        for tool in ToolName::ALL {
            let schema = tool.schema();
            let mut said = serde_json::Map::new();
            for name in schema["required"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                let value = match name {
                    "service_id" => json!(unit),
                    "vehicle_id" => json!(unit.replace("srv", "veh")),
                    "booking_id" => json!(unit.replace("srv", "bkg")),
                    "date" => json!("2026-11-28"),
                    "time" => json!("14:00"),
                    _ => json!("some words"),
                };
                said.insert(name.to_owned(), value);
            }
            let read = Request::parse(tool, &said);
            assert!(read.is_ok(), "{}: {read:?}", tool.as_str());
            for name in schema["required"].as_array().unwrap() {
                let mut less = said.clone();
                less.remove(name.as_str().unwrap());
                assert!(Request::parse(tool, &less).is_err(), "{} without {name}", tool.as_str());
            }
        }
    }

    #[test]
    fn every_field_of_a_schema_is_known_to_its_arguments() {
        for tool in ToolName::ALL {
            for name in tool.schema()["properties"].as_object().unwrap().keys() {
                let mut said = serde_json::Map::new();
                said.insert(name.clone(), json!([[]]));
                let error = Request::parse(tool, &said).unwrap_err().0;
                assert!(!error.contains("unknown field"), "{}: {error}", tool.as_str());
            }
        }
    }
}
