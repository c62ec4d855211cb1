//! The tenant scope: a transaction in which exactly one tenant's rows exist.
//!
//! Lives here: [`TenantTx`], all that a query can be run on, and the lease of the connection under
//! it. There is no way from a `TenantTx` to the connection: `BEGIN`, `COMMIT` and a raw batch are
//! out of reach.
//!
//! # Invariants
//! - **A8** a `TenantTx` exists only between `BEGIN` + `set_config(.., is_local := true)` and the
//!   end of that transaction; a connection whose transaction did not end in an orderly way is
//!   closed and never lent again;
//! - **A1** a transaction in which a statement failed does not commit, even when the caller
//!   ignored the failure: Postgres answers such a `COMMIT` with a successful `ROLLBACK`.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AsQuery, AstPass, QueryFragment, QueryId},
    result::Error,
};
use diesel_async::{
    AsyncConnectionCore, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection,
    pooled_connection::deadpool::Object,
};
use forecourt_core::id::TenantId;
use futures_util::{FutureExt, future::ready, try_join};

use crate::error::DbError;

/// One tenant's transaction. Queries run on it with `diesel_async::RunQueryDsl`.
///
/// Reads that do not need each other's answers can share a round trip: `&TenantTx` is a connection
/// too, so `try_join!(a.load(&mut &*tx), b.load(&mut &*tx))` sends both at once.
pub struct TenantTx {
    pub(crate) lease: Lease,
    pub(crate) tenant: TenantId,
}

impl TenantTx {
    /// Whose rows exist in here.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// What [`crate::Db`] resolves a slug in: no tenant's rows exist but one line of `tenants`.
pub(crate) struct SlugTx(pub(crate) Lease);

/// What [`crate::JobsDb`] runs its few queries in.
pub(crate) struct JobsTx(pub(crate) Lease);

/// What a transaction is given to do: an async closure over a connection `T` whose future is known
/// to be `Send`. The two bounds say the same thing; only the first lets the compiler find the types
/// of a closure, and only the second lets a caller ask for more of its future.
pub trait Work<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as Work<T, R>>::Fut {
    type Fut: Future<Output = R>;
}

impl<F, T, R, Fut> Work<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

macro_rules! connection_core {
    ($($scope:ty => $lease:tt),*) => {$(
        connection_core!(@impl $scope, $lease);
        connection_core!(@impl &$scope, $lease);
    )*};
    (@impl $scope:ty, $lease:tt) => {
        impl SimpleAsyncConnection for $scope {
            /// Refuses: a batch could end the transaction or change its scope (A8).
            async fn batch_execute(&mut self, _: &str) -> QueryResult<()> {
                Err(Error::QueryBuilderError("no raw batch inside a scope".into()))
            }
        }

        impl AsyncConnectionCore for $scope {
            type ExecuteFuture<'conn, 'query> =
                <AsyncPgConnection as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>;
            type LoadFuture<'conn, 'query> =
                <AsyncPgConnection as AsyncConnectionCore>::LoadFuture<'conn, 'query>;
            type Stream<'conn, 'query> =
                <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
            type Row<'conn, 'query> =
                <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
            type Backend = Pg;

            fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
            where
                T: AsQuery + 'query,
                T::Query: QueryFragment<Pg> + QueryId + 'query,
            {
                match self.$lease.shared() {
                    Some(mut connection) => AsyncConnectionCore::load(&mut connection, source),
                    None => ready(Err(ended())).boxed(),
                }
            }

            fn execute_returning_count<'conn, 'query, T>(
                &'conn mut self,
                source: T,
            ) -> Self::ExecuteFuture<'conn, 'query>
            where
                T: QueryFragment<Pg> + QueryId + 'query,
            {
                match self.$lease.shared() {
                    Some(mut connection) => {
                        AsyncConnectionCore::execute_returning_count(&mut connection, source)
                    }
                    None => ready(Err(ended())).boxed(),
                }
            }
        }
    };
}

connection_core!(TenantTx => lease, SlugTx => 0, JobsTx => 0);

fn ended() -> Error {
    Error::QueryBuilderError("the transaction has ended".into())
}

/// A connection out of the pool. It goes back only after an orderly end; a dropped future, a panic
/// or a broken end closes it, and with it the transaction and its scope.
pub(crate) struct Lease(Option<Object<AsyncPgConnection>>);

/// Which rows exist in a transaction.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    Tenant(TenantId),
    /// Like `Tenant`, for statements that find each row by its key: they are planned once, and for an index,
    /// however small Postgres takes a young table to be.
    TenantByKey(TenantId),
    /// Like `Tenant`, but all reads see the same instant and nothing can be written.
    TenantRead(TenantId),
    /// Must have passed [`is_slug`]: it becomes part of a statement.
    Slug(&'a str),
    /// Only what the role may see without any scope.
    None,
}

impl Lease {
    pub(crate) fn new(object: Object<AsyncPgConnection>) -> Self {
        Self(Some(object))
    }

    /// Empty only after the end, which consumes the lease.
    fn shared(&self) -> Option<&AsyncPgConnection> {
        self.0.as_deref()
    }

    fn connection(&mut self) -> Result<&mut AsyncPgConnection, DbError> {
        self.0.as_deref_mut().ok_or_else(|| DbError::from(ended()))
    }

    /// `BEGIN` and the scope in one round trip.
    pub(crate) async fn begin(&self, scope: Scope<'_>) -> Result<(), DbError> {
        let begin = match scope {
            // A UUID prints as hex digits and dashes, a slug holds nothing else than `[a-z0-9-]`.
            Scope::Tenant(tenant) => {
                format!("BEGIN; SELECT set_config('app.tenant_id', '{}', true)", tenant.as_uuid())
            }
            Scope::TenantByKey(tenant) => {
                let connection = self.shared().ok_or_else(|| DbError::from(ended()))?;
                let (mut plain, mut prepared) = (connection, connection);
                // Into the queue in this order; prepared, because it is the most frequent of all.
                let begun = plain.batch_execute("BEGIN");
                let set = ByKey(tenant.as_uuid().to_string());
                return try_join!(begun, set.execute(&mut prepared))
                    .map(drop)
                    .map_err(DbError::from);
            }
            Scope::TenantRead(tenant) => format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                 SELECT set_config('app.tenant_id', '{}', true)",
                tenant.as_uuid()
            ),
            Scope::Slug(slug) => {
                format!("BEGIN READ ONLY; SELECT set_config('app.tenant_slug', '{slug}', true)")
            }
            Scope::None => "BEGIN READ ONLY".to_owned(),
        };
        let mut connection = self.shared().ok_or_else(|| DbError::from(ended()))?;
        connection.batch_execute(&begin).await.map_err(DbError::from)
    }

    /// Commits. An error says which of the two it was: rolled back, or nobody knows.
    pub(crate) async fn commit(mut self) -> Result<(), DbError> {
        // A bare COMMIT of a failed transaction succeeds, as a ROLLBACK. The statement before it
        // fails in that case, in the same round trip.
        let committed = self.connection()?.batch_execute("SELECT; COMMIT").await;
        match committed.map_err(DbError::from) {
            Ok(()) => {
                self.give_back();
                Ok(())
            }
            Err(DbError::Unavailable(_)) => Err(DbError::OutcomeUnknown),
            // Any other error is the server's answer: it did not commit.
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    /// Rolls back, which is also how a transaction that only read ends: what it found stays true
    /// when the end is not answered. The connection is closed then, which rolls back as well.
    pub(crate) async fn rollback(mut self) {
        let Ok(connection) = self.connection() else { return };
        if connection.batch_execute("ROLLBACK").await.is_ok() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        // Dropping the object returns it to the pool.
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            // Taken out of the pool and closed: nobody knows what its session is in the middle of.
            drop(Object::take(object));
        }
    }
}

/// The settings of [`Scope::TenantByKey`]; holds the tenant.
struct ByKey(String);

impl QueryId for ByKey {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for ByKey {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT set_config('app.tenant_id', ");
        out.push_bind_param::<diesel::sql_types::Text, _>(&self.0)?;
        out.push_sql(
            ", true), set_config('plan_cache_mode', 'force_generic_plan', true), \
             set_config('enable_seqscan', 'off', true), \
             set_config('enable_bitmapscan', 'off', true)",
        );
        Ok(())
    }
}

/// Whether `slug` could be a tenant's: what the table's constraint allows.
pub(crate) fn is_slug(slug: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = slug.as_bytes();
    (3..=63).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_that_could_end_a_quoted_text_is_no_slug() {
        for good in ["abc", "a-b", "bil-1", &"a".repeat(63)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in
            ["", "ab", "-ab", "ab-", "a'b", "a\\b", "a b", "Abc", "åbc", "a\0b", &"a".repeat(64)]
        {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
