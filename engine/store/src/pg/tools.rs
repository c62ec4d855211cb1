//! Tools of tenants' own, on Postgres.

use async_trait::async_trait;
use forecourt_core::{
    id::{TenantId, ToolId},
    tools::custom::MOST_TOOLS,
};
use forecourt_ports::store::{
    StoreError,
    tools::{CustomTools, ToolCall, ToolChange, ToolRecord, ToolVersion, ToolWrite, ToolWritten},
};

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{tenants, tools},
};

/// Versions that one call gives.
const MOST_VERSIONS: u32 = 200;

async fn write(tx: &mut TenantTx, write: &ToolWrite) -> Result<ToolWritten, DbError> {
    // One after the other, so that two cannot both be the last that fits, or have the last free name.
    tenants::lock_log(tx).await?;
    let ToolWrite { id, expected, by, now, .. } = *write;
    let stands = tools::list(tx).await?;
    let known = tools::find(tx, id, true).await?;
    if let ToolChange::Put { body, .. } = &write.change
        && known.as_ref().is_none_or(|known| known.version == expected)
        && (known.is_some() || expected == 0)
        && stands.iter().any(|other| other.body.name == body.name && other.id != id)
    {
        return Ok(ToolWritten::NameTaken);
    }
    let (action, record) = match (known, &write.change) {
        (None, ToolChange::Put { body, headers }) if expected == 0 => {
            if stands.len() >= MOST_TOOLS {
                return Ok(ToolWritten::TooMany);
            }
            let record =
                ToolRecord { id, version: 1, body: body.clone(), created_at: now, updated_at: now };
            tools::insert(tx, &record, headers.as_deref()).await?;
            ("made", record)
        }
        (None, _) => return Ok(ToolWritten::NotFound),
        (Some(known), _) if known.version != expected => return Ok(ToolWritten::Conflict(known)),
        (Some(known), ToolChange::Put { body, headers }) => {
            let (version, body) = (expected + 1, body.clone());
            let record = ToolRecord { version, body, updated_at: now, ..known };
            tools::update(tx, &record, headers.as_deref()).await?;
            ("changed", record)
        }
        (Some(known), ToolChange::Delete) => {
            let record = ToolRecord { version: expected + 1, updated_at: now, ..known };
            tools::delete(tx, &record).await?;
            ("deleted", record)
        }
    };
    tools::note_version(tx, &record, action, by).await?;
    Ok(ToolWritten::Stored(record))
}

#[async_trait]
impl CustomTools for PgStore {
    async fn list_tools(&self, tenant: TenantId) -> Result<Vec<ToolRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| tools::list(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_tool(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<ToolRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| tools::find(tx, tool, false).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn tool_headers(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let read = async |tx: &mut TenantTx| tools::headers(tx, tool).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_tool(
        &self,
        tenant: TenantId,
        change: &ToolWrite,
    ) -> Result<ToolWritten, StoreError> {
        let work = async |tx: &mut TenantTx| write(tx, change).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn tool_versions(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolVersion>, StoreError> {
        let limit = limit.min(MOST_VERSIONS);
        let read = async |tx: &mut TenantTx| tools::list_versions(tx, tool, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn note_tool_call(&self, tenant: TenantId, call: &ToolCall) -> Result<(), StoreError> {
        let work = async |tx: &mut TenantTx| tools::note_call(tx, call).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn tool_calls(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolCall>, StoreError> {
        let read = async |tx: &mut TenantTx| tools::list_calls(tx, tool, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
