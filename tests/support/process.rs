//! The real binary in a folder of its own, with a mail server that remembers.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The demo tenant of most stories, and the one beside it.
pub const TENANT: &str = "nordlys-bil";
pub const OTHER: &str = "garage-lumiere";
/// The demo's password, as `forecourt admin demo --json` prints it.
pub const PASSWORD: &str = "forecourt-demo";

/// How an engine is started.
#[derive(Default)]
pub struct Options {
    /// Further environment, such as `ANTHROPIC_BASE_URL`.
    pub env: Vec<(String, String)>,
    /// Use the built-in mail sink instead of the story's mail server.
    pub built_in_sink: bool,
    /// A mail server that several nodes share, instead of one of its own.
    pub mail: Option<Arc<SmtpSim>>,
}

impl Options {
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// A running engine. Dropping it stops it; [`Forecourt::stop`] also reads its logs.
pub struct Forecourt {
    pub url: String,
    pub mail: Arc<SmtpSim>,
    pub http: Client,
    pub folder: TempDir,
    /// Where it listens; port 0 takes a free one at each start.
    pub listen: String,
    options: Options,
    child: Option<Child>,
    starts: u32,
}

impl Forecourt {
    /// Starts an engine with its own Postgres, mail server and folder, and waits until it is ready.
    pub async fn start(options: Options) -> Self {
        // A second installation in the same test process is refused, and harmless.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let own = || Arc::new(SmtpSim::start(SmtpSimConfig::default()).expect("a mail server"));
        let mail = options.mail.clone().unwrap_or_else(own);
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let folder = TempDir::with_prefix("forecourt-story-").unwrap();
        let mut engine = Self {
            url: String::new(),
            mail,
            http,
            folder,
            listen: "127.0.0.1:0".into(),
            options,
            child: None,
            starts: 0,
        };
        engine.start_again().await;
        engine
    }

    pub async fn plain() -> Self {
        Self::start(Options::default()).await
    }

    /// Starts the binary (again) over the same folder; answers how long it took to be ready.
    pub async fn start_again(&mut self) -> Duration {
        assert!(self.child.is_none(), "it runs already");
        self.starts += 1;
        let log =
            File::create(self.folder.path().join(format!("log-{}.txt", self.starts))).unwrap();
        let mut command = Command::new(binary("forecourt"));
        command
            .args(["serve", "--listen", &self.listen])
            .env("FORECOURT_DATA_DIR", self.folder.path().join("data"))
            .env("FORECOURT_LOG", "debug")
            .env("FORECOURT_RATE_PER_MINUTE", "0")
            .env_remove("DATABASE_URL")
            .env_remove("ANTHROPIC_API_KEY")
            .env_remove("OPENAI_API_KEY")
            .env_remove("GEMINI_API_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        if !self.options.built_in_sink {
            command.env("FORECOURT_SMTP_URL", self.mail.url());
        }
        command.envs(self.options.env.iter().map(|(name, value)| (name, value)));
        let began = Instant::now();
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("a pipe");
        self.child = Some(child);
        let Some(ready) = ready_line(stdout).await else {
            panic!("the engine did not become ready; it said:\n{}", self.logs());
        };
        ready["url"].as_str().expect("an address").clone_into(&mut self.url);
        began.elapsed()
    }

    /// Further environment of its next start, over what it had.
    pub fn set_env(&mut self, name: &str, value: impl Into<String>) {
        self.options.env.retain(|(known, _)| known != name);
        self.options.env.push((name.into(), value.into()));
    }

    /// Whether the process is there and has not ended.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.as_ref().expect("it runs").id().cast_signed())
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Ends it as a crash does, and reaps it.
    pub fn crash(&mut self) {
        self.signal(Signal::SIGKILL);
        let _status = self.child.take().expect("it runs").wait().expect("reaped");
    }

    /// Stops it as an operator does; answers how long that took. Its exit must be clean.
    pub async fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.signal(Signal::SIGTERM);
        let mut child = self.child.take().expect("it runs");
        let status = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "it ended with {status}:\n{}", self.logs());
        began.elapsed()
    }

    /// Everything that it logged, over all starts.
    pub fn logs(&self) -> String {
        (1..=self.starts)
            .filter_map(|n| {
                std::fs::read_to_string(self.folder.path().join(format!("log-{n}.txt"))).ok()
            })
            .collect()
    }

    /// A13: none of these stands in any log line.
    pub fn assert_logs_are_silent_about(&self, secrets: &[String]) {
        let logs = self.logs();
        assert!(logs.len() > 200, "there is no log to look at");
        for secret in secrets {
            if let Some(line) = logs.lines().find(|line| line.contains(secret.as_str())) {
                panic!("A13: {secret:?} is in the log: {line}");
            }
        }
    }

    pub async fn post_form(&self, tenant: &str, form: &Value) -> Response {
        let url = self.at(&format!("/v1/webhooks/form/{tenant}"));
        self.http.post(url).json(form).send().await.expect("an answer")
    }

    /// Signs in as the demo's owner; answers the cookie.
    pub async fn sign_in(&self, tenant: &str) -> String {
        let login = json!({
            "tenant": tenant, "email": format!("demo@{tenant}.example"), "password": PASSWORD,
        });
        let answer = self
            .http
            .post(self.at("/v1/login"))
            .header("origin", &self.url)
            .json(&login)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 204, "signing in to {tenant}");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn get_as(&self, cookie: &str, path: &str) -> Value {
        let answer = self.http.get(self.at(path)).header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The lead of a mail address, as the list shows it.
    pub async fn lead_of(&self, cookie: &str, email: &str) -> Option<Value> {
        let answer = self
            .http
            .get(self.at("/v1/leads"))
            .query(&[("q", email)])
            .header("cookie", cookie)
            .send()
            .await
            .unwrap();
        let page: Value = answer.json().await.unwrap();
        page["leads"].as_array().and_then(|leads| leads.first().cloned())
    }

    /// Opens a chat; answers its id and token.
    pub async fn open_chat(&self, lang: &str) -> (String, String) {
        let body = json!({ "tenant": TENANT, "lang": lang });
        let answer = self.http.post(self.at("/v1/sessions")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let opened: Value = answer.json().await.unwrap();
        let text = |field: &str| opened[field].as_str().expect("a string").to_owned();
        (text("session_id"), text("token"))
    }
}

impl Drop for Forecourt {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A failed story: SIGTERM, so that its Postgres is stopped too; then the last word.
            let _gone = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
            let deadline = Instant::now() + Duration::from_secs(12);
            while Instant::now() < deadline {
                if matches!(child.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

/// The line of JSON by which a command says that it is ready; `None` when it says anything else, or nothing
/// for a minute.
pub(crate) async fn ready_line(stdout: ChildStdout) -> Option<Value> {
    let lines = BufReader::new(stdout).lines();
    let line = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).next());
    let line = tokio::time::timeout(Duration::from_mins(1), line).await.ok()?.ok()??;
    let ready: Value = serde_json::from_str(&line).ok()?;
    (ready["event"] == "ready").then_some(ready)
}

/// A binary of the workspace, built beside the stories.
pub fn binary(name: &str) -> PathBuf {
    let stories = std::env::current_exe().expect("the story's own path");
    let built = stories.parent().and_then(Path::parent).expect("target/<profile>/deps").join(name);
    assert!(
        built.exists(),
        "{name} is not built: run `cargo build -p {name}` first, or `make test`"
    );
    built
}
