//! The servers: how each is started, greeted, and given events.
//!
//! Lives here: the child process and the dials. A server says where it is by JSON lines on its standard
//! output: `{"listening":"127.0.0.1:PORT"}` (Forecourt: `url`) and `{"publish":"127.0.0.1:PORT"}`, in one
//! line or two.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use thiserror::Error;

use super::listener::Dial;
use super::publisher::Way;

const START: Duration = Duration::from_secs(90);
const STOP: Duration = Duration::from_secs(20);
const SOCKET: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: Zm9yZWNvdXJ0LWxvYWQhIQ==\r\n";
const STREAM: &str = "Accept: text/event-stream\r\n";
/// What a server must not inherit: it could lead it to something that is real.
const FOREIGN: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "DATABASE_APP_URL",
    "DATABASE_JOBS_URL",
    "DATABASE_URL",
    "GEMINI_API_KEY",
    "OPENAI_API_KEY",
    "FORECOURT_SECRET",
    "REDIS_URL",
];
const TENANT: &str = "nordlys-bil";
const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Forecourt's dashboards
    ForecourtWs,
    /// Forecourt's visitors
    ForecourtSse,
    NchanWs,
    NchanSse,
    SocketIo,
    Nats,
    /// One prepared write an event and listener
    SendLoop,
}

/// Why a server is not up.
#[derive(Debug, Error)]
pub enum ServerError {
    #[error("{0} cannot be started; is it installed? loadtest/peers/*/install.sh")]
    Start(String, #[source] io::Error),
    #[error("{0} could not be installed")]
    Install(&'static str),
    #[error("{0} did not say where it listens")]
    Silent(String),
    #[error("the engine did not give {0}")]
    Engine(&'static str),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Kind {
    /// As the command line and the tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForecourtWs => "forecourt-ws",
            Self::ForecourtSse => "forecourt-sse",
            Self::NchanWs => "nchan-ws",
            Self::NchanSse => "nchan-sse",
            Self::SocketIo => "socket-io",
            Self::Nats => "nats",
            Self::SendLoop => "send-loop",
        }
    }

    fn is_ours(self) -> bool {
        matches!(self, Self::ForecourtWs | Self::ForecourtSse)
    }

    /// The folder of its scripts; Forecourt and the bare loop are there already.
    fn peer(self) -> Option<&'static str> {
        match self {
            Self::ForecourtWs | Self::ForecourtSse | Self::SendLoop => None,
            Self::NchanWs | Self::NchanSse => Some("nchan"),
            Self::SocketIo => Some("socketio"),
            Self::Nats => Some("nats"),
        }
    }

    /// Installs what it runs on from the configured package registries, unless it is there: done in a moment then.
    pub fn install(self, places: &Places) -> Result<(), ServerError> {
        let Some(peer) = self.peer() else { return Ok(()) };
        let script = places.peers.join(peer).join("install.sh");
        let failed = |error| ServerError::Start(format!("{peer}/install.sh"), error);
        let done = Command::new(script).stdin(Stdio::null()).stdout(Stdio::null()).status();
        if done.map_err(failed)?.success() {
            Ok(())
        } else {
            Err(ServerError::Install(self.name()))
        }
    }

    fn command(self, places: &Places) -> Vec<OsString> {
        let script = |name: &str| vec![places.peers.join(name).join("start.sh").into_os_string()];
        match self {
            Self::ForecourtWs | Self::ForecourtSse => {
                vec![places.engine.clone().into_os_string(), "bench-fanout".into()]
            }
            Self::NchanWs | Self::NchanSse => script("nchan"),
            Self::SocketIo => script("socketio"),
            Self::Nats => script("nats"),
            Self::SendLoop => vec![places.own.clone().into_os_string(), "send-loop".into()],
        }
    }
}

/// Where the programs are, and where they may run.
#[derive(Debug, Clone)]
pub struct Places {
    pub engine: PathBuf,
    /// The folder of the peers' scripts.
    pub peers: PathBuf,
    /// This program.
    pub own: PathBuf,
    /// Processors for the server, as `taskset -c` takes them.
    pub cpus: Option<String>,
}

/// A program with its folder: both go when this is dropped.
pub struct Running {
    child: Child,
    folder: tempfile::TempDir,
    lines: mpsc::Receiver<String>,
}

/// A server that is up, and how to use it.
pub struct Server {
    running: Running,
    pub dials: Vec<Dial>,
    pub publish: SocketAddr,
    pub way: Way,
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    listening: Option<SocketAddr>,
    url: Option<String>,
    publish: Option<SocketAddr>,
}

impl Running {
    /// Starts a program on its processors, in a folder of its own, which it finds as `FOLDER`.
    pub fn start(
        name: &str,
        command: &[OsString],
        env: &[(&str, String)],
        cpus: Option<&str>,
    ) -> Result<Self, ServerError> {
        use std::os::unix::fs::PermissionsExt as _;
        let failed = |error| ServerError::Start(name.to_owned(), error);
        let folder =
            tempfile::Builder::new().prefix("forecourt-peer-").tempdir().map_err(failed)?;
        // Servers that are started as root go on as somebody else, who must get in here.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).map_err(failed)?;
        let log = std::fs::File::create(folder.path().join("log")).map_err(failed)?;
        let (program, arguments) =
            command.split_first().ok_or_else(|| ServerError::Silent(name.to_owned()))?;
        let mut pinned = match cpus {
            Some(cpus) => {
                let mut taskset = Command::new("taskset");
                taskset.arg("-c").arg(cpus).arg(program);
                taskset
            }
            None => Command::new(program),
        };
        for foreign in FOREIGN {
            pinned.env_remove(foreign);
        }
        let mut child = pinned
            .args(arguments)
            .env("FOLDER", folder.path())
            .env("FORECOURT_LISTEN", "127.0.0.1:0")
            .env("FORECOURT_DATA_DIR", folder.path().join("data"))
            .env("FORECOURT_RATE_PER_MINUTE", "0")
            .env("FORECOURT_LOG", "warn")
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take();
        let (told, lines) = mpsc::channel();
        let running = Self { child, folder, lines };
        std::thread::Builder::new()
            .name("server-output".to_owned())
            .spawn(move || {
                // Reads to the end, so that the server never waits for a reader.
                let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
                for line in lines.map_while(Result::ok) {
                    told.send(line).ok(); // only the first lines are waited for
                }
            })
            .map_err(failed)?;
        Ok(running)
    }

    /// The root of its processes.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line it says that is JSON of this shape.
    pub fn says<T: serde::de::DeserializeOwned>(&self, until: Instant) -> Option<T> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).ok()?;
            if let Ok(said) = serde_json::from_str(&line) {
                return Some(said);
            }
        }
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM).ok(); // fails only if it is gone
        }
        let end = Instant::now() + STOP;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It does not listen to reason.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts a server and prepares `listeners` dials.
    pub fn start(kind: Kind, places: &Places, listeners: usize) -> Result<Self, ServerError> {
        let running =
            Running::start(kind.name(), &kind.command(places), &[], places.cpus.as_deref())?;
        let until = Instant::now() + START;
        let (mut address, mut publish) = (None, None);
        while address.is_none() || publish.is_none() {
            let Some(said) = running.says::<Said>(until) else {
                eprintln!("{}", running.log_tail());
                return Err(ServerError::Silent(kind.name().to_owned()));
            };
            let url = said.url.and_then(|url| url.trim_start_matches("http://").parse().ok());
            address = address.or(said.listening).or(url);
            publish = publish.or(said.publish);
        }
        let (Some(address), Some(publish)) = (address, publish) else {
            return Err(ServerError::Silent(kind.name().to_owned()));
        };
        let (dial, way) = if kind.is_ours() { ours(kind, address)? } else { theirs(kind, address) };
        Ok(Self { running, dials: vec![dial; listeners], publish, way })
    }

    /// The root of its processes.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.running.log_tail()
    }
}

fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n")
}

fn theirs(kind: Kind, address: SocketAddr) -> (Dial, Way) {
    let lines = || Way::Lines { first: String::new() };
    let http = || Way::Http { path: "/publish".to_owned() };
    let socket = |path: &str| socket(address, path);
    match kind {
        Kind::NchanSse => {
            let request = get(address, "/listen", STREAM);
            (Dial { request, status: "200", ..socket("") }, http())
        }
        Kind::NchanWs => (socket("/listen"), http()),
        Kind::SocketIo => {
            let path = "/socket.io/?EIO=4&transport=websocket";
            let says = vec![(TEXT, "40".to_owned())];
            (Dial { says, awaits: b"40{", ..socket(path) }, lines())
        }
        Kind::Nats => {
            let words = "CONNECT {\"verbose\":false}\r\nSUB events 1\r\nPING\r\n";
            let says = vec![(BINARY, words.to_owned())];
            (
                Dial { says, awaits: b"PONG", ..socket("/") },
                Way::Nats { subject: "events".to_owned() },
            )
        }
        Kind::SendLoop | Kind::ForecourtWs | Kind::ForecourtSse => (socket("/"), lines()),
    }
}

/// A plain WebSocket listener.
pub fn socket(address: SocketAddr, path: &str) -> Dial {
    Dial {
        address,
        request: get(address, path, SOCKET),
        says: Vec::new(),
        awaits: b"",
        status: "101",
    }
}

/// A dashboard of Forecourt's demo, signed in.
pub fn dashboard(address: SocketAddr) -> Result<Dial, ServerError> {
    let cookie = alone(async {
        let client = client()?;
        let at = |path: &str| format!("http://{address}{path}");
        let login: serde_json::Value =
            client.get(at("/v1/public/demo")).send().await?.error_for_status()?.json().await?;
        let signed_in = client
            .post(at("/v1/login"))
            .json(&serde_json::json!({
                "tenant": login["tenant"], "email": login["email"], "password": login["password"],
            }))
            .send()
            .await?
            .error_for_status()?;
        let cookie = signed_in.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        cookie.map(ToOwned::to_owned).ok_or(ServerError::Engine("a sign-in"))
    })?;
    let headers = format!("{SOCKET}Sec-WebSocket-Protocol: forecourt.v1\r\nCookie: {cookie}\r\n");
    let hello = r#"{"type":"hello","ref":"1","after":null,"topics":[]}"#;
    Ok(Dial {
        address,
        request: get(address, "/v1/live", &headers),
        says: vec![(TEXT, hello.to_owned())],
        awaits: b"\"welcome\"",
        status: "101",
    })
}

/// Opens a conversation and waits until the assistant has answered: from then on it is quiet.
fn ours(kind: Kind, address: SocketAddr) -> Result<(Dial, Way), ServerError> {
    let (session, token) = alone(async {
        let client = client()?;
        let at = |path: &str| format!("http://{address}{path}");
        let opened: serde_json::Value = client
            .post(at("/v1/sessions"))
            .json(&serde_json::json!({ "tenant": TENANT, "lang": "en" }))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let field = |name| opened[name].as_str().map(ToOwned::to_owned);
        let session = field("session_id").ok_or(ServerError::Engine("a session"))?;
        let token = field("token").ok_or(ServerError::Engine("a token"))?;
        let text = "When are you open? kari@example.no";
        client
            .post(at(&format!("/v1/sessions/{session}/messages")))
            .bearer_auth(&token)
            .header("accept", "text/event-stream")
            .json(&serde_json::json!({ "text": text, "client_id": "fanout" }))
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok((session, token))
    })?;
    let way = Way::Lines { first: format!("{TENANT} {session}") };
    let dial = if kind == Kind::ForecourtWs {
        dashboard(address)?
    } else {
        let headers = format!("{STREAM}Authorization: Bearer {token}\r\n");
        let request = get(address, &format!("/v1/sessions/{session}/events"), &headers);
        Dial { request, awaits: b"retry", status: "200", ..socket(address, "") }
    };
    Ok((dial, way))
}

/// Runs a few requests on a runtime of their own; callers have none, or are told to step aside.
fn alone<T: Send>(
    work: impl Future<Output = Result<T, ServerError>> + Send,
) -> Result<T, ServerError> {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|e| ServerError::Start("a runtime".to_owned(), e))?;
            runtime.block_on(work)
        });
        done.join().unwrap_or(Err(ServerError::Engine("an answer")))
    })
}

fn client() -> Result<reqwest::Client, ServerError> {
    rustls::crypto::ring::default_provider().install_default().ok(); // may be installed already
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_built_in_root_certs(false)
        .timeout(Duration::from_secs(20));
    Ok(client.build()?)
}

/// The folder of the peers' scripts, from the project's root or from `FORECOURT_PEERS`.
pub fn peers_folder() -> PathBuf {
    std::env::var_os("FORECOURT_PEERS")
        .map_or_else(|| Path::new("loadtest/peers").to_owned(), PathBuf::from)
}
