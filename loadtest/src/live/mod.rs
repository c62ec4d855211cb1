//! A client of the realtime protocol (`gateway/wire/PROTOCOL.md`), as an integrator would write it.
//!
//! Lives here: [`log`] decides what a frame means for somebody who stands at a cursor, and [`draft`] puts a
//! running answer together (both pure, both run against the protocol's test vectors); [`backoff`] says when to
//! come back; [`socket`] is one WebSocket, [`client`] keeps one open and sends over it; [`sse`] reads an event
//! stream, [`visitor`] keeps one open. Loads, scenarios and stories all listen through these.
//!
//! # Invariants
//! - an event is given out once and in order, or a gap is, and the caller loads the snapshot;
//! - a message is sent again under its `client_id` until the server has said what became of it;
//! - everything that waits is bounded (A9): who does not read is cut by the server, and resumes.

pub mod backoff;
pub mod client;
pub mod draft;
pub mod log;
pub mod socket;
pub mod sse;
#[cfg(test)]
mod vectors;
pub mod visitor;

pub use self::client::{Client, Handle, Told};
pub use self::log::{Log, Mark, Step};
pub use self::socket::{Credentials, Dial, Ended, Socket};
pub use self::visitor::{Heard, Visitor};
