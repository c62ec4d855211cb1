//! The bytes of files that customers send.
//!
//! # Invariants
//! - the same bytes again change nothing, other bytes under the same id are refused;
//! - **A8** a file is found only with its tenant and its conversation;
//! - **A9** [`MOST_ATTACHMENTS`] of a tenant, and of a conversation as many as the core lets it announce.

use async_trait::async_trait;
use forecourt_core::{
    attachment::FileKind,
    id::{AttachmentId, SessionId, TenantId},
};
use jiff::Timestamp;

use super::StoreError;

/// Files of one tenant.
pub const MOST_ATTACHMENTS: usize = 20_000;

/// A file, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct AttachmentRecord {
    pub id: AttachmentId,
    pub session: SessionId,
    pub kind: FileKind,
    /// Of the body.
    pub sha256: [u8; 32],
    /// 1 byte to [`MAX_BYTES`](forecourt_core::attachment::MAX_BYTES).
    pub body: Vec<u8>,
    pub created_at: Timestamp,
}

/// What came of keeping a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKept {
    /// It is there, now or since a first time.
    Kept,
    /// Other bytes came under this id.
    Another,
    /// The tenant has [`MOST_ATTACHMENTS`].
    Full,
}

#[async_trait]
pub trait Attachments: Send + Sync {
    /// Keeps a file of a conversation that is there.
    async fn put_attachment(
        &self,
        tenant: TenantId,
        file: &AttachmentRecord,
    ) -> Result<AttachmentKept, StoreError>;

    async fn find_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<Option<AttachmentRecord>, StoreError>;

    /// Forgets a file; `false` when it was not there.
    async fn delete_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<bool, StoreError>;
}

impl std::fmt::Debug for AttachmentRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AttachmentRecord({}, {} bytes)", self.id, self.body.len()) // A13
    }
}
