//! The protocol's test vectors (`gateway/wire/vectors`), run against this client as they are against the SDK.

use forecourt_wire::{Cursor, ServerFrame, SessionEvent};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::Value;

use super::client::close;
use super::log::{Log, Mark, Step};
use super::sse::Event;
use super::visitor::{Heard, Place, Visitor};

#[derive(Deserialize)]
struct Vectors<S> {
    transcripts: Vec<Transcript<S>>,
}

#[derive(Deserialize)]
struct Transcript<S> {
    name: String,
    at: Option<String>,
    steps: Vec<S>,
}

fn read<S: for<'de> Deserialize<'de>>(name: &str) -> Vec<Transcript<S>> {
    let path = format!("{}/../gateway/wire/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let vectors: Vectors<S> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(vectors.transcripts.len() > 5, "there are vectors");
    vectors.transcripts
}

fn cursor(text: Option<&String>) -> Option<Cursor> {
    text.map(|text| text.parse().unwrap())
}

#[derive(Debug, Deserialize)]
struct LogStep {
    frame: Option<Value>,
    snapshot: Option<Known>,
    #[serde(default)]
    closed: Option<u16>,
    #[serde(rename = "do")]
    told: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Known {
    epoch: i64,
    seq: i64,
}

/// The place of a frame, also of an event that the vectors show without its body.
fn mark(frame: &Value) -> Mark {
    match serde_json::from_value::<ServerFrame>(frame.clone()) {
        Ok(frame) => Mark::from(&frame),
        Err(_) if frame["type"] == "event" || frame["type"] == "booking" => {
            Mark::Event(frame["seq"].as_i64().unwrap())
        }
        Err(_) => Mark::None,
    }
}

#[test]
fn the_live_log_concludes_what_the_protocol_says() {
    for Transcript { name, at, steps } in read::<LogStep>("live_log") {
        let mut log = Log::new(cursor(at.as_ref()));
        for step in steps {
            if let Some(frame) = &step.frame {
                let told = match log.take(mark(frame)) {
                    Step::Nothing => "nothing",
                    Step::Ready => "ready",
                    Step::Apply => "apply",
                    Step::Resync => "resync",
                };
                assert_eq!(Some(told), step.told.as_deref(), "{name}: {frame}");
            } else if let Some(Known { epoch, seq }) = step.snapshot {
                log.adopt(Cursor { epoch, seq });
            } else if step.closed == Some(close::BAD_HELLO) {
                log.forget();
            }
            assert_eq!(log.after(), cursor(step.after.as_ref()), "{name}: {step:?}");
        }
    }
}

#[derive(Debug, Deserialize)]
struct StreamStep {
    id: Option<String>,
    event: Value,
    gives: String,
    /// Absent: of no matter here; null: none is running.
    #[serde(default = "of_no_matter")]
    draft: Value,
    after: String,
}

fn of_no_matter() -> Value {
    Value::Bool(false)
}

#[test]
fn a_visitor_concludes_what_the_protocol_says() {
    for Transcript { name, at, steps } in read::<StreamStep>("session_stream") {
        let place = Place {
            http: crate::load::client().unwrap(),
            target: "http://127.0.0.1:9".parse().unwrap(),
            session: "ses_1".into(),
            token: "secret".into(),
        };
        let random = StdRng::seed_from_u64(1);
        let mut visitor = Visitor::new(place, cursor(at.as_ref()), random);
        for step in steps {
            let before = visitor.draft().map(str::to_owned);
            let kind = step.event["type"].as_str().unwrap().to_owned();
            visitor.take(Event { id: step.id.clone(), kind, data: step.event.clone() });
            let draft = visitor.draft().map(str::to_owned);
            let gave = match visitor.told.pop_front() {
                Some(Heard::Stored(_, event)) => match *event {
                    SessionEvent::MessagesSeen(_) => "seen",
                    _ => "apply",
                },
                Some(Heard::Gap(_)) => "gap",
                Some(Heard::Down) => "again",
                Some(Heard::Over(_)) => "over",
                Some(Heard::Now(event)) if matches!(*event, SessionEvent::Typing(_)) => "typing",
                Some(Heard::Now(_)) if draft != before => "draft",
                Some(Heard::Now(_) | Heard::Unknown(_)) | None => "nothing",
            };
            assert!(visitor.told.is_empty(), "{name}: one event says one thing");
            assert_eq!(gave, step.gives, "{name}: {step:?}");
            if step.draft != of_no_matter() {
                assert_eq!(serde_json::to_value(&draft).unwrap(), step.draft, "{name}: {step:?}");
            }
            let after = visitor.after().map(|after| after.to_string());
            assert_eq!(after.as_ref(), Some(&step.after), "{name}: {step:?}");
        }
    }
}
