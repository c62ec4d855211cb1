//! The protocol's examples and its document, held against the types: none of the three can drift.

use std::{collections::BTreeSet, path::Path};

use forecourt_wire::{ClientFrame, ServerFrame, SessionEvent};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn frames() -> Value {
    serde_json::from_str(&read("vectors/frames.json")).expect("the vectors are JSON")
}

fn list(of: &Value) -> Vec<Value> {
    of.as_array().expect("a list").clone()
}

/// Reads a frame as the type and writes it again. A null that may be left out counts as left out.
fn round<T: DeserializeOwned + Serialize>(frame: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(frame.clone())?)
}

/// The names in the TypeScript of a tagged union: what the types know.
fn names(union: &str) -> BTreeSet<String> {
    let types = read("../web/sdk/wire.gen.ts");
    let begin = types.find(&format!("export type {union} =")).expect("the union is exported");
    let end = types[begin..].find(";\n").map_or(types.len(), |end| begin + end);
    types[begin..end]
        .match_indices("\"type\": \"")
        .map(|(at, tag)| {
            let name = &types[begin + at + tag.len()..];
            name[..name.find('"').expect("a closed string")].to_owned()
        })
        .collect()
}

fn types_of(frames: &[Value]) -> BTreeSet<String> {
    frames.iter().map(|frame| frame["type"].as_str().expect("a type").to_owned()).collect()
}

#[test]
fn every_frame_has_an_example_and_every_example_is_a_frame() {
    let all = frames();
    let (client, server, session) =
        (list(&all["client"]), list(&all["server"]), list(&all["session"]));
    for (union, examples) in
        [("ClientFrame", &client), ("ServerFrame", &server), ("SessionEvent", &session)]
    {
        assert_eq!(types_of(examples), names(union), "{union}: add an example of each");
    }
    for frame in &client {
        assert_eq!(round::<ClientFrame>(frame).as_ref().ok(), Some(frame), "{frame}");
    }
    for frame in &server {
        assert_eq!(round::<ServerFrame>(frame).as_ref().ok(), Some(frame), "{frame}");
    }
    for frame in &session {
        assert_eq!(round::<SessionEvent>(frame).as_ref().ok(), Some(frame), "{frame}");
    }
}

#[test]
fn what_a_client_may_not_send_is_refused() {
    for case in list(&frames()["refused"]) {
        assert!(round::<ClientFrame>(&case["frame"]).is_err(), "{}", case["why"]);
    }
}

#[test]
fn what_a_newer_server_sends_is_read_or_passed_over() {
    for case in list(&frames()["passed_over"]) {
        let known = round::<ServerFrame>(&case["frame"]).is_ok();
        assert_eq!(known, case["known"], "{}", case["why"]);
    }
}

/// The JSON blocks of the document, each line of them that is an object.
fn documented() -> Vec<Value> {
    let text = read("PROTOCOL.md");
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .flat_map(|block| serde_json::Deserializer::from_str(block).into_iter::<Value>())
        .map(|value| value.expect("the document's examples are JSON"))
        .collect()
}

#[test]
fn the_document_shows_every_frame_and_nothing_that_is_none() {
    let all = frames();
    let examples: Vec<Value> =
        ["client", "server", "session"].iter().flat_map(|of| list(&all[of])).collect();
    let shown = documented();
    for frame in shown.iter().filter(|value| value.get("type").is_some()) {
        let known = round::<ClientFrame>(frame).is_ok()
            || round::<ServerFrame>(frame).is_ok()
            || round::<SessionEvent>(frame).is_ok();
        assert!(known, "the document shows what is no frame: {frame}");
    }
    let missing: Vec<String> = types_of(&examples).difference(&types_of(&shown)).cloned().collect();
    assert!(missing.is_empty(), "the document shows no {missing:?}");
}

#[test]
fn the_document_names_every_close_code_and_every_subprotocol() {
    let text = read("PROTOCOL.md");
    for code in [1001, 1002, 1003, 1007, 1008, 1009, 1013, 4001, 4002, 4003] {
        assert!(text.contains(&format!("| {code} |")), "{code}");
    }
    assert!(text.contains("forecourt.v1") && text.contains("ticket."));
}
