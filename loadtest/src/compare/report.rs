//! Both sides beside each other: medians of the rounds, ratios, and the bars of P6.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Side, Step, Turn};
use crate::fanout::report::Bar;

/// What a comparison came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub turns: Vec<Turn>,
    pub forecourt: Vec<Step>,
    pub node: Vec<Step>,
    pub bars: Vec<Bar>,
}

impl Report {
    /// Sums up all turns.
    pub fn new(turns: Vec<Turn>) -> Self {
        let (forecourt, node) = (medians(&turns, Side::Forecourt), medians(&turns, Side::Node));
        let bars = bars(&forecourt, &node);
        Self { turns, forecourt, node, bars }
    }

    /// As a page of Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "# Leads through the whole pipeline, both sides on the same processors\n\n\
             Medians of the rounds. p50 and p99 from when a lead was due to the acceptance of its answer \
             by the mail provider, the model's 200 ms among them. Engine = everything but Postgres.\n\n\
             | side | leads/s | p50 ms | p99 ms | engine cores | engine ms/lead | Postgres ms/lead | MiB | \
             told B/lead | wrong | kept up |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
        );
        for (name, steps) in [("Forecourt", &self.forecourt), ("node", &self.node)] {
            for step in steps {
                // Writing to a string does not fail.
                writeln!(
                    out,
                    "| {name} | {:.0} | {:.0} | {:.0} | {:.2} | {:.3} | {:.3} | {:.0} | {:.0} | {} | {} |",
                    step.rate,
                    step.p50_ms,
                    step.p99_ms,
                    step.engine_cores,
                    step.engine_ms_per_lead,
                    step.database_ms_per_lead,
                    step.mib,
                    step.told,
                    step.wrong,
                    if step.kept_up { "yes" } else { "no" }
                )
                .ok();
            }
        }
        out.push_str("\n| bar | wanted | measured | |\n|---|--:|--:|---|\n");
        for bar in &self.bars {
            let verdict = if bar.met { "met" } else { "missed" };
            let (wanted, measured) = (bar.wanted, bar.measured);
            writeln!(out, "| {} | {wanted:.2} | {measured:.2} | {verdict} |", bar.name).ok();
        }
        out
    }
}

/// The middle of each number at each rate; a rate is kept up with when most rounds kept up.
fn medians(turns: &[Turn], side: Side) -> Vec<Step> {
    let steps: Vec<Step> = turns
        .iter()
        .filter(|turn| turn.side == side)
        .flat_map(|turn| turn.steps.iter().copied())
        .collect();
    let rounds = turns.iter().filter(|turn| turn.side == side).count();
    let mut rates: Vec<f64> = steps.iter().map(|step| step.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let middle = |rate: f64| {
        let at: Vec<&Step> =
            steps.iter().filter(|step| step.rate.total_cmp(&rate).is_eq()).collect();
        let of = |number: &dyn Fn(&Step) -> f64| {
            let mut numbers: Vec<f64> = at.iter().map(|step| number(step)).collect();
            numbers.sort_by(f64::total_cmp);
            numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Step {
            rate,
            leads: of(&|step| step.leads as f64) as u64,
            captured_p99_ms: of(&|step| step.captured_p99_ms),
            p50_ms: of(&|step| step.p50_ms),
            p99_ms: of(&|step| step.p99_ms),
            engine_cores: of(&|step| step.engine_cores),
            database_cores: of(&|step| step.database_cores),
            engine_ms_per_lead: of(&|step| step.engine_ms_per_lead),
            database_ms_per_lead: of(&|step| step.database_ms_per_lead),
            mib: of(&|step| step.mib),
            wrong: of(&|step| step.wrong as f64) as u64,
            told: of(&|step| step.told),
            kept_up: at.iter().filter(|step| step.kept_up).count() * 2 > rounds,
        }
    };
    rates.into_iter().map(middle).collect()
}

fn bars(forecourt: &[Step], node: &[Step]) -> Vec<Bar> {
    let highest = |steps: &[Step]| {
        let kept = steps.iter().filter(|step| step.kept_up).map(|step| step.rate);
        kept.fold(0.0, f64::max)
    };
    let (ours, theirs) = (highest(forecourt), highest(node));
    let mut bars = Vec::new();
    let mut add = |name: String, wanted: f64, measured: f64| {
        bars.push(Bar { name, wanted, measured, met: measured >= wanted });
    };
    add(
        format!("P6 highest rate that is kept up with: {ours:.0}/s ÷ {theirs:.0}/s"),
        3.0,
        ours / theirs,
    );
    // Where both answered every lead; the database is the same program on both sides.
    let both = |rate: f64| {
        let find = |steps: &[Step]| steps.iter().find(|s| s.rate.total_cmp(&rate).is_eq()).copied();
        Some((rate, find(forecourt)?, find(node)?))
    };
    let common =
        node.iter().filter(|step| step.rate <= ours.min(theirs)).filter_map(|s| both(s.rate));
    for (rate, ours, theirs) in common {
        let ratio = theirs.engine_ms_per_lead / ours.engine_ms_per_lead;
        add(format!("P6 engine CPU a lead at {rate:.0}/s, node's ÷ ours"), 4.0, ratio);
    }
    bars
}
