//! Drafts, the team and the queue on Postgres.

use async_trait::async_trait;
use forecourt_core::{
    callback::times::Taken,
    id::{MemberId, SessionId, TenantId},
};
use forecourt_ports::store::{DraftRow, DraftSaved, MAX_CALLS, People, StoreError, Teammate};
use futures_util::try_join;
use jiff::Timestamp;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{lead_list, leads, members, session_drafts, sessions},
};

#[async_trait]
impl People for PgStore {
    async fn draft(&self, tenant: TenantId, session: SessionId) -> Result<DraftRow, StoreError> {
        let read = async |tx: &mut TenantTx| session_drafts::find(tx, session).await;
        let found = self.app.read(tenant, read).await.map_err(store_error)?;
        Ok(found.unwrap_or_default())
    }

    async fn save_draft(
        &self,
        tenant: TenantId,
        session: SessionId,
        text: &str,
        base: i64,
        member: MemberId,
        now: Timestamp,
    ) -> Result<DraftSaved, StoreError> {
        let text = &text.replace('\0', "\u{fffd}"); // no column holds it
        let save = async |tx: &mut TenantTx| {
            let tx = &*tx;
            if sessions::versions(tx, &[session.into_uuid()]).await?.is_empty() {
                return Ok(DraftSaved::NoSession);
            }
            let saved = session_drafts::save(tx, session, text, base, member, now).await?;
            let stands = session_drafts::find(tx, session).await?.unwrap_or_default();
            Ok(if saved || stands.is_repeat(base, text, member) {
                DraftSaved::Saved(stands)
            } else {
                DraftSaved::Conflict(stands)
            })
        };
        self.app.tenant(tenant, save).await.map_err(store_error)
    }

    async fn team(&self, tenant: TenantId) -> Result<Vec<Teammate>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (members, open) = try_join!(members::active(tx), lead_list::open_by_assignee(tx))?;
            let team = members.into_iter().map(|member| {
                let open = open.get(&member.member).copied().unwrap_or_default();
                Teammate { member, open }
            });
            Ok(team.collect())
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn callbacks(&self, tenant: TenantId, from: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let read = async |tx: &mut TenantTx| leads::callbacks(tx, from, MAX_CALLS).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn waiting_before(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError> {
        let read = async |tx: &mut TenantTx| sessions::count_queued_before(tx, since).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
