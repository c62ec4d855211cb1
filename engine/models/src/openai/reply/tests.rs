use forecourt_ports::model::{Call, Usage};
use serde_json::{Value, json};

use super::*;
use crate::client::testing::{self, MAX_EVENTS, Whole, config, offering, prompt};

/// Reads chunks written as the data of events.
fn read_all<S: AsRef<str>>(chunks: &[S]) -> Result<Whole, ModelError> {
    let tools = offering(&["find", "book"]);
    let mut reply = Reply::new(&config("m", 200), &tools, &prompt());
    testing::read_all(&mut reply, chunks)
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    json!({"id": "c1", "object": "chat.completion.chunk", "model": "m-1", "usage": null,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    .to_string()
}

fn text(text: &str) -> String {
    chunk(&json!({"content": text}), None)
}

fn calls(calls: &Value) -> String {
    chunk(&json!({"tool_calls": calls}), None)
}

fn end(reason: &str) -> String {
    chunk(&json!({}), Some(reason))
}

fn usage() -> String {
    json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 16, "completion_tokens": 30,
        "total_tokens": 46, "prompt_tokens_details": {"cached_tokens": 10}}})
    .to_string()
}

fn call(id: &str, name: &str, args: Value) -> Call {
    let Value::Object(args) = args else { panic!("an object") };
    Call { id: id.into(), name: name.into(), args }
}

#[test]
fn an_answer_has_its_text_its_counters_and_its_name() {
    let first = chunk(&json!({"role": "assistant", "content": "", "refusal": null}), None);
    let (said, calls, done) =
        read_all(&[&first, &text("Hei! Bi"), &text("len. "), &end("stop"), &usage(), DONE])
            .unwrap();
    assert_eq!((said.as_str(), calls.len()), ("Hei! Bilen.", 0));
    assert_eq!((done.model.as_str(), done.stop), ("m-1", Stop::Finished));
    let counted = Usage { input: 6, cached: 10, output: 30, ..Usage::default() };
    assert_eq!((done.usage, done.cost), (counted, None));
}

#[test]
fn a_clean_end_behind_the_finish_reason_is_an_end_and_no_other_is() {
    assert_eq!(read_all(&[text("Hei."), end("stop")]).unwrap().0, "Hei.");
    assert_eq!(read_all(&[text("Hei.")]), Err(ModelError::Truncated));
    assert_eq!(read_all(&[&text("Hei."), DONE]), Err(ModelError::Truncated));
    assert_eq!(read_all::<&str>(&[]), Err(ModelError::Truncated));
}

#[test]
fn calls_are_put_together_however_a_server_numbers_them() {
    let find = call("c1", "find", json!({"q": "å"}));
    let book = call("c2", "book", json!({}));
    let numbered = json!([
        [{"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": "{\"q\":"}}],
        [{"index": 1, "id": "c2", "function": {"name": "book", "arguments": "{}"}}],
        [{"index": 0, "function": {"arguments": "\"å\"}"}}],
    ]);
    let all_zero = json!([
        [{"index": 0, "id": "c1", "function": {"name": "find", "arguments": "{\"q\":\"å\"}"}}],
        [{"index": 0, "id": "c2", "function": {"name": "book", "arguments": "{}"}}],
    ]);
    let repeated = json!([
        [{"index": 0, "id": "c1", "function": {"name": "find", "arguments": "{\"q\":"}}],
        [{"index": 0, "id": "c1", "function": {"name": "find", "arguments": "\"å\"}"}}],
        [{"index": 1, "id": "c2", "function": {"name": "book"}}],
        [{"index": 1, "id": "c2", "function": {"name": "book", "arguments": ""}}],
    ]);
    let unnumbered = json!([
        [{"id": "c1", "function": {"name": "find", "arguments": "{\"q\":"}}],
        [{"function": {"arguments": "\"å\"}"}}],
        [{"id": "c2", "function": {"name": "book", "arguments": "{}"}}],
    ]);
    let together = json!([[
        {"index": 0, "id": "c1", "function": {"name": "find", "arguments": "{\"q\":\"å\"}"}},
        {"index": 1, "id": "c2", "function": {"name": "book", "arguments": ""}},
    ]]);
    for deltas in [numbered, all_zero, repeated, unnumbered, together] {
        let mut chunks: Vec<_> = deltas.as_array().unwrap().iter().map(calls).collect();
        chunks.extend([end("tool_calls"), DONE.to_owned()]);
        let (_, calls, done) = read_all(&chunks).unwrap();
        assert_eq!(calls, [find.clone(), book.clone()], "{deltas}");
        assert_eq!(done.stop, Stop::Calls);
    }
}

#[test]
fn calls_without_ids_get_some_and_calls_that_end_with_stop_are_calls() {
    let deltas = json!([
        {"index": 0, "id": "", "function": {"name": "find", "arguments": "{}"}},
        {"index": 0, "id": "", "function": {"name": "book", "arguments": "{}"}},
    ]);
    let (said, calls, done) = read_all(&[text("Se. "), calls(&deltas), end("stop")]).unwrap();
    let ids: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!((said.as_str(), ids, done.stop), ("Se.", vec!["call_0", "call_1"], Stop::Calls));
}

#[test]
fn a_call_that_nobody_could_run_is_an_error() {
    let one = |call: Value| read_all(&[calls(&json!([call])), end("tool_calls")]);
    let part = |name: &str, args: &str| {
        one(json!({"index": 0, "id": "c1", "function": {"name": name, "arguments": args}}))
    };
    for result in [
        part("rm", "{}"),
        part("", "{}"),
        part("find", "{"),
        part("find", "[]"),
        part("find", "{} {}"),
        part("find", "null"),
        one(json!({"index": 5, "function": {"arguments": "{}"}})),
        read_all(&[text("Hei."), end("tool_calls")]),
    ] {
        assert!(matches!(result, Err(ModelError::Protocol(_))), "{result:?}");
    }
    let long = format!("{{\"q\":\"{}\"}}", "x".repeat(20_000));
    assert_eq!(part("find", &long), Err(ModelError::TooLong));
    let many: Vec<_> = (0..17)
        .map(|i| json!({"index": i, "id": format!("c{i}"), "function": {"name": "find"}}))
        .collect();
    assert_eq!(read_all(&[calls(&json!(many))]), Err(ModelError::TooLong));
}

#[test]
fn how_an_answer_stopped_decides_what_it_is() {
    let answer = |reason| read_all(&[text("Hei! Og så"), end(reason)]).map(|whole| whole.0);
    assert_eq!(answer("stop").unwrap(), "Hei! Og så");
    assert_eq!(answer("length").unwrap(), "Hei!");
    assert_eq!(answer("content_filter"), Err(ModelError::Refused));
    assert!(matches!(answer("news"), Err(ModelError::Protocol(_))));
    let refusal = chunk(&json!({"refusal": "I cannot"}), None);
    assert_eq!(read_all(&[refusal, end("stop")]), Err(ModelError::Refused));
    assert_eq!(read_all(&[text("Og så"), end("length")]), Err(ModelError::TooLong));
}

#[test]
fn an_error_in_the_stream_has_its_kind_and_not_its_words() {
    for (error, kind) in [
        (
            json!({"message": "Kari", "type": "server_error", "param": null, "code": null}),
            "server_error",
        ),
        (
            json!({"message": "Kari", "type": "x", "code": "rate_limit_exceeded"}),
            "rate_limit_exceeded",
        ),
        (json!({"code": 500, "message": "Kari", "type": "server_error"}), "server_error"),
        (json!("Kari"), "unknown"),
    ] {
        let chunk = json!({"error": error}).to_string();
        let error = read_all(&[text("Hei! Og"), chunk]).unwrap_err();
        assert_eq!(error, ModelError::InStream { kind: kind.into() });
    }
}

#[test]
fn thoughts_in_fields_and_marks_are_not_shown() {
    let chunks = [
        chunk(&json!({"content": null, "reasoning_content": "hm"}), None),
        chunk(&json!({"reasoning": "hm", "content": ""}), None),
        text("<think>hm"),
        text("</thi"),
        text("nk>Hei."),
        end("stop"),
    ];
    assert_eq!(read_all(&chunks).unwrap().0, "Hei.");
    assert_eq!(read_all(&[text("<thi"), end("stop")]).unwrap().0, "<thi");
}

#[test]
fn what_is_not_of_the_protocol_is_an_error() {
    let other = text("Hei.").replace("c1", "c2");
    let second = text("Hei.").replace("\"index\":0", "\"index\":1");
    let user = chunk(&json!({"role": "user", "content": "Hei."}), None);
    for chunks in [
        vec!["not json".to_owned()],
        vec!["[]".into()],
        vec!["{}".into()],
        vec![text("Hei."), other],
        vec![second],
        vec![user],
        vec![text("Hei."), end("stop"), text("Mer.")],
        vec![text(" "), end("stop")],
    ] {
        let result = read_all(&chunks);
        assert!(matches!(result, Err(ModelError::Protocol(_))), "{result:?} of {chunks:?}");
    }
}

#[test]
fn an_answer_of_too_many_characters_or_events_is_too_long() {
    assert_eq!(read_all(&[text(&"å".repeat(201))]), Err(ModelError::TooLong));
    let empty = vec![text(""); MAX_EVENTS + 1];
    assert_eq!(read_all(&empty), Err(ModelError::TooLong));
}
