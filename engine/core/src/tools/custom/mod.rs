//! Tools of a tenant's own: an HTTP call that the assistant may wish for, such as a vehicle's service history.
//!
//! Lives here: what a manager registers ([`ToolBody`]) and what makes it fit to be kept, the arguments it takes
//! ([`arguments`]), the exact request that a call becomes ([`request`]), and what of an answer may be known and
//! said ([`answer`]). May be used by: the session, the models' offer, the actors, the gateway.
//!
//! # Invariants
//! - **A6** a call's arguments are checked before anything leaves, and cannot change where it goes;
//! - **A6** of an answer only declared fields are read, as data: what speaks to the assistant, or brings a price
//!   where none was declared, is left out;
//! - **A9** every part is bounded, and so is what one conversation may call;
//! - **A14** the values of headers are no part of this: they are sealed, and only their names are known here.

pub mod answer;
pub mod arguments;
pub mod request;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::{
    answer::{Answered, Field, FieldKind},
    arguments::Arguments,
    request::{Method, Prepared},
};
use super::{ToolName, results::GIVE_CODE};
use crate::{id::ToolId, knowledge::Localized, text};

/// Tools of one tenant.
pub const MOST_TOOLS: usize = 20;
/// Calls of one tool in one conversation, at most.
pub const MOST_BUDGET: u32 = 20;
/// Milliseconds that a call may take, from the look-up of the name to the end of the answer.
pub const TIMEOUTS: std::ops::RangeInclusive<u32> = 500..=10_000;
/// Bytes of an answer that are read.
pub const MOST_ANSWER: usize = 64 * 1024;
/// Headers of a tool's own.
pub const MOST_HEADERS: usize = 10;
/// Fields of an answer.
pub const MOST_FIELDS: usize = 20;

/// A tool as the assistant is offered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomTool {
    pub id: ToolId,
    pub version: i64,
    #[serde(flatten)]
    pub body: ToolBody,
}

/// What a call of a tool does to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It looks something up, and may be repeated.
    Read,
    /// It changes something: never on a model's word alone, so it cannot be registered.
    Write,
}

/// What a manager registers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolBody {
    /// Of `a-z`, `0-9` and `_`; unlike every tool that there is.
    pub name: String,
    /// When to use it, for the model, in one language at least.
    pub description: Localized,
    pub arguments: Arguments,
    pub method: Method,
    /// An `https` address; `{argument}` stands for an argument in its path or query.
    pub url: String,
    /// Names of its headers; their values are sealed elsewhere.
    #[serde(default)]
    pub headers: BTreeSet<String>,
    pub timeout_ms: u32,
    pub access: Access,
    /// Calls that one conversation may make.
    pub budget: u32,
    /// What of its answer may be known and said.
    pub answer: Vec<Field>,
    /// Whether the assistant is offered it.
    pub active: bool,
}

// An address may hold a secret of the tenant's (A14).
impl std::fmt::Debug for ToolBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolBody").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a tool cannot be kept; `field` is a path into [`ToolBody`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct ToolError {
    pub field: String,
    pub why: String,
}

impl ToolError {
    pub(super) fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }
}

/// Headers that are the engine's to set, or that change how a connection is used.
const OWN_HEADERS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "expect",
    "cookie",
    "accept-encoding",
    "idempotency-key",
    "user-agent",
];

impl ToolBody {
    const MAX_DESCRIPTION: usize = 500;

    /// The tool with its texts made safe to keep, or the first thing that is wrong with it. Whether its address
    /// may be called is the caller's to ask ([`ToolBody::sample_url`]).
    pub fn cleaned(mut self) -> Result<Self, ToolError> {
        check_name(&self.name).map_err(|why| ToolError::new("name", why))?;
        self.description = localized("description", &self.description, Self::MAX_DESCRIPTION)?;
        if self.description.0.is_empty() {
            return Err(ToolError::new("description", "must be given in one language at least"));
        }
        if self.access == Access::Write {
            let why = "a tool that changes something is not offered to the assistant yet: register what reads";
            return Err(ToolError::new("access", why));
        }
        self.arguments = self.arguments.cleaned()?;
        request::check_template(&self)?;
        self.headers = headers(self.headers)?;
        if !TIMEOUTS.contains(&self.timeout_ms) {
            return Err(ToolError::new("timeout_ms", "must be 500 to 10,000"));
        }
        if !(1..=MOST_BUDGET).contains(&self.budget) {
            return Err(ToolError::new("budget", format!("must be 1 to {MOST_BUDGET}")));
        }
        self.answer = answer::cleaned(self.answer)?;
        Ok(self)
    }

    /// The address with `0` for every argument: what is checked before it is kept.
    pub fn sample_url(&self) -> Result<Url, ToolError> {
        request::sample(&self.url)
            .ok_or_else(|| ToolError::new("url", "must be an absolute `https` address"))
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(3..=40).contains(&name.len()) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("must be 3 to 40 characters, and begin with a letter");
    }
    if !name.chars().all(fits) {
        return Err("must be of a-z, 0-9 and _");
    }
    if ToolName::parse(name).is_some() || name == GIVE_CODE || name == "unknown" {
        return Err("is the name of a tool that every tenant has");
    }
    Ok(())
}

fn headers(given: BTreeSet<String>) -> Result<BTreeSet<String>, ToolError> {
    if given.len() > MOST_HEADERS {
        return Err(ToolError::new("headers", format!("must be at most {MOST_HEADERS}")));
    }
    let token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut names = BTreeSet::new();
    for name in given {
        let lower = name.to_ascii_lowercase();
        let field = format!("headers/{}", name.chars().take(64).collect::<String>());
        if !(1..=64).contains(&lower.len()) || !lower.chars().all(token) {
            return Err(ToolError::new(field, "must be the name of a header"));
        }
        if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("proxy-") {
            return Err(ToolError::new(field, "is set by the engine"));
        }
        if !names.insert(lower) {
            return Err(ToolError::new(field, "is named twice"));
        }
    }
    Ok(names)
}

/// Texts as lines of `max` characters; what is empty is left out.
fn localized(field: &str, given: &Localized, max: usize) -> Result<Localized, ToolError> {
    let mut texts = Localized::default();
    for (lang, text) in &given.0 {
        match text::line(text, max) {
            Ok(text) => drop(texts.0.insert(*lang, text)),
            Err(text::TextError::Empty) => {}
            Err(error) => {
                return Err(ToolError::new(format!("{field}/{}", lang.tag()), error.to_string()));
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests;
