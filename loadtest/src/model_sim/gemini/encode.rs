//! An answer in the words of `generateContent`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::prompt::tokens;
use super::super::wire::{ContentBlock, Delta, Message, StopReason, StreamEvent};

/// Writes the chunks of one answer.
#[derive(Debug)]
pub struct Encoder {
    thoughts: bool,
    id: String,
    model: String,
    input: u64,
    output: u64,
    /// The call under way: calls are sent whole.
    call: Option<Open>,
    calls: usize,
}

#[derive(Debug)]
struct Open {
    id: String,
    name: String,
    json: String,
}

impl Encoder {
    pub(in super::super) fn new(thoughts: bool) -> Self {
        let (id, model) = (String::new(), String::new());
        Self { thoughts, id, model, input: 0, output: 0, call: None, calls: 0 }
    }

    /// The chunk of an event; none where this protocol has nothing to say.
    pub(in super::super) fn chunk(&mut self, event: &StreamEvent) -> Option<Value> {
        match event {
            StreamEvent::MessageStart { message } => {
                message.id.trim_start_matches("msg_").clone_into(&mut self.id);
                self.model.clone_from(&message.model);
                self.input = input(message);
                None
            }
            StreamEvent::ContentBlockStart {
                content_block: ContentBlock::ToolUse { id, name, .. },
                ..
            } => {
                let (id, name) = (call_id(id), name.clone());
                self.call = Some(Open { id, name, json: String::new() });
                None
            }
            StreamEvent::ContentBlockDelta { delta, .. } => match delta {
                Delta::TextDelta { text } => {
                    self.output += tokens(text);
                    Some(self.part(&json!({ "text": text }), None))
                }
                Delta::ThinkingDelta { thinking } if self.thoughts => {
                    Some(self.part(&json!({"text": thinking, "thought": true}), None))
                }
                Delta::InputJsonDelta { partial_json } => {
                    if let Some(call) = &mut self.call {
                        call.json.push_str(partial_json);
                    }
                    None
                }
                Delta::ThinkingDelta { .. } | Delta::SignatureDelta { .. } => None,
            },
            StreamEvent::ContentBlockStop { .. } => {
                let Open { id, name, json } = self.call.take()?;
                let args: Value = serde_json::from_str(&json).unwrap_or_else(|_| json!({}));
                self.calls += 1;
                let part = call_part(&id, &name, &args, self.calls == 1);
                Some(self.part(&part, None))
            }
            StreamEvent::MessageDelta { delta, usage } => {
                self.output = usage.output_tokens;
                let reason = delta.stop_reason.map(finish_reason);
                Some(self.part(&json!({"text": ""}), reason))
            }
            StreamEvent::Error { error } => {
                let status = ApiError::status_of_kind(&error.kind);
                let error = ApiError::of_status(if status == 529 { 503 } else { status })
                    .with_message(error.message.clone());
                Some(json!({ "error": self::error(&error) }))
            }
            // Not even a comment: the vendor's own client does not bear one.
            StreamEvent::ContentBlockStart { .. }
            | StreamEvent::MessageStop
            | StreamEvent::Ping => None,
        }
    }

    fn part(&self, part: &Value, finish: Option<&str>) -> Value {
        let mut candidate = json!({"content": {"parts": [part], "role": "model"}, "index": 0});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        json!({"candidates": [candidate], "usageMetadata": counters(self.input, self.output),
            "modelVersion": self.model, "responseId": self.id})
    }
}

/// An event. Line separators within the JSON are escaped: some clients end lines at them.
pub(in super::super) fn frame(chunk: &Value) -> String {
    let json = chunk.to_string();
    let json = json
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace('\u{85}', "\\u0085");
    format!("data: {json}\n\n")
}

fn input(message: &Message) -> u64 {
    let usage = &message.usage;
    usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
}

fn counters(input: u64, output: u64) -> Value {
    json!({"promptTokenCount": input, "candidatesTokenCount": output,
        "totalTokenCount": input + output})
}

fn call_id(id: &str) -> String {
    id.trim_start_matches("toolu_01").to_lowercase()
}

/// Only the first call of a batch is signed.
fn call_part(id: &str, name: &str, args: &Value, first: bool) -> Value {
    let mut part = json!({"functionCall": {"id": id, "name": name, "args": args}});
    if first {
        part["thoughtSignature"] = STANDARD.encode(format!("signed {id}")).into();
    }
    part
}

fn finish_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "MAX_TOKENS",
        StopReason::Refusal => "SAFETY",
        StopReason::EndTurn
        | StopReason::StopSequence
        | StopReason::PauseTurn
        | StopReason::ToolUse => "STOP",
    }
}

/// The answer in one piece.
pub(in super::super) fn whole(answer: &Message, thoughts: bool) -> Value {
    let mut calls = 0;
    let parts: Vec<Value> = answer
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Text { text } => Some(json!({ "text": text })),
            ContentBlock::Thinking { thinking, .. } => {
                thoughts.then(|| json!({"text": thinking, "thought": true}))
            }
            ContentBlock::ToolUse { id, name, input } => {
                calls += 1;
                Some(call_part(&call_id(id), name, input, calls == 1))
            }
        })
        .collect();
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0,
            "finishReason": answer.stop_reason.map(finish_reason)}],
        "usageMetadata": counters(input(answer), answer.usage.output_tokens),
        "modelVersion": answer.model,
        "responseId": answer.id.trim_start_matches("msg_"),
    })
}

/// An error: the wait stands in its details.
pub(in super::super) fn error(error: &ApiError) -> Value {
    let status = match error.status {
        400 | 413 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 | 403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };
    let mut body = json!({"code": error.status, "message": error.message, "status": status});
    if let Some(seconds) = error.retry_after {
        body["details"] = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{seconds}s")}]);
    }
    body
}
