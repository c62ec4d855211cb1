//! The body of a call.

use forecourt_ports::model::{Ask, Choice, Round, Tool};
use serde::Serialize;
use serde_json::{Map, Value};

use super::config::AnthropicConfig;
use crate::{
    client::Protocol as _,
    prompts::{Prompt, Role, Spoken},
};

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Offer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice>,
    system: [Text<'a>; 2],
    messages: Vec<Message<'a>>,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
struct Offer<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
}

#[derive(Debug, Serialize)]
struct ToolChoice {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Block<'a> {
    Text(Text<'a>),
    /// A thought, as it came.
    Thought(&'a Value),
    Tool(Tagged<'a>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tagged<'a> {
    ToolUse { id: &'a str, name: &'a str, input: &'a Map<String, Value> },
    ToolResult { tool_use_id: &'a str, content: &'a str, is_error: bool },
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the provider's names")]
struct Text<'a> {
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
    pub(super) fn new(config: &'a AnthropicConfig, ask: &'a Ask, prompt: &'a Prompt) -> Self {
        let toolbox = &ask.toolbox;
        let tools: Vec<_> = toolbox.offered.iter().map(Offer::from).collect();
        // The mark ends the part that stays the same from call to call: tools stand before the rules.
        let offered: usize = serde_json::to_vec(&tools).map_or(0, |tools| tools.len());
        let stays = (offered + prompt.rules.len()) / BYTES_PER_TOKEN;
        let cached = config.cache_from_tokens.is_some_and(|from| stays >= from as usize);
        let cache_control = cached.then_some(CacheControl { kind: "ephemeral" });
        let choice = match toolbox.choice {
            Choice::Auto => None,
            Choice::Required => Some("any"),
            Choice::None => Some("none"),
        };
        let mut messages: Vec<_> = prompt.spoken.iter().map(Message::from).collect();
        messages.extend(toolbox.rounds.iter().flat_map(round));
        Self {
            model: &config.client.model,
            max_tokens: config.client.max_tokens,
            stream: true,
            temperature: config.client.temperature.filter(|_| config.version.takes_temperature()),
            tool_choice: choice.filter(|_| !tools.is_empty()).map(|kind| ToolChoice { kind }),
            tools,
            system: [Text { cache_control, ..Text::of(&prompt.rules) }, Text::of(&prompt.now)],
            messages,
            metadata: Metadata { user_id: ask.session.to_string() },
        }
    }
}

/// What was called, and in one message, results first, what came of it.
fn round(round: &Round) -> [Message<'_>; 2] {
    let carried = round.carry.as_ref().filter(|carry| carry.by == super::Messages::NAME);
    let thoughts = carried.and_then(|carry| carry.what.as_array()).into_iter().flatten();
    let text = Some(round.text.trim()).filter(|text| !text.is_empty());
    let calls = round.calls.iter().map(|call| {
        Block::Tool(Tagged::ToolUse { id: &call.id, name: &call.name, input: &call.args })
    });
    let said = thoughts
        .map(Block::Thought)
        .chain(text.map(|text| Block::Text(Text::of(text))))
        .chain(calls)
        .collect();
    let results = round.results.iter().map(|result| {
        Block::Tool(Tagged::ToolResult {
            tool_use_id: &result.id,
            content: &result.content,
            is_error: result.is_error,
        })
    });
    [
        Message { role: "assistant", content: said },
        Message { role: "user", content: results.collect() },
    ]
}

impl<'a> From<&'a Tool> for Offer<'a> {
    fn from(tool: &'a Tool) -> Self {
        Self { name: &tool.name, description: &tool.description, input_schema: &tool.schema }
    }
}

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Self {
        Self { kind: "text", text, cache_control: None }
    }
}

impl<'a> From<&'a Spoken> for Message<'a> {
    fn from(spoken: &'a Spoken) -> Self {
        let role = match spoken.by {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let texts = spoken.texts.iter().map(|text| Block::Text(Text::of(text)));
        Self { role, content: texts.collect() }
    }
}
