//! The machine's clock, for what the outside world stamps: rate-limit resets, arrival times.
//!
//! Lives here: the only wall-clock reading of this crate. The simulators and the load generator
//! play the part of the outside world, where time is no argument (A10 binds the engine).

use jiff::Timestamp;

/// The time now, as a provider would stamp it.
#[expect(clippy::disallowed_methods, reason = "the simulated outside world has a clock of its own")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
