//! What was called in this turn and what came of it; and the next call, when one is needed.

use forecourt_core::tools::{
    MOST_ROUNDS, ToolName,
    results::{self, Failed},
};
use forecourt_ports::model::{Ask, Call, Round, Toolbox};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// What an answer does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Say(String),
    Calls(Vec<Call>),
}

/// A result, read: the shape, what went wrong, or `None` when it cannot be known.
pub(super) type Got<T> = Option<Result<T, Failed>>;

#[derive(Clone, Copy)]
pub(super) struct Rounds<'a> {
    toolbox: &'a Toolbox,
}

impl<'a> Rounds<'a> {
    pub(super) const fn of(ask: &'a Ask) -> Self {
        Self { toolbox: &ask.toolbox }
    }

    fn calls(self) -> impl Iterator<Item = (&'a Call, &'a str)> {
        let of_round = |round: &'a Round| {
            round.calls.iter().filter_map(|call| {
                let result = round.results.iter().find(|result| result.id == call.id)?;
                Some((call, result.content.as_str()))
            })
        };
        self.toolbox.rounds.iter().flat_map(of_round)
    }

    /// The last result of calls of this name, whoever called.
    pub(super) fn last<T: DeserializeOwned>(self, name: &str) -> Got<T> {
        let content = self.calls().filter(|(call, _)| call.name == name).last()?.1;
        results::read(content)
    }

    pub(super) fn was_called(self, tool: ToolName) -> bool {
        self.calls().any(|(call, _)| call.name == tool.as_str())
    }

    /// The result of exactly this call, or the call itself where it was not made yet. `Ok(None)` when the
    /// tool cannot be used in this turn (any more), or its result is not read.
    pub(super) fn need<T: DeserializeOwned>(
        self,
        tool: ToolName,
        args: &impl Serialize,
    ) -> Result<Got<T>, Step> {
        let args = fields(args);
        let same = |call: &Call| call.name == tool.as_str() && call.args == args;
        if let Some((_, content)) = self.calls().find(|(call, _)| same(call)) {
            return Ok(results::read(content));
        }
        match self.call(tool, args, 0) {
            Some(call) => Err(Step::Calls(vec![call])),
            None => Ok(None),
        }
    }

    /// Like [`Self::need`], but what was refused before the customer's data were written down in this turn
    /// does not count.
    pub(super) fn need_again<T: DeserializeOwned>(
        self,
        tool: ToolName,
        args: &impl Serialize,
    ) -> Result<Got<T>, Step> {
        let captures = |round: &Round| {
            round.calls.iter().any(|call| call.name == ToolName::CaptureContact.as_str())
        };
        let Some(at) = self.toolbox.rounds.iter().rposition(captures) else {
            return self.need(tool, args);
        };
        let args = fields(args);
        for round in &self.toolbox.rounds[at + 1..] {
            if let Some(call) =
                round.calls.iter().find(|call| call.name == tool.as_str() && call.args == args)
            {
                let result = round.results.iter().find(|result| result.id == call.id);
                return Ok(result.and_then(|result| results::read(&result.content)));
            }
        }
        // The engine's own try was refused and is none of ours.
        let offered = self.toolbox.offered.iter().any(|offered| offered.name == tool.as_str());
        let rounds = self.toolbox.rounds.len();
        if !offered || u32::try_from(rounds).is_ok_and(|rounds| rounds + 1 >= MOST_ROUNDS) {
            return Ok(None);
        }
        let id = format!("house-{rounds}-0");
        Err(Step::Calls(vec![Call { id, name: tool.as_str().to_owned(), args }]))
    }

    /// Several calls of one tool, made together.
    pub(super) fn need_each<T: DeserializeOwned>(
        self,
        tool: ToolName,
        all: &[impl Serialize],
    ) -> Result<Vec<Got<T>>, Step> {
        let mut missing = Vec::new();
        let mut got = Vec::new();
        for args in all.iter().map(fields) {
            let same = |call: &Call| call.name == tool.as_str() && call.args == args;
            match self.calls().find(|(call, _)| same(call)) {
                Some((_, content)) => got.push(results::read(content)),
                None => missing.extend(self.call(tool, args, missing.len())),
            }
        }
        if missing.is_empty() { Ok(got) } else { Err(Step::Calls(missing)) }
    }

    fn call(self, tool: ToolName, args: Map<String, Value>, beside: usize) -> Option<Call> {
        let name = tool.as_str();
        let offered = self.toolbox.offered.iter().any(|tool| tool.name == name);
        let called = self.calls().filter(|(call, _)| call.name == name).count() + beside;
        let rounds = self.toolbox.rounds.len();
        let may = offered
            && u32::try_from(called).is_ok_and(|called| called < tool.budget())
            && u32::try_from(rounds).is_ok_and(|rounds| rounds + 1 < MOST_ROUNDS);
        may.then(|| Call { id: format!("house-{rounds}-{beside}"), name: name.to_owned(), args })
    }
}

/// Arguments, without what is empty.
fn fields(args: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(args) {
        Ok(Value::Object(mut fields)) => {
            fields.retain(|_, value| {
                !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty())
            });
            fields
        }
        _ => Map::new(),
    }
}
