//! Several nodes of the real binary over one Postgres, one Redis and one mail server, and a proxy before them.
//!
//! Everything is this story's own and on loopback; dropping a part stops it, the nodes before their database
//! (fields are dropped in their order).

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    Forecourt, Options,
    process::{binary, ready_line},
};

/// A program that a story started, and ends.
pub struct Program {
    pub name: &'static str,
    child: Child,
}

impl Program {
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be frozen.
        let _gone = kill(self.pid(), Signal::SIGTERM);
        let _gone = kill(self.pid(), Signal::SIGCONT);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }
}

/// `forecourt database` in a folder.
pub struct Postgres {
    pub program: Program,
    pub url: String,
    data: PathBuf,
}

impl Postgres {
    pub async fn start(folder: &Path) -> Self {
        let log = File::create(folder.join("postgres-log.txt")).unwrap();
        let mut child = Command::new(binary("forecourt"))
            .args(["database", "--data-dir"])
            .arg(folder.join("postgres"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let ready = ready_line(child.stdout.take().expect("a pipe")).await;
        let ready = ready.unwrap_or_else(|| {
            let log = std::fs::read_to_string(folder.join("postgres-log.txt")).unwrap_or_default();
            panic!("the database did not become ready; it said:\n{log}")
        });
        let url = ready["url"].as_str().expect("an address").to_owned();
        Self {
            program: Program { name: "postgres", child },
            url,
            data: folder.join("postgres/data"),
        }
    }

    /// The server's own process.
    pub fn postmaster(&self) -> Pid {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).expect("it runs");
        let pid = file.lines().next().and_then(|line| line.parse().ok());
        Pid::from_raw(pid.expect("a number"))
    }
}

/// A Redis that keeps nothing, at an address that it keeps over restarts.
pub struct Redis {
    program: Option<Program>,
    port: u16,
}

impl Redis {
    pub async fn start() -> Self {
        let mut redis = Self { program: None, port: free_port() };
        redis.start_again().await;
        redis
    }

    pub async fn start_again(&mut self) {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed (make cluster-tools)");
        self.program = Some(Program { name: "redis", child });
        listening(self.port).await;
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn kill(&mut self) {
        self.program.take().expect("it runs").kill();
    }

    pub fn signal(&self, signal: Signal) {
        self.program.as_ref().expect("it runs").signal(signal);
    }

    /// Forgets everything, as `FLUSHALL` does, and cuts every client.
    pub async fn flush(&self) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        socket
            .write_all(
                b"FLUSHALL\r\nCLIENT KILL TYPE normal SKIPME yes\r\nCLIENT KILL TYPE pubsub\r\n",
            )
            .await
            .unwrap();
        let mut answer = [0; 5];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
}

/// nginx with the template that `docker/` uses, before two nodes.
pub struct Proxy {
    pub program: Program,
    pub url: String,
    folder: TempDir,
}

impl Proxy {
    /// What it logged of requests that did not simply succeed, for a failed story.
    pub fn unusual(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("access.log"));
        let usual = |line: &&str| line.starts_with("200 ") && line.ends_with(" 200");
        log.unwrap_or_default().lines().filter(|line| !usual(line)).fold(
            String::new(),
            |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            },
        )
    }

    pub async fn start(a: &Forecourt, b: &Forecourt) -> Self {
        let folder = TempDir::with_prefix("forecourt-proxy-").unwrap();
        let (dir, port) = (folder.path().display(), free_port());
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker/proxy.conf.template");
        let address = |node: &Forecourt| node.url.replace("http://", "");
        let site = std::fs::read_to_string(template)
            .unwrap()
            .replace("${PROXY_LISTEN}", &format!("127.0.0.1:{port}"))
            .replace("${NODE_A}", &address(a))
            .replace("${NODE_B}", &address(b))
            .replace("${NODE_A_URL}", &a.url)
            .replace("${NODE_B_URL}", &b.url)
            .replace("/dev/stdout", &format!("{dir}/access.log"));
        // As root its workers would become somebody who may not enter the folder.
        let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
            .concat();
        let config = format!(
            "{user}\nworker_processes 1;\ndaemon off;\npid {dir}/nginx.pid;\n\
             events {{ worker_connections 2048; }}\nhttp {{\n{temporary}{site}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let log = File::create(folder.path().join("error.log")).unwrap();
        let child = Command::new("nginx")
            .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nginx is installed (make cluster-tools)");
        listening(port).await;
        let url = format!("http://127.0.0.1:{port}");
        Self { program: Program { name: "nginx", child }, url, folder }
    }
}

/// Two nodes that share a Postgres, a mail server and a Redis.
pub struct Cluster {
    pub a: Forecourt,
    pub b: Forecourt,
    pub mail: Arc<SmtpSim>,
    pub redis: Redis,
    pub postgres: Postgres,
    _folder: TempDir,
}

impl Cluster {
    pub async fn start(options: Options) -> Self {
        let folder = TempDir::with_prefix("forecourt-cluster-").unwrap();
        reachable(folder.path());
        let (postgres, redis) = tokio::join!(Postgres::start(folder.path()), Redis::start());
        let mail = Arc::new(SmtpSim::start(SmtpSimConfig::default()).expect("a mail server"));
        let options = options.env("REDIS_URL", redis.url());
        let (a, b) = tokio::join!(
            Forecourt::start(shared(&postgres, &mail, &options)),
            Forecourt::start(shared(&postgres, &mail, &options)),
        );
        Self { a, b, mail, redis, postgres, _folder: folder }
    }

    /// A proxy before both; from now on a node that is started again keeps its address.
    pub async fn proxy(&mut self) -> Proxy {
        for node in [&mut self.a, &mut self.b] {
            node.listen = node.url.replace("http://", "");
        }
        Proxy::start(&self.a, &self.b).await
    }
}

/// Options of one more node over the same Postgres and mail server.
pub fn shared(postgres: &Postgres, mail: &Arc<SmtpSim>, options: &Options) -> Options {
    let mut node =
        Options { env: options.env.clone(), mail: Some(Arc::clone(mail)), ..Options::default() }
            .env("DATABASE_URL", postgres.url.clone())
            .env("FORECOURT_SECRET", "a secret of this story alone, and long enough")
            .env("FORECOURT_TRUSTED_PROXIES", "127.0.0.1")
            // Several nodes and their tests share a small machine.
            .env("FORECOURT_WORKERS", "2")
            .env("FORECOURT_ARBITERS", "2");
    node.built_in_sink = options.built_in_sink;
    node
}

/// Postgres does not run as root: as root its folder must let another user through.
pub fn reachable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

async fn listening(port: u16) {
    crate::eventually("somebody listens", async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
    })
    .await;
}
