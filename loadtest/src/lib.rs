//! Load generator, provider simulators and benchmarks.
//!
//! Lives here: [`model_sim`] (a model provider that misbehaves on demand), [`smtp_sim`] (a mail
//! provider that does), [`http_sim`] (any other provider that does), [`proxy`] (a bad network),
//! [`adversary`] (a model that lies), [`leads`] (leads at a rate), [`scenario`] and [`run`] (whole runs from a file: load, faults, ledger,
//! report). Story tests start the simulators in process; the binary starts them for a shell.
//! Everything listens and sends on loopback alone.

pub mod adversary;
pub mod books;
pub mod calendar_sim;
pub mod clock;
pub mod compare;
pub mod engine;
pub mod fanout;
pub mod hostile;
pub mod http_sim;
pub mod leads;
pub mod live;
pub mod load;
pub mod model_sim;
pub mod proxy;
pub mod report;
pub mod resume;
pub mod run;
pub mod scenario;
pub mod smtp_sim;
pub mod spec;
