//! The door to the tenants' tables: a pool whose connections are lent only together with a scope.
//!
//! [`Db`] is no connection, so a query on it does not compile:
//!
//! ```compile_fail,E0277
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use forecourt_store::{Db, DbError, schema::members};
//!
//! async fn count(db: &mut Db) -> Result<i64, DbError> {
//!     Ok(members::table.count().get_result(db).await?)
//! }
//! ```
//!
//! The same query in a tenant's scope does:
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use forecourt_core::id::TenantId;
//! use forecourt_store::{Db, DbError, schema::members};
//!
//! async fn count(db: &Db, tenant: TenantId) -> Result<i64, DbError> {
//!     db.tenant(tenant, async |tx| Ok(members::table.count().get_result(tx).await?)).await
//! }
//! ```
//!
//! # Invariants
//! - **A8** the pool is private; see [`crate::scope`];
//! - **A9** connections, the wait for one, transactions and retries are bounded;
//! - connections are opened and driven on the io runtime: an actor that is busy on its arbiter
//!   must not hold up another one's query.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Pool, PoolError},
    },
};
use forecourt_core::id::TenantId;
use futures_util::FutureExt;
use tokio::{runtime::Handle, time::timeout};

use crate::{
    connect::ConnectOptions,
    error::DbError,
    schema::tenants,
    scope::{Lease, Scope, TenantTx, is_slug},
};

/// How often a transaction that lost to another one is tried in all.
const ATTEMPTS: u32 = 4;

/// Size and limits of a pool.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// Most connections at a time.
    pub size: usize,
    /// How long a caller waits for a connection before it hears [`DbError::Unavailable`].
    pub acquire_timeout: Duration,
    /// How long a whole transaction may take, from `BEGIN` to `COMMIT`. Longer than the server's
    /// own statement limit, which gives the better error; this one is for a server that hangs.
    pub transaction_timeout: Duration,
    /// The runtime that opens and drives the connections.
    pub io: Handle,
}

impl PoolConfig {
    /// The usual limits: 16 connections, 5 s for a connection, 12 s for a transaction.
    pub fn new(io: Handle) -> Self {
        Self {
            size: 16,
            acquire_timeout: Duration::from_secs(5),
            transaction_timeout: Duration::from_secs(12),
            io,
        }
    }
}

/// How a pool is doing, for gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    pub max: usize,
    pub open: usize,
    pub idle: usize,
    pub waiting: usize,
}

/// The tenants' tables, by the application's role. Cheap to clone.
#[derive(Clone)]
pub struct Db(Connections);

impl Db {
    /// Opens no connection yet.
    pub fn new(options: ConnectOptions, config: PoolConfig) -> Result<Self, DbError> {
        Ok(Self(Connections::new(options, config)?))
    }

    /// Runs `work` in a transaction in which only `tenant`'s rows exist.
    ///
    /// `Ok` commits, `Err` rolls back; a panic or a dropped future closes the connection. Never
    /// await a model or an HTTP call in here: a connection is held.
    pub async fn tenant<R, E: From<DbError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut TenantTx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut lease = self.0.lease().await?;
        let limit = tokio::time::Instant::now() + self.0.config.transaction_timeout;
        let begun = tokio::time::timeout_at(limit, lease.begin(Scope::Tenant(tenant))).await;
        begun.map_err(|_| DbError::Timeout("the server"))??;
        let done = {
            let mut tx = lease.tenant(tenant)?;
            tokio::time::timeout_at(limit, work(&mut tx)).await
        };
        match done {
            Ok(Ok(value)) => {
                let committed = tokio::time::timeout_at(limit, lease.commit()).await;
                committed.map_err(|_| DbError::OutcomeUnknown)??;
                Ok(value)
            }
            Ok(Err(error)) => {
                // A server that hangs here would be met by the next query; the lease closes then.
                if timeout(self.0.config.acquire_timeout, lease.rollback()).await.is_err() {
                    tracing::warn!("a rollback was not answered; its connection is closed");
                }
                Err(error)
            }
            Err(_) => Err(DbError::Timeout("the transaction").into()),
        }
    }

    /// Like [`Db::tenant`], but a transaction that lost a deadlock or a serialization conflict is
    /// repeated, at most four times in all. `work` must therefore be free of other effects.
    pub async fn tenant_retrying<R>(
        &self,
        tenant: TenantId,
        mut work: impl AsyncFnMut(&mut TenantTx<'_>) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        retrying(async || self.tenant(tenant, async |tx| work(tx).await).await).await
    }

    /// The tenant behind a public slug: the one query that runs without a tenant's scope. The
    /// policy shows it the one row whose slug the caller knew already.
    pub async fn resolve_slug(&self, slug: &str) -> Result<Option<TenantId>, DbError> {
        if !is_slug(slug) {
            return Ok(None);
        }
        let query = async {
            let mut lease = self.0.lease().await?;
            lease.begin(Scope::Slug(slug)).await?;
            let found = tenants::table
                .filter(tenants::slug.eq(slug))
                .select(tenants::tenant_id)
                .get_result::<uuid::Uuid>(&mut lease.slug()?)
                .await
                .optional()?;
            lease.commit().await?;
            Ok(found.map(TenantId::from_uuid))
        };
        timeout(self.0.config.transaction_timeout, query)
            .await
            .map_err(|_| DbError::Timeout("the server"))?
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<(), DbError> {
        let ping = async {
            let mut lease = self.0.lease().await?;
            lease.begin(Scope::None).await?;
            lease.commit().await
        };
        timeout(self.0.config.acquire_timeout, ping)
            .await
            .map_err(|_| DbError::Timeout("the server"))?
    }

    pub fn status(&self) -> PoolStatus {
        self.0.status()
    }

    /// Closes idle connections at once and the others as they come back; later calls are refused.
    pub fn close(&self) {
        self.0.pool.close();
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Db").field(&self.status()).finish()
    }
}

/// A pool and its limits, shared by [`Db`] and [`crate::JobsDb`].
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<AsyncPgConnection>,
    pub(crate) config: PoolConfig,
}

impl Connections {
    pub(crate) fn new(options: ConnectOptions, config: PoolConfig) -> Result<Self, DbError> {
        let io = config.io.clone();
        let mut manager = ManagerConfig::default();
        // The default sends `SELECT 1` at each checkout; a closed socket is noticed without it.
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let (io, options) = (io.clone(), options.clone());
            async move {
                let opened = io.spawn(async move { options.connect().await }).await;
                opened
                    .unwrap_or_else(|_| Err(DbError::Unavailable("the io runtime stopped".into())))
                    .map_err(|error| match error {
                        DbError::Unavailable(reason) => reason,
                        other => other.to_string(),
                    })
                    .map_err(diesel::ConnectionError::BadConnection)
            }
            .boxed()
        });
        // The url is in `options`, where it is not printed.
        let manager = AsyncDieselConnectionManager::new_with_config("", manager);
        let pool = Pool::builder(manager)
            .max_size(config.size)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(config.acquire_timeout))
            .create_timeout(Some(config.acquire_timeout))
            .build()
            .map_err(|error| DbError::Other(error.to_string()))?;
        Ok(Self { pool, config })
    }

    pub(crate) async fn lease(&self) -> Result<Lease, DbError> {
        // The pool's own limits are per step; this one is for all of them together.
        match timeout(self.config.acquire_timeout, self.pool.get()).await {
            Ok(Ok(object)) => Ok(Lease::new(object)),
            Ok(Err(PoolError::Backend(error))) => Err(DbError::Unavailable(error.to_string())),
            Ok(Err(PoolError::Closed)) => Err(DbError::Unavailable("shutting down".into())),
            Ok(Err(_)) | Err(_) => Err(DbError::Unavailable("no connection became free".into())),
        }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            max: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// Repeats `attempt` while it fails with [`DbError::is_transient`], at most four times in all,
/// after 5–80 ms each.
pub async fn retrying<R>(
    mut attempt: impl AsyncFnMut() -> Result<R, DbError>,
) -> Result<R, DbError> {
    // Spreads rivals that lost at the same instant; nothing depends on its value.
    static SPREAD: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.is_transient() && tries < ATTEMPTS => {
                let spread = SPREAD.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed) >> 40;
                let cap = 10_u64 << tries;
                tokio::time::sleep(Duration::from_millis(5 + spread % cap)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Compiles only while `$type` is not `$bound`: otherwise `_` could be either marker.
    macro_rules! is_not {
        ($type:ty, $bound:path) => {{
            struct Marked;
            trait Ambiguous<A> {
                fn probe() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $bound> Ambiguous<Marked> for T {}
            let _: fn() = <$type as Ambiguous<_>>::probe;
        }};
    }

    #[test]
    fn neither_a_pool_nor_a_lease_is_something_a_query_runs_on() {
        is_not!(Db, diesel_async::AsyncConnectionCore);
        is_not!(&Db, diesel_async::AsyncConnectionCore);
        is_not!(crate::JobsDb, diesel_async::AsyncConnectionCore);
        is_not!(Lease, diesel_async::AsyncConnectionCore);
        is_not!(Db, std::ops::DerefMut);
        is_not!(TenantTx<'static>, std::ops::Deref);
        // A nested transaction or a test transaction would need this.
        is_not!(TenantTx<'static>, diesel_async::AsyncConnection);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadlock_is_retried_a_few_times_and_then_told() {
        let tries = Cell::new(0);
        let result: Result<(), DbError> = retrying(async || {
            tries.set(tries.get() + 1);
            Err(DbError::Deadlock)
        })
        .await;
        assert_eq!((result, tries.get()), (Err(DbError::Deadlock), ATTEMPTS));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_outcome_is_never_repeated() {
        let tries = Cell::new(0);
        let result: Result<(), DbError> = retrying(async || {
            tries.set(tries.get() + 1);
            Err(DbError::OutcomeUnknown)
        })
        .await;
        assert_eq!((result, tries.get()), (Err(DbError::OutcomeUnknown), 1));
    }
}
