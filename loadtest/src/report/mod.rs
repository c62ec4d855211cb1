//! The report of a run: figures, thresholds, plots; as JSON, as a page, and as a table.
//!
//! Lives here: how figures follow from the books and samples. The page ([`html`]) shows exactly these
//! numbers. Nothing in a report is data of people: forms and leads are numbers and ids (A13).

pub mod html;
pub mod plot;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::books::series::Point;
use crate::books::{Books, Counts, Form, Metric, Summary};
use crate::engine::usage::machine;
use crate::run::audit::Findings;
use crate::run::control::Lives;
use crate::run::faults::Band;
use crate::run::meter::UsagePoint;
use crate::scenario::Scenario;
use crate::scenario::threshold::FIGURES;

/// Points of a plot.
const COLUMNS: f64 = 150.0;
const MISTAKES: usize = 10;

/// Everything that a report is made of.
pub struct Observed<'a> {
    pub books: &'a Books,
    pub found: Findings,
    pub undone: Option<f64>,
    /// Usage when the load began.
    pub usage_before: UsagePoint,
    pub usage: Vec<UsagePoint>,
    /// From the first sample to the start of the load.
    pub offset: Duration,
    pub lives: Lives,
    pub bands: Vec<Band>,
    pub smtp_mistakes: Vec<String>,
    pub model_requests: Option<u64>,
    pub took: Duration,
    /// Whether the engine ended as asked.
    pub peaceful: bool,
    pub log_tail: String,
}

/// A threshold and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    pub threshold: String,
    /// None when nothing of the kind was measured.
    pub found: Option<f64>,
    pub met: bool,
}

/// A stretch of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseSpan {
    pub name: String,
    pub from_s: f64,
    pub to_s: f64,
}

/// The machine, without its name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Machine {
    pub cores: usize,
    /// Load average of a minute at the end of the run.
    pub load: f64,
}

/// Times that ended in one column of a plot, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Column {
    pub at_s: f64,
    pub count: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// Forms a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rates {
    pub at_s: f64,
    pub due: f64,
    pub acked: f64,
    pub answered: f64,
}

/// What the plots show.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plots {
    pub column_s: f64,
    pub times: BTreeMap<&'static str, Vec<Column>>,
    pub rates: Vec<Rates>,
    pub usage: Vec<UsagePoint>,
}

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub scenario: String,
    pub about: String,
    pub seed: u64,
    /// Every threshold was met.
    pub good: bool,
    pub seconds: f64,
    pub machine: Machine,
    pub thresholds: Vec<Judged>,
    pub figures: BTreeMap<String, f64>,
    pub times: BTreeMap<&'static str, Summary>,
    pub phases: Vec<PhaseSpan>,
    pub faults: Vec<Band>,
    pub lives: Lives,
    pub peaceful: bool,
    /// Of what went wrong.
    pub examples: Vec<String>,
    pub smtp_mistakes: Vec<String>,
    /// The end of the engine's log, when the run was bad.
    pub log_tail: Option<String>,
    pub plots: Plots,
}

impl Report {
    /// Sums up a run.
    pub fn new(scenario: &Scenario, observed: Observed<'_>) -> Self {
        let counts = observed.books.counts();
        let forms = observed.books.forms();
        let mut times = BTreeMap::new();
        let mut plots = Plots::default();
        let seconds = observed.took.as_secs_f64();
        plots.column_s = (seconds / COLUMNS).max(1.0).ceil();
        for metric in Metric::ALL {
            let series = observed.books.series(metric);
            if let Some(summary) = series.summary() {
                times.insert(metric.name(), summary);
                plots.times.insert(metric.name(), columns(&series.points, plots.column_s));
            }
        }
        plots.rates = rates(&forms, observed.books, plots.column_s, seconds);
        let offset = observed.offset.as_secs_f64();
        plots.usage = observed
            .usage
            .iter()
            .map(|point| UsagePoint { at_s: point.at_s - offset, ..*point })
            .filter(|point| point.at_s >= 0.0)
            .collect();
        thin(&mut plots.usage, COLUMNS as usize * 4);
        let figures = figures(&observed, &counts, &times);
        let thresholds: Vec<Judged> = scenario
            .thresholds
            .iter()
            .map(|threshold| {
                let found = figures.get(&threshold.figure).copied();
                let met = found.is_some_and(|found| threshold.is_met(found));
                Judged { threshold: threshold.to_string(), found, met }
            })
            .collect();
        let good = thresholds.iter().all(|judged| judged.met);
        let (cores, load) = machine();
        Self {
            scenario: scenario.name.clone(),
            about: scenario.about.clone(),
            seed: scenario.seed,
            good,
            seconds,
            machine: Machine { cores, load },
            thresholds,
            figures,
            times,
            phases: spans(scenario),
            faults: observed.bands,
            lives: observed.lives,
            peaceful: observed.peaceful,
            examples: observed.found.examples,
            smtp_mistakes: observed.smtp_mistakes.into_iter().take(MISTAKES).collect(),
            log_tail: (!good).then_some(observed.log_tail),
            plots,
        }
    }
}

fn figures(
    observed: &Observed<'_>,
    counts: &Counts,
    times: &BTreeMap<&'static str, Summary>,
) -> BTreeMap<String, f64> {
    let mut figures: BTreeMap<String, f64> = BTreeMap::new();
    for (name, value) in [
        ("sent", counts.sent),
        ("acked", counts.acked),
        ("answered", counts.answered),
        ("split", counts.split),
        ("invented", counts.invented),
        ("refused", counts.refused),
        ("overloaded", counts.overloaded),
        ("server_errors", counts.server_errors),
        ("skipped", counts.skipped),
        ("in_doubt", counts.in_doubt),
        ("chat_sessions", counts.chat_sessions),
        ("chat_messages", counts.chat_messages),
        ("chat_answered", counts.chat_answered),
        ("chat_failed", counts.chat_failed),
        ("chat_repeated_events", counts.chat_repeated_events),
        ("replies", counts.replies),
        ("member_failed", counts.member_failed),
        ("dashboard_events", counts.dashboard_events),
        ("dashboard_missed", counts.dashboard_missed),
        ("dashboard_repeated", counts.dashboard_repeated),
        ("dashboard_gaps", counts.dashboard_gaps),
        ("slow_cut", counts.slow_cut),
        ("died", observed.lives.died),
        ("smtp_mistakes", observed.smtp_mistakes.len() as u64),
        ("restarts", (observed.lives.starts_ms.len() as u64).saturating_sub(1)),
        (
            "faults_skipped",
            observed.bands.iter().filter(|band| band.skipped.is_some()).count() as u64,
        ),
    ] {
        figures.insert(name.to_owned(), value as f64);
    }
    for (name, value) in &observed.found.figures {
        figures.insert((*name).to_owned(), *value);
    }
    for (metric, summary) in times {
        for (suffix, value) in
            [("p50_ms", summary.p50_ms), ("p99_ms", summary.p99_ms), ("max_ms", summary.max_ms)]
        {
            figures.insert(format!("{metric}_{suffix}"), value);
        }
    }
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let get =
        |figures: &BTreeMap<String, f64>, name: &str| figures.get(name).copied().unwrap_or(0.0);
    figures.insert("acked_share".to_owned(), ratio(counts.acked as f64, counts.sent as f64));
    let template = get(&figures, "by_template");
    let answers = template + get(&figures, "by_model") + get(&figures, "by_member");
    figures.insert("template_share".to_owned(), ratio(template, answers));
    if let Some(requests) = observed.model_requests {
        figures.insert("model_requests".to_owned(), requests as f64);
    }
    if let Some(undone) = observed.undone {
        figures.insert("undone".to_owned(), undone);
    }
    if let Some(last) = observed.usage.last() {
        let engine = last.engine_cpu_s - observed.usage_before.engine_cpu_s;
        let postgres = last.postgres_cpu_s - observed.usage_before.postgres_cpu_s;
        figures.insert("engine_cpu_s".to_owned(), engine);
        figures.insert("postgres_cpu_s".to_owned(), postgres);
        if counts.acked > 0 {
            let a_lead = |seconds: f64| seconds * 1000.0 / counts.acked as f64;
            figures.insert("cpu_ms_per_lead".to_owned(), a_lead(engine));
            figures.insert("postgres_cpu_ms_per_lead".to_owned(), a_lead(postgres));
        }
        let most = |of: fn(&UsagePoint) -> f64| observed.usage.iter().map(of).fold(0.0, f64::max);
        figures.insert("rss_mib_max".to_owned(), most(|point| point.rss_mib));
        figures.insert("fds_max".to_owned(), most(|point| point.fds as f64));
        let end = observed.usage.iter().rev().find(|point| point.rss_mib > 0.0);
        figures.insert("rss_mib_end".to_owned(), end.map_or(0.0, |point| point.rss_mib));
    }
    let most = |list: &[f64]| list.iter().copied().fold(0.0, f64::max);
    let again = observed.lives.starts_ms.get(1..).unwrap_or_default();
    figures.insert("restart_ms_max".to_owned(), most(again));
    figures.insert("drain_ms_max".to_owned(), most(&observed.lives.drains_ms));
    debug_assert!(
        figures.keys().all(|name| {
            FIGURES.iter().any(|(known, _)| known == name) || name.ends_with("_ms")
        }),
        "a figure is not in the list"
    );
    figures
}

/// Percentiles column by column.
fn columns(points: &[Point], width: f64) -> Vec<Column> {
    let mut by_column: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for point in points {
        let column = (f64::from(point.at_ms) / 1000.0 / width) as u64;
        by_column.entry(column).or_default().push(point.micros);
    }
    by_column
        .into_iter()
        .map(|(column, mut times)| {
            times.sort_unstable();
            let at = |quantile: f64| {
                let place = ((times.len() as f64 * quantile).ceil() as usize).max(1) - 1;
                f64::from(times.get(place).copied().unwrap_or(0)) / 1000.0
            };
            Column {
                at_s: column as f64 * width,
                count: times.len() as u64,
                p50_ms: at(0.5),
                p99_ms: at(0.99),
                max_ms: at(1.0),
            }
        })
        .collect()
}

fn rates(forms: &[Form], books: &Books, width: f64, seconds: f64) -> Vec<Rates> {
    let count = (seconds / width).ceil() as usize + 1;
    let mut rates: Vec<Rates> = (0..count)
        .map(|column| Rates { at_s: column as f64 * width, ..Rates::default() })
        .collect();
    let mut add = |at: std::time::Instant, to: fn(&mut Rates) -> &mut f64| {
        let since = at.saturating_duration_since(books.start()).as_secs_f64();
        if let Some(rates) = rates.get_mut((since / width) as usize) {
            *to(rates) += 1.0 / width;
        }
    };
    for form in forms {
        add(form.due, |rates| &mut rates.due);
        if let Some(acked) = form.acked {
            add(acked, |rates| &mut rates.acked);
        }
        if let Some(letter) = form.letters.first() {
            add(*letter, |rates| &mut rates.answered);
        }
    }
    rates
}

/// Leaves about `most` points.
fn thin(points: &mut Vec<UsagePoint>, most: usize) {
    let step = points.len().div_ceil(most.max(1)).max(1);
    let mut number = 0;
    points.retain(|_| {
        number += 1;
        (number - 1) % step == 0
    });
}

fn spans(scenario: &Scenario) -> Vec<PhaseSpan> {
    let mut from_s = 0.0;
    let span = |phase: &crate::scenario::Phase| {
        let to_s = from_s + phase.lasts.as_secs_f64();
        let span = PhaseSpan { name: phase.name.clone(), from_s, to_s };
        from_s = to_s;
        span
    };
    scenario.phases.iter().map(span).collect()
}

/// A number as people read it.
pub fn number(value: f64) -> String {
    if value.fract().abs() < f64::EPSILON && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    match value.abs() {
        big if big >= 100.0 => format!("{value:.0}"),
        small if small >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}   seed {}   {:.0} s", self.scenario, self.seed, self.seconds)?;
        for judged in &self.thresholds {
            let found = judged.found.map_or_else(|| "nothing measured".to_owned(), number);
            let mark = if judged.met { "  ok  " } else { " FAIL " };
            writeln!(formatter, "{mark} {:<34} found {found}", judged.threshold)?;
        }
        for (metric, summary) in &self.times {
            writeln!(
                formatter,
                "       {metric:<14} p50 {}   p90 {}   p99 {}   max {} ms   ({})",
                number(summary.p50_ms),
                number(summary.p90_ms),
                number(summary.p99_ms),
                number(summary.max_ms),
                summary.count
            )?;
        }
        for band in self.faults.iter().filter(|band| band.skipped.is_some()) {
            let why = band.skipped.as_deref().unwrap_or_default();
            writeln!(formatter, " SKIP  {}: {why}", band.what)?;
        }
        for example in self.examples.iter().take(10) {
            writeln!(formatter, "       {example}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_times_that_ended_in_them() {
        let points: Vec<Point> =
            (0..100).map(|n| Point { at_ms: n * 40, micros: (n + 1) * 1000 }).collect();
        let columns = columns(&points, 2.0);
        assert_eq!(columns.len(), 2);
        assert_eq!(columns[0].count, 50);
        assert!((columns[0].p50_ms - 25.0).abs() < 0.01, "{columns:?}");
        assert!((columns[1].max_ms - 100.0).abs() < 0.01);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(0.0, "0"), (12.0, "12"), (3.25, "3.2"), (0.1234, "0.123"), (1234.5, "1234")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn usage_is_thinned_evenly() {
        let mut points: Vec<UsagePoint> =
            (0..1000).map(|n| UsagePoint { at_s: f64::from(n), ..UsagePoint::default() }).collect();
        thin(&mut points, 100);
        assert_eq!(points.len(), 100);
        assert!((points[1].at_s - 10.0).abs() < f64::EPSILON);
    }
}
