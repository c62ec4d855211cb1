//! An answer in the words of chat completions.

use serde_json::{Map, Value, json};

use super::super::error::ApiError;
use super::super::wire::{ContentBlock, Delta, ErrorBody, Message, StopReason, StreamEvent};
use crate::clock;

/// Writes the chunks of one answer.
#[derive(Debug)]
pub struct Encoder {
    usage: bool,
    /// What all chunks have in common, known from the start of the answer on.
    common: Map<String, Value>,
    input: u64,
    /// Numbers of calls by the indices of their blocks.
    calls: Vec<usize>,
}

impl Encoder {
    pub(in super::super) fn new(usage: bool) -> Self {
        Self { usage, common: Map::new(), input: 0, calls: Vec::new() }
    }

    /// The bytes of an event; none where this protocol has nothing to say.
    pub(in super::super) fn frame(&mut self, event: &StreamEvent) -> String {
        match event {
            StreamEvent::MessageStart { message } => {
                self.common = common(message, "chat.completion.chunk");
                self.input = input(message);
                self.delta(&json!({"role": "assistant", "content": "", "refusal": null}), None)
            }
            StreamEvent::ContentBlockStart {
                index,
                content_block: ContentBlock::ToolUse { id, name, .. },
            } => {
                self.calls.push(*index);
                let number = self.calls.len() - 1;
                self.delta(
                    &json!({"tool_calls": [{"index": number, "id": call_id(id), "type": "function",
                        "function": {"name": name, "arguments": ""}}]}),
                    None,
                )
            }
            StreamEvent::ContentBlockDelta { index, delta } => match delta {
                Delta::TextDelta { text } => self.delta(&json!({ "content": text }), None),
                Delta::InputJsonDelta { partial_json } if partial_json.is_empty() => String::new(),
                Delta::InputJsonDelta { partial_json } => {
                    let number = self.calls.iter().position(|call| call == index).unwrap_or(0);
                    self.delta(
                        &json!({"tool_calls": [{"index": number,
                            "function": {"arguments": partial_json}}]}),
                        None,
                    )
                }
                Delta::ThinkingDelta { thinking } => {
                    self.delta(&json!({ "reasoning_content": thinking }), None)
                }
                Delta::SignatureDelta { .. } => String::new(),
            },
            StreamEvent::ContentBlockStart { .. } | StreamEvent::ContentBlockStop { .. } => {
                String::new()
            }
            StreamEvent::MessageDelta { delta, usage } => {
                let reason = delta.stop_reason.map(finish_reason);
                let mut frames = self.delta(&json!({}), reason);
                if self.usage {
                    let mut chunk = self.common.clone();
                    chunk.insert("choices".into(), json!([]));
                    chunk.insert("usage".into(), counters(self.input, usage.output_tokens));
                    frames.push_str(&frame(&chunk.into()));
                }
                frames
            }
            StreamEvent::MessageStop => "data: [DONE]\n\n".to_owned(),
            StreamEvent::Ping => ": keep-alive\n\n".to_owned(),
            StreamEvent::Error { error } => frame(&json!({ "error": in_stream(error) })),
        }
    }

    fn delta(&self, delta: &Value, finish: Option<&str>) -> String {
        let mut chunk = self.common.clone();
        chunk.insert(
            "choices".into(),
            json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]),
        );
        if self.usage {
            chunk.insert("usage".into(), Value::Null);
        }
        frame(&chunk.into())
    }
}

fn frame(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn common(message: &Message, object: &str) -> Map<String, Value> {
    let id = format!("chatcmpl-{}", message.id.trim_start_matches("msg_01"));
    let common = json!({"id": id, "object": object, "created": clock::now().as_second(),
        "model": message.model, "service_tier": "default", "system_fingerprint": "fp_simulator"});
    match common {
        Value::Object(common) => common,
        _ => Map::new(),
    }
}

fn input(message: &Message) -> u64 {
    let usage = &message.usage;
    usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
}

fn counters(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0}})
}

/// Ids of calls begin otherwise here.
fn call_id(id: &str) -> String {
    format!("call_{}", id.trim_start_matches("toolu_01"))
}

fn finish_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "length",
        StopReason::ToolUse => "tool_calls",
        StopReason::Refusal => "content_filter",
        StopReason::EndTurn | StopReason::StopSequence | StopReason::PauseTurn => "stop",
    }
}

/// The answer in one piece.
pub(in super::super) fn whole(answer: &Message) -> Value {
    let mut text = None::<String>;
    let mut calls = Vec::new();
    for block in &answer.content {
        match block {
            ContentBlock::Text { text: more } => {
                text.get_or_insert_default().push_str(more);
            }
            ContentBlock::ToolUse { id, name, input } => calls.push(json!({
                "id": call_id(id), "type": "function",
                "function": {"name": name, "arguments": input.to_string()}})),
            ContentBlock::Thinking { .. } => {}
        }
    }
    let mut message = json!({"role": "assistant", "content": text, "refusal": null,
        "annotations": []});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let mut body = common(answer, "chat.completion");
    body.insert(
        "choices".into(),
        json!([{"index": 0, "message": message, "logprobs": null,
            "finish_reason": answer.stop_reason.map(finish_reason)}]),
    );
    body.insert("usage".into(), counters(input(answer), answer.usage.output_tokens));
    body.into()
}

/// The error of an HTTP answer, all four keys of it.
pub(in super::super) fn error(error: &ApiError) -> Value {
    let (kind, code) = match error.status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    // A kind that a scenario set is this protocol's code.
    let stock = ApiError::of_status(error.status).kind;
    let code = if error.kind == stock { code } else { Some(error.kind.as_str()) };
    json!({"message": error.message, "type": kind, "param": null, "code": code})
}

fn in_stream(error: &ErrorBody) -> Value {
    let kind = match error.kind.as_str() {
        "overloaded_error" | "api_error" => "server_error",
        other => other,
    };
    json!({"message": error.message, "type": kind, "param": null, "code": null})
}
