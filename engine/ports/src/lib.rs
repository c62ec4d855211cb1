//! What the actors need from the outside, as traits.
//!
//! Lives here: the contracts, and a fake of each one in [`fake`] that keeps the same contract in
//! memory. Adapters are in `engine/{store,models,channels,bus}`. May be used by: the adapters, the
//! actors and the gateway.

pub mod bus;
pub mod clock;
pub mod fake;
pub mod ids;
pub mod mailbox;
pub mod links;
pub mod model;
pub mod sender;
pub mod store;
