//! The model simulator as a provider: protocol, validation, accounting, log.

use forecourt_loadtest::model_sim::record::Outcome;
use forecourt_loadtest::model_sim::wire::{Message, StreamEvent};
use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use serde_json::{Value, json};

use super::support::{Exchange, HEADERS, PATIENCE, get, model_sim, post, post_to, request, stream};

const FULL_COURSE: [&str; 6] = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
];

#[tokio::test]
async fn an_ordinary_answer_is_streamed_in_the_language_of_the_customer() {
    let sim = model_sim();
    let body = request("Hei, kan jeg prøvekjøre bilen?", json!({"stream": true}));
    let answer = post(&sim, &[], &body).await;
    assert_eq!(answer.course(), FULL_COURSE);
    assert!(answer.deltas().len() > 5, "several deltas: {:?}", answer.deltas());
    assert!(answer.deltas().concat().starts_with("Takk for at du vil prøvekjøre!"));
    assert!(answer.complete);
}

#[tokio::test]
async fn every_event_reads_back_as_the_wire_type_it_was_written_from() {
    let sim = model_sim();
    let script = json!({"thinking": "Hm.", "text": "Ser på det.",
                        "calls": [{"name": "now"}, {"name": "book", "args": {"slot": "s1"}}]});
    let answer = stream(&sim, "script", &script.to_string()).await;
    for (name, data) in answer.events() {
        let event: StreamEvent = serde_json::from_value(data).expect("a known event");
        assert_eq!(event.name(), name);
    }
    let whole =
        post(&sim, &[("x-sim-scenario", "script")], &request(&script.to_string(), json!({}))).await;
    let message: Message = serde_json::from_value(whole.json()).expect("a message");
    assert_eq!(message.content.len(), 4);
}

#[tokio::test]
async fn both_versions_and_both_ways_to_authenticate_are_served() {
    let sim = model_sim();
    for (version, auth) in [
        ("2023-06-01", ("x-api-key", "k")),
        ("2026-10-21", ("authorization", "Bearer k")),
        ("2023-06-01", ("authorization", "Bearer k")),
        ("2026-10-21", ("x-api-key", "k")),
    ] {
        let headers = [("anthropic-version", version), auth];
        let body = request("Hei", json!({})).to_string();
        let answer =
            Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes())
                .await
                .answer()
                .await;
        assert_eq!(answer.status, 200, "{version} {auth:?}");
    }
    let log = sim.requests();
    let auths: Vec<&str> = log.requests.iter().map(|call| call.auth.as_str()).collect();
    assert_eq!(auths, ["x-api-key", "bearer", "bearer", "x-api-key"]);
}

#[tokio::test]
async fn only_the_configured_key_is_let_in() {
    let sim = ModelSim::start(ModelSimConfig {
        api_key: Some("right".to_owned().into()),
        ..ModelSimConfig::default()
    })
    .unwrap();
    let answer = post(&sim, &[], &request("Hei", json!({}))).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["type"], "authentication_error");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(answer.json()["request_id"].as_str(), answer.header("request-id"));
}

/// `(what is sent, words that the refusal holds)`
fn mistakes() -> Vec<(Value, &'static str)> {
    let turns = |turns: Value| json!({ "messages": turns });
    let user = json!({"role": "user", "content": "Hei"});
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}});
    let called = json!({"role": "assistant", "content": [call.clone()]});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "10:00"});
    let words = json!({"type": "text", "text": "Og?"});
    let mark = json!({"type": "ephemeral"});
    let tool = json!({"name": "now", "input_schema": {"type": "object"}});
    vec![
        (json!({"messages": []}), "messages: at least one message is required"),
        (json!({"max_tokens": "many"}), "max_tokens: Input should be a valid integer"),
        (json!({"max_tokens": 64_001}), "max_tokens: 64001 > 64000, which is the maximum allowed"),
        (json!({"stream": true, "max_tokens": 0}), "max_tokens: Input should be greater"),
        (json!({"top": 1}), "top: Extra inputs are not permitted"),
        (json!({"metadata": {"mail": "x"}}), "metadata.mail: Extra inputs are not permitted"),
        (
            turns(json!([user, called, {"role": "user", "content": "Og?"}])),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately \
             after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block \
             in the next message.",
        ),
        (
            turns(json!([user, called, {"role": "user", "content": [words, result]}])),
            "`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
        ),
        (
            turns(json!([user, called, {"role": "user", "content": [result, result]}])),
            "each tool_use must have a single result",
        ),
        (
            turns(json!([user, {"role": "assistant", "content": "Hm"},
                         {"role": "user", "content": [result]}])),
            "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: \
             toolu_1. Each `tool_result` block must have a corresponding `tool_use` block in the \
             previous message.",
        ),
        (
            turns(json!([{"role": "user", "content": [call]}])),
            "`tool_use` blocks can only be in `assistant` messages",
        ),
        (
            turns(json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])),
            "messages: text content blocks must be non-empty",
        ),
        (
            turns(json!([{"role": "user", "content": [
                {"type": "text", "text": "", "cache_control": mark}]}])),
            "messages.0.content.0.text: cache_control cannot be set for empty text blocks",
        ),
        (turns(json!([{"role": "user", "content": ""}])), "must have non-empty content"),
        (turns(json!([{"role": "robot", "content": "x"}])), "messages.0.role: Input should be"),
        (
            turns(json!([{"role": "system", "content": "x"}])),
            "messages: Unexpected role \"system\"",
        ),
        (
            turns(json!([user, {"role": "assistant", "content": "Svar: "}])),
            "final assistant content cannot end with trailing whitespace",
        ),
        (
            turns(json!([{"role": "user", "content": [{"type": "tekst", "text": "x"}]}])),
            "Input tag 'tekst' found using 'type' does not match",
        ),
        (json!({"tools": [tool, tool]}), "tools: Tool names must be unique."),
        (
            json!({"tools": [{"name": "find slots", "input_schema": {"type": "object"}}]}),
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        ),
        (json!({"tools": [{"name": "x"}]}), "tools.0.custom.input_schema: Field required"),
        (
            json!({"tools": [tool], "tool_choice": {"type": "tool", "name": "book"}}),
            "Tool 'book' not found in provided tools",
        ),
        (json!({"tool_choice": {"type": "any"}}), "tool_choice may only be specified while"),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 512}}),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}),
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            json!({"cache_control": mark, "system": [
                {"type": "text", "text": "a", "cache_control": mark},
                {"type": "text", "text": "b", "cache_control": mark},
                {"type": "text", "text": "c", "cache_control": mark},
                {"type": "text", "text": "d", "cache_control": mark}]}),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            json!({"tools": [{"name": "now", "input_schema": {"type": "object"},
                              "cache_control": mark}],
                   "system": [{"type": "text", "text": "a",
                               "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}),
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
        ),
        (json!({"stop_sequences": [" "]}), "each stop sequence must contain non-whitespace"),
    ]
}

#[tokio::test]
async fn a_mistake_is_refused_in_the_words_of_the_provider() {
    let sim = model_sim();
    for (wrong, words) in mistakes() {
        let answer = post(&sim, &[], &request("Hei", wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
        let message = answer.error_message();
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
    let log = sim.requests();
    assert_eq!(log.count as usize, mistakes().len(), "refused calls are in the log");
    assert!(log.requests.iter().all(|call| call.outcome == Outcome::Refused));
}

/// Headers in place of the usual version, what is sent, the status that comes.
type Case<'a> = (&'a [(&'a str, &'a str)], Value, u16);

#[tokio::test]
async fn models_and_versions_differ_in_what_they_take() {
    let sim = model_sim();
    let new = [("anthropic-version", "2026-10-21")];
    let prefill = json!([{"role": "user", "content": "Hei"},
                         {"role": "assistant", "content": "Svar:"}]);
    let cases: [Case<'_>; 14] = [
        (&[], json!({"temperature": 0.2}), 200),
        (&new, json!({"temperature": 1.0}), 400),
        (&[], json!({"model": "claude-opus-4-7", "temperature": 1.0}), 400),
        (&[], json!({"model": "claude-haiku-5-5", "temperature": 1.0}), 200),
        (&[], json!({"model": "claude-haiku-5-5", "temperature": 0.9}), 400),
        (&[], json!({"messages": prefill}), 200),
        (&[], json!({"messages": prefill, "model": "claude-sonnet-4-6"}), 400),
        (
            &[],
            json!({"model": "claude-opus-4-8", "messages": [
            {"role": "user", "content": "Hei"}, {"role": "system", "content": "Kort."}]}),
            200,
        ),
        (
            &[],
            json!({"model": "claude-sonnet-5-5", "tool_choice": {"type": "any"},
                     "tools": [{"name": "now", "input_schema": {"type": "object"}}]}),
            400,
        ),
        (
            &[],
            json!({"model": "claude-opus-4-7", "max_tokens": 9000,
                     "thinking": {"type": "enabled", "budget_tokens": 2000}}),
            400,
        ),
        (
            &[],
            json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "a", "citations": [{"type": "x"}]}]}]}),
            200,
        ),
        (
            &new,
            json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "a", "citations": [{"type": "x"}]}]}]}),
            400,
        ),
        (
            &new,
            json!({"messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "document", "source": {}}]},
            {"role": "user", "content": "b"}]}),
            400,
        ),
        (&[], json!({"model": "claude-nope-1"}), 404),
    ];
    for (version, extra, status) in cases {
        // The last header of a name would win by chance: leave the usual version out.
        let mut headers = HEADERS.to_vec();
        if !version.is_empty() {
            headers.retain(|(name, _)| *name != "anthropic-version");
            headers.extend(version);
        }
        let body = request("Hei", extra.clone()).to_string();
        let exchange =
            Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes()).await;
        let answer = exchange.answer().await;
        assert_eq!(answer.status, status, "{extra} {:?}", String::from_utf8_lossy(&answer.body));
    }
}

#[tokio::test]
async fn a_thought_must_come_back_as_it_was_given() {
    let sim = model_sim();
    let script = json!({"thinking": "Sjekk kalenderen.", "text": "Ett øyeblikk."}).to_string();
    let first =
        post(&sim, &[("x-sim-scenario", "script")], &request(&script, json!({}))).await.json();
    let mut turns = json!([
        {"role": "user", "content": "Hei"},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": "Og?"},
    ]);
    let whole = post(&sim, &[], &request("", json!({"messages": turns}))).await;
    assert_eq!(whole.status, 200);
    turns[1]["content"][0]["thinking"] = json!("Sjekk prisen.");
    let changed = post(&sim, &[], &request("", json!({"messages": turns}))).await;
    assert!(changed.error_message().contains("Invalid `signature` in `thinking` block"));
}

#[tokio::test]
async fn counted_tokens_are_the_tokens_that_are_charged() {
    let sim = model_sim();
    let body = json!({"model": "claude-haiku-4-5", "system": "Du svarer kort. ".repeat(40),
                      "messages": [{"role": "user", "content": "Hva koster den?"}]});
    let counted = post_to(&sim, "/v1/messages/count_tokens", &[], &body).await.json();
    let mut asked = body;
    asked["max_tokens"] = json!(100);
    let charged = post(&sim, &[], &asked).await.json();
    assert_eq!(counted["input_tokens"], charged["usage"]["input_tokens"]);
    let refused = post_to(&sim, "/v1/messages/count_tokens", &[], &asked).await;
    assert!(refused.error_message().contains("max_tokens: Extra inputs are not permitted"));
}

#[tokio::test]
async fn models_are_listed_in_pages_and_shown_by_name() {
    let sim = model_sim();
    let page = get(&sim, "/v1/models?limit=2").await.json();
    assert_eq!(page["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["has_more"], true);
    let last = page["last_id"].as_str().unwrap();
    let next = get(&sim, &format!("/v1/models?limit=100&after_id={last}")).await.json();
    assert_eq!(next["has_more"], false);
    assert_ne!(next["first_id"], page["first_id"]);
    let one = get(&sim, "/v1/models/claude-haiku-4-5").await.json();
    assert_eq!(one["id"], "claude-haiku-4-5-20251001");
    assert_eq!(get(&sim, "/v1/models/claude-nope").await.status, 404);
    assert_eq!(get(&sim, "/v2/whatever").await.json()["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_in_the_shape_of_the_provider() {
    let sim = model_sim();
    // Sent by hand: the helper would add the true length.
    let text = "POST /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: k\r\n\
                anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n\
                content-length: 40000000\r\n\r\n";
    let mut socket = tokio::net::TcpStream::connect(sim.addr()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut socket, text.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut got);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    let got = String::from_utf8_lossy(&got);
    assert!(got.contains(" 413 ") && got.contains("request_too_large"), "{got}");
}

#[tokio::test]
async fn one_answer_too_many_at_once_is_refused_until_another_ends() {
    let sim =
        ModelSim::start(ModelSimConfig { max_concurrent: 1, ..ModelSimConfig::default() }).unwrap();
    let stalled = [&HEADERS[..], &[("x-sim-scenario", "stall")]].concat();
    let body = request("one two three", json!({"stream": true})).to_string();
    let mut first =
        Exchange::send(sim.addr(), ("POST", "/v1/messages"), &stalled, body.as_bytes()).await;
    first.read_until(|bytes| !bytes.is_empty()).await;
    let second = post(&sim, &[], &request("Hei", json!({}))).await;
    assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
    drop(first);
    sim.wait_until(PATIENCE, |log| log.requests[0].outcome != Outcome::Running)
        .await
        .expect("the simulator notices the hang-up");
    assert_eq!(post(&sim, &[], &request("Hei", json!({}))).await.status, 200);
}

#[tokio::test]
async fn requests_over_the_rate_are_refused_with_the_time_to_wait() {
    let sim =
        ModelSim::start(ModelSimConfig { rpm: Some(2), ..ModelSimConfig::default() }).unwrap();
    for left in ["1", "0"] {
        let answer = post(&sim, &[], &request("Hei", json!({}))).await;
        assert_eq!(answer.header("anthropic-ratelimit-requests-remaining"), Some(left));
    }
    let refused = post(&sim, &[], &request("Hei", json!({}))).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_log_tells_what_was_asked_and_nothing_that_was_said() {
    let sim = model_sim();
    let secret = "Kari Nordmann, kari@example.no, 99887766";
    let body = request(
        secret,
        json!({
            "tools": [{"name": "find_slots", "input_schema": {"type": "object"}}],
            "system": [{"type": "text", "text": secret, "cache_control": {"type": "ephemeral"}}],
            "metadata": {"user_id": "ses_1"},
        }),
    );
    for _ in 0..2 {
        post(&sim, &[("idempotency-key", "turn-7"), ("anthropic-beta", "b-1")], &body).await;
    }
    let text = String::from_utf8(get(&sim, "/sim/requests").await.body).unwrap();
    for leak in ["Kari", "example.no", "99887766", "test-key"] {
        assert!(!text.contains(leak), "{leak} leaked: {text}");
    }
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["count"], 2);
    assert_eq!(log["repeated_keys"], json!({"turn-7": 2}));
    let call = &log["requests"][0];
    assert_eq!(call["idempotency_key"], "turn-7");
    assert_eq!(call["tools"], json!(["find_slots"]));
    assert_eq!(call["cache_marks"], 1);
    assert_eq!(call["last_text_chars"], secret.chars().count());
    assert_eq!(call["last_text_hash"], log["requests"][1]["last_text_hash"]);
    let later = get(&sim, "/sim/requests?after=1").await.json();
    assert_eq!(later["requests"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn bodies_are_kept_on_demand_alone() {
    let sim =
        ModelSim::start(ModelSimConfig { keep_bodies: true, ..ModelSimConfig::default() }).unwrap();
    post(&sim, &[], &request("Hei", json!({}))).await;
    let log = sim.requests();
    let body = log.requests[0].body.as_ref().expect("the body is kept");
    assert_eq!(body["messages"][0]["content"], "Hei");
}
