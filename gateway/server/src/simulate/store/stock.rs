//! Vehicles.

use async_trait::async_trait;
use forecourt_core::{
    id::{ImportId, PhotoId, TenantId, VehicleId},
    inventory::VehicleFilter,
};
use forecourt_ports::store::{
    ImportRecord, Inventory, PhotoRecord, StockChange, StockWritten, StoreError, VehicleHistory,
    VehiclePage, VehicleRecord,
};

use super::NodeStore;

#[async_trait]
impl Inventory for NodeStore {
    async fn list_vehicles(
        &self,
        tenant: TenantId,
        filter: &VehicleFilter,
    ) -> Result<VehiclePage, StoreError> {
        self.read(self.inner.list_vehicles(tenant, filter)).await
    }

    async fn load_stock(&self, tenant: TenantId) -> Result<Vec<VehicleRecord>, StoreError> {
        self.read(self.inner.load_stock(tenant)).await
    }

    async fn find_vehicle(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
    ) -> Result<Option<VehicleRecord>, StoreError> {
        self.read(self.inner.find_vehicle(tenant, vehicle)).await
    }

    async fn write_stock(
        &self,
        tenant: TenantId,
        change: &StockChange,
    ) -> Result<StockWritten, StoreError> {
        self.read(self.inner.write_stock(tenant, change)).await
    }

    async fn vehicle_history(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StoreError> {
        self.read(self.inner.vehicle_history(tenant, vehicle, before, limit)).await
    }

    async fn put_import(&self, tenant: TenantId, import: &ImportRecord) -> Result<(), StoreError> {
        self.read(self.inner.put_import(tenant, import)).await
    }

    async fn find_import(
        &self,
        tenant: TenantId,
        import: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError> {
        self.read(self.inner.find_import(tenant, import)).await
    }

    async fn put_photo(&self, tenant: TenantId, photo: &PhotoRecord) -> Result<bool, StoreError> {
        self.read(self.inner.put_photo(tenant, photo)).await
    }

    async fn find_photo(
        &self,
        tenant: TenantId,
        photo: PhotoId,
    ) -> Result<Option<PhotoRecord>, StoreError> {
        self.read(self.inner.find_photo(tenant, photo)).await
    }

    async fn delete_photo(&self, tenant: TenantId, photo: PhotoId) -> Result<bool, StoreError> {
        self.read(self.inner.delete_photo(tenant, photo)).await
    }
}
