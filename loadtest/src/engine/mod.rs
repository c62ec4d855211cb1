//! An engine of our own: started in a folder of its own, measured, killed, started again, stopped.
//!
//! Lives here: the child process. Its environment is ours but for what would lead it elsewhere:
//! databases, brokers and model keys of the caller are taken out, so that a benchmark touches nothing
//! that is real and calls nobody outside. Started again it listens on the same port over the same data.

pub mod usage;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tempfile::TempDir;
use thiserror::Error;

pub use self::usage::{Sample, Usage};
use crate::leads::target::Target;

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
    "GEMINI_API_KEY",
    "OPENAI_API_KEY",
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

/// Where engines of one run live: the binary, its settings, its data, its port.
#[derive(Debug)]
pub struct Home {
    binary: PathBuf,
    settings: Vec<(String, String)>,
    folder: TempDir,
    data: PathBuf,
    /// The port of the first start; 0 before it.
    port: u16,
}

impl Home {
    /// A home in a temporary folder; `settings` are variables of the environment, and stronger than ours.
    pub fn new(binary: &Path, settings: &[(String, String)]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forecourt-load-").tempdir()?;
        // Started as root, the engine gives its Postgres to another user, who must get in here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("data");
        let (binary, settings) = (binary.to_owned(), settings.to_vec());
        Ok(Self { binary, settings, folder, data, port: 0 })
    }

    /// Puts the data elsewhere, such as on a small disk.
    #[must_use]
    pub fn with_data(mut self, data: PathBuf) -> Self {
        self.data = data;
        self
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A variable of the next start; the last one given counts.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable away from the next start.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// Starts the engine and waits until it is ready. Blocks.
    pub fn start(&mut self) -> Result<Running, EngineError> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let child = self.command(log).spawn()?;
        let mut running = Running { child, target: None };
        let output = running.child.stdout.take();
        let target = self.wait_until_ready(output)?;
        self.port = target.port();
        running.target = Some(target);
        Ok(running)
    }

    fn command(&self, log: File) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("FORECOURT_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("FORECOURT_DATA_DIR", &self.data)
            // One machine sends everything here: the limit per address is not what we measure.
            .env("FORECOURT_RATE_PER_MINUTE", "0")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
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

    /// The log of all starts.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("engine.log")
    }

    /// The end of the engine's log: it holds no personal data (A13).
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n")
    }

    /// The process id of the Postgres in the data folder.
    pub fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data.join("data/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

/// A running engine. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Ready {
    event: Option<String>,
    url: Option<String>,
}

impl Running {
    /// Where it listens.
    pub fn target(&self) -> Result<&Target, EngineError> {
        self.target.as_ref().ok_or(EngineError::Elsewhere)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), signal).map_err(io::Error::from)
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Ends it as a crash does, and waits for its end.
    pub fn crash(mut self) {
        // Both fail only if it is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Asks it to stop, and waits; says whether it went in peace.
    pub fn stop(mut self) -> bool {
        self.halt()
    }

    fn halt(&mut self) -> bool {
        if let Ok(Some(status)) = self.child.try_wait() {
            return status.success();
        }
        // A process that was paused would never hear of it.
        self.signal(Signal::SIGCONT).ok();
        if self.signal(Signal::SIGTERM).is_ok() {
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
}

impl Drop for Running {
    fn drop(&mut self) {
        self.halt();
    }
}

/// A home and the one engine that was started in it.
pub struct EngineProcess {
    running: Running,
    home: Home,
    target: Target,
}

impl EngineProcess {
    /// Starts `binary serve` on a free port in a temporary folder; `settings` are variables of its
    /// environment, and stronger than ours.
    pub fn start(binary: &Path, settings: &[(String, String)]) -> Result<Self, EngineError> {
        let mut home = Home::new(binary, settings)?;
        let running = home.start()?;
        let target = running.target()?.clone();
        Ok(Self { running, home, target })
    }

    /// Where it listens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage, EngineError> {
        usage::usage_of(self.pid())?.ok_or(EngineError::Unmeasured)
    }

    /// Asks it to stop, and waits; says whether it went in peace.
    pub fn stop(self) -> bool {
        self.running.stop()
    }

    /// The end of the engine's log: it holds no personal data (A13).
    pub fn log_tail(&self) -> String {
        self.home.log_tail()
    }
}
