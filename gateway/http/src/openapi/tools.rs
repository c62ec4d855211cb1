//! The operations on tools.

use super::operations::{Good, JSON, Operation, Parameter, Who, done, good, optional};
use crate::problem::Code::{
    self, ChangedMeanwhile, Forbidden, Invalid, MalformedJson, MalformedQuery, NotFound,
    OriginNotAllowed, TooLarge, TooManyTools, TooSlow, Unauthorised, Unavailable,
    UnsupportedMediaType,
};

const READ: &[Code] = &[Unauthorised, Forbidden, NotFound, Unavailable];
const MAKE: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    TooSlow,
    TooManyTools,
    TooLarge,
    UnsupportedMediaType,
    Unavailable,
];
const CHANGE: &[Code] = &[
    MalformedJson,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    ChangedMeanwhile,
    TooLarge,
    UnsupportedMediaType,
    Unavailable,
];
const DELETE: &[Code] = &[
    MalformedQuery,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    ChangedMeanwhile,
    Unavailable,
];
const TRY: &[Code] = &[
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

const VERSION: &[Parameter] = &[Parameter {
    name: "version",
    place: "query",
    required: true,
    about: "The version that is to be deleted.",
    schema: r#"{"type":"integer","minimum":1}"#,
}];
const LIMIT: &[Parameter] = &[optional(
    "limit",
    "How many.",
    r#"{"type":"integer","minimum":1,"maximum":200,"default":50}"#,
)];

const fn operation(
    (method, path): (&'static str, &'static str),
    id: &'static str,
    (summary, about): (&'static str, &'static str),
    (query, body): (&'static [Parameter], &'static [(&'static str, &'static str)]),
    good: &'static [Good],
    bad: &'static [Code],
) -> Operation {
    let who = Who::Manager;
    Operation { method, path, id, tag: "Tools", summary, about, who, query, body, good, bad }
}

pub(crate) const ALL: &[Operation] = &[
    operation(
        ("GET", "/v1/tools"),
        "listTools",
        ("List tools", "Those of the tenant's own by name, and those that every tenant has."),
        (&[], &[]),
        &[good(200, "The tools.", "Tools")],
        &[Unauthorised, Forbidden, Unavailable],
    ),
    operation(
        ("POST", "/v1/tools"),
        "createTool",
        (
            "Make a tool",
            "The assistant is offered it from its next answer on. Its address must be of the open internet; the values of its headers are sealed and never shown. Tools that change something are refused. At most 20 to a tenant.",
        ),
        (&[], &[(JSON, "PutTool")]),
        &[good(201, "The tool.", "Tool")],
        MAKE,
    ),
    operation(
        ("GET", "/v1/tools/{tool}"),
        "readTool",
        ("Read a tool", "Without the values of its headers."),
        (&[], &[]),
        &[good(200, "The tool.", "Tool")],
        READ,
    ),
    operation(
        ("PUT", "/v1/tools/{tool}"),
        "changeTool",
        (
            "Change a tool",
            "All of it, if it still is the version that was read; headers that are left out stay.",
        ),
        (&[], &[(JSON, "PutTool")]),
        &[good(200, "The tool.", "Tool")],
        CHANGE,
    ),
    operation(
        ("DELETE", "/v1/tools/{tool}"),
        "deleteTool",
        ("Delete a tool", "No answer uses it any more; its sealed headers are forgotten."),
        (VERSION, &[]),
        &[done("It is gone.")],
        DELETE,
    ),
    operation(
        ("GET", "/v1/tools/{tool}/versions"),
        "listToolVersions",
        ("List a tool's versions", "Who changed it and how it stood after, newest first."),
        (&[], &[]),
        &[good(200, "The versions.", "ToolVersions")],
        READ,
    ),
    operation(
        ("GET", "/v1/tools/{tool}/calls"),
        "listToolCalls",
        (
            "List a tool's calls",
            "When they were and how they ended, newest first; neither arguments nor answers are kept.",
        ),
        (LIMIT, &[]),
        &[good(200, "The calls.", "ToolCalls")],
        &[MalformedQuery, Invalid, Unauthorised, Forbidden, NotFound, Unavailable],
    ),
    Operation {
        who: Who::Seller,
        ..operation(
            ("POST", "/v1/tools/{tool}/try"),
            "tryTool",
            (
                "Try a tool",
                "`{tool}` is the id of a tool of the tenant's own (for managers): shown is the exact request, and with `send` what came of it. Or it is the name of one that every tenant has: shown is what it answers, or what it would do; nothing is changed.",
            ),
            (&[], &[(JSON, "TryTool")]),
            &[good(200, "What it showed.", "ToolTrial")],
            TRY,
        )
    },
];
