//! `knowledge_versions`: rises with everything a tenant may say. Only triggers write it.

use diesel::{OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use crate::{TenantTx, error::DbError, schema::knowledge_versions};

/// 0 when nothing changed yet.
pub(crate) async fn find(mut tx: &TenantTx) -> Result<i64, DbError> {
    let found = knowledge_versions::table
        .select(knowledge_versions::version)
        .get_result(&mut tx)
        .await
        .optional()?;
    Ok(found.unwrap_or_default())
}
