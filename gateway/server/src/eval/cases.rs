//! The case files: what they may say, and what is wrong with them, by file and line.

use std::path::Path;

use anyhow::{Context as _, bail};
use forecourt_core::{dialogue::Stage, lang::Lang};
use jiff::civil::DateTime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    businesses::{Business, FaqRow, PageRow, QuestionRow, Taken, VehicleRow},
    config::Runner,
    files,
};

/// The most bytes of a file (A9).
const MAX_FILE: u64 = 512 * 1024;
/// The most files of a folder (A9).
const MAX_FILES: usize = 500;

/// One file: cases of a theme in a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    theme: String,
    lang: Lang,
    /// The business of its cases, by the name of its file.
    world: String,
    #[serde(default)]
    runner: Runner,
    #[serde(rename = "case")]
    cases: Vec<Told>,
}

/// What a case tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Told {
    name: String,
    /// Where they differ from the file's.
    world: Option<String>,
    lang: Option<Lang>,
    runner: Option<Runner>,
    /// When it begins, on the business' own clock.
    pub(crate) now: Option<DateTime>,
    /// More that is taken, known, asked or in stock.
    pub(crate) taken: Vec<Taken>,
    pub(crate) faqs: Vec<FaqRow>,
    pub(crate) pages: Vec<PageRow>,
    pub(crate) questions: Vec<QuestionRow>,
    pub(crate) vehicles: Vec<VehicleRow>,
    /// Days that are closed besides.
    pub(crate) closed: Vec<jiff::civil::Date>,
    /// Which model the recorded answers came from.
    pub(crate) recorded: Option<String>,
    pub(crate) turns: Vec<TurnRow>,
    pub(crate) ends: Ends,
}

/// One exchange: what happens, and what must come of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TurnRow {
    /// What the customer writes; `{code}` is the code of the newest letter.
    pub(crate) customer: Option<String>,
    /// They come by the form instead, and are answered by mail.
    pub(crate) form: Option<FormRow>,
    /// They press a button: `accept`, `decline`, or `pick 2` for the second of the offered times.
    pub(crate) press: Option<String>,
    /// A member writes, and so takes the conversation over; `give back` gives it back.
    pub(crate) member: Option<String>,
    /// How long nobody does anything before, such as `15m`.
    pub(crate) wait: Option<jiff::SignedDuration>,
    /// What the model answers, call by call.
    pub(crate) model: Vec<Vec<StepRow>>,

    pub(crate) says: Vec<String>,
    pub(crate) never: Vec<String>,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) never_calls: Vec<String>,
    /// Only these tools, and each of them.
    pub(crate) only_calls: Option<Vec<String>>,
    pub(crate) lang: Option<Lang>,
    pub(crate) stage: Option<Stage>,
    pub(crate) bookings: Option<Vec<String>>,
    /// Why sentences were kept back, such as `price`.
    pub(crate) withheld: Vec<String>,
    /// Whose words they are: `house`, `script`, `template`.
    pub(crate) by: Option<String>,
    /// Nobody answers.
    pub(crate) silent: bool,
    /// The same answer as before is right here.
    pub(crate) again: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FormRow {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) vehicle: Option<String>,
    pub(crate) message: Option<String>,
}

/// A tool that was called: by its name, or with some of its arguments.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum CallRow {
    Name(String),
    With(CallWith),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallWith {
    pub(crate) tool: String,
    #[serde(default)]
    pub(crate) args: Value,
    /// `done`, `refused`, `bad_arguments`, `failed`, or the short word for why not.
    pub(crate) outcome: Option<String>,
}

/// What a scripted model does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum StepRow {
    /// Says it word by word.
    Say(String),
    /// Says it in exactly these pieces.
    Pieces(Vec<String>),
    Call(CallStep),
    /// Is silent so long.
    Wait(jiff::SignedDuration),
    /// Fails: `refused`, `overloaded`, `cut`, `silent`.
    Fail(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallStep {
    pub(crate) tool: String,
    #[serde(default)]
    pub(crate) args: Value,
}

/// What must be so when all is said. What is not said here must not have happened.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ends {
    /// `booked test drive 11-28 14:00`, by the English name of the service.
    pub(crate) bookings: Vec<String>,
    pub(crate) stage: Option<Stage>,
    /// A person was called.
    pub(crate) person: bool,
    /// `assistant` or `person`.
    pub(crate) speaks: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    /// In no answer of all.
    pub(crate) never: Vec<String>,
    /// Answers to the tenant's own questions.
    pub(crate) answers: std::collections::BTreeMap<String, String>,
}

/// A case, ready to be played.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) theme: String,
    pub(crate) lang: Lang,
    pub(crate) runner: Runner,
    /// The file of its business.
    pub(crate) world: String,
    pub(crate) business: Business,
    pub(crate) told: Told,
}

/// The cases of the binary.
pub(crate) fn embedded() -> anyhow::Result<Vec<Case>> {
    read(files::WORLDS, files::CASES)
}

/// The cases of a folder.
pub(crate) fn from_dir(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let worlds = texts(&folder.join("worlds"))?;
    let cases = texts(folder)?;
    read(&borrowed(&worlds), &borrowed(&cases))
}

fn borrowed(texts: &[(String, String)]) -> Vec<(&str, &str)> {
    texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn texts(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let list = || format!("{} cannot be listed", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(list)? {
        let path = entry.with_context(list)?.path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let text =
            read_bounded(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.push((stem, text));
        if found.len() > MAX_FILES {
            bail!("{} has more than {MAX_FILES} files", folder.display());
        }
    }
    found.sort();
    Ok(found)
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other(format!("larger than {MAX_FILE} bytes")));
    }
    Ok(text)
}

pub(super) fn read(worlds: &[(&str, &str)], files: &[(&str, &str)]) -> anyhow::Result<Vec<Case>> {
    let mut businesses = Vec::new();
    for (name, text) in worlds {
        businesses.push((*name, parse::<Business>(&format!("worlds/{name}.toml"), text)?));
    }
    let mut cases: Vec<Case> = Vec::new();
    for (file, text) in files {
        let read: CaseFile = parse(&format!("{file}.toml"), text)?;
        for row in read.cases {
            let world = row.world.as_ref().unwrap_or(&read.world);
            let Some((_, business)) = businesses.iter().find(|(name, _)| name == world) else {
                bail!("{file}.toml: {}: there is no worlds/{world}.toml", row.name);
            };
            let case = Case {
                file: (*file).to_owned(),
                name: row.name.clone(),
                theme: read.theme.clone(),
                lang: row.lang.unwrap_or(read.lang),
                runner: row.runner.unwrap_or(read.runner),
                world: world.clone(),
                business: business.clone(),
                told: row,
            };
            check(&case).with_context(|| format!("{file}.toml: {}", case.name))?;
            if cases.iter().any(|other| other.file == case.file && other.name == case.name) {
                bail!("{file}.toml: {}: the name stands twice", case.name);
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

/// What the types do not say.
fn check(case: &Case) -> anyhow::Result<()> {
    if case.name.trim().is_empty() {
        bail!("it has no name");
    }
    if case.told.turns.is_empty() {
        bail!("it has no turns");
    }
    if (case.runner == Runner::Recorded) != case.told.recorded.is_some() {
        bail!("`recorded` names the model of a recorded case, and of no other");
    }
    for (turn, nth) in case.told.turns.iter().zip(1..) {
        let acts = [turn.customer.is_some(), turn.form.is_some(), turn.press.is_some()];
        let acts = acts.iter().filter(|acts| **acts).count() + usize::from(turn.member.is_some());
        if acts > 1 || (acts == 0 && turn.wait.is_none()) {
            bail!("turn {nth}: one of `customer`, `form`, `press`, `member`, or only `wait`");
        }
        if case.runner == Runner::House && !turn.model.is_empty() {
            bail!("turn {nth}: the house responder has no script");
        }
        if turn.form.is_some() && nth > 1 {
            bail!("turn {nth}: a form comes first");
        }
    }
    Ok(())
}

/// An error names the file, the line and the column.
fn parse<T: DeserializeOwned>(file: &str, text: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = &text[..text.floor_char_boundary(at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        anyhow::anyhow!("{file}, line {line}, column {column}: {}", error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = include_str!("../../../../prompts/reply/cases/worlds/dealer.toml");

    fn error_of(text: &str) -> String {
        let error = read(&[("dealer", WORLD)], &[("x", text)]).expect_err("it is wrong");
        format!("{error:#}")
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        let head = "theme = \"t\"\nlang = \"en\"\nworld = \"dealer\"\n[[case]]\nname = \"a\"\n";
        let turn = "turns = [{ customer = \"hi\" }]\n";
        assert!(read(&[("dealer", WORLD)], &[("x", &format!("{head}{turn}"))]).is_ok());
        for (text, says) in [
            (format!("{head}turns = [{{ costumer = \"hi\" }}]"), "x.toml, line 6"),
            (format!("{head}{turn}[case.ends]\nbooked = 1"), "x.toml, line 8"),
            (format!("{head}turns = []"), "x.toml: a: it has no turns"),
            (format!("{head}turns = [{{}}]"), "turn 1: one of"),
            (format!("{head}world = \"moon\"\n{turn}"), "no worlds/moon.toml"),
            (format!("{head}{turn}[[case]]\nname = \"a\"\n{turn}"), "the name stands twice"),
            (
                format!("{head}turns = [{{ customer = \"hi\", model = [[{{ say = \"x\" }}]] }}]"),
                "has no script",
            ),
            (head.replace("\"en\"", "\"xx\""), "x.toml, line 2"),
        ] {
            let error = error_of(&text);
            assert!(error.contains(says), "{error} does not say {says}");
        }
    }
}
