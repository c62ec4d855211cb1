//! Errors as `application/problem+json` (RFC 9457), the same everywhere.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Why a request was not done, for programs (`code`) and people (`title`, `detail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Problem {
    /// Address of a page that explains the code: `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// The HTTP status once more.
    pub status: u16,
    /// The stable name to switch on.
    pub code: String,
    /// What happened this time, and how to mend it. Never repeats what was sent.
    pub detail: String,
    /// The request's id, as in the `X-Request-Id` header: name it when you ask for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub instance: Option<String>,
    /// Every field that was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<FieldError>>")]
    pub errors: Vec<FieldError>,
    /// When to try again, in seconds; as in the `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub retry_after_s: Option<u64>,
}

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, such as `/email`, or the name of a query parameter.
    pub pointer: String,
    /// The stable name of what is wrong, such as `required`.
    pub code: String,
    /// What to do, for the person who typed it.
    pub detail: String,
}
