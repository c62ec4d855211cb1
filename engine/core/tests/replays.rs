//! Takes the decisions of every recorded conversation again: what was right once stays so (A3).
//!
//! `forecourt session replay <id> --as-test` writes the files of `replays/`. One that fails tells which
//! decision the rules take otherwise now. When that is meant, record the conversation anew; when it is not, a
//! rule broke. What is committed comes from invented people alone.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{fmt::Write as _, fs, path::PathBuf};

use forecourt_core::{
    event::Event,
    session::replay::{Recorded, Step, Verdict},
};
use serde::Serialize;

/// Unchanged lines that are shown before and after a difference.
const AROUND: usize = 3;

fn recorded() -> Vec<(String, Recorded)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/replays");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match serde_json::from_slice(&fs::read(&path).unwrap()) {
            Ok(recorded) => (name, recorded),
            Err(error) => panic!("{name} is not a recorded conversation: {error}"),
        }
    };
    paths.into_iter().map(read).collect()
}

/// What is wrong with a recording, in words; empty when nothing is.
fn faults(recorded: &Recorded) -> String {
    let (steps, _) = recorded.replay();
    let mut out = String::new();
    for step in &steps {
        match &step.verdict {
            Verdict::Differs { decided } => {
                say_where(&mut out, step, "is decided otherwise (- as it was, + as it is now)");
                out.push_str(&difference(&json(&step.stored.events), &json(decided)));
            }
            Verdict::Refused { rejection } => {
                say_where(&mut out, step, &format!("is refused now: {rejection}"));
            }
            Verdict::Same | Verdict::NoCause | Verdict::NoSettings => {}
        }
    }
    if !steps.iter().any(|step| step.verdict == Verdict::Same || step.verdict.is_wrong()) {
        out.push_str("no decision of it can be taken again: it tests nothing\n");
    }
    out
}

fn say_where(out: &mut String, step: &Step<'_>, what: &str) {
    let stored = step.stored;
    let command = stored.cause.as_ref().map(|cause| serde_json::to_value(&cause.command).unwrap());
    let command = command.as_ref().and_then(|command| command["command"].as_str());
    writeln!(out, "decision #{}, {}, {what}", stored.version.0, command.unwrap_or("?")).unwrap();
    writeln!(out, "  because {:?}", step.because).unwrap();
}

fn json(value: &impl Serialize) -> Vec<String> {
    serde_json::to_string_pretty(value).unwrap().lines().map(str::to_owned).collect()
}

/// The lines between what both begin with and what both end with, and a little around them.
fn difference(was: &[String], is: &[String]) -> String {
    let alike = |pair: &(&String, &String)| pair.0 == pair.1;
    let before = was.iter().zip(is).take_while(alike).count();
    let rest = was.len().min(is.len()) - before;
    let after = was.iter().rev().zip(is.iter().rev()).take(rest).take_while(alike).count();
    let lines = |sign: &str, lines: &[String]| -> String {
        lines.iter().flat_map(|line| ["  ", sign, " ", line, "\n"]).collect()
    };
    [
        lines(" ", &was[before.saturating_sub(AROUND)..before]),
        lines("-", &was[before..was.len() - after]),
        lines("+", &is[before..is.len() - after]),
        lines(" ", &was[was.len() - after..(was.len() - after + AROUND).min(was.len())]),
    ]
    .concat()
}

#[test]
fn every_recorded_conversation_is_decided_as_it_was() {
    let all = recorded();
    assert!(!all.is_empty(), "nothing is recorded in tests/replays");
    let mut all_faults = String::new();
    for (name, recorded) in &all {
        let faults = faults(recorded);
        if !faults.is_empty() {
            writeln!(all_faults, "\n{name}:\n{faults}").unwrap();
        }
    }
    assert!(all_faults.is_empty(), "the rules decide otherwise than they did:\n{all_faults}");
}

#[test]
fn what_is_recorded_holds_a_burst_a_take_over_a_give_back_and_a_mail_that_arrived() {
    let kinds: Vec<&str> = recorded()
        .iter()
        .flat_map(|(_, recorded)| recorded.decisions.iter())
        .flat_map(|decision| decision.events.iter().map(Event::kind))
        .collect();
    for kind in ["gathering", "taken_over", "released", "lead_captured", "delivery_accepted"] {
        assert!(kinds.contains(&kind), "{kind} is in no recording");
    }
}

#[test]
fn a_recording_that_tells_another_story_fails_and_shows_where() {
    let (_, mut tampered) = recorded().swap_remove(0);
    let decision = tampered
        .decisions
        .iter_mut()
        .find(|decision| decision.events.iter().any(|event| event.kind() == "promise_made"))
        .unwrap();
    let version = decision.version.0;
    for event in &mut decision.events {
        if let Event::PromiseMade { since, .. } = event {
            *since = "2001-02-03T04:05:06Z".parse().unwrap();
        }
    }
    let said = faults(&tampered);
    assert!(said.contains(&format!("decision #{version}, ")), "{said}");
    assert!(said.contains(r#"-     "since": "2001-02-03T04:05:06Z""#), "{said}");
    assert!(said.contains(r#"+     "since": "2"#), "{said}");
}

#[test]
fn a_recording_without_its_settings_tests_nothing_and_says_so() {
    let (_, mut bare) = recorded().swap_remove(0);
    bare.settings.clear();
    assert!(faults(&bare).contains("it tests nothing"));
}
