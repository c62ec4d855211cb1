//! What happened to a vehicle, step by step.

use forecourt_core::{
    id::{ImportId, MemberId},
    inventory::{self},
};
use forecourt_ports::store::VehicleHistory;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

/// A field, what it held and what it holds; `null` is nothing. `price` holds `minor` and `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VehicleFieldChange {
    pub field: String,
    #[ts(type = "unknown")]
    pub from: Value,
    #[ts(type = "unknown")]
    pub to: Value,
}

/// What happened to a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleStepKind {
    Added,
    Changed,
    Deleted,
    Restored,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VehicleStep {
    pub version: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub what: VehicleStepKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    /// Of the member, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<String>,
    /// The file it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub import_id: Option<ImportId>,
    pub changes: Vec<VehicleFieldChange>,
}

impl VehicleStep {
    pub fn of(row: VehicleHistory, by: Option<String>) -> Self {
        let (what, changes) = match row.step {
            inventory::VehicleStep::Added => (VehicleStepKind::Added, vec![]),
            inventory::VehicleStep::Changed { changes } => (VehicleStepKind::Changed, changes),
            inventory::VehicleStep::Deleted => (VehicleStepKind::Deleted, vec![]),
            inventory::VehicleStep::Restored => (VehicleStepKind::Restored, vec![]),
        };
        Self {
            version: row.version,
            at: row.at,
            what,
            member_id: row.by,
            by,
            import_id: row.import,
            changes: changes.into_iter().map(VehicleFieldChange::from).collect(),
        }
    }
}

impl From<inventory::FieldChange> for VehicleFieldChange {
    fn from(change: inventory::FieldChange) -> Self {
        let inventory::FieldChange { field, from, to } = change;
        Self { field, from, to }
    }
}

/// The newest step first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VehicleStory {
    pub steps: Vec<VehicleStep>,
    /// The `before` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<i64>,
}
