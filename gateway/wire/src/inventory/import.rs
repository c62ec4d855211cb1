//! Files of vehicles: what one would do, row by row, and what it did.

use forecourt_core::{
    id::ImportId,
    inventory::csv::{self, Plan, RowOutcome, Sheet},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::VehicleFieldChange;

/// How many rows of a file become what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ImportCounts {
    pub new: u32,
    pub changed: u32,
    pub same: u32,
    pub bad: u32,
}

impl From<csv::Counts> for ImportCounts {
    fn from(counts: csv::Counts) -> Self {
        let csv::Counts { new, changed, same, bad } = counts;
        Self { new, changed, same, bad }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    New,
    Changed,
    Same,
    Bad,
}

/// What is wrong with a row, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ImportFault {
    /// The column as the file calls it; absent when it is about the whole row, or a column is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub column: Option<String>,
    /// Stable, such as `required`, `number`, `vin`, `key`, `twice`, `another`.
    pub code: String,
    pub detail: String,
    /// What stands there, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ImportRow {
    /// Of the file, counted as editors do.
    pub line: u32,
    pub title: String,
    pub outcome: ImportOutcome,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<VehicleFieldChange>>")]
    pub changes: Vec<VehicleFieldChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ImportFault>>")]
    pub errors: Vec<ImportFault>,
}

/// What a file would do; nothing is done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ImportPreview {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub import_id: ImportId,
    pub encoding: String,
    pub delimiter: String,
    /// Headers that mean nothing here; their columns are passed over.
    pub unknown_columns: Vec<String>,
    pub counts: ImportCounts,
    /// Those with mistakes first, then what changes, then what is new; 1,000 at most.
    pub rows: Vec<ImportRow>,
    /// Rows that are not shown, besides those that change nothing.
    pub left_out: u32,
}

impl ImportPreview {
    /// Rows that are shown.
    const MOST: usize = 1_000;

    pub fn of(id: ImportId, sheet: &Sheet, plan: Plan) -> Self {
        let counts = plan.counts();
        let mut rows: Vec<ImportRow> = plan
            .rows
            .into_iter()
            .map(|row| {
                let (outcome, changes, errors) = match row.outcome {
                    RowOutcome::New(_) => (ImportOutcome::New, vec![], vec![]),
                    RowOutcome::Changed { changes, .. } => {
                        (ImportOutcome::Changed, changes, vec![])
                    }
                    RowOutcome::Same(_) => (ImportOutcome::Same, vec![], vec![]),
                    RowOutcome::Bad(faults) => (ImportOutcome::Bad, vec![], faults),
                };
                ImportRow {
                    line: row.line,
                    title: row.title,
                    outcome,
                    changes: changes.into_iter().map(VehicleFieldChange::from).collect(),
                    errors: errors.into_iter().map(ImportFault::from).collect(),
                }
            })
            .filter(|row| row.outcome != ImportOutcome::Same)
            .collect();
        let rank = |outcome| match outcome {
            ImportOutcome::Bad => 0,
            ImportOutcome::Changed => 1,
            ImportOutcome::New | ImportOutcome::Same => 2,
        };
        rows.sort_by_key(|row| (rank(row.outcome), row.line));
        let left_out = rows.len().saturating_sub(Self::MOST);
        rows.truncate(Self::MOST);
        Self {
            import_id: id,
            encoding: sheet.encoding.to_owned(),
            delimiter: sheet.delimiter.to_string(),
            unknown_columns: sheet.unknown().map(str::to_owned).collect(),
            counts: counts.into(),
            rows,
            left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        }
    }
}

impl From<csv::RowFault> for ImportFault {
    fn from(fault: csv::RowFault) -> Self {
        let csv::RowFault { column, code, detail, value } = fault;
        Self { column, code: code.to_owned(), detail, value }
    }
}

/// A file that was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ImportDone {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub import_id: ImportId,
    pub counts: ImportCounts,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub imported_at: Timestamp,
}
