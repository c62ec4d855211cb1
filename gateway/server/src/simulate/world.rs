//! Everything of a simulation that outlives its nodes: time, faults, what was seen, and the verdict.
//!
//! One lock, never held over an await: the simulation runs on one thread, and the lock only satisfies
//! the ports, which may be called from many.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use forecourt_core::id::{SessionId, TenantId};
use forecourt_ports::presence::MemberPresence;
use jiff::{SignedDuration, Timestamp};

use super::{
    clock::TrueTime,
    faults::{Fault, FaultSet, Faults},
    trace::Trace,
    witness::Witness,
};

/// When everything works for so long, nothing may be overdue any more: the longest lease (a letter's
/// handover, 45 s), the sweep, the slowest letter and a few refused commits fit in.
const GRACE: SignedDuration = SignedDuration::from_secs(120);
/// Violations told in full; more are only counted.
const TOLD: usize = 20;

/// A promise that is checked, by its name in the architecture and the bars.
pub(super) const LAWS: &[(&str, &str)] = &[
    ("A1", "acked is durable, and nothing is published before its commit"),
    ("A2", "one writer: versions and sequence numbers without gaps"),
    ("A3", "replaying a session's events gives its stored state"),
    ("A4", "models and letters are run for what is stored, and only then"),
    ("A5", "every promise ends by its deadline, kept or broken and flagged"),
    ("A6", "what a model invented is neither stored nor sent"),
    ("A7", "nothing of an older fence leaves; the assistant is silent where a person speaks"),
    ("A8", "no tenant sees, stores or sends another's"),
    ("A9", "every call is answered, every state is bounded"),
    ("A11", "a waiting customer owns a live timer, and no timer is forgotten"),
    ("A13", "no personal data in a log line"),
    ("R1", "a letter is handed over once; an unknown outcome is flagged, never repeated"),
    ("R6", "a submission that comes again has its effects once"),
    ("R8", "no panic but those that were made on purpose"),
];

/// A law that was broken.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    pub(super) law: &'static str,
    pub(super) step: u64,
    pub(super) at: Timestamp,
    pub(super) session: Option<SessionId>,
    pub(super) what: String,
    /// The steps that led to it.
    pub(super) steps: Vec<String>,
}

/// Bugs that a test puts in, to see that the checks find them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sabotage {
    #[default]
    None,
    /// The store says stored, and has not.
    AckUnstored,
    /// The store loses timers.
    LoseTimers,
    /// The store lets old fences pass.
    IgnoreFences,
    /// The mail client hands each letter over twice.
    SendTwice,
    /// Somebody logs a customer's address.
    LogAddress,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) time: TrueTime,
    pub(super) faults: Faults,
    pub(super) trace: Trace,
    pub(super) witness: Witness,
    pub(super) sabotage: Sabotage,
    pub(super) violations: Vec<Violation>,
    pub(super) more_violations: u64,
    checks: BTreeMap<&'static str, u64>,
    /// What happened how often, by a word for it.
    pub(super) counts: BTreeMap<String, u64>,
    /// Milliseconds from a customer's message to the proof of its answer, in true time.
    pub(super) answered_ms: Vec<i64>,
    /// Until then something was broken for everybody: nothing is overdue on its account.
    ill_until: Timestamp,
    pub(super) store_away_until: Timestamp,
    pub(super) models_away_until: Timestamp,
    pub(super) mail_away_until: Timestamp,
    /// Who works where; everybody is there all day.
    pub(super) staff: BTreeMap<TenantId, Vec<MemberPresence>>,
    /// Conversations whose people were told by mail.
    pub(super) alarms: VecDeque<SessionId>,
    /// How often a node's clock came back an hour off.
    pub(super) jumps: u64,
    /// What all nodes' clocks are off by.
    pub(super) clocks_error: SignedDuration,
    /// The step to stop at, and what had happened by then.
    pub(super) until: Option<u64>,
    pub(super) stopped: Option<Vec<String>>,
    /// When the run ended; its clock stops with its runtime.
    pub(super) ended: Option<Timestamp>,
}

/// The world as everybody holds it.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(super) fn new(time: TrueTime, faults: FaultSet, seed: u64, sabotage: Sabotage) -> Self {
        let begin = TrueTime::begin();
        Self(Arc::new(Mutex::new(World {
            time,
            faults: Faults::new(faults, seed),
            trace: Trace::default(),
            witness: Witness::default(),
            sabotage,
            violations: Vec::new(),
            more_violations: 0,
            checks: LAWS.iter().map(|(law, _)| (*law, 0)).collect(),
            counts: BTreeMap::new(),
            answered_ms: Vec::new(),
            ill_until: begin,
            store_away_until: begin,
            models_away_until: begin,
            mail_away_until: begin,
            staff: BTreeMap::new(),
            alarms: VecDeque::new(),
            jumps: 0,
            clocks_error: SignedDuration::ZERO,
            until: None,
            stopped: None,
            ended: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        // A panic on purpose may have come while it was held: every change is whole by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn strikes(&self, fault: Fault) -> bool {
        let mut world = self.lock();
        let strikes = world.faults.strikes(fault);
        if strikes {
            world.step(None, format!("fault {fault}"));
        }
        strikes
    }
}

impl World {
    pub(super) fn step(&mut self, session: Option<SessionId>, what: String) {
        self.trace.step(self.now(), session, what);
        if self.until == Some(self.trace.steps()) {
            self.stopped = Some(self.trace.tail(None, 40));
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ended.unwrap_or_else(|| self.time.now())
    }

    pub(super) fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// Checks a law once; `say` tells how it was broken, without personal data.
    pub(super) fn check(
        &mut self,
        law: &'static str,
        holds: bool,
        session: Option<SessionId>,
        say: impl FnOnce() -> String,
    ) {
        *self.checks.entry(law).or_default() += 1;
        if holds {
            return;
        }
        let what = say();
        self.step(session, format!("BROKEN {law}: {what}"));
        if self.violations.len() == TOLD {
            self.more_violations += 1;
            return;
        }
        let (step, at) = (self.trace.steps(), self.now());
        let steps = self.trace.tail(session, 60);
        self.violations.push(Violation { law, step, at, session, what, steps });
    }

    /// So many checks of a law that were made elsewhere, and held.
    pub(super) fn checked(&mut self, law: &'static str, times: u64) {
        *self.checks.entry(law).or_default() += times;
    }

    pub(super) const fn checks(&self) -> &BTreeMap<&'static str, u64> {
        &self.checks
    }

    /// Something that concerns everybody is broken until then.
    pub(super) fn ill_until(&mut self, until: Timestamp) {
        self.ill_until = self.ill_until.max(until);
    }

    /// What was due before this, by the nodes' clocks, has had its time.
    pub(super) fn overdue_before(&self) -> Option<Timestamp> {
        let now = self.now();
        let fit_since = self.ill_until.max(self.store_away_until);
        let before = now.saturating_sub(GRACE).ok()?;
        let by_their_clocks = before.saturating_add(self.clocks_error).ok()?;
        (fit_since <= before).then_some(by_their_clocks)
    }
}
