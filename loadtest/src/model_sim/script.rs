//! Scripts: what the model says next, written down by a test.
//!
//! Lives here: one scripted answer ([`Script`]), a step with its condition ([`Step`]), the queue of
//! steps ([`Steps`]), and placeholders that carry a value out of a tool result into the next call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scenario::Scenario;
use super::wire::StopReason;
use crate::spec::SpecError;

/// Most steps of a script (A9).
pub const MAX_STEPS: usize = 10_000;

/// One answer, block by block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub calls: Vec<Call>,
    #[serde(default)]
    pub thinking: Option<String>,
    /// `tool_use` if there are calls, else `end_turn`, unless said.
    #[serde(default)]
    pub stop: Option<StopReason>,
}

/// A tool call of a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub name: String,
    #[serde(default = "empty_object")]
    pub args: Value,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

/// One step: when it applies, and what happens then: a scenario, or an answer, or both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Applies only if the last user text contains this, upper and lower case alike.
    #[serde(default)]
    pub when: Option<String>,
    /// Applies only if the last turn brings a result of this tool.
    #[serde(default)]
    pub after_tool: Option<String>,
    /// Stays in the queue after use.
    #[serde(default)]
    pub keep: bool,
    /// A scenario, in the words of the command line.
    #[serde(default)]
    pub spec: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub calls: Vec<Call>,
    #[serde(default)]
    pub thinking: Option<String>,
    #[serde(default)]
    pub stop: Option<StopReason>,
}

/// What a step's condition looks at.
#[derive(Debug, Default)]
pub struct Situation<'a> {
    pub last_user_text: &'a str,
    /// Names of the tools whose results stand in the last turn.
    pub answered_tools: &'a [String],
}

/// Steps waiting for their turn.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// A queue of `steps`; each spec is read once here, so that a mistake shows at once.
    pub fn new(steps: Vec<Step>) -> Result<Self, SpecError> {
        if steps.len() > MAX_STEPS {
            return Err(SpecError::TooLong);
        }
        for step in &steps {
            step.spec.as_deref().map(Scenario::parse).transpose()?;
        }
        Ok(Self(steps))
    }

    /// The first step that applies; it leaves the queue unless it is kept.
    pub fn next(&mut self, situation: &Situation<'_>) -> Option<Step> {
        let at = self.0.iter().position(|step| step.applies(situation))?;
        Some(if self.0[at].keep { self.0[at].clone() } else { self.0.remove(at) })
    }

    /// How many steps wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no step waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Step {
    fn applies(&self, situation: &Situation<'_>) -> bool {
        let said = self.when.as_ref().is_none_or(|wanted| {
            situation.last_user_text.to_lowercase().contains(&wanted.to_lowercase())
        });
        let answered = self
            .after_tool
            .as_ref()
            .is_none_or(|tool| situation.answered_tools.iter().any(|name| name == tool));
        said && answered
    }

    /// The answer of this step, if it has one of its own.
    pub fn script(&self) -> Option<Script> {
        let script = Script {
            text: self.text.clone(),
            calls: self.calls.clone(),
            thinking: self.thinking.clone(),
            stop: self.stop,
        };
        (script != Script::default()).then_some(script)
    }
}

/// Fills `{{result:/0/path}}` from the tool results of the last turn.
///
/// The path is a JSON pointer into the list of results, each read as JSON if it is JSON. A string
/// that is nothing but a placeholder takes the value with its type; a path that leads nowhere
/// stays as it is written, which a test will see.
pub fn fill(value: &mut Value, results: &Value) {
    match value {
        Value::String(text) => {
            if let Some(found) = placeholder(text).and_then(|path| results.pointer(path)) {
                *value = found.clone();
            } else {
                *text = fill_text(text, results);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, results)),
        Value::Object(members) => members.values_mut().for_each(|item| fill(item, results)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Like [`fill`], for placeholders inside a text.
pub fn fill_text(text: &str, results: &Value) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((path, behind)) = after.split_once(CLOSE) else { break };
        filled.push_str(before);
        match results.pointer(path) {
            Some(Value::String(found)) => filled.push_str(found),
            Some(found) => filled.push_str(&found.to_string()),
            None => {
                filled.push_str(OPEN);
                filled.push_str(path);
                filled.push_str(CLOSE);
            }
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

const OPEN: &str = "{{result:";
const CLOSE: &str = "}}";

fn placeholder(text: &str) -> Option<&str> {
    let path = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    (!path.contains("{{")).then_some(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(json: Value) -> Steps {
        Steps::new(serde_json::from_value(json).unwrap()).unwrap()
    }

    #[test]
    fn steps_are_used_in_order_and_once() {
        let mut steps = steps(json!([{"text": "a"}, {"text": "b"}]));
        let anything = Situation::default();
        assert_eq!(steps.next(&anything).unwrap().text.as_deref(), Some("a"));
        assert_eq!(steps.next(&anything).unwrap().text.as_deref(), Some("b"));
        assert_eq!(steps.next(&anything), None);
    }

    #[test]
    fn a_step_waits_for_its_words_and_its_tool() {
        let mut steps = steps(json!([
            {"when": "PRØVEKJØR", "calls": [{"name": "find_slots"}]},
            {"after_tool": "find_slots", "text": "Tirsdag?", "keep": true},
        ]));
        let hello = Situation { last_user_text: "Hei", answered_tools: &[] };
        assert_eq!(steps.next(&hello), None);
        let wish = Situation { last_user_text: "Kan jeg prøvekjøre?", answered_tools: &[] };
        assert_eq!(steps.next(&wish).unwrap().calls[0].name, "find_slots");
        let tools = ["find_slots".to_owned()];
        let answered = Situation { last_user_text: "Hei", answered_tools: &tools };
        for _ in 0..2 {
            assert!(steps.next(&answered).is_some(), "a kept step stays");
        }
    }

    #[test]
    fn a_mistake_in_a_spec_is_found_when_the_script_is_set() {
        let step = Step { spec: Some("stal".into()), ..Step::default() };
        assert!(Steps::new(vec![step]).is_err());
        assert!(serde_json::from_value::<Step>(json!({"txt": "x"})).is_err());
    }

    #[test]
    fn a_placeholder_takes_the_value_out_of_the_result_with_its_type() {
        let results = json!([{"slots": [{"id": "s1", "at": 9}]}]);
        let mut args = json!({
            "slot": "{{result:/0/slots/0/id}}",
            "at": "{{result:/0/slots/0/at}}",
            "note": "Slot {{result:/0/slots/0/id}} at {{result:/0/slots/0/at}}",
            "gone": "{{result:/7}}",
        });
        fill(&mut args, &results);
        assert_eq!(
            args,
            json!({"slot": "s1", "at": 9, "note": "Slot s1 at 9", "gone": "{{result:/7}}"})
        );
    }
}
