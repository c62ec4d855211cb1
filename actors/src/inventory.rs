//! A tenant's stock as the gateway and the assistant's tools use it.
//!
//! Lives here: the order of things (read, let the core check, store, tell who may speak of it); the
//! rules are the core's, the fences the store's.
//!
//! # Invariants
//! - **A2** a change names the version it was decided from;
//! - what was stored is known to the tenant's next answer, on every node;
//! - **A9** files are planned off the actors' threads, and are bounded before they are read.

use std::sync::Arc;

use forecourt_core::{
    id::{ImportId, MemberId, PhotoId, VehicleId},
    inventory::{
        Fault, Photo, Vehicle, VehicleDraft, VehicleFilter, VehicleStatus, VehicleStep, changes,
        csv::{self, Counts, Ground, Plan, Sheet, SheetError},
        draft::PHOTO_PATH,
        vehicle::MAX_PHOTOS,
    },
    money::Currency,
};
use forecourt_ports::store::{
    ImportRecord, PhotoRecord, StockChange, StockWritten, StoreError, VehicleHistory, VehicleKey,
    VehiclePage, VehicleRecord, VehicleWrite,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{error::EngineError, tenant::TenantShared};

/// Why something cannot be done with the stock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    #[error("no such vehicle, or file")]
    NotFound,
    /// Somebody else changed it meanwhile.
    #[error("the vehicle was changed meanwhile")]
    Conflict,
    /// Another vehicle has this number.
    #[error("another vehicle has this number")]
    Taken(VehicleKey),
    #[error("there is no room for more")]
    Full,
    #[error("some fields are not as they should be")]
    Faults(Vec<Fault>),
    #[error("this status cannot follow")]
    Status { from: VehicleStatus, to: VehicleStatus },
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The stock is not what it was when the file was looked at.
    #[error("the file would do something else by now")]
    Outdated,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for StockError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// A file that was looked at, and what it would do.
#[derive(Clone, Debug)]
pub struct Preview {
    pub id: ImportId,
    pub sheet: Sheet,
    pub plan: Plan,
}

/// A file that was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    pub id: ImportId,
    pub counts: Counts,
    pub at: Timestamp,
}

/// A tenant's stock. Cheap to clone.
#[derive(Clone)]
pub struct InventoryDesk {
    tenant: Arc<TenantShared>,
}

impl InventoryDesk {
    pub(crate) fn new(tenant: Arc<TenantShared>) -> Self {
        Self { tenant }
    }

    fn now(&self) -> Timestamp {
        self.tenant.ports.clock.now()
    }

    /// The day it is for the tenant.
    fn today(&self) -> Date {
        let zone = TimeZone::get(&self.tenant.snapshot().settings.zone).unwrap_or(TimeZone::UTC);
        zone.to_datetime(self.now()).date()
    }

    pub async fn list(&self, filter: &VehicleFilter) -> Result<VehiclePage, StockError> {
        Ok(self.tenant.ports.store.list_vehicles(self.tenant.id, filter).await?)
    }

    /// A deleted one too.
    pub async fn find(&self, vehicle: VehicleId) -> Result<VehicleRecord, StockError> {
        let found = self.tenant.ports.store.find_vehicle(self.tenant.id, vehicle).await?;
        found.ok_or(StockError::NotFound)
    }

    /// The newest step first.
    pub async fn history(
        &self,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StockError> {
        self.find(vehicle).await?;
        let store = &self.tenant.ports.store;
        Ok(store.vehicle_history(self.tenant.id, vehicle, before, limit).await?)
    }

    fn check(&self, id: VehicleId, draft: VehicleDraft) -> Result<Vehicle, StockError> {
        let country = self.tenant.snapshot().settings.country.clone();
        draft.check(id, &country, self.today()).map_err(StockError::Faults)
    }

    /// Adds a vehicle.
    pub async fn add(
        &self,
        draft: VehicleDraft,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        let vehicle = self.check(self.tenant.ports.ids.vehicle(), draft)?;
        self.step(vehicle, 0, VehicleStep::Added, None, by).await
    }

    /// Makes of a vehicle what `draft` says; what changes nothing is not stored.
    pub async fn change(
        &self,
        record: &VehicleRecord,
        draft: VehicleDraft,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        if record.deleted {
            return Err(StockError::NotFound);
        }
        let before = &record.vehicle;
        let vehicle = self.check(before.id, draft)?;
        let (from, to) = (before.status, vehicle.status);
        if !from.may_become(to) {
            return Err(StockError::Status { from, to });
        }
        let changes = changes(before, &vehicle);
        if changes.is_empty() {
            return Ok(record.clone());
        }
        let step = VehicleStep::Changed { changes };
        self.step(vehicle, record.version, step, Some(record), by).await
    }

    /// Another status; the same again changes nothing.
    pub async fn set_status(
        &self,
        record: &VehicleRecord,
        to: VehicleStatus,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        let mut draft = VehicleDraft::from(record.vehicle.clone());
        draft.status = to;
        self.change(record, draft, by).await
    }

    /// Takes a vehicle out of the stock; it can be restored.
    pub async fn delete(
        &self,
        record: &VehicleRecord,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        if record.deleted {
            return Ok(record.clone());
        }
        let vehicle = record.vehicle.clone();
        self.step(vehicle, record.version, VehicleStep::Deleted, Some(record), by).await
    }

    /// Puts a deleted vehicle back.
    pub async fn restore(
        &self,
        record: &VehicleRecord,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        if !record.deleted {
            return Ok(record.clone());
        }
        let vehicle = record.vehicle.clone();
        self.step(vehicle, record.version, VehicleStep::Restored, Some(record), by).await
    }

    async fn step(
        &self,
        vehicle: Vehicle,
        expected: i64,
        step: VehicleStep,
        before: Option<&VehicleRecord>,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        let now = self.now();
        let record = VehicleRecord {
            vehicle: vehicle.clone(),
            version: expected + 1,
            deleted: step == VehicleStep::Deleted,
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        };
        let writes = vec![VehicleWrite { vehicle, expected, step }];
        self.write(StockChange { writes, by, import: None, now }).await?;
        Ok(record)
    }

    async fn write(&self, change: StockChange) -> Result<(), StockError> {
        let written = self.tenant.ports.store.write_stock(self.tenant.id, &change).await;
        // Even where the outcome is unknown: whoever asks next reads anew.
        self.tenant.knowledge_changed();
        match written? {
            StockWritten::Stored => Ok(()),
            StockWritten::Conflict(_) => Err(StockError::Conflict),
            StockWritten::Taken(_, key) => Err(StockError::Taken(key)),
            StockWritten::Full => Err(StockError::Full),
            StockWritten::ImportOver => Err(StockError::Outdated),
        }
    }

    // ---- files ----

    /// Looks at a file and says what it would do; nothing of the stock changes.
    pub async fn preview(&self, file: Vec<u8>, by: MemberId) -> Result<Preview, StockError> {
        let (file, sheet, plan) = self.plan(file).await?;
        let record = ImportRecord {
            id: self.tenant.ports.ids.import(),
            file,
            print: plan.print(),
            counts: plan.counts(),
            by,
            created_at: self.now(),
            done_at: None,
        };
        self.tenant.ports.store.put_import(self.tenant.id, &record).await?;
        Ok(Preview { id: record.id, sheet, plan })
    }

    /// Does what the preview of a file showed, all of it or nothing; rows that are bad are left out.
    /// Asked again, it answers the same.
    pub async fn import(&self, id: ImportId, by: MemberId) -> Result<Imported, StockError> {
        let store = &self.tenant.ports.store;
        let find = async || -> Result<Result<Imported, ImportRecord>, StockError> {
            let found = store.find_import(self.tenant.id, id).await?;
            let record = found.ok_or(StockError::NotFound)?;
            Ok(record.done_at.map(|at| Imported { id, counts: record.counts, at }).ok_or(record))
        };
        let record = match find().await? {
            Ok(done) => return Ok(done),
            Err(record) => record,
        };
        let (_, _, plan) = self.plan(record.file).await?;
        if plan.print() != record.print {
            return Err(StockError::Outdated);
        }
        let counts = plan.counts();
        let writes = plan.rows.into_iter().filter_map(|row| match row.outcome {
            csv::RowOutcome::New(vehicle) => {
                Some(VehicleWrite { vehicle: *vehicle, expected: 0, step: VehicleStep::Added })
            }
            csv::RowOutcome::Changed { vehicle, version, changes } => Some(VehicleWrite {
                vehicle: *vehicle,
                expected: version,
                step: VehicleStep::Changed { changes },
            }),
            csv::RowOutcome::Same(_) | csv::RowOutcome::Bad(_) => None,
        });
        let now = self.now();
        let change = StockChange { writes: writes.collect(), by, import: Some((id, counts)), now };
        match self.write(change).await {
            Ok(()) => Ok(Imported { id, counts, at: now }),
            Err(StockError::Engine(error)) => Err(error.into()),
            // Somebody was faster: with the same file, or with a vehicle of it.
            Err(StockError::Full) => Err(StockError::Full),
            Err(_) => find().await?.map_err(|_| StockError::Outdated),
        }
    }

    async fn plan(&self, file: Vec<u8>) -> Result<(Vec<u8>, Sheet, Plan), StockError> {
        let stock = self.tenant.ports.store.load_stock(self.tenant.id).await?;
        let stock: Vec<(Vehicle, i64)> =
            stock.into_iter().map(|record| (record.vehicle, record.version)).collect();
        let settings = self.tenant.snapshot();
        let (country, lang) =
            (settings.settings.country.clone(), settings.settings.default_language());
        let (today, ids) = (self.today(), Arc::clone(&self.tenant.ports.ids));
        let work = move || {
            let sheet = Sheet::read(&file)?;
            let currency = usual_currency(&stock, &country);
            let ground = Ground { stock: &stock, country: &country, currency, lang, today };
            let plan = csv::plan(&sheet, ground, || ids.vehicle());
            Ok((file, sheet, plan))
        };
        let planned = self.tenant.ports.io.spawn_blocking(work).await;
        planned.map_err(|_| EngineError::UNAVAILABLE)?
    }

    /// The whole stock as a file.
    pub async fn export(&self) -> Result<Vec<u8>, StockError> {
        let stock = self.tenant.ports.store.load_stock(self.tenant.id).await?;
        let work = move || {
            let vehicles: Vec<Vehicle> = stock.into_iter().map(|record| record.vehicle).collect();
            csv::export(&vehicles)
        };
        let file = self.tenant.ports.io.spawn_blocking(work).await;
        Ok(file.map_err(|_| EngineError::UNAVAILABLE)?)
    }

    // ---- pictures ----

    /// Keeps a picture and shows it last. `media_type` was read from its first bytes.
    pub async fn add_photo(
        &self,
        record: &VehicleRecord,
        media_type: &str,
        body: Vec<u8>,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        if record.deleted {
            return Err(StockError::NotFound);
        }
        if record.vehicle.details.photos.len() >= MAX_PHOTOS {
            return Err(StockError::Full);
        }
        let Self { tenant } = self;
        let id = tenant.ports.ids.photo();
        let photo = PhotoRecord {
            id,
            vehicle: record.vehicle.id,
            media_type: media_type.to_owned(),
            body,
            created_at: self.now(),
        };
        if !tenant.ports.store.put_photo(tenant.id, &photo).await? {
            return Err(StockError::Full);
        }
        let mut draft = VehicleDraft::from(record.vehicle.clone());
        draft.photos.push(self.address(id));
        let changed = self.change(record, draft, by).await;
        if matches!(changed, Err(StockError::Conflict | StockError::NotFound)) {
            tenant.ports.store.delete_photo(tenant.id, id).await?;
        }
        changed
    }

    /// Takes an uploaded picture away for good.
    pub async fn remove_photo(
        &self,
        record: &VehicleRecord,
        photo: PhotoId,
        by: MemberId,
    ) -> Result<VehicleRecord, StockError> {
        let address = self.address(photo);
        let mut draft = VehicleDraft::from(record.vehicle.clone());
        if !draft.photos.contains(&address) {
            return Err(StockError::NotFound);
        }
        draft.photos.retain(|kept| *kept != address);
        let changed = self.change(record, draft, by).await?;
        self.tenant.ports.store.delete_photo(self.tenant.id, photo).await?;
        Ok(changed)
    }

    /// Where browsers find an uploaded picture: the tenant's and the picture's digits.
    fn address(&self, photo: PhotoId) -> Photo {
        let tenant = self.tenant.id.as_uuid().as_simple();
        Photo(format!("{PHOTO_PATH}{tenant}{}", photo.as_uuid().as_simple()))
    }
}

/// What most of the stock is priced in, else what is usual where the tenant is.
fn usual_currency(stock: &[(Vehicle, i64)], country: &str) -> Currency {
    let of = |currency| stock.iter().filter(|(v, _)| v.price.currency == currency).count();
    let usual = match country {
        "NO" => Currency::Nok,
        "US" => Currency::Usd,
        _ => Currency::Eur,
    };
    let all = [Currency::Nok, Currency::Eur, Currency::Usd];
    // Of equals the usual one, which is asked last.
    let most = all.into_iter().chain([usual]).max_by_key(|currency| of(*currency));
    most.unwrap_or(usual)
}
