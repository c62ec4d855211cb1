//! The answer as a whole: blocks, stop reason, tokens. How it travels is not its business.
//!
//! Lives here: from what shall be said to a [`Message`].

use serde_json::{Map, Value, json};

use super::cache::InputUsage;
use super::canned;
use super::error::ApiError;
use super::ids::Ids;
use super::models::ModelRules;
use super::prompt::tokens;
use super::read::{self, ToolAnswer};
use super::scenario::Say;
use super::script::{self, Script};
use super::validate::turns::sign_thinking;
use super::wire::{
    ContentBlock, Message, MessageKind, MessagesRequest, Role, StopDetails, StopReason, ToolChoice,
    Usage,
};

/// Deepest object that made-up tool arguments have.
const MAX_ARGUMENT_DEPTH: usize = 4;

/// All that an answer is made from.
pub struct Material<'a> {
    pub request: &'a MessagesRequest,
    pub model: &'static ModelRules,
    /// The last user text without a trigger.
    pub text: &'a str,
    pub answers: &'a [ToolAnswer],
    pub input: InputUsage,
    pub ids: &'a Ids,
}

/// Makes the answer that `say` asks for. The only error is a script that cannot be read.
pub fn compose(say: &Say, material: &Material<'_>) -> Result<Message, ApiError> {
    if material.request.max_tokens == Some(0) {
        return Ok(message(material, Vec::new(), (StopReason::MaxTokens, None)));
    }
    match say {
        Say::Echo | Say::Unsaid => Ok(plain(material, material.text.to_owned())),
        Say::ToolResults => {
            Ok(plain(material, read::answers_as_json(material.answers).to_string()))
        }
        Say::ScriptInText => {
            let script: Script = serde_json::from_str(material.text)
                .map_err(|error| ApiError::invalid(format!("the script is no script: {error}")))?;
            Ok(scripted(material, script))
        }
        Say::Script(script) => Ok(scripted(material, script.clone())),
        Say::Text(text) => Ok(limited(material, text)),
        Say::Ordinary => Ok(ordinary(material)),
    }
}

/// A text that ends because it is complete.
fn plain(material: &Material<'_>, text: String) -> Message {
    message(material, text_block(text), (StopReason::EndTurn, None))
}

fn text_block(text: String) -> Vec<ContentBlock> {
    if text.is_empty() { Vec::new() } else { vec![ContentBlock::Text { text }] }
}

/// A text that heeds the request's stop sequences and token limit.
fn limited(material: &Material<'_>, text: &str) -> Message {
    let stopped = material
        .request
        .stop_sequences
        .iter()
        .flatten()
        .filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop)))
        .min_by_key(|(at, _)| *at);
    let (mut text, mut stop) = match stopped {
        Some((at, stop)) => (&text[..at], (StopReason::StopSequence, Some(stop.clone()))),
        None => (text, (StopReason::EndTurn, None)),
    };
    let limit = material.request.max_tokens.unwrap_or(u64::MAX);
    if tokens(text) > limit {
        let keep = usize::try_from(limit.saturating_mul(4)).unwrap_or(usize::MAX);
        let end = text.char_indices().nth(keep).map_or(text.len(), |(at, _)| at);
        (text, stop) = (&text[..end], (StopReason::MaxTokens, None));
    }
    message(material, text_block(text.to_owned()), stop)
}

/// The canned reply, or the tool call that the request insists on.
fn ordinary(material: &Material<'_>) -> Message {
    let tools = &material.request.tools;
    let forced = match &material.request.tool_choice {
        Some(ToolChoice::Any) => tools.first(),
        Some(ToolChoice::Tool { name }) => tools.iter().find(|tool| tool.name == *name),
        _ => None,
    };
    match forced {
        Some(tool) => {
            let args = tool
                .input_schema
                .as_ref()
                .map_or_else(|| json!({}), |schema| made_up(schema, MAX_ARGUMENT_DEPTH));
            let call = ContentBlock::ToolUse {
                id: material.ids.tool_use(),
                name: tool.name.clone(),
                input: args,
            };
            message(material, vec![call], (StopReason::ToolUse, None))
        }
        None => limited(material, canned::reply_to(material.text)),
    }
}

/// The smallest value that a JSON Schema seems to allow.
fn made_up(schema: &Value, depth: usize) -> Value {
    for key in ["const", "default"] {
        if let Some(value) = schema.get(key) {
            return value.clone();
        }
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    match (kind, schema.get("format").and_then(Value::as_str)) {
        (Some("object"), _) if depth > 0 => {
            let required = schema.get("required").and_then(Value::as_array);
            let members: Map<String, Value> = required
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(|key| {
                    let inner = schema.get("properties").and_then(|all| all.get(key));
                    (key.to_owned(), made_up(inner.unwrap_or(&Value::Null), depth - 1))
                })
                .collect();
            Value::Object(members)
        }
        (Some("object"), _) => json!({}),
        (Some("array"), _) => json!([]),
        (Some("integer" | "number"), _) => {
            schema.get("minimum").cloned().unwrap_or_else(|| json!(1))
        }
        (Some("boolean"), _) => json!(false),
        (Some("null"), _) => Value::Null,
        (_, Some("date")) => json!("2026-12-01"),
        (_, Some("date-time")) => json!("2026-12-01T10:00:00Z"),
        _ => json!("text"),
    }
}

/// A script, with its placeholders filled from the tool results of the last turn.
fn scripted(material: &Material<'_>, script: Script) -> Message {
    let results = read::answers_as_values(material.answers);
    let mut blocks = Vec::new();
    if let Some(thinking) = script.thinking.filter(|thinking| !thinking.is_empty()) {
        let signature = sign_thinking(&thinking);
        blocks.push(ContentBlock::Thinking { thinking, signature });
    }
    if let Some(text) = script.text {
        blocks.extend(text_block(script::fill_text(&text, &results)));
    }
    let calls = !script.calls.is_empty();
    for mut call in script.calls {
        script::fill(&mut call.args, &results);
        blocks.push(ContentBlock::ToolUse {
            id: material.ids.tool_use(),
            name: call.name,
            input: call.args,
        });
    }
    let reason =
        script.stop.unwrap_or(if calls { StopReason::ToolUse } else { StopReason::EndTurn });
    let sequence = (reason == StopReason::StopSequence).then(|| {
        let asked = material.request.stop_sequences.iter().flatten().next();
        asked.cloned().unwrap_or_else(|| "STOP".to_owned())
    });
    message(material, blocks, (reason, sequence))
}

fn message(
    material: &Material<'_>,
    content: Vec<ContentBlock>,
    (reason, stop_sequence): (StopReason, Option<String>),
) -> Message {
    let written: u64 = content.iter().map(tokens_of).sum();
    let nothing_asked = material.request.max_tokens == Some(0);
    Message {
        id: material.ids.message(),
        kind: MessageKind::Message,
        role: Role::Assistant,
        model: material.model.answer_name().to_owned(),
        content,
        stop_reason: Some(reason),
        stop_sequence,
        stop_details: (reason == StopReason::Refusal).then(|| StopDetails {
            kind: StopReason::Refusal,
            category: None,
            explanation: Some("The simulator was told to refuse.".to_owned()),
        }),
        usage: Usage {
            input_tokens: material.input.input,
            cache_creation_input_tokens: material.input.created(),
            cache_read_input_tokens: material.input.read,
            cache_creation: material.input.written,
            // Even an empty answer costs a token, unless nothing was to be generated.
            output_tokens: if nothing_asked { 0 } else { written.max(1) },
            inference_geo: "not_available".to_owned(),
            ..Usage::default()
        },
    }
}

fn tokens_of(block: &ContentBlock) -> u64 {
    match block {
        ContentBlock::Thinking { thinking, .. } => tokens(thinking),
        ContentBlock::Text { text } => tokens(text),
        ContentBlock::ToolUse { name, input, .. } => tokens(name) + tokens(&input.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::models;
    use super::*;

    fn compose_with(body: Value, say: &Say, text: &str) -> Message {
        let request: MessagesRequest = serde_json::from_value(body).unwrap();
        let ids = Ids::new(1);
        let material = Material {
            request: &request,
            model: models::find("claude-haiku-4-5").unwrap(),
            text,
            answers: &[],
            input: InputUsage::default(),
            ids: &ids,
        };
        compose(say, &material).unwrap()
    }

    fn said(message: &Message) -> &str {
        match &message.content[..] {
            [ContentBlock::Text { text }] => text,
            other => panic!("not one text: {other:?}"),
        }
    }

    #[test]
    fn a_reply_ends_at_the_first_stop_sequence() {
        let body = json!({"model": "m", "messages": [], "stop_sequences": ["END", "ST"]});
        let message = compose_with(body, &Say::Text("one ST two END".into()), "");
        assert_eq!(said(&message), "one ");
        assert_eq!(message.stop_reason, Some(StopReason::StopSequence));
        assert_eq!(message.stop_sequence.as_deref(), Some("ST"));
    }

    #[test]
    fn a_reply_is_cut_at_the_token_limit_and_between_characters() {
        let body = json!({"model": "m", "messages": [], "max_tokens": 1});
        let message = compose_with(body, &Say::Text("åæøéü".into()), "");
        assert_eq!(said(&message), "åæøé");
        assert_eq!(message.stop_reason, Some(StopReason::MaxTokens));
    }

    #[test]
    fn a_cache_warming_request_generates_nothing() {
        let body = json!({"model": "m", "messages": [], "max_tokens": 0});
        let message = compose_with(body, &Say::Ordinary, "Hei");
        assert_eq!((message.content.len(), message.usage.output_tokens), (0, 0));
    }

    #[test]
    fn a_forced_tool_is_called_with_arguments_that_fit_its_schema() {
        let body = json!({
            "model": "m", "messages": [], "tool_choice": {"type": "tool", "name": "book"},
            "tools": [{"name": "now", "input_schema": {"type": "object"}},
                      {"name": "book", "input_schema": {
                "type": "object", "required": ["day", "guests", "kind", "who"],
                "properties": {
                    "day": {"type": "string", "format": "date"},
                    "guests": {"type": "integer", "minimum": 2},
                    "kind": {"enum": ["new", "used"]},
                    "who": {"type": "object", "required": ["name"],
                            "properties": {"name": {"type": "string"}}},
                    "optional": {"type": "string"}}}}]});
        let message = compose_with(body, &Say::Ordinary, "");
        let [ContentBlock::ToolUse { name, input, .. }] = &message.content[..] else {
            panic!("no call: {:?}", message.content)
        };
        assert_eq!(name, "book");
        assert_eq!(
            *input,
            json!({"day": "2026-12-01", "guests": 2, "kind": "new", "who": {"name": "text"}})
        );
    }

    #[test]
    fn a_refusal_says_so_in_its_details() {
        let script = Script { stop: Some(StopReason::Refusal), ..Script::default() };
        let message = compose_with(json!({"model": "m", "messages": []}), &Say::Script(script), "");
        assert!(message.content.is_empty());
        assert!(message.stop_details.is_some());
        assert_eq!(message.usage.output_tokens, 1);
    }
}
