//! What is told of a running session: counts that its actor keeps, and anyone may read without asking it.
//!
//! An actor that hangs, or waits behind one that does, answers no question; its vitals still do. A
//! command costs a handful of relaxed atomic writes. Ids, counts and codes only (A13).

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use forecourt_core::{
    event::Version,
    id::{SessionId, TenantId, TurnId},
    promise::Rung,
};
use jiff::Timestamp;

use crate::engine::lock;

/// Deaths and quarantines that are remembered.
const INCIDENTS: usize = 256;

/// Counts of one session's actor.
pub(crate) struct Vitals {
    born: Instant,
    mailbox: AtomicI64,
    queue: AtomicUsize,
    version: AtomicI64,
    handled: AtomicU64,
    total_us: AtomicU64,
    longest_us: AtomicU64,
    /// Microseconds after `born`, plus one, at which the command under way began; 0 when none is.
    began_us: AtomicU64,
    /// Microseconds after `born` of the last sign of life.
    last_us: AtomicU64,
    turn: Mutex<Option<TurnNow>>,
    fault: Mutex<Option<&'static str>>,
}

#[derive(Clone, Copy)]
pub(crate) struct TurnNow {
    pub(crate) turn: TurnId,
    pub(crate) rung: Rung,
    since: Instant,
}

impl TurnNow {
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

/// What the vitals say at one moment.
pub(crate) struct Reading {
    pub(crate) mailbox: usize,
    pub(crate) queue: usize,
    pub(crate) version: Version,
    pub(crate) handled: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
    pub(crate) under_way: Option<Duration>,
    pub(crate) idle: Duration,
    pub(crate) turn: Option<TurnNow>,
    pub(crate) fault: Option<&'static str>,
}

impl Vitals {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            mailbox: AtomicI64::new(0),
            queue: AtomicUsize::new(0),
            version: AtomicI64::new(0),
            handled: AtomicU64::new(0),
            total_us: AtomicU64::new(0),
            longest_us: AtomicU64::new(0),
            began_us: AtomicU64::new(0),
            last_us: AtomicU64::new(0),
            turn: Mutex::default(),
            fault: Mutex::default(),
        })
    }

    /// A command went into the mailbox. The actor may have taken it already: counted after the fact,
    /// the number may be off by one for a moment.
    pub(crate) fn mailed(&self) {
        self.mailbox.fetch_add(1, Relaxed);
    }

    /// A command has left the mailbox.
    pub(crate) fn unmailed(&self) {
        self.mailbox.fetch_sub(1, Relaxed);
    }

    pub(crate) fn queued(&self, waiting: usize) {
        self.queue.store(waiting, Relaxed);
    }

    /// A command is taken up, from a state of this version.
    pub(crate) fn begin(&self, version: Version) {
        let now = self.now_us();
        self.began_us.store(now + 1, Relaxed);
        self.last_us.store(now, Relaxed);
        self.version.store(version.0, Relaxed);
    }

    /// The command under way has its answer.
    pub(crate) fn end(&self, version: Option<Version>) {
        let now = self.now_us();
        let began = self.began_us.swap(0, Relaxed);
        if began > 0 {
            let took = (now + 1).saturating_sub(began);
            self.handled.fetch_add(1, Relaxed);
            self.total_us.fetch_add(took, Relaxed);
            self.longest_us.fetch_max(took, Relaxed);
        }
        self.last_us.store(now, Relaxed);
        if let Some(version) = version {
            self.version.store(version.0, Relaxed);
        }
    }

    /// What went wrong last, as a code.
    pub(crate) fn fault(&self, code: &'static str) {
        *lock(&self.fault) = Some(code);
    }

    /// A turn runs until the answer is dropped.
    pub(crate) fn turn(self: &Arc<Self>, turn: TurnId, rung: Rung) -> TurnSeen {
        *lock(&self.turn) = Some(TurnNow { turn, rung, since: Instant::now() });
        TurnSeen { vitals: Arc::clone(self), turn }
    }

    pub(crate) fn read(&self) -> Reading {
        let now = self.now_us();
        let began = self.began_us.load(Relaxed);
        let us = Duration::from_micros;
        Reading {
            mailbox: usize::try_from(self.mailbox.load(Relaxed)).unwrap_or(0),
            queue: self.queue.load(Relaxed),
            version: Version(self.version.load(Relaxed)),
            handled: self.handled.load(Relaxed),
            total: us(self.total_us.load(Relaxed)),
            longest: us(self.longest_us.load(Relaxed)),
            under_way: (began > 0).then(|| us((now + 1).saturating_sub(began))),
            idle: us(now.saturating_sub(self.last_us.load(Relaxed))),
            turn: *lock(&self.turn),
            fault: *lock(&self.fault),
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX - 1)
    }
}

/// A running turn in its session's vitals.
pub(crate) struct TurnSeen {
    vitals: Arc<Vitals>,
    turn: TurnId,
}

impl Drop for TurnSeen {
    fn drop(&mut self) {
        let mut now = lock(&self.vitals.turn);
        // The next turn may have begun before this one was dropped.
        if now.is_some_and(|now| now.turn == self.turn) {
            *now = None;
        }
    }
}

/// What befell a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its actor died of a panic, and another was started.
    Crashed,
    /// One command killed it twice: a person was told.
    KilledTwice,
    /// The store can never take what it decided: a person was told.
    Unstorable,
}

impl Fate {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::KilledTwice => "killed_twice",
            Self::Unstorable => "unstorable",
        }
    }

    /// Whether the session was handed to a person.
    pub const fn is_quarantine(self) -> bool {
        !matches!(self, Self::Crashed)
    }
}

/// A death or a quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    pub at: Timestamp,
    pub tenant: TenantId,
    pub session: SessionId,
    pub fate: Fate,
    /// The kind of command that did it, where one is known.
    pub command: Option<&'static str>,
}

/// The last deaths and quarantines of this node, oldest first.
#[derive(Default)]
pub(crate) struct Incidents(Mutex<VecDeque<Incident>>);

impl Incidents {
    /// Never panics: it is called while unwinding.
    pub(crate) fn push(&self, incident: Incident) {
        let mut ring = lock(&self.0);
        if ring.len() >= INCIDENTS {
            ring.pop_front();
        }
        ring.push_back(incident);
    }

    pub(crate) fn all(&self) -> Vec<Incident> {
        lock(&self.0).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn turn(n: u128) -> TurnId {
        TurnId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_turn_that_ends_late_does_not_hide_the_next_one() {
        let vitals = Vitals::new();
        let first = vitals.turn(turn(1), Rung::Primary);
        let second = vitals.turn(turn(2), Rung::Second);
        drop(first);
        assert_eq!(vitals.read().turn.map(|now| now.turn), Some(turn(2)));
        drop(second);
        assert!(vitals.read().turn.is_none());
    }

    #[test]
    fn a_command_counts_once_and_only_when_one_was_taken_up() {
        let vitals = Vitals::new();
        vitals.end(None);
        assert_eq!(vitals.read().handled, 0);
        vitals.begin(Version(3));
        assert!(vitals.read().under_way.is_some());
        vitals.end(Some(Version(5)));
        let read = vitals.read();
        assert_eq!((read.handled, read.version), (1, Version(5)));
        assert!(read.under_way.is_none() && read.longest <= read.total);
    }

    #[test]
    fn the_history_of_incidents_keeps_the_newest_and_has_an_end() {
        let incidents = Incidents::default();
        for n in 0..300 {
            incidents.push(Incident {
                at: Timestamp::UNIX_EPOCH,
                tenant: TenantId::from_uuid(Uuid::from_u128(1)),
                session: SessionId::from_uuid(Uuid::from_u128(n)),
                fate: Fate::Crashed,
                command: None,
            });
        }
        let all = incidents.all();
        assert_eq!(all.len(), INCIDENTS);
        assert_eq!(all[255].session.as_uuid().as_u128(), 299);
    }
}
