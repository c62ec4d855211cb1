//! Endpoints: how staff set them up, and how they are.

use forecourt_core::{id::EndpointId, webhook::PauseReason};
use forecourt_ports::store::{EndpointRecord, NoticeStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::WebhookTopic;
use crate::words::same_words;

/// An endpoint to be made, or what it is to be from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// `https`, on the open internet.
    #[schema(max_length = 2000)]
    pub url: String,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// Empty: all of them.
    #[serde(default)]
    #[ts(as = "Option<Vec<WebhookTopic>>", optional)]
    #[schema(max_items = 64)]
    pub topics: Vec<WebhookTopic>,
}

// An address may hold a secret (A14).
impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSettings(..)")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookPauseReason {
    /// A member said so.
    Member,
    /// It answered 410 Gone.
    Gone,
    /// Nothing but failures for three days.
    Failing,
}

same_words!(PauseReason => WebhookPauseReason { Member, Gone, Failing });

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookPaused {
    pub why: WebhookPauseReason,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// How the mail stands that tells of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookNotice {
    Due,
    /// It is being handed over, or nobody knows whether it left.
    Begun,
    Sent,
    Failed,
}

same_words!(NoticeStatus => WebhookNotice { Due, Begun, Sent, Failed });

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookEndpoint {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// Empty: all of them.
    pub topics: Vec<WebhookTopic>,
    /// Absent while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub paused: Option<WebhookPaused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub notice: Option<WebhookNotice>,
    /// Since when there was nothing but failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When it took a call last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
    /// Until when the secret of before the last rotation signs too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub old_secret_until: Option<Timestamp>,
    /// Calls that wait to be taken.
    #[ts(type = "number")]
    pub pending: u64,
    /// Events that have not been looked at yet.
    #[ts(type = "number")]
    pub behind: u64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookEndpoints {
    /// Oldest first.
    pub endpoints: Vec<WebhookEndpoint>,
}

/// An endpoint with its secret, which is shown this one time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookWithSecret {
    pub endpoint: WebhookEndpoint,
    /// `whsec_` and the key in base64.
    pub secret: String,
}

impl std::fmt::Debug for WebhookWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookWithSecret(..)") // A14
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeWebhook {
    /// Leaves out what has waited; else it goes on where it stopped.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub skip: bool,
}

// ---- from the store ----

impl WebhookEndpoint {
    /// An endpoint as it stands at `now`.
    pub fn of(record: EndpointRecord, now: Timestamp) -> Self {
        Self {
            endpoint_id: record.endpoint,
            url: record.url,
            description: record.description,
            topics: record.topics.into_iter().map(WebhookTopic::from).collect(),
            paused: record
                .paused
                .map(|paused| WebhookPaused { why: paused.why.into(), since: paused.since }),
            notice: record.notice.map(WebhookNotice::from),
            failing_since: record.failing_since,
            accepted_at: record.accepted_at,
            old_secret_until: record.old_secret_until.filter(|until| now < *until),
            pending: record.pending,
            behind: record.behind,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}
