//! The stock as a file that spreadsheets of Europe open with a double click, and that is read back.

use csv::WriterBuilder;

use super::{Column, FORMULA};
use crate::{
    inventory::{Body, Drive, Fuel, Transmission, Vehicle, VehicleStatus},
    lang::Lang,
};

/// All of the vehicles: UTF-8 with a mark, parted by semicolons, one header row.
///
/// What would be read as a formula has an apostrophe before it.
pub fn export(vehicles: &[Vehicle]) -> Vec<u8> {
    let columns: Vec<Column> = Column::all()
        .filter(|column| !matches!(column, Column::PowerHp | Column::Description))
        .collect();
    let mut out = WriterBuilder::new().delimiter(b';').from_writer(b"\xEF\xBB\xBF".to_vec());
    // Into memory, and every record has as many fields: it cannot fail.
    let header = out.write_record(columns.iter().map(|column| column.name()));
    debug_assert!(header.is_ok());
    for vehicle in vehicles {
        let row = out.write_record(columns.iter().map(|column| harmless(cell(vehicle, *column))));
        debug_assert!(row.is_ok());
    }
    out.into_inner().unwrap_or_default()
}

fn harmless(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

fn cell(vehicle: &Vehicle, column: Column) -> String {
    let details = &vehicle.details;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let in_lang = |lang: Lang| details.description.0.get(&lang).cloned().unwrap_or_default();
    match column {
        Column::StockNumber => text(&details.stock_number),
        Column::Vin => details.vin.as_ref().map_or_else(String::new, |vin| vin.as_str().to_owned()),
        Column::Plate => details.plate.as_ref().map_or_else(String::new, |p| p.text.clone()),
        Column::PlateCountry => {
            details.plate.as_ref().map_or_else(String::new, |p| p.country.clone())
        }
        Column::Make => vehicle.make.clone(),
        Column::Model => vehicle.model.clone(),
        Column::Variant => text(&vehicle.variant),
        Column::Year => vehicle.year.to_string(),
        Column::Price => {
            let minor = vehicle.price.minor;
            let cents = minor % 100;
            let cents = if cents == 0 { String::new() } else { format!(",{cents:02}") };
            format!("{}{cents}", minor / 100)
        }
        Column::Currency => vehicle.price.currency.code().to_owned(),
        Column::Fuel => match vehicle.fuel {
            Fuel::Electric => "electric",
            Fuel::Petrol => "petrol",
            Fuel::Diesel => "diesel",
            Fuel::Hybrid => "hybrid",
        }
        .to_owned(),
        Column::Kilometres => vehicle.kilometres.to_string(),
        Column::Status => match vehicle.status {
            VehicleStatus::Available => "available",
            VehicleStatus::Reserved => "reserved",
            VehicleStatus::Sold => "sold",
            VehicleStatus::InService => "in_service",
        }
        .to_owned(),
        Column::Body => details.body.map_or("", body).to_owned(),
        Column::Seats => number(details.seats),
        Column::RangeKm => number(details.range_km),
        Column::Transmission => match details.transmission {
            Some(Transmission::Manual) => "manual",
            Some(Transmission::Automatic) => "automatic",
            None => "",
        }
        .to_owned(),
        Column::Drive => match details.drive {
            Some(Drive::Front) => "front",
            Some(Drive::Rear) => "rear",
            Some(Drive::All) => "all",
            None => "",
        }
        .to_owned(),
        Column::Colour => text(&details.colour),
        Column::PowerKw => number(details.power_kw),
        Column::TowingKg => number(details.towing_kg),
        Column::FirstRegistered => {
            details.first_registered.map_or_else(String::new, |day| day.to_string())
        }
        Column::Location => text(&details.location),
        Column::Equipment => details.equipment.join("|"),
        Column::ListingUrl => text(&details.listing_url),
        Column::Photos => {
            let photos: Vec<&str> = details.photos.iter().map(|photo| photo.0.as_str()).collect();
            photos.join("|")
        }
        Column::DescriptionNb => in_lang(Lang::Nb),
        Column::DescriptionFr => in_lang(Lang::Fr),
        Column::DescriptionEn => in_lang(Lang::En),
        Column::DescriptionAr => in_lang(Lang::Ar),
        Column::PowerHp | Column::Description => String::new(),
    }
}

fn number<T: ToString>(number: Option<T>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

const fn body(body: Body) -> &'static str {
    match body {
        Body::Hatchback => "hatchback",
        Body::Saloon => "saloon",
        Body::Estate => "estate",
        Body::Suv => "suv",
        Body::Coupe => "coupe",
        Body::Convertible => "convertible",
        Body::Mpv => "mpv",
        Body::Van => "van",
        Body::Pickup => "pickup",
        Body::Motorcycle => "motorcycle",
        Body::Other => "other",
    }
}
