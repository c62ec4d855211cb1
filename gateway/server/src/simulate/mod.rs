//! `forecourt simulate`: days of traffic in seconds, with everything that can break breaking (R10).
//!
//! The real core, actors and store run on one thread under a virtual clock; what is outside of them
//! (models, mail, people, machines) is played by the seed's dice. Every commit, letter and answer is
//! checked against the invariants as it happens.
//!
//! Lives here: [`fleet`] kills and starts [`node`]s; [`people`] live; [`store`], [`model`], [`post`] and
//! [`bus`] are the ports as a node sees them; [`witness`] and [`audit`] check; [`report`] tells.
//!
//! # Invariants
//! - **A10** the same seed and options give the same steps: one thread, one virtual clock, no map in
//!   random order, no machine's time; the fingerprint over all steps proves it;
//! - time passes only when nothing can run, so that a slow machine changes nothing;
//! - nothing of a killed node is seen after its end: its ports answer no more.

mod audit;
mod bus;
mod clock;
mod config;
mod dice;
mod faults;
mod fleet;
mod logs;
mod model;
mod node;
mod people;
mod post;
mod report;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod trace;
mod witness;
mod world;

pub(crate) use self::{config::SimulateArgs, run::run};
