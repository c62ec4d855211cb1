//! The migrations inside the binary, and how they reach a database.
//!
//! Migrations run as the owner, one transaction each. The harness blocks its thread and needs a
//! multi-threaded runtime around it, which an actor's thread has not: see [`crate::bootstrap`] for
//! the thread it gets.
//!
//! # Invariants
//! - several nodes may start at once: the caller holds the start lock;
//! - **A9** a migration that cannot get its table's lock gives up instead of making every query
//!   behind it wait.

use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{connect::ConnectOptions, error::DbError};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// How long a migration waits for a lock: as long as it does, so do all queries on that table.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '3s'; SET statement_timeout = 0;";
/// How often a migration that did not get its lock is tried in all.
const ATTEMPTS: u32 = 5;

/// Why a migration did not run. Earlier ones stay applied; the failed one left nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("cannot connect to the database as its owner")]
    Connect(#[source] DbError),
    #[error("migration failed: {0}")]
    Failed(String),
}

/// Applies what is pending and names it. Blocks: needs a multi-threaded runtime.
pub(crate) async fn up(owner: &ConnectOptions) -> Result<Vec<String>, MigrateError> {
    let mut tries = 1;
    loop {
        let mut harness = harness(owner).await?;
        match harness.run_pending_migrations(MIGRATIONS) {
            Ok(versions) => return Ok(versions.iter().map(ToString::to_string).collect()),
            Err(error) if tries < ATTEMPTS && error.to_string().contains("lock timeout") => {
                tracing::warn!(tries, "a migration did not get its lock; trying again");
                tries += 1;
            }
            Err(error) => return Err(MigrateError::Failed(error.to_string())),
        }
    }
}

/// Takes every migration back, for the test that each `down.sql` undoes its `up.sql`.
#[cfg(feature = "testing")]
pub(crate) async fn down(owner: &ConnectOptions) -> Result<(), MigrateError> {
    let mut harness = harness(owner).await?;
    harness
        .revert_all_migrations(MIGRATIONS)
        .map(drop)
        .map_err(|error| MigrateError::Failed(error.to_string()))
}

async fn harness(
    owner: &ConnectOptions,
) -> Result<AsyncMigrationHarness<AsyncPgConnection>, MigrateError> {
    let mut connection = owner.connect().await.map_err(MigrateError::Connect)?;
    connection
        .batch_execute(LOCK_TIMEOUT)
        .await
        .map_err(|error| MigrateError::Connect(error.into()))?;
    Ok(AsyncMigrationHarness::new(connection))
}
