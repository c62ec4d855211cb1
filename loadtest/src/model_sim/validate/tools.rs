//! Validation of tools and of the choice among them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::error::ApiError;
use super::super::models::ModelRules;
use super::{Marks, no_extras, present};

/// Longest tool name.
const MAX_TOOL_NAME: usize = 128;
const KNOWN: &[&str] = &[
    "allowed_callers",
    "cache_control",
    "defer_loading",
    "description",
    "eager_input_streaming",
    "input_examples",
    "input_schema",
    "name",
    "strict",
    "type",
];

/// Judges `tools` and `tool_choice`.
pub(super) fn validate(
    body: &Map<String, Value>,
    model: &ModelRules,
    marks: &mut Marks,
) -> Result<(), ApiError> {
    let mut names = HashSet::new();
    if let Some(given) = present(body, "tools") {
        let list = given
            .as_array()
            .ok_or_else(|| ApiError::invalid("tools: Input should be a valid list"))?;
        for (at, tool) in list.iter().enumerate() {
            let path = format!("tools.{at}");
            let tool = tool.as_object().ok_or_else(|| {
                ApiError::invalid(format!("{path}: Input should be a valid dictionary or object"))
            })?;
            if let Some(mark) = present(tool, "cache_control") {
                marks.add(mark, &format!("{path}.cache_control"))?;
            }
            // The provider's own server-side tools carry a dated type and no schema.
            if !matches!(present(tool, "type").and_then(Value::as_str), None | Some("custom")) {
                continue;
            }
            if !names.insert(tool_name(tool, &path)?) {
                return Err(ApiError::invalid("tools: Tool names must be unique."));
            }
            let schema = tool.get("input_schema").ok_or_else(|| {
                ApiError::invalid(format!("{path}.custom.input_schema: Field required"))
            })?;
            if schema.get("type").and_then(Value::as_str) != Some("object") {
                return Err(ApiError::invalid(format!(
                    "{path}.custom.input_schema.type: Input should be 'object'"
                )));
            }
            no_extras(tool, &format!("{path}.custom"), KNOWN)?;
        }
    }
    tool_choice(body, model, &names)
}

fn tool_name<'a>(tool: &'a Map<String, Value>, path: &str) -> Result<&'a str, ApiError> {
    let name = tool
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::invalid(format!("{path}.custom.name: Field required")))?;
    let fits = (1..=MAX_TOOL_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        Ok(name)
    } else {
        Err(ApiError::invalid(format!(
            "{path}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        )))
    }
}

fn tool_choice(
    body: &Map<String, Value>,
    model: &ModelRules,
    names: &HashSet<&str>,
) -> Result<(), ApiError> {
    let Some(choice) = present(body, "tool_choice") else { return Ok(()) };
    if present(body, "tools").is_none() {
        return Err(ApiError::invalid("tool_choice may only be specified while providing tools"));
    }
    match choice.get("type").and_then(Value::as_str) {
        Some("any" | "tool") if !model.forced_tools => {
            Err(ApiError::invalid("tool_choice: forced tool use is not supported for this model."))
        }
        Some("auto" | "none" | "any") => Ok(()),
        Some("tool") => {
            let name = choice
                .get("name")
                .and_then(Value::as_str)
                .ok_or_else(|| ApiError::invalid("tool_choice.tool.name: Field required"))?;
            if names.contains(name) {
                Ok(())
            } else {
                Err(ApiError::invalid(format!("Tool '{name}' not found in provided tools")))
            }
        }
        _ => Err(ApiError::invalid(
            "tool_choice: Input tag does not match any of the expected tags: 'auto', 'any', \
             'tool', 'none'",
        )),
    }
}
