//! What changed of a vehicle: the difference of two records, field by field, as its history keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Vehicle;

/// One step in the life of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum VehicleStep {
    Added,
    /// Fields got other values; the price and the status are among them.
    Changed {
        changes: Vec<FieldChange>,
    },
    /// It is out of the stock; its history stays.
    Deleted,
    /// It is back.
    Restored,
}

/// A field, what it held and what it holds; `null` is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub from: Value,
    pub to: Value,
}

/// The fields of which two records differ, by name. Their ids are not compared.
pub fn changes(before: &Vehicle, after: &Vehicle) -> Vec<FieldChange> {
    let (mut old, new) = (flat(before), flat(after));
    let mut changes = Vec::new();
    for (field, to) in new {
        let from = old.remove(&field).unwrap_or(Value::Null);
        if from != to {
            changes.push(FieldChange { field, from, to });
        }
    }
    let gone = old.into_iter().filter(|(_, from)| !from.is_null());
    changes.extend(gone.map(|(field, from)| FieldChange { field, from, to: Value::Null }));
    changes.sort_by(|a, b| a.field.cmp(&b.field));
    changes
}

/// All fields of a record side by side.
fn flat(vehicle: &Vehicle) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(vehicle) else {
        return Map::new();
    };
    fields.remove("id");
    if let Some(Value::Object(details)) = fields.remove("details") {
        fields.extend(details);
    }
    fields
}
