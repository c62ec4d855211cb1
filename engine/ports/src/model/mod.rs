//! A model that proposes an answer, streamed. It is not trusted (A6): what it says is a proposal.
//!
//! Lives here: what a model is asked and what it may say; tools as typed values in [`tools`], tokens and
//! cost in [`usage`].

pub mod tools;
pub mod usage;

use std::{sync::Arc, time::Duration};

use forecourt_core::{
    attachment::SentFiles,
    dialogue::Dialogue,
    id::{SessionId, TurnId},
    knowledge::Grounding,
    lang::Lang,
};
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

pub use forecourt_core::models::Task;

pub use self::{
    tools::{Call, Carry, Choice, Round, Tool, ToolResult, Toolbox},
    usage::{NanoUsd, Usage},
};

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
    /// What it is for: settings choose the models by it.
    pub task: Task,
    /// Whether models that cost money may be asked.
    pub allowance: Allowance,
    /// Where the conversation stands: what was offered, held and booked.
    pub dialogue: Arc<Dialogue>,
    /// What the customer sent with it.
    pub files: SentFiles,
    /// The tools that may be called, and what was called in this turn already.
    pub toolbox: Toolbox,
}

/// Whether money may be spent on an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    #[default]
    Open,
    /// The tenant's budget is used up: only what costs nothing may answer.
    Spent,
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

/// What a stream yields: any number of `Text` and `Call`, then exactly one `Done`, or an error;
/// nothing after. Calls come after the text of the same answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    Text(String),
    /// The model wants a tool that was offered; whether it gets it is not for it to say (A6).
    Call(Call),
    Done(Done),
}

/// How a complete answer came about; stored with the turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The model that answered, such as `claude-haiku-4-5` or `house`.
    pub model: String,
    /// The prompt that was used, such as `reply@3`.
    pub prompt: String,
    pub stop: Stop,
    pub usage: Usage,
    /// What it cost; `None` where no price is known.
    pub cost: Option<NanoUsd>,
    /// To be handed back with the calls of this answer, unchanged.
    pub carry: Option<Carry>,
}

impl Done {
    /// A finished answer that counted nothing and cost nothing.
    pub fn free(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            stop: Stop::Finished,
            usage: Usage::default(),
            cost: Some(NanoUsd(0)),
            carry: None,
        }
    }
}

/// Why a complete answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// All was said.
    Finished,
    /// The limit of tokens cut it, behind a whole sentence.
    Cut,
    /// It waits for the results of its calls.
    Calls,
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
    #[error("the answer took too long as a whole")]
    TooSlow,
    #[error("the budget for models is used up")]
    Budget,
}

impl ModelError {
    /// Whether the same call may do better later, or another model now.
    pub fn is_passing(&self) -> bool {
        match self {
            // A used-up account comes with the status of a limit, and no wait mends it.
            Self::Status { kind, .. } if is_used_up(kind) => false,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 429 | 500..),
            Self::InStream { .. }
            | Self::FirstByte
            | Self::Idle
            | Self::Truncated
            | Self::Transport
            | Self::TooSlow => true,
            Self::Protocol(_) | Self::TooLong | Self::Refused | Self::Budget => false,
        }
    }

    /// Whether the provider asked for less.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Status { status: 429 | 529, kind, .. } if !is_used_up(kind))
    }
}

fn is_used_up(kind: &str) -> bool {
    matches!(kind, "insufficient_quota" | "credit_balance_exhausted" | "billing_error")
}

/// A model, streaming. Dropping the stream cancels the call.
pub trait Model: Send + Sync {
    /// A short name for metrics and events, such as `anthropic` or `house`.
    fn name(&self) -> &'static str;

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>>;
}
