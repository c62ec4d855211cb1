//! An engine of our own: started in a folder of its own, measured, and stopped.
//!
//! Lives here: the child process. Its environment is ours but for what would lead it elsewhere:
//! databases, brokers and model keys of the caller are taken out, so that a benchmark touches nothing
//! that is real and calls nobody outside.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};
use serde::Deserialize;
use tempfile::TempDir;
use thiserror::Error;

use super::target::Target;

/// How long the engine may take to make its database and listen.
const START: Duration = Duration::from_mins(3);
/// How long it may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(30);
/// Lines of its log that are shown when it fails.
const TAIL: usize = 15;
/// What an engine must not inherit.
const FOREIGN: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "DATABASE_APP_URL",
    "DATABASE_JOBS_URL",
    "DATABASE_URL",
    "REDIS_URL",
];

/// Why there is no engine.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error("the engine cannot be started or watched")]
    Io(#[from] io::Error),
    #[error("the engine was not ready after {} s; the end of its log:\n{log}", START.as_secs())]
    Late { log: String },
    #[error("the engine ended before it was ready; the end of its log:\n{log}")]
    Ended { log: String },
    #[error("the engine says it is ready at no address of this machine")]
    Elsewhere,
    #[error("the engine's process cannot be measured")]
    Unmeasured,
}

/// What the engine has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// Most memory at once, in bytes.
    pub peak_rss: u64,
}

/// A running engine. It is stopped when this is dropped.
pub struct EngineProcess {
    process: Process,
    target: Target,
}

/// The child and its folder; dropping it stops the one and removes the other.
struct Process {
    child: Child,
    folder: TempDir,
}

#[derive(Deserialize)]
struct Ready {
    event: Option<String>,
    url: Option<String>,
}

impl EngineProcess {
    /// Starts `binary serve` on a free port in a temporary folder; `settings` are variables of its
    /// environment, and stronger than ours.
    pub fn start(binary: &Path, settings: &[(String, String)]) -> Result<Self, EngineError> {
        let folder = tempfile::Builder::new().prefix("forecourt-leads-").tempdir()?;
        // Started as root, the engine gives its Postgres to another user, who must get in here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let log = File::create(folder.path().join("engine.log"))?;
        let mut command = Command::new(binary);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("FORECOURT_LISTEN", "127.0.0.1:0")
            .env("FORECOURT_DATA_DIR", folder.path().join("data"))
            // One machine sends everything here: the limit per address is not what we measure.
            .env("FORECOURT_RATE_PER_MINUTE", "0")
            .envs(settings.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        let process = Process { child, folder };
        let target = process.wait_until_ready(output)?;
        Ok(Self { process, target })
    }

    /// Where it listens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage, EngineError> {
        let folder = Path::new("/proc").join(self.pid().to_string());
        let stat = fs::read_to_string(folder.join("stat"))?;
        let status = fs::read_to_string(folder.join("status"))?;
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        read_usage(&stat, &status, ticks as f64).ok_or(EngineError::Unmeasured)
    }

    /// Asks it to stop, and waits; says whether it went in peace.
    pub fn stop(mut self) -> bool {
        self.process.halt()
    }

    /// The end of the engine's log: it holds no personal data (A13).
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

impl Process {
    fn halt(&mut self) -> bool {
        if let Ok(Some(status)) = self.child.try_wait() {
            return status.success();
        }
        let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
        if let Ok(pid) = pid
            && kill(pid, Signal::SIGTERM).is_ok()
        {
            let end = Instant::now() + STOP;
            while Instant::now() < end {
                match self.child.try_wait() {
                    Ok(Some(status)) => return status.success(),
                    Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                    Err(_) => break,
                }
            }
        }
        // It does not listen to reason; both calls fail only if it is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
        false
    }

    fn wait_until_ready(&self, output: Option<ChildStdout>) -> Result<Target, EngineError> {
        let output = output.ok_or(EngineError::Unmeasured)?;
        let (told, hear) = mpsc::channel();
        std::thread::Builder::new().name("engine-output".to_owned()).spawn(move || {
            // Reads to the end, so that the engine never waits for a reader.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(Ready { event: Some(event), url: Some(url) }) =
                    serde_json::from_str(&line)
                    && event == "ready"
                {
                    // The engine may say it twice; only the first is waited for.
                    told.send(url).ok();
                }
            }
        })?;
        match hear.recv_timeout(START) {
            Ok(url) => url.parse().map_err(|_| EngineError::Elsewhere),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(EngineError::Late { log: self.log_tail() }),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(EngineError::Ended { log: self.log_tail() })
            }
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read(self.folder.path().join("engine.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Reads the process files: ticks 14 and 15 after the name, which may hold blanks and brackets.
fn read_usage(stat: &str, status: &str, ticks_per_second: f64) -> Option<Usage> {
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
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
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap();
        let usage = read_usage(&read("stat"), &read("status"), 100.0).unwrap();
        assert!(usage.peak_rss > 100_000, "{usage:?}");
    }
}
