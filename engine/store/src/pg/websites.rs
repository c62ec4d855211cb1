//! Websites and the passages that were read of them, on Postgres.

use async_trait::async_trait;
use forecourt_core::id::{NodeId, TenantId, WebsiteId};
use forecourt_ports::store::{
    StoreError,
    websites::{MOST_WEBSITES, WebsiteAdded, WebsiteEnd, WebsiteRecord, WebsiteStatus, Websites},
};
use jiff::{SignedDuration, Timestamp};

use super::{PgStore, store_error, sweep};
use crate::{
    TenantTx,
    error::DbError,
    tables::{
        passages::{self, NewPassage},
        tenants, websites,
    },
};

#[async_trait]
impl Websites for PgStore {
    async fn add_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        url: &str,
        now: Timestamp,
    ) -> Result<WebsiteAdded, StoreError> {
        let work = async |tx: &mut TenantTx| {
            // One after the other, so that two cannot both be the last that fits.
            tenants::lock_log(tx).await?;
            let known = websites::list(tx).await?;
            let id = match known.iter().find(|site| site.url == url) {
                Some(site) => {
                    websites::due_now(tx, site.id, now).await?;
                    site.id
                }
                None if known.len() >= MOST_WEBSITES => return Ok(WebsiteAdded::TooMany),
                None => {
                    websites::insert(tx, id, url, now).await?;
                    id
                }
            };
            let stands = websites::list(tx).await?.into_iter().find(|site| site.id == id);
            stands.map(WebsiteAdded::Stored).ok_or(DbError::NotFound)
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn list_websites(&self, tenant: TenantId) -> Result<Vec<WebsiteRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| websites::list(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn read_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| websites::due_now(tx, id, now).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn delete_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| {
            if !websites::delete(tx, id, now).await? {
                return Ok(false);
            }
            passages::delete_of(tx, id.into_uuid()).await?;
            Ok::<_, DbError>(true)
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn claim_websites(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, WebsiteRecord)>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let tenants = sweep::with_due_websites(&self.jobs, now, limit).await;
        let mut claimed = Vec::new();
        for tenant in tenants.map_err(store_error)? {
            let left = limit.saturating_sub(claimed.len() as u32);
            if left == 0 {
                break;
            }
            let claim = async |tx: &mut TenantTx| websites::claim(tx, node, now, until, left).await;
            let found = self.app.tenant(tenant, claim).await.map_err(store_error)?;
            claimed.extend(found.into_iter().map(|site| (tenant, site)));
        }
        Ok(claimed)
    }

    async fn tell_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        so_far: (u32, u32),
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let work = async |tx: &mut TenantTx| websites::tell(tx, id, node, so_far, now, until).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn end_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        end: &WebsiteEnd,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| match end {
            WebsiteEnd::Failed { code } => {
                let told = (WebsiteStatus::Failed, Some(*code), None);
                websites::end(tx, id, node, told, next_at, now).await
            }
            WebsiteEnd::Read { passages: found, seen, pages, code } => {
                if !websites::tell(tx, id, node, (*seen, *pages), now, now).await? {
                    return Ok(false);
                }
                let rows: Vec<NewPassage<'_>> = (0_i32..)
                    .zip(found)
                    .map(|(position, piece)| NewPassage {
                        id: piece.id,
                        source: "page",
                        source_id: id.into_uuid(),
                        url: Some(&piece.url),
                        position,
                        lang: piece.lang,
                        title: &piece.heading,
                        body: &piece.text,
                        hints: "",
                    })
                    .collect();
                let keep: Vec<_> = found.iter().map(|piece| piece.id.into_uuid()).collect();
                passages::delete_others(tx, id.into_uuid(), &keep).await?;
                passages::add(tx, &rows, now).await?;
                let told = (WebsiteStatus::Read, *code, Some(rows.len()));
                websites::end(tx, id, node, told, next_at, now).await
            }
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }
}
