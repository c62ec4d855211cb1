//! Demo content: two invented businesses, whole, to try the engine with.
//!
//! Lives here: the values only, read from the data files beside this crate's sources; how a tenant
//! is stored is [`crate::pg`]'s. May depend on: `core`, `ports`.
