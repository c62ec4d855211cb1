//! What tools answer, as JSON that a model reads: written by those who run them, read by the house responder.
//!
//! Lives here: one shape per kind of result, and [`Failed`], the shape of everything that went wrong. Every
//! field that is not there reads as empty, so that older and newer parts understand each other.
//!
//! # Invariants
//! - a sentence in a result is in the language of the conversation and made by the engine: it may be said;
//! - **A9** lists are short: [`MOST_SLOTS`], [`MOST_FOUND`];
//! - **A13** no result carries contact data; an address a code went to is masked.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    booking::BookingStatus,
    id::{BookingId, OfferId, ServiceId, VehicleId},
    inventory::{Details, Fuel},
    knowledge::VehicleStatus,
};

/// The most times of one result.
pub const MOST_SLOTS: usize = 6;
/// The most vehicles, passages and bookings of one result.
pub const MOST_FOUND: usize = 8;

/// The name under which the engine itself puts what came of a one-time code that the customer wrote: the
/// call of a round that no model made. Its result is [`Proven`] or [`Failed`].
pub const GIVE_CODE: &str = "give_code";

/// Of `get_services`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Services {
    pub services: Vec<ServiceRow>,
}

/// One service that can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    pub service_id: ServiceId,
    /// In the language of the conversation.
    pub name: String,
    pub minutes: u16,
    /// As it is written, currency included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

/// Of `propose_slots` and `check_availability`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slots {
    /// Free times, earliest first, [`MOST_SLOTS`] at most: of the day that was asked for, else near it.
    pub slots: Vec<SlotRow>,
    /// IANA zone of the business: dates and times are of its clocks.
    pub zone: String,
    /// When a time, or a day, was asked for: whether it is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<bool>,
    /// Why what was asked for is not free, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// A free time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRow {
    pub date: Date,
    /// Its name in the language of the conversation.
    #[serde(default)]
    pub weekday: String,
    #[serde(with = "clock")]
    pub time: Time,
    pub starts_at: Timestamp,
    /// The same instant on the customer's clock, when that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_time: Option<String>,
}

/// Of `hold_slot`: kept, not booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRow {
    pub booking_id: BookingId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    pub date: Date,
    #[serde(with = "clock")]
    pub time: Time,
    pub hold_until: Timestamp,
    /// The service's name in the language of the conversation.
    #[serde(default)]
    pub service: String,
    /// Contact data that must be known before it can be booked: `name`, `email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Of `create_booking`, `reschedule_booking` and `cancel_booking`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRow {
    pub booking_id: BookingId,
    pub status: BookingStatus,
    pub date: Date,
    #[serde(with = "clock")]
    pub time: Time,
    /// The service's name in the language of the conversation.
    #[serde(default)]
    pub service: String,
    /// Whether a letter about it is on its way to the customer.
    #[serde(default)]
    pub mail_sent: bool,
}

/// Of `get_booking_details`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bookings {
    pub bookings: Vec<BookingRow>,
}

/// Of `search_inventory`; `get_vehicle` answers with one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vehicles {
    /// Best match first.
    pub vehicles: Vec<VehicleRow>,
}

/// A vehicle that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleRow {
    pub vehicle_id: VehicleId,
    pub title: String,
    /// As it is written, currency included.
    #[serde(default)]
    pub price: String,
    pub status: VehicleStatus,
    /// How well it fits, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// Why it fits, in sentences or short phrases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Of `get_vehicle`: what else is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<VehicleMore>,
}

/// The rest of a vehicle, without its numbers (A13) and pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleMore {
    pub year: u16,
    pub fuel: Fuel,
    pub kilometres: u32,
    /// In the language of the conversation, shortened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(flatten)]
    pub details: Details,
}

/// Of `search_knowledge`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passages {
    /// Best first; empty when nothing is known.
    pub passages: Vec<Passage>,
}

/// Words of the business's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passage {
    pub text: String,
    /// Where it stands: a title or an address.
    pub source: String,
}

/// Of `capture_contact`: the names of the fields that were written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub kept: Vec<String>,
    /// Fields that were not understood, such as an address without a domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// Of `escalate_to_human`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Called {
    pub called: bool,
}

/// Of [`GIVE_CODE`]: the customer has shown that a booking is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    pub proven: BookingId,
}

/// What went wrong, of any tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub error: Code,
    /// What it means and what to do, in one sentence; of [`Code::BadArguments`] for the model alone.
    #[serde(default)]
    pub say: String,
    /// Of [`Code::NotFree`]: what is free near it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<SlotRow>,
    /// Of [`Code::NoCode`]: where the code went, masked, such as `k•••@example.no`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sent_to: Option<String>,
    /// Of [`Code::ContactMissing`]: which fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Why a call was not done; stored with it ([`super::ToolUse::code`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadArguments,
    UnknownTool,
    /// Nothing of that id.
    NotFound,
    NotFree,
    /// The customer has not said yes to exactly this hold.
    NoYes,
    /// The customer has not shown that the booking is theirs; a code was sent.
    NoCode,
    WrongCode,
    /// The code has ended, or was tried too often.
    CodeOver,
    /// The hold has ended, or never was.
    NotHeld,
    ContactMissing,
    TooOften,
    /// The rules of the business do not allow it.
    NotAllowed,
    /// What it needs did not answer.
    Unavailable,
    /// A newer word for it; read, never written.
    #[serde(other)]
    Other,
}

impl Failed {
    pub fn new(error: Code, say: impl Into<String>) -> Self {
        Self { error, say: say.into(), near: Vec::new(), code_sent_to: None, missing: Vec::new() }
    }
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadArguments => "bad_arguments",
            Self::UnknownTool => "unknown_tool",
            Self::NotFound => "not_found",
            Self::NotFree => "not_free",
            Self::NoYes => "no_yes",
            Self::NoCode => "no_code",
            Self::WrongCode => "wrong_code",
            Self::CodeOver => "code_over",
            Self::NotHeld => "not_held",
            Self::ContactMissing => "contact_missing",
            Self::TooOften => "too_often",
            Self::NotAllowed => "not_allowed",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

/// Writes a result; what it is made of always can be.
pub fn write<T: Serialize>(result: &T) -> String {
    serde_json::to_string(result).unwrap_or_default()
}

/// Reads a result of a kind: the shape, or what went wrong; `None` when it is neither.
pub fn read<T: DeserializeOwned>(content: &str) -> Option<Result<T, Failed>> {
    let value: serde_json::Value = serde_json::from_str(content).ok()?;
    if value.get("error").is_some() {
        return serde_json::from_value(value).ok().map(Err);
    }
    serde_json::from_value(value).ok().map(Ok)
}

/// A clock time as `14:00`.
mod clock {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(de: D) -> Result<Time, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(de)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_clock_time_is_hours_and_minutes_and_what_is_empty_is_left_out() {
        let slot = SlotRow {
            date: jiff::civil::date(2026, 11, 28),
            weekday: "lørdag".into(),
            time: jiff::civil::time(14, 0, 0, 0),
            starts_at: "2026-11-28T13:00:00Z".parse().unwrap(),
            customer_time: None,
        };
        let slots = Slots { slots: vec![slot], zone: "Europe/Oslo".into(), ..Slots::default() };
        let wanted = json!({
            "slots": [{
                "date": "2026-11-28", "weekday": "lørdag", "time": "14:00", "starts_at": "2026-11-28T13:00:00Z",
            }],
            "zone": "Europe/Oslo",
        });
        assert_eq!(serde_json::to_value(&slots).unwrap(), wanted);
        assert_eq!(read::<Slots>(&write(&slots)), Some(Ok(slots)));
    }

    #[test]
    fn what_went_wrong_is_read_of_every_tool_even_with_a_newer_word() {
        let failed = Failed::new(Code::NoYes, "Ask the customer first.");
        assert_eq!(read::<HeldRow>(&write(&failed)), Some(Err(failed)));
        let newer = read::<Slots>(r#"{"error":"moon_is_full","say":"x","extra":1}"#);
        assert!(matches!(newer, Some(Err(Failed { error: Code::Other, .. }))), "{newer:?}");
        assert_eq!(read::<HeldRow>("not json"), None);
        assert_eq!(read::<HeldRow>("{}"), None);
    }

    #[test]
    fn a_code_is_stored_under_the_name_that_is_written() {
        for code in [Code::NotFree, Code::NoYes, Code::CodeOver, Code::ContactMissing, Code::Other]
        {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn fields_that_are_not_there_read_as_empty() {
        let booking = BookingId::from_uuid(Uuid::from_u128(1));
        let held = json!({
            "booking_id": booking, "date": "2026-11-28", "time": "14:00:00", "hold_until": "2026-11-21T12:10:00Z",
        });
        let held = read::<HeldRow>(&held.to_string()).unwrap().unwrap();
        assert!(held.missing.is_empty() && held.offer_id.is_none());
        assert_eq!(read::<Vehicles>("{}"), Some(Ok(Vehicles::default())));
    }
}
