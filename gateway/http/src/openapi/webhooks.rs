//! The operations on outgoing webhooks.

use super::operations::{Good, JSON, Operation, Who, done, good, optional};
use crate::problem::Code::{
    self, EndpointPaused, Forbidden, Invalid, MalformedJson, MalformedQuery, NotFound,
    OriginNotAllowed, TooLarge, TooManyEndpoints, TooSlow, Unauthorised, Unavailable,
    UnsupportedMediaType,
};

const READ: &[Code] = &[Unauthorised, Forbidden, NotFound, Unavailable];
const ACT: &[Code] = &[Unauthorised, Forbidden, OriginNotAllowed, NotFound, Unavailable];
const WITH_BODY: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    TooLarge,
    UnsupportedMediaType,
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
        tag: "Webhooks",
        summary,
        about,
        who: Who::Manager,
        query: &[],
        body,
        good,
        bad,
    }
}

pub(crate) const ALL: &[Operation] = &[
    operation(
        ("GET", "/v1/webhooks/endpoints"),
        "listWebhooks",
        ("List endpoints", "Oldest first, with what waits for each."),
        &[],
        &[good(200, "The endpoints.", "WebhookEndpoints")],
        &[Unauthorised, Forbidden, Unavailable],
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints"),
        "createWebhook",
        (
            "Make an endpoint",
            "It hears of everything from now on. The secret is answered here and never again. At most 20 to a tenant.",
        ),
        &[(JSON, "WebhookSettings")],
        &[good(201, "The endpoint, with its secret.", "WebhookWithSecret")],
        &[
            MalformedJson,
            Invalid,
            Unauthorised,
            Forbidden,
            OriginNotAllowed,
            TooSlow,
            TooManyEndpoints,
            TooLarge,
            UnsupportedMediaType,
            Unavailable,
        ],
    ),
    operation(
        ("GET", "/v1/webhooks/endpoints/{endpoint}"),
        "readWebhook",
        ("Read an endpoint", "Whether it is paused and why, since when it fails, what waits."),
        &[],
        &[good(200, "The endpoint.", "WebhookEndpoint")],
        READ,
    ),
    operation(
        ("PUT", "/v1/webhooks/endpoints/{endpoint}"),
        "changeWebhook",
        (
            "Change an endpoint",
            "Its address, its description and its topics become what is given. Calls that wait go to the new address.",
        ),
        &[(JSON, "WebhookSettings")],
        &[good(200, "The endpoint.", "WebhookEndpoint")],
        WITH_BODY,
    ),
    operation(
        ("DELETE", "/v1/webhooks/endpoints/{endpoint}"),
        "deleteWebhook",
        (
            "Delete an endpoint",
            "Nothing leaves any more; its address, its secrets and its calls are forgotten.",
        ),
        &[],
        &[done("It is gone.")],
        ACT,
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints/{endpoint}/pause"),
        "pauseWebhook",
        ("Pause an endpoint", "Nothing leaves until it is resumed; what happens meanwhile waits."),
        &[],
        &[good(200, "The endpoint.", "WebhookEndpoint")],
        ACT,
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints/{endpoint}/resume"),
        "resumeWebhook",
        (
            "Resume an endpoint",
            "It goes on where it stopped, at once; with `skip`, what has waited is left out.",
        ),
        &[(JSON, "ResumeWebhook")],
        &[good(200, "The endpoint.", "WebhookEndpoint")],
        WITH_BODY,
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints/{endpoint}/rotate"),
        "rotateWebhookSecret",
        (
            "Make a new secret",
            "Answered here and never again. For 24 hours calls carry two signatures, one of each secret.",
        ),
        &[],
        &[good(200, "The endpoint, with its new secret.", "WebhookWithSecret")],
        ACT,
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints/{endpoint}/test"),
        "testWebhook",
        ("Send a test", "A `webhook.test` leaves at once; its call tells what became of it."),
        &[],
        &[good(202, "It is queued.", "WebhookQueued")],
        &[Unauthorised, Forbidden, OriginNotAllowed, NotFound, EndpointPaused, Unavailable],
    ),
    Operation {
        query: &[
            optional(
                "status",
                "Only of this status.",
                r##"{"$ref":"#/components/schemas/WebhookCallStatus"}"##,
            ),
            optional(
                "since",
                "Made at this time or later: RFC 3339, or a day in the tenant's zone.",
                r#"{"type":"string"}"#,
            ),
            optional("until", "Made before this time.", r#"{"type":"string"}"#),
            optional(
                "before",
                "The `next` of an earlier page.",
                r#"{"type":"integer","minimum":0}"#,
            ),
            optional(
                "limit",
                "How many to a page.",
                r#"{"type":"integer","minimum":1,"maximum":500,"default":50}"#,
            ),
        ],
        ..operation(
            ("GET", "/v1/webhooks/endpoints/{endpoint}/calls"),
            "listWebhookCalls",
            (
                "List an endpoint's calls",
                "Newest first; those that have ended are kept for 30 days.",
            ),
            &[],
            &[good(200, "A page of calls.", "WebhookCalls")],
            &[MalformedQuery, Invalid, Unauthorised, Forbidden, NotFound, Unavailable],
        )
    },
    operation(
        ("GET", "/v1/webhooks/endpoints/{endpoint}/calls/{number}"),
        "readWebhookCall",
        (
            "Read a call",
            "Its body as it is sent, and every try: when, how long, what was answered.",
        ),
        &[],
        &[good(200, "The call.", "WebhookCallStory")],
        READ,
    ),
    operation(
        ("POST", "/v1/webhooks/endpoints/{endpoint}/replay"),
        "replayWebhookCalls",
        (
            "Send calls once more",
            "Those of `numbers`, or those of a status (`failed` when none is given) and a time; 1,000 at most in one go, `more` says whether to ask again. The ids stay the same, and so does the order within a conversation.",
        ),
        &[(JSON, "ReplayWebhooks")],
        &[good(202, "They leave again.", "WebhooksReplayed")],
        WITH_BODY,
    ),
];
