//! What the engine and its Postgres use, over all their starts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::engine::usage::{family_cpu, sample};

/// Samples kept (A9).
const MAX_POINTS: usize = 100_000;

/// A moment of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct UsagePoint {
    pub at_s: f64,
    pub rss_mib: f64,
    pub fds: u64,
    pub threads: u64,
    /// Processor time so far, in seconds.
    pub engine_cpu_s: f64,
    pub postgres_cpu_s: f64,
}

#[derive(Default)]
struct Inner {
    /// Seconds by process id.
    engine: HashMap<u32, f64>,
    postgres: HashMap<u32, f64>,
    points: Vec<UsagePoint>,
}

/// Collects samples.
pub struct Meter {
    start: Instant,
    inner: Mutex<Inner>,
}

impl Meter {
    /// Nothing yet.
    pub fn new(start: Instant) -> Self {
        Self { start, inner: Mutex::default() }
    }

    /// When it began.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Looks at the processes. A process that is gone keeps what it had used.
    pub fn look(&self, engine: Option<u32>, postgres: Option<u32>) {
        let seen = engine.and_then(|pid| sample(pid).map(|sample| (pid, sample)));
        let family = postgres.and_then(|pid| family_cpu(pid).map(|cpu| (pid, cpu)));
        let mut inner = self.lock();
        let mut point =
            UsagePoint { at_s: self.start.elapsed().as_secs_f64(), ..UsagePoint::default() };
        if let Some((pid, sample)) = seen {
            inner.engine.insert(pid, sample.usage.cpu.as_secs_f64());
            point.rss_mib = sample.rss as f64 / f64::from(1 << 20);
            (point.fds, point.threads) = (sample.fds, sample.threads);
        }
        if let Some((pid, cpu)) = family {
            let known = inner.postgres.entry(pid).or_default();
            // A server process that was killed takes its time with it.
            *known = known.max(cpu.as_secs_f64());
        }
        point.engine_cpu_s = inner.engine.values().sum();
        point.postgres_cpu_s = inner.postgres.values().sum();
        if inner.points.len() < MAX_POINTS {
            inner.points.push(point);
        }
    }

    /// All samples.
    pub fn points(&self) -> Vec<UsagePoint> {
        self.lock().points.clone()
    }

    /// The newest sample.
    pub fn last(&self) -> UsagePoint {
        self.lock().points.last().copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_gone_keeps_its_time() {
        let meter = Meter::new(Instant::now());
        meter.look(Some(std::process::id()), Some(std::process::id()));
        let alive = meter.last();
        assert!(alive.rss_mib > 0.0 && alive.fds > 0);
        meter.look(None, None);
        let gone = meter.last();
        assert!(gone.rss_mib.abs() < f64::EPSILON);
        assert!(gone.engine_cpu_s >= alive.engine_cpu_s);
        assert_eq!(meter.points().len(), 2);
    }
}
