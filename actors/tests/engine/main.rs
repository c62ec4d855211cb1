//! The engine over fakes, in virtual time: what a customer, a colleague and a fault would see of it.

mod faults;
mod promise;
mod support;
