//! Which processors the load client runs on: servers get others, so that neither takes from the other.

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use thiserror::Error;

/// Why it stays where it is.
#[derive(Debug, Error)]
pub enum AffinityError {
    #[error("`{0}` is no list of processors like 0,1 or 2-3")]
    Unreadable(String),
    #[error("the system refuses it")]
    Refused(#[from] nix::Error),
}

/// Keeps this thread, and those it starts, on `cpus`, as `taskset -c` writes them.
pub fn pin(cpus: &str) -> Result<(), AffinityError> {
    let mut set = CpuSet::new();
    for cpu in read(cpus).ok_or_else(|| AffinityError::Unreadable(cpus.to_owned()))? {
        set.set(cpu)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

fn read(cpus: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in cpus.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        all.extend(first..=last);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read() {
        assert_eq!(read("0,2-3").unwrap(), [0, 2, 3]);
        assert!(read("").is_none() && read("a").is_none());
    }
}
