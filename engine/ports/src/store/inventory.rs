//! Stock: vehicles with their history, files that wait for somebody's yes, and uploaded pictures.
//!
//! # Invariants
//! - **A2** [`Inventory::write_stock`] stores all of a change or nothing, each vehicle fenced by the
//!   version it was decided from;
//! - of a tenant's vehicles that are not deleted no two have the same VIN, plate or stock number;
//! - what changed is known to the next answer on every node: a write raises
//!   [`Tenants::knowledge_version`](super::Tenants::knowledge_version) in the same commit.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use forecourt_core::{
    id::{ImportId, MemberId, PhotoId, TenantId, VehicleId},
    inventory::{MAX_STOCK, Plate, Vehicle, VehicleFilter, VehicleStep, Vin, csv::Counts},
};
use jiff::Timestamp;

use super::StoreError;

/// Files that wait for a yes, per tenant; an older one gives way.
pub const MOST_PREVIEWS: usize = 5;
/// Steps of a history to a page.
pub const MAX_HISTORY: u32 = 200;
/// Uploaded pictures of one tenant.
pub const MOST_PHOTOS: usize = 20_000;

/// A vehicle as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleRecord {
    pub vehicle: Vehicle,
    /// From 1, raised by every change.
    pub version: i64,
    /// Out of the stock; it can be restored.
    pub deleted: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VehiclePage {
    pub vehicles: Vec<VehicleRecord>,
    /// How many the filter shows on all pages.
    pub total: u64,
}

/// One step of one vehicle, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleWrite {
    /// As it is afterwards.
    pub vehicle: Vehicle,
    /// The version it was decided from; 0 for a new one.
    pub expected: i64,
    pub step: VehicleStep,
}

impl VehicleWrite {
    pub fn deletes(&self) -> bool {
        self.step == VehicleStep::Deleted
    }
}

/// Steps that are stored together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    pub writes: Vec<VehicleWrite>,
    pub by: MemberId,
    /// The file they come from, which is over with them.
    pub import: Option<(ImportId, Counts)>,
    pub now: Timestamp,
}

/// What names a vehicle besides its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VehicleKey {
    Vin,
    Plate,
    StockNumber,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockWritten {
    Stored,
    /// This vehicle was changed by somebody else, or is not there: read it and decide again.
    Conflict(VehicleId),
    /// This vehicle would have what another one has.
    Taken(VehicleId, VehicleKey),
    /// The tenant has as many vehicles as it may have.
    Full,
    /// The file was imported before, or is not there any more.
    ImportOver,
}

/// A step as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleHistory {
    pub version: i64,
    pub at: Timestamp,
    /// `None` for what was there from the start.
    pub by: Option<MemberId>,
    pub import: Option<ImportId>,
    pub step: VehicleStep,
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRecord {
    pub id: ImportId,
    /// Empty once it was imported.
    pub file: Vec<u8>,
    /// Of the plan that was shown ([`forecourt_core::inventory::csv::Plan::print`]).
    pub print: String,
    pub counts: Counts,
    pub by: MemberId,
    pub created_at: Timestamp,
    /// When it was imported.
    pub done_at: Option<Timestamp>,
}

/// An uploaded picture.
#[derive(Clone, PartialEq, Eq)]
pub struct PhotoRecord {
    pub id: PhotoId,
    pub vehicle: VehicleId,
    /// `image/jpeg`, `image/png` or `image/webp`, by its first bytes.
    pub media_type: String,
    pub body: Vec<u8>,
    pub created_at: Timestamp,
}

#[async_trait]
pub trait Inventory: Send + Sync {
    async fn list_vehicles(
        &self,
        tenant: TenantId,
        filter: &VehicleFilter,
    ) -> Result<VehiclePage, StoreError>;

    /// All that are not deleted, in the order of their ids; at most [`MAX_STOCK`].
    async fn load_stock(&self, tenant: TenantId) -> Result<Vec<VehicleRecord>, StoreError>;

    /// A deleted one too.
    async fn find_vehicle(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
    ) -> Result<Option<VehicleRecord>, StoreError>;

    async fn write_stock(
        &self,
        tenant: TenantId,
        change: &StockChange,
    ) -> Result<StockWritten, StoreError>;

    /// The newest step first; those before version `before`, at most `limit`.
    async fn vehicle_history(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StoreError>;

    /// Keeps a file until somebody says yes; the oldest beyond [`MOST_PREVIEWS`] are gone then.
    async fn put_import(&self, tenant: TenantId, import: &ImportRecord) -> Result<(), StoreError>;

    async fn find_import(
        &self,
        tenant: TenantId,
        import: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError>;

    /// Keeps a picture; `false` when there is no such vehicle, or the tenant has [`MOST_PHOTOS`].
    async fn put_photo(&self, tenant: TenantId, photo: &PhotoRecord) -> Result<bool, StoreError>;

    async fn find_photo(
        &self,
        tenant: TenantId,
        photo: PhotoId,
    ) -> Result<Option<PhotoRecord>, StoreError>;

    /// Forgets a picture; `false` when it was not there.
    async fn delete_photo(&self, tenant: TenantId, photo: PhotoId) -> Result<bool, StoreError>;
}

/// What a store looks at before it writes: a row that a change is about, or that has one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockRow {
    pub id: VehicleId,
    pub version: i64,
    pub deleted: bool,
    pub vin: Option<String>,
    pub plate: Option<String>,
    pub stock_number: Option<String>,
}

/// The keys of a vehicle as stores compare them.
pub fn keys_of(vehicle: &Vehicle) -> [(VehicleKey, Option<String>); 3] {
    let details = &vehicle.details;
    [
        (VehicleKey::Vin, details.vin.as_ref().map(|vin| Vin::as_str(vin).to_owned())),
        (VehicleKey::Plate, details.plate.as_ref().map(Plate::key)),
        (VehicleKey::StockNumber, details.stock_number.clone()),
    ]
}

/// Why a change cannot be stored, given the rows it touches and how many vehicles there are; every
/// store asks this under its lock.
pub fn refusal(change: &StockChange, rows: &[StockRow], in_stock: usize) -> Option<StockWritten> {
    let known: HashMap<VehicleId, &StockRow> = rows.iter().map(|row| (row.id, row)).collect();
    let mut seen = HashSet::new();
    let mut grows = 0_usize;
    for write in &change.writes {
        let id = write.vehicle.id;
        let is = known.get(&id).map_or(0, |row| row.version);
        if is != write.expected || !seen.insert(id) {
            return Some(StockWritten::Conflict(id));
        }
        let was_out = known.get(&id).is_none_or(|row| row.deleted);
        grows += usize::from(was_out && !write.deletes());
    }
    if grows > 0 && in_stock + grows > MAX_STOCK {
        return Some(StockWritten::Full);
    }
    // Who has a key once all is written: those that stay as they are, then the written ones.
    let mut owners: HashSet<(VehicleKey, &str)> = HashSet::new();
    for row in rows.iter().filter(|row| !row.deleted && !seen.contains(&row.id)) {
        let keys = [
            (VehicleKey::Vin, &row.vin),
            (VehicleKey::Plate, &row.plate),
            (VehicleKey::StockNumber, &row.stock_number),
        ];
        owners.extend(keys.iter().filter_map(|(key, text)| Some((*key, text.as_deref()?))));
    }
    let mut written: HashSet<(VehicleKey, String)> = HashSet::new();
    for write in change.writes.iter().filter(|write| !write.deletes()) {
        for (key, text) in keys_of(&write.vehicle) {
            let Some(text) = text else { continue };
            if owners.contains(&(key, text.as_str())) || !written.insert((key, text)) {
                return Some(StockWritten::Taken(write.vehicle.id, key));
            }
        }
    }
    None
}

impl std::fmt::Debug for PhotoRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhotoRecord({}, {} bytes)", self.id, self.body.len())
    }
}
