//! A model that proposes an answer, streamed. It is not trusted (A6): what it says is a proposal.

use std::{sync::Arc, time::Duration};

use forecourt_core::{
    id::{SessionId, TurnId},
    knowledge::Grounding,
    lang::Lang,
};
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// What a model is asked for one turn.
#[derive(Clone, Debug)]
pub struct Ask {
    pub turn: TurnId,
    /// Opaque to the provider; carries no personal data (A13).
    pub session: SessionId,
    /// The language to answer in.
    pub lang: Lang,
    /// Where the answer will be read; mail is a letter, chat is a line or two.
    pub medium: Medium,
    /// The customer's name as given, if given.
    pub customer_name: Option<String>,
    /// The vehicle asked for, as the customer wrote it in the form, if given.
    pub vehicle_interest: Option<String>,
    /// The conversation, oldest first; the last line is the customer's. At most 20 lines.
    pub transcript: Vec<Line>,
    /// All that the answer may name.
    pub grounding: Arc<Grounding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    Mail,
    Chat,
}

/// One line of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub who: Who,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Customer,
    Assistant,
    Member,
}

/// What a stream yields: any number of `Text`, then exactly one `Done`, or an error; nothing after.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    Text(String),
    Done(Done),
}

/// How a complete answer came about; stored with the turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The model that answered, such as `claude-haiku-4-5` or `house`.
    pub model: String,
    /// The prompt that was used, such as `reply@3`.
    pub prompt: String,
    pub input_tokens: u32,
    pub output_tokens: u32,
}

/// Why there is no complete answer. Messages carry no prompt, no text and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("the model answered status {status} ({kind})")]
    Status { status: u16, kind: String, retry_after: Option<Duration> },
    #[error("the model reported {kind} in mid-stream")]
    InStream { kind: String },
    #[error("no first byte in time")]
    FirstByte,
    #[error("the stream fell silent")]
    Idle,
    #[error("the stream ended before its end marker")]
    Truncated,
    #[error("the stream is not of the protocol: {0}")]
    Protocol(&'static str),
    #[error("the answer is longer than allowed")]
    TooLong,
    #[error("the model refused")]
    Refused,
    #[error("the model could not be reached")]
    Transport,
}

/// A model, streaming. Dropping the stream cancels the call.
pub trait Model: Send + Sync {
    /// A short name for metrics and events, such as `anthropic` or `house`.
    fn name(&self) -> &'static str;

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>>;
}
