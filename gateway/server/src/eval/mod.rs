//! `forecourt eval`: conversations as data files beside the prompts, played through the real engine.
//!
//! A case names a business, what its customer writes, and what must have come of it: tools, bookings, what
//! the answer says and never says, its language, who speaks at the end. The core, the actors, the tools and
//! the claim gate are the real ones; the store, the post and the clock are in memory.
//!
//! Lives here: [`cases`] reads the files and [`files`] carries those of the binary; [`businesses`] reads the
//! businesses; [`stage`] is the engine that a case is played on, [`model`] who answers in it; [`play`] plays
//! and [`checks`] judges; [`scorecard`] tells; [`record`] writes down what models answered.
//!
//! # Invariants
//! - nothing here reaches the network, but for the runner `live`;
//! - **A10** a case gives the same answer on any machine: its clock is virtual, its ids are counted;
//! - what no case has to ask for holds in all of them ([`checks::always`]): the language, no markup, no
//!   word of the engine's own, nothing said twice, nobody called and nothing booked unless the case says so.

mod businesses;
mod cases;
mod checks;
mod config;
mod files;
mod model;
mod play;
mod record;
mod run;
mod scorecard;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use self::{config::EvalArgs, run::run};
