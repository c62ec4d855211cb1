//! The agenda that answers stand on: what a tenant lets be booked, from the ledgers in memory.
//!
//! # Invariants
//! - **A6** what could not be read is not offered: a failure makes the agenda smaller, never wrong;
//! - **A9** so many ledgers, so long a wait; a turn goes on without;
//! - an agenda is two seconds old at most, and what this node stored since is in it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forecourt_core::booking::{Agenda, Ledger, Resource};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use crate::{booking::BookingDesk, engine::lock};

/// How long an agenda is taken from memory while other nodes may book.
const AGE: SignedDuration = SignedDuration::from_secs(2);
/// How long a turn waits for ledgers that have to be read first.
const PATIENCE: Duration = Duration::from_secs(2);
/// Ledgers that are asked for at once.
const AT_ONCE: usize = 16;

/// What a tenant keeps of its agenda.
#[derive(Default)]
pub(crate) struct AgendaCache {
    cached: Mutex<Cached>,
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Cached {
    /// Raised by what this node stores; an agenda that was begun before is not kept.
    changes: u64,
    read: Option<(Timestamp, Arc<Agenda>)>,
    /// Kept beyond its age: a new one that is the same stays this one, and what was worked out of it
    /// stays known.
    last: Option<Arc<Agenda>>,
}

impl AgendaCache {
    /// The agenda that is good at `now`; else how many changes it has seen.
    fn at(&self, now: Timestamp) -> Result<Arc<Agenda>, u64> {
        let cached = lock(&self.cached);
        match &cached.read {
            Some((read_at, agenda)) if now.duration_since(*read_at) < AGE => Ok(Arc::clone(agenda)),
            _ => Err(cached.changes),
        }
    }

    /// Keeps what was read after `begun` changes, unless there was another meanwhile.
    fn keep(&self, agenda: Agenda, begun: u64, now: Timestamp) -> Arc<Agenda> {
        let mut cached = lock(&self.cached);
        let agenda = match cached.last.take() {
            Some(last) if last.is_same(&agenda) => last,
            _ => Arc::new(agenda),
        };
        cached.last = Some(Arc::clone(&agenda));
        if cached.changes == begun {
            cached.read = Some((now, Arc::clone(&agenda)));
        }
        agenda
    }

    /// Something of it was changed.
    pub(crate) fn forget(&self) {
        let mut cached = lock(&self.cached);
        cached.changes += 1;
        cached.read = None;
    }
}

impl BookingDesk {
    /// Everything that can be booked, as far as it is known; empty when nothing can be read now.
    pub async fn agenda(&self) -> Arc<Agenda> {
        let (now, cache) = (self.now(), &self.tenant.agenda);
        if let Ok(agenda) = cache.at(now) {
            return agenda;
        }
        let read = tokio::time::timeout(PATIENCE, async {
            // One reads for all; who waited finds it read.
            let _reading = cache.reading.lock().await;
            match cache.at(now) {
                Ok(agenda) => Some(agenda),
                Err(changes) => Some(cache.keep(self.read_agenda().await?, changes, now)),
            }
        });
        let Ok(Some(agenda)) = read.await else {
            tracing::warn!(tenant.id = %self.id(), "an agenda could not be read: no times are offered");
            return Arc::default();
        };
        agenda
    }

    async fn read_agenda(&self) -> Option<Agenda> {
        let catalogue = self.catalogue().await.ok()?;
        let useful = |resource: &&Resource| {
            catalogue.terms.iter().any(|terms| terms.could_use(resource, None))
        };
        let ids: Vec<_> = catalogue.resources.iter().filter(useful).map(|r| r.id).collect();
        let looks = ids.into_iter().take(Agenda::MAX_LEDGERS).map(|id| async move {
            // A resource that cannot be read is not offered.
            let known = self.resources.look(self.id(), id).await.ok()??;
            Some(Arc::clone(&known.ledger))
        });
        let ledgers: Vec<Option<Arc<Ledger>>> =
            stream::iter(looks).buffered(AT_ONCE).collect().await;
        let ledgers = ledgers.into_iter().flatten().collect();
        Some(Agenda { terms: catalogue.terms.clone(), ledgers })
    }
}
