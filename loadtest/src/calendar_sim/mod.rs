//! Calendar providers in one process: Cal.com v2, CalDAV, Google Calendar and Microsoft Graph, with faults on demand.
//!
//! Lives here: the server's life ([`CalendarSim`]). [`session`] is one connection and strikes the dials of
//! [`crate::http_sim::dial`]; each protocol is a module with its own calendar and speaks as its provider does.
//! It runs on a thread and a runtime of its own and listens on loopback alone.
//!
//! | Provider | Base URL | Credentials |
//! |---|---|---|
//! | Cal.com | `/cal/v2` | a key that begins with `cal_` |
//! | CalDAV | `/dav/` | `nordlys`, `secret` |
//! | Google | `/google` (tokens at `/google/token`) | the code `good-code` |
//! | Microsoft | `/graph/v1.0` (tokens at `/graph/token`) | the code `good-code` |

mod cal_com;
mod dav;
mod google;
mod graph;
mod session;
mod tokens;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::http_sim::dial::{Dial, Plan};
use crate::spec::SpecError;

/// Connections at once (A9).
const MAX_CONNECTIONS: usize = 1_000;
/// Entries that a calendar holds (A9).
const MAX_ENTRIES: usize = 10_000;

/// The settings of a simulator.
#[derive(Debug, Clone, Default)]
pub struct CalendarSimConfig {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Dials from the start.
    pub dials: Vec<String>,
}

/// Why a simulator does not start, or a dial is not taken.
#[derive(Debug, Error)]
pub enum CalendarSimError {
    #[error("the dial cannot be read")]
    Spec(#[from] SpecError),
    #[error("the server cannot listen")]
    Io(#[from] io::Error),
}

/// Whose calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    CalCom,
    CalDav,
    Google,
    Microsoft,
}

/// An entry as its provider holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    pub id: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// What says that it is a booking of ours.
    pub mark: Option<String>,
    pub sequence: u32,
}

#[derive(Default)]
struct World {
    cal_com: cal_com::State,
    dav: dav::State,
    google: google::State,
    graph: graph::State,
    /// Calls so far, by method and path.
    calls: Vec<String>,
}

struct Shared {
    plan: Mutex<Plan>,
    world: Mutex<World>,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator. It stops when it is dropped.
pub struct CalendarSim {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl CalendarSim {
    /// Starts a simulator; when this returns it accepts connections.
    pub fn start(config: &CalendarSimConfig) -> Result<Self, CalendarSimError> {
        let dials = parse(&config.dials)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)?
        };
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared { plan: Mutex::default(), world: Mutex::default() });
        shared.plan().set(dials);
        let (stop, mut stopped) = watch::channel(false);
        let for_thread = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("calendar-sim".to_owned()).spawn(move || {
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

    /// The base URL of one provider.
    pub fn url(&self, side: Side) -> String {
        let path = match side {
            Side::CalCom => "/cal/v2",
            Side::CalDav => "/dav/",
            Side::Google => "/google",
            Side::Microsoft => "/graph/v1.0",
        };
        format!("http://{}{path}", self.addr)
    }

    /// Replaces all dials.
    pub fn set(&self, dials: &[&str]) -> Result<(), CalendarSimError> {
        let dials = parse(dials)?;
        self.shared.plan().set(dials);
        Ok(())
    }

    /// Somebody enters an appointment of their own; the same id again moves it.
    pub fn occupy(&self, side: Side, id: &str, from: Timestamp, until: Timestamp) {
        let mut world = self.shared.world();
        match side {
            Side::CalCom => world.cal_com.occupy(id, from, until),
            Side::CalDav => world.dav.occupy(id, from, until),
            Side::Google => world.google.occupy(id, from, until),
            Side::Microsoft => world.graph.occupy(id, from, until),
        }
    }

    /// Somebody takes an entry out, theirs or ours.
    pub fn vacate(&self, side: Side, id: &str) {
        let mut world = self.shared.world();
        match side {
            Side::CalCom => world.cal_com.vacate(id),
            Side::CalDav => world.dav.vacate(id),
            Side::Google => world.google.vacate(id),
            Side::Microsoft => world.graph.vacate(id),
        }
    }

    /// The entries that are there.
    pub fn held(&self, side: Side) -> Vec<Held> {
        let world = self.shared.world();
        match side {
            Side::CalCom => world.cal_com.held(),
            Side::CalDav => world.dav.held(),
            Side::Google => world.google.held(),
            Side::Microsoft => world.graph.held(),
        }
    }

    /// The access token that was given out last is over; with `refresh`, the refresh token too.
    pub fn expire(&self, side: Side, refresh: bool) {
        let mut world = self.shared.world();
        match side {
            Side::Google => world.google.tokens.expire(refresh),
            Side::Microsoft => world.graph.tokens.expire(refresh),
            Side::CalCom | Side::CalDav => {}
        }
    }

    /// Calls so far whose method and path contain this.
    pub fn calls(&self, of: &str) -> usize {
        self.shared.world().calls.iter().filter(|call| call.contains(of)).count()
    }
}

impl Drop for CalendarSim {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            thread.join().ok();
        }
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
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}
