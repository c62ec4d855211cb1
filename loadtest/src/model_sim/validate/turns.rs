//! Validation of the turns: blocks, roles, and that every tool call has its result.
//!
//! Lives here: the walk over `messages`. Consecutive turns of one role count as one turn, as they do
//! for the provider; the number in a message is that of the first of them.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::error::ApiError;
use super::super::models::ModelRules;
use super::{ApiVersion, Marks, no_extras, present};

/// Block types a turn may hold beside those judged here in detail.
const OPAQUE_BLOCKS: &[&str] = &[
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "document",
    "image",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "web_fetch_tool_result",
    "web_search_tool_result",
];

const TOOL_USE: &[&str] =
    &["cache_control", "caller", "id", "input", "name", "toolset_name", "type"];

/// The signature the simulator gives to a thought. A client must send both back unchanged.
pub fn sign_thinking(thinking: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"forecourt simulated thought\0");
    hash.update(thinking.as_bytes());
    STANDARD.encode(hash.finalize())
}

/// One turn after merging: what matters for pairing calls and results.
struct Merged<'a> {
    at: usize,
    role: &'a str,
    calls: Vec<&'a str>,
    /// `(place, id)` of every result, and how many of them lead the turn.
    results: Vec<(String, &'a str)>,
    leading_results: usize,
    only_results_so_far: bool,
}

/// Judges every turn and the order between them.
pub(super) fn validate(
    turns: &[Value],
    model: &ModelRules,
    version: ApiVersion,
    marks: &mut Marks,
) -> Result<(), ApiError> {
    let last = turns.len() - 1;
    let mut merged: Vec<Merged<'_>> = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let path = format!("messages.{at}");
        let turn = turn.as_object().ok_or_else(|| {
            ApiError::invalid(format!("{path}: Input should be a valid dictionary or object"))
        })?;
        no_extras(turn, &path, &["role", "content"])?;
        let role = role_of(turn, at, merged.last().map(|turn| turn.role), model)?;
        if merged.last().is_none_or(|previous| previous.role != role) {
            merged.push(Merged {
                at,
                role,
                calls: Vec::new(),
                results: Vec::new(),
                leading_results: 0,
                only_results_so_far: true,
            });
        }
        let current = merged.len() - 1;
        let content = turn
            .get("content")
            .ok_or_else(|| ApiError::invalid(format!("{path}.content: Field required")))?;
        content_of(content, &path, (at == last, version), &mut merged[current], marks)?;
    }
    pair_calls_with_results(&merged)?;
    if merged.last().is_some_and(|turn| turn.role == "assistant") && !model.prefill {
        return Err(ApiError::invalid(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    Ok(())
}

fn role_of<'a>(
    turn: &'a Map<String, Value>,
    at: usize,
    previous: Option<&str>,
    model: &ModelRules,
) -> Result<&'a str, ApiError> {
    match turn.get("role").and_then(Value::as_str) {
        Some(role @ ("user" | "assistant")) => Ok(role),
        Some(role @ "system") if model.system_turns => {
            if previous == Some("user") {
                Ok(role)
            } else {
                Err(ApiError::invalid(format!(
                    "messages.{at}: a `system` message must follow a `user` message"
                )))
            }
        }
        Some("system") => Err(ApiError::invalid(
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` \
             parameter, not \"system\" as an input message role.",
        )),
        Some(_) => Err(ApiError::invalid(format!(
            "messages.{at}.role: Input should be 'user' or 'assistant'"
        ))),
        None => Err(ApiError::invalid(format!("messages.{at}.role: Field required"))),
    }
}

fn content_of<'a>(
    content: &'a Value,
    path: &str,
    (is_last, version): (bool, ApiVersion),
    turn: &mut Merged<'a>,
    marks: &mut Marks,
) -> Result<(), ApiError> {
    let may_be_empty = is_last && turn.role == "assistant";
    match content {
        Value::String(text) if text.is_empty() && !may_be_empty => Err(empty_turn(path)),
        Value::String(text) => {
            turn.only_results_so_far = false;
            if is_last && turn.role == "assistant" && text.ends_with(char::is_whitespace) {
                return Err(trailing_whitespace());
            }
            Ok(())
        }
        Value::Array(blocks) if blocks.is_empty() && !may_be_empty => Err(empty_turn(path)),
        Value::Array(blocks) => {
            for (at, block) in blocks.iter().enumerate() {
                block_of(block, &format!("{path}.content.{at}"), version, turn, marks)?;
            }
            let ends_blank = blocks
                .last()
                .and_then(|block| block.get("text"))
                .and_then(Value::as_str)
                .is_some_and(|text| text.ends_with(char::is_whitespace));
            if is_last && turn.role == "assistant" && ends_blank {
                return Err(trailing_whitespace());
            }
            Ok(())
        }
        _ => Err(ApiError::invalid(format!("{path}.content: Input should be a valid string"))),
    }
}

fn empty_turn(path: &str) -> ApiError {
    ApiError::invalid(format!(
        "{path}: all messages must have non-empty content except for the optional final assistant \
         message"
    ))
}

fn trailing_whitespace() -> ApiError {
    ApiError::invalid("messages: final assistant content cannot end with trailing whitespace")
}

fn block_of<'a>(
    block: &'a Value,
    path: &str,
    version: ApiVersion,
    turn: &mut Merged<'a>,
    marks: &mut Marks,
) -> Result<(), ApiError> {
    let block = block.as_object().ok_or_else(|| {
        ApiError::invalid(format!("{path}: Input should be a valid dictionary or object"))
    })?;
    let kind = block
        .get("type")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::invalid(format!("{path}.type: Field required")))?;
    let text_field = |key: &str| {
        block
            .get(key)
            .and_then(Value::as_str)
            .ok_or_else(|| ApiError::invalid(format!("{path}.{kind}.{key}: Field required")))
    };
    if kind != "tool_result" {
        turn.only_results_so_far = false;
    }
    match kind {
        "text" => {
            let cited = present(block, "citations")
                .and_then(Value::as_array)
                .is_some_and(|list| !list.is_empty());
            if cited && turn.role == "user" && version == ApiVersion::V2026 {
                return Err(ApiError::invalid(format!(
                    "{path}.text.citations: Extra inputs are not permitted"
                )));
            }
            text_block(block, path, "messages", marks)
        }
        "tool_use" => {
            if turn.role != "assistant" {
                return Err(ApiError::invalid(format!(
                    "messages.{}: `tool_use` blocks can only be in `assistant` messages",
                    turn.at
                )));
            }
            let id = text_field("id")?;
            text_field("name")?;
            if !block.get("input").is_some_and(Value::is_object) {
                return Err(ApiError::invalid(format!(
                    "{path}.tool_use.input: Input should be a valid dictionary"
                )));
            }
            no_extras(block, &format!("{path}.tool_use"), TOOL_USE)?;
            turn.calls.push(id);
            mark_of(block, path, marks)
        }
        "tool_result" => {
            if turn.role != "user" {
                return Err(ApiError::invalid(format!(
                    "messages.{}: `tool_result` blocks can only be in `user` messages",
                    turn.at
                )));
            }
            let id = text_field("tool_use_id")?;
            turn.results.push((path.to_owned(), id));
            if turn.only_results_so_far {
                turn.leading_results += 1;
            }
            tool_result(block, path, marks)
        }
        "thinking" => {
            let thinking = text_field("thinking")?;
            let signature = text_field("signature")?;
            no_extras(block, &format!("{path}.thinking"), &["signature", "thinking", "type"])?;
            if turn.role != "assistant" || signature != sign_thinking(thinking) {
                return Err(ApiError::invalid(format!(
                    "{path}: Invalid `signature` in `thinking` block"
                )));
            }
            Ok(())
        }
        "document" if turn.role == "assistant" && version == ApiVersion::V2026 => {
            Err(ApiError::invalid(format!(
                "messages.{}: `document` blocks are not permitted in `assistant` messages",
                turn.at
            )))
        }
        kind if OPAQUE_BLOCKS.contains(&kind) => mark_of(block, path, marks),
        _ => Err(ApiError::invalid(format!(
            "{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        ))),
    }
}

/// Judges a text block: `owner` is the list it stands in, which the provider's words name.
pub(super) fn text_block(
    block: &Map<String, Value>,
    path: &str,
    owner: &str,
    marks: &mut Marks,
) -> Result<(), ApiError> {
    let text = block
        .get("text")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::invalid(format!("{path}.text.text: Field required")))?;
    no_extras(block, &format!("{path}.text"), &["cache_control", "citations", "text", "type"])?;
    if text.is_empty() {
        return Err(if present(block, "cache_control").is_some() {
            ApiError::invalid(format!(
                "{path}.text: cache_control cannot be set for empty text blocks"
            ))
        } else {
            ApiError::invalid(format!("{owner}: text content blocks must be non-empty"))
        });
    }
    if text.trim().is_empty() {
        return Err(ApiError::invalid(format!(
            "{owner}: text content blocks must contain non-whitespace text"
        )));
    }
    mark_of(block, path, marks)
}

fn mark_of(block: &Map<String, Value>, path: &str, marks: &mut Marks) -> Result<(), ApiError> {
    match present(block, "cache_control") {
        Some(mark) => marks.add(mark, &format!("{path}.cache_control")),
        None => Ok(()),
    }
}

fn tool_result(block: &Map<String, Value>, path: &str, marks: &mut Marks) -> Result<(), ApiError> {
    const KNOWN: &[&str] =
        &["cache_control", "content", "is_error", "tool_use_id", "toolset_name", "type"];
    no_extras(block, &format!("{path}.tool_result"), KNOWN)?;
    if present(block, "is_error").is_some_and(|value| !value.is_boolean()) {
        return Err(ApiError::invalid(format!(
            "{path}.tool_result.is_error: Input should be a valid boolean"
        )));
    }
    match present(block, "content") {
        None | Some(Value::String(_)) => {}
        Some(Value::Array(parts)) => {
            for (at, part) in parts.iter().enumerate() {
                let path = format!("{path}.tool_result.content.{at}");
                let part = part.as_object().ok_or_else(|| {
                    ApiError::invalid(format!("{path}: Input should be a valid dictionary"))
                })?;
                match part.get("type").and_then(Value::as_str) {
                    Some("text") => text_block(part, &path, "messages", marks)?,
                    Some("image" | "document" | "search_result" | "tool_reference") => {}
                    _ => {
                        return Err(ApiError::invalid(format!(
                            "{path}: Input tag found using 'type' does not match any of the \
                             expected tags"
                        )));
                    }
                }
            }
        }
        Some(_) => {
            return Err(ApiError::invalid(format!(
                "{path}.tool_result.content: Input should be a valid string"
            )));
        }
    }
    mark_of(block, path, marks)
}

/// Every call needs its result at the head of the next turn, and every result a call before it.
fn pair_calls_with_results(turns: &[Merged<'_>]) -> Result<(), ApiError> {
    let mut known: HashSet<&str> = HashSet::new();
    for (place, turn) in turns.iter().enumerate() {
        let asked: &[&str] = match place.checked_sub(1).map(|before| &turns[before]) {
            Some(before) => &before.calls,
            None => &[],
        };
        let mut answered = HashSet::new();
        for (path, id) in &turn.results {
            if !asked.contains(id) {
                return Err(ApiError::invalid(format!(
                    "{path}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                     `tool_result` block must have a corresponding `tool_use` block in the \
                     previous message."
                )));
            }
            if !answered.insert(*id) {
                return Err(ApiError::invalid(format!(
                    "{path}: each tool_use must have a single result. Found multiple \
                     `tool_result` blocks with id: {id}"
                )));
            }
        }
        for id in &turn.calls {
            if !known.insert(id) {
                return Err(ApiError::invalid("messages: `tool_use` ids must be unique"));
            }
        }
        if turn.calls.is_empty() {
            continue;
        }
        let next = turns.get(place + 1);
        let leading: HashSet<&str> = next.map_or_else(HashSet::new, |next| {
            next.results[..next.leading_results].iter().map(|(_, id)| *id).collect()
        });
        let missing: Vec<&str> =
            turn.calls.iter().copied().filter(|id| !leading.contains(id)).collect();
        if !missing.is_empty() {
            return Err(ApiError::invalid(format!(
                "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately \
                 after: {}. Each `tool_use` block must have a corresponding `tool_result` block \
                 in the next message.",
                turn.at,
                missing.join(", ")
            )));
        }
    }
    Ok(())
}
