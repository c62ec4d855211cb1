//! Postgres behind the ports; the only crate that knows SQL.
//!
//! Lives here: the private cluster ([`embedded`]), the three roles ([`roles`]), the embedded
//! migrations ([`migrate`]), the tenant scope without which no query compiles ([`scope`]), the
//! tables ([`schema`]) with their statements, and the ports on them ([`pg`]). May depend on: `core`, `ports`. May be used by: `gateway/server` and tests.
//!
//! # Invariants
//! - **A1** a transaction that answered `Ok` is durable: a commit that Postgres turned into a
//!   rollback, or whose outcome nobody knows, is an error ([`DbError::OutcomeUnknown`]);
//! - **A8** SQL runs only inside a tenant's scope, by a role that neither owns the tables nor can
//!   bypass their row-level security;
//! - **A9** pools, waits, statements and retries are bounded;
//! - **A13** neither errors nor logs carry a value that came from a row or a statement;
//! - **A14** passwords are derived or read, never printed.

pub mod bootstrap;
pub mod connect;
pub mod db;
pub mod embedded;
pub mod error;
pub mod jobs;
pub mod migrate;
pub mod pg;
pub mod roles;
pub mod schema;
pub mod scope;
pub mod seed;
mod tables;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod testing;
pub mod vectors;

/// What the telemetry's filter must end with, whatever the operator asks for (A13): below `warn`
/// the driver prints statements, parameters and the server's notices.
pub const LOG_LIMITS: [&str; 1] = ["tokio_postgres=warn"];

pub use connect::{ConnectOptions, ConnectOptionsError};
pub use db::{Db, PoolConfig, PoolStatus};
pub use error::DbError;
pub use jobs::JobsDb;
pub use pg::PgStore;
pub use scope::TenantTx;
