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
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
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
use futures_util::{FutureExt, join, poll};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    connect::ConnectOptions,
    error::DbError,
    schema::tenants,
    scope::{Lease, Scope, SlugTx, TenantTx, Work, is_slug},
};

/// How often a transaction that lost to another one is repeated.
const REPEATS: u32 = 3;

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
    pub async fn tenant<'a, R, E, F>(&'a self, tenant: TenantId, work: F) -> Result<R, E>
    where
        for<'tx> F: AsyncFnOnce(&'tx mut TenantTx) -> Result<R, E>
            + Work<&'tx mut TenantTx, Result<R, E>, Fut: Send>
            + Send
            + 'a,
        R: Send + 'a,
        E: From<DbError> + Send + 'a,
    {
        let (lease, limit) = self.begin(Scope::Tenant(tenant)).await?;
        let mut tx = TenantTx { lease, tenant };
        let done = timeout_at(limit, work(&mut tx)).await;
        match done {
            Ok(Ok(value)) => {
                let committed = timeout_at(limit, tx.lease.commit()).await;
                committed.map_err(|_| DbError::OutcomeUnknown)??;
                Ok(value)
            }
            Ok(Err(error)) => {
                self.end(tx.lease).await;
                Err(error)
            }
            Err(_) => Err(DbError::Timeout("the transaction").into()),
        }
    }

    /// Like [`Db::tenant`], but nothing can be written, and all reads see the same instant: a page
    /// of rows and the `seq` it stands for belong together.
    pub async fn read<'a, R, E, F>(&'a self, tenant: TenantId, work: F) -> Result<R, E>
    where
        for<'tx> F: AsyncFnOnce(&'tx mut TenantTx) -> Result<R, E>
            + Work<&'tx mut TenantTx, Result<R, E>, Fut: Send>
            + Send
            + 'a,
        R: Send + 'a,
        E: From<DbError> + Send + 'a,
    {
        let (lease, limit) = self.begin(Scope::TenantRead(tenant)).await?;
        let mut tx = TenantTx { lease, tenant };
        let done = timeout_at(limit, work(&mut tx)).await;
        match done {
            Ok(result) => {
                self.end(tx.lease).await;
                result
            }
            Err(_) => Err(DbError::Timeout("the transaction").into()),
        }
    }

    /// Like [`Db::tenant`], for statements that find each row by its key (`Scope::TenantByKey`). The first ones of
    /// `work` are sent together with the `BEGIN`; without its scope they would find and write nothing (A8).
    pub(crate) async fn tenant_at_once<'a, R, F>(
        &'a self,
        tenant: TenantId,
        work: F,
    ) -> Result<R, DbError>
    where
        for<'tx> F: AsyncFnOnce(&'tx TenantTx) -> Result<R, DbError>
            + Work<&'tx TenantTx, Result<R, DbError>, Fut: Send>
            + Send
            + 'a,
        R: Send + 'a,
    {
        let lease = self.0.lease().await?;
        let limit = Instant::now() + self.0.config.transaction_timeout;
        let tx = TenantTx { lease, tenant };
        let both = async {
            let mut begin = pin!(tx.lease.begin(Scope::TenantByKey(tenant)));
            // Into the connection's queue before everything else.
            match poll!(begin.as_mut()) {
                Poll::Ready(begun) => (begun, work(&tx).await),
                Poll::Pending => join!(begin, work(&tx)),
            }
        };
        match timeout_at(limit, both).await {
            Ok((Ok(()), Ok(value))) => {
                let committed = timeout_at(limit, tx.lease.commit()).await;
                committed.map_err(|_| DbError::OutcomeUnknown)??;
                Ok(value)
            }
            Ok((Err(error), _) | (_, Err(error))) => {
                self.end(tx.lease).await;
                Err(error)
            }
            Err(_) => Err(DbError::Timeout("the transaction")),
        }
    }

    async fn begin(&self, scope: Scope<'_>) -> Result<(Lease, Instant), DbError> {
        let lease = self.0.lease().await?;
        let limit = Instant::now() + self.0.config.transaction_timeout;
        let begun = timeout_at(limit, lease.begin(scope)).await;
        begun.map_err(|_| DbError::Timeout("the server"))??;
        Ok((lease, limit))
    }

    /// Ends a transaction whose result is settled.
    async fn end(&self, lease: Lease) {
        if timeout(self.0.config.acquire_timeout, lease.rollback()).await.is_err() {
            tracing::warn!("the end of a transaction was not answered; its connection is closed");
        }
    }

    /// The tenant behind a public slug: the one query that runs without a tenant's scope. The
    /// policy shows it the one row whose slug the caller knew already.
    pub async fn resolve_slug(&self, slug: &str) -> Result<Option<TenantId>, DbError> {
        if !is_slug(slug) {
            return Ok(None);
        }
        let query = async {
            let lease = self.0.lease().await?;
            lease.begin(Scope::Slug(slug)).await?;
            let mut tx = SlugTx(lease);
            let found = tenants::table
                .filter(tenants::slug.eq(slug))
                .select(tenants::tenant_id)
                .get_result::<uuid::Uuid>(&mut tx)
                .await
                .optional()?;
            tx.0.rollback().await;
            Ok(found.map(TenantId::from_uuid))
        };
        timeout(self.0.config.transaction_timeout, query)
            .await
            .map_err(|_| DbError::Timeout("the server"))?
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<(), DbError> {
        let ping = async {
            let lease = self.0.lease().await?;
            lease.begin(Scope::None).await?;
            lease.rollback().await;
            Ok(())
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

/// Bounds the repeats of a transaction that lost to a rival.
///
/// ```
/// # use forecourt_core::id::TenantId;
/// # use forecourt_store::{Db, DbError, db::Retry};
/// # async fn book(db: &Db, tenant: TenantId) -> Result<(), DbError> {
/// let mut retry = Retry::default();
/// loop {
///     match db.tenant(tenant, async |_tx| Ok(())).await {
///         // All the work is done anew, in a new transaction: it has no other effects.
///         Err(error) if retry.again(&error).await => {}
///         result => return result,
///     }
/// }
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Retry {
    repeats: u32,
}

impl Retry {
    /// Whether to repeat after `error`: only when [`DbError::is_transient`], at most three times,
    /// after a pause of 5–85 ms.
    pub async fn again(&mut self, error: &DbError) -> bool {
        // Spreads rivals that lost at the same instant; nothing depends on its value.
        static SPREAD: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
        if !error.is_transient() || self.repeats == REPEATS {
            return false;
        }
        self.repeats += 1;
        let spread = SPREAD.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed) >> 40;
        let cap = 10_u64 << self.repeats;
        tokio::time::sleep(Duration::from_millis(5 + spread % cap)).await;
        true
    }
}

#[cfg(test)]
mod tests {
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
        is_not!(TenantTx, std::ops::Deref);
        // A nested transaction or a test transaction would need this.
        is_not!(TenantTx, diesel_async::AsyncConnection);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadlock_is_repeated_a_few_times_and_then_told() {
        let mut retry = Retry::default();
        for _ in 0..REPEATS {
            assert!(retry.again(&DbError::Deadlock).await);
        }
        assert!(!retry.again(&DbError::Deadlock).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_outcome_is_never_repeated() {
        assert!(!Retry::default().again(&DbError::OutcomeUnknown).await);
        assert!(!Retry::default().again(&DbError::Unavailable("gone".into())).await);
    }
}
