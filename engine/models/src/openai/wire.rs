//! The shapes of the stream's chunks, as far as they are read. Unknown fields are passed over.

use forecourt_ports::model::Usage as Counted;
use serde::Deserialize;
use serde_json::Value;

use crate::client;

#[derive(Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    /// Empty in a chunk that brings the counters; missing in an error.
    #[serde(default)]
    pub choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub usage: Option<Usage>,
    #[serde(default)]
    pub error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    pub index: u32,
    #[serde(default)]
    pub delta: Option<Delta>,
    #[serde(default)]
    pub finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    #[serde(default)]
    pub role: Option<String>,
    #[serde(default)]
    pub content: Option<String>,
    #[serde(default)]
    pub refusal: Option<String>,
    #[serde(default)]
    pub tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
pub(super) struct CallDelta {
    #[serde(default)]
    pub index: Option<u32>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub function: Option<FunctionDelta>,
}

#[derive(Default, Deserialize)]
pub(super) struct FunctionDelta {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub arguments: Option<String>,
}

/// Totals; what was cached is part of the prompt, what was thought part of the completion.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub prompt_tokens: u64,
    #[serde(default)]
    pub completion_tokens: u64,
    #[serde(default)]
    pub prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct PromptDetails {
    #[serde(default)]
    pub cached_tokens: Option<u64>,
}

impl Usage {
    pub(super) fn counted(self) -> Counted {
        let details = self.prompt_tokens_details.unwrap_or_default();
        let cached = details.cached_tokens.unwrap_or(0).min(self.prompt_tokens);
        Counted {
            input: self.prompt_tokens - cached,
            cached,
            output: self.completion_tokens,
            ..Counted::default()
        }
    }
}

/// An error as a body. The message is not read: it may repeat what we sent.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub error: Value,
}

impl Failure {
    pub(super) fn kind(&self) -> Option<String> {
        kind_of(&self.error)
    }
}

/// The code says more than the type; one that is a number says nothing that the status does not.
/// `None` where there is no error at all.
pub(super) fn kind_of(error: &Value) -> Option<String> {
    let known = |key: &str| error.get(key)?.as_str().map(client::kind);
    match error {
        Value::Null => None,
        _ => Some(known("code").or_else(|| known("type")).unwrap_or_else(|| client::kind(""))),
    }
}
