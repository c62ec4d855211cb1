//! What the stories share: the real binary, started and stopped; clients; and what its logs must not say.
//!
//! Lives here: [`Forecourt`] (the process), [`sse`] and [`live`] (its two streams as a client reads them),
//! [`follower`] (a dashboard that comes back), [`load`] (senders that try again), [`cluster`] (several nodes),
//! [`browser`] (a real one), [`collector`] (where traces go), [`people`] (invented customers).
//! Panics instead of returning errors, as tests do.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

pub mod browser;
pub mod cluster;
pub mod collector;
pub mod follower;
pub mod live;
pub mod load;
pub mod people;
pub mod process;
pub mod sse;

pub use process::{Forecourt, Options};

use std::time::Duration;

/// No story waits longer than this for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `check` gives something, asking again every 20 ms; panics with `what` after [`PATIENCE`].
///
/// For what can only be asked for; where an event can be awaited, await it.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what} never happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
