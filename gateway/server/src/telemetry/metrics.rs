//! The recorder behind `/metrics`, and what is measured when somebody looks.

use std::fs;

use forecourt_store::{PgStore, PoolStatus};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::catalogue;

/// Buckets in seconds, from a fast commit to a slow request.
const SECONDS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0];
/// Buckets around the rungs of the promise: 30, 55, 60, 75 and 90 seconds.
const PROMISE: [f64; 17] = [
    0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 55.0, 60.0, 75.0, 90.0, 120.0, 300.0,
    900.0,
];
const COUNTS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 256.0];
/// Linux counts CPU time for programs in hundredths of a second, whatever the kernel's own clock.
const TICKS_PER_SECOND: f64 = 100.0;

/// Installs the recorder; the handle renders what /metrics answers.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("forecourt_answered_seconds".into()), &PROMISE)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_appends".into()), &COUNTS)?
        .set_buckets_for_metric(Matcher::Suffix("_together".into()), &COUNTS)?
        .install_recorder()?;
    catalogue::announce();
    metrics::gauge!("forecourt_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Reads what is not counted as it happens: the process, and the connections to Postgres.
pub(crate) fn look(store: &PgStore) {
    for (pool, status) in store.pools() {
        let PoolStatus { max, open, idle, waiting } = status;
        for (state, count) in [("most", max), ("open", open), ("idle", idle)] {
            metrics::gauge!("forecourt_store_connections", "pool" => pool, "state" => state)
                .set(count as f64);
        }
        metrics::gauge!("forecourt_store_waiting", "pool" => pool).set(waiting as f64);
    }
    // Elsewhere than on Linux these files are not there, and the numbers are left out.
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse)
    {
        metrics::gauge!("process_cpu_seconds_total").set(stat.cpu_ticks / TICKS_PER_SECOND);
        metrics::gauge!("process_threads").set(stat.threads);
        let boot = fs::read_to_string("/proc/stat").ok();
        let boot = boot.as_deref().and_then(|text| number(text, "btime "));
        if let Some(boot) = boot {
            metrics::gauge!("process_start_time_seconds")
                .set(boot + stat.started_ticks / TICKS_PER_SECOND);
        }
    }
    let status = fs::read_to_string("/proc/self/status").ok();
    if let Some(kilobytes) = status.as_deref().and_then(|text| number(text, "VmRSS:")) {
        metrics::gauge!("process_resident_memory_bytes").set(kilobytes * 1024.0);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
    let limits = fs::read_to_string("/proc/self/limits").ok();
    if let Some(most) = limits.as_deref().and_then(|text| number(text, "Max open files")) {
        metrics::gauge!("process_max_fds").set(most);
    }
}

/// What is read of `/proc/self/stat`.
struct Stat {
    cpu_ticks: f64,
    threads: f64,
    started_ticks: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The program's name stands in brackets and may hold anything; fields are counted after it.
        let fields: Vec<f64> = text
            .rsplit_once(')')?
            .1
            .split_ascii_whitespace()
            .map(|field| field.parse().unwrap_or(f64::NAN))
            .collect();
        let field = |n: usize| fields.get(n - 3).copied().filter(|value| value.is_finite());
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            started_ticks: field(22)?,
        })
    }
}

/// The number after a word at the start of a line.
fn number(text: &str, word: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_read_whatever_its_name_is() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 12345 1 2";
        let stat = Stat::parse(stat).unwrap();
        assert_eq!((stat.cpu_ticks, stat.threads, stat.started_ticks), (300.0, 9.0, 12345.0));
        assert!(Stat::parse("7 (cut").is_none() && Stat::parse("7 (cut) S 1").is_none());
    }

    #[test]
    fn a_number_is_found_after_its_word() {
        assert_eq!(number("x 1\nVmRSS:\t  2048 kB\n", "VmRSS:"), Some(2048.0));
        assert_eq!(
            number("Max open files            1024   4096  files", "Max open files"),
            Some(1024.0)
        );
        assert_eq!(number("VmRSS: lots", "VmRSS:"), None);
    }
}
