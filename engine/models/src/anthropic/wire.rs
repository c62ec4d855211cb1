//! The shapes of the stream's events, as far as they are read. Unknown fields are passed over.

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
#[expect(clippy::struct_field_names, reason = "the provider's names")]
pub(super) struct Usage {
    pub input_tokens: Option<u64>,
    pub cache_creation_input_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
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
    }

    /// All tokens of the prompt: what was cached is counted apart by the provider.
    pub(super) fn input(self) -> u32 {
        [self.input_tokens, self.cache_creation_input_tokens, self.cache_read_input_tokens]
            .into_iter()
            .flatten()
            .fold(0_u64, u64::saturating_add)
            .try_into()
            .unwrap_or(u32::MAX)
    }

    pub(super) fn output(self) -> u32 {
        self.output_tokens.unwrap_or(0).try_into().unwrap_or(u32::MAX)
    }
}
