//! What the actors need from the outside, as traits.
//!
//! Lives here: the contracts, a fake of each one in [`fake`] that keeps the same contract in memory,
//! and (feature `testing`) the suite that every store passes. Adapters are in
//! `engine/{store,models,channels,bus}`. May be used by: the adapters, the actors and the gateway.

pub mod bus;
pub mod calendar;
pub mod clock;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
pub mod embedder;
pub mod fake;
pub mod ids;
pub mod inbox;
pub mod limiter;
pub mod links;
pub mod mailbox;
pub mod model;
pub mod presence;
pub mod sender;
pub mod store;
pub mod tool;
pub mod web;
pub mod webhook;
