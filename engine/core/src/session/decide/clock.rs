//! Time passes: the promise's rungs, reminders, the lease of a turn; and how a promise ends.

use super::Deciding;
use crate::{
    effect::TimerKind,
    event::{AlertReason, AnsweredBy, Event},
    id::MemberId,
    promise::Rung,
    session::{Promise, Rejection},
};

impl Deciding<'_> {
    pub(super) fn fire_timer(&mut self, kind: TimerKind, turn_runs: bool) -> Result<(), Rejection> {
        // The timer may have been moved or ended since it was claimed.
        if self.before.get(&kind).is_none_or(|due| *due > self.now.now) {
            return Err(Rejection::Stale);
        }
        self.fired = Some(kind);
        match kind {
            TimerKind::Promise => self.climb(),
            TimerKind::Handoff => {
                self.because("timer: a customer still waits for a person");
                self.alert(AlertReason::StillWaiting);
            }
            TimerKind::Gather => {
                if self.state.turn.is_none() {
                    self.because("timer: the burst is over");
                    self.start_turn(Rung::Primary);
                }
            }
            TimerKind::Resume => self.resume(),
            TimerKind::GiveBack => self.time_out(),
            TimerKind::Reroute => self.pass_on(),
            TimerKind::Idle => self.fell_silent(),
            TimerKind::Callback => self.callback_is_due(),
            TimerKind::Turn => {
                if let Some(running) = self.state.turn {
                    if turn_runs {
                        self.because("timer: the turn's lease ended, and it still runs here");
                        self.emit(Event::TurnKept { turn: running.turn });
                    } else {
                        self.because("timer: the turn's lease ended, and nobody runs it");
                        // Its process is gone: the same rung begins anew under a new id.
                        self.cancel_turn();
                        self.start_turn(running.rung);
                    }
                }
            }
        }
        Ok(())
    }

    /// A person may stop the reminders: they look after the customer from now on. What a customer
    /// waits for goes on.
    pub(super) fn cancel_timer(
        &mut self,
        kind: TimerKind,
        member: MemberId,
    ) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        match (kind, self.before.contains_key(&kind)) {
            (_, false) => Err(Rejection::Stale),
            (TimerKind::Handoff, true) => {
                self.emit(Event::RemindersStopped { member });
                Ok(())
            }
            (
                TimerKind::Promise
                | TimerKind::Turn
                | TimerKind::Gather
                | TimerKind::Resume
                | TimerKind::GiveBack
                | TimerKind::Reroute
                | TimerKind::Idle
                | TimerKind::Callback,
                true,
            ) => Err(Rejection::SomebodyWaits),
        }
    }

    /// Takes every rung that is due; after a long sleep several at once, in order.
    pub(super) fn climb(&mut self) {
        while let Some((index, rung, _)) =
            self.state.next_rung().filter(|(_, _, due)| *due <= self.now.now)
        {
            let message = self.state.promises[index].message;
            self.because(match rung {
                Rung::Primary => "timer: the first model's time",
                Rung::Second => "timer: the first model's time is over",
                Rung::ModelsEnd => "timer: no model is waited for any longer",
                Rung::Template => "timer: the template is due",
                Rung::Alert => "timer: no answer is proven, a person is alerted",
                Rung::Deadline => "timer: the promise's deadline has passed",
            });
            match rung {
                Rung::Primary => {}
                Rung::Second => {
                    self.emit(Event::RungReached { message, rung });
                    self.cancel_turn();
                    self.start_turn(Rung::Second);
                }
                Rung::ModelsEnd => {
                    self.emit(Event::RungReached { message, rung });
                    self.cancel_turn();
                }
                Rung::Template => self.send_template(),
                Rung::Alert => {
                    self.emit(Event::RungReached { message, rung });
                    self.hand_off(AlertReason::NotProven);
                }
                Rung::Deadline => {
                    self.emit(Event::RungReached { message, rung });
                    self.break_promises(|promise| promise.message == message);
                    self.hand_off(AlertReason::PromiseBroken);
                }
            }
        }
    }

    /// What was proven is kept, if it was in time. A proof that comes before the timer of a deadline that has
    /// passed, as after a time without power, keeps nothing.
    pub(super) fn keep_promises(&mut self, proven: impl Fn(&Promise) -> bool) {
        let (now, settings) = (self.now.now, self.state.promise_settings);
        let in_time = |promise: &Promise| now <= settings.due(promise.since, Rung::Deadline);
        for promise in self.state.promises.clone().iter().filter(|promise| proven(promise)) {
            if !in_time(promise) {
                continue;
            }
            let after_ms = now.duration_since(promise.since).as_millis();
            self.emit(Event::PromiseKept {
                message: promise.message,
                after_ms: i64::try_from(after_ms).unwrap_or(i64::MAX),
                by: promise.by.clone().unwrap_or(AnsweredBy::Template),
            });
        }
        self.break_promises(|promise| proven(promise) && !in_time(promise));
    }

    pub(super) fn break_promises(&mut self, broken: impl Fn(&Promise) -> bool) {
        for promise in self.state.promises.clone().iter().filter(|promise| broken(promise)) {
            let after_ms = self.now.now.duration_since(promise.since).as_millis();
            self.emit(Event::PromiseBroken {
                message: promise.message,
                after_ms: i64::try_from(after_ms).unwrap_or(i64::MAX),
            });
        }
    }
}
