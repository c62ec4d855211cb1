//! Tenants on Postgres: found by slug, read, made.

use async_trait::async_trait;
use forecourt_core::{
    entry::EntryKind,
    id::{SessionId, TenantId},
    inventory::VehicleStep,
    knowledge::Knowledge,
};
use forecourt_ports::store::{NewTenant, StoreError, TenantSnapshot, Tenants, VehicleWrite};
use futures_util::try_join;
use jiff::Timestamp;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{
        bookings, contacts, entries, faqs, knowledge_versions, members, passages, services,
        tenants, tools, vehicles,
    },
};

#[async_trait]
impl Tenants for PgStore {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError> {
        self.app.resolve_slug(slug).await.map_err(store_error)
    }

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError> {
        let read = async |tx: &mut TenantTx| tenants::find(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn load_knowledge(&self, tenant: TenantId) -> Result<Knowledge, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (services, mut faqs, rules, vehicles, tools) = try_join!(
                services::list(tx),
                faqs::list(tx),
                entries::said(tx),
                vehicles::known(tx),
                tools::offered(tx),
            )?;
            faqs.extend(rules);
            Ok(Knowledge { services, faqs, vehicles, tools })
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn knowledge_version(&self, tenant: TenantId) -> Result<i64, StoreError> {
        let read = async |tx: &mut TenantTx| knowledge_versions::find(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| contacts::unsubscribe(tx, session, now).await;
        self.app.tenant(tenant, write).await.map_err(store_error)
    }
}

impl PgStore {
    pub(super) async fn insert_tenant(
        &self,
        new: &NewTenant,
        now: Timestamp,
    ) -> Result<(TenantId, bool), DbError> {
        let NewTenant { snapshot, knowledge, busy, members, .. } = new;
        let write = async |tx: &mut TenantTx| {
            if !tenants::insert(tx, new, now).await? {
                return Ok(false);
            }
            members::insert(tx, members, now).await?;
            services::insert(tx, &knowledge.services, now).await?;
            faqs::insert(tx, &knowledge.faqs, now).await?;
            let stock: Vec<VehicleWrite> = knowledge
                .vehicles
                .iter()
                .map(|vehicle| VehicleWrite {
                    vehicle: vehicle.clone(),
                    expected: 0,
                    step: VehicleStep::Added,
                })
                .collect();
            vehicles::put(tx, &stock, -1, now).await?;
            bookings::insert(tx, busy, now).await?;
            for kind in [EntryKind::Service, EntryKind::Faq] {
                for entry in entries::list(tx, kind).await? {
                    passages::of_entry(tx, &entry, now).await?;
                }
            }
            Ok::<_, DbError>(true)
        };
        if self.app.tenant(snapshot.id, write).await? {
            return Ok((snapshot.id, true));
        }
        let taken = self.app.resolve_slug(&snapshot.slug).await?.ok_or(DbError::NotFound)?;
        if taken == snapshot.id {
            let add = async |tx: &mut TenantTx| bookings::insert(tx, busy, now).await;
            self.app.tenant(taken, add).await?;
        }
        Ok((taken, false))
    }
}
