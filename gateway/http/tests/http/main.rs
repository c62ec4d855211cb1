//! The gateway over real sockets, before the real engine, with a store, a model and a bus in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod access;
mod attachments;
mod bookings;
mod bus;
mod callbacks;
mod contract;
mod debug;
mod events;
mod forms;
mod hostile;
mod knowledge;
mod live;
mod pages;
mod preview;
mod replies;
mod running;
mod takeover;
mod tools;
mod vehicles;
mod visitors;
mod webhooks;
mod world;
