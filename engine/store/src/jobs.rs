//! Which tenants owe work: the few questions that are asked over all tenants at once.
//!
//! The jobs role sees `tenant_id` and the due columns of work tables and nothing else, so a sweep
//! learns *that* a tenant owes something; *what*, it reads in that tenant's own scope.
//!
//! # Invariants
//! - **A8** only typed queries of this crate run here; the role has grants on single columns;
//! - **A9** each answer is limited and paged.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{RunQueryDsl, methods::LoadQuery};
use forecourt_core::id::TenantId;
use jiff::Timestamp;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    connect::ConnectOptions,
    db::{Connections, PoolConfig, PoolStatus},
    error::DbError,
    schema::{staff_sessions, tenants},
    scope::{JobsTx, Scope},
};

/// The sweeps' view of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct JobsDb(Connections);

impl JobsDb {
    /// Opens no connection yet.
    pub fn new(options: ConnectOptions, config: PoolConfig) -> Result<Self, DbError> {
        Ok(Self(Connections::new(options, config)?))
    }

    /// Up to `limit` tenants in the order of their ids, after the id `after`.
    pub async fn tenants(
        &self,
        after: Option<TenantId>,
        limit: u16,
    ) -> Result<Vec<TenantId>, DbError> {
        let after = after.map_or(Uuid::nil(), TenantId::into_uuid);
        let query = tenants::table
            .filter(tenants::tenant_id.gt(after))
            .order(tenants::tenant_id)
            .limit(limit.into())
            .select(tenants::tenant_id);
        self.list(query).await
    }

    /// Up to `limit` tenants with staff sessions that expired before `now`.
    pub async fn tenants_with_expired_staff_sessions(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<TenantId>, DbError> {
        let query = staff_sessions::table
            .filter(staff_sessions::expires_at.lt(jiff_diesel::Timestamp::from(now)))
            .select(staff_sessions::tenant_id)
            .distinct()
            .limit(limit.into());
        self.list(query).await
    }

    pub fn status(&self) -> PoolStatus {
        self.0.status()
    }

    /// Closes idle connections at once and the others as they come back; later calls are refused.
    pub fn close(&self) {
        self.0.close();
    }

    async fn list<Q>(&self, query: Q) -> Result<Vec<TenantId>, DbError>
    where
        for<'query> Q: LoadQuery<'query, JobsTx, Uuid> + Send,
    {
        Ok(self.load::<Q, Uuid>(query).await?.into_iter().map(TenantId::from_uuid).collect())
    }

    /// Runs one query without a tenant's scope; the sweeps of [`crate::pg`] state theirs next to
    /// what they are for.
    pub(crate) async fn load<Q, R>(&self, query: Q) -> Result<Vec<R>, DbError>
    where
        for<'query> Q: LoadQuery<'query, JobsTx, R> + Send,
        R: Send,
    {
        let work = async {
            let lease = self.0.lease().await?;
            lease.begin(Scope::None).await?;
            let mut tx = JobsTx(lease);
            let found: Vec<R> = query.load(&mut tx).await?;
            tx.0.rollback().await;
            Ok(found)
        };
        timeout(self.0.config.transaction_timeout, work)
            .await
            .map_err(|_| DbError::Timeout("the server"))?
    }
}

impl std::fmt::Debug for JobsDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JobsDb").field(&self.status()).finish()
    }
}
