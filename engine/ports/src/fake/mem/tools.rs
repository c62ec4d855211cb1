//! Tools of tenants' own in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    id::{TenantId, ToolId},
    tools::custom::{CustomTool, MOST_TOOLS},
};

use super::MemStore;
use crate::store::{
    StoreError,
    tools::{
        CustomTools, MOST_CALLS_KEPT, ToolCall, ToolChange, ToolRecord, ToolVersion, ToolWrite,
        ToolWritten,
    },
};

/// A tenant's tools, those that were deleted too.
#[derive(Default)]
pub(super) struct Data(BTreeMap<ToolId, Kept>);

struct Kept {
    record: ToolRecord,
    headers: Option<Vec<u8>>,
    deleted: bool,
    versions: Vec<ToolVersion>,
    calls: Vec<ToolCall>,
}

impl Data {
    fn stands(&self) -> impl Iterator<Item = &Kept> {
        self.0.values().filter(|kept| !kept.deleted)
    }

    fn find(&self, id: ToolId) -> Option<&Kept> {
        self.0.get(&id).filter(|kept| !kept.deleted)
    }

    /// What the assistant is offered, by name.
    pub(super) fn offered(&self) -> Vec<CustomTool> {
        let active = self.stands().filter(|kept| kept.record.body.active);
        let mut offered: Vec<CustomTool> = active
            .map(|kept| CustomTool {
                id: kept.record.id,
                version: kept.record.version,
                body: kept.record.body.clone(),
            })
            .collect();
        offered.sort_by(|one, other| one.body.name.cmp(&other.body.name));
        offered
    }

    fn write(&mut self, write: &ToolWrite) -> ToolWritten {
        let name = match &write.change {
            ToolChange::Put { body, .. } => Some(&body.name),
            ToolChange::Delete => None,
        };
        let is_taken =
            |kept: &Kept| Some(&kept.record.body.name) == name && kept.record.id != write.id;
        let (taken, full) = (self.stands().any(is_taken), self.stands().count() >= MOST_TOOLS);
        let Some(known) = self.0.get_mut(&write.id).filter(|kept| !kept.deleted) else {
            let ToolChange::Put { body, headers } = &write.change else {
                return ToolWritten::NotFound;
            };
            if write.expected != 0 {
                return ToolWritten::NotFound;
            }
            if taken {
                return ToolWritten::NameTaken;
            }
            if full {
                return ToolWritten::TooMany;
            }
            let record = ToolRecord {
                id: write.id,
                version: 1,
                body: body.clone(),
                created_at: write.now,
                updated_at: write.now,
            };
            let mut kept = Kept {
                record: record.clone(),
                headers: headers.clone(),
                deleted: false,
                versions: Vec::new(),
                calls: Vec::new(),
            };
            kept.note("made", write);
            self.0.insert(write.id, kept);
            return ToolWritten::Stored(record);
        };
        if known.record.version != write.expected {
            return ToolWritten::Conflict(known.record.clone());
        }
        if taken {
            return ToolWritten::NameTaken;
        }
        known.record.version += 1;
        known.record.updated_at = write.now;
        match &write.change {
            ToolChange::Put { body, headers } => {
                known.record.body = body.clone();
                if let Some(headers) = headers {
                    known.headers = Some(headers.clone());
                }
                known.note("changed", write);
            }
            ToolChange::Delete => {
                known.deleted = true;
                known.headers = None;
                known.note("deleted", write);
            }
        }
        ToolWritten::Stored(known.record.clone())
    }
}

impl Kept {
    fn note(&mut self, action: &str, write: &ToolWrite) {
        self.versions.push(ToolVersion {
            version: self.record.version,
            action: action.to_owned(),
            body: self.record.body.clone(),
            by: Some(write.by),
            at: write.now,
        });
    }
}

#[async_trait]
impl CustomTools for MemStore {
    async fn list_tools(&self, tenant: TenantId) -> Result<Vec<ToolRecord>, StoreError> {
        let world = self.enter("list_tools").await?;
        let mut found: Vec<ToolRecord> =
            world.tenant(tenant)?.tools.stands().map(|kept| kept.record.clone()).collect();
        found.sort_by(|one, other| one.body.name.cmp(&other.body.name));
        Ok(found)
    }

    async fn find_tool(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<ToolRecord>, StoreError> {
        let world = self.enter("find_tool").await?;
        Ok(world.tenant(tenant)?.tools.find(tool).map(|kept| kept.record.clone()))
    }

    async fn tool_headers(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(behind) = self.behind() {
            return behind.tool_headers(tenant, tool).await;
        }
        let world = self.enter("tool_headers").await?;
        Ok(world.tenant(tenant)?.tools.find(tool).and_then(|kept| kept.headers.clone()))
    }

    async fn write_tool(
        &self,
        tenant: TenantId,
        write: &ToolWrite,
    ) -> Result<ToolWritten, StoreError> {
        let mut world = self.enter("write_tool").await?;
        let data = world.tenant_mut(tenant)?;
        let written = data.tools.write(write);
        if matches!(written, ToolWritten::Stored(_)) {
            data.knowledge_version += 1;
        }
        Ok(written)
    }

    async fn tool_versions(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolVersion>, StoreError> {
        let world = self.enter("tool_versions").await?;
        let known = world.tenant(tenant)?.tools.0.get(&tool);
        let versions = known.into_iter().flat_map(|kept| kept.versions.iter().rev());
        Ok(versions.take(limit as usize).cloned().collect())
    }

    async fn note_tool_call(&self, tenant: TenantId, call: &ToolCall) -> Result<(), StoreError> {
        let mut world = self.enter("note_tool_call").await?;
        if let Some(kept) = world.tenant_mut(tenant)?.tools.0.get_mut(&call.tool) {
            kept.calls.push(call.clone());
            let much = kept.calls.len().saturating_sub(MOST_CALLS_KEPT as usize);
            kept.calls.drain(..much);
        }
        Ok(())
    }

    async fn tool_calls(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolCall>, StoreError> {
        let world = self.enter("tool_calls").await?;
        let known = world.tenant(tenant)?.tools.0.get(&tool);
        let calls = known.into_iter().flat_map(|kept| kept.calls.iter().rev());
        Ok(calls.take(limit as usize).cloned().collect())
    }
}
