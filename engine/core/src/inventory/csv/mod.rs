//! Stock as a spreadsheet: reading one that people made, planning what it would change, writing one.
//!
//! Lives here: how a file is read ([`Sheet`]), which column means what ([`Column`]), what a cell says
//! (`cells`), what a file would do to the stock ([`Plan`]), and the way out ([`export()`]).
//!
//! # Invariants
//! - **A9** a file has at most [`MAX_FILE`] bytes, [`MAX_ROWS`] rows and [`MAX_COLUMNS`] columns;
//! - nothing of a file is written but what a plan showed: a plan is a pure function of the file and
//!   the stock, so it can be made again and compared ([`Plan::print`]);
//! - what is exported starts no formula in a spreadsheet, and is read back as it was.

mod cells;
mod columns;
mod export;
mod plan;
mod sheet;

pub use self::{
    columns::Column,
    export::export,
    plan::{Counts, Ground, Plan, PlannedRow, RowFault, RowOutcome, plan},
    sheet::{Sheet, SheetError},
};

/// The kind of body that a word means in any of the languages that ship, such as `stasjonsvogn`.
pub fn body_named(word: &str) -> Option<super::Body> {
    cells::body(word)
}

/// Bytes of a file.
pub const MAX_FILE: usize = 5 * 1024 * 1024;
/// Rows below the header.
pub const MAX_ROWS: usize = 10_000;
pub const MAX_COLUMNS: usize = 100;

/// What makes a spreadsheet read a cell as a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
