//! Members on Postgres, and who of them is signed in.

use async_trait::async_trait;
use forecourt_core::id::{MemberId, TenantId};
use forecourt_ports::store::{Member, MemberWithHash, Members, StoreError};
use jiff::Timestamp;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{members, staff_sessions},
};

#[async_trait]
impl Members for PgStore {
    async fn find_member(
        &self,
        tenant: TenantId,
        email: &str,
    ) -> Result<Option<MemberWithHash>, StoreError> {
        if email.contains('\0') {
            return Ok(None); // no address holds it, and no parameter can
        }
        let read = async |tx: &mut TenantTx| members::find_by_email(tx, email).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn open_staff_session(
        &self,
        tenant: TenantId,
        member: MemberId,
        token_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let write = async |tx: &mut TenantTx| {
            staff_sessions::insert(tx, member, token_hash, now, expires_at).await
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn find_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError> {
        let read = async |tx: &mut TenantTx| staff_sessions::find(tx, token_hash, now).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn close_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| staff_sessions::delete(tx, token_hash).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }
}
