//! A fake of each port that keeps the port's contract in memory, and fails on demand.
//!
//! Lives here: [`MemStore`], [`ManualClock`], [`SeqIds`], [`ScriptedModel`], [`RecordingSender`],
//! [`FakeCaller`], [`FakeTools`], [`FakeCalendar`]. The suite in [`crate::contract`] (feature `testing`) runs against the store and against Postgres, so
//! that the fake may not drift. May be used by: tests of every crate, simulations, previews.

mod calendar;
mod clock;
mod ids;
mod mem;
mod model;
mod sender;
mod tool;
mod webhook;

pub use self::{
    calendar::{FakeCalendar, GOOD_KEY},
    clock::ManualClock,
    ids::SeqIds,
    mem::{Hook, MemStore, Offered, TimerRow},
    model::{Script, ScriptedModel, Step},
    sender::{Dial, RecordingSender, Sent},
    tool::FakeTools,
    webhook::{FakeCaller, OpenVault, PlainEncode},
};

/// Locks what a panicking test may have poisoned: its data is only replaced whole.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
