//! Vehicles over HTTP: kept by managers, read by all staff, shown to everybody without what is private.
//!
//! # Invariants
//! - **A8** the tenant is the member's, or the one the public address names;
//! - a change names the version that was seen (`version`, or `If-Match`), and loses to a newer one;
//! - no VIN and no plate leaves by a public address.

pub(crate) mod files;
pub(crate) mod photos;
pub(crate) mod public;
pub(crate) mod staff;

use actix_web::HttpRequest;
use forecourt_actors::StockError;
use forecourt_core::{
    id::VehicleId,
    inventory::{
        Body, Fuel, VehicleFilter, VehicleSort, VehicleStatus,
        filter::MAX_PAGE,
        vehicle::{MAX_KILOMETRES, MAX_PRICE},
    },
};
use forecourt_ports::store::{VehicleKey, VehicleRecord};
use forecourt_wire::{FieldError, inventory::told};
use serde::de::{DeserializeOwned, IntoDeserializer, value};

use crate::{
    extract::Query,
    problem::{Code, Problem},
};

/// How far a list can be paged.
const MAX_OFFSET: u32 = 20_000;
const PAGE: u32 = 50;

pub(super) fn problem(error: StockError) -> Problem {
    match error {
        StockError::NotFound => Problem::new(Code::NotFound),
        StockError::Conflict => Problem::new(Code::VehicleChanged),
        StockError::Full => Problem::new(Code::StockFull),
        StockError::Outdated => Problem::new(Code::ImportOutdated),
        StockError::Engine(error) => error.into(),
        StockError::Faults(faults) => {
            Problem::new(Code::Invalid).errors(faults.into_iter().map(told).collect())
        }
        StockError::Status { .. } => Problem::new(Code::StatusNotPossible),
        StockError::Taken(key) => {
            let pointer = match key {
                VehicleKey::Vin => "/vin",
                VehicleKey::Plate => "/plate",
                VehicleKey::StockNumber => "/stock_number",
            };
            Problem::new(Code::VehicleTaken).errors(vec![FieldError {
                pointer: pointer.to_owned(),
                code: "taken".to_owned(),
                detail: "is another vehicle's".to_owned(),
            }])
        }
        StockError::Sheet(error) => {
            let (code, detail) = (error.code(), error.to_string());
            let code = if code == "too_large" { Code::TooLarge } else { Code::UnreadableFile };
            Problem::new(code).detail(detail)
        }
    }
}

/// The vehicle in the address.
pub(super) fn named(request: &HttpRequest) -> Result<VehicleId, Problem> {
    let id = request.match_info().get("vehicle").and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Refuses what was decided from another version than the one that is stored.
pub(super) fn seen(record: &VehicleRecord, version: i64) -> Result<(), Problem> {
    if record.version == version { Ok(()) } else { Err(Problem::new(Code::VehicleChanged)) }
}

/// The version that a request without a body names: the parameter `version`, or `If-Match`.
pub(super) fn version(request: &HttpRequest, query: &mut Query) -> Option<i64> {
    let asked = query.read("version", |text| {
        text.parse::<i64>().map_err(|_| "must be a whole number".to_owned())
    });
    asked.or_else(|| {
        let tag = request.headers().get("if-match")?.to_str().ok()?;
        tag.trim().trim_start_matches("W/").trim_matches('"').parse().ok()
    })
}

pub(super) fn needs_version(version: Option<i64>) -> Result<i64, Problem> {
    version.ok_or_else(|| {
        Problem::field("version", "required", "is missing: name the version that was seen")
    })
}

/// The words of an enumeration, parted by commas.
fn several<T: DeserializeOwned>(query: &mut Query, name: &str) -> Vec<T> {
    let read = query.read(name, |text| {
        let words = text.split(',').take(20).map(|word| {
            let word: value::StrDeserializer<'_, value::Error> = word.trim().into_deserializer();
            T::deserialize(word).map_err(|error| error.to_string())
        });
        words.collect::<Result<Vec<T>, String>>()
    });
    read.unwrap_or_default()
}

/// The parameters that narrow a list.
pub(super) fn filter(query: &mut Query) -> VehicleFilter {
    let price = u32::try_from(MAX_PRICE / 100).unwrap_or(u32::MAX);
    let text = |query: &mut Query, name: &str| {
        query.read(name, |text| {
            let fits = text.chars().count() <= 200 && !text.contains('\0');
            fits.then(|| text.to_owned()).ok_or_else(|| "must be at most 200 characters".to_owned())
        })
    };
    let minor = |whole: Option<u32>| whole.map(|whole| i64::from(whole) * 100);
    let year = |year: Option<u32>| year.and_then(|year| u16::try_from(year).ok());
    let sort = query.read("sort", |word| match word {
        "newest" => Ok(VehicleSort::Newest),
        "cheapest" => Ok(VehicleSort::Cheapest),
        "dearest" => Ok(VehicleSort::Dearest),
        "youngest" => Ok(VehicleSort::Youngest),
        "least_driven" => Ok(VehicleSort::LeastDriven),
        _ => Err("must be one of newest, cheapest, dearest, youngest, least_driven".to_owned()),
    });
    VehicleFilter {
        text: text(query, "q"),
        make: text(query, "make"),
        model: text(query, "model"),
        min_price: minor(query.number("min_price", 0, price)),
        max_price: minor(query.number("max_price", 0, price)),
        min_year: year(query.number("min_year", 0, 9_999)),
        max_year: year(query.number("max_year", 0, 9_999)),
        max_kilometres: query.number(
            "max_kilometres",
            0,
            u32::try_from(MAX_KILOMETRES).unwrap_or(u32::MAX),
        ),
        fuels: several::<Fuel>(query, "fuel"),
        bodies: several::<Body>(query, "body"),
        min_seats: query.number("min_seats", 0, 99).and_then(|seats| u8::try_from(seats).ok()),
        min_range_km: query
            .number("min_range_km", 0, 5_000)
            .and_then(|range| u16::try_from(range).ok()),
        statuses: several::<VehicleStatus>(query, "status"),
        deleted: false,
        sort: sort.unwrap_or_default(),
        offset: query.number("offset", 0, MAX_OFFSET).unwrap_or_default(),
        limit: query.number("limit", 1, MAX_PAGE).unwrap_or(PAGE),
    }
}

/// Where the next page begins.
pub(super) fn next(filter: &VehicleFilter, shown: usize, total: u64) -> Option<u32> {
    let end = filter.offset.saturating_add(u32::try_from(shown).unwrap_or(u32::MAX));
    (shown > 0 && u64::from(end) < total && end <= MAX_OFFSET).then_some(end)
}
