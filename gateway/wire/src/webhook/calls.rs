//! Calls of endpoints: what staff see of them, and how they call again.

use forecourt_core::id::SessionId;
use forecourt_ports::store::{CallRecord, CallStatus, CallStory, TryRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::WebhookTopic;
use crate::words::same_words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookCallStatus {
    Pending,
    Accepted,
    /// The ladder has ended.
    Failed,
    /// Left out when the endpoint was resumed.
    Skipped,
}

same_words!(CallStatus = WebhookCallStatus { Pending, Accepted, Failed, Skipped });

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCall {
    /// Its place among the endpoint's calls, from 1.
    #[ts(type = "number")]
    pub number: i64,
    pub topic: WebhookTopic,
    /// The `webhook-id`: the same at every try and replay.
    pub event_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    pub status: WebhookCallStatus,
    /// Tries that have ended.
    pub tries: u32,
    /// When the next try is due, of what is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// What the last try came to: a status, or a code such as `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCalls {
    /// Newest first.
    pub calls: Vec<WebhookCall>,
    /// The `before` of the next page, when there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next: Option<i64>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookTry {
    /// From 1.
    pub number: u32,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub took_ms: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<u16>,
    /// Why there was no status: `timeout`, `connect`, `tls`, `dns`, `refused_address`, `cut`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// The first bytes of the answer, 1,024 at most.
    pub beginning: String,
}

/// A call with its body and its newest hundred tries, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookCallStory {
    pub call: WebhookCall,
    /// As it is signed and sent.
    pub body: String,
    pub tries: Vec<WebhookTry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookQueued {
    /// The call's number.
    #[ts(type = "number")]
    pub number: i64,
}

/// Which calls to send once more: those of `numbers`, or those of a status and a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhooks {
    /// At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number[]")]
    #[schema(max_items = 1000)]
    pub numbers: Option<Vec<i64>>,
    /// `failed` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<WebhookCallStatus>,
    /// Made at this time or later: RFC 3339, or a day in the tenant's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub since: Option<String>,
    /// Made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhooksReplayed {
    pub count: u32,
    /// There may be more of them: ask again.
    pub more: bool,
}

impl From<CallRecord> for WebhookCall {
    fn from(row: CallRecord) -> Self {
        Self {
            number: row.number,
            topic: row.topic.into(),
            event_id: row.event_id,
            session_id: row.session,
            status: row.status.into(),
            tries: row.tries,
            next_at: (row.status == CallStatus::Pending).then_some(row.next_at),
            last: row.last,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<TryRecord> for WebhookTry {
    fn from(row: TryRecord) -> Self {
        Self {
            number: row.number,
            at: row.at,
            took_ms: row.took_ms,
            status: row.status,
            code: row.code,
            beginning: row.beginning,
        }
    }
}

impl From<CallStory> for WebhookCallStory {
    fn from(story: CallStory) -> Self {
        Self {
            call: story.row.into(),
            body: story.body,
            tries: story.tries.into_iter().map(WebhookTry::from).collect(),
        }
    }
}
