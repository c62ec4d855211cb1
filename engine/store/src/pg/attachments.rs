//! Customers' files on Postgres.

use async_trait::async_trait;
use forecourt_core::id::{AttachmentId, SessionId, TenantId};
use forecourt_ports::store::{
    StoreError,
    attachments::{AttachmentKept, AttachmentRecord, Attachments},
};

use super::{PgStore, store_error};
use crate::{TenantTx, tables::attachments};

#[async_trait]
impl Attachments for PgStore {
    async fn put_attachment(
        &self,
        tenant: TenantId,
        file: &AttachmentRecord,
    ) -> Result<AttachmentKept, StoreError> {
        let write = async |tx: &mut TenantTx| {
            let tx = &*tx;
            // Of two who send the same at once, the second finds the first's row.
            if !attachments::known(tx, file.id).await? {
                if attachments::are_full(tx).await? {
                    return Ok(AttachmentKept::Full);
                }
                attachments::insert(tx, file).await?;
            }
            let same = attachments::is_same(tx, file).await?;
            Ok(if same { AttachmentKept::Kept } else { AttachmentKept::Another })
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn find_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<Option<AttachmentRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| attachments::find(tx, session, attachment).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn delete_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| attachments::delete(tx, session, attachment).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }
}
