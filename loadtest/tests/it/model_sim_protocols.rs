//! The model simulator in the words of chat completions and of Gemini: every fault, in each of them.

use std::time::Duration;

use forecourt_loadtest::model_sim::ModelSim;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::support::{Answer, Exchange, PATIENCE, model_sim};

const CHAT: &str = "/v1/chat/completions";
const GEMINI: &str = "/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse";

fn body(path: &str, text: &str) -> Value {
    if path == CHAT {
        json!({"model": "local-model", "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": text}],
            "tools": [{"type": "function", "function": {"name": "now"}}]})
    } else {
        json!({"contents": [{"role": "user", "parts": [{"text": text}]}],
            "tools": [{"functionDeclarations": [{"name": "now"}]}]})
    }
}

async fn sent(sim: &ModelSim, path: &str, spec: &str, body: &Value) -> Answer {
    let headers =
        [("authorization", "Bearer k"), ("x-goog-api-key", "k"), ("x-sim-scenario", spec)];
    let body = body.to_string();
    let exchange = Exchange::send(sim.addr(), ("POST", path), &headers, body.as_bytes()).await;
    timeout(PATIENCE, exchange.answer()).await.expect("an end in time")
}

/// The data of all events that are JSON.
fn chunks(answer: &Answer) -> Vec<Value> {
    let body = String::from_utf8_lossy(&answer.body).replace("\r\n", "\n");
    let data = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

fn text(chunks: &[Value]) -> String {
    let part = |chunk: &Value| {
        let chat = chunk.pointer("/choices/0/delta/content");
        let gemini = chunk.pointer("/candidates/0/content/parts/0/text");
        chat.or(gemini).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    chunks.iter().map(part).collect()
}

/// Whether the end marker of the protocol stands there.
fn is_whole(path: &str, answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body);
    if path == CHAT { body.contains("data: [DONE]") } else { body.contains("\"finishReason\"") }
}

#[tokio::test]
async fn harmless_faults_change_nothing_and_harmful_ones_leave_no_end_marker() {
    let sim = model_sim();
    let said = "one two three four five six";
    for path in [CHAT, GEMINI] {
        for (spec, whole) in [
            ("echo", true),
            ("ping", true),
            ("crlf", true),
            ("split", true),
            ("bom", true),
            ("truncate;after=2", false),
            ("unfinished;after=2", false),
            ("midstream;after=2", false),
            ("garbage", false),
            ("json200", false),
            ("endless;mb=1", false),
        ] {
            let answer = sent(&sim, path, spec, &body(path, said)).await;
            assert_eq!(answer.status, 200, "{path} {spec}");
            let stream = answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/event-stream"));
            assert_eq!(is_whole(path, &answer) && stream, whole, "{path} {spec}");
            if whole && spec != "bom" {
                assert_eq!(text(&chunks(&answer)), said, "{path} {spec}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_has_the_shape_of_its_protocol() {
    let sim = model_sim();
    for (path, kind, wait) in [
        (CHAT, ("/error/code", "rate_limit_exceeded"), ("/none", None)),
        (
            GEMINI,
            ("/error/status", "RESOURCE_EXHAUSTED"),
            ("/error/details/0/retryDelay", Some("7s")),
        ),
    ] {
        let answer = sent(&sim, path, "error;code=429;retry_after=7", &body(path, "hi")).await;
        let error = answer.json();
        assert_eq!((answer.status, error.pointer(kind.0)), (429, Some(&json!(kind.1))), "{path}");
        assert_eq!(error.pointer(wait.0).and_then(Value::as_str), wait.1);
        assert_eq!(answer.header("retry-after"), wait.1.is_none().then_some("7"), "{path}");
    }
    let used_up =
        sent(&sim, CHAT, "error;code=429;type=insufficient_quota", &body(CHAT, "hi")).await;
    assert_eq!(used_up.json()["error"]["code"], "insufficient_quota");
}

#[tokio::test]
async fn the_log_knows_the_calls_of_every_protocol_and_never_the_key() {
    let sim = model_sim();
    for path in [CHAT, GEMINI] {
        sent(&sim, path, "echo", &body(path, "hi")).await;
    }
    let calls = sim.wait_for_requests(2, Duration::from_secs(10)).await.unwrap();
    let models: Vec<_> = calls.iter().map(|call| call.model.as_deref().unwrap()).collect();
    assert_eq!(models, ["local-model", "gemini-3-flash-preview"]);
    assert!(calls.iter().all(|call| call.stream && call.tools == ["now"] && call.status == 200));
}
