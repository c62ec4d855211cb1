//! What models answered, written down as a case that the runner `recorded` plays again.

use forecourt_ports::model::{Delta, ModelError};
use serde_json::Value;

use super::{
    cases::{Case, FormRow, TurnRow},
    checks::Standing,
};

/// What a model gave, in its own pieces.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    Pieces(Vec<String>),
    Call(String, Value),
    Failed(&'static str),
}

/// One answer, as it comes in.
pub(super) fn note(heard: &mut Vec<Heard>, delta: &Result<Delta, ModelError>) {
    match delta {
        Ok(Delta::Text(text)) => match heard.last_mut() {
            Some(Heard::Pieces(pieces)) => pieces.push(text.clone()),
            _ => heard.push(Heard::Pieces(vec![text.clone()])),
        },
        Ok(Delta::Call(call)) => {
            heard.push(Heard::Call(call.name.clone(), Value::Object(call.args.clone())));
        }
        Ok(Delta::Done(_)) => {}
        Err(error) if error.is_passing() => heard.push(Heard::Failed("overloaded")),
        Err(_) => heard.push(Heard::Failed("refused")),
    }
}

/// The head of a file of recordings.
pub(super) fn head(case: &Case, world: &str) -> String {
    let (lang, world) = (text(case.lang.tag()), text(world));
    format!("theme = \"recorded\"\nlang = {lang}\nworld = {world}\nrunner = \"recorded\"\n")
}

/// A case of what happened, and how it ended.
pub(super) fn case(
    case: &Case,
    model: &str,
    answers: &[Vec<Vec<Heard>>],
    standing: &Standing,
    person_called: bool,
) -> String {
    let mut lines = vec![
        "[[case]]".to_owned(),
        format!("name = {}", text(&format!("{}: {}", case.file, case.name))),
        format!("recorded = {}", text(model)),
    ];
    if let Some(now) = case.told.now {
        lines.push(format!("now = {}", text(&now.to_string())));
    }
    lines.push("turns = [".to_owned());
    for (turn, answers) in case.told.turns.iter().zip(answers) {
        lines.push("  {".to_owned());
        lines.extend(acts(turn).into_iter().map(|act| format!("    {act},")));
        if !answers.is_empty() {
            lines.push("    model = [".to_owned());
            lines.extend(answers.iter().map(|steps| {
                let steps: Vec<_> = steps.iter().map(step).collect();
                format!("      [{}],", steps.join(", "))
            }));
            lines.push("    ],".to_owned());
        }
        lines.push("  },".to_owned());
    }
    lines.push("]".to_owned());
    let bookings: Vec<_> = standing.bookings.iter().map(|one| text(one)).collect();
    let bookings = bookings.join(", ");
    lines.push(format!("ends = {{ bookings = [{bookings}], person = {person_called} }}\n"));
    lines.join("\n")
}

fn acts(turn: &TurnRow) -> Vec<String> {
    let mut acts = Vec::new();
    let words = [("customer", &turn.customer), ("press", &turn.press), ("member", &turn.member)];
    for (key, word) in words {
        acts.extend(word.as_ref().map(|word| format!("{key} = {}", text(word))));
    }
    if let Some(FormRow { name, email, phone, vehicle, message }) = &turn.form {
        let fields = [
            ("name", name),
            ("email", email),
            ("phone", phone),
            ("vehicle", vehicle),
            ("message", message),
        ];
        let fields = fields.into_iter().filter_map(|(key, field)| {
            field.as_ref().map(|field| format!("{key} = {}", text(field)))
        });
        acts.push(format!("form = {{ {} }}", fields.collect::<Vec<_>>().join(", ")));
    }
    acts.extend(turn.wait.map(|wait| format!("wait = {}", text(&wait.to_string()))));
    acts.extend(turn.lang.map(|lang| format!("lang = {}", text(lang.tag()))));
    acts.extend(turn.silent.then(|| "silent = true".to_owned()));
    acts
}

fn step(heard: &Heard) -> String {
    match heard {
        Heard::Pieces(pieces) => {
            let pieces: Vec<_> = pieces.iter().map(|piece| text(piece)).collect();
            format!("{{ pieces = [{}] }}", pieces.join(", "))
        }
        Heard::Call(tool, args) => {
            format!("{{ call = {{ tool = {}, args = {} }} }}", text(tool), value(args))
        }
        Heard::Failed(how) => format!("{{ fail = {} }}", text(how)),
    }
}

/// A string of TOML: what JSON escapes, TOML reads, but for one character.
fn text(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn value(json: &Value) -> String {
    match json {
        Value::Object(map) => {
            let pairs = map
                .iter()
                .filter(|(_, one)| !one.is_null())
                .map(|(key, one)| format!("{} = {}", text(key), value(one)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => {
            let list = list.iter().filter(|one| !one.is_null()).map(value);
            format!("[{}]", list.collect::<Vec<_>>().join(", "))
        }
        Value::String(one) => text(one),
        other => other.to_string(),
    }
}
