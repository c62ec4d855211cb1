//! The shapes of the stream's chunks, as far as they are read. Unknown fields are passed over.

use std::time::Duration;

use forecourt_ports::model::Usage as Counted;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::{self, Refusal, wait};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk {
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    pub prompt_feedback: Option<Feedback>,
    pub usage_metadata: Option<Usage>,
    pub model_version: Option<String>,
    pub response_id: Option<String>,
    pub error: Option<Error>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    #[serde(default)]
    pub index: u32,
    pub content: Option<Content>,
    pub finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Content {
    pub role: Option<String>,
    #[serde(default)]
    pub parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub text: Option<String>,
    #[serde(default)]
    pub thought: bool,
    pub function_call: Option<FunctionCall>,
    pub thought_signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionCall {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub args: Map<String, Value>,
    /// Set when arguments come in parts, which was not asked for.
    #[serde(default)]
    pub will_continue: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Feedback {
    pub block_reason: Option<String>,
}

/// Totals so far, on every chunk; what was cached is part of the prompt.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the provider's names")]
pub(super) struct Usage {
    pub prompt_token_count: u64,
    pub tool_use_prompt_token_count: u64,
    pub candidates_token_count: u64,
    pub thoughts_token_count: u64,
    pub cached_content_token_count: u64,
}

impl Usage {
    pub(super) fn counted(self) -> Counted {
        let prompt = self.prompt_token_count.saturating_add(self.tool_use_prompt_token_count);
        let cached = self.cached_content_token_count.min(prompt);
        Counted {
            input: prompt - cached,
            cached,
            output: self.candidates_token_count.saturating_add(self.thoughts_token_count),
            ..Counted::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Failure {
    error: Error,
}

/// An error, as a body or in the stream. The message is not read: it may repeat what we sent.
#[derive(Deserialize)]
pub(super) struct Error {
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    retry_delay: Option<String>,
}

impl Failure {
    pub(super) fn read(self) -> Refusal {
        let delay = self.error.details.iter().find_map(|detail| detail.retry_delay.as_deref());
        let retry_after: Option<Duration> = delay.and_then(wait);
        Refusal { kind: client::kind(&self.error.status), retry_after }
    }
}
