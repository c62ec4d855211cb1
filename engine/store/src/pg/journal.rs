//! The journal on Postgres: commits, and everything that is read back.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::{
    event::{EventRecord, MessageSeq, Seq, Version},
    id::{SessionId, TenantId},
    session::LeadSession,
};
use forecourt_ports::store::{Appended, Batch, Head, Journal, Loaded, StoreError, StoredMessage};
use futures_util::try_join;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{Doc, journal, leads, messages, sessions, tenants},
};

/// With how many messages a session wakes.
const RECENT: u32 = 20;
/// How many rows one read answers at most (A9).
const MOST: u32 = 10_000;
/// How many events a rebuild reads at a time.
const REBUILD_PAGE: u32 = 1_000;

#[async_trait]
impl Journal for PgStore {
    async fn commit(&self, tenant: TenantId, batch: &Batch) -> Result<Vec<Appended>, StoreError> {
        self.commit_batch(tenant, batch).await.map_err(store_error)
    }

    async fn load(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Loaded>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let id = [session.into_uuid()];
            let (snapshot, recent, leads) = try_join!(
                sessions::find(tx, session),
                messages::newest(tx, session, RECENT),
                leads::of_sessions(tx, &id),
            )?;
            let Some((version, snapshot)) = snapshot else { return Ok(None) };
            let state = restore(tx, session, version, &snapshot).await?;
            let lead = leads.into_iter().next().map(Arc::new);
            Ok(Some(Loaded { state, lead, recent }))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        let read = async |tx: &mut TenantTx| tenants::head(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let limit = limit.min(MOST);
        let read = async |tx: &mut TenantTx| journal::list(tx, after, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn replay_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let limit = limit.min(MOST);
        let read =
            async |tx: &mut TenantTx| journal::list_of_session(tx, session, after, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn messages(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: MessageSeq,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let limit = limit.min(MOST);
        let read = async |tx: &mut TenantTx| messages::list(tx, session, after, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}

/// The state of a snapshot; rebuilt from the journal when this version of the engine cannot read it.
async fn restore(
    tx: &TenantTx,
    session: SessionId,
    version: Version,
    snapshot: &Doc,
) -> Result<LeadSession, DbError> {
    match snapshot.parse::<LeadSession>("sessions") {
        Ok(state) if state.version == version => Ok(state),
        _ => {
            tracing::warn!(session.id = %session, "a snapshot cannot be read; its events are");
            rebuild(tx, session, version).await
        }
    }
}

async fn rebuild(
    tx: &TenantTx,
    session: SessionId,
    version: Version,
) -> Result<LeadSession, DbError> {
    let mut state = LeadSession::new(session);
    while state.version < version {
        let page = journal::list_of_session(tx, session, state.version, REBUILD_PAGE).await?;
        if page.is_empty() {
            return Err(DbError::Inconsistent { table: "journal", what: "events are missing" });
        }
        for record in page {
            state.apply(&record.event, record.at);
        }
    }
    Ok(state)
}
