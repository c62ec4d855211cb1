//! The model simulator: a server that speaks Anthropic's Messages protocol, OpenAI's chat completions
//! and embeddings, and Gemini's `generateContent`, and misbehaves on demand in each of them.
//!
//! Lives here: the server's life ([`ModelSim`]) and its dials ([`ModelSimConfig`]); each part of the
//! protocol has a module. It runs on threads and a runtime of its own, so a test may start it from
//! any runtime, pause its own clock, or have none. It listens on loopback alone.
//!
//! Scenarios (see [`scenario`]): `echo script tool_results ping crlf split slow error flaky midstream
//! truncate cache` of the conformance contract, and ours: `ordinary reply stall nofirst garbage
//! json200 bom endless spliced unfinished novel badtool`.

pub mod cache;
mod call;
pub mod canned;
mod chat;
pub mod control;
mod dialect;
pub mod error;
mod gemini;
pub mod http;
pub mod ids;
pub mod limits;
pub mod models;
pub mod prompt;
pub mod read;
pub mod record;
pub mod reply;
pub mod scenario;
pub mod script;
pub mod state;
pub mod steps;
pub mod stream;
pub mod validate;
pub mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};
use secrecy::SecretString;
use thiserror::Error;

use self::control::RequestLog;
use self::record::RequestSummary;
use self::script::Step;
use self::state::SimState;
use crate::spec::SpecError;

/// The dials of a simulator.
#[derive(Debug, Clone)]
pub struct ModelSimConfig {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Seed of all ids.
    pub seed: u64,
    /// Wait before the first byte of an answer.
    pub first: Duration,
    /// Wait between deltas.
    pub between: Duration,
    /// Answers at once; one more gets 429.
    pub max_concurrent: usize,
    /// Requests a minute; one more gets 429. Without it none is refused.
    pub rpm: Option<u32>,
    /// The process-wide default scenario.
    pub scenario: Option<String>,
    /// What is said before the default applies.
    pub script: Vec<Step>,
    /// The only key that is let in; without it any key is.
    pub api_key: Option<SecretString>,
    /// Whether `[[sim:…]]` in a user text is heeded.
    pub prompt_trigger: bool,
    /// Whether whole bodies are kept in the request log: for tests of what a prompt contains.
    pub keep_bodies: bool,
    /// Threads that serve.
    pub workers: usize,
}

impl Default for ModelSimConfig {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            first: Duration::ZERO,
            between: Duration::ZERO,
            max_concurrent: 10_000,
            rpm: None,
            scenario: None,
            script: Vec::new(),
            api_key: None,
            prompt_trigger: true,
            keep_bodies: false,
            workers: 1,
        }
    }
}

/// Why a simulator does not start, or a wait ends without success.
#[derive(Debug, Error)]
pub enum ModelSimError {
    #[error("the scenario cannot be read")]
    Spec(#[from] SpecError),
    #[error("the server cannot listen")]
    Listen(#[from] io::Error),
    #[error("the server thread ended before it listened")]
    Died,
    #[error("only {came} of {wanted} requests came in time")]
    TooFew { came: u64, wanted: u64 },
    #[error("the request log did not come to show what was awaited")]
    NotSeen,
}

/// A running simulator. It stops when it is dropped.
pub struct ModelSim {
    addr: SocketAddr,
    state: Data<SimState>,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl ModelSim {
    /// Starts a simulator; when this returns it accepts connections.
    pub fn start(config: ModelSimConfig) -> Result<Self, ModelSimError> {
        let (port, workers) = (config.port, config.workers.max(1));
        let state = Data::new(SimState::new(config)?);
        let (told, hear) = mpsc::sync_channel(1);
        let shared = state.clone();
        let thread = std::thread::Builder::new()
            .name("model-sim".to_owned())
            .spawn(move || serve(port, workers, shared, told))?;
        match hear.recv() {
            Ok((addr, handle)) => Ok(Self { addr, state, handle, thread: Some(thread) }),
            Err(_) => Err(match thread.join() {
                Ok(Err(error)) => ModelSimError::Listen(error),
                _ => ModelSimError::Died,
            }),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL for a client, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Sets the default scenario of all requests; `None` is ordinary behaviour.
    pub fn set_scenario(&self, spec: Option<&str>) -> Result<(), SpecError> {
        self.state.set_scenario(spec)
    }

    /// Sets what rules embeddings alone; `None` is ordinary behaviour.
    pub fn set_embeddings(&self, spec: Option<&str>) -> Result<(), SpecError> {
        self.state.set_embeddings(spec)
    }

    /// Replaces the steps that are said next.
    pub fn set_script(&self, steps: Vec<Step>) -> Result<(), SpecError> {
        self.state.set_script(steps)
    }

    /// The redacted log of all calls.
    pub fn requests(&self) -> RequestLog {
        RequestLog::of(&self.state, 0)
    }

    /// Forgets scenario, script, log and cache.
    pub fn reset(&self) {
        self.state.reset();
    }

    /// Waits until `wanted` calls came in, and gives those.
    pub async fn wait_for_requests(
        &self,
        wanted: u64,
        within: Duration,
    ) -> Result<Vec<RequestSummary>, ModelSimError> {
        let mut count = self.state.record.watch();
        let came = tokio::time::timeout(within, count.wait_for(|count| *count >= wanted)).await;
        if matches!(came, Ok(Ok(_))) {
            return Ok(self.state.record.list());
        }
        let came = *self.state.record.watch().borrow();
        Err(ModelSimError::TooFew { came, wanted })
    }

    /// Waits until the log satisfies `wanted`, and gives it: say, until a stream was given up.
    pub async fn wait_until(
        &self,
        within: Duration,
        wanted: impl Fn(&RequestLog) -> bool,
    ) -> Result<RequestLog, ModelSimError> {
        let mut changes = self.state.record.watch_changes();
        let found = async {
            loop {
                changes.mark_unchanged();
                let log = self.requests();
                if wanted(&log) || changes.changed().await.is_err() {
                    return log;
                }
            }
        };
        tokio::time::timeout(within, found).await.map_err(|_| ModelSimError::NotSeen)
    }

    /// Stops at once: open answers are cut.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        // The command is sent by the call; the future only tells when it was carried out.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic of a worker was printed when it happened.
            thread.join().ok();
        }
    }
}

impl Drop for ModelSim {
    fn drop(&mut self) {
        self.halt();
    }
}

fn serve(
    port: u16,
    workers: usize,
    state: Data<SimState>,
    told: mpsc::SyncSender<(SocketAddr, ServerHandle)>,
) -> io::Result<()> {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(PayloadConfig::new(http::MAX_BODY))
                .route("/v1/messages", web::post().to(http::messages))
                .route("/v1/messages/count_tokens", web::post().to(http::count_tokens))
                .route("/v1/chat/completions", web::post().to(chat::completions))
                .route("/v1/embeddings", web::post().to(chat::embed::embeddings))
                .route("/v1beta/models/{call}", web::post().to(gemini::generate))
                .route("/v1/models", web::get().to(http::list_models))
                .route("/v1/models/{id}", web::get().to(http::show_model))
                .route("/sim/scenario", web::post().to(control::set_orders))
                .route("/sim/requests", web::get().to(control::requests))
                .route("/sim/reset", web::post().to(control::reset))
                .route("/sim/health", web::get().to(control::health))
                .default_service(web::to(http::not_found))
        })
        .workers(workers)
        .disable_signals()
        .shutdown_timeout(1)
        .tcp_nodelay(true)
        // A client that closed its side has hung up: that must end a stall at once.
        .h1_allow_half_closed(false)
        .bind((Ipv4Addr::LOCALHOST, port))?;
        let addr = server.addrs().first().copied().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let server = server.run();
        // Nobody hears it if the starter is gone; then the server stops with its handle.
        told.send((addr, server.handle())).ok();
        server.await
    })
}
