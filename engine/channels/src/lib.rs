//! Channels: how a mail is written, how it leaves, where the mail of a demo goes; and how webhooks leave.
//!
//! Lives here: [`letter`] writes a mail, [`smtp`] hands it to a mail server in two steps, [`sink`] is
//! a mail server that keeps what it gets; [`webhook`] calls integrators, [`tools`] tenants' own systems, [`vault`] seals their secrets; [`web`]
//! reads websites. May depend on: `forecourt-core`, `forecourt-ports`.
//! May be used by: the gateway's server, which wires it; tests.
//!
//! # Invariants
//! - **A9** sizes, connections, waits and stored mails are bounded;
//! - **A13** no name, address or text of a mail gets into a log line or an error;
//! - **A14** the mail password is printed nowhere.

pub mod letter;
mod outward;
pub mod sink;
pub mod smtp;
pub mod tools;
pub mod vault;
pub mod web;
pub mod webhook;
