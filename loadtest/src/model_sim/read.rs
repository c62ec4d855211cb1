//! Reading a request: the last user text, the trigger in it, the tool results of the last turn.
//!
//! Lives here: questions about a request, each answered without changing it.

use serde_json::{Value, json};

use super::wire::{Content, InputBlock, MessagesRequest, Role};

/// A result of the last turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    pub id: String,
    /// The tool's name, from the call it answers.
    pub name: Option<String>,
    pub content: String,
    pub is_error: bool,
}

/// The text the customer wrote last, wherever in the conversation it stands.
pub fn last_user_text(request: &MessagesRequest) -> &str {
    request
        .messages
        .iter()
        .rev()
        .filter(|turn| turn.role == Role::User)
        .find_map(|turn| text_of(&turn.content))
        .unwrap_or_default()
}

/// The text of the last turn alone: only a trigger that stands there counts.
pub fn text_of_last_turn(request: &MessagesRequest) -> &str {
    request
        .messages
        .last()
        .filter(|turn| turn.role == Role::User)
        .and_then(|turn| text_of(&turn.content))
        .unwrap_or_default()
}

fn text_of(content: &Content) -> Option<&str> {
    match content {
        Content::Text(text) => Some(text),
        Content::Blocks(blocks) => blocks.iter().rev().find_map(|block| match block {
            InputBlock::Text { text } => Some(text.as_str()),
            _ => None,
        }),
    }
}

/// Splits `[[sim:spec]]rest` into spec and rest.
pub fn split_trigger(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("[[sim:")?.split_once("]]")
}

/// The results of the last turn, in order.
pub fn tool_answers(request: &MessagesRequest) -> Vec<ToolAnswer> {
    let Some(Content::Blocks(blocks)) = request.messages.last().map(|turn| &turn.content) else {
        return Vec::new();
    };
    blocks
        .iter()
        .filter_map(|block| match block {
            InputBlock::ToolResult { tool_use_id, content, is_error } => Some(ToolAnswer {
                id: tool_use_id.clone(),
                name: name_of_call(request, tool_use_id),
                content: content.as_ref().map(joined_text).unwrap_or_default(),
                is_error: is_error.unwrap_or(false),
            }),
            _ => None,
        })
        .collect()
}

fn name_of_call(request: &MessagesRequest, wanted: &str) -> Option<String> {
    request.messages.iter().rev().find_map(|turn| {
        let Content::Blocks(blocks) = &turn.content else { return None };
        blocks.iter().find_map(|block| match block {
            InputBlock::ToolUse { id, name, .. } if id == wanted => Some(name.clone()),
            _ => None,
        })
    })
}

fn joined_text(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Blocks(blocks) => blocks
            .iter()
            .filter_map(|block| match block {
                InputBlock::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect(),
    }
}

/// The results as the `tool_results` scenario tells them.
pub fn answers_as_json(answers: &[ToolAnswer]) -> Value {
    answers
        .iter()
        .map(|answer| {
            json!({
                "id": answer.id,
                "name": answer.name,
                "content": answer.content,
                "is_error": answer.is_error,
            })
        })
        .collect()
}

/// The contents of the results, each read as JSON if it is JSON: what placeholders point into.
pub fn answers_as_values(answers: &[ToolAnswer]) -> Value {
    answers
        .iter()
        .map(|answer| {
            serde_json::from_str(&answer.content)
                .unwrap_or_else(|_| Value::String(answer.content.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: &Value) -> MessagesRequest {
        serde_json::from_value(json!({"model": "m", "messages": messages})).unwrap()
    }

    #[test]
    fn the_last_user_text_is_found_behind_tool_turns() {
        let request = request(&json!([
            {"role": "user", "content": "first"},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "second"}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t1", "name": "now", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1"}]},
        ]));
        assert_eq!(last_user_text(&request), "second");
        assert_eq!(text_of_last_turn(&request), "");
    }

    #[test]
    fn results_carry_the_name_of_their_call() {
        let request = request(&json!([
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t1", "name": "now", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": true,
                 "content": [{"type": "text", "text": "{\"a\""}, {"type": "text", "text": ":1}"}]},
                {"type": "tool_result", "tool_use_id": "t2"}]},
        ]));
        let answers = tool_answers(&request);
        assert_eq!(
            answers_as_json(&answers),
            json!([
                {"id": "t1", "name": "now", "content": "{\"a\":1}", "is_error": true},
                {"id": "t2", "name": null, "content": "", "is_error": false},
            ])
        );
        assert_eq!(answers_as_values(&answers), json!([{"a": 1}, ""]));
    }

    #[test]
    fn a_trigger_stands_at_the_beginning_or_is_no_trigger() {
        assert_eq!(split_trigger("[[sim:echo]]hei"), Some(("echo", "hei")));
        assert_eq!(split_trigger(" [[sim:echo]]hei"), None);
        assert_eq!(split_trigger("[[sim:echo"), None);
    }
}
