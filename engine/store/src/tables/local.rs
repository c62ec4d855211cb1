//! Settings of Postgres that hold for the rest of one transaction.

use diesel::{QueryResult, define_sql_function, select};
use diesel_async::RunQueryDsl;

use crate::TenantTx;

define_sql_function! {
    fn set_config(
        name: diesel::sql_types::Text,
        value: diesel::sql_types::Text,
        is_local: diesel::sql_types::Bool
    ) -> diesel::sql_types::Text;
}

/// What a transaction may set for itself. Nothing here touches its scope (A8).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Local {
    /// Rows are found one by one through the indexes that are made for it, whatever Postgres believes
    /// of a young table; and no statement is planned twice.
    ByIndex,
    /// The same, and the commit does not wait for the disk. Only for what may be forgotten: a lease.
    ByIndexAndLax,
    /// Rows are read in the order of an index, so that a first page ends after its last row.
    InOrder,
}

pub(crate) async fn set(mut tx: &TenantTx, local: Local) -> QueryResult<()> {
    let off = |name| set_config(name, "off", true);
    let by_index = (
        off("enable_seqscan"),
        off("enable_bitmapscan"),
        off("enable_hashjoin"),
        off("enable_mergejoin"),
    );
    let generic = set_config("plan_cache_mode", "force_generic_plan", true);
    match local {
        Local::ByIndex => select((by_index, generic)).execute(&mut tx).await,
        Local::ByIndexAndLax => {
            select((by_index, generic, off("synchronous_commit"))).execute(&mut tx).await
        }
        Local::InOrder => select((by_index, off("enable_sort"))).execute(&mut tx).await,
    }
    .map(drop)
}
