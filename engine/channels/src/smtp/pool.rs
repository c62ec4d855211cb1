//! A few connections, kept and reused.
//!
//! # Invariants
//! - **A9** no more connections than places, idle ones included: a connection is opened only when
//!   none is idle, by whoever holds a place;
//! - a stale connection costs nothing but a new one: it is found before, or replaced once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{
    config::{ConfigError, PoolLimits, SmtpConfig},
    dial::Dialer,
    fault::Fault,
    link::Link,
};
use crate::letter::Composed;

pub(super) struct Pool {
    dialer: Dialer,
    limits: PoolLimits,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Link>>,
}

/// A connection in use. Dropped without [`Lease::give_back`], the connection is closed.
pub(super) struct Lease {
    pub(super) link: Link,
    place: OwnedSemaphorePermit,
    pool: Arc<Pool>,
}

impl Pool {
    pub(super) fn new(config: SmtpConfig) -> Result<Arc<Self>, ConfigError> {
        let limits = config.pool;
        Ok(Arc::new(Self {
            dialer: Dialer::new(config)?,
            limits,
            places: Arc::new(Semaphore::new(limits.connections.max(1))),
            idle: Mutex::default(),
        }))
    }

    /// Brings a connection to where it waits for the body of `mail`.
    pub(super) async fn begin(self: &Arc<Self>, mail: &Composed) -> Result<Lease, Begun> {
        let waiting = Arc::clone(&self.places).acquire_owned();
        let patience = self.dialer.config.timeouts.prepare / 2;
        let Ok(Ok(place)) = timeout(patience, waiting).await else {
            return Err(Begun::Before(Fault::Busy));
        };
        let mut kept = self.take().await;
        loop {
            let was_kept = kept.is_some();
            let mut link = match kept.take() {
                Some(link) => link,
                None => self.dialer.dial().await.map_err(Begun::Before)?,
            };
            match link.begin(mail).await {
                Ok(()) => return Ok(Lease { link, place, pool: Arc::clone(self) }),
                // Once: the next one is fresh.
                Err(fault) if was_kept && fault.may_be_stale() => {}
                Err(fault) => {
                    if fault.leaves_connection() {
                        let lease = Lease { link, place, pool: Arc::clone(self) };
                        tokio::spawn(lease.reset_and_give_back());
                    }
                    return Err(Begun::After(fault));
                }
            }
        }
    }

    /// The connection used last that still lives.
    async fn take(&self) -> Option<Link> {
        loop {
            let mut link = self.idle().pop()?;
            if self.expired(&link) || link.quiet().await.is_err() {
                continue;
            }
            if link.idle_since.elapsed() < self.limits.check_after || link.reset().await.is_ok() {
                return Some(link);
            }
        }
    }

    fn expired(&self, link: &Link) -> bool {
        link.idle_since.elapsed() >= self.limits.max_idle
            || link.born.elapsed() >= self.limits.max_age
            || link.mails >= self.limits.max_mails
    }

    /// Closes idle connections in time, until the pool is gone.
    pub(super) async fn sweep(pool: Weak<Self>) {
        while let Some(every) = pool.upgrade().map(|pool| pool.limits.max_idle / 2) {
            tokio::time::sleep(every.max(std::time::Duration::from_millis(10))).await;
            let Some(pool) = pool.upgrade() else {
                return;
            };
            let old: Vec<Link> = {
                let mut idle = pool.idle();
                idle.extract_if(.., |link| pool.expired(link)).collect()
            };
            for link in old {
                tokio::spawn(link.close());
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where [`Pool::begin`] failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begun {
    /// The server has not heard of the mail.
    Before(Fault),
    /// It has.
    After(Fault),
}

impl Lease {
    /// Keeps the connection for the next mail.
    pub(super) fn give_back(mut self) {
        if self.pool.expired(&self.link) {
            tokio::spawn(async move {
                let Self { link, place, .. } = self;
                link.close().await;
                drop(place);
            });
            return;
        }
        self.link.idle_since = Instant::now();
        let Self { link, place, pool } = self;
        pool.idle().push(link);
        drop(place); // only now may another one open a connection
    }

    /// After a refusal: the connection is fine once it has forgotten the mail.
    pub(super) async fn reset_and_give_back(mut self) {
        if self.link.reset().await.is_ok() {
            self.give_back();
        }
    }
}
