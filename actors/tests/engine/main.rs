//! The engine over fakes, in virtual time: what a customer, a colleague and a fault would see of it.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod adversary;
mod attachments;
mod bookings;
mod callbacks;
mod custom_tools;
mod faults;
mod fences;
mod inspect;
mod knowledge;
mod memory;
mod outage;
mod people;
mod promise;
mod repeats;
mod support;
mod tool_races;
mod tools;
mod webhooks;
