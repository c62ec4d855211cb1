//! Stock on Postgres.
//!
//! # Invariants
//! - **A2** writers of a tenant's stock take turns on an advisory lock, so that what is looked at
//!   before a write still holds when it is written; the unique indexes stand behind it.

use async_trait::async_trait;
use forecourt_core::{
    id::{ImportId, PhotoId, TenantId, VehicleId},
    inventory::VehicleFilter,
};
use forecourt_ports::store::{
    ImportRecord, Inventory, PhotoRecord, StockChange, StockWritten, StoreError, VehicleHistory,
    VehiclePage, VehicleRecord, refusal,
};

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{resources, vehicle_history, vehicle_imports, vehicle_photos, vehicles},
};

/// What ends a write: a fault, or an answer for which nothing may stay behind.
enum Halt {
    Fault(DbError),
    Answer(StockWritten),
}

impl From<DbError> for Halt {
    fn from(error: DbError) -> Self {
        Self::Fault(error)
    }
}

async fn write(tx: &TenantTx, change: &StockChange) -> Result<(), Halt> {
    resources::lock_stock(tx).await?;
    if let Some((import, counts)) = change.import
        && !vehicle_imports::done(tx, import, counts, change.now).await?
    {
        return Err(Halt::Answer(StockWritten::ImportOver));
    }
    let rows = vehicles::touched(tx, &change.writes).await?;
    let (in_stock, last) = vehicles::extent(tx).await?;
    if let Some(refused) = refusal(change, &rows, in_stock) {
        return Err(Halt::Answer(refused));
    }
    if !change.writes.is_empty() {
        vehicles::put(tx, &change.writes, last, change.now).await?;
        vehicle_history::add(tx, change).await?;
    }
    Ok(())
}

#[async_trait]
impl Inventory for PgStore {
    async fn list_vehicles(
        &self,
        tenant: TenantId,
        filter: &VehicleFilter,
    ) -> Result<VehiclePage, StoreError> {
        let read = async |tx: &mut TenantTx| vehicles::page(tx, filter).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn load_stock(&self, tenant: TenantId) -> Result<Vec<VehicleRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| vehicles::all(tx).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_vehicle(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
    ) -> Result<Option<VehicleRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| vehicles::find(tx, vehicle).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_stock(
        &self,
        tenant: TenantId,
        change: &StockChange,
    ) -> Result<StockWritten, StoreError> {
        let work = async |tx: &mut TenantTx| write(tx, change).await;
        match self.app.tenant(tenant, work).await {
            Ok(()) => Ok(StockWritten::Stored),
            Err(Halt::Answer(refused)) => Ok(refused),
            Err(Halt::Fault(error)) => Err(store_error(error)),
        }
    }

    async fn vehicle_history(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StoreError> {
        let read =
            async |tx: &mut TenantTx| vehicle_history::list(tx, vehicle, before, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn put_import(&self, tenant: TenantId, import: &ImportRecord) -> Result<(), StoreError> {
        let work = async |tx: &mut TenantTx| {
            resources::lock_stock(tx).await?;
            vehicle_imports::put(tx, import).await
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn find_import(
        &self,
        tenant: TenantId,
        import: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| vehicle_imports::find(tx, import).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn put_photo(&self, tenant: TenantId, photo: &PhotoRecord) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| {
            if vehicles::find(tx, photo.vehicle).await?.is_none() {
                return Ok(false);
            }
            vehicle_photos::put(tx, photo).await
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn find_photo(
        &self,
        tenant: TenantId,
        photo: PhotoId,
    ) -> Result<Option<PhotoRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| vehicle_photos::find(tx, photo).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn delete_photo(&self, tenant: TenantId, photo: PhotoId) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| vehicle_photos::delete(tx, photo).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }
}
