//! A replay in words for people, and in JSON for programs.

use std::fmt::Write as _;

use forecourt_core::{
    id::{SessionId, TenantId},
    session::{
        LeadSession,
        replay::{Step, Verdict},
    },
};
use serde_json::{Map, Value, json};

use super::hide::shown;

/// What is told of a replay.
pub(super) struct Report<'a> {
    pub(super) session: SessionId,
    pub(super) tenant: TenantId,
    pub(super) steps: &'a [Step<'a>],
    /// Where the journal leads.
    pub(super) state: &'a LeadSession,
    /// What is stored beside it.
    pub(super) snapshot: &'a LeadSession,
    /// Whether what people wrote is told too.
    pub(super) text: bool,
}

impl Report<'_> {
    /// Whether nothing contradicts the journal.
    pub(super) fn is_same(&self) -> bool {
        self.wrong() == 0 && self.state == self.snapshot
    }

    fn wrong(&self) -> usize {
        self.steps.iter().filter(|step| step.verdict.is_wrong()).count()
    }

    /// How many could not be taken again, because too little of them was kept.
    fn taken_as_they_are(&self) -> usize {
        let unknown =
            |step: &&Step<'_>| matches!(step.verdict, Verdict::NoCause | Verdict::NoSettings);
        self.steps.iter().filter(unknown).count()
    }

    /// One block for each decision, and the result in the last lines.
    pub(super) fn people(&self) -> String {
        let mut out = format!("{} of {}\n", self.session, self.tenant);
        for step in self.steps {
            out.push('\n');
            self.block(&mut out, step);
        }
        out.push('\n');
        let (all, wrong, unknown) = (self.steps.len(), self.wrong(), self.taken_as_they_are());
        let noun = if all == 1 { "decision" } else { "decisions" };
        let mut line = match wrong {
            0 if unknown == 0 => format!("{all} {noun}, all as they were"),
            0 => format!("{all} {noun}, {} as they were", all - unknown),
            _ => {
                let which: Vec<_> = self
                    .steps
                    .iter()
                    .filter(|step| step.verdict.is_wrong())
                    .map(|step| format!("#{}", step.stored.version.0))
                    .collect();
                format!("{all} {noun}, {wrong} NOT AS BEFORE: {}", which.join(", "))
            }
        };
        if unknown > 0 {
            push(&mut line, format_args!(", {unknown} of which too little was kept"));
        }
        push(&mut out, format_args!("{line}\n"));
        let differing = self.differing();
        if self.state == self.snapshot {
            out.push_str("the state they lead to is the stored one\n");
        } else {
            push(
                &mut out,
                format_args!(
                    "THE STATE THEY LEAD TO IS NOT THE STORED ONE: {}\n",
                    differing.join(", ")
                ),
            );
        }
        out
    }

    fn block(&self, out: &mut String, step: &Step<'_>) {
        let stored = step.stored;
        let at = stored.at.strftime("%Y-%m-%d %H:%M:%S%.6f UTC");
        let command = match &stored.cause {
            Some(cause) => line(&shown(&cause.command, self.text)),
            None => "(its cause was not kept)".into(),
        };
        push(out, format_args!("#{}  {at}  {command}\n", stored.version.0));
        for because in &step.because {
            push(out, format_args!("    {because}\n"));
        }
        let kinds: Vec<_> = stored.events.iter().map(forecourt_core::event::Event::kind).collect();
        push(out, format_args!("    -> {}\n", kinds.join(", ")));
        push(out, format_args!("    {}\n", verdict(&step.verdict)));
        if let Verdict::Differs { decided } = &step.verdict {
            let (expected, got) = (shown(&stored.events, self.text), shown(decided, self.text));
            if expected == got {
                out.push_str("    they differ in what people wrote: --text shows it\n");
            }
            push(out, format_args!("expected {expected:#}\ngot {got:#}\n"));
        }
    }

    /// One object: `same`, the decisions in order, and where the state differs.
    pub(super) fn json(&self) -> String {
        let decisions: Vec<Value> = self.steps.iter().map(|step| self.step(step)).collect();
        let report = json!({
            "session": self.session,
            "tenant": self.tenant,
            "same": self.is_same(),
            "wrong": self.wrong(),
            "not_taken_again": self.taken_as_they_are(),
            "state_is_the_stored_one": self.state == self.snapshot,
            "state_differs_in": self.differing(),
            "decisions": decisions,
        });
        format!("{report:#}\n")
    }

    fn step(&self, step: &Step<'_>) -> Value {
        let stored = step.stored;
        let kinds: Vec<_> = stored.events.iter().map(forecourt_core::event::Event::kind).collect();
        let mut value = json!({
            "version": stored.version,
            "at": stored.at,
            "command": stored.cause.as_ref().map(|cause| shown(&cause.command, self.text)),
            "because": step.because,
            "events": kinds,
            "verdict": match &step.verdict {
                Verdict::Same => "same",
                Verdict::NoCause => "no_cause",
                Verdict::NoSettings => "no_settings",
                Verdict::Differs { .. } => "differs",
                Verdict::Refused { .. } => "refused",
            },
        });
        if step.verdict.is_wrong() {
            value["expected"] = shown(&stored.events, self.text);
        }
        match &step.verdict {
            Verdict::Differs { decided } => value["got"] = shown(decided, self.text),
            Verdict::Refused { rejection } => value["got"] = rejection.to_string().into(),
            _ => {}
        }
        value
    }

    /// Names of the state's fields that are not as stored.
    fn differing(&self) -> Vec<String> {
        let (Value::Object(here), Value::Object(stored)) =
            (shown(self.state, true), shown(self.snapshot, true))
        else {
            return Vec::new();
        };
        let names = here.keys().chain(stored.keys().filter(|name| !here.contains_key(*name)));
        names.filter(|name| here.get(*name) != stored.get(*name)).cloned().collect()
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Same => "as it was".into(),
        Verdict::NoCause => "taken as it is: what led to it was not kept".into(),
        Verdict::NoSettings => "taken as it is: the settings that held are not known".into(),
        Verdict::Differs { .. } => "DECIDED OTHERWISE NOW".into(),
        Verdict::Refused { rejection } => format!("REFUSED NOW: {rejection}"),
    }
}

/// A command with its fields, `name a=1 b.c=2`; what is not there is left out.
fn line(command: &Value) -> String {
    let mut line = command["command"].as_str().unwrap_or_default().to_owned();
    if let Value::Object(fields) = command {
        flat(&mut line, "", fields);
    }
    line
}

fn flat(line: &mut String, before: &str, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match value {
            Value::Null => {}
            _ if before.is_empty() && name == "command" => {}
            Value::Object(inner) => flat(line, &format!("{before}{name}."), inner),
            // Hidden texts, ids and words read better without quotes; what people wrote may hold anything.
            Value::String(word) if word.chars().all(|c| c.is_ascii_graphic() && c != '"') => {
                push(line, format_args!(" {before}{name}={word}"));
            }
            other => push(line, format_args!(" {before}{name}={other}")),
        }
    }
}

/// Writing to a text cannot fail.
fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    let _always = out.write_fmt(what);
}
