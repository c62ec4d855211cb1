//! The ports of the store, on Postgres.
//!
//! Lives here: [`PgStore`] and what each port does with the [tables](crate::tables): which
//! statements share a transaction, and which of them a round trip.
//!
//! # Invariants
//! - **A1, A2, A4** a commit is one transaction under the lock of the tenant's log; see [`commit`];
//! - **A8** every call runs in the scope of the tenant it names; a sweep learns from the jobs role
//!   only *which* tenants owe work, and reads *what* in their own scopes;
//! - **A9** every list is limited, whatever the caller asks.

mod attachments;
mod bookings;
mod calendars;
mod commit;
mod decisions;
mod deliveries;
mod heads;
mod inventory;
mod journal;
mod knowledge;
mod leads;
mod members;
mod operations;
mod owed;
mod people;
mod plan;
mod replies;
mod spending;
mod sweep;
mod tenants;
mod timers;
mod tools;
mod vectors;
mod webhooks;
mod websites;

use forecourt_core::id::{NodeId, TenantId};
use forecourt_ports::store::{NewTenant, StoreError};
use jiff::Timestamp;

use self::heads::Heads;
use crate::{Db, JobsDb, PoolStatus, error::DbError};

/// Everything the engine keeps, in Postgres. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PgStore {
    app: Db,
    jobs: JobsDb,
    node: NodeId,
    heads: Heads,
}

impl PgStore {
    /// The store as `node` sees it: what a commit queues is this node's to send at first.
    pub fn new(app: Db, jobs: JobsDb, node: NodeId) -> Self {
        Self { app, jobs, node, heads: Heads::default() }
    }

    /// How the pools stand, by name.
    pub fn pools(&self) -> [(&'static str, PoolStatus); 2] {
        [("app", self.app.status()), ("jobs", self.jobs.status())]
    }

    /// Closes the pools: what is under way may end, nothing new begins.
    pub fn close(&self) {
        self.app.close();
        self.jobs.close();
    }

    /// Adds a tenant with all that comes with it, unless its slug is taken; says which tenant has the
    /// slug now, and whether it is new.
    ///
    /// The same tenant made again keeps all it has; only bookings that it has not yet are added. Settings that
    /// cannot be kept, above all those without anybody who is told when a person is needed, are refused.
    pub async fn create_tenant(
        &self,
        new: &NewTenant,
        now: Timestamp,
    ) -> Result<(TenantId, bool), StoreError> {
        let settings = new.snapshot.settings.check();
        settings.map_err(|error| StoreError::Failed(error.to_string()))?;
        self.insert_tenant(new, now).await.map_err(store_error)
    }
}

/// What a caller of a port hears. The text carries no data: [`DbError`] holds none (A13).
fn store_error(error: DbError) -> StoreError {
    match error {
        DbError::Unavailable(_)
        | DbError::OutcomeUnknown
        | DbError::Timeout(_)
        | DbError::Deadlock
        | DbError::Serialization
        | DbError::Aborted => StoreError::Unavailable,
        DbError::Inconsistent { table, .. } => StoreError::Inconsistent { table },
        other => StoreError::Failed(other.to_string()),
    }
}
