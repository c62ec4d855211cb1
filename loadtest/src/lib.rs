//! Load generator, provider simulators and benchmarks.
//!
//! Lives here: [`model_sim`] (a model provider that misbehaves on demand), [`smtp_sim`] (a mail
//! provider that does), [`leads`] (the load generator). Story tests start the simulators in
//! process; the binary starts them for a shell. Everything listens and sends on loopback alone.

pub mod clock;
pub mod leads;
pub mod model_sim;
pub mod smtp_sim;
pub mod spec;
