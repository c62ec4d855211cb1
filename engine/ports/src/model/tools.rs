//! Tools as a model sees them: what is offered, what it called, what came of it.
//!
//! Nothing here runs a tool: a call is a wish (A6), and its arguments are only known to be a JSON object.
//!
//! # Invariants
//! - a call names a tool that was offered; adapters turn anything else into an error;
//! - **A9** [`MAX_CALLS`] calls of one answer, [`MAX_ARGUMENTS`] bytes of arguments of each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most calls of one answer.
pub const MAX_CALLS: usize = 16;
/// The most bytes of one call's arguments, as JSON.
pub const MAX_ARGUMENTS: usize = 16 * 1024;

/// What a model may use in one turn, and what it used already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toolbox {
    /// In an order that stays the same from turn to turn: providers cache what does not change.
    pub offered: Arc<[Tool]>,
    pub choice: Choice,
    /// Earlier answers of this turn that called, oldest first.
    pub rounds: Vec<Round>,
}

impl Toolbox {
    /// Whether a model must see contact data to do what it may do.
    pub fn takes_contacts(&self) -> bool {
        self.offered.iter().any(|tool| tool.takes_contacts)
    }
}

/// A tool that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// 1 to 64 ASCII letters, digits, `_` or `-`, as all providers take it.
    pub name: String,
    pub description: String,
    /// JSON Schema of an object.
    pub schema: Value,
    /// Whether its arguments are a customer's contact data; what the customer wrote is then shown to
    /// the model as it stands.
    pub takes_contacts: bool,
}

/// Whether the model must call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    Auto,
    /// At least one call. Models that refuse to be forced are asked as with `Auto`.
    Required,
    /// Text only.
    None,
}

/// A wish for a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Unique within its answer; made up by the adapter where the provider gives none.
    pub id: String,
    pub name: String,
    pub args: Map<String, Value>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id.
    pub id: String,
    /// Text or JSON, for the model to read.
    pub content: String,
    pub is_error: bool,
}

/// An answer that called, and the results. There is one result per call, in the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// What was said before the calls.
    pub text: String,
    pub calls: Vec<Call>,
    pub results: Vec<ToolResult>,
    pub carry: Option<Carry>,
}

/// What a provider wants back unchanged with its calls: signatures and thoughts. Opaque to everyone
/// else; another provider passes it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// The adapter's name.
    pub by: String,
    pub what: Value,
}
