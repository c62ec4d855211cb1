//! The thread that a server's life hangs on: it spawns every server process, notices when one is
//! gone, starts the next, and stops the last.
//!
//! # Invariants
//! - the thread lives as long as the cluster: were it to end, the kernel would stop the server;
//! - restarts keep socket and port, so that the pools' addresses stay right;
//! - **A9** restarts back off from 0.1 s to 5 s.

use std::{
    cell::Cell,
    ffi::OsString,
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::Command,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use super::{
    ClusterConfig, ClusterState, DATABASE, EmbeddedError, SUPERUSER, Started,
    binaries::{self, Binaries},
    folder::Folder,
    init,
    process::{NotReady, RunAs, Server, program, reap},
};
use crate::{
    connect::ConnectOptions,
    roles::{Access, OWNER, derived_password},
};

/// How often the server is asked whether it is still there.
const WATCH: Duration = Duration::from_millis(100);
/// How often the first start is tried in all: another program may take the port in between.
const START_ATTEMPTS: u32 = 5;
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// The body of the watching thread. Says on `tell`, once, what came of the start.
pub(super) fn run(
    config: ClusterConfig,
    tell: &Sender<Result<Started, EmbeddedError>>,
    stop: &Receiver<()>,
    state: &watch::Sender<ClusterState>,
) {
    let stop = Stop { requests: stop, requested: Cell::new(false) };
    let (supervisor, server, started) = match Supervisor::start(config, &stop) {
        Ok(started) => started,
        Err(error) => {
            state.send_replace(ClusterState::Stopped);
            if tell.send(Err(error)).is_err() {
                tracing::debug!("nobody waits for the start any more");
            }
            return;
        }
    };
    tracing::info!(
        version = started.version,
        fresh = started.fresh,
        port = started.port,
        took_ms = started.took.as_millis() as u64,
        "private PostgreSQL is ready"
    );
    state.send_replace(ClusterState::Ready);
    if tell.send(Ok(started)).is_ok() {
        supervisor.watch(server, &stop, state);
    } else {
        server.stop(supervisor.config.stop_timeout);
    }
    supervisor.leave();
    state.send_replace(ClusterState::Stopped);
}

/// A wish to stop, which also ends every pause of this thread.
struct Stop<'a> {
    requests: &'a Receiver<()>,
    requested: Cell<bool>,
}

impl Stop<'_> {
    /// Waits for `pause`; true as soon as, and ever after, somebody wants to stop.
    fn within(&self, pause: Duration) -> bool {
        if !self.requested.get() {
            let message = self.requests.recv_timeout(pause);
            // A dropped sender is a dropped cluster.
            self.requested.set(!matches!(message, Err(RecvTimeoutError::Timeout)));
        }
        self.requested.get()
    }
}

struct Supervisor {
    config: ClusterConfig,
    folder: Folder,
    binaries: Binaries,
    who: RunAs,
    socket: PathBuf,
    port: u16,
}

impl Supervisor {
    fn start(
        config: ClusterConfig,
        stop: &Stop<'_>,
    ) -> Result<(Self, Server, Started), EmbeddedError> {
        let start = Instant::now();
        let folder = Folder::open(&config.dir, config.lock_wait)?;
        let data = folder.data();
        let binaries = binaries::find(&config.search, &data)?;
        let who = RunAs::choose(&folder.dir)
            .ok_or_else(|| EmbeddedError::CannotDropPrivileges(folder.dir.clone()))?;
        let socket = folder.socket(&who)?;
        let key = folder.key()?;
        reap(&data, &socket);

        let fresh = !data.exists();
        if fresh {
            init::create(&folder, &binaries, who, &config)?;
        } else if fs::metadata(&data).is_ok_and(|meta| meta.uid() != who.owner().0) {
            who.own_all(&data).map_err(EmbeddedError::io("change the owner of", &data))?;
        }
        init::write_hba(&folder)?;

        let mut supervisor = Self { config, folder, binaries, who, socket, port: 0 };
        let mut attempt = 1;
        let server = loop {
            supervisor.port = free_port()?;
            match supervisor.launch(true, stop) {
                Ok(server) => break server,
                Err(EmbeddedError::Start { status, log }) if attempt < START_ATTEMPTS => {
                    tracing::warn!(attempt, status, "postgres did not start: {log}");
                    attempt += 1;
                    stop.within(FIRST_BACK_OFF * attempt);
                }
                Err(error) => return Err(error),
            }
        };
        match supervisor.set_up(&key) {
            Ok(access) => {
                let started = Started {
                    fresh,
                    version: supervisor.binaries.version,
                    took: start.elapsed(),
                    socket: supervisor.socket.clone(),
                    port: supervisor.port,
                    access,
                };
                Ok((supervisor, server, started))
            }
            Err(error) => {
                server.stop(supervisor.config.stop_timeout);
                Err(error)
            }
        }
    }

    fn set_up(&self, key: &SecretString) -> Result<Access, EmbeddedError> {
        let superuser = ConnectOptions::socket(&self.socket, self.port, SUPERUSER, "postgres");
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(EmbeddedError::Thread)?
            .block_on(init::set_up(&superuser, key, self.binaries.version))
            .map_err(EmbeddedError::Setup)?;
        let password = derived_password(key.expose_secret().as_bytes(), OWNER);
        let owner = ConnectOptions::socket(&self.socket, self.port, OWNER, DATABASE)
            .with_role(OWNER, Some(&password));
        Ok(Access::derive(owner, None, None, None))
    }

    /// Starts one server process and waits until it answers.
    fn launch(&self, tcp: bool, stop: &Stop<'_>) -> Result<Server, EmbeddedError> {
        let data = self.folder.data();
        let mut server = Server::spawn(self.command(tcp)).map_err(|error| match self.who {
            #[cfg(target_os = "linux")]
            RunAs::Namespace => EmbeddedError::CannotDropPrivileges(self.folder.dir.clone()),
            _ => EmbeddedError::io("run", self.binaries.dir.join("postgres"))(error),
        })?;
        let ready = server.wait_ready(&data, self.config.start_timeout, |pause| stop.within(pause));
        let Err(failure) = ready else { return Ok(server) };
        server.stop(self.config.stop_timeout);
        Err(match failure {
            NotReady::Exited(status, log) => {
                EmbeddedError::Start { status: status.to_string(), log }
            }
            NotReady::TooLate(log) => {
                EmbeddedError::NotReady { seconds: self.config.start_timeout.as_secs(), log }
            }
            NotReady::Cancelled => EmbeddedError::Gone,
        })
    }

    fn command(&self, tcp: bool) -> Command {
        let mut command = program(&self.binaries.dir, "postgres", self.who, Signal::SIGINT);
        command.arg("-D").arg(self.folder.data());
        let mut set = |name: &str, value: &std::ffi::OsStr| {
            let mut setting = OsString::from(name);
            setting.push("=");
            setting.push(value);
            command.arg("-c").arg(setting);
        };
        for (name, value) in init::settings(&self.config) {
            set(&name, value.as_ref());
        }
        // A list of paths: quoted, a space in it is a space.
        let mut socket = OsString::from("\"");
        socket.push(&self.socket);
        socket.push("\"");
        set("unix_socket_directories", &socket);
        set("hba_file", self.folder.hba().as_os_str());
        set("port", self.port.to_string().as_ref());
        set("listen_addresses", if tcp { "127.0.0.1" } else { "" }.as_ref());
        command
    }

    /// Restarts the server whenever it is gone, until somebody wants to stop.
    fn watch(&self, mut server: Server, stop: &Stop<'_>, state: &watch::Sender<ClusterState>) {
        loop {
            if stop.within(WATCH) {
                return server.stop(self.config.stop_timeout);
            }
            let Some(status) = server.exited() else { continue };
            tracing::error!(pid = server.pid(), %status, "postgres died; starting it again");
            match self.restart(stop, state) {
                Some(next) => server = next,
                None => return,
            }
        }
    }

    fn restart(&self, stop: &Stop<'_>, state: &watch::Sender<ClusterState>) -> Option<Server> {
        let (mut back_off, mut tcp) = (FIRST_BACK_OFF, true);
        for attempt in 1.. {
            state.send_replace(ClusterState::Restarting { attempt });
            // Its children notice that it is gone, and must be gone too before the next starts.
            reap(&self.folder.data(), &self.socket);
            match self.launch(tcp, stop) {
                Ok(server) => {
                    tracing::info!(attempt, tcp, "postgres is ready again");
                    state.send_replace(ClusterState::Ready);
                    return Some(server);
                }
                Err(EmbeddedError::Gone) => return None,
                Err(error) => {
                    // Another program may have taken the port; the engine needs the socket alone.
                    tcp = !matches!(&error, EmbeddedError::Start { log, .. } if log.contains("TCP/IP"));
                    tracing::error!(attempt, %error, "postgres did not start again");
                }
            }
            if stop.within(back_off) {
                return None;
            }
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
        }
        None
    }

    /// Removes a socket folder that is not in the data folder.
    fn leave(&self) {
        if !self.socket.starts_with(&self.folder.dir)
            && let Err(error) = fs::remove_dir(&self.socket)
        {
            tracing::warn!(%error, "the socket's folder is left in the temporary folder");
        }
    }
}

/// A loopback port that nobody listens on at this moment.
fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(EmbeddedError::io("find a free port on", "127.0.0.1"))
}
