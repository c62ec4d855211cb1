//! Tools of a tenant's own: their definitions by version, their sealed headers, and their last calls.
//!
//! # Invariants
//! - a definition is changed over the version that was read, and over nothing else;
//! - **A9** so many tools of a tenant, and of each tool the last [`MOST_CALLS_KEPT`] calls;
//! - **A13** of a call neither arguments nor answer are kept: when, how long, how it ended;
//! - **A14** headers are stored sealed, and are read by who calls alone.

use async_trait::async_trait;
use forecourt_core::{
    id::{MemberId, SessionId, TenantId, ToolId},
    tools::custom::ToolBody,
};
use jiff::Timestamp;

use super::StoreError;

/// Calls of one tool that are kept.
pub const MOST_CALLS_KEPT: u32 = 200;

/// A tool as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRecord {
    pub id: ToolId,
    /// From 1; rises with every change.
    pub version: i64,
    pub body: ToolBody,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A change of a tool.
#[derive(Clone, Debug)]
pub struct ToolWrite {
    pub id: ToolId,
    /// The version that was read; 0 makes it.
    pub expected: i64,
    pub change: ToolChange,
    pub by: MemberId,
    pub now: Timestamp,
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one to a request, and gone with it")]
pub enum ToolChange {
    Put {
        body: ToolBody,
        /// The sealed values of its headers; `None` leaves those that there are.
        headers: Option<Vec<u8>>,
    },
    Delete,
}

impl std::fmt::Debug for ToolChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Put { .. } => "Put(..)",
            Self::Delete => "Delete",
        })
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolWritten {
    /// As it stands now; of what was deleted, as it stood.
    Stored(ToolRecord),
    NotFound,
    /// Somebody was faster: as it stands.
    Conflict(ToolRecord),
    /// Another tool has this name.
    NameTaken,
    TooMany,
}

/// A tool as it once was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolVersion {
    pub version: i64,
    /// `made`, `changed` or `deleted`.
    pub action: String,
    pub body: ToolBody,
    pub by: Option<MemberId>,
    pub at: Timestamp,
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    pub tool: ToolId,
    pub version: i64,
    /// Of a conversation's call.
    pub session: Option<SessionId>,
    /// Of a trial.
    pub member: Option<MemberId>,
    pub at: Timestamp,
    pub took_ms: u32,
    /// What was answered, if anything was.
    pub status: Option<u16>,
    /// `done`, or a short word for why not.
    pub code: String,
}

#[async_trait]
pub trait CustomTools: Send + Sync {
    /// The tenant's tools, by name.
    async fn list_tools(&self, tenant: TenantId) -> Result<Vec<ToolRecord>, StoreError>;

    async fn find_tool(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<ToolRecord>, StoreError>;

    /// The sealed headers of a tool, for who calls it.
    async fn tool_headers(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    async fn write_tool(
        &self,
        tenant: TenantId,
        write: &ToolWrite,
    ) -> Result<ToolWritten, StoreError>;

    /// How a tool was before, the newest first.
    async fn tool_versions(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolVersion>, StoreError>;

    /// Keeps a call; of a tool that is gone nothing is kept.
    async fn note_tool_call(&self, tenant: TenantId, call: &ToolCall) -> Result<(), StoreError>;

    /// The last calls of a tool, the newest first.
    async fn tool_calls(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolCall>, StoreError>;
}
