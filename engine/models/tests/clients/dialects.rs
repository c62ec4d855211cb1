//! The three protocols side by side: the same answer as each of them tells it, and a client of each.

use std::sync::Arc;

use forecourt_models::{
    anthropic::{Anthropic, AnthropicConfig},
    client::ClientConfig,
    gemini::{Gemini, GeminiConfig},
    openai::{OpenAi, OpenAiConfig},
    prompts::Prompts,
};
use forecourt_ports::model::{Ask, Call, Choice, Delta, Done, Model, ModelError, Tool, Toolbox};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{common, script};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Anthropic,
    OpenAi,
    Gemini,
}

pub(crate) const ALL: [Dialect; 3] = [Dialect::Anthropic, Dialect::OpenAi, Dialect::Gemini];

/// What the answer says, before it calls.
pub(crate) const SAID: &str = "Hei! Bilen står her ennå. مرحبا 🚗";

impl Dialect {
    pub(crate) fn client(
        self,
        base: String,
        set: impl FnOnce(&mut ClientConfig),
    ) -> Box<dyn Model> {
        // The second test to come finds it installed.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let prompts = Arc::new(Prompts::embedded());
        let (key, io) = ("sk-sentinel".to_owned().into(), Handle::current());
        match self {
            Self::Anthropic => {
                let mut config = AnthropicConfig::new(key);
                config.client.base_url = base;
                set(&mut config.client);
                Box::new(Anthropic::new(config, prompts, io).unwrap())
            }
            Self::OpenAi => {
                let mut config = OpenAiConfig::new(key, &base, "local-model");
                set(&mut config.client);
                Box::new(OpenAi::new(config, prompts, io).unwrap())
            }
            Self::Gemini => {
                let mut config = GeminiConfig::new(key, "gemini-3-flash-preview");
                config.client.base_url = base;
                set(&mut config.client);
                Box::new(Gemini::new(config, prompts, io).unwrap())
            }
        }
    }

    /// The events of an answer of text and two calls, each ended by its blank line.
    pub(crate) fn answer(self) -> Vec<String> {
        let pieces = ["Hei! Bilen", " står her ennå. ", "مرحبا 🚗"];
        match self {
            Self::Anthropic => {
                let call = |index: u32, id: &str, name: &str, parts: &[&str]| {
                    let start = script::ev(&json!({"type": "content_block_start", "index": index,
                        "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}));
                    let parts = parts.iter().map(|part| {
                        script::ev(&json!({"type": "content_block_delta", "index": index,
                            "delta": {"type": "input_json_delta", "partial_json": part}}))
                    });
                    let end = script::ev(&json!({"type": "content_block_stop", "index": index}));
                    std::iter::once(start).chain(parts).chain([end]).collect::<Vec<_>>()
                };
                let mut events = vec![script::start(), script::block()];
                events.extend(pieces.iter().map(|piece| script::text(piece)));
                events.push(script::block_end());
                events.extend(call(1, "t1", "find", &["", "{\"q\":", "\"å\"}"]));
                events.extend(call(2, "t2", "now", &[""]));
                events.extend([script::end("tool_use"), script::stop()]);
                events
            }
            Self::OpenAi => {
                let chunk = |delta: Value, finish: Option<&str>| {
                    data(&json!({"id": "c1", "model": "m-1", "usage": null,
                        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
                };
                let call = |call: Value| chunk(json!({ "tool_calls": [call] }), None);
                let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
                events.extend(pieces.iter().map(|piece| chunk(json!({ "content": piece }), None)));
                events.extend([
                    call(json!({"index": 0, "id": "t1", "type": "function",
                        "function": {"name": "find", "arguments": ""}})),
                    call(json!({"index": 0, "function": {"arguments": "{\"q\":"}})),
                    call(json!({"index": 0, "function": {"arguments": "\"å\"}"}})),
                    call(json!({"index": 1, "id": "t2", "type": "function",
                        "function": {"name": "now", "arguments": ""}})),
                    chunk(json!({}), Some("tool_calls")),
                    data(&json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 4108,
                        "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 4096}}})),
                    "data: [DONE]\n\n".to_owned(),
                ]);
                events
            }
            Self::Gemini => {
                let chunk = |parts: Value, finish: Option<&str>| {
                    let mut candidate =
                        json!({"index": 0, "content": {"role": "model", "parts": parts}});
                    if let Some(finish) = finish {
                        candidate["finishReason"] = finish.into();
                    }
                    data(&json!({"candidates": [candidate], "responseId": "r1",
                        "modelVersion": "gemini-3-flash-preview",
                        "usageMetadata": {"promptTokenCount": 4108, "candidatesTokenCount": 20,
                            "thoughtsTokenCount": 10, "cachedContentTokenCount": 4096}}))
                };
                let mut events: Vec<_> =
                    pieces.iter().map(|piece| chunk(json!([{ "text": piece }]), None)).collect();
                events.extend([
                    chunk(
                        json!([{"functionCall": {"id": "t1", "name": "find", "args": {"q": "å"}},
                        "thoughtSignature": "c2ln"}]),
                        None,
                    ),
                    chunk(json!([{"functionCall": {"id": "t2", "name": "now", "args": {}}}]), None),
                    chunk(json!([{"text": ""}]), Some("STOP")),
                ]);
                events
            }
        }
    }

    /// How many events an answer must have to be one.
    pub(crate) fn needed(self) -> usize {
        let all = self.answer().len();
        match self {
            // The counters and `[DONE]` may be missing if the stream ends cleanly.
            Self::OpenAi => all - 2,
            Self::Anthropic | Self::Gemini => all,
        }
    }

    /// An event that carries nothing but life.
    pub(crate) fn idle(self) -> String {
        match self {
            Self::Anthropic => script::ping(),
            Self::OpenAi => data(&json!({"id": "c1", "choices": []})),
            Self::Gemini => data(&json!({"responseId": "r1", "usageMetadata": {}})),
        }
    }

    /// The event in mid-stream that tells of an error, and its kind.
    pub(crate) fn error(self) -> (String, &'static str) {
        match self {
            Self::Anthropic => (
                script::ev(&json!({"type": "error",
                    "error": {"type": "overloaded_error", "message": "about Kari Sentinelsen"}})),
                "overloaded_error",
            ),
            Self::OpenAi => (
                data(&json!({"error": {"message": "about Kari Sentinelsen",
                    "type": "server_error", "param": null, "code": null}})),
                "server_error",
            ),
            Self::Gemini => (
                data(&json!({"error": {"code": 503, "message": "about Kari Sentinelsen",
                    "status": "UNAVAILABLE"}})),
                "unavailable",
            ),
        }
    }
}

pub(crate) fn data(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The usual question, with tools.
pub(crate) fn ask() -> Ask {
    let tool = |name: &str| Tool {
        name: name.into(),
        description: format!("What {name} does"),
        schema: json!({"type": "object", "properties": {"q": {"type": "string"}}}),
        takes_contacts: false,
    };
    let offered = [tool("find"), tool("now")].into();
    Ask { toolbox: Toolbox { offered, choice: Choice::Auto, rounds: Vec::new() }, ..common::ask() }
}

/// What became of one ask.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) end: Result<Done, ModelError>,
}

/// Reads an answer to its end, and holds it to the contract of [`Model`].
pub(crate) async fn read(model: &dyn Model, ask: Ask) -> Told {
    let mut stream = model.answer(ask);
    let (mut text, mut calls) = (String::new(), Vec::new());
    loop {
        let end = match stream.next().await.expect("the last word is an error or `Done`") {
            Ok(Delta::Text(piece)) => {
                assert!(!piece.is_empty(), "a piece of text is not empty");
                assert!(calls.is_empty(), "calls come after the text");
                text.push_str(&piece);
                continue;
            }
            Ok(Delta::Call(call)) => {
                calls.push(call);
                continue;
            }
            Ok(Delta::Done(done)) => Ok(done),
            Err(error) => Err(error),
        };
        assert_eq!(stream.next().await, None, "nothing follows the last word");
        return Told { text, calls, end };
    }
}
