//! The body of a call.

use forecourt_ports::model::Ask;
use serde::Serialize;

use super::config::AnthropicConfig;
use crate::prompts::{Prompt, Role, Spoken};

/// Bytes of prompt per token, roughly; text in Norwegian or Arabic has more tokens, so a mark that is
/// left out because of this guess is one that would have gained little.
const BYTES_PER_TOKEN: usize = 4;

#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    system: [Block<'a>; 2],
    messages: Vec<Message<'a>>,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Debug, Serialize)]
struct Block<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Debug, Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What the provider learns about who speaks: an opaque id, no person (A13).
#[derive(Debug, Serialize)]
struct Metadata {
    user_id: String,
}

impl<'a> Body<'a> {
    pub(super) fn new(config: &'a AnthropicConfig, ask: &Ask, prompt: &'a Prompt) -> Self {
        // The mark ends the part that stays the same from call to call.
        let cached = config
            .cache_from_tokens
            .is_some_and(|from| prompt.rules.len() / BYTES_PER_TOKEN >= from as usize);
        let cache_control = cached.then_some(CacheControl { kind: "ephemeral" });
        Self {
            model: &config.model,
            max_tokens: config.max_tokens,
            stream: true,
            temperature: config.temperature.filter(|_| config.version.takes_temperature()),
            system: [
                Block { cache_control, ..Block::text(&prompt.rules) },
                Block::text(&prompt.now),
            ],
            messages: prompt.spoken.iter().map(Message::from).collect(),
            metadata: Metadata { user_id: ask.session.to_string() },
        }
    }
}

impl<'a> Block<'a> {
    fn text(text: &'a str) -> Self {
        Self { kind: "text", text, cache_control: None }
    }
}

impl<'a> From<&'a Spoken> for Message<'a> {
    fn from(spoken: &'a Spoken) -> Self {
        let role = match spoken.by {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        Self { role, content: spoken.texts.iter().map(|text| Block::text(text)).collect() }
    }
}
