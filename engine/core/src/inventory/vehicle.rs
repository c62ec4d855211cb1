//! The record of a vehicle, with the bounds of its fields.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Plate, Vin, folded};
use crate::{id::VehicleId, knowledge::Localized, money::Money};

/// The most vehicles a tenant has, deleted ones apart.
pub const MAX_STOCK: usize = 20_000;
/// Make and model, in characters.
pub const MAX_NAME: usize = 100;
/// Variant, colour, place, one piece of equipment.
pub const MAX_WORDS: usize = 200;
/// One language's description.
pub const MAX_DESCRIPTION: usize = 5_000;
pub const MAX_EQUIPMENT: usize = 100;
pub const MAX_PHOTOS: usize = 20;
pub const MAX_STOCK_NUMBER: usize = 40;
pub const MAX_URL: usize = 500;
pub const MAX_KILOMETRES: i64 = 5_000_000;
/// In minor units: ten billion of any currency.
pub const MAX_PRICE: i64 = 1_000_000_000_000;
pub const FIRST_YEAR: i64 = 1885;

/// A vehicle in the tenant's stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vehicle {
    pub id: VehicleId,
    pub make: String,
    pub model: String,
    pub variant: Option<String>,
    pub year: u16,
    pub price: Money,
    pub fuel: Fuel,
    pub kilometres: u32,
    pub status: VehicleStatus,
    /// What else is known of it.
    #[serde(default)]
    pub details: Details,
}

/// What is known of a vehicle besides its name and price; everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The tenant's own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vin: Option<Vin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<u8>,
    /// Of electric driving, by WLTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_km: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transmission: Option<Transmission>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drive: Option<Drive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_kw: Option<u16>,
    /// The heaviest braked trailer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towing_kg: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equipment: Vec<String>,
    #[serde(skip_serializing_if = "is_blank")]
    pub description: Localized,
    /// In the order in which they are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_registered: Option<Date>,
    /// Its page on the tenant's website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listing_url: Option<String>,
}

fn is_blank(text: &Localized) -> bool {
    text.0.is_empty()
}

/// A picture of a vehicle, where browsers find it: an `https` address, or a path of the engine's own
/// (`/v1/public/photos/…`) for one that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Photo(pub String);

impl Vehicle {
    /// `Tesla Model 3 Long Range 2022`.
    pub fn title(&self) -> String {
        let variant = self.variant.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
        format!("{} {}{variant} {}", self.make, self.model, self.year)
    }

    /// Without what is nobody's business: the identification number and the plate (A13).
    #[must_use]
    pub fn for_everybody(mut self) -> Self {
        self.details.vin = None;
        self.details.plate = None;
        self
    }

    /// What a search looks into; see [`folded`].
    pub fn search_text(&self) -> String {
        let Details { stock_number, vin, plate, colour, location, .. } = &self.details;
        let plate = plate.as_ref().map(|plate| format!("{} {}", plate.text, plate.key()));
        let rest = [
            stock_number.as_deref(),
            vin.as_ref().map(Vin::as_str),
            plate.as_deref(),
            colour.as_deref(),
            location.as_deref(),
        ];
        let mut text = self.title();
        for part in rest.into_iter().flatten() {
            text.push(' ');
            text.push_str(part);
        }
        folded(&text)
    }
}

/// What it drives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fuel {
    Electric,
    Petrol,
    Diesel,
    Hybrid,
}

/// Whether it can be had. What may become of what: [`VehicleStatus::may_become`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VehicleStatus {
    Available,
    Reserved,
    Sold,
    InService,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    Hatchback,
    Saloon,
    Estate,
    Suv,
    Coupe,
    Convertible,
    Mpv,
    Van,
    Pickup,
    Motorcycle,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transmission {
    Manual,
    Automatic,
}

/// Which wheels are driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drive {
    Front,
    Rear,
    All,
}
