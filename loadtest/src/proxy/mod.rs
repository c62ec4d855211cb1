//! A TCP proxy on loopback that behaves like a bad network: late, narrow, cut, silent.
//!
//! Lives here: the proxy's life ([`Proxy`]) and its counts; [`dial`] reads the words, [`pipe`] moves the
//! bytes. It runs on a thread and a runtime of its own. It listens on loopback and leads to loopback
//! alone.

pub mod control;
pub mod dial;
mod pipe;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use socket2::SockRef;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

pub use self::dial::{Act, Dial, Towards};
use crate::spec::SpecError;

/// Connections at once (A9); one more waits to be accepted.
const MAX_CONNECTIONS: usize = 10_000;

/// Why there is no proxy.
#[derive(Debug, Error)]
pub enum ProxyError {
    #[error("the dial cannot be read")]
    Spec(#[from] SpecError),
    #[error("the proxy cannot listen")]
    Io(#[from] io::Error),
    #[error("`{0}` is not this machine: the proxy leads to loopback alone")]
    NotLoopback(SocketAddr),
}

/// What went through.
#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    open: AtomicU64,
    resets: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
    pieces: AtomicU64,
}

/// What went through, at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections so far.
    pub accepted: u64,
    /// Connections now.
    pub open: u64,
    /// Connections that the proxy reset.
    pub resets: u64,
    /// Bytes.
    pub to_server: u64,
    pub to_client: u64,
    /// Writes, both ways.
    pub pieces: u64,
}

struct Shared {
    to: SocketAddr,
    dials: watch::Sender<Arc<[Dial]>>,
    /// Grows by one when all open connections are to be reset.
    cuts: watch::Sender<u64>,
    counters: Counters,
}

/// A running proxy. It stops when it is dropped.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to `to`; when this returns it accepts connections.
    pub fn start(port: u16, to: SocketAddr) -> Result<Self, ProxyError> {
        if !to.ip().is_loopback() {
            return Err(ProxyError::NotLoopback(to));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)?
        };
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to,
            dials: watch::Sender::new(Arc::from([])),
            cuts: watch::Sender::new(0),
            counters: Counters::default(),
        });
        let (stop, mut stopped) = watch::channel(false);
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("tcp-proxy".to_owned()).spawn(move || {
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

    /// Where it leads.
    pub fn to(&self) -> SocketAddr {
        self.shared.to
    }

    /// Replaces all dials, for open connections too. None of them is an honest network.
    pub fn set(&self, dials: &[Dial]) {
        self.shared.dials.send_replace(Arc::from(dials));
    }

    /// The dials that stand.
    pub fn dials(&self) -> Vec<Dial> {
        self.shared.dials.borrow().to_vec()
    }

    /// Resets every open connection, once.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        let Counters { accepted, open, resets, to_server, to_client, pieces } =
            &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            accepted: read(accepted),
            open: read(open),
            resets: read(resets),
            to_server: read(to_server),
            to_client: read(to_client),
            pieces: read(pieces),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            thread.join().ok();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((client, _)) => {
                let shared = Arc::clone(&shared);
                shared.counters.accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    shared.counters.open.fetch_add(1, Ordering::Relaxed);
                    connection(client, &shared).await;
                    shared.counters.open.fetch_sub(1, Ordering::Relaxed);
                    drop(place);
                });
            }
            // Out of descriptors: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(mut client: TcpStream, shared: &Shared) {
    let mut dials = shared.dials.subscribe();
    let mut cuts = shared.cuts.subscribe();
    let refused = dials.borrow().iter().any(|dial| matches!(dial.act, Act::Refuse | Act::Reset));
    if refused {
        return reset(&client, None, shared);
    }
    // Small packets that wait for company would be measured as slowness.
    client.set_nodelay(true).ok();
    let server = async {
        pipe::until_open(&mut dials, Towards::Server).await;
        TcpStream::connect(shared.to).await
    };
    let server = tokio::select! {
        server = server => server,
        _ = cuts.changed() => return reset(&client, None, shared),
    };
    let Ok(mut server) = server else { return reset(&client, None, shared) };
    server.set_nodelay(true).ok();
    let ended = {
        let (client_read, client_write) = client.split();
        let (server_read, server_write) = server.split();
        let counters = &shared.counters;
        let up = pipe::Pipe { way: Towards::Server, dials: dials.clone() };
        let down = pipe::Pipe { way: Towards::Client, dials: dials.clone() };
        let both = async {
            tokio::try_join!(
                up.run(client_read, server_write, (&counters.to_server, &counters.pieces)),
                down.run(server_read, client_write, (&counters.to_client, &counters.pieces)),
            )
        };
        tokio::select! {
            ended = both => ended.map(|_| ()),
            _ = cuts.changed() => Err(pipe::Broken),
            () = pipe::until_reset(&mut dials) => Err(pipe::Broken),
        }
    };
    if ended.is_err() {
        reset(&client, Some(&server), shared);
    }
}

/// Both sides are to see a reset and no orderly end.
fn reset(client: &TcpStream, server: Option<&TcpStream>, shared: &Shared) {
    shared.counters.resets.fetch_add(1, Ordering::Relaxed);
    for stream in [Some(client), server].into_iter().flatten() {
        // It fails only where the connection is gone already.
        SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
    }
}
