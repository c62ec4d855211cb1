//! The mail simulator: a real SMTP server on loopback that keeps what it accepts and misbehaves on
//! demand.
//!
//! Lives here: the server's life ([`SmtpSim`]), its dials ([`SmtpSimConfig`]) and the listener. It
//! runs on a thread and a runtime of its own, so a test may start it from any runtime. The faults
//! and their words are in [`fault`].

pub mod command;
pub mod fault;
pub mod input;
mod listener;
pub mod mail;
pub mod reply;
mod session;
pub mod store;

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::fault::Fault;
use self::listener::{Door, Doorway, serve};
pub use self::mail::Mail;
use self::reply::Reply;
use self::store::MailStore;
use crate::spec::SpecError;

/// Mistakes of clients that are remembered.
const MAX_MISTAKES: usize = 1000;

/// The dials of a simulator.
#[derive(Debug, Clone)]
pub struct SmtpSimConfig {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Faults from the start, in the words of [`fault`].
    pub faults: Vec<String>,
    /// Refuse messages that break the text format (bare line feeds, long lines, NUL).
    pub strict: bool,
    /// Largest message, in octets.
    pub max_size: usize,
    pub max_recipients: usize,
    pub max_connections: usize,
    /// Mails after which a connection is closed with 421.
    pub mails_per_connection: Option<u32>,
    /// Octets of all mails kept; beyond them mail is refused with 452.
    pub max_kept: usize,
    /// Silence of a client after which its connection is closed.
    pub idle: Duration,
    /// The login that is required; without it any login is taken and none is needed.
    pub login: Option<Login>,
    /// File that gets a JSON line per mail. It holds personal data.
    pub file: Option<PathBuf>,
}

impl Default for SmtpSimConfig {
    fn default() -> Self {
        Self {
            port: 0,
            faults: Vec::new(),
            strict: true,
            max_size: 25 << 20,
            max_recipients: 100,
            max_connections: 1000,
            mails_per_connection: None,
            max_kept: 512 << 20,
            idle: Duration::from_mins(5),
            login: None,
            file: None,
        }
    }
}

/// A user name and a password.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

impl Login {
    fn fits(&self, user: &str, password: &str) -> bool {
        self.user == user && self.password.expose_secret() == password
    }
}

/// Why a simulator does not start, or a wait ends without success.
#[derive(Debug, Error)]
pub enum SmtpSimError {
    #[error("the fault cannot be read")]
    Spec(#[from] SpecError),
    #[error("the server cannot listen or open its file")]
    Io(#[from] io::Error),
    #[error("the server has stopped")]
    Stopped,
    #[error("only {came} of {wanted} mails came in time")]
    TooFew { came: u64, wanted: u64 },
}

/// What all connections share.
struct Shared {
    config: SmtpSimConfig,
    store: MailStore,
    faults: fault::FaultPlan,
    connections: AtomicU64,
    open: AtomicUsize,
    mistakes: Mutex<Vec<String>>,
}

impl Shared {
    /// Remembers what a client did wrong; replies hold no text of the client (A13).
    fn note_mistake(&self, reply: &Reply) {
        let mut mistakes = self.mistakes.lock().unwrap_or_else(PoisonError::into_inner);
        if mistakes.len() < MAX_MISTAKES {
            mistakes.push(String::from_utf8_lossy(&reply.to_bytes()).trim_end().to_owned());
        }
    }
}

/// A running simulator. It stops when it is dropped.
pub struct SmtpSim {
    addr: SocketAddr,
    shared: Arc<Shared>,
    door: Option<mpsc::Sender<Door>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for SmtpSim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SmtpSim").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl SmtpSim {
    /// Starts a simulator; when this returns it accepts connections, or refuses them if told so.
    pub fn start(config: SmtpSimConfig) -> Result<Self, SmtpSimError> {
        let faults = parse_faults(&config.faults)?;
        let refuse = faults.iter().any(Fault::refuses);
        let file = config
            .file
            .as_ref()
            .map(|path| OpenOptions::new().create(true).append(true).open(path))
            .transpose()?;
        let port = config.port;
        let shared = Arc::new(Shared {
            store: MailStore::new(config.max_kept, file),
            config,
            faults: fault::FaultPlan::default(),
            connections: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            mistakes: Mutex::default(),
        });
        shared.faults.set(faults);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (addr, doorway) = {
            let _entered = runtime.enter();
            let doorway = Doorway::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), refuse)?;
            (doorway.addr, doorway)
        };
        let (door, orders) = mpsc::channel(4);
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("smtp-sim".to_owned())
            .spawn(move || runtime.block_on(serve(doorway, orders, for_thread)))?;
        Ok(Self { addr, shared, door: Some(door), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL for a client: `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// Replaces all faults. With `refuse` among them open connections drop at once; when this
    /// returns the new faults are in force.
    pub async fn set_faults(&self, specs: &[&str]) -> Result<(), SmtpSimError> {
        let faults = parse_faults(specs)?;
        let open = !faults.iter().any(Fault::refuses);
        self.shared.faults.set(faults);
        let (done, heard) = oneshot::channel();
        let door = self.door.as_ref().ok_or(SmtpSimError::Stopped)?;
        door.send(Door { open, done }).await.map_err(|_| SmtpSimError::Stopped)?;
        heard.await.map_err(|_| SmtpSimError::Stopped)??;
        Ok(())
    }

    /// All mails that were accepted, oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.shared.store.list()
    }

    /// The mails to `address`, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<Arc<Mail>> {
        self.mails().into_iter().filter(|mail| mail.is_to(address)).collect()
    }

    /// Takes the mails out of memory: for a reader that keeps up.
    pub fn take_mails(&self) -> Vec<Arc<Mail>> {
        self.shared.store.take()
    }

    /// How many mails were accepted so far, and every change of it.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.store.watch()
    }

    /// Waits until `wanted` mails were accepted in all, and gives those in memory.
    pub async fn wait_for(
        &self,
        wanted: u64,
        within: Duration,
    ) -> Result<Vec<Arc<Mail>>, SmtpSimError> {
        let mut count = self.watch();
        let came = tokio::time::timeout(within, count.wait_for(|count| *count >= wanted)).await;
        if matches!(came, Ok(Ok(_))) {
            return Ok(self.mails());
        }
        let came = *self.watch().borrow();
        Err(SmtpSimError::TooFew { came, wanted })
    }

    /// Waits for a mail to `address`.
    pub async fn wait_for_mail_to(
        &self,
        address: &str,
        within: Duration,
    ) -> Result<Arc<Mail>, SmtpSimError> {
        let mut count = self.watch();
        let found = async {
            loop {
                count.mark_unchanged();
                if let Some(mail) = self.mails_to(address).into_iter().next() {
                    return Some(mail);
                }
                if count.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(within, found).await {
            Ok(Some(mail)) => Ok(mail),
            _ => Err(SmtpSimError::TooFew { came: 0, wanted: 1 }),
        }
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// The replies to what clients did wrong: a right client leaves this empty. Replies of faults
    /// are not among them.
    pub fn mistakes(&self) -> Vec<String> {
        self.shared.mistakes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops: the listener closes and open connections drop.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        drop(self.door.take());
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            thread.join().ok();
        }
    }
}

impl Drop for SmtpSim {
    fn drop(&mut self) {
        self.halt();
    }
}

fn parse_faults(specs: &[impl AsRef<str>]) -> Result<Vec<Fault>, SpecError> {
    specs.iter().map(|spec| Fault::parse(spec.as_ref())).collect()
}
