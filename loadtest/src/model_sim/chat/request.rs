//! Reading a request of chat completions as the simulator's own.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::wire::{
    Content, InputBlock, InputMessage, MessagesRequest, Role, Tool, ToolChoice,
};

/// Judges and translates. Messages of one side in a row become one turn.
pub(super) fn read(value: &Value) -> Result<MessagesRequest, ApiError> {
    let messages = value
        .get("messages")
        .and_then(Value::as_array)
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| ApiError::invalid("Missing required parameter: 'messages'."))?;
    let mut turns: Vec<InputMessage> = Vec::new();
    let mut open = BTreeSet::new();
    for message in messages {
        let role = text(message, "role").unwrap_or_default();
        if role == "tool" {
            let id = text(message, "tool_call_id").unwrap_or_default();
            if !open.remove(id) {
                return Err(ApiError::invalid(
                    "messages with role 'tool' must be a response to a preceding message with \
                     'tool_calls'.",
                ));
            }
        } else if !open.is_empty() {
            return Err(unanswered(&open));
        }
        let (role, blocks) = match role {
            "system" | "developer" => continue,
            "user" => (Role::User, content(message)),
            "assistant" => (Role::Assistant, said(message, &mut open)?),
            "tool" => (Role::User, vec![result(message)]),
            _ => return Err(ApiError::invalid("Invalid value for 'messages[].role'.")),
        };
        match turns.last_mut() {
            Some(InputMessage { role: last, content: Content::Blocks(known) }) if *last == role => {
                known.extend(blocks);
            }
            _ => turns.push(InputMessage { role, content: Content::Blocks(blocks) }),
        }
    }
    if !open.is_empty() {
        return Err(unanswered(&open));
    }
    let limit = value.get("max_completion_tokens").or_else(|| value.get("max_tokens"));
    Ok(MessagesRequest {
        model: text(value, "model").unwrap_or_default().to_owned(),
        max_tokens: limit.and_then(Value::as_u64).filter(|limit| *limit > 0),
        messages: turns,
        tools: tools(value),
        tool_choice: choice(value.get("tool_choice")),
        stop_sequences: match value.get("stop") {
            Some(Value::String(stop)) => Some(vec![stop.clone()]),
            Some(stop) => serde_json::from_value(stop.clone()).ok(),
            None => None,
        },
        stream: value.get("stream").and_then(Value::as_bool),
        thinking: None,
    })
}

fn unanswered(open: &BTreeSet<String>) -> ApiError {
    let ids: Vec<_> = open.iter().map(String::as_str).collect();
    ApiError::invalid(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to \
         each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        ids.join(", ")
    ))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A text, or a list of parts of which only the texts count.
fn content(message: &Value) -> Vec<InputBlock> {
    match message.get("content") {
        Some(Value::String(text)) => vec![InputBlock::Text { text: text.clone() }],
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|part| match text(part, "text") {
                Some(text) => InputBlock::Text { text: text.to_owned() },
                None => InputBlock::Other,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What the assistant said, and the calls that wait for their results.
fn said(message: &Value, open: &mut BTreeSet<String>) -> Result<Vec<InputBlock>, ApiError> {
    let mut blocks = content(message);
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    for call in calls {
        let (id, function) = (text(call, "id").unwrap_or_default(), &call["function"]);
        let args = text(function, "arguments").unwrap_or("{}");
        let input = serde_json::from_str(args).map_err(|_| {
            ApiError::invalid("Invalid 'messages[].tool_calls[].function.arguments': not JSON.")
        })?;
        let name = text(function, "name").unwrap_or_default().to_owned();
        open.insert(id.to_owned());
        blocks.push(InputBlock::ToolUse { id: id.to_owned(), name, input });
    }
    Ok(blocks)
}

fn result(message: &Value) -> InputBlock {
    InputBlock::ToolResult {
        tool_use_id: text(message, "tool_call_id").unwrap_or_default().to_owned(),
        content: Some(Content::Blocks(content(message))),
        is_error: None,
    }
}

fn tools(value: &Value) -> Vec<Tool> {
    let given = value.get("tools").and_then(Value::as_array).into_iter().flatten();
    given
        .filter_map(|tool| {
            let function = tool.get("function")?;
            let schema = function.get("parameters").cloned();
            Some(Tool {
                name: text(function, "name")?.to_owned(),
                input_schema: Some(schema.unwrap_or_else(|| json!({"type": "object"}))),
            })
        })
        .collect()
}

fn choice(given: Option<&Value>) -> Option<ToolChoice> {
    Some(match given? {
        Value::String(word) if word == "required" => ToolChoice::Any,
        Value::String(word) if word == "none" => ToolChoice::None,
        Value::Object(_) => {
            let name = given?.pointer("/function/name")?.as_str()?.to_owned();
            ToolChoice::Tool { name }
        }
        _ => ToolChoice::Auto,
    })
}
