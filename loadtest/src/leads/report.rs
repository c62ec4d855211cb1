//! What a run came to: counts, latencies, costs; as a table for people and as JSON for programs.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::LeadsConfig;
use super::ledger::{Counts, Ledger};
use crate::engine::Usage;

/// Numbers of leads that are listed as examples.
const EXAMPLES: usize = 20;
/// The longest time that is told exactly, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// The result of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub seed: u64,
    pub tag: String,
    pub target: String,
    pub tenant: String,
    /// Leads a second that were asked for.
    pub rate: f64,
    /// From the first lead to the end of the wait.
    pub seconds: f64,
    #[serde(flatten)]
    pub counts: Counts,
    /// Acknowledged and never answered.
    pub lost: u64,
    /// Numbers of some of the lost and of some of the doubly answered.
    pub lost_examples: Vec<u64>,
    pub duplicated_examples: Vec<u64>,
    /// From when a lead was due to its 200.
    pub commit: Option<Latency>,
    /// From when a lead was due to the acceptance of its answer by the provider.
    pub acceptance: Option<Latency>,
    /// What the engine used, if it is ours.
    pub engine: Option<Cost>,
    /// Replies by which the mail provider told the engine of a mistake.
    pub smtp_mistakes: usize,
}

/// Milliseconds at which parts of the leads were done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// What the engine used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    pub cpu_seconds: f64,
    /// Processor time of one captured lead.
    pub cpu_ms_per_lead: f64,
    pub peak_rss_mib: f64,
}

impl Report {
    /// Sums up the books.
    pub fn new(
        config: &LeadsConfig,
        ledger: &Ledger,
        took: Duration,
        usage: Option<Usage>,
        smtp_mistakes: usize,
    ) -> Self {
        let counts = ledger.counts();
        Self {
            seed: config.seed,
            tag: config.tag.clone(),
            target: config.target.to_string(),
            tenant: config.tenant.clone(),
            rate: config.rate,
            seconds: took.as_secs_f64(),
            counts,
            lost: counts.unanswered(),
            lost_examples: ledger.lost(EXAMPLES),
            duplicated_examples: ledger.duplicated(EXAMPLES),
            commit: Latency::of(&ledger.commit_times()),
            acceptance: Latency::of(&ledger.acceptance_times()),
            engine: usage.map(|usage| Cost {
                cpu_seconds: usage.cpu.as_secs_f64(),
                cpu_ms_per_lead: usage.cpu.as_secs_f64() * 1000.0 / counts.captured.max(1) as f64,
                peak_rss_mib: usage.peak_rss as f64 / f64::from(1 << 20),
            }),
            smtp_mistakes,
        }
    }

    /// Whether the promise was kept: something was captured, nothing lost, nothing said twice.
    pub fn is_good(&self) -> bool {
        self.counts.captured > 0 && self.lost == 0 && self.counts.duplicated == 0
    }
}

impl Latency {
    /// `None` without times.
    fn of(times: &[Duration]) -> Option<Self> {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, LONGEST, 3).ok()?;
        for time in times {
            let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST);
            histogram.saturating_record(micros.max(1));
        }
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!times.is_empty()).then(|| Self {
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: histogram.max() as f64 / 1000.0,
        })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "p50 {:.1}   p95 {:.1}   p99 {:.1}   max {:.1} ms",
            self.p50_ms, self.p95_ms, self.p99_ms, self.max_ms
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(formatter, "  {name:<14} {value}");
        let counts = &self.counts;
        row("seed", format!("{}   tag {}", self.seed, self.tag))?;
        row("sent", format!("{} at {}/s in {:.1} s", counts.sent, self.rate, self.seconds))?;
        row("captured", counts.captured.to_string())?;
        row("answered", counts.answered.to_string())?;
        row("lost", with_examples(self.lost, &self.lost_examples))?;
        row("duplicated", with_examples(counts.duplicated, &self.duplicated_examples))?;
        for (name, count, why) in [
            (
                "resent",
                counts.resent,
                "of the duplicated: one mail, sent again under one Message-ID",
            ),
            ("refused", counts.refused, "by the engine"),
            ("overloaded", counts.overloaded, "of the refused: 429 or 503"),
            ("in doubt", counts.in_doubt, "neither acknowledged nor refused"),
            ("unreachable", counts.unreachable, "all connections were refused"),
            ("skipped", counts.skipped, "due while every place in flight was taken"),
            ("not new", counts.not_new, "joined to an older lead"),
            ("unasked", counts.unasked, "a mail, but no acknowledgement"),
            ("retries", counts.retries, "same content, the connection was refused or broke"),
            ("smtp mistakes", self.smtp_mistakes as u64, "the engine broke the mail protocol"),
        ] {
            if count > 0 {
                row(name, format!("{count}   ({why})"))?;
            }
        }
        if let Some(commit) = self.commit {
            row("to commit", commit.to_string())?;
        }
        if let Some(acceptance) = self.acceptance {
            row("to acceptance", acceptance.to_string())?;
        }
        if let Some(cost) = self.engine {
            row(
                "engine",
                format!(
                    "{:.2} s CPU   {:.3} ms a lead   {:.1} MiB at most",
                    cost.cpu_seconds, cost.cpu_ms_per_lead, cost.peak_rss_mib
                ),
            )?;
        }
        Ok(())
    }
}

fn with_examples(count: u64, examples: &[u64]) -> String {
    if examples.is_empty() {
        return count.to_string();
    }
    let list: Vec<String> = examples.iter().map(ToString::to_string).collect();
    format!("{count}   (numbers {})", list.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_times() {
        let times: Vec<Duration> = (1..=1000).map(Duration::from_millis).collect();
        let latency = Latency::of(&times).unwrap();
        assert!((latency.p50_ms - 500.0).abs() < 1.0, "{latency}");
        assert!((latency.p99_ms - 990.0).abs() < 1.0, "{latency}");
        assert!((latency.max_ms - 1000.0).abs() < 1.0, "{latency}");
        assert_eq!(Latency::of(&[]), None);
    }
}
