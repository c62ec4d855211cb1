//! The operations on appointments.

use super::operations::{Good, JSON, Operation, Parameter, Who, done, good, optional};
use crate::problem::Code::{
    self, AnotherOffer, BookingOver, Busy, ChangedMeanwhile, Forbidden, HoldOver, Invalid,
    MalformedJson, MalformedQuery, NotFound, NotFree, OriginNotAllowed, ProofOver, TooLarge,
    TooMany, TooManyBlocks, TooSlow, Unauthorised, Unavailable, UnknownTenant,
    UnsupportedMediaType, WrongProof,
};

const TEXT: &str = r#"{"type":"string"}"#;

/// What a call by staff that changes something may be refused with.
const CHANGE: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    NotFree,
    HoldOver,
    AnotherOffer,
    BookingOver,
    TooManyBlocks,
    TooLarge,
    UnsupportedMediaType,
    Busy,
    Unavailable,
];
/// With the version that was read.
const RULES: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    TooSlow,
    ChangedMeanwhile,
    TooLarge,
    UnsupportedMediaType,
    Unavailable,
];
const READ: &[Code] =
    &[MalformedQuery, Invalid, Unauthorised, Forbidden, NotFound, Busy, Unavailable];
const PUBLIC: &[Code] = &[
    MalformedJson,
    MalformedQuery,
    Invalid,
    NotFound,
    UnknownTenant,
    TooSlow,
    NotFree,
    HoldOver,
    AnotherOffer,
    BookingOver,
    TooLarge,
    UnsupportedMediaType,
    TooMany,
    Busy,
    Unavailable,
];

/// With a code.
const PROVE: &[Code] = &[
    MalformedJson,
    Invalid,
    UnknownTenant,
    TooSlow,
    WrongProof,
    ProofOver,
    TooLarge,
    UnsupportedMediaType,
    TooMany,
    Busy,
    Unavailable,
];

const fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    who: Who,
    bad: &'static [Code],
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "Appointments",
        summary,
        about: summary,
        who,
        query: &[],
        body: &[],
        good: &[],
        bad,
    }
}

const fn required(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", required: true, about, schema: TEXT }
}

const CALENDAR: Good =
    Good { status: 200, about: "The calendar object.", media: Some("text/calendar"), shape: None };

pub(crate) const ALL: &[Operation] = &[
    Operation {
        good: &[good(200, "Inactive ones too.", "ResourceList")],
        ..operation(
            "GET",
            "/v1/resources",
            "listResources",
            "List what can be booked",
            Who::Seller,
            READ,
        )
    },
    Operation {
        body: &[(JSON, "PutResource")],
        good: &[good(201, "The new resource.", "ResourceView")],
        ..operation(
            "POST",
            "/v1/resources",
            "createResource",
            "Add a resource",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "With every stretch from now on that is booked, held or blocked, buffers included.",
        good: &[good(200, "The resource and its ledger.", "ResourceLedger")],
        ..operation(
            "GET",
            "/v1/resources/{resource}",
            "readResource",
            "Read a resource's ledger",
            Who::Seller,
            READ,
        )
    },
    Operation {
        about: "All of it but its kind. What is booked stays booked. Deletes are soft: `active` false.",
        body: &[(JSON, "PutResource")],
        good: &[good(200, "The resource.", "ResourceView")],
        ..operation(
            "PUT",
            "/v1/resources/{resource}",
            "putResource",
            "Replace a resource",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "Once, or repeating by an RFC 5545 rule, on a wall clock. What is booked then stays booked.",
        body: &[(JSON, "NewBlock")],
        good: &[good(201, "It is blocked.", "BlockCreated")],
        ..operation(
            "POST",
            "/v1/resources/{resource}/blocks",
            "blockResource",
            "Keep a resource out of use",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        about: "Those that people made; a connected calendar's busy times stand in the ledger.",
        good: &[good(200, "The oldest first.", "BlockList")],
        ..operation(
            "GET",
            "/v1/resources/{resource}/blocks",
            "listBlocks",
            "List a resource's blocks",
            Who::Seller,
            READ,
        )
    },
    Operation {
        good: &[good(200, "What holds now.", "BookingRules")],
        ..operation(
            "GET",
            "/v1/knowledge/bookings",
            "readBookingRules",
            "When customers are reminded, and how long an offer holds",
            Who::Seller,
            READ,
        )
    },
    Operation {
        about: "If they still are what was read. Letters that wait already stay due as they are.",
        body: &[(JSON, "BookingRules")],
        good: &[good(200, "What holds from now on.", "BookingRules")],
        ..operation(
            "PUT",
            "/v1/knowledge/bookings",
            "putBookingRules",
            "Change when customers are reminded",
            Who::Manager,
            RULES,
        )
    },
    Operation {
        good: &[good(200, "First come first.", "WaitList")],
        ..operation("GET", "/v1/waits", "listWaits", "List who waits for a time", Who::Seller, READ)
    },
    Operation {
        about: "The same `client_id` is the same place.",
        body: &[(JSON, "NewWait")],
        good: &[good(201, "They wait.", "WaitCreated")],
        ..operation(
            "POST",
            "/v1/waits",
            "addWait",
            "Put somebody on a waiting list",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        good: &[done("They wait no longer.")],
        ..operation(
            "DELETE",
            "/v1/waits/{wait}",
            "removeWait",
            "Take somebody off a waiting list",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        good: &[done("It can be booked again.")],
        ..operation(
            "DELETE",
            "/v1/resources/{resource}/blocks/{block}",
            "unblockResource",
            "Take a block away",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        good: &[good(200, "The active services.", "ServiceTermsList")],
        ..operation(
            "GET",
            "/v1/services",
            "listServices",
            "List services and their terms",
            Who::Seller,
            READ,
        )
    },
    Operation {
        body: &[(JSON, "PutTerms")],
        good: &[done("They hold from now on.")],
        ..operation(
            "PUT",
            "/v1/services/{service}/terms",
            "putTerms",
            "Replace a service's terms",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "By start, the earliest first. A hold that is over is shown as expired.",
        query: &[
            optional(
                "status",
                "Only of this status, as it is written down.",
                r##"{"$ref":"#/components/schemas/BookingStatus"}"##,
            ),
            optional("service", "Only of this service.", TEXT),
            optional("resource", "Only those that have this resource now.", TEXT),
            optional("session", "Only of this conversation.", TEXT),
            optional("from", "That end after this instant.", TEXT),
            optional("until", "That start before this instant.", TEXT),
            optional("cursor", "The `next` of an earlier page.", TEXT),
            optional(
                "limit",
                "How many to a page.",
                r#"{"type":"integer","minimum":1,"maximum":500,"default":50}"#,
            ),
        ],
        good: &[good(200, "A page of bookings.", "BookingPage")],
        ..operation("GET", "/v1/bookings", "listBookings", "List bookings", Who::Seller, READ)
    },
    Operation {
        about: "For five minutes, or as `hold_minutes` says. The hold ends by itself. The same `client_id` is the same booking. Why a time is not free stands in `errors`.",
        body: &[(JSON, "HoldBooking")],
        good: &[good(201, "It is held.", "BookingView")],
        ..operation("POST", "/v1/bookings", "holdBooking", "Hold a time", Who::Seller, CHANGE)
    },
    Operation {
        good: &[good(200, "The booking and its story.", "BookingDetail")],
        ..operation(
            "GET",
            "/v1/bookings/{booking}",
            "readBooking",
            "Read a booking",
            Who::Seller,
            READ,
        )
    },
    Operation {
        about: "The yes counts for the offer it names, while the hold lasts. Repeated, it is the same yes.",
        body: &[(JSON, "ConfirmBooking")],
        good: &[good(200, "It is booked.", "BookingView")],
        ..operation(
            "POST",
            "/v1/bookings/{booking}/confirm",
            "confirmBooking",
            "Say yes to an offer",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        about: "Its id stays. The old time is free once the new one is stored.",
        body: &[(JSON, "RescheduleBooking")],
        good: &[good(200, "It is moved.", "BookingView")],
        ..operation(
            "POST",
            "/v1/bookings/{booking}/reschedule",
            "rescheduleBooking",
            "Move a booking",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        body: &[(JSON, "CancelBooking")],
        good: &[good(200, "It is cancelled.", "BookingView")],
        ..operation(
            "POST",
            "/v1/bookings/{booking}/cancel",
            "cancelBooking",
            "Cancel a booking",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        good: &[good(200, "It is noted.", "BookingView")],
        ..operation(
            "POST",
            "/v1/bookings/{booking}/no-show",
            "noteNoShow",
            "Note that the customer did not come",
            Who::Seller,
            CHANGE,
        )
    },
    Operation {
        about: "On the business's clock and, with `zone`, on the customer's. When there is none, `why` says why, in the language of `lang`.",
        query: &[
            required("tenant", "The business's public name."),
            required("service", "The service's id."),
            optional("resource", "Only with this resource, such as a vehicle.", TEXT),
            optional(
                "from",
                "The first day, in the business's zone; today when it is not given.",
                r#"{"type":"string","format":"date"}"#,
            ),
            optional(
                "to",
                "The last day, 62 days at most; a week when it is not given.",
                r#"{"type":"string","format":"date"}"#,
            ),
            optional("zone", "IANA: where the customer's clock is.", TEXT),
            optional("lang", "BCP 47.", TEXT),
            optional(
                "limit",
                "How many times at most.",
                r#"{"type":"integer","minimum":1,"maximum":500,"default":100}"#,
            ),
        ],
        good: &[good(200, "Free times, or why there is none.", "FreeSlots")],
        ..operation(
            "GET",
            "/v1/public/slots",
            "listFreeSlots",
            "Free times of a service",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        about: "Sends a code to the mail address of the customer's next booking, if there is one. The answer is the same if there is none.",
        body: &[(JSON, "FindBookings")],
        good: &[good(202, "Whoever has a booking has got a letter.", "CodeAsked")],
        ..operation(
            "POST",
            "/v1/public/bookings/find",
            "findOwnBookings",
            "Ask for a code",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        about: "A code is good for ten minutes, five tries, and once.",
        body: &[(JSON, "BringCode")],
        good: &[good(
            200,
            "The customer's bookings, each with a token that opens it.",
            "OwnBookings",
        )],
        ..operation(
            "POST",
            "/v1/public/bookings/code",
            "proveOwnBookings",
            "Bring a code",
            Who::Anyone,
            PROVE,
        )
    },
    Operation {
        about: "The link in the customer's letters; a booking's id alone opens nothing.",
        good: &[good(200, "The booking.", "PublicBooking")],
        ..operation(
            "GET",
            "/v1/public/bookings/{token}",
            "readOwnBooking",
            "Read one's own booking",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        good: &[CALENDAR],
        ..operation(
            "GET",
            "/v1/public/bookings/{token}/invitation.ics",
            "readInvitation",
            "One's own booking for a calendar",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        body: &[(JSON, "CancelBooking")],
        good: &[good(200, "It is cancelled.", "PublicBooking")],
        ..operation(
            "POST",
            "/v1/public/bookings/{token}/cancel",
            "cancelOwnBooking",
            "Cancel one's own booking",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        body: &[(JSON, "AcceptOffer")],
        good: &[good(200, "It is booked.", "PublicBooking")],
        ..operation(
            "POST",
            "/v1/public/bookings/{token}/confirm",
            "confirmOwnBooking",
            "Say yes to what is held for oneself",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        body: &[(JSON, "RescheduleBooking")],
        good: &[good(200, "It is moved.", "PublicBooking")],
        ..operation(
            "POST",
            "/v1/public/bookings/{token}/reschedule",
            "rescheduleOwnBooking",
            "Move one's own booking",
            Who::Anyone,
            PUBLIC,
        )
    },
];
