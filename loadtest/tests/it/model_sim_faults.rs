//! The model simulator as a source of trouble: every fault does what it says, and no more.

use std::time::Duration;

use forecourt_loadtest::model_sim::record::Outcome;
use forecourt_loadtest::model_sim::script::Step;
use serde_json::{Value, json};

use super::support::{Exchange, HEADERS, PATIENCE, get, model_sim, post, post_to, request, stream};

const TEXT: &str = "one two three four five six";

fn stream_request(spec: &str) -> (Vec<(&str, &str)>, String) {
    let headers = [&HEADERS[..], &[("x-sim-scenario", spec)]].concat();
    (headers, request(TEXT, json!({"stream": true})).to_string())
}

#[tokio::test]
async fn a_stall_sends_its_deltas_and_then_nothing_with_the_socket_open() {
    let sim = model_sim();
    let (headers, body) = stream_request("stall;after=3");
    let mut exchange =
        Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes()).await;
    let seen = exchange
        .read_until(|bytes| String::from_utf8_lossy(bytes).matches("text_delta").count() == 3)
        .await;
    assert!(!String::from_utf8_lossy(&seen).contains("message_stop"));
    let more = tokio::time::timeout(
        Duration::from_millis(200),
        exchange.read_until(|bytes| !bytes.is_empty()),
    );
    assert!(more.await.is_err(), "silence, and no end of the stream");
    assert_eq!(sim.requests().requests[0].outcome, Outcome::Running);
    drop(exchange);
    let log = sim
        .wait_until(PATIENCE, |log| log.requests[0].outcome != Outcome::Running)
        .await
        .expect("the hang-up is noticed");
    assert_eq!(log.requests[0].outcome, Outcome::Faulted);
}

#[tokio::test]
async fn no_first_byte_means_not_even_a_status_line() {
    let sim = model_sim();
    let (headers, body) = stream_request("nofirst");
    let mut exchange =
        Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes()).await;
    sim.wait_for_requests(1, PATIENCE).await.expect("the request arrived");
    let first = tokio::time::timeout(
        Duration::from_millis(200),
        exchange.read_until(|bytes| !bytes.is_empty()),
    );
    assert!(first.await.is_err());
    drop(exchange);
    sim.wait_until(PATIENCE, |log| log.requests[0].outcome == Outcome::Faulted)
        .await
        .expect("the hang-up is noticed");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_is_written_down_as_such() {
    let sim = model_sim();
    let (headers, body) = stream_request("slow;ms=600000");
    let mut exchange =
        Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes()).await;
    exchange.read_until(|bytes| String::from_utf8_lossy(bytes).contains("text_delta")).await;
    drop(exchange);
    let log = sim
        .wait_until(PATIENCE, |log| log.requests[0].outcome != Outcome::Running)
        .await
        .expect("the hang-up is noticed");
    assert_eq!(log.requests[0].outcome, Outcome::Abandoned);
}

#[tokio::test]
async fn garbage_comes_with_the_right_head_and_is_not_even_utf_8() {
    let sim = model_sim();
    let answer = stream(&sim, "garbage", TEXT).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/event-stream"));
    assert!(std::str::from_utf8(&answer.body).is_err());
}

#[tokio::test]
async fn json_may_come_where_a_stream_was_asked_for() {
    let sim = model_sim();
    let answer = stream(&sim, "json200", TEXT).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["content"][0]["text"], TEXT);
}

#[tokio::test]
async fn a_byte_order_mark_comes_once_and_first() {
    let sim = model_sim();
    let answer = stream(&sim, "bom", TEXT).await;
    assert!(answer.body.starts_with(b"\xef\xbb\xbfevent: message_start"));
    assert_eq!(answer.deltas().concat(), TEXT);
}

#[tokio::test]
async fn a_spliced_stream_starts_again_in_its_middle_and_ends_well() {
    let sim = model_sim();
    let answer = stream(&sim, "spliced;after=2", TEXT).await;
    let starts = answer.events().iter().filter(|(name, _)| name == "message_start").count();
    assert_eq!(starts, 2);
    assert_eq!(answer.deltas().concat(), format!("one two {TEXT}"));
    assert_eq!(answer.course().last().map(String::as_str), Some("message_stop"));
}

#[tokio::test]
async fn an_endless_answer_goes_on_until_its_limit_and_never_stops_properly() {
    let sim = model_sim();
    let answer = stream(&sim, "endless;mb=2", TEXT).await;
    assert!(answer.body.len() >= 2 << 20, "{}", answer.body.len());
    assert!(!answer.complete);
    assert!(!String::from_utf8_lossy(&answer.body).contains("message_stop"));
}

#[tokio::test]
async fn an_end_can_be_a_cut_or_be_clean_and_is_never_a_message_stop() {
    let sim = model_sim();
    for (spec, complete) in [("truncate;after=2", false), ("unfinished;after=2", true)] {
        let answer = stream(&sim, spec, TEXT).await;
        assert_eq!(answer.deltas(), ["one ", "two "], "{spec}");
        assert_eq!(answer.complete, complete, "{spec}");
        assert_eq!(answer.course().last().map(String::as_str), Some("content_block_delta"));
    }
}

#[tokio::test]
async fn an_error_in_mid_stream_is_the_last_event() {
    let sim = model_sim();
    let answer = stream(&sim, "midstream;after=1;type=api_error", TEXT).await;
    let (name, data) = answer.events().pop().unwrap();
    assert_eq!((name.as_str(), data["error"]["type"].as_str()), ("error", Some("api_error")));
    assert_eq!(answer.deltas(), ["one "]);
}

#[tokio::test]
async fn what_no_client_knows_yet_does_not_change_the_answer() {
    let sim = model_sim();
    let answer = stream(&sim, "novel", TEXT).await;
    assert!(answer.events().iter().any(|(name, _)| name == "model_note"));
    assert_eq!(answer.deltas().concat(), TEXT);
}

#[tokio::test]
async fn the_arguments_of_a_bad_tool_call_make_no_json() {
    let sim = model_sim();
    let answer = stream(&sim, "badtool;name=book", TEXT).await;
    let events = answer.events();
    let parts: String =
        events.iter().filter_map(|(_, data)| data["delta"]["partial_json"].as_str()).collect();
    assert!(serde_json::from_str::<Value>(&parts).is_err(), "{parts}");
    assert_eq!(answer.course().last().map(String::as_str), Some("message_stop"));
}

#[tokio::test]
async fn the_model_can_be_turned_down_and_up_while_it_runs() {
    let sim = model_sim();
    let set = |orders: Value| {
        let sim = &sim;
        async move { post_to(sim, "/sim/scenario", &[], &orders).await }
    };
    let ask = || async { post(&sim, &[], &request("Hello", json!({}))).await };
    let told = set(json!({"spec": "error;code=529;retry_after=3"})).await;
    assert_eq!(told.json(), json!({"scenario": "error", "steps": 0}));
    let down = ask().await;
    assert_eq!((down.status, down.header("retry-after")), (529, Some("3")));
    assert_eq!(down.header("x-should-retry"), Some("true"));
    set(json!({"spec": null})).await;
    assert_eq!(ask().await.status, 200);
    let wrong = set(json!({"spec": "eror;code=529"})).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(ask().await.status, 200, "a refused order changes nothing");
}

#[tokio::test]
async fn a_default_fault_spoils_the_ordinary_answer_and_echoes_nobody() {
    let sim = model_sim();
    sim.set_scenario(Some("ping")).unwrap();
    let answer = post(&sim, &[], &request("Hello there", json!({"stream": true}))).await;
    let text = answer.deltas().concat();
    assert!(text.starts_with("Thanks for your message!"), "{text}");
    let pings = answer.events().iter().filter(|(name, _)| name == "ping").count();
    assert!(pings > 5, "{pings}");
}

#[tokio::test]
async fn a_script_leads_through_tool_calls_with_values_from_their_results() {
    let sim = model_sim();
    let steps: Vec<Step> = serde_json::from_value(json!([
        {"when": "prøvekjøre", "calls": [{"name": "find_slots", "args": {"day": "2026-12-01"}}]},
        {"after_tool": "find_slots",
         "calls": [{"name": "hold", "args": {"slot": "{{result:/0/slots/1/id}}"}}]},
        {"after_tool": "hold", "text": "Holdt av {{result:/0/label}}."},
    ]))
    .unwrap();
    sim.set_script(steps).unwrap();
    let mut turns = vec![json!({"role": "user", "content": "Kan jeg prøvekjøre?"})];
    let results = [r#"{"slots":[{"id":"s1"},{"id":"s2"}]}"#, r#"{"label":"tirsdag"}"#];
    for result in results {
        let answer = post(&sim, &[], &request("", json!({ "messages": turns }))).await.json();
        assert_eq!(answer["stop_reason"], "tool_use", "{answer}");
        let call = answer["content"][0].clone();
        if call["name"] == "hold" {
            assert_eq!(call["input"], json!({"slot": "s2"}));
        }
        turns.push(json!({"role": "assistant", "content": answer["content"]}));
        turns.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call["id"], "content": result}]}));
    }
    let answer = post(&sim, &[], &request("", json!({ "messages": turns }))).await.json();
    assert_eq!(answer["content"][0]["text"], "Holdt av tirsdag.");
    let log = get(&sim, "/sim/requests").await.json();
    assert_eq!(log["requests"][2]["answered_tools"], json!(["hold"]));
}

#[tokio::test]
async fn a_reset_forgets_orders_and_log() {
    let sim = model_sim();
    sim.set_scenario(Some("error;code=500")).unwrap();
    post(&sim, &[], &request("Hei", json!({}))).await;
    post_to(&sim, "/sim/reset", &[], &json!({})).await;
    assert_eq!(sim.requests().count, 0);
    assert_eq!(post(&sim, &[], &request("Hei", json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_dropped_simulator_leaves_nobody_waiting() {
    let sim = model_sim();
    let (headers, body) = stream_request("nofirst");
    let exchange =
        Exchange::send(sim.addr(), ("POST", "/v1/messages"), &headers, body.as_bytes()).await;
    sim.wait_for_requests(1, PATIENCE).await.expect("the request arrived");
    let addr = sim.addr();
    tokio::task::spawn_blocking(move || drop(sim)).await.unwrap();
    let mut exchange = exchange;
    assert!(exchange.read_until(|_| false).await.is_empty(), "the connection is closed");
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "nobody listens");
}
