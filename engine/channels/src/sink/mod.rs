//! The mail sink: a mail server on this machine that delivers nothing and shows everything.
//!
//! Lives here: starting and stopping it. `dialogue` speaks SMTP, `serve` moves the bytes, `shelf`
//! keeps the mails, `journal` keeps them over a restart. May be used by: the gateway's server for
//! a demo, tests.
//!
//! # Invariants
//! - **A1** `250` is answered once the mail is on the shelf and in the file, not before;
//! - **A9** connections, sizes, waits and kept mails are bounded; the oldest mail goes first;
//! - it listens on loopback and nowhere else.

mod dialogue;
mod journal;
mod path;
mod read;
mod serve;
mod shelf;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener as StdListener},
    path::PathBuf,
    sync::Arc,
};

use forecourt_ports::{clock::Clock, mailbox::DevMailbox};
use tokio::{net::TcpListener, runtime::Handle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::shelf::Shelf;

/// Where the sink listens and what it keeps.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// Where mails survive a restart; `None` keeps them in memory only. One sink per directory.
    pub dir: Option<PathBuf>,
    /// A loopback address; port 0 lets the system choose, see [`MailSink::addr`].
    pub addr: SocketAddr,
    /// How many mails are kept.
    pub max_mails: usize,
    /// How many bytes of mail are kept, whatever their number.
    pub max_bytes: usize,
    /// The largest mail taken, in bytes.
    pub max_mail_bytes: usize,
    /// How many connections are served at once; more are turned away with `421`.
    pub max_connections: usize,
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self {
            dir: None,
            addr: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)),
            max_mails: 500,
            max_bytes: 64 * 1024 * 1024,
            max_mail_bytes: 2 * 1024 * 1024,
            max_connections: 64,
        }
    }
}

/// Why the sink could not start.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    #[error("the mail sink listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    #[error("the mail sink could not listen on {addr}")]
    Bind { addr: SocketAddr, source: io::Error },
    #[error("the mails of an earlier run could not be read")]
    Journal(#[source] io::Error),
}

/// A running mail sink. Dropping it stops it; the mailbox stays readable.
pub struct MailSink {
    addr: SocketAddr,
    shelf: Arc<Shelf>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl MailSink {
    /// Reads the mails of an earlier run, listens, and serves on `io` from then on.
    pub fn start(
        config: &SinkConfig,
        clock: Arc<dyn Clock>,
        io: &Handle,
    ) -> Result<Self, SinkError> {
        if !config.addr.ip().is_loopback() {
            return Err(SinkError::NotLoopback(config.addr));
        }
        let shelf = Arc::new(Shelf::open(config).map_err(SinkError::Journal)?);
        let bind = |source| SinkError::Bind { addr: config.addr, source };
        let listener = StdListener::bind(config.addr).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let listener = {
            let _entered = io.enter();
            TcpListener::from_std(listener).map_err(bind)?
        };

        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let server = serve::Server {
            shelf: Arc::clone(&shelf),
            clock,
            stop: stop.clone(),
            tasks: tasks.clone(),
            max_mail_bytes: config.max_mail_bytes,
            max_connections: config.max_connections,
        };
        tasks.spawn_on(Arc::new(server).accept(listener), io);
        tasks.close();
        Ok(Self { addr, shelf, stop, tasks })
    }

    /// Where it listens, with the port that the system chose.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What [`crate::smtp::SmtpConfig::from_url`] takes to send here: `smtp://127.0.0.1:2525`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// The mails it has caught.
    pub fn mailbox(&self) -> Arc<dyn DevMailbox> {
        Arc::clone(&self.shelf) as Arc<dyn DevMailbox>
    }

    /// Stops listening, cuts open connections and waits until their tasks have ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
