//! Vehicles: as staff keep them, as files bring them, and as everybody sees them.

macro_rules! words {
    ($(#[$doc:meta])* $wire:ident = $core:ty { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $wire { $($variant),* }

        same_words!($core = $wire { $($variant),* });
    };
}

mod import;
mod stock;
mod story;

use std::collections::BTreeMap;

use forecourt_core::{
    id::VehicleId,
    inventory::{self, CheckDigit, Fault, Photo, Plate, PlateForm, Vehicle, VehicleDraft},
    knowledge::Localized,
    lang::Lang,
};
use forecourt_ports::store::VehicleRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{problem::FieldError, words::same_words};

pub use self::{
    import::{ImportCounts, ImportDone, ImportFault, ImportOutcome, ImportPreview, ImportRow},
    stock::{PublicStock, StockVehicle},
    story::{VehicleFieldChange, VehicleStep, VehicleStepKind, VehicleStory},
};

words!(
    /// What a vehicle drives on.
    VehicleFuel = inventory::Fuel { Electric, Petrol, Diesel, Hybrid }
);

words!(
    /// Whether it can be had.
    VehicleStatus = inventory::VehicleStatus { Available, Reserved, Sold, InService }
);

words!(
    /// The kind of body.
    VehicleBody = inventory::Body {
        Hatchback, Saloon, Estate, Suv, Coupe, Convertible, Mpv, Van, Pickup, Motorcycle, Other,
    }
);

words!(
    /// The kind of gearbox.
    VehicleTransmission = inventory::Transmission { Manual, Automatic }
);

words!(
    /// Which wheels are driven.
    VehicleDrive = inventory::Drive { Front, Rear, All }
);

/// A vehicle as it is to be: all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VehicleFields {
    /// At most 100 characters.
    #[schema(example = "Tesla")]
    pub make: String,
    #[schema(example = "Model 3")]
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub variant: Option<String>,
    /// The model year, next year at most.
    pub year: i64,
    /// In minor units: 39 900 000 is 399 000 kroner.
    pub price_minor: i64,
    /// ISO 4217: `NOK`, `EUR` or `USD`.
    pub currency: String,
    pub fuel: VehicleFuel,
    pub kilometres: i64,
    #[serde(default = "available")]
    #[ts(optional, as = "Option<VehicleStatus>")]
    pub status: VehicleStatus,
    /// The business's own number of it; no two vehicles have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stock_number: Option<String>,
    /// ISO 3779. The check digit must be right where it is one: for North America.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub vin: Option<String>,
    /// Kept in the normal form of its country; one that no rule knows is kept as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plate: Option<String>,
    /// ISO 3166-1; the business's own country when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plate_country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub body: Option<VehicleBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seats: Option<i64>,
    /// By WLTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub range_km: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub transmission: Option<VehicleTransmission>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub drive: Option<VehicleDrive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub colour: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub power_kw: Option<i64>,
    /// The heaviest braked trailer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub towing_kg: Option<i64>,
    /// At most 100 pieces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub equipment: Vec<String>,
    /// By BCP 47 tag: `nb`, `fr`, `en`, `ar`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, type = "Record<string, string>")]
    pub description: BTreeMap<String, String>,
    /// Addresses by https, or of uploaded pictures; in the order in which they are shown, 20 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub photos: Vec<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(format = Date)]
    pub first_registered: Option<String>,
    /// Its page on the business's website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub listing_url: Option<String>,
}

const fn available() -> VehicleStatus {
    VehicleStatus::Available
}

impl VehicleFields {
    /// As the core checks it; a language that is not known is a fault of its own.
    pub fn draft(self) -> Result<VehicleDraft, Fault> {
        let mut description = Localized::default();
        for (tag, text) in self.description {
            let lang = Lang::ALL.into_iter().find(|lang| lang.tag() == tag);
            let lang =
                lang.ok_or_else(|| Fault::new("description", "word", "is by nb, fr, en and ar"))?;
            description.0.insert(lang, text);
        }
        Ok(VehicleDraft {
            make: self.make,
            model: self.model,
            variant: self.variant,
            year: self.year,
            price: self.price_minor,
            currency: self.currency,
            fuel: self.fuel.into(),
            kilometres: self.kilometres,
            status: self.status.into(),
            stock_number: self.stock_number,
            vin: self.vin,
            plate: self.plate,
            plate_country: self.plate_country,
            body: self.body.map(Into::into),
            seats: self.seats,
            range_km: self.range_km,
            transmission: self.transmission.map(Into::into),
            drive: self.drive.map(Into::into),
            colour: self.colour,
            power_kw: self.power_kw,
            towing_kg: self.towing_kg,
            equipment: self.equipment,
            description,
            photos: self.photos.into_iter().map(Photo).collect(),
            location: self.location,
            first_registered: self.first_registered,
            listing_url: self.listing_url,
        })
    }
}

impl From<Vehicle> for VehicleFields {
    fn from(vehicle: Vehicle) -> Self {
        let draft = VehicleDraft::from(vehicle);
        let description = draft.description.0.into_iter();
        Self {
            make: draft.make,
            model: draft.model,
            variant: draft.variant,
            year: draft.year,
            price_minor: draft.price,
            currency: draft.currency,
            fuel: draft.fuel.into(),
            kilometres: draft.kilometres,
            status: draft.status.into(),
            stock_number: draft.stock_number,
            vin: draft.vin,
            plate: draft.plate,
            plate_country: draft.plate_country,
            body: draft.body.map(Into::into),
            seats: draft.seats,
            range_km: draft.range_km,
            transmission: draft.transmission.map(Into::into),
            drive: draft.drive.map(Into::into),
            colour: draft.colour,
            power_kw: draft.power_kw,
            towing_kg: draft.towing_kg,
            equipment: draft.equipment,
            description: description.map(|(lang, text)| (lang.tag().to_owned(), text)).collect(),
            photos: draft.photos.into_iter().map(|photo| photo.0).collect(),
            location: draft.location,
            first_registered: draft.first_registered,
            listing_url: draft.listing_url,
        }
    }
}

/// Something about a vehicle's numbers that a person may want to look at; nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleNote {
    /// The VIN has no check digit that could tell a misprint.
    VinUnchecked,
    PlateProvisional,
    PlatePersonal,
    /// No rule of its country knows the plate.
    PlateUnknown,
}

/// A vehicle in stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VehicleView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub vehicle_id: VehicleId,
    /// Raised by every change; who changes names the one they saw.
    pub version: i64,
    #[schema(example = "Tesla Model 3 Long Range 2022")]
    pub title: String,
    /// Out of the stock; it can be restored.
    pub deleted: bool,
    /// Which statuses may follow.
    pub next_statuses: Vec<VehicleStatus>,
    pub notes: Vec<VehicleNote>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    #[serde(flatten)]
    pub fields: VehicleFields,
}

impl From<VehicleRecord> for VehicleView {
    fn from(record: VehicleRecord) -> Self {
        let vehicle = record.vehicle;
        let mut notes = Vec::new();
        let unchecked = vehicle.details.vin.as_ref().map(inventory::Vin::check_digit);
        if unchecked == Some(CheckDigit::NotUsed) {
            notes.push(VehicleNote::VinUnchecked);
        }
        let plate = vehicle.details.plate.as_ref();
        let form = plate.and_then(|plate| Plate::parse(&plate.text, &plate.country).ok());
        match form.map(|(_, form)| form) {
            Some(PlateForm::Provisional) => notes.push(VehicleNote::PlateProvisional),
            Some(PlateForm::Personal) => notes.push(VehicleNote::PlatePersonal),
            Some(PlateForm::Free) => notes.push(VehicleNote::PlateUnknown),
            Some(PlateForm::Regular) | None => {}
        }
        Self {
            vehicle_id: vehicle.id,
            version: record.version,
            title: vehicle.title(),
            deleted: record.deleted,
            next_statuses: vehicle.status.next().iter().map(|next| (*next).into()).collect(),
            notes,
            created_at: record.created_at,
            updated_at: record.updated_at,
            fields: vehicle.into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VehiclePage {
    pub vehicles: Vec<VehicleView>,
    /// How many there are on all pages.
    pub total: u64,
    /// The `offset` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<u32>,
}

/// Some fields of a vehicle, as they are to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeVehicle {
    /// The one that was seen.
    pub version: i64,
    /// Fields of `VehicleFields`; `null` empties one. What is not named stays.
    #[ts(type = "{ [K in keyof VehicleFields]?: VehicleFields[K] | null }")]
    #[schema(value_type = Object)]
    pub set: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVehicleStatus {
    /// The one that was seen.
    pub version: i64,
    pub status: VehicleStatus,
}

/// The field as the wire calls it.
pub fn told(fault: Fault) -> FieldError {
    let field = if fault.field == "price" { "price_minor" } else { fault.field };
    FieldError { pointer: format!("/{field}"), code: fault.code.to_owned(), detail: fault.detail }
}
