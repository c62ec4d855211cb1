//! Virtual time: the runtime's own paused clock, which jumps to the next sleeper when nothing can run.
//!
//! The engine sleeps through its clock port and, in a few places, through the runtime; both are one
//! clock here. Each node sees it with an error of its own. A node that was killed sleeps for ever.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use forecourt_ports::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// When every simulation begins: a Monday.
const BEGIN: Timestamp = Timestamp::constant(1_767_571_200, 0);

/// The time as it truly is. Must be made inside the paused runtime.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrueTime {
    origin: Instant,
}

impl TrueTime {
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// In whole microseconds.
    pub(super) fn now(self) -> Timestamp {
        let passed = Instant::now().duration_since(self.origin).as_micros();
        let passed = SignedDuration::from_micros(i64::try_from(passed).unwrap_or(i64::MAX));
        BEGIN.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    pub(super) const fn begin() -> Timestamp {
        BEGIN
    }
}

/// Sleeps in true time.
pub(super) async fn pass(span: SignedDuration) {
    tokio::time::sleep(span.try_into().unwrap_or_default()).await;
}

/// Never returns once its node was killed: what a dead process does next, nobody sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse(Arc<AtomicBool>);

impl Pulse {
    pub(super) fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}

/// A node's clock: true time and its own error.
#[derive(Clone, Debug)]
pub(super) struct NodeClock {
    pub(super) time: TrueTime,
    pub(super) error: SignedDuration,
    pub(super) pulse: Pulse,
}

#[async_trait]
impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.time.now().saturating_add(self.error).unwrap_or(Timestamp::MAX)
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            self.pulse.alive().await;
            let left = at.duration_since(self.now());
            if !left.is_positive() {
                return;
            }
            pass(left).await;
        }
    }
}
