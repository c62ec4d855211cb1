//! Stock in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    id::{ImportId, PhotoId, TenantId, VehicleId},
    inventory::{Vehicle, VehicleFilter, filter::MAX_PAGE},
};
use jiff::Timestamp;

use super::{MemStore, TenantData};
use crate::store::{
    ImportRecord, Inventory, MAX_HISTORY, MOST_PHOTOS, MOST_PREVIEWS, PhotoRecord, StockChange,
    StockRow, StockWritten, StoreError, VehicleHistory, VehiclePage, VehicleRecord, keys_of,
    refusal,
};

/// A tenant's stock.
#[derive(Default)]
pub(super) struct Data {
    rows: BTreeMap<VehicleId, Row>,
    imports: BTreeMap<ImportId, ImportRecord>,
    photos: BTreeMap<PhotoId, PhotoRecord>,
}

struct Row {
    record: VehicleRecord,
    position: usize,
    history: Vec<VehicleHistory>,
}

impl Data {
    pub(super) fn new(vehicles: &[Vehicle]) -> Self {
        let row = |(position, vehicle): (usize, &Vehicle)| {
            let record = VehicleRecord {
                vehicle: vehicle.clone(),
                version: 1,
                deleted: false,
                created_at: Timestamp::UNIX_EPOCH,
                updated_at: Timestamp::UNIX_EPOCH,
            };
            (vehicle.id, Row { record, position, history: Vec::new() })
        };
        Self { rows: vehicles.iter().enumerate().map(row).collect(), ..Self::default() }
    }

    /// What everybody may know of it.
    pub(super) fn known(&self) -> Vec<Vehicle> {
        let mut rows: Vec<&Row> = self.rows.values().filter(|row| !row.record.deleted).collect();
        rows.sort_by_key(|row| row.position);
        rows.into_iter().map(|row| row.record.vehicle.clone().for_everybody()).collect()
    }

    fn in_stock(&self) -> impl Iterator<Item = &VehicleRecord> {
        self.rows.values().map(|row| &row.record).filter(|record| !record.deleted)
    }
}

fn write(data: &mut TenantData, change: &StockChange) -> StockWritten {
    let stock = &mut data.stock;
    if let Some((import, _)) = change.import
        && stock.imports.get(&import).is_none_or(|record| record.done_at.is_some())
    {
        return StockWritten::ImportOver;
    }
    let row = |row: &Row| {
        let [(_, vin), (_, plate), (_, stock_number)] = keys_of(&row.record.vehicle);
        let VehicleRecord { version, deleted, .. } = row.record;
        StockRow { id: row.record.vehicle.id, version, deleted, vin, plate, stock_number }
    };
    let rows: Vec<StockRow> = stock.rows.values().map(row).collect();
    let in_stock = stock.in_stock().count();
    if let Some(refused) = refusal(change, &rows, in_stock) {
        return refused;
    }
    let last = stock.rows.values().map(|row| row.position).max();
    let mut position = last.map_or(0, |last| last + 1);
    for write in &change.writes {
        let record = VehicleRecord {
            vehicle: write.vehicle.clone(),
            version: write.expected + 1,
            deleted: write.deletes(),
            created_at: change.now,
            updated_at: change.now,
        };
        let step = VehicleHistory {
            version: record.version,
            at: change.now,
            by: Some(change.by),
            import: change.import.map(|(import, _)| import),
            step: write.step.clone(),
        };
        if let Some(row) = stock.rows.get_mut(&write.vehicle.id) {
            let created_at = row.record.created_at;
            row.record = VehicleRecord { created_at, ..record };
            row.history.push(step);
        } else {
            let row = Row { record, position, history: vec![step] };
            stock.rows.insert(write.vehicle.id, row);
            position += 1;
        }
    }
    if let Some((import, counts)) = change.import
        && let Some(record) = stock.imports.get_mut(&import)
    {
        record.done_at = Some(change.now);
        record.counts = counts;
        record.file = Vec::new();
    }
    data.knowledge_version += 1;
    StockWritten::Stored
}

#[async_trait]
impl Inventory for MemStore {
    async fn list_vehicles(
        &self,
        tenant: TenantId,
        filter: &VehicleFilter,
    ) -> Result<VehiclePage, StoreError> {
        let world = self.enter("list_vehicles").await?;
        let rows = world.tenant(tenant)?.stock.rows.values().map(|row| &row.record);
        let mut found: Vec<&VehicleRecord> = rows
            .filter(|record| record.deleted == filter.deleted && filter.shows(&record.vehicle))
            .collect();
        found.sort_by(|a, b| filter.order(&a.vehicle, &b.vehicle));
        let total = found.len() as u64;
        let page = found.into_iter().skip(filter.offset as usize);
        let vehicles = page.take(filter.limit.min(MAX_PAGE) as usize).cloned().collect();
        Ok(VehiclePage { vehicles, total })
    }

    async fn load_stock(&self, tenant: TenantId) -> Result<Vec<VehicleRecord>, StoreError> {
        let world = self.enter("load_stock").await?;
        Ok(world.tenant(tenant)?.stock.in_stock().cloned().collect())
    }

    async fn find_vehicle(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
    ) -> Result<Option<VehicleRecord>, StoreError> {
        let world = self.enter("find_vehicle").await?;
        Ok(world.tenant(tenant)?.stock.rows.get(&vehicle).map(|row| row.record.clone()))
    }

    async fn write_stock(
        &self,
        tenant: TenantId,
        change: &StockChange,
    ) -> Result<StockWritten, StoreError> {
        let mut world = self.enter("write_stock").await?;
        Ok(write(world.tenant_mut(tenant)?, change))
    }

    async fn vehicle_history(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StoreError> {
        let world = self.enter("vehicle_history").await?;
        let row = world.tenant(tenant)?.stock.rows.get(&vehicle);
        let steps = row.map_or(&[][..], |row| &row.history).iter().rev();
        let steps = steps.filter(|step| before.is_none_or(|before| step.version < before));
        Ok(steps.take(limit.min(MAX_HISTORY) as usize).cloned().collect())
    }

    async fn put_import(&self, tenant: TenantId, import: &ImportRecord) -> Result<(), StoreError> {
        let mut world = self.enter("put_import").await?;
        let imports = &mut world.tenant_mut(tenant)?.stock.imports;
        imports.insert(import.id, import.clone());
        let mut waiting: Vec<(Timestamp, ImportId)> = imports
            .values()
            .filter(|record| record.done_at.is_none())
            .map(|record| (record.created_at, record.id))
            .collect();
        waiting.sort_unstable();
        let over = waiting.len().saturating_sub(MOST_PREVIEWS);
        for (_, id) in waiting.into_iter().take(over) {
            imports.remove(&id);
        }
        Ok(())
    }

    async fn find_import(
        &self,
        tenant: TenantId,
        import: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError> {
        let world = self.enter("find_import").await?;
        Ok(world.tenant(tenant)?.stock.imports.get(&import).cloned())
    }

    async fn put_photo(&self, tenant: TenantId, photo: &PhotoRecord) -> Result<bool, StoreError> {
        let mut world = self.enter("put_photo").await?;
        let stock = &mut world.tenant_mut(tenant)?.stock;
        let fits = stock.rows.contains_key(&photo.vehicle) && stock.photos.len() < MOST_PHOTOS;
        if fits {
            stock.photos.insert(photo.id, photo.clone());
        }
        Ok(fits)
    }

    async fn find_photo(
        &self,
        tenant: TenantId,
        photo: PhotoId,
    ) -> Result<Option<PhotoRecord>, StoreError> {
        let world = self.enter("find_photo").await?;
        Ok(world.tenant(tenant)?.stock.photos.get(&photo).cloned())
    }

    async fn delete_photo(&self, tenant: TenantId, photo: PhotoId) -> Result<bool, StoreError> {
        let mut world = self.enter("delete_photo").await?;
        Ok(world.tenant_mut(tenant)?.stock.photos.remove(&photo).is_some())
    }
}
