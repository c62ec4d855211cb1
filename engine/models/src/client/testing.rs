//! What the unit tests of the protocols share.

use std::sync::Arc;

use forecourt_ports::model::{Call, Done, ModelError, Tool, Toolbox};
use serde_json::json;

pub(crate) use super::draft::MAX_EVENTS;
use super::{ClientConfig, Ending, Reply, Step};
use crate::prompts::Prompt;

pub(crate) fn config(model: &str, max_chars: usize) -> ClientConfig {
    ClientConfig { max_chars, ..ClientConfig::new("k".to_owned().into(), "http://host", model) }
}

pub(crate) fn prompt() -> Prompt {
    Prompt { id: "reply@1".into(), rules: "rules".into(), now: "now".into(), spoken: Vec::new() }
}

/// A toolbox that offers tools of these names.
pub(crate) fn offering(names: &[&str]) -> Toolbox {
    let tool = |name: &&str| Tool {
        name: (*name).to_owned(),
        description: String::new(),
        schema: json!({"type": "object"}),
        takes_contacts: false,
    };
    Toolbox { offered: names.iter().map(tool).collect::<Arc<[_]>>(), ..Toolbox::default() }
}

/// An answer read to its end: its text, its calls, and what was told of it.
pub(crate) type Whole = (String, Vec<Call>, Done);

/// Reads the data of events without names, then the end of the stream.
pub(crate) fn read_all(
    reply: &mut impl Reply,
    events: impl IntoIterator<Item: AsRef<str>>,
) -> Result<Whole, ModelError> {
    let mut whole = String::new();
    let mut end = None;
    for data in events {
        match reply.event("message", data.as_ref())? {
            Step::Alive => {}
            Step::Content(text) => whole.push_str(&text.unwrap_or_default()),
            Step::Complete(ending) => {
                end = Some(*ending);
                break;
            }
        }
    }
    let end = end.map_or_else(|| reply.end(), Ok)?;
    let Ending { text, calls, done } = end;
    whole.push_str(&text.unwrap_or_default());
    Ok((whole, calls, done))
}
