//! The grammar of an answer: which event may follow which, and what comes of it.
//!
//! ```text
//! message_start ( content_block_start content_block_delta* content_block_stop )* message_delta+ message_stop
//! ```
//!
//! with pings and unknown events anywhere, and an error instead of anything. A second
//! `message_start` is a spliced stream (a proxy tried again in the middle): two answers must never be
//! mixed, so it is an error.

use forecourt_ports::model::{Done, ModelError};
use serde::de::DeserializeOwned;

use super::{
    failure,
    sentences::Sentences,
    wire::{BlockDelta, BlockStart, BlockStop, Failure, Kind, MessageDelta, MessageStart, Usage},
};

/// The most events of an answer, whatever they are.
const MAX_EVENTS: usize = 50_000;

/// What an event leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A sign of life that carries nothing.
    Alive,
    /// The answer went on, with text to let go where there is some.
    Content(Option<String>),
    /// The answer is complete; the last of its text comes first.
    Complete(Option<String>, Done),
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Reply {
    at: At,
    /// The next block's index.
    next_block: u32,
    events: usize,
    max_chars: usize,
    sentences: Sentences,
    stop: Option<StopReason>,
    usage: Usage,
    model: String,
    prompt: String,
}

/// Where in the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Between,
    In { index: u32, is_text: bool },
    Stopped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StopReason {
    Finished,
    Cut,
}

const NOT_JSON: ModelError = ModelError::Protocol("an event is not of its shape");
const OUT_OF_ORDER: ModelError = ModelError::Protocol("an event is out of order");

impl Reply {
    /// `model` stands in for the name that the provider gives, should it give none.
    pub(super) fn new(model: &str, prompt: String, max_chars: usize) -> Self {
        Self {
            at: At::Start,
            next_block: 0,
            events: 0,
            max_chars,
            sentences: Sentences::default(),
            stop: None,
            usage: Usage::default(),
            model: model.to_owned(),
            prompt,
        }
    }

    /// Takes in one event: the name of its `event:` line (`message` where it has none) and its data.
    pub(super) fn event(&mut self, name: &str, data: &str) -> Result<Step, ModelError> {
        self.events += 1;
        if self.events > MAX_EVENTS {
            return Err(ModelError::TooLong);
        }
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
            "message_start" => self.message_start(read(data)?),
            "content_block_start" => self.block_start(&read(data)?),
            "content_block_delta" => self.block_delta(read(data)?),
            "content_block_stop" => self.block_stop(&read(data)?),
            "message_delta" => self.message_delta(&read(data)?),
            "message_stop" => self.message_stop(),
            "error" => {
                let failure = read::<Failure>(data)?;
                Err(ModelError::InStream { kind: failure::kind(&failure.error.kind) })
            }
            _ => Ok(Step::Alive),
        }
    }

    fn message_start(
        &mut self,
        MessageStart { message }: MessageStart,
    ) -> Result<Step, ModelError> {
        if self.at != At::Start {
            return Err(ModelError::Protocol("a second answer starts in the first"));
        }
        if message.role != "assistant" {
            return Err(ModelError::Protocol("the answer is not the assistant's"));
        }
        let named = (1..=128).contains(&message.model.len())
            && message.model.bytes().all(|byte| byte.is_ascii_graphic());
        if named {
            self.model = message.model;
        }
        self.usage = message.usage;
        self.at = At::Between;
        Ok(Step::Content(None))
    }

    fn block_start(&mut self, start: &BlockStart) -> Result<Step, ModelError> {
        if self.at != At::Between || start.index != self.next_block {
            return Err(OUT_OF_ORDER);
        }
        // No tool was offered, so a call of one is no answer.
        if start.content_block.kind.ends_with("tool_use") {
            return Err(ModelError::Protocol("the answer calls a tool that was not offered"));
        }
        let is_text = start.content_block.kind == "text";
        self.at = At::In { index: start.index, is_text };
        if is_text { self.text(&start.content_block.text) } else { Ok(Step::Content(None)) }
    }

    fn block_delta(&mut self, BlockDelta { index, delta }: BlockDelta) -> Result<Step, ModelError> {
        match (self.at, delta.kind.as_str()) {
            (At::In { index: open, is_text: true }, "text_delta") if open == index => {
                self.text(&delta.text.ok_or(NOT_JSON)?)
            }
            (At::In { index: open, is_text: false }, "text_delta") if open == index => {
                Err(ModelError::Protocol("text in a block of another kind"))
            }
            // Thinking, signatures, citations, and what may come later.
            (At::In { index: open, .. }, _) if open == index => Ok(Step::Content(None)),
            _ => Err(OUT_OF_ORDER),
        }
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
                "end_turn" | "stop_sequence" => StopReason::Finished,
                "max_tokens" | "model_context_window_exceeded" => StopReason::Cut,
                "refusal" => return Err(ModelError::Refused),
                _ => return Err(ModelError::Protocol("the answer stopped for another reason")),
            });
        }
        self.at = At::Stopped;
        Ok(Step::Content(None))
    }

    fn message_stop(&mut self) -> Result<Step, ModelError> {
        let stop = self.stop.filter(|_| self.at == At::Stopped).ok_or(OUT_OF_ORDER)?;
        let rest = match stop {
            StopReason::Finished => self.sentences.finish(),
            StopReason::Cut => self.sentences.finish_cut(),
        };
        match (stop, self.sentences.let_go()) {
            (StopReason::Cut, false) => Err(ModelError::TooLong),
            (StopReason::Finished, false) => Err(ModelError::Protocol("the answer is empty")),
            (_, true) => Ok(Step::Complete(
                rest,
                Done {
                    model: std::mem::take(&mut self.model),
                    prompt: std::mem::take(&mut self.prompt),
                    input_tokens: self.usage.input(),
                    output_tokens: self.usage.output(),
                },
            )),
        }
    }

    fn text(&mut self, text: &str) -> Result<Step, ModelError> {
        let whole = self.sentences.push(text);
        if self.sentences.chars() > self.max_chars {
            return Err(ModelError::TooLong);
        }
        Ok(Step::Content(whole))
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

fn read<T: DeserializeOwned>(data: &str) -> Result<T, ModelError> {
    serde_json::from_str(data).map_err(|_| NOT_JSON)
}

#[cfg(test)]
mod tests;
