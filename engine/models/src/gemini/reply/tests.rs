use forecourt_ports::model::Usage;
use serde_json::json;

use super::*;
use crate::client::testing::{self, MAX_EVENTS, Whole, config, offering, prompt};

/// Reads chunks written as the data of events.
fn read_all(chunks: &[Value]) -> Result<Whole, ModelError> {
    let tools = offering(&["find", "book"]);
    let mut reply = Reply::new(&config("gemini-3-x", 200), &tools, &prompt());
    testing::read_all(&mut reply, chunks.iter().map(Value::to_string))
}

fn parts(parts: &Value, finish: Option<&str>) -> Value {
    let mut chunk = json!({"responseId": "r1", "modelVersion": "gemini-3-x-1",
        "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}],
        "usageMetadata": {"promptTokenCount": 16, "cachedContentTokenCount": 10,
            "candidatesTokenCount": 20, "thoughtsTokenCount": 10, "totalTokenCount": 46}});
    if let Some(finish) = finish {
        chunk["candidates"][0]["finishReason"] = finish.into();
    }
    chunk
}

fn text(text: &str) -> Value {
    parts(&json!([{"text": text}]), None)
}

fn end(reason: &str) -> Value {
    parts(&json!([{"text": ""}]), Some(reason))
}

#[test]
fn an_answer_has_its_text_its_counters_and_its_name() {
    let thought = parts(&json!([{"text": "hm", "thought": true}]), None);
    let last = parts(&json!([{"text": "den?"}]), Some("STOP"));
    let (said, calls, done) =
        read_all(&[thought, text("Hei! Vil du"), text(" prøve. Er det "), last]).unwrap();
    assert_eq!((said.as_str(), calls.len()), ("Hei! Vil du prøve. Er det den?", 0));
    assert_eq!((done.model.as_str(), done.stop), ("gemini-3-x-1", Stop::Finished));
    let counted = Usage { input: 6, cached: 10, output: 30, ..Usage::default() };
    assert_eq!(done.usage, counted);
}

#[test]
fn calls_come_whole_and_their_signatures_are_kept_for_them() {
    let calls = json!([
        {"functionCall": {"id": "a", "name": "find", "args": {"q": "å"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "book"}},
    ]);
    let (said, calls, done) =
        read_all(&[text("Se her. "), parts(&calls, None), end("STOP")]).unwrap();
    assert_eq!(said, "Se her.");
    let named: Vec<_> = calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect();
    assert_eq!(named, [("a", "find"), ("call_1", "book")]);
    assert_eq!(calls[0].args["q"], "å");
    let carry = done.carry.unwrap();
    assert_eq!((carry.by.as_str(), carry.what), ("gemini", json!({"a": "c2ln"})));
}

#[test]
fn how_an_answer_stopped_decides_what_it_is() {
    let answer = |reason| read_all(&[text("Hei! Og så"), end(reason)]).map(|whole| whole.0);
    assert_eq!(answer("STOP").unwrap(), "Hei! Og så");
    assert_eq!(answer("MAX_TOKENS").unwrap(), "Hei!");
    for reason in ["SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"] {
        assert_eq!(answer(reason), Err(ModelError::Refused), "{reason}");
    }
    let slip = ModelError::InStream { kind: "malformed_function_call".into() };
    assert_eq!(answer("MALFORMED_FUNCTION_CALL"), Err(slip));
    for reason in ["CONTINUATION", "NEWS", "FINISH_REASON_UNSPECIFIED"] {
        assert!(matches!(answer(reason), Err(ModelError::Protocol(_))), "{reason}");
    }
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    assert_eq!(read_all(&[blocked]), Err(ModelError::Refused));
}

#[test]
fn without_a_finish_reason_an_answer_is_truncated() {
    assert_eq!(read_all(&[text("Hei.")]), Err(ModelError::Truncated));
    assert_eq!(read_all(&[]), Err(ModelError::Truncated));
}

#[test]
fn an_error_in_the_stream_has_its_kind_and_not_its_words() {
    let error = json!({"error": {"code": 503, "message": "Kari", "status": "UNAVAILABLE"}});
    let error = read_all(&[text("Hei! Og"), error]).unwrap_err();
    assert_eq!(error, ModelError::InStream { kind: "unavailable".into() });
}

#[test]
fn what_is_not_of_the_protocol_is_an_error() {
    let call = |call: Value| parts(&json!([{ "functionCall": call }]), None);
    let mut other = text("Hei.");
    other["responseId"] = "r2".into();
    let mut user = text("Hei.");
    user["candidates"][0]["content"]["role"] = "user".into();
    let mut second = text("Hei.");
    second["candidates"][0]["index"] = 1.into();
    for chunks in [
        vec![json!("text")],
        vec![json!([])],
        vec![json!({})],
        vec![json!({"candidates": "none"})],
        vec![text("Hei."), other],
        vec![user],
        vec![second],
        vec![call(json!({"name": "rm", "args": {}}))],
        vec![call(json!({"name": "find", "args": []}))],
        vec![call(json!({"name": "find", "willContinue": true}))],
        vec![
            call(json!({"id": "a", "name": "find"})),
            call(json!({"id": "a", "name": "find"})),
            end("STOP"),
        ],
        vec![end("STOP")],
    ] {
        let result = read_all(&chunks);
        assert!(matches!(result, Err(ModelError::Protocol(_))), "{result:?} of {chunks:?}");
    }
}

#[test]
fn an_answer_of_too_many_characters_events_or_bytes_of_arguments_is_too_long() {
    assert_eq!(read_all(&[text(&"å".repeat(201))]), Err(ModelError::TooLong));
    assert_eq!(read_all(&vec![text(""); MAX_EVENTS + 1]), Err(ModelError::TooLong));
    let args = json!([{"functionCall": {"name": "find", "args": {"q": "x".repeat(20_000)}}}]);
    assert_eq!(read_all(&[parts(&args, None)]), Err(ModelError::TooLong));
}

#[test]
fn the_wait_of_a_refusal_stands_in_its_body() {
    use crate::{client::Protocol as _, gemini::GenerateContent};
    let body = json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "x"}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]}});
    for body in [body.clone(), json!([body])] {
        let refusal = GenerateContent::refusal(body.to_string().as_bytes()).unwrap();
        assert_eq!(refusal.kind, "resource_exhausted");
        assert_eq!(refusal.retry_after, Some(std::time::Duration::from_millis(34_400)));
    }
}
