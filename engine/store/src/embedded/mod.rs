//! A private Postgres cluster in the data folder, for whoever gives no `DATABASE_URL`.
//!
//! [`Cluster::start`] finds installed binaries, initialises a cluster once, starts it on a unix
//! socket and a free loopback port, and keeps it running: a thread of its own spawns every server
//! process, watches it, and starts it again when it dies. The engine answers 503 meanwhile.
//!
//! Layout of the data folder: `owner.lock` (who uses it), `key` (where the roles' passwords come
//! from), `data/` (the cluster), `s/` (the socket), `pg_hba.conf` (who may log in).
//!
//! # Invariants
//! - one process at a time owns a data folder, by a lock on `owner.lock`; only under that lock is a
//!   running server an orphan that may be stopped;
//! - a server never outlives its engine: the kernel stops it when the watching thread is gone, and
//!   where the kernel cannot, the next start reaps it;
//! - without a password, the server answers only who can enter the socket's folder (mode 0700);
//! - `fsync` and `synchronous_commit` stay on (A1), except in throw-away test clusters;
//! - **A13** the server logs no statements, parameters or details.

mod binaries;
mod error;
mod folder;
mod init;
mod log;
mod process;
mod running;
mod supervisor;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::watch;

pub use binaries::BinarySearch;
pub use error::EmbeddedError;
pub use running::running;

use crate::{connect::ConnectOptions, roles::Access};

/// The database that a new cluster holds.
pub const DATABASE: &str = "forecourt";
/// The role that initialises a cluster. It owns nothing of ours and logs in over the socket only.
pub const SUPERUSER: &str = "postgres";

/// Where a cluster lives and how long things may take.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The data folder; made if it is not there.
    pub dir: PathBuf,
    pub search: BinarySearch,
    /// How long to wait for another process to let go of the folder: a restart overlaps a little.
    pub lock_wait: Duration,
    /// How long a server may take until it answers; recovery after a crash is part of it.
    pub start_timeout: Duration,
    /// How long a fast shutdown may take before an immediate one.
    pub stop_timeout: Duration,
    /// Server settings on top of ours, such as `("shared_buffers", "1GB")`.
    pub settings: Vec<(String, String)>,
    /// Throw-away: no write is flushed to disk. For tests alone; a power cut destroys the data.
    pub volatile: bool,
}

impl ClusterConfig {
    /// The usual limits. Binaries come from the folder `FORECOURT_PG_BIN` when that is set.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            search: BinarySearch::from_env(),
            lock_wait: Duration::from_secs(3),
            start_timeout: Duration::from_mins(2),
            stop_timeout: Duration::from_secs(10),
            settings: Vec::new(),
            volatile: false,
        }
    }
}

/// How the server is, from the point of view of its watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// It answers.
    Ready,
    /// It died and is being started, for the `attempt`th time since it last answered.
    Restarting { attempt: u32 },
    /// [`Cluster::stop`] was called, or the watcher is gone.
    Stopped,
}

/// What a start found and took.
#[derive(Clone, Debug)]
pub struct Started {
    /// Whether the cluster was initialised now.
    pub fresh: bool,
    /// Major version of the binaries.
    pub version: u32,
    pub took: Duration,
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
    pub(crate) access: Access,
}

/// A running private cluster. Dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    started: Started,
    state: watch::Receiver<ClusterState>,
    stop: mpsc::Sender<()>,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

impl Cluster {
    /// Starts the server and waits until it answers and its owner and database exist.
    ///
    /// Blocks, for 0.1 s or, the first time, about a second. May be called from any thread that
    /// may block: the thread that the server's life hangs on is made here.
    pub fn start(config: ClusterConfig) -> Result<Self, EmbeddedError> {
        let (stop, stopped) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let (state_tx, state) = watch::channel(ClusterState::Restarting { attempt: 0 });
        let watcher = std::thread::Builder::new()
            .name("forecourt-postgres".into())
            .spawn(move || supervisor::run(config, &tell, &stopped, &state_tx))
            .map_err(EmbeddedError::Thread)?;
        let started = told.recv().unwrap_or(Err(EmbeddedError::Gone));
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                // It has said its last word and is about to return.
                join(watcher);
                return Err(error);
            }
        };
        Ok(Self { started, state, stop, watcher: Mutex::new(Some(watcher)) })
    }

    /// The owner's, the application's and the jobs' ways in, over the socket.
    pub fn access(&self) -> &Access {
        &self.started.access
    }

    /// The owner over TCP on loopback, for operators: its [`ConnectOptions::url`] has the password.
    pub fn operator(&self) -> ConnectOptions {
        self.started.access.owner.on_loopback(self.started.port)
    }

    /// The cluster's superuser over the socket.
    pub fn superuser(&self) -> ConnectOptions {
        ConnectOptions::socket(&self.started.socket, self.started.port, SUPERUSER, "postgres")
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.started.port
    }

    /// The folder of the socket.
    pub fn socket(&self) -> &Path {
        &self.started.socket
    }

    pub fn started(&self) -> &Started {
        &self.started
    }

    /// Follows the server's state, for readiness and alarms.
    pub fn watch(&self) -> watch::Receiver<ClusterState> {
        self.state.clone()
    }

    /// Stops the server: fast, and after [`ClusterConfig::stop_timeout`] at once. Blocks until it
    /// is gone. A second call does nothing. Close the pools first: their clients are cut.
    pub fn stop(&self) {
        if self.stop.send(()).is_err() {
            tracing::debug!("the server's watcher is gone already");
        }
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watcher) = watcher {
            join(watcher);
        }
    }
}

fn join(watcher: JoinHandle<()>) {
    if watcher.join().is_err() {
        // The kernel has stopped the server with it.
        tracing::error!("the server's watcher panicked");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}
