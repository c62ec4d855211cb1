//! Processes of the server: as whom they run, how they start, how they end, how orphans are found.
//!
//! # Invariants
//! - only the watching thread spawns: the kernel's parent-death signal hangs on that *thread*;
//! - [`reap`] runs only under the folder's lock, see [`super::folder`].

use std::{
    env, fs, io,
    os::unix::{
        fs::{MetadataExt, lchown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};

use super::{folder::reachable, log::Tail};

/// How often a process is asked whether it is ready or gone.
const POLL: Duration = Duration::from_millis(5);
/// How long an immediate shutdown may take before the process is killed.
const IMMEDIATE: Duration = Duration::from_secs(5);

/// As whom the server runs; it refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunAs {
    /// Whoever we are.
    Current,
    /// We are root and become somebody who can reach the data folder.
    User { uid: u32, gid: u32 },
    /// We are root, and only root can reach the data folder: stay root on disk, but be somebody
    /// else inside a user namespace.
    #[cfg(target_os = "linux")]
    Namespace,
}

impl RunAs {
    /// `None`: we are root, and nobody else can reach `dir`.
    pub(super) fn choose(dir: &Path) -> Option<Self> {
        if !geteuid().is_root() {
            return Some(Self::Current);
        }
        if reachable(dir) {
            for name in ["postgres", "nobody"] {
                if let Ok(Some(user)) = User::from_name(name)
                    && !user.uid.is_root()
                {
                    return Some(Self::User { uid: user.uid.as_raw(), gid: user.gid.as_raw() });
                }
            }
        }
        #[cfg(target_os = "linux")]
        return Path::new("/proc/self/ns/user").exists().then_some(Self::Namespace);
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// User and group that own the server's files.
    pub(super) fn owner(&self) -> (u32, u32) {
        match *self {
            Self::Current => (geteuid().as_raw(), nix::unistd::getegid().as_raw()),
            Self::User { uid, gid } => (uid, gid),
            #[cfg(target_os = "linux")]
            Self::Namespace => (0, 0),
        }
    }

    /// Gives `path` to the server's user.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        let (uid, gid) = self.owner();
        if fs::symlink_metadata(path)?.uid() == uid {
            Ok(())
        } else {
            lchown(path, Some(uid), Some(gid))
        }
    }

    /// Gives `path` and all below it to the server's user: it ran as another one before.
    pub(super) fn own_all(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path)?.is_dir() {
            for entry in fs::read_dir(path)? {
                self.own_all(&entry?.path())?;
            }
        }
        self.own(path)
    }
}

/// A program of the installation, run as `who`, with nothing of our environment: that may hold
/// secrets, and `PG*` variables would change what the program does.
pub(super) fn program(bin: &Path, name: &str, who: RunAs, on_parent_death: Signal) -> Command {
    let mut command = Command::new(bin.join(name));
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir("/").stdin(Stdio::null());
    for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Some(value) = env::var_os(kept) {
            command.env(kept, value);
        }
    }
    if let RunAs::User { uid, gid } = who {
        // The standard library drops the supplementary groups too, before the hook below.
        command.uid(uid).gid(gid);
    }
    #[cfg(target_os = "linux")]
    before_exec(&mut command, who == RunAs::Namespace, on_parent_death);
    #[cfg(not(target_os = "linux"))]
    let _ = on_parent_death;
    command
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the hook between fork and exec has no safe form")]
fn before_exec(command: &mut Command, namespace: bool, on_parent_death: Signal) {
    use nix::{
        errno::Errno,
        fcntl::{OFlag, open},
        sched::{CloneFlags, unshare},
        sys::{prctl::set_pdeathsig, stat::Mode},
        unistd::{getpid, getppid, write},
    };

    let parent = getpid();
    let put = |path: &std::ffi::CStr, text: &[u8]| -> Result<(), Errno> {
        let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        write(file, text).map(drop)
    };
    let hook = move || {
        if namespace {
            unshare(CloneFlags::CLONE_NEWUSER)?;
            put(c"/proc/self/setgroups", b"deny")?;
            put(c"/proc/self/uid_map", b"1000 0 1")?;
            put(c"/proc/self/gid_map", b"1000 0 1")?;
        }
        // After the change of user, which would clear it.
        set_pdeathsig(on_parent_death)?;
        // It died between fork and here: the signal has nobody to come from.
        if getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The hook makes system
    // calls through thin wrappers, on constant C strings and plain numbers; it neither allocates
    // nor locks, and an `io::Error` from an `Errno` does not allocate either.
    unsafe { command.pre_exec(hook) };
}

/// A running `postgres`.
pub(super) struct Server {
    child: Child,
    tail: Tail,
}

/// Why a server did not become ready.
pub(super) enum NotReady {
    Exited(ExitStatus, String),
    TooLate(String),
    /// The engine is stopping.
    Cancelled,
}

impl Server {
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C reaches the engine alone, which stops the server after its own drain.
            .process_group(0)
            .spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let tail = Tail::drain(stderr)?;
        Ok(Self { child, tail })
    }

    /// Waits until line 8 of `postmaster.pid` says `ready`, which is what `pg_ctl` polls too.
    pub(super) fn wait_ready(
        &mut self,
        data: &Path,
        limit: Duration,
        cancelled: impl Fn(Duration) -> bool,
    ) -> Result<(), NotReady> {
        let start = Instant::now();
        let first = format!("{}\n", self.child.id());
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                // Its last words may still be in the pipe.
                sleep(Duration::from_millis(20));
                return Err(NotReady::Exited(status, self.tail.text()));
            }
            let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let ready = text.lines().nth(7).is_some_and(|line| line.trim() == "ready");
            if ready && text.starts_with(&first) {
                return Ok(());
            }
            if start.elapsed() > limit {
                return Err(NotReady::TooLate(self.tail.text()));
            }
            if cancelled(POLL) {
                return Err(NotReady::Cancelled);
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The status with which it ended, if it has.
    pub(super) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Fast shutdown; after `fast`, immediate; after five more seconds, kill. Waits for the end.
    pub(super) fn stop(mut self, fast: Duration) {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        let steps =
            [(Signal::SIGINT, fast), (Signal::SIGQUIT, IMMEDIATE), (Signal::SIGKILL, IMMEDIATE)];
        for (signal, patience) in steps {
            if self.exited().is_some() {
                return;
            }
            // It cannot be another process: nobody else waits for this child.
            if send(pid, signal).is_err() || wait(patience, || self.exited().is_some()) {
                return;
            }
            tracing::warn!(%signal, "postgres does not stop");
        }
    }
}

/// Ends what an engine that was killed left behind in `data`, and removes the files by which a
/// dead server would keep a new one out.
pub(super) fn reap(data: &Path, socket: &Path) {
    let file = data.join("postmaster.pid");
    let postmaster = fs::read_to_string(&file)
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok())
        .map(Pid::from_raw);
    if let Some(pid) = postmaster.filter(|pid| servers(data, postmaster).contains(pid)) {
        tracing::warn!(pid = pid.as_raw(), "stopping the server of an engine that was killed");
        // Not our child: its number may be given to another process once it is gone, so look
        // before each signal.
        for (signal, patience) in [(Signal::SIGINT, 10), (Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)]
        {
            if !servers(data, postmaster).contains(&pid) || send(pid, signal).is_err() {
                break;
            }
            if wait(Duration::from_secs(patience), || !servers(data, postmaster).contains(&pid)) {
                break;
            }
        }
    }
    // Without their postmaster the others end by themselves, at once unless they are stuck.
    for signal in [Signal::SIGQUIT, Signal::SIGKILL] {
        if wait(IMMEDIATE, || servers(data, postmaster).is_empty()) {
            break;
        }
        for pid in servers(data, postmaster) {
            if let Err(error) = send(pid, signal) {
                tracing::debug!(%error, pid = pid.as_raw(), "it has just ended by itself");
            }
        }
    }
    if servers(data, postmaster).is_empty() {
        // Postgres itself keeps a pid file whose number now belongs to any other process.
        remove(&file);
        for entry in fs::read_dir(socket).into_iter().flatten().filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
                remove(&entry.path());
            }
        }
    }
}

/// Living server processes in `data`: all of them have it as their working directory.
#[cfg(target_os = "linux")]
fn servers(data: &Path, _: Option<Pid>) -> Vec<Pid> {
    let is_server = |process: &Path| {
        fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == data)
            // Somebody's shell may be in there too.
            && fs::read_to_string(process.join("comm")).is_ok_and(|comm| comm.trim() == "postgres")
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let process: PathBuf = entry.ok()?.path();
            let pid = process.file_name()?.to_str()?.parse().ok()?;
            is_server(&process).then_some(Pid::from_raw(pid))
        })
        .collect()
}

/// The process that wrote the pid file, if it is a living server.
#[cfg(not(target_os = "linux"))]
fn servers(_: &Path, postmaster: Option<Pid>) -> Vec<Pid> {
    let is_server = |pid: &Pid| {
        Command::new("ps")
            .args(["-o", "comm=", "-p", &pid.to_string()])
            .output()
            .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).trim().ends_with("postgres"))
    };
    postmaster.into_iter().filter(is_server).collect()
}

/// Signals a process and wakes it up, should somebody have stopped it.
fn send(pid: Pid, signal: Signal) -> nix::Result<()> {
    kill(pid, signal)?;
    kill(pid, Signal::SIGCONT)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "cannot remove what a dead server left behind");
    }
}

/// Waits until `done`, at most for `patience`; says whether it was done.
fn wait(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > patience {
            return false;
        }
        sleep(POLL);
    }
    true
}
