//! What a provider sends: events as text, and the answers of HTTP around them.

use serde_json::json;

/// An event as it stands on the wire, ended by `eol`.
fn event(data: &serde_json::Value, eol: &str) -> String {
    format!("event: {}{eol}data: {data}{eol}{eol}", data["type"].as_str().unwrap())
}

pub(crate) fn ev(data: &serde_json::Value) -> String {
    event(data, "\n")
}

pub(crate) fn start() -> String {
    ev(&json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001",
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 12, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 4096, "output_tokens": 1, "service_tier": "standard"},
    }}))
}

pub(crate) fn block() -> String {
    ev(&json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "text", "text": ""}}))
}

pub(crate) fn text(text: &str) -> String {
    ev(&json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": text}}))
}

pub(crate) fn block_end() -> String {
    ev(&json!({"type": "content_block_stop", "index": 0}))
}

pub(crate) fn end(reason: &str) -> String {
    ev(&json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 30}}))
}

pub(crate) fn stop() -> String {
    ev(&json!({"type": "message_stop"}))
}

pub(crate) fn ping() -> String {
    ev(&json!({"type": "ping"}))
}

/// The events of an answer of these pieces of text.
pub(crate) fn answer(pieces: &[&str], reason: &str) -> String {
    let pieces: String = pieces.iter().map(|piece| text(piece)).collect();
    [start(), block(), pieces, block_end(), end(reason), stop()].concat()
}

/// The answer that most cases get, whole or in part.
pub(crate) fn hello() -> String {
    answer(&["Hei Kari! ", "Bilen står ", "her ennå. مرحبا 🚗 Vil du", " prøve den?"], "end_turn")
}

pub(crate) const HELLO: &str = "Hei Kari! Bilen står her ennå. مرحبا 🚗 Vil du prøve den?";

/// The head of an answer that ends with its connection.
pub(crate) fn sse() -> Vec<u8> {
    head("200 OK", "content-type: text/event-stream; charset=utf-8\r\n")
}

pub(crate) fn head(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// `body` as a stream of events that ends with its connection.
pub(crate) fn stream(body: &str) -> Vec<u8> {
    [sse(), body.as_bytes().to_vec()].concat()
}
