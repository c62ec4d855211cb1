use forecourt_ports::model::Done;
use serde_json::{Value, json};

use super::*;
use crate::client::{
    Ending, Reply as _,
    testing::{MAX_EVENTS, config, offering, prompt},
};

const START: &str = r#"{"type":"message_start","message":{"role":"assistant","model":"claude-x-1","content":[],"usage":{"input_tokens":12,"cache_read_input_tokens":100,"output_tokens":1},"new_field":{}}}"#;
const BLOCK: &str =
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const BLOCK_END: &str = r#"{"type":"content_block_stop","index":0}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;
const PING: &str = r#"{"type":"ping"}"#;

fn text(text: &str) -> String {
    json!({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":text}})
        .to_string()
}

fn end(reason: &str) -> String {
    json!({"type":"message_delta","delta":{"stop_reason":reason},"usage":{"output_tokens":30}})
        .to_string()
}

/// The text and what was told of it, from events named after their types.
fn read_all<S: AsRef<str>>(events: &[S]) -> Result<(String, Option<Done>), ModelError> {
    let mut reply = Reply::new(&config("claude-x", 200), &offering(&[]), &prompt());
    let mut whole = String::new();
    for data in events {
        let data = data.as_ref();
        let value: Value = serde_json::from_str(data).unwrap();
        match reply.event(value["type"].as_str().unwrap(), data)? {
            Step::Alive => {}
            Step::Content(text) => whole.push_str(&text.unwrap_or_default()),
            Step::Complete(ending) => {
                let Ending { text, done, .. } = *ending;
                whole.push_str(&text.unwrap_or_default());
                return Ok((whole, Some(done)));
            }
        }
    }
    Ok((whole, None))
}

#[test]
fn a_complete_answer_has_its_text_and_the_last_counters() {
    let (whole, done) = read_all(&[
        START,
        BLOCK,
        PING,
        &text("Hei! Bilen er "),
        &text("ledig. "),
        r#"{"type":"news","x":1}"#,
        BLOCK_END,
        &end("end_turn"),
        STOP,
    ])
    .unwrap();
    assert_eq!(whole, "Hei! Bilen er ledig.");
    let done = done.unwrap();
    assert_eq!((done.model.as_str(), done.prompt.as_str()), ("claude-x-1", "reply@1"));
    assert_eq!((done.usage.input, done.usage.cached, done.usage.output), (12, 100, 30));
}

#[test]
fn thinking_is_passed_over() {
    let thinking = [
        START.to_owned(),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#.into(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#.into(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#.into(),
        BLOCK_END.into(),
        BLOCK.replace("\"index\":0", "\"index\":1"),
        text("Hei.").replace("\"index\":0", "\"index\":1"),
        BLOCK_END.replace("\"index\":0", "\"index\":1"),
        end("end_turn"),
        STOP.into(),
    ];
    assert_eq!(read_all(&thinking).unwrap().0, "Hei.");
}

#[test]
fn an_event_out_of_order_is_an_error() {
    let delta = text("Hei.");
    let orders: &[&[&str]] = &[
        &[BLOCK],
        &[&delta],
        &[STOP],
        &[START, &delta],
        &[START, BLOCK, BLOCK],
        &[START, BLOCK, STOP],
        &[START, BLOCK, &end("end_turn")],
        &[START, STOP],
        &[START, BLOCK_END],
        &[START, BLOCK, BLOCK_END, &delta],
        &[START, BLOCK, BLOCK_END, BLOCK],
        &[START, BLOCK, &delta, BLOCK_END, &end("end_turn"), BLOCK],
    ];
    for order in orders {
        assert_eq!(read_all(order), Err(OUT_OF_ORDER), "{order:?}");
    }
}

#[test]
fn how_an_answer_stopped_decides_what_it_is() {
    let answer = |said: &str, reason: &str| {
        let said = text(said);
        read_all(&[START, BLOCK, &said, BLOCK_END, &end(reason), STOP]).map(|(whole, _)| whole)
    };
    assert_eq!(answer("Hei! Og så", "stop_sequence").unwrap(), "Hei! Og så");
    assert_eq!(answer("Hei! Og så", "max_tokens").unwrap(), "Hei!");
    assert_eq!(answer("Og så", "max_tokens"), Err(ModelError::TooLong));
    assert_eq!(answer("Nei.", "refusal"), Err(ModelError::Refused));
    assert_eq!(read_all(&[START, &end("refusal")]), Err(ModelError::Refused));
    for reason in ["tool_use", "pause_turn", "news"] {
        assert!(matches!(answer("Hei.", reason), Err(ModelError::Protocol(_))), "{reason}");
    }
    assert!(matches!(answer(" \n", "end_turn"), Err(ModelError::Protocol(_))));
}

#[test]
fn a_second_start_a_tool_a_strange_role_and_text_out_of_place_are_errors() {
    let tool = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"book","input":{}}}"#;
    let image = r#"{"type":"content_block_start","index":0,"content_block":{"type":"image"}}"#;
    let delta = text("Hei.");
    for events in [
        &[START, START][..],
        &[START, BLOCK, &delta, START],
        &[START, tool],
        &[&START.replace("assistant", "user")],
        &[START, image, &delta],
    ] {
        assert!(matches!(read_all(events), Err(ModelError::Protocol(_))), "{events:?}");
    }
}

#[test]
fn an_answer_of_too_many_characters_or_events_is_too_long() {
    let long = text(&"å".repeat(201));
    assert_eq!(read_all(&[START, BLOCK, &long]), Err(ModelError::TooLong));
    let pings = vec![PING; MAX_EVENTS + 1];
    assert_eq!(read_all(&pings), Err(ModelError::TooLong));
}

#[test]
fn names_and_shapes_are_checked_and_unknown_events_are_not() {
    let mut reply = Reply::new(&config("claude-x", 200), &offering(&[]), &prompt());
    assert_eq!(reply.event("news", "not json"), Ok(Step::Alive));
    assert_eq!(reply.event("message", r#"{"type":"news"}"#), Ok(Step::Alive));
    assert_eq!(reply.event("ping", "{"), Err(NOT_JSON));
    assert_eq!(reply.event("message", "[DONE]"), Err(NOT_JSON));
    assert_eq!(reply.event("message_start", r#"{"type":"message_start"}"#), Err(NOT_JSON));
    assert!(reply.event("content_block_delta", START).is_err());
    assert!(reply.event("news", START).is_err());
    assert_eq!(reply.event("message", START), Ok(Step::Content(None)));
    assert_eq!(
        reply.event(
            "error",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#
        ),
        Err(ModelError::InStream { kind: "overloaded_error".into() })
    );
}
