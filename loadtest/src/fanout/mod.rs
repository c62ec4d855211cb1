//! Fan-out, measured the same for everybody: Forecourt, nchan, socket.io, NATS and a bare send loop.
//!
//! Lives here: one load client for all of them. [`listener`] holds the sockets, [`publisher`] makes events,
//! [`usage`] reads what the server spent, [`server`] knows how each is started and greeted, [`measure`] runs
//! the phases, [`report`] sets them side by side. [`send_loop`] is the bound that no server can pass while it
//! writes one event at a time.
//!
//! # Rules
//! - the client does the same work for every server: it looks for marks in raw bytes ([`marker`]);
//! - servers take turns within one run, and results are ratios: the machine's mood hits all of them;
//! - a result counts only if every listener got every event once and in order.

pub mod affinity;
pub mod listener;
pub mod marker;
pub mod measure;
pub mod publisher;
pub mod report;
pub mod send_loop;
pub mod server;
pub mod usage;
