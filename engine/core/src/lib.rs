//! The rules of Forecourt, pure: lead capture, the lead session, the promise clock, deliveries.
//!
//! Lives here: every decision the product makes. Nothing here waits, reads a clock, draws a random
//! number or talks to the outside: `now` and fresh ids are arguments (A3, A10), and outside work is
//! returned as an [`effect::Effect`] for the caller to run after the commit (A4).
//!
//! May depend on: `std`, `serde`, `jiff` (without its clock), small pure crates.
//! May be used by: every crate.
//!
//! # Where to start reading
//! [`session::LeadSession::decide`] is the heart; [`capture::route`] stands before it, and
//! [`promise`] says what happens when an answer is late.

pub mod attachment;
pub mod booking;
pub mod breaker;
pub mod calendar;
pub mod callback;
pub mod capture;
pub mod contact;
pub mod delivery;
pub mod dialogue;
pub mod effect;
pub mod entry;
pub mod escalation;
pub mod event;
pub mod external;
pub mod gate;
pub mod gather;
pub mod handoff;
pub mod hours;
pub mod id;
pub mod inventory;
pub mod knowledge;
pub mod lang;
pub mod models;
pub mod money;
pub mod promise;
pub mod rate;
pub mod reading;
pub mod routing;
pub mod search;
pub mod session;
pub mod settings;
pub mod template;
pub mod text;
pub mod tools;
pub mod utterance;
pub mod webhook;
pub mod website;
