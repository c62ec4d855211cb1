//! The operations on external calendars.

use super::operations::{Good, JSON, Operation, Parameter, Who, done, good, optional};
use crate::problem::Code::{
    self, CalendarRefused, CalendarUnavailable, CalendarUnclear, Forbidden, Invalid, MalformedJson,
    MalformedQuery, NotFound, OriginNotAllowed, Stale, TooLarge, TooMany, TooManyCalendars,
    TooSlow, Unauthorised, Unavailable, UnsupportedMediaType,
};

const READ: &[Code] = &[Unauthorised, Forbidden, NotFound, Unavailable];
const WITH_BODY: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    CalendarRefused,
    CalendarUnclear,
    TooLarge,
    UnsupportedMediaType,
    CalendarUnavailable,
    Unavailable,
];

const fn operation(
    (method, path): (&'static str, &'static str),
    id: &'static str,
    (summary, about): (&'static str, &'static str),
    body: &'static [(&'static str, &'static str)],
    good: &'static [Good],
    bad: &'static [Code],
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "Calendars",
        summary,
        about,
        who: Who::Manager,
        query: &[],
        body,
        good,
        bad,
    }
}

const HEADER: Parameter = Parameter {
    name: "X-Cal-Signature-256",
    place: "header",
    required: false,
    about: "The HMAC-SHA256 of the body under the hook's secret, in hexadecimal digits.",
    schema: r#"{"type":"string"}"#,
};

pub(crate) const ALL: &[Operation] = &[
    operation(
        ("GET", "/v1/calendars"),
        "listCalendars",
        ("List calendars", "Oldest first, with how each is and what can be connected here."),
        &[],
        &[good(200, "The calendars.", "CalendarList")],
        READ,
    ),
    operation(
        ("POST", "/v1/calendars"),
        "connectCalendar",
        (
            "Connect a calendar",
            "With Cal.com's key, or the address, user and password of a CalDAV server. It is asked at once; then one of its calendars is chosen. At most 20 to a tenant.",
        ),
        &[(JSON, "ConnectCalendar")],
        &[good(201, "It is connected; choose one of its calendars.", "CalendarChecked")],
        &[
            MalformedJson,
            Invalid,
            Unauthorised,
            Forbidden,
            OriginNotAllowed,
            NotFound,
            TooSlow,
            CalendarRefused,
            CalendarUnclear,
            TooManyCalendars,
            TooLarge,
            UnsupportedMediaType,
            CalendarUnavailable,
            Unavailable,
        ],
    ),
    operation(
        ("GET", "/v1/calendars/{calendar}"),
        "readCalendar",
        ("Read a calendar", "How it is, why it fails and since when, what waits for it."),
        &[],
        &[good(200, "The calendar.", "CalendarView")],
        READ,
    ),
    operation(
        ("PUT", "/v1/calendars/{calendar}"),
        "chooseCalendar",
        (
            "Choose a calendar and its resource",
            "Where the calendar is busy the resource cannot be booked, and the resource's bookings to come are written into the calendar. What is booked already stays booked.",
        ),
        &[(JSON, "ChooseCalendar")],
        &[good(200, "The calendar.", "CalendarView")],
        WITH_BODY,
    ),
    operation(
        ("DELETE", "/v1/calendars/{calendar}"),
        "disconnectCalendar",
        (
            "Disconnect a calendar",
            "Its credentials are forgotten and what it closed is open; entries that were written into it stay there.",
        ),
        &[],
        &[done("It is gone.")],
        &[Unauthorised, Forbidden, OriginNotAllowed, NotFound, Unavailable],
    ),
    operation(
        ("POST", "/v1/calendars/{calendar}/check"),
        "checkCalendar",
        (
            "Check a calendar",
            "Asks the provider now; what had failed is tried again, and its busy times are read.",
        ),
        &[],
        &[good(200, "It answers.", "CalendarChecked")],
        &[
            Invalid,
            Unauthorised,
            Forbidden,
            OriginNotAllowed,
            NotFound,
            CalendarRefused,
            CalendarUnclear,
            CalendarUnavailable,
            Unavailable,
        ],
    ),
    operation(
        ("PUT", "/v1/calendars/{calendar}/credentials"),
        "reconnectCalendar",
        (
            "Give other credentials",
            "For the same server. What waits is caught up with; Cal.com's hook gets a new secret.",
        ),
        &[(JSON, "ConnectCalendar")],
        &[good(200, "It is connected again.", "CalendarChecked")],
        WITH_BODY,
    ),
    operation(
        ("POST", "/v1/calendars/consent"),
        "askCalendarConsent",
        (
            "Ask for a consent page",
            "Where a person lets us into their calendar at Google or Microsoft. Good for ten minutes, in the browser that asked.",
        ),
        &[(JSON, "AskConsent")],
        &[good(200, "Go there.", "ConsentPage")],
        WITH_BODY,
    ),
    Operation {
        query: &[
            optional("state", "As the consent page was given it.", r#"{"type":"string"}"#),
            optional("code", "Missing when the person said no.", r#"{"type":"string"}"#),
        ],
        ..operation(
            ("GET", "/v1/calendars/callback"),
            "endCalendarConsent",
            ("Come back from a consent page", "Leads on to the page of calendars."),
            &[],
            &[Good { status: 303, about: "Go on there.", media: None, shape: None }],
            &[
                MalformedQuery,
                Invalid,
                Unauthorised,
                Forbidden,
                NotFound,
                Stale,
                CalendarUnclear,
                TooManyCalendars,
                CalendarUnavailable,
                Unavailable,
            ],
        )
    },
    Operation {
        who: Who::Anyone,
        query: &[HEADER],
        ..operation(
            ("POST", "/v1/hooks/cal/{calendar}"),
            "hearCalCom",
            (
                "Hear of a change at Cal.com",
                "Nothing it says is taken over: the calendar is read again, and a booking that is gone there is cancelled. May be repeated. Without a good signature it leads nowhere.",
            ),
            &[],
            &[done("What follows is stored.")],
            &[
                Invalid,
                MalformedJson,
                NotFound,
                TooSlow,
                CalendarRefused,
                CalendarUnclear,
                TooLarge,
                UnsupportedMediaType,
                TooMany,
                CalendarUnavailable,
                Unavailable,
            ],
        )
    },
];
