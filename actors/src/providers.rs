//! What a node knows of the provider it sends through: whether it answers, and how much leaves.
//!
//! One breaker for all tenants of the node, because an outage is the provider's and not a tenant's; a
//! rate of its own for each tenant, because nobody's burst may be another's delay. The rules are the
//! core's ([`forecourt_core::breaker`], [`forecourt_core::rate`]).
//!
//! # Invariants
//! - **A8** a tenant sees the provider's state and its own figures, nobody else's;
//! - a refusal of one recipient says nothing about the provider.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use forecourt_core::{
    breaker::{Breaker, Heard, Leave, Pauses, Shown},
    rate::{Bucket, Meter, Rate},
    session::DeliveryReport,
};
use jiff::Timestamp;
use tokio::sync::{Notify, futures::OwnedNotified};

use crate::{engine::lock, names};

/// What one tenant may send through one provider.
const RATE: Rate = Rate { per_second: 500, burst: 1_000 };

/// Codes of tries that failed without a word about the provider: our own troubles, and refusals of
/// one recipient (a full mailbox, greylisting).
const NOT_THE_PROVIDER: [&str; 8] = [
    "aborted",
    "crashed",
    "lost",
    "pool-busy",
    "sender-address-invalid",
    "smtp-450",
    "smtp-452",
    "store",
];

/// A provider as one tenant sees it on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderStatus {
    /// As in metrics, such as `smtp`.
    pub name: &'static str,
    pub state: Shown,
    /// Failures in a row, of all tenants.
    pub failures: u32,
    /// Letters of this tenant that the provider took in the last minute.
    pub sent_last_minute: u32,
    /// Letters of this tenant that wait in memory.
    pub waiting: usize,
}

/// The breaker that all tenants of a node share.
pub(crate) struct Provider {
    name: &'static str,
    breaker: Mutex<Breaker>,
    /// Rung when what waits may ask again; it wakes in the order in which they wait (A10).
    changed: Arc<Notify>,
}

impl Provider {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        metrics::gauge!(names::PROVIDER_STATE, "provider" => name).set(0.0);
        let breaker = Mutex::new(Breaker::new(Pauses::default()));
        Arc::new(Self { name, breaker, changed: Arc::default() })
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn ask(&self, now: Timestamp, deadline: Option<Timestamp>) -> Leave {
        let mut breaker = lock(&self.breaker);
        let leave = breaker.ask(now, deadline);
        if leave == Leave::Probe {
            self.show(breaker.shown());
        }
        leave
    }

    pub(crate) fn heard(&self, heard: Heard, now: Timestamp) {
        let mut breaker = lock(&self.breaker);
        let before = breaker.shown();
        let ask_again = breaker.heard(heard, now);
        let shown = breaker.shown();
        drop(breaker);
        if shown != before {
            self.show(shown);
            if matches!(shown, Shown::Open { .. }) && before == Shown::Closed {
                metrics::counter!(names::PROVIDER_OPENED, "provider" => self.name).increment(1);
                tracing::warn!(provider = self.name, "a provider does not answer: letters wait");
            } else if shown == Shown::Closed {
                tracing::info!(provider = self.name, "a provider answers again");
            }
        }
        if ask_again {
            self.changed.notify_waiters();
        }
    }

    /// The next change, from now on, that lets letters ask again.
    pub(crate) fn changes(&self) -> OwnedNotified {
        Arc::clone(&self.changed).notified_owned()
    }

    fn show(&self, shown: Shown) {
        let state = match shown {
            Shown::Closed => 0.0,
            Shown::HalfOpen => 1.0,
            Shown::Open { .. } => 2.0,
        };
        metrics::gauge!(names::PROVIDER_STATE, "provider" => self.name).set(state);
    }
}

/// One tenant's use of the provider on this node.
pub(crate) struct Use {
    provider: Arc<Provider>,
    bucket: Mutex<Bucket>,
    meter: Mutex<Meter>,
    waiting: AtomicUsize,
}

impl Use {
    pub(crate) fn new(provider: Arc<Provider>) -> Self {
        Self {
            provider,
            bucket: Mutex::new(Bucket::new(RATE)),
            meter: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(crate) fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// Whether a letter may leave now: the provider's breaker first, then the tenant's rate.
    pub(crate) fn ask(&self, now: Timestamp, deadline: Option<Timestamp>) -> Leave {
        let leave = self.provider.ask(now, deadline);
        if matches!(leave, Leave::Wait(_)) {
            return leave;
        }
        if let Err(at) = lock(&self.bucket).take(now) {
            if leave == Leave::Probe {
                self.provider.heard(Heard::Nothing, now);
            }
            return Leave::Wait(at);
        }
        leave
    }

    /// What came of a try; `None` when it ended before the provider was asked for anything.
    pub(crate) fn heard(&self, report: Option<&DeliveryReport>, now: Timestamp) {
        if matches!(report, Some(DeliveryReport::Accepted { .. })) {
            lock(&self.meter).count(now);
        }
        self.provider.heard(report.map_or(Heard::Nothing, says), now);
    }

    pub(crate) fn set_waiting(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    pub(crate) fn status(&self, now: Timestamp) -> ProviderStatus {
        let breaker = *lock(&self.provider.breaker);
        ProviderStatus {
            name: self.provider.name,
            state: breaker.shown(),
            failures: breaker.failures(),
            sent_last_minute: lock(&self.meter).last_minute(now),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// What a report says about the provider.
fn says(report: &DeliveryReport) -> Heard {
    match report {
        DeliveryReport::Accepted { .. } | DeliveryReport::Permanent { .. } => Heard::Answers,
        DeliveryReport::Temporary { code, .. } | DeliveryReport::Uncertain { code } => {
            if NOT_THE_PROVIDER.contains(&code.as_str()) {
                Heard::Nothing
            } else {
                Heard::Fails
            }
        }
        DeliveryReport::Refused => Heard::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_one_recipient_or_ourselves_opens_no_breaker() {
        let now = Timestamp::UNIX_EPOCH;
        let status = |code: &str| {
            let tenant = Use::new(Provider::new("smtp"));
            for _ in 0..50 {
                let (code, retry_after) = (code.to_owned(), None);
                let report = DeliveryReport::Temporary { code, retry_after };
                tenant.heard(Some(&report), now);
                tenant.heard(None, now);
            }
            tenant.status(now).state
        };
        for code in NOT_THE_PROVIDER {
            assert_eq!(status(code), Shown::Closed, "{code}");
        }
        for code in ["connect-refused", "timeout", "smtp-421", "smtp-451", "smtp-535"] {
            assert!(matches!(status(code), Shown::Open { .. }), "{code}");
        }
    }

    #[tokio::test]
    async fn who_waits_for_a_provider_is_woken_in_the_order_of_waiting() {
        let (now, provider) = (Timestamp::UNIX_EPOCH, Provider::new("smtp"));
        (0..5).for_each(|_| provider.heard(Heard::Fails, now));
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = tokio::task::JoinSet::new();
        for nth in 0..32 {
            let (changed, woken) = (provider.changes(), Arc::clone(&woken));
            waiting.spawn(async move {
                changed.await;
                lock(&woken).push(nth);
            });
        }
        tokio::task::yield_now().await;
        provider.heard(Heard::Answers, now);
        while waiting.join_next().await.is_some() {}
        let in_order: Vec<_> = (0..32).collect();
        assert_eq!(*lock(&woken), in_order, "A10: chance chose who goes first");
    }

    #[test]
    fn one_tenants_burst_is_not_anothers_delay() {
        let (now, provider) = (Timestamp::UNIX_EPOCH, Provider::new("smtp"));
        let (one, other) = (Use::new(Arc::clone(&provider)), Use::new(provider));
        let left = (0..5_000).filter(|_| one.ask(now, None) == Leave::Go).count();
        assert_eq!(left, 1_000);
        assert_eq!(other.ask(now, None), Leave::Go);
    }
}
