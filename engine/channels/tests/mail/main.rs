//! Stories of a mail: how it is written, handed over in two steps, refused, lost, and caught.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod catching;
mod fault_server;
mod letters;
mod sending;
mod support;
mod tls;
