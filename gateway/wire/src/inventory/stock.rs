//! Vehicles as everybody sees them.

use forecourt_core::{id::VehicleId, inventory::Vehicle, lang::Lang};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{VehicleBody, VehicleDrive, VehicleFuel, VehicleStatus, VehicleTransmission};

/// A vehicle as everybody sees it: no VIN, no plate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StockVehicle {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub vehicle_id: VehicleId,
    pub title: String,
    pub make: String,
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub variant: Option<String>,
    pub year: u16,
    /// As people of the language write it.
    #[schema(example = "399 000 kr")]
    pub price: String,
    pub price_minor: i64,
    pub currency: String,
    pub fuel: VehicleFuel,
    pub kilometres: u32,
    pub status: VehicleStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub body: Option<VehicleBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seats: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub range_km: Option<u16>,
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
    pub power_kw: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub towing_kg: Option<u16>,
    pub equipment: Vec<String>,
    /// In the language that was asked for, else in one there is.
    pub description: String,
    pub photos: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub listing_url: Option<String>,
}

impl StockVehicle {
    pub fn of(vehicle: Vehicle, lang: Lang) -> Self {
        let title = vehicle.title();
        let details = vehicle.details;
        Self {
            vehicle_id: vehicle.id,
            title,
            make: vehicle.make,
            model: vehicle.model,
            variant: vehicle.variant,
            year: vehicle.year,
            price: vehicle.price.display(lang).to_string(),
            price_minor: vehicle.price.minor,
            currency: vehicle.price.currency.code().to_owned(),
            fuel: vehicle.fuel.into(),
            kilometres: vehicle.kilometres,
            status: vehicle.status.into(),
            body: details.body.map(Into::into),
            seats: details.seats,
            range_km: details.range_km,
            transmission: details.transmission.map(Into::into),
            drive: details.drive.map(Into::into),
            colour: details.colour,
            power_kw: details.power_kw,
            towing_kg: details.towing_kg,
            description: details.description.get(lang).to_owned(),
            equipment: details.equipment,
            photos: details.photos.into_iter().map(|photo| photo.0).collect(),
            location: details.location,
            listing_url: details.listing_url,
        }
    }
}

/// A business's vehicles that can be had, or are reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicStock {
    pub vehicles: Vec<StockVehicle>,
    pub total: u64,
    /// The `offset` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<u32>,
}
