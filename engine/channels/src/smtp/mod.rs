//! Sending through a mail server, in the two steps of the port.
//!
//! Lives here: [`SmtpSender`]. `config` reads the URL, `dial` opens a connection, `link` speaks over
//! it, `pool` keeps it, `fault` says what a failure means, `receipt` reads the queue id.
//!
//! # Invariants
//! - **R1** [`Sender::prepare`] ends with the server's `354`; only [`Prepared::hand_over`] sends the
//!   mail and the final dot. Dropping what was prepared closes the connection: the server forgets;
//! - once the body has begun, only a reply is an answer; silence is `Uncertain`;
//! - **A5** every step has its time, and `prepare` one for all of it;
//! - all sockets belong to the runtime given, whichever thread asks.

mod config;
mod dial;
mod fault;
mod link;
mod pool;
mod receipt;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_ports::{
    clock::Clock,
    sender::{Accepted, Outgoing, Prepared, SendError, Sender},
};
use tokio::{runtime::Handle, time::timeout};
use tokio_util::task::AbortOnDropHandle;

pub use self::config::{ConfigError, PoolLimits, Security, SmtpConfig, Timeouts};
use self::{
    fault::Fault,
    pool::{Begun, Lease, Pool},
};
use crate::letter::{self, LetterError};

/// Sends mail through one server.
pub struct SmtpSender {
    pool: Arc<Pool>,
    times: Timeouts,
    clock: Arc<dyn Clock>,
    io: Handle,
}

impl SmtpSender {
    /// Reads certificates where the URL asks for TLS; connects when the first mail is sent.
    ///
    /// All sockets are driven on `io`.
    pub fn new(config: SmtpConfig, clock: Arc<dyn Clock>, io: Handle) -> Result<Self, ConfigError> {
        let times = config.timeouts;
        let pool = Pool::new(config)?;
        io.spawn(Pool::sweep(Arc::downgrade(&pool)));
        Ok(Self { pool, times, clock, io })
    }
}

#[async_trait]
impl Sender for SmtpSender {
    fn name(&self) -> &'static str {
        "smtp"
    }

    async fn prepare(&self, outgoing: &Outgoing) -> Result<Box<dyn Prepared>, SendError> {
        let (pool, times, now) = (Arc::clone(&self.pool), self.times, self.clock.now());
        let outgoing = outgoing.clone();
        let preparing = self.io.spawn(async move {
            let mail = letter::compose(&outgoing, now).map_err(|error| unwritten(&error))?;
            match timeout(times.prepare, pool.begin(&mail)).await {
                Ok(Ok(lease)) => Ok((lease, mail.bytes)),
                Ok(Err(Begun::Before(fault))) => Err(fault.before_message()),
                Ok(Err(Begun::After(fault))) => Err(fault.of_message()),
                Err(_) => Err(Fault::Timeout.before_message()),
            }
        });
        // Whoever stops waiting stops the work: nothing has left yet.
        let prepared = AbortOnDropHandle::new(preparing).await;
        let (lease, bytes) = prepared.unwrap_or_else(|_| Err(Fault::Aborted.before_message()))?;
        let (clock, io) = (Arc::clone(&self.clock), self.io.clone());
        Ok(Box::new(Ready { lease, bytes, clock, io }))
    }
}

/// A connection that waits for the body, and the body.
struct Ready {
    lease: Lease,
    bytes: Vec<u8>,
    clock: Arc<dyn Clock>,
    io: Handle,
}

#[async_trait]
impl Prepared for Ready {
    async fn hand_over(self: Box<Self>) -> Result<Accepted, SendError> {
        // Not aborted when the caller stops waiting: half a mail helps nobody.
        let handing_over = self.io.clone().spawn(self.deliver());
        handing_over.await.unwrap_or_else(|_| Err(Fault::Aborted.of_body()))
    }
}

impl Ready {
    async fn deliver(mut self: Box<Self>) -> Result<Accepted, SendError> {
        // While the caller noted the handover the server may have lost patience. Nothing of the
        // mail has been sent, so that is no doubt but an answer.
        if let Err(fault) = self.lease.link.quiet().await {
            return Err(fault.before_message());
        }
        let Self { mut lease, bytes, clock, .. } = *self;
        match lease.link.finish(&bytes).await {
            Ok(reply) => {
                let accepted =
                    Accepted { reference: receipt::queue_id(reply.message()), at: clock.now() };
                lease.give_back();
                Ok(accepted)
            }
            Err(fault) => {
                if fault.leaves_connection() {
                    tokio::spawn(lease.reset_and_give_back());
                }
                Err(fault.of_body())
            }
        }
    }
}

/// What a letter that cannot be written means: a wrong setting can be set right, the rest cannot.
fn unwritten(error: &LetterError) -> SendError {
    let permanent = |code: &str| SendError::Permanent { code: code.into() };
    match error {
        LetterError::Sender => {
            SendError::Temporary { code: "sender-address-invalid".into(), retry_after: None }
        }
        LetterError::Recipient => permanent("address-invalid"),
        LetterError::Empty => permanent("letter-empty"),
        LetterError::TooLong => permanent("letter-too-long"),
        LetterError::Template(_) | LetterError::Build(_) | LetterError::Calendar => {
            permanent("letter-unwritable")
        }
    }
}
