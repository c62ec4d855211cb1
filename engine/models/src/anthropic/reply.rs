//! The grammar of an answer: which event may follow which, and what comes of it.
//!
//! ```text
//! message_start ( content_block_start content_block_delta* content_block_stop )* message_delta+ message_stop
//! ```
//!
//! with pings and unknown events anywhere, and an error instead of anything. A second
//! `message_start` is a spliced stream (a proxy tried again in the middle): two answers must never be
//! mixed, so it is an error.

use forecourt_ports::model::{Carry, ModelError, Stop, Toolbox, tools::MAX_ARGUMENTS};
use serde_json::{Value, json};

use super::wire::{
    BlockDelta, BlockStart, BlockStop, Change, Failure, Kind, MessageDelta, MessageStart, Usage,
};
use crate::{
    client::{self, ClientConfig, Draft, NOT_JSON, OUT_OF_ORDER, SPLICED, Step, read},
    prompts::Prompt,
};

/// The most bytes of thoughts that go back with calls.
const MAX_THOUGHTS: usize = 8 * MAX_ARGUMENTS;

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Reply {
    at: At,
    /// The next block's index.
    next_block: u32,
    stop: Option<Stop>,
    usage: Usage,
    thoughts: Vec<Thought>,
    thought_bytes: usize,
    draft: Draft,
}

#[derive(Debug)]
enum Thought {
    Open { thinking: String, signature: String },
    Sealed { data: String },
}

/// Where in the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Between,
    In { index: u32, block: In },
    Stopped,
}

/// In which kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Text,
    Call { place: usize },
    Thought,
    Other,
}

impl client::Reply for Reply {
    fn event(&mut self, name: &str, data: &str) -> Result<Step, ModelError> {
        self.draft.heard()?;
        let kind = match serde_json::from_str::<Kind>(data) {
            Ok(Kind { kind }) => kind,
            Err(_) if name == "message" || is_known(name) => return Err(NOT_JSON),
            Err(_) => return Ok(Step::Alive),
        };
        if !is_known(&kind) && !is_known(name) {
            return Ok(Step::Alive);
        }
        if name != kind && name != "message" {
            return Err(ModelError::Protocol("an event has two names"));
        }
        match kind.as_str() {
            "message_start" => self.message_start(&read(data)?),
            "content_block_start" => self.block_start(read(data)?),
            "content_block_delta" => self.block_delta(read(data)?),
            "content_block_stop" => self.block_stop(&read(data)?),
            "message_delta" => self.message_delta(&read(data)?),
            "message_stop" => self.message_stop(),
            "error" => {
                let failure = read::<Failure>(data)?;
                Err(ModelError::InStream { kind: client::kind(&failure.error.kind) })
            }
            _ => Ok(Step::Alive),
        }
    }
}

impl Reply {
    pub(super) fn new(config: &ClientConfig, tools: &Toolbox, prompt: &Prompt) -> Self {
        Self {
            at: At::Start,
            next_block: 0,
            stop: None,
            usage: Usage::default(),
            thoughts: Vec::new(),
            thought_bytes: 0,
            draft: Draft::new(config, tools, prompt),
        }
    }

    fn message_start(
        &mut self,
        MessageStart { message }: &MessageStart,
    ) -> Result<Step, ModelError> {
        if self.at != At::Start {
            return Err(SPLICED);
        }
        if message.role != "assistant" {
            return Err(ModelError::Protocol("the answer is not the assistant's"));
        }
        self.draft.named(&message.model);
        self.usage = message.usage;
        self.at = At::Between;
        Ok(Step::Content(None))
    }

    fn block_start(&mut self, start: BlockStart) -> Result<Step, ModelError> {
        let BlockStart { index, content_block: block } = start;
        if self.at != At::Between || index != self.next_block {
            return Err(OUT_OF_ORDER);
        }
        let kind = match block.kind.as_str() {
            "text" => In::Text,
            "thinking" => {
                let (thinking, signature) = (String::new(), String::new());
                self.thoughts.push(Thought::Open { thinking, signature });
                In::Thought
            }
            "redacted_thinking" => {
                let data = block.data.unwrap_or_default();
                self.thought(data.len())?;
                self.thoughts.push(Thought::Sealed { data });
                In::Other
            }
            // Tools of the provider's own end like this too; none of them was offered.
            call if call.ends_with("tool_use") => {
                In::Call { place: self.draft.calls.begin(&block.id, &block.name)? }
            }
            _ => In::Other,
        };
        self.at = At::In { index, block: kind };
        if kind == In::Text { self.draft.text(&block.text) } else { Ok(Step::Content(None)) }
    }

    fn block_delta(&mut self, BlockDelta { index, delta }: BlockDelta) -> Result<Step, ModelError> {
        let At::In { index: open, block } = self.at else { return Err(OUT_OF_ORDER) };
        if open != index {
            return Err(OUT_OF_ORDER);
        }
        match (block, delta.kind.as_str()) {
            (In::Text, "text_delta") => self.draft.text(&delta.text.ok_or(NOT_JSON)?),
            (In::Call { place }, "input_json_delta") => {
                self.draft.calls.add(place, &delta.partial_json.ok_or(NOT_JSON)?)?;
                Ok(Step::Content(None))
            }
            (_, "text_delta" | "input_json_delta") => {
                Err(ModelError::Protocol("a part in a block of another kind"))
            }
            (In::Thought, "thinking_delta" | "signature_delta") => self.think(&delta),
            // Citations, and what may come later.
            _ => Ok(Step::Content(None)),
        }
    }

    fn think(&mut self, delta: &Change) -> Result<Step, ModelError> {
        let (more, sign) = (
            delta.thinking.as_deref().unwrap_or_default(),
            delta.signature.as_deref().unwrap_or_default(),
        );
        self.thought(more.len() + sign.len())?;
        if let Some(Thought::Open { thinking, signature }) = self.thoughts.last_mut() {
            thinking.push_str(more);
            signature.push_str(sign);
        }
        Ok(Step::Content(None))
    }

    fn thought(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.thought_bytes += bytes;
        if self.thought_bytes > MAX_THOUGHTS { Err(ModelError::TooLong) } else { Ok(()) }
    }

    fn block_stop(&mut self, stop: &BlockStop) -> Result<Step, ModelError> {
        if !matches!(self.at, At::In { index, .. } if index == stop.index) {
            return Err(OUT_OF_ORDER);
        }
        self.at = At::Between;
        self.next_block += 1;
        Ok(Step::Content(None))
    }

    fn message_delta(&mut self, delta: &MessageDelta) -> Result<Step, ModelError> {
        if !matches!(self.at, At::Between | At::Stopped) {
            return Err(OUT_OF_ORDER);
        }
        self.usage.overwrite(delta.usage);
        if let Some(reason) = &delta.delta.stop_reason {
            self.stop = Some(match reason.as_str() {
                "end_turn" | "stop_sequence" => Stop::Finished,
                "max_tokens" | "model_context_window_exceeded" => Stop::Cut,
                "tool_use" => Stop::Calls,
                "refusal" => return Err(ModelError::Refused),
                _ => return Err(ModelError::Protocol("the answer stopped for another reason")),
            });
        }
        self.at = At::Stopped;
        Ok(Step::Content(None))
    }

    fn message_stop(&mut self) -> Result<Step, ModelError> {
        let stop = self.stop.filter(|_| self.at == At::Stopped).ok_or(OUT_OF_ORDER)?;
        self.draft.usage = self.usage.counted();
        if stop == Stop::Calls && !self.thoughts.is_empty() {
            let what = self.thoughts.drain(..).map(Value::from).collect();
            self.draft.carry = Some(Carry { by: "anthropic".into(), what });
        }
        Ok(Step::Complete(Box::new(self.draft.finish(stop)?)))
    }
}

impl From<Thought> for Value {
    fn from(thought: Thought) -> Self {
        match thought {
            Thought::Open { thinking, signature } => {
                json!({"type": "thinking", "thinking": thinking, "signature": signature})
            }
            Thought::Sealed { data } => json!({"type": "redacted_thinking", "data": data}),
        }
    }
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "message_start"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
            | "message_delta"
            | "message_stop"
            | "ping"
            | "error"
    )
}

#[cfg(test)]
mod tests;
