//! The order in which turns go on that a crash has cut off: the oldest first, a few at a time.
//!
//! All at once they would end all at once, and late; and where the process is killed again before that, none
//! would ever end. A few at a time, each life answers some of those who wait.
//!
//! # Invariants
//! - **A5** who is slow keeps nobody else waiting for longer than [`HEAD_START`]: a model may take its time;
//! - turns that nothing cut off never wait here.

use std::{pin::pin, sync::Arc};

use forecourt_ports::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

/// Turns that go on at once.
const AT_ONCE: usize = 8;
/// How long a turn keeps the next one waiting.
const HEAD_START: SignedDuration = SignedDuration::from_millis(150);

/// The places of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Resuming(Arc<Semaphore>);

impl Default for Resuming {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Resuming {
    /// Does `work` when it is its turn; who comes first is served first.
    pub(crate) async fn run<T>(&self, clock: &dyn Clock, work: impl Future<Output = T>) -> T {
        let place = self.0.acquire().await;
        let mut work = pin!(work);
        let until = clock.now().saturating_add(HEAD_START).unwrap_or(Timestamp::MAX);
        tokio::select! {
            done = &mut work => return done,
            () = clock.sleep_until(until) => drop(place),
        }
        work.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use forecourt_ports::fake::ManualClock;
    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    #[tokio::test]
    async fn a_few_go_on_at_once_and_a_slow_one_holds_up_the_next_for_a_moment_only() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let (resuming, begun) = (Resuming::default(), AtomicUsize::new(0));
        let slow = (0..=AT_ONCE * 2).map(|_| {
            resuming.run(&clock, async {
                begun.fetch_add(1, SeqCst);
                std::future::pending::<()>().await;
            })
        });
        let mut slow = pin!(join_all(slow));
        assert!(slow.as_mut().now_or_never().is_none());
        assert_eq!(begun.load(SeqCst), AT_ONCE);
        clock.advance(SignedDuration::from_millis(149));
        assert!(slow.as_mut().now_or_never().is_none());
        assert_eq!(begun.load(SeqCst), AT_ONCE, "not a moment early");
        clock.advance(SignedDuration::from_millis(1));
        assert!(slow.as_mut().now_or_never().is_none());
        assert_eq!(begun.load(SeqCst), 2 * AT_ONCE);
    }

    #[tokio::test]
    async fn who_is_done_makes_room_at_once() {
        let (clock, resuming) = (ManualClock::new(Timestamp::UNIX_EPOCH), Resuming::default());
        let quick = (0..100).map(|n| resuming.run(&clock, async move { n }));
        assert_eq!(join_all(quick).await, (0..100).collect::<Vec<_>>());
    }
}
