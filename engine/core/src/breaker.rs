//! When a provider that fails is left alone, and how it is found out that it answers again.
//!
//! Pure: time is an argument (A10). Whoever sends asks [`Breaker::ask`] first, and tells what came of
//! every try by [`Breaker::heard`]. What may not leave keeps its place and burns no step of its ladder.
//!
//! # Invariants
//! - while it is open nothing leaves but one probe at a time;
//! - it stays closed to nobody for ever: each pause ends within [`Pauses::longest`], and a probe whose
//!   fate nobody tells is taken for lost after [`Pauses::probe`];
//! - **A5** a letter whose promise ends soon may be the probe before the pause is over.

use jiff::{SignedDuration, Timestamp};

/// How patient a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// So many failures in a row open it; at least 1.
    pub failures: u32,
    /// The first pause; each failed probe doubles it.
    pub first: SignedDuration,
    /// No pause is longer.
    pub longest: SignedDuration,
    /// After so long a probe that nobody speaks of is lost.
    pub probe: SignedDuration,
    /// A promise that ends within this time is worth a probe.
    pub near: SignedDuration,
    /// Between a failure and a probe for a promise's sake.
    pub breath: SignedDuration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            failures: 5,
            first: SignedDuration::from_secs(2),
            longest: SignedDuration::from_mins(2),
            probe: SignedDuration::from_secs(60),
            near: SignedDuration::from_secs(30),
            breath: SignedDuration::from_secs(1),
        }
    }
}

/// What a letter may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Go,
    /// Go, and alone: what comes of it decides for the others.
    Probe,
    /// Ask again at this time, or when a probe has been heard of.
    Wait(Timestamp),
}

/// What a try says about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It took the letter, or said no for good: it answers.
    Answers,
    /// It did not answer, or could not serve anybody.
    Fails,
    /// The try ended without a word about the provider.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Failures in a row.
    Closed {
        failures: u32,
    },
    Open {
        since: Timestamp,
        until: Timestamp,
        pause: SignedDuration,
    },
    /// A probe is on its way; `until` is the pause's end it goes back to when it was an early one.
    Probing {
        since: Timestamp,
        until: Timestamp,
        pause: SignedDuration,
    },
}

/// What a breaker shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Closed,
    /// Nothing leaves before this time, save a probe for a promise that ends soon.
    Open {
        until: Timestamp,
    },
    /// One probe is on its way.
    HalfOpen,
}

/// One provider's breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    pauses: Pauses,
    state: State,
}

impl Breaker {
    pub const fn new(pauses: Pauses) -> Self {
        Self { pauses, state: State::Closed { failures: 0 } }
    }

    pub const fn shown(&self) -> Shown {
        match self.state {
            State::Closed { .. } => Shown::Closed,
            State::Open { until, .. } => Shown::Open { until },
            State::Probing { .. } => Shown::HalfOpen,
        }
    }

    /// Failures in a row while it is closed.
    pub const fn failures(&self) -> u32 {
        match self.state {
            State::Closed { failures } => failures,
            State::Open { .. } | State::Probing { .. } => self.pauses.failures,
        }
    }

    /// Whether a letter may leave now; `deadline` is that of its promise, if one still runs.
    ///
    /// After [`Leave::Go`] and [`Leave::Probe`] the caller owes a [`Breaker::heard`].
    pub fn ask(&mut self, now: Timestamp, deadline: Option<Timestamp>) -> Leave {
        match self.state {
            State::Closed { .. } => Leave::Go,
            State::Open { until, pause, .. } if until <= now => {
                self.state = State::Probing { since: now, until: now, pause };
                Leave::Probe
            }
            State::Open { since, until, pause } => {
                let early = deadline.filter(|deadline| now < *deadline).map(|deadline| {
                    let near = deadline.saturating_sub(self.pauses.near).unwrap_or(since);
                    near.max(later(since, self.pauses.breath))
                });
                match early {
                    Some(early) if early <= now => {
                        self.state = State::Probing { since: now, until, pause };
                        Leave::Probe
                    }
                    Some(early) => Leave::Wait(early.min(until)),
                    None => Leave::Wait(until),
                }
            }
            State::Probing { since, until, pause } => {
                let lost = later(since, self.pauses.probe);
                if lost <= now {
                    self.state = State::Probing { since: now, until, pause };
                    Leave::Probe
                } else {
                    Leave::Wait(lost)
                }
            }
        }
    }

    /// Takes note of what came of a try. True when what waits may ask again.
    pub fn heard(&mut self, heard: Heard, now: Timestamp) -> bool {
        match (self.state, heard) {
            (State::Closed { failures }, Heard::Fails) => {
                let failures = failures.saturating_add(1);
                self.state = if failures < self.pauses.failures {
                    State::Closed { failures }
                } else {
                    open(now, self.pauses.first)
                };
                false
            }
            // What was on its way when it opened says nothing new.
            (State::Closed { .. } | State::Open { .. }, Heard::Nothing)
            | (State::Open { .. }, Heard::Fails) => false,
            (State::Closed { .. }, Heard::Answers) => {
                self.state = State::Closed { failures: 0 };
                false
            }
            (State::Open { .. } | State::Probing { .. }, Heard::Answers) => {
                self.state = State::Closed { failures: 0 };
                true
            }
            (State::Probing { until, pause, .. }, Heard::Fails) => {
                self.state = if now < until {
                    State::Open { since: now, until, pause } // an early probe lengthens nothing
                } else {
                    let doubled = pause.saturating_add(pause);
                    open(now, doubled.min(self.pauses.longest))
                };
                true
            }
            (State::Probing { since, until, pause }, Heard::Nothing) => {
                // Nobody knows more than before: the next one may probe.
                self.state = State::Open { since, until: until.min(now), pause };
                true
            }
        }
    }
}

fn open(now: Timestamp, pause: SignedDuration) -> State {
    State::Open { since: now, until: later(now, pause), pause }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(Pauses::default());
        for _ in 0..5 {
            assert_eq!(breaker.ask(at(0), None), Leave::Go);
            breaker.heard(Heard::Fails, at(0));
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_answer_between_them_does_not() {
        let mut breaker = Breaker::new(Pauses::default());
        for n in 0..40 {
            breaker.heard(if n % 5 == 4 { Heard::Answers } else { Heard::Fails }, at(n));
            breaker.heard(Heard::Nothing, at(n));
        }
        assert_eq!(breaker.shown(), Shown::Closed);
        assert_eq!(opened().shown(), Shown::Open { until: at(2_000) });
    }

    #[test]
    fn one_probe_leaves_after_the_pause_and_decides_for_the_others() {
        let mut breaker = opened();
        assert_eq!(breaker.ask(at(1_999), None), Leave::Wait(at(2_000)));
        assert_eq!(breaker.ask(at(2_000), None), Leave::Probe);
        assert_eq!(breaker.ask(at(2_001), None), Leave::Wait(at(62_000)));
        assert!(breaker.heard(Heard::Fails, at(2_100)));
        assert_eq!(breaker.shown(), Shown::Open { until: at(6_100) }, "twice as long");
        assert_eq!(breaker.ask(at(6_100), None), Leave::Probe);
        assert!(breaker.heard(Heard::Answers, at(6_200)));
        assert_eq!(breaker.ask(at(6_200), None), Leave::Go);
    }

    #[test]
    fn a_promise_that_ends_soon_is_worth_a_probe_before_its_time() {
        let mut breaker = opened();
        breaker.ask(at(2_000), None);
        breaker.heard(Heard::Fails, at(2_000));
        let until = at(6_000);
        // Far from its end it waits until it is near.
        assert_eq!(breaker.ask(at(2_100), Some(at(34_000))), Leave::Wait(at(4_000)));
        assert_eq!(breaker.ask(at(2_100), Some(at(20_000))), Leave::Wait(at(3_000)), "a breath");
        assert_eq!(breaker.ask(at(3_000), Some(at(20_000))), Leave::Probe);
        breaker.heard(Heard::Fails, at(3_001));
        assert_eq!(breaker.shown(), Shown::Open { until }, "it lengthens no pause");
        assert_eq!(breaker.ask(at(3_002), Some(at(3_000))), Leave::Wait(until), "too late for it");
    }

    #[test]
    fn a_probe_that_says_nothing_lets_the_next_one_go() {
        let mut breaker = opened();
        assert_eq!(breaker.ask(at(2_000), None), Leave::Probe);
        assert!(breaker.heard(Heard::Nothing, at(2_010)));
        assert_eq!(breaker.ask(at(2_010), None), Leave::Probe);
        assert_eq!(breaker.ask(at(62_010), None), Leave::Probe, "the second was never heard of");
    }

    #[derive(Clone, Debug)]
    enum Step {
        Pass(i64),
        Ask(Option<i64>),
        Hear(Heard),
    }

    fn step() -> impl Strategy<Value = Step> {
        let heard = [Heard::Answers, Heard::Fails, Heard::Fails, Heard::Fails, Heard::Nothing];
        prop_oneof![
            (1_i64..90_000).prop_map(Step::Pass),
            proptest::option::of(-5_000_i64..120_000).prop_map(Step::Ask),
            proptest::sample::select(heard.to_vec()).prop_map(Step::Hear),
        ]
    }

    proptest! {
        #[test]
        fn it_never_lets_two_probes_out_and_never_closes_for_ever(
            steps in proptest::collection::vec(step(), 1..200),
        ) {
            let pauses = Pauses::default();
            let mut breaker = Breaker::new(pauses);
            let mut now = Timestamp::UNIX_EPOCH;
            let mut probe: Option<Timestamp> = None;
            for step in steps {
                match step {
                    Step::Pass(ms) => now += SignedDuration::from_millis(ms),
                    Step::Hear(heard) => {
                        breaker.heard(heard, now);
                        probe = None;
                        if heard == Heard::Answers {
                            prop_assert_eq!(breaker.shown(), Shown::Closed);
                        }
                    }
                    Step::Ask(within) => {
                        let deadline = within.map(|ms| now + SignedDuration::from_millis(ms));
                        let shown = breaker.shown();
                        match breaker.ask(now, deadline) {
                            Leave::Go => prop_assert_eq!(shown, Shown::Closed),
                            Leave::Probe => {
                                if let Some(since) = probe {
                                    prop_assert!(now >= since + pauses.probe, "two at once");
                                }
                                if let Shown::Open { until } = shown {
                                    let near = deadline.is_some_and(|deadline| {
                                        now < deadline && deadline <= now + pauses.near
                                    });
                                    prop_assert!(until <= now || near);
                                }
                                probe = Some(now);
                            }
                            Leave::Wait(until) => {
                                prop_assert!(until > now, "to ask again at once would spin");
                                let most = pauses.longest.max(pauses.probe);
                                prop_assert!(until <= now + most);
                            }
                        }
                    }
                }
                if let Shown::Open { until } = breaker.shown() {
                    prop_assert!(until <= now + pauses.longest);
                }
            }
        }
    }
}
