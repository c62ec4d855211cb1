//! Handing deliveries over again: one, or all that stand alike.

use forecourt_core::id::DeliveryId;
use forecourt_ports::store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Whether a person may have a letter sent once more, as its row tells; the conversation may still refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayChoice {
    /// It is no dead letter, or has been sent once more.
    No,
    Allowed,
    /// It may have left: only with `even_if_sent`.
    NeedsConfirmation,
}

/// Has one dead letter sent once more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDelivery {
    /// It may have left, and arrive twice: the person takes that upon themselves.
    #[serde(default)]
    pub even_if_sent: bool,
    /// The caller's own id of the wish, 1 to 100 printable characters: the same id gives the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<String>,
}

/// The delivery that sends it once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryReplayed {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
}

/// Which dead letters: `failed` or `uncertain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadStatus {
    Failed,
    Uncertain,
}

/// Has many dead letters sent once more: those of `ids`, or those of a status and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDeliveries {
    /// The caller's own id of the wish, 1 to 100 printable characters: the same id sends nothing twice.
    pub client_id: String,
    /// 1 to 500. Without them `status` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string[]")]
    #[schema(value_type = Option<Vec<String>>)]
    pub ids: Option<Vec<DeliveryId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<DeadStatus>,
    /// Queued at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Queued before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub even_if_sent: bool,
    /// Only says what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of one letter of many.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReplayOutcome {
    /// It is sent once more; in a dry run, it would be.
    Replayed,
    /// The same meaning is on its way.
    OnItsWay,
    /// It is no dead letter (any more): it has arrived, stayed in, or nobody waits for it.
    Over,
    /// It may have left: say `even_if_sent`.
    MayHaveLeft,
    /// The assistant wrote it, and somebody else speaks by now.
    Superseded,
    /// The conversation is closed.
    Closed,
    /// There is no such delivery.
    NotFound,
    /// It could not be stored now: ask again with the same `client_id`.
    Busy,
}

/// One letter of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplayResult {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    pub outcome: ReplayOutcome,
    /// What sends it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub new_delivery_id: Option<DeliveryId>,
}

/// What became of them all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplayReport {
    pub dry_run: bool,
    /// How many were looked at.
    pub matched: usize,
    /// How many are, or would be, sent once more.
    pub replayed: usize,
    /// More are left than one call takes: ask again.
    pub more: bool,
    /// Oldest first; a dry run shows the first 50.
    pub results: Vec<ReplayResult>,
}

impl From<DeadStatus> for store::DeliveryStatus {
    fn from(status: DeadStatus) -> Self {
        match status {
            DeadStatus::Failed => Self::Failed,
            DeadStatus::Uncertain => Self::Uncertain,
        }
    }
}
