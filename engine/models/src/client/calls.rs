//! Calls of tools put together from their parts, by what the provider numbers them with.
//!
//! # Invariants
//! - only tools that were offered are called (A6);
//! - arguments are one JSON object, or the answer is broken;
//! - **A9** the number of calls and the bytes of each are bounded.

use std::collections::BTreeSet;

use forecourt_ports::model::{
    Call, ModelError, Toolbox,
    tools::{MAX_ARGUMENTS, MAX_CALLS},
};
use serde_json::{Map, Value};

const NOT_OFFERED: ModelError =
    ModelError::Protocol("the answer calls a tool that was not offered");
const NOT_AN_OBJECT: ModelError =
    ModelError::Protocol("the arguments of a call are no JSON object");
const TWICE: ModelError = ModelError::Protocol("two calls have one id");
/// The most bytes of a call's id.
const MAX_ID: usize = 128;

/// The calls of an answer under way.
#[derive(Debug)]
pub(crate) struct Calls {
    offered: BTreeSet<String>,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    id: String,
    name: String,
    args: String,
}

impl Calls {
    pub(crate) fn of(tools: &Toolbox) -> Self {
        let offered = tools.offered.iter().map(|tool| tool.name.clone()).collect();
        Self { offered, open: Vec::new() }
    }

    /// Begins a call; gives its place. An empty id is made up at the end.
    pub(crate) fn begin(&mut self, id: &str, name: &str) -> Result<usize, ModelError> {
        if !self.offered.contains(name) {
            return Err(NOT_OFFERED);
        }
        if self.open.len() == MAX_CALLS {
            return Err(ModelError::TooLong);
        }
        if id.len() > MAX_ID {
            return Err(ModelError::Protocol("the id of a call is too long"));
        }
        let (id, name) = (id.to_owned(), name.to_owned());
        self.open.push(Open { id, name, args: String::new() });
        Ok(self.open.len() - 1)
    }

    /// Adds a part of the arguments to the call at `place`.
    pub(crate) fn add(&mut self, place: usize, part: &str) -> Result<(), ModelError> {
        let Some(call) = self.open.get_mut(place) else { return Err(super::OUT_OF_ORDER) };
        if call.args.len() + part.len() > MAX_ARGUMENTS {
            return Err(ModelError::TooLong);
        }
        call.args.push_str(part);
        Ok(())
    }

    /// The id of the call at `place`, and whether its arguments are whole by now.
    pub(crate) fn at(&self, place: usize) -> Option<(&str, bool)> {
        let call = self.open.get(place)?;
        Some((&call.id, serde_json::from_str::<Map<String, Value>>(&call.args).is_ok()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Reads all arguments. No arguments at all are an empty object.
    pub(crate) fn finish(&mut self) -> Result<Vec<Call>, ModelError> {
        let mut ids = BTreeSet::new();
        let calls = std::mem::take(&mut self.open).into_iter().enumerate().map(|(at, open)| {
            let id = if open.id.is_empty() { format!("call_{at}") } else { open.id };
            if !ids.insert(id.clone()) {
                return Err(TWICE);
            }
            let args = match open.args.trim() {
                "" => Map::new(),
                text => serde_json::from_str(text).map_err(|_| NOT_AN_OBJECT)?,
            };
            Ok(Call { id, name: open.name, args })
        });
        calls.collect()
    }
}
