//! Reading a request of `generateContent` as the simulator's own.

use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::wire::{
    Content, InputBlock, InputMessage, MessagesRequest, Role, Tool, ToolChoice,
};

/// Judges and translates. `signed`: calls must come back with their signature.
pub(super) fn read(
    value: &Value,
    model: &str,
    stream: bool,
    signed: bool,
) -> Result<MessagesRequest, ApiError> {
    let contents = value
        .get("contents")
        .and_then(Value::as_array)
        .filter(|contents| !contents.is_empty())
        .ok_or_else(|| ApiError::invalid("* GenerateContentRequest.contents: is not specified"))?;
    let mut turns: Vec<InputMessage> = Vec::new();
    // Ids of the calls of the turn before.
    let mut open: Vec<String> = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let parts = content.get("parts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let results = parts.iter().filter(|part| part.get("functionResponse").is_some()).count();
        if results != open.len() {
            return Err(ApiError::invalid(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ));
        }
        let role = match content.get("role").and_then(Value::as_str) {
            Some("model") => Role::Assistant,
            _ => Role::User,
        };
        let mut answered = std::mem::take(&mut open).into_iter();
        let mut blocks = Vec::new();
        for part in parts {
            if let Some(call) = part.get("functionCall") {
                if signed && open.is_empty() && part.get("thoughtSignature").is_none() {
                    return Err(ApiError::invalid(
                        "Function call is missing a thought_signature in functionCall parts.",
                    ));
                }
                let id = text(call, "id")
                    .map_or_else(|| format!("call-{at}-{}", open.len()), str::to_owned);
                open.push(id.clone());
                let input = call.get("args").cloned().unwrap_or_else(|| json!({}));
                let name = text(call, "name").unwrap_or_default().to_owned();
                blocks.push(InputBlock::ToolUse { id, name, input });
            } else if let Some(result) = part.get("functionResponse") {
                // Without an id, results answer in the order of the calls.
                let next = answered.next();
                let id = text(result, "id").map(str::to_owned).or(next);
                let said = result.get("response").map(Value::to_string).unwrap_or_default();
                blocks.push(InputBlock::ToolResult {
                    tool_use_id: id.unwrap_or_default(),
                    content: Some(Content::Text(said)),
                    is_error: None,
                });
            } else if let Some(text) = text(part, "text") {
                blocks.push(InputBlock::Text { text: text.to_owned() });
            } else {
                blocks.push(InputBlock::Other);
            }
        }
        turns.push(InputMessage { role, content: Content::Blocks(blocks) });
    }
    let config = value.get("generationConfig");
    let setting = |key: &str| config.and_then(|config| config.get(key)).cloned();
    Ok(MessagesRequest {
        model: model.to_owned(),
        max_tokens: setting("maxOutputTokens").and_then(|limit| limit.as_u64()),
        messages: turns,
        tools: tools(value),
        tool_choice: choice(value.pointer("/toolConfig/functionCallingConfig")),
        stop_sequences: setting("stopSequences").and_then(|stop| serde_json::from_value(stop).ok()),
        stream: Some(stream),
        thinking: None,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn tools(value: &Value) -> Vec<Tool> {
    let given = value.get("tools").and_then(Value::as_array).into_iter().flatten();
    given
        .filter_map(|tool| tool.get("functionDeclarations")?.as_array())
        .flatten()
        .filter_map(|declared| {
            let schema = ["parametersJsonSchema", "parameters"];
            let schema = schema.iter().find_map(|key| declared.get(key)).cloned();
            Some(Tool {
                name: text(declared, "name")?.to_owned(),
                input_schema: Some(schema.unwrap_or_else(|| json!({"type": "object"}))),
            })
        })
        .collect()
}

fn choice(given: Option<&Value>) -> Option<ToolChoice> {
    let given = given?;
    Some(match text(given, "mode")? {
        "ANY" => match given.pointer("/allowedFunctionNames/0").and_then(Value::as_str) {
            Some(name) => ToolChoice::Tool { name: name.to_owned() },
            None => ToolChoice::Any,
        },
        "NONE" => ToolChoice::None,
        _ => ToolChoice::Auto,
    })
}
