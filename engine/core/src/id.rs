//! Every id there is: newtypes over UUIDv7, printed with a prefix (`ses_018f…`).
//!
//! An id is made by the `Ids` port and handed in (A3); this module only parses and prints. The
//! printed form is the prefix, an underscore and the 32 hex digits of the UUID, in lower case.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// Why a printed id could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like `{prefix}_` followed by 32 hex digits")]
pub struct ParseIdError {
    /// The prefix that was expected, without the underscore.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore in print.
            pub const PREFIX: &'static str = $prefix;

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }

            pub const fn into_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = ParseIdError { prefix: $prefix };
                let digits = text
                    .strip_prefix(concat!($prefix, "_"))
                    .filter(|digits| digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
                    .ok_or(error.clone())?;
                Uuid::try_parse(digits).map(Self).map_err(|_| error)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A business: the boundary no row, event or query crosses (A8).
    TenantId = "ten";
    /// A person who works for a tenant.
    MemberId = "mem";
    /// A customer as a tenant knows them.
    ContactId = "con";
    /// One wish of one contact.
    LeadId = "lead";
    /// One conversation of one contact with one tenant.
    SessionId = "ses";
    /// One message of a conversation.
    MessageId = "msg";
    /// One file that a customer sends with a message.
    AttachmentId = "att";
    /// One try of the assistant to answer.
    TurnId = "turn";
    /// One sending of something to somebody through a provider.
    DeliveryId = "dlv";
    /// One call that came in from outside, whatever became of it.
    InboundEventId = "inb";
    /// One vehicle in a tenant's stock.
    VehicleId = "veh";
    /// A file of vehicles that was looked at, whether or not it was imported.
    ImportId = "imp";
    /// An uploaded picture.
    PhotoId = "pho";
    /// One service that a tenant offers by appointment.
    ServiceId = "srv";
    /// One question with its answer.
    FaqId = "faq";
    /// One rule of a tenant's, such as its returns.
    PolicyId = "pol";
    /// A piece of text that the assistant may answer from.
    PassageId = "psg";
    /// A website whose pages the assistant may answer from.
    WebsiteId = "web";
    /// A question that the assistant had no answer to.
    QuestionId = "ask";
    /// One booked appointment.
    BookingId = "bkg";
    /// An integrator's address that hears of what happens.
    EndpointId = "hook";
    /// Something that can be booked: a vehicle, a bay, a person, a room.
    ResourceId = "res";
    /// One time that was offered to one customer and is held for them.
    OfferId = "ofr";
    /// Times at which a resource cannot be booked.
    BlockId = "blk";
    /// One customer's place on a waiting list.
    WaitId = "wait";
    /// A calendar of somebody else that bookings are written to and busy times are read from.
    CalendarId = "cal";
    /// A tool of a tenant's own.
    ToolId = "tool";
    /// One process of the engine, from its start to its end; leases carry it.
    NodeId = "node";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_printed() {
        let id = SessionId::from_uuid(Uuid::from_u128(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc));
        assert_eq!(id.to_string(), "ses_01923456789a7bcd8ef0123456789abc");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            serde_json::from_str::<SessionId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
    }

    #[test]
    fn an_id_of_another_kind_case_or_length_is_refused() {
        for text in [
            "",
            "ses_",
            "lead_01923456789a7bcd8ef0123456789abc",
            "ses_01923456789A7BCD8EF0123456789ABC",
            "ses_01923456-789a-7bcd-8ef0-123456789abc",
            "ses_01923456789a7bcd8ef0123456789abcd",
            "ses_é1923456789a7bcd8ef0123456789abc",
        ] {
            assert!(text.parse::<SessionId>().is_err(), "{text}");
        }
    }
}
