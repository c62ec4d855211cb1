//! Customers' files in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    attachment::MAX_BYTES,
    id::{AttachmentId, SessionId, TenantId},
};

use super::MemStore;
use crate::store::{
    StoreError,
    attachments::{AttachmentKept, AttachmentRecord, Attachments, MOST_ATTACHMENTS},
};

/// Of a tenant.
pub(super) type Data = BTreeMap<AttachmentId, AttachmentRecord>;

#[async_trait]
impl Attachments for MemStore {
    async fn put_attachment(
        &self,
        tenant: TenantId,
        file: &AttachmentRecord,
    ) -> Result<AttachmentKept, StoreError> {
        let mut world = self.enter("put_attachment").await?;
        let data = world.tenant_mut(tenant)?;
        if let Some(known) = data.files.get(&file.id) {
            let same = known.session == file.session && known.sha256 == file.sha256;
            return Ok(if same { AttachmentKept::Kept } else { AttachmentKept::Another });
        }
        if data.files.len() >= MOST_ATTACHMENTS {
            return Ok(AttachmentKept::Full);
        }
        let length = u64::try_from(file.body.len()).unwrap_or(u64::MAX);
        if !(1..=MAX_BYTES).contains(&length) || !data.sessions.contains_key(&file.session) {
            return Err(StoreError::Failed("a row was refused".into()));
        }
        data.files.insert(file.id, file.clone());
        Ok(AttachmentKept::Kept)
    }

    async fn find_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<Option<AttachmentRecord>, StoreError> {
        let world = self.enter("find_attachment").await?;
        let found = world.tenant(tenant)?.files.get(&attachment);
        Ok(found.filter(|file| file.session == session).cloned())
    }

    async fn delete_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("delete_attachment").await?;
        let files = &mut world.tenant_mut(tenant)?.files;
        let is_there = files.get(&attachment).is_some_and(|file| file.session == session);
        Ok(is_there && files.remove(&attachment).is_some())
    }
}
