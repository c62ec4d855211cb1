//! The operations on what members think of replies.

use super::operations::{JSON, Operation, Who, done, good, optional};
use crate::problem::Code::{
    Forbidden, Invalid, MalformedJson, MalformedQuery, NotAssistants, NotFound, OriginNotAllowed,
    TooLarge, TooSlow, Unauthorised, Unavailable, UnsupportedMediaType,
};

const MOMENT: &str = r#"{"type":"string","example":"2026-11-21"}"#;

pub(crate) const ALL: &[Operation] = &[
    Operation {
        method: "PUT",
        path: "/v1/sessions/{session}/messages/{message}/rating",
        id: "rateReply",
        tag: "Staff",
        summary: "Rate a reply",
        about: "What the member thinks of a message of the assistant, over what they thought before. The same again changes nothing.",
        who: Who::Seller,
        query: &[],
        body: &[(JSON, "PutRating")],
        good: &[good(200, "The rating as it stands.", "MessageRating")],
        bad: &[
            MalformedJson,
            Invalid,
            Unauthorised,
            OriginNotAllowed,
            NotFound,
            TooSlow,
            NotAssistants,
            TooLarge,
            UnsupportedMediaType,
            Unavailable,
        ],
    },
    Operation {
        method: "DELETE",
        path: "/v1/sessions/{session}/messages/{message}/rating",
        id: "unrateReply",
        tag: "Staff",
        summary: "Take a rating back",
        about: "The member's own, if there is one.",
        who: Who::Seller,
        query: &[],
        body: &[],
        good: &[done("The member has no rating of it.")],
        bad: &[Unauthorised, OriginNotAllowed, NotFound, Unavailable],
    },
    Operation {
        method: "GET",
        path: "/v1/reports/replies",
        id: "reportReplies",
        tag: "Staff",
        summary: "What came of replies",
        about: "Replies by prompt and model with their ratings, and what became of the conversations they stand in. At most 92 days.",
        who: Who::Manager,
        query: &[
            optional(
                "from",
                "A moment, or a day as the tenant's clocks show it; 30 days before `to` when left out.",
                MOMENT,
            ),
            optional("to", "Until before it; now when left out.", MOMENT),
        ],
        body: &[],
        good: &[good(200, "The report.", "ReplyReport")],
        bad: &[MalformedQuery, Invalid, Unauthorised, Forbidden, Unavailable],
    },
];
