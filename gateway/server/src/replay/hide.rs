//! What people wrote and who they are, left out of a command or an event (A13).

use serde::Serialize;
use serde_json::Value;

/// Fields that a person or their program fills in.
const WRITTEN: [&str; 10] = [
    "text",
    "name",
    "email",
    "phone",
    "vehicle_interest",
    "source_url",
    "page_url",
    "client_id",
    "to",
    "reference",
];
/// A provider's code is a short word, unless the provider quotes the letter.
const LONGEST_CODE: usize = 40;

/// As JSON, and without what people wrote unless `text` asks for it.
pub(super) fn shown(value: &impl Serialize, text: bool) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default(); // plain values always are JSON
    if !text {
        hide(&mut value);
    }
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(written) if is_written(name, written) => {
                        *field = format!("({} characters)", written.chars().count()).into();
                    }
                    other => hide(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

fn is_written(name: &str, value: &str) -> bool {
    let is_word = |value: &str| {
        value.len() <= LONGEST_CODE
            && value.chars().all(|c| c.is_ascii_alphanumeric() || "_.- ".contains(c))
    };
    match name {
        // An event's is an id, a form's is the customer's.
        "message" => value.parse::<forecourt_core::id::MessageId>().is_err(),
        "code" => !is_word(value),
        name => WRITTEN.contains(&name),
    }
}
