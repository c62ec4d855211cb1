//! What a run tells: what happened, what broke, what was checked, and the verdict.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    clock::TrueTime,
    faults::Fault,
    run::{Plan, speed_up},
    world::{LAWS, Violation, World},
};

/// A finished run.
#[derive(Debug)]
pub(super) struct Report {
    plan: Plan,
    kept: &'static str,
    steps: u64,
    pub(super) fingerprint: u64,
    lived: SignedDuration,
    took: Duration,
    counts: Vec<(String, u64)>,
    pub(super) fired: Vec<(Fault, u64)>,
    checks: Vec<(&'static str, u64)>,
    pub(super) violations: Vec<Violation>,
    more_violations: u64,
    /// Milliseconds: p50, p99, the longest.
    answered: [i64; 3],
    warnings: u64,
    stopped: Option<Vec<String>>,
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        kept: &'static str,
        world: &World,
        warnings: u64,
        took: Duration,
    ) -> Self {
        let mut answered = world.answered_ms.clone();
        answered.sort_unstable();
        let nth = |per_mille: usize| {
            let place = (answered.len() * per_mille / 1000).min(answered.len().saturating_sub(1));
            answered.get(place).copied().unwrap_or(0)
        };
        let checks = world.checks();
        Self {
            plan: plan.clone(),
            kept,
            steps: world.trace.steps(),
            fingerprint: world.trace.fingerprint(),
            lived: world.now().duration_since(TrueTime::begin()),
            took,
            counts: world.counts.iter().map(|(what, n)| (what.clone(), *n)).collect(),
            fired: world.faults.fired().to_vec(),
            checks: LAWS
                .iter()
                .map(|(law, _)| (*law, checks.get(law).copied().unwrap_or(0)))
                .collect(),
            violations: world.violations.clone(),
            more_violations: world.more_violations,
            answered: [nth(500), nth(990), nth(1000)],
            warnings,
            stopped: world.stopped.clone(),
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }

    #[cfg(test)]
    pub(super) fn counted(&self, what: &str) -> u64 {
        self.counts.iter().find(|(word, _)| word == what).map_or(0, |(_, count)| *count)
    }

    /// How this run is made again.
    fn again(&self, until: Option<u64>) -> String {
        let kinds: Vec<_> = self.plan.faults.kinds().iter().map(|fault| fault.word()).collect();
        let faults = match kinds.len() {
            0 => "none".to_owned(),
            n if n == Fault::ALL.len() => "all".to_owned(),
            _ => kinds.join(","),
        };
        let mut again = format!(
            "forecourt simulate --days {} --seed {} --faults {faults} --tenants {} --leads-per-day {} --nodes {}",
            self.plan.hours.div_ceil(24),
            self.plan.seed,
            self.plan.tenants,
            self.plan.leads_per_day,
            self.plan.nodes
        );
        if self.kept != "memory" {
            again.push_str(" --store postgres");
        }
        if let Some(until) = until {
            let _never = write!(again, " --until {until}");
        }
        again
    }

    pub(super) fn print(&self) {
        println!("{self}");
    }

    /// One line, for many runs.
    pub(super) fn print_line(&self) {
        let verdict = if self.is_sound() { "sound " } else { "BROKEN" };
        println!(
            "{verdict} seed {:>10}  {:>7} steps  {:>5} leads  {:016x}  {:>5.1} s",
            self.plan.seed,
            self.steps,
            self.counts.iter().find(|(what, _)| what == "leads").map_or(0, |(_, n)| *n),
            self.fingerprint,
            self.took.as_secs_f64()
        );
        for violation in &self.violations {
            println!("  {}: {} (step {})", violation.law, violation.what, violation.step);
        }
        if !self.is_sound() {
            println!("  {}", self.again(self.violations.first().map(|first| first.step)));
        }
    }

    pub(super) fn json(&self) -> Value {
        let [p50, p99, longest] = self.answered;
        let violations = self.violations.iter().map(|violation| {
            json!({
                "law": violation.law,
                "what": violation.what,
                "step": violation.step,
                "at": violation.at.to_string(),
                "session": violation.session.map(|session| session.to_string()),
                "steps": violation.steps,
            })
        });
        let counts: serde_json::Map<_, _> =
            self.counts.iter().map(|(what, n)| (what.clone(), json!(n))).collect();
        let faults: serde_json::Map<_, _> =
            self.fired.iter().map(|(fault, n)| (fault.word().to_owned(), json!(n))).collect();
        let checks: serde_json::Map<_, _> =
            self.checks.iter().map(|(law, n)| ((*law).to_owned(), json!(n))).collect();
        json!({
            "seed": self.plan.seed,
            "days": f64::from(self.plan.hours) / 24.0,
            "nodes": self.plan.nodes,
            "tenants": self.plan.tenants,
            "store": self.kept,
            "again": self.again(None),
            "steps": self.steps,
            "fingerprint": format!("{:016x}", self.fingerprint),
            "virtual_seconds": self.lived.as_secs(),
            "wall_seconds": self.took.as_secs_f64(),
            "answered_ms": { "p50": p50, "p99": p99, "max": longest },
            "counts": counts,
            "faults": faults,
            "checks": checks,
            "log_warnings": self.warnings,
            "sound": self.is_sound(),
            "violations": violations.collect::<Vec<_>>(),
            "violations_not_told": self.more_violations,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lived = self.lived.as_secs_f64() / 86_400.0;
        writeln!(
            f,
            "\nSeed {}: {lived:.1} days in {:.1} s ({:.0} times life), {} nodes, {} tenants, kept in {}.",
            self.plan.seed,
            self.took.as_secs_f64(),
            speed_up(self.lived, self.took),
            self.plan.nodes,
            self.plan.tenants,
            self.kept
        )?;
        writeln!(
            f,
            "{} steps, fingerprint {:016x}.\n\nWhat happened",
            self.steps, self.fingerprint
        )?;
        for (what, count) in &self.counts {
            writeln!(f, "  {count:>9}  {what}")?;
        }
        let [p50, p99, longest] = self.answered.map(|ms| ms as f64 / 1000.0);
        writeln!(f, "  answered after {p50:.1} s (p50), {p99:.1} s (p99), {longest:.1} s at most")?;
        writeln!(f, "\nFaults")?;
        for (fault, count) in self.fired.iter().filter(|(_, count)| *count > 0) {
            writeln!(f, "  {count:>9}  {fault}")?;
        }
        let never: Vec<_> =
            self.fired.iter().filter(|(_, n)| *n == 0).map(|(k, _)| k.word()).collect();
        if !never.is_empty() {
            writeln!(
                f,
                "  never fired, so this run proves nothing about them: {}",
                never.join(", ")
            )?;
        }
        writeln!(f, "\nInvariants")?;
        for (law, title) in LAWS {
            let count = self.checks.iter().find(|(name, _)| name == law).map_or(0, |(_, n)| *n);
            let broken = self.violations.iter().filter(|violation| violation.law == *law).count();
            let verdict =
                if broken == 0 { "held".into() } else { format!("BROKEN {broken} times") };
            writeln!(f, "  {law:<4} {verdict:<16} {count:>9} checks  {title}")?;
        }
        writeln!(
            f,
            "  A10  held by construction; run the seed again and compare the fingerprint\n  \
             A12, A14  not exercised: nothing can be booked yet, and no secret takes part"
        )?;
        for violation in &self.violations {
            writeln!(f, "\n{} BROKEN at step {}, {}", violation.law, violation.step, violation.at)?;
            writeln!(f, "  {}", violation.what)?;
            if let Some(session) = violation.session {
                writeln!(f, "  in {session}")?;
            }
            for step in &violation.steps {
                writeln!(f, "    {step}")?;
            }
            writeln!(f, "  again: {}", self.again(Some(violation.step)))?;
        }
        if self.more_violations > 0 {
            writeln!(f, "\nand {} more; the run was stopped", self.more_violations)?;
        }
        if let Some(steps) = &self.stopped {
            writeln!(f, "\nStopped as asked. The last steps:")?;
            for step in steps {
                writeln!(f, "    {step}")?;
            }
        }
        let verdict = if self.is_sound() { "All invariants held." } else { "AN INVARIANT BROKE." };
        write!(f, "\n{verdict}  Again: {}", self.again(None))
    }
}
