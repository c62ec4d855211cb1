//! How the chunks of an answer are read, with what servers do differently:
//!
//! - counters come in a chunk of their own behind the finish reason, with it, or not at all;
//! - calls are numbered, or all have the number 0, and then a new id begins a new one; ids are missing
//!   or repeated; arguments come in parts or whole;
//! - some finish calls with `stop`;
//! - errors come as an object in the stream, with no end behind it.

use std::collections::BTreeMap;

use forecourt_ports::model::{ModelError, Stop, Toolbox};

use super::{
    think::Think,
    wire::{CallDelta, Choice, Chunk, Delta, kind_of},
};
use crate::{
    client::{self, ClientConfig, Draft, Ending, NOT_JSON, OUT_OF_ORDER, SPLICED, Step, read},
    prompts::Prompt,
};

const DONE: &str = "[DONE]";

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The answer's id, once it is known.
    id: Option<String>,
    /// Places of the calls, by their number.
    places: BTreeMap<u32, usize>,
    stop: Option<Stop>,
    refused: bool,
    think: Think,
    draft: Draft,
}

impl client::Reply for Reply {
    fn event(&mut self, name: &str, data: &str) -> Result<Step, ModelError> {
        self.draft.heard()?;
        // The protocol names no events; what others add is passed over, their errors are not.
        if !matches!(name, "message" | "error") {
            return Ok(Step::Alive);
        }
        if data.trim() == DONE {
            return Ok(Step::Complete(Box::new(client::Reply::end(self)?)));
        }
        let chunk: Chunk = read(data)?;
        if let Some(kind) = chunk.error.as_ref().and_then(kind_of) {
            return Err(ModelError::InStream { kind });
        }
        if name == "error" {
            return Err(ModelError::InStream { kind: client::kind("") });
        }
        self.chunk(chunk)
    }

    fn end(&mut self) -> Result<Ending, ModelError> {
        let stop = self.stop.ok_or(ModelError::Truncated)?;
        if self.refused {
            return Err(ModelError::Refused);
        }
        let last = self.think.finish();
        let whole = self.draft.text(&last)?;
        let stop =
            if stop == Stop::Finished && !self.draft.calls.is_empty() { Stop::Calls } else { stop };
        let mut ending = self.draft.finish(stop)?;
        if let Step::Content(Some(whole)) = whole {
            ending.text = Some(whole + ending.text.as_deref().unwrap_or_default());
        }
        Ok(ending)
    }
}

impl Reply {
    pub(super) fn new(config: &ClientConfig, tools: &Toolbox, prompt: &Prompt) -> Self {
        Self {
            id: None,
            places: BTreeMap::new(),
            stop: None,
            refused: false,
            think: Think::default(),
            draft: Draft::new(config, tools, prompt),
        }
    }

    fn chunk(&mut self, chunk: Chunk) -> Result<Step, ModelError> {
        if let Some(id) = chunk.id.filter(|id| !id.is_empty()) {
            match &self.id {
                Some(known) if *known != id => return Err(SPLICED),
                Some(_) => {}
                None => self.id = Some(id),
            }
        }
        if let Some(model) = &chunk.model {
            self.draft.named(model);
        }
        if let Some(usage) = chunk.usage {
            self.draft.usage = usage.counted();
        }
        let Some(choices) = chunk.choices else {
            // Neither an answer nor its counters.
            return if chunk.usage.is_some() { Ok(Step::Content(None)) } else { Err(NOT_JSON) };
        };
        let mut said = String::new();
        for choice in choices {
            if choice.index != 0 {
                return Err(ModelError::Protocol("a second answer was not asked for"));
            }
            said.push_str(&self.choice(choice)?);
        }
        self.draft.text(&said)
    }

    fn choice(&mut self, choice: Choice) -> Result<String, ModelError> {
        let mut said = String::new();
        if let Some(delta) = choice.delta {
            let Delta { role, content, refusal, tool_calls } = delta;
            if role.is_some_and(|role| role != "assistant") {
                return Err(ModelError::Protocol("the answer is not the assistant's"));
            }
            let content = content.unwrap_or_default();
            let calls = tool_calls.unwrap_or_default();
            if self.stop.is_some() && (!content.is_empty() || !calls.is_empty()) {
                return Err(OUT_OF_ORDER);
            }
            self.refused |= refusal.is_some_and(|refusal| !refusal.is_empty());
            if !content.is_empty() {
                said = self.think.push(&content);
            }
            for call in calls {
                self.call(call)?;
            }
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.stop = Some(match reason.as_str() {
                "stop" | "eos" => Stop::Finished,
                "length" => Stop::Cut,
                "tool_calls" | "function_call" => Stop::Calls,
                "content_filter" => return Err(ModelError::Refused),
                _ => return Err(ModelError::Protocol("the answer stopped for another reason")),
            });
        }
        Ok(said)
    }

    fn call(&mut self, delta: CallDelta) -> Result<(), ModelError> {
        let function = delta.function.unwrap_or_default();
        let id = delta.id.unwrap_or_default();
        let name = function.name.unwrap_or_default();
        let part = function.arguments.unwrap_or_default();
        let last = self.draft.calls.len().checked_sub(1);
        let place = match delta.index {
            Some(index) => self.places.get(&index).copied(),
            // Without numbers, what has an id or a name is the next call.
            None => last.filter(|_| id.is_empty() && name.is_empty()),
        };
        let known = place.and_then(|place| Some((place, self.draft.calls.at(place)?)));
        let place = match known {
            None => None,
            // Another id under the same number is another call, and so is another name with arguments
            // of its own behind a call that is whole.
            Some((_, (known, _))) if !id.is_empty() && !known.is_empty() && known != id => None,
            Some((_, (_, true))) if id.is_empty() && !name.is_empty() && !part.is_empty() => None,
            Some((place, _)) => Some(place),
        };
        let place = if let Some(place) = place {
            place
        } else {
            let place = self.draft.calls.begin(&id, &name)?;
            self.places.insert(delta.index.unwrap_or(place as u32), place);
            place
        };
        self.draft.calls.add(place, &part)
    }
}

#[cfg(test)]
mod tests;
