//! A clock that stands still until it is told to move (A10): a week passes in milliseconds.
//!
//! # Invariants
//! - sleepers wake in the order of their times, those of the same time in the order they lay down;
//! - time never runs backwards by [`ManualClock::advance`]; [`ManualClock::jump_to`] may (a clock jump
//!   is a fault to test).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{oneshot, watch};

use super::lock;
use crate::clock::Clock;

/// How often [`ManualClock::run_for`] lets the other tasks go on at each step.
const YIELDS: usize = 64;

/// See the [module](self). Clones show the same time.
#[derive(Clone)]
pub struct ManualClock(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// How many sleep; changes wake who waits for sleepers.
    asleep: watch::Sender<usize>,
}

struct State {
    now: Timestamp,
    laid_down: u64,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
}

impl ManualClock {
    /// Shows `now`, cut to whole microseconds as every clock's time is.
    pub fn new(now: Timestamp) -> Self {
        let state = State { now: whole_micros(now), laid_down: 0, sleepers: BTreeMap::new() };
        Self(Arc::new(Inner { state: Mutex::new(state), asleep: watch::Sender::new(0) }))
    }

    /// Moves time forward at once and wakes, in order, who slept until then. Who wakes sees the new
    /// time; see [`run_for`](Self::run_for) where each is to see its own.
    pub fn advance(&self, by: SignedDuration) {
        let by = by.max(SignedDuration::ZERO);
        self.jump_to(self.now().saturating_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Sets the time, backwards too, and wakes who slept until then.
    pub fn jump_to(&self, now: Timestamp) {
        let mut state = lock(&self.0.state);
        state.now = whole_micros(now);
        while let Some(sleeper) = state.sleepers.first_entry().filter(|s| s.key().0 <= now) {
            let _gone = sleeper.remove().send(());
        }
        self.0.asleep.send_replace(state.sleepers.len());
    }

    /// Moves time forward step by step: to each sleeper's own time in turn, and lets the tasks of
    /// this runtime go on before the next step. For current-thread runtimes.
    pub async fn run_for(&self, span: SignedDuration) {
        let end = self.now().saturating_add(span).unwrap_or(Timestamp::MAX);
        loop {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            match self.sleepers().first().filter(|due| **due <= end) {
                Some(due) => self.jump_to((*due).max(self.now())),
                None => break,
            }
        }
        self.jump_to(end);
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
    }

    /// Until when the sleepers sleep, in order.
    pub fn sleepers(&self) -> Vec<Timestamp> {
        lock(&self.0.state).sleepers.keys().map(|(due, _)| *due).collect()
    }

    /// Waits, in real time, until at least `count` sleep.
    pub async fn until_asleep(&self, count: usize) {
        let mut asleep = self.0.asleep.subscribe();
        // The sender lives as long as we do.
        let _closed = asleep.wait_for(|asleep| *asleep >= count).await;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        lock(&self.0.state).now
    }

    async fn sleep_until(&self, at: Timestamp) {
        let (key, woken) = {
            let mut state = lock(&self.0.state);
            if at <= state.now {
                return;
            }
            let (wake, woken) = oneshot::channel();
            state.laid_down += 1;
            let key = (at, state.laid_down);
            state.sleepers.insert(key, wake);
            self.0.asleep.send_replace(state.sleepers.len());
            (key, woken)
        };
        let _asleep = Asleep { clock: self, key };
        let _gone = woken.await;
    }
}

/// Takes a sleeper off the list when its future is dropped.
struct Asleep<'a> {
    clock: &'a ManualClock,
    key: (Timestamp, u64),
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.clock.0.state);
        if state.sleepers.remove(&self.key).is_some() {
            self.clock.0.asleep.send_replace(state.sleepers.len());
        }
    }
}

fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> ManualClock {
        ManualClock::new(Timestamp::UNIX_EPOCH)
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    /// Sleeps until each of `times` in a task of its own; says who woke, and what time it was.
    async fn sleepers(clock: &ManualClock, times: &[i64]) -> Arc<Mutex<Vec<(i64, Timestamp)>>> {
        let woke = Arc::new(Mutex::new(Vec::new()));
        for (index, time) in times.iter().copied().enumerate() {
            let (clock, woke) = (clock.clone(), Arc::clone(&woke));
            tokio::spawn({
                let clock = clock.clone();
                async move {
                    clock.sleep_until(after(time)).await;
                    lock(&woke).push((time, clock.now()));
                }
            });
            clock.until_asleep(index + 1).await;
        }
        woke
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_times() {
        let clock = clock();
        let woke = sleepers(&clock, &[30, 10, 20, 40]).await;
        clock.advance(SignedDuration::from_secs(35));
        clock.run_for(SignedDuration::ZERO).await;
        let order: Vec<_> = lock(&woke).iter().map(|(time, _)| *time).collect();
        assert_eq!(order, [10, 20, 30]);
        assert_eq!(clock.sleepers(), [after(40)]);
    }

    #[tokio::test]
    async fn step_by_step_each_sleeper_sees_its_own_time() {
        let clock = clock();
        let woke = sleepers(&clock, &[30, 10]).await;
        clock.run_for(SignedDuration::from_secs(60)).await;
        assert_eq!(*lock(&woke), [(10, after(10)), (30, after(30))]);
        assert_eq!(clock.now(), after(60));
    }

    #[tokio::test]
    async fn who_gives_up_sleeping_is_forgotten_and_the_past_does_not_sleep() {
        let clock = clock();
        clock.sleep_until(after(0)).await;
        let sleeping = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(after(5)).await }
        });
        clock.until_asleep(1).await;
        sleeping.abort();
        assert!(sleeping.await.is_err());
        assert_eq!(clock.sleepers(), []);
    }
}
