//! Where passages lie in a space of meaning, on Postgres with pgvector.

use async_trait::async_trait;
use forecourt_core::{
    id::{NodeId, TenantId},
    lang::Lang,
};
use forecourt_ports::{
    embedder::Space,
    store::{
        StoreError,
        knowledge::{MOST_PASSAGES, Passage},
        vectors::{Lacking, Placed, VectorWork, Vectors},
    },
};
use jiff::{SignedDuration, Timestamp};

use super::{PgStore, store_error, sweep};
use crate::{TenantTx, error::DbError, tables::passage_vectors as vectors};

/// How often a batch is kept anew because a passage of it was deleted in that moment.
const TRIES: u32 = 3;

#[async_trait]
impl Vectors for PgStore {
    async fn claim_vectors(
        &self,
        space: &Space,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<VectorWork>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let tenants = sweep::with_unplaced_passages(&self.jobs, now, limit).await;
        let mut claimed = Vec::new();
        for tenant in tenants.map_err(store_error)? {
            let claim = async |tx: &mut TenantTx| {
                if !vectors::is_of(tx, space).await? {
                    return Ok::<_, DbError>(None);
                }
                vectors::claim(tx, node, now, until).await
            };
            let failures = self.app.tenant(tenant, claim).await.map_err(store_error)?;
            claimed.extend(failures.map(|failures| VectorWork { tenant, failures }));
        }
        Ok(claimed)
    }

    async fn lacking(
        &self,
        tenant: TenantId,
        space: &Space,
        node: NodeId,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lacking, StoreError> {
        let work = async |tx: &mut TenantTx| {
            // The row is locked first: what is read behind it is all there is, or wakes the work again.
            if !vectors::renew(tx, node, until).await? {
                return Ok(Lacking::Lost);
            }
            if !vectors::is_of(tx, space).await? {
                return Ok(Lacking::Lost);
            }
            let found = vectors::lacking(tx, space, limit).await?;
            if found.is_empty() {
                vectors::give_back(tx, node, false, None).await?;
                return Ok::<_, DbError>(Lacking::Nothing);
            }
            Ok(Lacking::Some(found))
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn place(
        &self,
        tenant: TenantId,
        space: &Space,
        node: NodeId,
        placed: &[Placed],
    ) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| {
            if !vectors::holds(tx, node).await? || !vectors::is_of(tx, space).await? {
                return Ok(false);
            }
            vectors::put(tx, space, placed).await?;
            Ok::<_, DbError>(true)
        };
        let mut tries = 1;
        loop {
            match self.app.tenant(tenant, work).await {
                Err(DbError::ForeignKeyViolation { .. }) if tries < TRIES => tries += 1,
                // Passages come and go faster than they are placed: the next look finds what is there then.
                Err(DbError::ForeignKeyViolation { .. }) => return Ok(true),
                kept => return kept.map_err(store_error),
            }
        }
    }

    async fn give_back_vectors(
        &self,
        tenant: TenantId,
        node: NodeId,
        failed: bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let work = async |tx: &mut TenantTx| vectors::give_back(tx, node, failed, Some(at)).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn near(
        &self,
        tenant: TenantId,
        space: &Space,
        vector: &[f32],
        lang: Lang,
        least: f32,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError> {
        if limit == 0 || vector.len() != usize::from(space.dims) {
            return Ok(Vec::new());
        }
        let limit = limit.min(MOST_PASSAGES);
        let read = async |tx: &mut TenantTx| {
            if !vectors::is_of(tx, space).await? {
                return Ok::<_, DbError>(Vec::new());
            }
            vectors::near(tx, space, vector, lang, least, limit).await
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn placed_of(&self, tenant: TenantId, space: &Space) -> Result<(u32, u32), StoreError> {
        let read = async |tx: &mut TenantTx| vectors::count(tx, space).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}
