//! The shapes of the stream's events, as far as they are read. Unknown fields are passed over.

use forecourt_ports::model::Usage as Counted;
use serde::Deserialize;

/// The type alone: what is not known is never looked into.
#[derive(Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
pub(super) struct MessageStart {
    pub message: Message,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub role: String,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub usage: Usage,
}

/// Counters so far; each event overwrites those that it names.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Usage {
    pub input_tokens: Option<u64>,
    pub cache_creation_input_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cache_creation: Option<Written>,
}

/// What was written to the cache, by how long it stays.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    pub ephemeral_1h_input_tokens: u64,
}

#[derive(Deserialize)]
pub(super) struct BlockStart {
    pub index: u32,
    pub content_block: Block,
}

#[derive(Deserialize)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub kind: String,
    /// Empty in practice; what stands here belongs to the text.
    #[serde(default)]
    pub text: String,
    /// Of a call.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// Of a thought that only the provider can read.
    pub data: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct BlockDelta {
    pub index: u32,
    pub delta: Change,
}

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(rename = "type")]
    pub kind: String,
    pub text: Option<String>,
    pub partial_json: Option<String>,
    pub thinking: Option<String>,
    pub signature: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct BlockStop {
    pub index: u32,
}

#[derive(Deserialize)]
pub(super) struct MessageDelta {
    pub delta: Stop,
    #[serde(default)]
    pub usage: Usage,
}

#[derive(Deserialize)]
pub(super) struct Stop {
    pub stop_reason: Option<String>,
}

/// An error, as a body or in the stream. The message is not read: it may repeat what we sent.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub error: Kind,
}

impl Usage {
    /// Takes over the counters that `later` names: they are totals, not differences.
    pub(super) fn overwrite(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens =
            later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
    }

    /// The same in our terms: the provider's parts of a prompt do not overlap.
    pub(super) fn counted(self) -> Counted {
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let long = self.cache_creation.unwrap_or_default().ephemeral_1h_input_tokens.min(written);
        Counted {
            input: self.input_tokens.unwrap_or(0),
            cached: self.cache_read_input_tokens.unwrap_or(0),
            written: written - long,
            written_long: long,
            output: self.output_tokens.unwrap_or(0),
        }
    }
}
