//! What processes use, as the kernel counts it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

/// What the engine has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// Most memory at once, in bytes.
    pub peak_rss: u64,
}

/// A process at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    pub usage: Usage,
    /// Memory now, in bytes.
    pub rss: u64,
    /// Open files.
    pub fds: u64,
    pub threads: u64,
}

/// Reads a process; `None` if it is gone.
pub fn sample(pid: u32) -> Option<Sample> {
    let folder = Path::new("/proc").join(pid.to_string());
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let usage = read_usage(&stat, &status, ticks())?;
    let fds = fs::read_dir(folder.join("fd")).map_or(0, |list| list.count() as u64);
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some(Sample {
        usage,
        rss: number("VmRSS:")? * 1024,
        fds,
        threads: number("Threads:").unwrap_or(0),
    })
}

/// Processor time of a process and of everything it started, those that have ended included.
pub fn family_cpu(parent: u32) -> Option<Duration> {
    let own = cpu_of(parent, true)?;
    Some(own + children(parent).into_iter().filter_map(|pid| cpu_of(pid, false)).sum::<Duration>())
}

/// The processes that `parent` started itself.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    all.flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect()
}

/// Cores, and how many processes wanted one over the last minute.
pub fn machine() -> (usize, f64) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
    (cores, load.unwrap_or(0.0))
}

/// The cumulated time of a process that this reads from its files.
pub(super) fn usage_of(pid: u32) -> io::Result<Option<Usage>> {
    let folder = Path::new("/proc").join(pid.to_string());
    let stat = fs::read_to_string(folder.join("stat"))?;
    let status = fs::read_to_string(folder.join("status"))?;
    Ok(read_usage(&stat, &status, ticks()))
}

fn ticks() -> f64 {
    sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100) as f64
}

/// The fields after the name, which may hold blanks and brackets; the first is the state.
fn after_name(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    after_name(&stat)?.nth(1)?.parse().ok()
}

fn cpu_of(pid: u32, with_ended_children: bool) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<f64> = after_name(&stat)?.skip(11).take(4).flat_map(str::parse).collect();
    let counted = if with_ended_children { 4 } else { 2 };
    Some(Duration::from_secs_f64(fields.iter().take(counted).sum::<f64>().max(0.0) / ticks()))
}

/// Reads the process files: ticks 14 and 15.
fn read_usage(stat: &str, status: &str, ticks_per_second: f64) -> Option<Usage> {
    let mut fields = after_name(stat)?.skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Usage {
        cpu: Duration::from_secs_f64((user + system) / ticks_per_second),
        peak_rss: kibibytes * 1024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_past_a_name_with_brackets() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9 0 1 2 3";
        let status = "Name:\ta\nVmPeak:\t  900 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n";
        let usage = read_usage(stat, status, 100.0).unwrap();
        assert_eq!(usage, Usage { cpu: Duration::from_secs(2), peak_rss: 2 << 20 });
    }

    #[test]
    fn this_very_process_can_be_read() {
        let found = sample(std::process::id()).unwrap();
        assert!(found.usage.peak_rss > 100_000 && found.fds > 2 && found.threads > 0, "{found:?}");
        assert!(found.rss <= found.usage.peak_rss);
        assert!(family_cpu(std::process::id()).is_some());
        assert_eq!(sample(u32::MAX), None);
    }
}
