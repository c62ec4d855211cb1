//! Measured times: all of them in a histogram, and each with its moment for the plots.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest time that is told apart, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;
/// Points kept for the plots (A9); the histogram goes on counting.
const MAX_POINTS: usize = 1_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Form due to 200.
    Ack,
    /// 200 to the acceptance of the answer.
    Answered,
    /// Chat message sent to 202.
    ChatAck,
    /// Chat message sent to the first words.
    FirstToken,
    /// Chat message sent to the whole answer.
    ChatAnswered,
    /// Stored event to dashboard.
    Fanout,
}

impl Metric {
    pub const ALL: [Self; 6] = [
        Self::Ack,
        Self::Answered,
        Self::ChatAck,
        Self::FirstToken,
        Self::ChatAnswered,
        Self::Fanout,
    ];

    /// The beginning of its figures' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Answered => "answered",
            Self::ChatAck => "chat_ack",
            Self::FirstToken => "first_token",
            Self::ChatAnswered => "chat_answered",
            Self::Fanout => "fanout",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ack => "form due → acknowledged",
            Self::Answered => "form acknowledged → answer accepted by the mail provider",
            Self::ChatAck => "chat message sent → acknowledged",
            Self::FirstToken => "chat message sent → first words",
            Self::ChatAnswered => "chat message sent → whole answer",
            Self::Fanout => "event stored → on a dashboard",
        }
    }
}

/// A measured time and when it ended, in milliseconds from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub at_ms: u32,
    pub micros: u32,
}

/// All times of one metric.
#[derive(Debug, Clone)]
pub struct Series {
    histogram: Option<Histogram<u64>>,
    pub points: Vec<Point>,
}

impl Default for Series {
    fn default() -> Self {
        // The bounds are constants that fit; a histogram that did not would be an empty one.
        Self { histogram: Histogram::new_with_bounds(1, LONGEST, 3).ok(), points: Vec::new() }
    }
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub count: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Series {
    /// Adds a time that ended at `at` after the start.
    pub fn add(&mut self, at: Duration, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST).clamp(1, LONGEST);
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(micros);
        }
        if self.points.len() < MAX_POINTS {
            let at_ms = u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
            let micros = u32::try_from(micros).unwrap_or(u32::MAX);
            self.points.push(Point { at_ms, micros });
        }
    }

    /// `None` without times.
    pub fn summary(&self) -> Option<Summary> {
        let histogram = self.histogram.as_ref().filter(|histogram| !histogram.is_empty())?;
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Some(Summary {
            count: histogram.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: histogram.max() as f64 / 1000.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_tells_the_quantiles() {
        let mut series = Series::default();
        assert_eq!(series.summary(), None);
        for ms in 1..=1000 {
            series.add(Duration::from_secs(1), Duration::from_millis(ms));
        }
        let summary = series.summary().unwrap();
        assert!((summary.p50_ms - 500.0).abs() < 1.0, "{summary:?}");
        assert!((summary.p99_ms - 990.0).abs() < 1.0, "{summary:?}");
        assert_eq!(summary.count, 1000);
        assert_eq!(series.points[0], Point { at_ms: 1000, micros: 1000 });
    }
}
