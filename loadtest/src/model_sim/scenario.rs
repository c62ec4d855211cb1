//! What the simulator is told to do: a scenario is something to say and a way to spoil it.
//!
//! Lives here: the names of the conformance contract and of our own faults, and their settings.
//! A scenario comes from the `x-sim-scenario` header, from a `[[sim:…]]` prefix of the last user
//! text, from the script, or from the process-wide default; [`super::state`] says which one wins.

use std::time::Duration;

use super::error::ApiError;
use super::script::{Call, Script};
use crate::spec::{Spec, SpecError};

/// Deltas before a fault strikes, unless told otherwise.
const DEFAULT_AFTER: usize = 2;
/// Megabytes of an endless answer, unless told otherwise, and the most that can be asked for (A9).
const ENDLESS_MB: (usize, usize) = (64, 1024);

/// A parsed scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The name alone, for the request log.
    pub name: String,
    pub say: Say,
    pub fault: Fault,
    /// Overrides the dial for the wait before the first byte.
    pub first: Option<Duration>,
    /// Overrides the dial for the wait between deltas.
    pub between: Option<Duration>,
}

/// What the answer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    /// An echo if one request asked for the fault, the ordinary reply if it is the default of all.
    Unsaid,
    /// A short sensible reply in the customer's language.
    Ordinary,
    /// The last user text.
    Echo,
    /// The last user text is the script.
    ScriptInText,
    /// This script.
    Script(Script),
    /// The tool results of the last turn, as JSON.
    ToolResults,
    /// This text.
    Text(String),
}

/// How the answer is spoilt.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    None,
    /// `event: ping` between all deltas.
    Pings,
    /// CRLF line ends.
    Crlf,
    /// Bytes written in pieces of seven.
    Split,
    /// A byte order mark before the first event.
    Bom,
    /// Event names, fields and comments that no client knows yet.
    Novel,
    /// The parts of a tool call do not make JSON.
    BadTool,
    /// An HTTP error instead of an answer.
    Http(ApiError),
    /// The first `fails` requests of a key get the error, later ones an answer.
    Flaky {
        fails: u32,
        error: ApiError,
        key: String,
    },
    /// An error event after some deltas.
    Midstream {
        after: usize,
        error: ApiError,
    },
    /// The connection drops after some deltas.
    Truncate {
        after: usize,
    },
    /// The body ends cleanly after some deltas, without `message_stop`.
    Unfinished {
        after: usize,
    },
    /// Silence after some deltas, with the connection open.
    Stall {
        after: usize,
    },
    /// A second `message_start` after some deltas, as a proxy's retry would send it.
    Spliced {
        after: usize,
    },
    /// Not even a status line.
    NoFirstByte,
    /// 200 and `text/event-stream`, but the bytes are no protocol.
    Garbage,
    /// 200 and `application/json` although a stream was asked for.
    Json,
    /// Deltas until `bytes` were sent, and no end.
    Endless {
        bytes: usize,
    },
}

impl Scenario {
    /// No scenario: ordinary behaviour.
    pub fn ordinary() -> Self {
        Self {
            name: String::new(),
            say: Say::Ordinary,
            fault: Fault::None,
            first: None,
            between: None,
        }
    }

    /// Reads `name[;key=value]...`.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec = Spec::parse(text)?;
        let (fault, keys) = fault_of(&spec)?;
        spec.only(&[keys, &["ms", "first_ms", "say", "text"]].concat())?;
        let say = match (spec.name(), spec.get("say"), spec.get("text")) {
            (_, _, Some(text)) if !matches!(fault, Fault::Http(_)) => Say::Text(text.to_owned()),
            (_, Some("ordinary"), _) => Say::Ordinary,
            (_, Some("echo"), _) | ("echo" | "cache", None, _) => Say::Echo,
            (_, Some(other), _) => {
                return Err(SpecError::BadValue { key: "say".into(), value: other.to_owned() });
            }
            ("script", ..) => Say::ScriptInText,
            ("tool_results", ..) => Say::ToolResults,
            ("reply", ..) => {
                return Err(SpecError::MissingKey { name: "reply".into(), key: "text" });
            }
            ("badtool", ..) => Say::Script(bad_tool(&spec)),
            ("ordinary", ..) => Say::Ordinary,
            _ => Say::Unsaid,
        };
        Ok(Self {
            name: spec.name().to_owned(),
            say,
            fault,
            first: spec.value("first_ms")?.map(Duration::from_millis),
            between: spec.value("ms")?.map(Duration::from_millis),
        })
    }

    /// This scenario with an unsaid text made definite.
    #[must_use]
    pub fn saying(mut self, default: Say) -> Self {
        if self.say == Say::Unsaid {
            self.say = default;
        }
        self
    }
}

impl Fault {
    /// Whether a client that gets this answer has not got an answer.
    pub fn breaks_the_answer(&self) -> bool {
        match self {
            Self::None
            | Self::Pings
            | Self::Crlf
            | Self::Split
            | Self::Bom
            | Self::Novel
            | Self::Flaky { .. } => false,
            Self::BadTool
            | Self::Http(_)
            | Self::Midstream { .. }
            | Self::Truncate { .. }
            | Self::Unfinished { .. }
            | Self::Spliced { .. }
            | Self::NoFirstByte
            | Self::Garbage
            | Self::Json
            | Self::Endless { .. }
            | Self::Stall { .. } => true,
        }
    }
}

/// The fault of a name, and the settings that it takes.
fn fault_of(spec: &Spec) -> Result<(Fault, &'static [&'static str]), SpecError> {
    let after = || spec.value("after").map(|after| after.unwrap_or(DEFAULT_AFTER));
    Ok(match spec.name() {
        "ordinary" | "echo" | "script" | "tool_results" | "cache" | "reply" | "slow" => {
            (Fault::None, &[])
        }
        "ping" => (Fault::Pings, &[]),
        "crlf" => (Fault::Crlf, &[]),
        "split" => (Fault::Split, &[]),
        "bom" => (Fault::Bom, &[]),
        "novel" => (Fault::Novel, &[]),
        "badtool" => (Fault::BadTool, &["name"]),
        "error" => (Fault::Http(http_error(spec)?), &["code", "retry_after", "type"]),
        "flaky" => (
            Fault::Flaky {
                fails: spec.required("fails")?,
                error: http_error(spec)?.with_retry_after(Some(0)),
                key: spec.get("key").unwrap_or_default().to_owned(),
            },
            &["fails", "code", "key", "type"],
        ),
        "midstream" => {
            (Fault::Midstream { after: after()?, error: stream_error(spec) }, &["after", "type"])
        }
        "truncate" => (Fault::Truncate { after: after()? }, &["after"]),
        "unfinished" => (Fault::Unfinished { after: after()? }, &["after"]),
        "stall" => (Fault::Stall { after: after()? }, &["after"]),
        "spliced" => (Fault::Spliced { after: after()? }, &["after"]),
        "nofirst" => (Fault::NoFirstByte, &[]),
        "garbage" => (Fault::Garbage, &[]),
        "json200" => (Fault::Json, &[]),
        "endless" => {
            let megabytes = spec.value("mb")?.unwrap_or(ENDLESS_MB.0).min(ENDLESS_MB.1);
            (Fault::Endless { bytes: megabytes << 20 }, &["mb"])
        }
        _ => return Err(spec.unknown()),
    })
}

fn http_error(spec: &Spec) -> Result<ApiError, SpecError> {
    let code: u16 = spec.required("code")?;
    if !(400..600).contains(&code) {
        return Err(SpecError::BadValue { key: "code".into(), value: code.to_string() });
    }
    let mut error = ApiError::of_status(code).with_retry_after(spec.value("retry_after")?);
    if let Some(kind) = spec.get("type") {
        kind.clone_into(&mut error.kind);
    }
    if let Some(text) = spec.get("text") {
        text.clone_into(&mut error.message);
    }
    Ok(error)
}

fn stream_error(spec: &Spec) -> ApiError {
    let kind = spec.get("type").unwrap_or("overloaded_error");
    let mut error = ApiError::of_status(ApiError::status_of_kind(kind));
    kind.clone_into(&mut error.kind);
    error
}

fn bad_tool(spec: &Spec) -> Script {
    let args = serde_json::json!({ "note": "the last part of these arguments is never sent" });
    let name = spec.get("name").unwrap_or("find_slots").to_owned();
    Script { calls: vec![Call { name, args }], ..Script::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_contract_is_known() {
        for spec in [
            "echo",
            "script",
            "tool_results",
            "ping",
            "crlf",
            "split",
            "slow;ms=80",
            "error;code=429;retry_after=7",
            "flaky;fails=2;code=529;key=K",
            "midstream;after=2;type=overloaded_error",
            "truncate;after=2",
            "cache",
            "stall;after=3",
            "nofirst",
            "garbage",
            "json200",
            "bom",
            "endless;mb=1",
            "spliced",
            "reply;text=Hei",
            "unfinished;after=1",
            "novel",
            "badtool;name=book",
            "ordinary",
        ] {
            assert!(Scenario::parse(spec).is_ok(), "{spec}: {:?}", Scenario::parse(spec));
        }
    }

    #[test]
    fn an_unknown_name_or_setting_is_refused() {
        assert!(Scenario::parse("eko").is_err());
        assert!(Scenario::parse("stall;afer=1").is_err());
        assert!(Scenario::parse("error;code=200").is_err(), "a success is no error");
        assert!(Scenario::parse("error").is_err());
        assert!(Scenario::parse("reply").is_err());
    }

    #[test]
    fn any_fault_can_be_given_its_own_words() {
        let scenario = Scenario::parse("stall;after=3;ms=5;text=Hei; du").unwrap();
        assert_eq!(scenario.say, Say::Text("Hei; du".into()));
        assert_eq!(scenario.fault, Fault::Stall { after: 3 });
        assert_eq!(scenario.between, Some(Duration::from_millis(5)));
    }

    #[test]
    fn an_endless_answer_has_an_end_nevertheless() {
        let scenario = Scenario::parse("endless;mb=99999").unwrap();
        assert_eq!(scenario.fault, Fault::Endless { bytes: 1 << 30 });
    }
}
