//! A provider that takes POSTs with idempotency keys, remembers them, answers look-ups, and misbehaves on demand.
//!
//! Lives here: the server's life ([`HttpSim`]) and its settings. It speaks HTTP/1.1 by hand, so that it can
//! break it: [`dial`] has the words, [`received`] the memory, [`webhook`] the signatures of webhooks, [`session`]
//! one connection. It runs on a thread
//! and a runtime of its own and listens on loopback alone.

pub mod dial;
pub mod received;
mod session;
pub mod webhook;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

pub use self::dial::Dial;
use self::dial::Plan;
use self::received::Received;
pub use self::received::{Call, Outcome, Summary};
use crate::spec::SpecError;

/// Connections at once (A9).
const MAX_CONNECTIONS: usize = 10_000;

/// The settings of a simulator.
#[derive(Debug, Clone, Default)]
pub struct HttpSimConfig {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Dials from the start.
    pub dials: Vec<String>,
    /// Do a thing as often as it is asked, whatever its key.
    pub ignore_keys: bool,
    /// Keep bodies for `GET /sim/received`: they may hold personal data.
    pub keep_bodies: bool,
    /// What a GET of a path answers, as JSON; without any, only POSTs are taken.
    pub lookups: BTreeMap<String, String>,
}

/// Why a simulator does not start, or a wait ends without success.
#[derive(Debug, Error)]
pub enum HttpSimError {
    #[error("the dial cannot be read")]
    Spec(#[from] SpecError),
    #[error("the server cannot listen")]
    Io(#[from] io::Error),
    #[error("only {came} of {wanted} calls were accepted in time")]
    TooFew { came: u64, wanted: u64 },
}

/// What all connections share.
struct Shared {
    config: HttpSimConfig,
    plan: Mutex<Plan>,
    received: Mutex<Received>,
    accepted: watch::Sender<u64>,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator. It stops when it is dropped.
pub struct HttpSim {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl HttpSim {
    /// Starts a simulator; when this returns it accepts connections.
    pub fn start(config: HttpSimConfig) -> Result<Self, HttpSimError> {
        let dials = parse(&config.dials)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)?
        };
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            config,
            plan: Mutex::default(),
            received: Mutex::default(),
            accepted: watch::Sender::new(0),
        });
        shared.plan().set(dials);
        let (stop, mut stopped) = watch::channel(false);
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("http-sim".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, for_thread) => {}
                    // An error says that the handle is gone, which is the same.
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
            });
        })?;
        Ok(Self { addr, shared, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL for a client, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces all dials.
    pub fn set(&self, dials: &[&str]) -> Result<(), HttpSimError> {
        let dials = parse(dials)?;
        self.shared.plan().set(dials);
        Ok(())
    }

    /// What was received so far.
    pub fn received(&self) -> Summary {
        self.shared.received().summary(0, None)
    }

    /// Closes the receiver and tells what it received in its whole life: nothing comes after.
    pub fn stop(mut self) -> Summary {
        self.close();
        self.received()
    }

    fn close(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            thread.join().ok();
        }
    }

    /// Waits until `wanted` calls were accepted.
    pub async fn wait_for(&self, wanted: u64, within: Duration) -> Result<Summary, HttpSimError> {
        let mut accepted = self.shared.accepted.subscribe();
        let came = tokio::time::timeout(within, accepted.wait_for(|count| *count >= wanted)).await;
        if matches!(came, Ok(Ok(_))) {
            return Ok(self.received());
        }
        let came = *self.shared.accepted.borrow();
        Err(HttpSimError::TooFew { came, wanted })
    }
}

impl Drop for HttpSim {
    fn drop(&mut self) {
        self.close();
    }
}

fn parse(dials: &[impl AsRef<str>]) -> Result<Vec<Dial>, SpecError> {
    dials.iter().map(|dial| Dial::parse(dial.as_ref())).collect()
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    session::run(stream, &shared).await;
                    drop(place);
                });
            }
            // Out of descriptors: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
