//! How the chunks of an answer are read. Calls come whole, one part each.

use forecourt_ports::model::{Carry, ModelError, Stop, Toolbox};
use serde_json::{Map, Value};

use super::wire::{Candidate, Chunk, FunctionCall, Part};
use crate::{
    client::{self, ClientConfig, Draft, NOT_JSON, SPLICED, Step, read},
    prompts::Prompt,
};

/// The longest signature that goes back with its call, and how long all of them may be.
const MAX_SIGNATURES: usize = 128 * 1024;

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The answer's id, once it is known.
    id: Option<String>,
    /// The signatures of calls, by the calls' ids.
    signatures: Map<String, Value>,
    signature_bytes: usize,
    draft: Draft,
}

impl client::Reply for Reply {
    fn event(&mut self, name: &str, data: &str) -> Result<Step, ModelError> {
        self.draft.heard()?;
        // The protocol names no events; what a proxy adds is passed over.
        if name != "message" {
            return Ok(Step::Alive);
        }
        let chunk: Chunk = read(data)?;
        if let Some(error) = chunk.error {
            return Err(ModelError::InStream { kind: client::kind(&error.status) });
        }
        self.chunk(chunk)
    }
}

impl Reply {
    pub(super) fn new(config: &ClientConfig, tools: &Toolbox, prompt: &Prompt) -> Self {
        Self {
            id: None,
            signatures: Map::new(),
            signature_bytes: 0,
            draft: Draft::new(config, tools, prompt),
        }
    }

    fn chunk(&mut self, chunk: Chunk) -> Result<Step, ModelError> {
        if let Some(id) = chunk.response_id.filter(|id| !id.is_empty()) {
            match &self.id {
                Some(known) if *known != id => return Err(SPLICED),
                Some(_) => {}
                None => self.id = Some(id),
            }
        }
        if let Some(model) = &chunk.model_version {
            self.draft.named(model);
        }
        let counted = chunk.usage_metadata.is_some();
        if let Some(usage) = chunk.usage_metadata {
            self.draft.usage = usage.counted();
        }
        if chunk.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
            return Err(ModelError::Refused);
        }
        let mut candidates = chunk.candidates.into_iter();
        let Some(candidate) = candidates.next() else {
            return if counted { Ok(Step::Content(None)) } else { Err(NOT_JSON) };
        };
        if candidate.index != 0 || candidates.next().is_some() {
            return Err(ModelError::Protocol("a second answer was not asked for"));
        }
        self.candidate(candidate)
    }

    fn candidate(&mut self, candidate: Candidate) -> Result<Step, ModelError> {
        let mut said = String::new();
        if let Some(content) = candidate.content {
            if content.role.is_some_and(|role| role != "model") {
                return Err(ModelError::Protocol("the answer is not the assistant's"));
            }
            for part in content.parts {
                self.part(part, &mut said)?;
            }
        }
        let went_on = self.draft.text(&said)?;
        let Some(reason) = candidate.finish_reason else { return Ok(went_on) };
        let stop = match reason.as_str() {
            "STOP" if self.draft.calls.is_empty() => Stop::Finished,
            "STOP" => Stop::Calls,
            "MAX_TOKENS" => Stop::Cut,
            "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => {
                return Err(ModelError::Refused);
            }
            // Its own slips: another try may go well.
            "OTHER"
            | "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE" => {
                return Err(ModelError::InStream { kind: client::kind(&reason) });
            }
            _ => return Err(ModelError::Protocol("the answer stopped for another reason")),
        };
        if stop == Stop::Calls {
            let what = Value::Object(std::mem::take(&mut self.signatures));
            self.draft.carry = Some(Carry { by: "gemini".into(), what });
        }
        let mut ending = self.draft.finish(stop)?;
        if let Step::Content(Some(whole)) = went_on {
            ending.text = Some(whole + ending.text.as_deref().unwrap_or_default());
        }
        Ok(Step::Complete(Box::new(ending)))
    }

    fn part(&mut self, part: Part, said: &mut String) -> Result<(), ModelError> {
        if let Some(call) = part.function_call {
            return self.call(&call, part.thought_signature);
        }
        if let Some(text) = part.text.filter(|_| !part.thought) {
            said.push_str(&text);
        }
        Ok(())
    }

    fn call(&mut self, call: &FunctionCall, signature: Option<String>) -> Result<(), ModelError> {
        if call.will_continue {
            return Err(ModelError::Protocol("a call in parts was not asked for"));
        }
        // Without an id of its own a call gets one here, so that its signature finds it again.
        let made = format!("call_{}", self.draft.calls.len());
        let id = if call.id.is_empty() { &made } else { &call.id };
        let place = self.draft.calls.begin(id, &call.name)?;
        let args = serde_json::to_string(&call.args).map_err(|_| NOT_JSON)?;
        self.draft.calls.add(place, &args)?;
        if let Some(signature) = signature {
            self.signature_bytes += signature.len();
            if self.signature_bytes > MAX_SIGNATURES {
                return Err(ModelError::TooLong);
            }
            self.signatures.insert(id.clone(), signature.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
