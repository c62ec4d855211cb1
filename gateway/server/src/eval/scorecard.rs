//! What came of the cases: by theme, language, pack and runner, and each that failed with its words.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    cases::Case,
    play::{Fault, Played},
};

/// Passed and all.
type Count = (usize, usize);

pub(super) struct Scorecard<'a> {
    cases: Vec<(&'a Case, &'a Played)>,
    took: Duration,
}

impl<'a> Scorecard<'a> {
    pub(super) fn new(cases: &'a [Case], played: &'a [Played], took: Duration) -> Self {
        Self { cases: cases.iter().zip(played).collect(), took }
    }

    /// Whether no case failed.
    pub(super) fn is_whole(&self) -> bool {
        self.cases.iter().all(|(_, played)| played.faults.is_empty())
    }

    fn by(&self, key: impl Fn(&Case) -> &str) -> BTreeMap<String, Count> {
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        for (case, played) in &self.cases {
            let (passed, all) = counts.entry(key(case).to_owned()).or_default();
            *passed += usize::from(played.faults.is_empty());
            *all += 1;
        }
        counts
    }

    fn groups(&self) -> [(&'static str, BTreeMap<String, Count>); 4] {
        [
            ("theme", self.by(|case| &case.theme)),
            ("language", self.by(|case| case.lang.tag())),
            ("pack", self.by(|case| &case.business.pack)),
            ("runner", self.by(|case| case.runner.as_str())),
        ]
    }

    fn passed(&self) -> usize {
        self.cases.iter().filter(|(_, played)| played.faults.is_empty()).count()
    }

    pub(super) fn text(&self, transcripts: bool) -> String {
        let mut lines = Vec::new();
        for (case, played) in &self.cases {
            let failed = !played.faults.is_empty();
            if !failed && !transcripts {
                continue;
            }
            let how = if failed { "FAILED" } else { "passed" };
            lines.push(format!("{how}  {}.toml: {}", case.file, case.name));
            lines.extend(played.transcript.iter().cloned());
            lines.extend(played.faults.iter().map(|Fault { turn, expected, came }| {
                let place = if *turn == 0 { "at the end".into() } else { format!("turn {turn}") };
                format!("  {place}: expected {expected}; came {came}")
            }));
            lines.push(String::new());
        }
        for (name, counts) in self.groups() {
            lines.push(name.to_owned());
            lines.extend(counts.into_iter().map(|(key, (passed, all))| {
                let mark = if passed == all { ' ' } else { '!' };
                format!(" {mark} {key:<24} {passed:>4} of {all:>4}")
            }));
        }
        let (passed, all, took) = (self.passed(), self.cases.len(), self.took.as_secs_f64());
        lines.push(format!("{passed} of {all} cases passed in {took:.1} s\n"));
        lines.join("\n")
    }

    pub(super) fn json(&self) -> Value {
        let groups = self.groups().map(|(name, counts)| {
            let counts = counts.into_iter().map(|(key, (passed, all))| {
                (key, json!({ "passed": passed, "failed": all - passed }))
            });
            (name.to_owned(), counts.collect::<Value>())
        });
        let failures: Vec<_> = self
            .cases
            .iter()
            .filter(|(_, played)| !played.faults.is_empty())
            .map(|(case, played)| {
                let fault = |Fault { turn, expected, came }: &Fault| {
                    json!({ "turn": turn, "expected": expected, "came": came })
                };
                json!({
                    "file": case.file, "case": case.name, "theme": case.theme,
                    "language": case.lang, "pack": case.business.pack, "runner": case.runner,
                    "faults": played.faults.iter().map(fault).collect::<Vec<_>>(),
                    "transcript": played.transcript,
                })
            })
            .collect();
        json!({
            "passed": self.passed(),
            "failed": self.cases.len() - self.passed(),
            "seconds": self.took.as_secs_f64(),
            "by": groups.into_iter().collect::<Value>(),
            "failures": failures,
        })
    }
}
