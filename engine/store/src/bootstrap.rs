//! From a reachable database to one the engine can run on: roles, migrations, proof.
//!
//! # Invariants
//! - of several nodes that start at once, one works and the others wait for it;
//! - **A8** nobody gets an [`Access`] past [`prepare`] whose roles could leave a tenant's scope.

use std::time::{Duration, Instant};

use forecourt_ports::embedder::Space;

use crate::{
    connect::ConnectOptions,
    error::DbError,
    migrate::{self, MigrateError},
    roles::{self, Access, RolesError},
    vectors::{self, VectorsError},
};

/// Advisory lock under which one node at a time prepares a database: `forecrt` in ASCII.
const START_LOCK: i64 = 0x0066_6f72_6563_7274;
/// How long a node waits for another one's migrations.
const LOCK_WAIT: &str = "SET lock_timeout = '10min'";

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("cannot connect to the database as its owner")]
    Connect(#[source] DbError),
    #[error("another node is preparing this database and does not finish")]
    Locked(#[source] DbError),
    #[error(transparent)]
    Roles(#[from] RolesError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Vectors(#[from] VectorsError),
    #[error("cannot start a thread for the migrations")]
    Thread(#[source] std::io::Error),
    #[error("the thread of the migrations broke off")]
    Gone,
}

/// What [`prepare`] did.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Versions of the migrations that were applied now; empty when there was nothing to do.
    pub applied: Vec<String>,
    pub took: Duration,
}

/// Ensures the roles, applies pending migrations and verifies that the roles are safe.
///
/// Blocks, in a thread and a runtime of its own, so it may be called from anywhere: from `main`
/// before the actors' system starts, best.
pub fn prepare(access: &Access) -> Result<Prepared, PrepareError> {
    let access = access.clone();
    on_own_runtime("forecourt-migrate", async move {
        let start = Instant::now();
        let owner = access.owner.client().await.map_err(PrepareError::Connect)?;
        let lock =
            format!("{LOCK_WAIT}; SELECT pg_advisory_lock({START_LOCK}); RESET lock_timeout");
        owner.batch_execute(&lock).await.map_err(|error| PrepareError::Locked(error.into()))?;
        // The lock ends with this session, whatever happens below.
        roles::ensure(&owner, &access).await?;
        let applied = migrate::up(&access.owner).await?;
        roles::verify(&access).await?;
        drop(owner);
        Ok(Prepared { applied, took: start.elapsed() })
    })
}

/// Has a prepared database keep vectors of `space`; see [`crate::vectors`]. `superuser` creates the
/// extension where we have one, as in the private cluster; else the owner tries.
///
/// Blocks as [`prepare`] does.
pub fn prepare_vectors(
    access: &Access,
    superuser: Option<ConnectOptions>,
    space: &Space,
) -> Result<(), PrepareError> {
    let (options, space) = (access.owner.clone(), space.clone());
    on_own_runtime("forecourt-vectors", async move {
        let owner = options.client().await.map_err(PrepareError::Connect)?;
        let lock =
            format!("{LOCK_WAIT}; SELECT pg_advisory_lock({START_LOCK}); RESET lock_timeout");
        owner.batch_execute(&lock).await.map_err(|error| PrepareError::Locked(error.into()))?;
        Ok(vectors::ensure(&owner, &options, superuser.as_ref(), &space).await?)
    })
}

/// Reverts all migrations and applies them again.
#[cfg(feature = "testing")]
pub fn redo(access: &Access) -> Result<(), PrepareError> {
    let owner = access.owner.clone();
    on_own_runtime("forecourt-redo", async move {
        migrate::down(&owner).await?;
        migrate::up(&owner).await?;
        Ok(())
    })
}

/// Runs statements as the owner.
#[cfg(feature = "testing")]
pub fn run(access: &Access, statements: &'static str) -> Result<(), PrepareError> {
    let owner = access.owner.clone();
    on_own_runtime("forecourt-checks", async move {
        let owner = owner.client().await.map_err(PrepareError::Connect)?;
        owner.batch_execute(statements).await.map_err(|error| PrepareError::Connect(error.into()))
    })
}

/// Reverts all migrations.
#[cfg(feature = "testing")]
pub fn revert(access: &Access) -> Result<(), PrepareError> {
    let owner = access.owner.clone();
    on_own_runtime("forecourt-revert", async move { Ok(migrate::down(&owner).await?) })
}

/// Runs `work` on a multi-threaded runtime in a thread of its own, and waits for it.
fn on_own_runtime<R: Send + 'static>(
    name: &str,
    work: impl Future<Output = Result<R, PrepareError>> + Send + 'static,
) -> Result<R, PrepareError> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(PrepareError::Thread)?
            .block_on(work)
    });
    thread.map_err(PrepareError::Thread)?.join().unwrap_or(Err(PrepareError::Gone))
}
