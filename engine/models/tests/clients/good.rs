//! Answers that are whole, whatever the wire does to them, and what was asked for them.

use forecourt_models::anthropic::Anthropic;
use forecourt_models::{
    anthropic::{ApiVersion, Auth},
    client::ConfigError,
};
use forecourt_ports::model::NanoUsd;
use serde_json::json;

use super::*;
use crate::script::*;

fn assert_hello(outcome: &Outcome) {
    assert_eq!(outcome.text, HELLO);
    let done = outcome.end.as_ref().unwrap();
    assert_eq!(
        (done.model.as_str(), done.prompt.as_str()),
        ("claude-haiku-4-5-20251001", "reply@2")
    );
    assert_eq!((done.usage.input, done.usage.cached, done.usage.output), (12, 4_096, 30));
    // 12 × 1,000 + 4,096 × 100 + 30 × 5,000 billionths of a dollar.
    assert_eq!(done.cost, Some(NanoUsd(571_600)));
}

#[tokio::test]
async fn an_answer_is_streamed_and_its_counters_are_the_last_ones() {
    assert_hello(&ask(vec![Act::Write(stream(&hello()))]).await);
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_the_same() {
    assert_hello(&ask(vec![Act::Write(sse()), Act::Drip(hello().into_bytes())]).await);
}

#[tokio::test]
async fn an_answer_with_carriage_returns_is_the_same() {
    for eol in ["\r\n", "\r"] {
        assert_hello(&ask(vec![Act::Write(stream(&hello().replace('\n', eol)))]).await);
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over_and_does_not_panic() {
    let stream = stream(&format!("\u{feff}{}", hello()));
    assert_hello(&ask(vec![Act::Write(stream.clone())]).await);
    assert_hello(&ask(vec![Act::Drip(stream)]).await);
}

#[tokio::test]
async fn pings_comments_and_unknown_events_and_fields_are_passed_over() {
    let noise = [
        ping(),
        ": keep alive\n\n".into(),
        ev(&json!({"type": "content_block_summary", "index": 9, "note": [1, {}]})),
        "event: news\ndata: not json\n\n".into(),
        "id: 7\nretry: 10\nfield: value\n\n".into(),
        "event: ping\ndata: {\"type\":\"ping\",\"since\":1}\n\n".into(),
    ]
    .concat();
    let noisy: String =
        hello().split_inclusive("\n\n").flat_map(|event| [noise.as_str(), event]).collect();
    assert_hello(&ask(vec![Act::Write(stream(&noisy))]).await);
}

#[tokio::test]
async fn what_follows_the_end_marker_is_not_read() {
    let again = format!("{}{}", hello(), hello());
    assert_hello(&ask(vec![Act::Write(stream(&again)), Act::Hang]).await);
}

#[tokio::test]
async fn a_chunked_answer_on_a_kept_connection_is_the_same() {
    let body = hello();
    let head =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n";
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_hello(&ask(vec![Act::Write(chunked.into()), Act::Hang]).await);
}

#[tokio::test]
async fn an_answer_cut_at_its_token_limit_ends_with_its_last_whole_sentence() {
    let cut = answer(&["Hei! Vi har led", "ig tirsdag 24. nov"], "max_tokens");
    let outcome = ask(vec![Act::Write(stream(&cut))]).await;
    assert_eq!(outcome.text, "Hei!");
    assert!(outcome.end.is_ok());
}

#[tokio::test]
async fn the_request_says_what_the_settings_say() {
    let outcome = ask(vec![Act::Write(stream(&hello()))]).await;
    let request = &outcome.request;
    assert!(request.head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("x-api-key"), Some("sk-ant-sentinel"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    let turn = common::ask().turn.to_string();
    assert_eq!(request.header("idempotency-key"), Some(turn.as_str()));

    let body = &request.body;
    assert_eq!(body["model"], "claude-haiku-4-5");
    assert_eq!((&body["max_tokens"], &body["stream"]), (&json!(500), &json!(true)));
    assert_eq!(body["temperature"], json!(0.7));
    assert_eq!(body["metadata"], json!({"user_id": common::ask().session.to_string()}));
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages[0]["content"][1]["text"], "Er den sentinel-bilen ledig?");
    assert!(!body["system"].to_string().contains("entinel"), "no customer in the system's part");
}

#[tokio::test]
async fn the_newer_version_gets_a_bearer_and_no_temperature() {
    let outcome = ask_with(vec![Act::Write(stream(&hello()))], |config| {
        config.version = ApiVersion::V2026;
        config.auth = Auth::Bearer;
    })
    .await;
    let request = &outcome.request;
    assert_eq!(request.header("authorization"), Some("Bearer sk-ant-sentinel"));
    assert_eq!(request.header("x-api-key"), None);
    assert_eq!(request.header("anthropic-version"), Some("2026-10-21"));
    assert!(request.body.get("temperature").is_none());
}

#[tokio::test]
async fn the_cache_is_marked_from_its_minimum_on_and_never_on_what_changes() {
    for (from, marked) in [(Some(1), true), (Some(1_000_000), false), (None, false)] {
        let script = vec![Act::Write(stream(&hello()))];
        let body = ask_with(script, |config| config.cache_from_tokens = from).await.request.body;
        let system = body["system"].as_array().unwrap();
        assert_eq!(system[0].get("cache_control").is_some(), marked, "from {from:?}");
        assert!(system[1].get("cache_control").is_none());
    }
}

#[tokio::test]
async fn the_call_runs_on_its_own_runtime_and_is_read_without_one() {
    let server = Server::start(vec![Act::Write(stream(&hello()))]).await;
    let model = client(config(server.base_url()));
    let (text, end) = tokio::task::spawn_blocking(move || {
        std::thread::spawn(move || futures_executor(read(&model))).join().unwrap()
    })
    .await
    .unwrap();
    assert_eq!(text, HELLO);
    assert!(end.is_ok());
}

/// Runs a future on a thread that no runtime knows.
fn futures_executor<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::park_timeout(PATIENCE),
        }
    }
}

#[tokio::test]
async fn a_client_with_a_setting_out_of_bounds_is_not_made() {
    let config = config("file:///etc/passwd".into());
    let made = Anthropic::new(config, Arc::new(Prompts::embedded()), Handle::current());
    assert_eq!(made.err(), Some(ConfigError::BaseUrl));
}
