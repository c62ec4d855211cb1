//! Websites in memory.

use async_trait::async_trait;
use forecourt_core::id::{NodeId, TenantId, WebsiteId};
use jiff::{SignedDuration, Timestamp};

use super::{Claim, MemStore, is_free, knowledge::PageRow};
use crate::store::{
    StoreError,
    websites::{MOST_WEBSITES, WebsiteAdded, WebsiteEnd, WebsiteRecord, WebsiteStatus, Websites},
};

/// A website with who reads it.
pub(super) struct Site {
    record: WebsiteRecord,
    claim: Option<Claim>,
}

impl Site {
    fn due_now(&mut self, now: Timestamp) {
        if self.record.status != WebsiteStatus::Reading {
            self.record.status = WebsiteStatus::Waiting;
            self.record.next_at = Some(now);
        }
    }

    fn is_held_by(&self, node: NodeId) -> bool {
        self.claim.is_some_and(|claim| claim.by == node)
    }
}

#[async_trait]
impl Websites for MemStore {
    async fn add_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        url: &str,
        now: Timestamp,
    ) -> Result<WebsiteAdded, StoreError> {
        let mut world = self.enter("add_website").await?;
        let sites = &mut world.tenant_mut(tenant)?.sites;
        if let Some(known) = sites.iter_mut().find(|site| site.record.url == url) {
            known.due_now(now);
            return Ok(WebsiteAdded::Stored(known.record.clone()));
        }
        if sites.len() >= MOST_WEBSITES {
            return Ok(WebsiteAdded::TooMany);
        }
        let record = WebsiteRecord {
            id,
            url: url.to_owned(),
            status: WebsiteStatus::Waiting,
            pages_seen: 0,
            pages_read: 0,
            passages: 0,
            code: None,
            next_at: Some(now),
            updated_at: now,
        };
        sites.push(Site { record: record.clone(), claim: None });
        Ok(WebsiteAdded::Stored(record))
    }

    async fn list_websites(&self, tenant: TenantId) -> Result<Vec<WebsiteRecord>, StoreError> {
        let world = self.enter("list_websites").await?;
        Ok(world.tenant(tenant)?.sites.iter().map(|site| site.record.clone()).collect())
    }

    async fn read_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("read_website").await?;
        let sites = &mut world.tenant_mut(tenant)?.sites;
        let found = sites.iter_mut().find(|site| site.record.id == id);
        Ok(found.map(|site| site.due_now(now)).is_some())
    }

    async fn delete_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("delete_website").await?;
        let data = world.tenant_mut(tenant)?;
        let before = data.sites.len();
        data.sites.retain(|site| site.record.id != id);
        data.written.pages.retain(|page| page.site != id);
        Ok(data.sites.len() < before)
    }

    async fn claim_websites(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, WebsiteRecord)>, StoreError> {
        let mut world = self.enter("claim_websites").await?;
        let claim = Claim::new(node, now, lease);
        let mut claimed = Vec::new();
        for (tenant, data) in &mut world.tenants {
            for site in &mut data.sites {
                let due = site.record.next_at.is_some_and(|at| at <= now);
                if due && is_free(site.claim, now) && claimed.len() < limit as usize {
                    site.claim = Some(claim);
                    site.record.status = WebsiteStatus::Reading;
                    (site.record.pages_seen, site.record.pages_read) = (0, 0);
                    claimed.push((*tenant, site.record.clone()));
                }
            }
        }
        Ok(claimed)
    }

    async fn tell_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        (seen, read): (u32, u32),
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("tell_website").await?;
        let sites = &mut world.tenant_mut(tenant)?.sites;
        if let Some(site) = sites.iter_mut().find(|site| site.record.id == id)
            && site.is_held_by(node)
        {
            (site.record.pages_seen, site.record.pages_read) = (seen, read);
            site.record.updated_at = now;
            let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
            site.claim = Some(Claim { by: node, until });
            return Ok(true);
        }
        Ok(false)
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
        let mut world = self.enter("end_website").await?;
        let data = world.tenant_mut(tenant)?;
        let held = data.sites.iter_mut().find(|site| site.record.id == id);
        let Some(site) = held.filter(|site| site.is_held_by(node)) else { return Ok(false) };
        site.claim = None;
        (site.record.next_at, site.record.updated_at) = (Some(next_at), now);
        match end {
            WebsiteEnd::Failed { code } => {
                site.record.status = WebsiteStatus::Failed;
                site.record.code = Some((*code).to_owned());
            }
            WebsiteEnd::Read { passages, seen, pages, code } => {
                site.record.status = WebsiteStatus::Read;
                site.record.code = code.map(ToOwned::to_owned);
                (site.record.pages_seen, site.record.pages_read) = (*seen, *pages);
                site.record.passages = passages.len() as u32;
                data.written.pages.retain(|page| page.site != id);
                data.written.pages.extend(passages.iter().map(|piece| PageRow {
                    id: piece.id,
                    site: id,
                    lang: piece.lang,
                    url: piece.url.clone(),
                    title: piece.heading.clone(),
                    body: piece.text.clone(),
                }));
            }
        }
        Ok(true)
    }
}
