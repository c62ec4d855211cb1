//! A Postgres of the harness, for scenarios that put a proxy before it.
//!
//! An engine that starts its own Postgres speaks to it over a socket of the file system, where no proxy
//! can stand. Here it is started first and given to the engine as `DATABASE_URL`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use tempfile::TempDir;

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(20);
/// The owner role; the cluster trusts loopback, and lives as long as the run.
const OWNER: &str = "forecourt_load";

/// A running Postgres. It is stopped, and its data removed, when this is dropped.
#[derive(Debug)]
pub struct OwnPostgres {
    child: Child,
    addr: SocketAddr,
    /// Its data; removed with this.
    _folder: TempDir,
}

impl OwnPostgres {
    /// Makes and starts a cluster. Blocks.
    pub fn start() -> Result<Self, String> {
        let bin = binaries().ok_or("the programs of Postgres are not installed")?;
        let user = unprivileged()?;
        let told = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
        let folder = tempfile::Builder::new()
            .prefix("forecourt-postgres-")
            .tempdir()
            .map_err(told("no folder"))?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .map_err(told("no folder"))?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(told("no folder"))?;
        if let Some(user) = &user {
            chown(&data, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .map_err(told("no folder"))?;
        }
        let command = |program: &str| {
            let mut command = Command::new(bin.join(program));
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command.current_dir(&data).stdin(Stdio::null()).stdout(Stdio::null());
            command
        };
        let made = command("initdb")
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", OWNER, "-D"])
            .arg(&data)
            .output()
            .map_err(told("initdb does not run"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr).trim()));
        }
        let port = free_port().map_err(told("no port"))?;
        let child = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=200", "-k"])
            .arg(&data)
            .stderr(Stdio::null())
            .spawn()
            .map_err(told("postgres does not run"))?;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut this = Self { child, addr, _folder: folder };
        this.wait_until_ready(&data)?;
        Ok(this)
    }

    fn wait_until_ready(&mut self, data: &Path) -> Result<(), String> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("postgres ended with {status}"));
            }
            let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if pid.lines().nth(7).is_some_and(|state| state.trim() == "ready")
                && TcpStream::connect(self.addr).is_ok()
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("postgres was not ready in time".to_owned())
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// The owner's URL of a Postgres that is reached at `addr`.
pub fn url(addr: SocketAddr) -> String {
    format!("postgres://{OWNER}:any@{addr}/postgres")
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        // One that was paused would never hear of it.
        kill(pid, Signal::SIGCONT).ok();
        kill(pid, Signal::SIGINT).ok();
        let end = Instant::now() + STOP;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn binaries() -> Option<PathBuf> {
    let holds = |folder: &PathBuf| folder.join("initdb").is_file();
    if let Some(folder) = std::env::var_os("FORECOURT_PG_BIN").map(PathBuf::from) {
        return Some(folder).filter(holds);
    }
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(holds)
        .collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    installed.pop().or_else(|| std::env::split_paths(&path).find(holds))
}

/// Postgres refuses to run as root.
fn unprivileged() -> Result<Option<User>, String> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let find = |name| User::from_name(name).ok().flatten();
    let user = find("postgres").or_else(|| find("nobody"));
    user.map(Some).ok_or_else(|| "there is no user `postgres` or `nobody`".to_owned())
}

/// A port that was free a moment ago.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
