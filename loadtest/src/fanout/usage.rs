//! What a server uses: processor time and memory of a process and everything below it.
//!
//! Lives here: reading `/proc`. A server may be many processes (a master and workers, an engine and its
//! Postgres); they are told apart by name, because the bars speak of the engine without its database.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};
use serde::Serialize;

/// Processor time and memory, the database apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Everything but Postgres, in seconds of user and system time.
    pub engine_s: f64,
    /// Postgres alone.
    pub database_s: f64,
    /// Proportional set size of everything but Postgres, in bytes.
    pub engine_bytes: u64,
}

impl Usage {
    /// What `pid` and its descendants have used so far; what is gone meanwhile counts with its parent.
    pub fn of(pid: u32) -> Self {
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100) as f64;
        let processes = processes();
        let mut sum = Self::default();
        let mut wanted = vec![pid];
        while let Some(pid) = wanted.pop() {
            wanted.extend(processes.iter().filter(|(_, p)| p.parent == pid).map(|(id, _)| *id));
            let Some(process) = processes.get(&pid) else { continue };
            let seconds = process.ticks as f64 / ticks;
            if process.name.starts_with("postgres") {
                sum.database_s += seconds;
            } else {
                sum.engine_s += seconds;
                sum.engine_bytes += proportional(pid);
            }
        }
        sum
    }

    /// The processor time of both since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            engine_s: self.engine_s - before.engine_s,
            database_s: self.database_s - before.database_s,
            engine_bytes: self.engine_bytes,
        }
    }

    /// Both together.
    pub fn cpu(self) -> Duration {
        Duration::from_secs_f64((self.engine_s + self.database_s).max(0.0))
    }
}

struct Process {
    name: String,
    parent: u32,
    /// Its own, and those of its children that ended.
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, read(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
        })
        .collect()
}

/// Reads the line of `/proc/PID/stat`; the name may hold blanks and brackets.
fn read(stat: &str) -> Option<Process> {
    let (before, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Some(Process {
        name: before.split_once('(')?.1.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        ticks,
    })
}

fn proportional(pid: u32) -> u64 {
    let path = Path::new("/proc").join(pid.to_string()).join("smaps_rollup");
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_the_time_of_ended_children_are_read() {
        let process = read("42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9").unwrap();
        assert_eq!((process.name.as_str(), process.parent, process.ticks), ("a) b", 7, 215));
    }

    #[test]
    fn this_very_process_has_memory() {
        assert!(Usage::of(std::process::id()).engine_bytes > 100_000);
    }
}
