//! A vehicle as it was handed in, and the checks that make one of it.
//!
//! The form, the API and the import all pass here, so that the same mistake has the same code.

use jiff::civil::Date;
use url::Url;

use super::{
    Body, Details, Drive, Fuel, Photo, Plate, Transmission, Vehicle, VehicleStatus, Vin,
    vehicle::{
        FIRST_YEAR, MAX_DESCRIPTION, MAX_EQUIPMENT, MAX_KILOMETRES, MAX_NAME, MAX_PHOTOS,
        MAX_PRICE, MAX_STOCK_NUMBER, MAX_URL, MAX_WORDS,
    },
};
use crate::{
    id::VehicleId,
    knowledge::Localized,
    money::{Currency, Money},
    text::{self, TextError},
};

/// Everything as it came; see [`Vehicle`] and [`Details`] for what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleDraft {
    pub make: String,
    pub model: String,
    pub variant: Option<String>,
    pub year: i64,
    /// In minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    pub fuel: Fuel,
    pub kilometres: i64,
    pub status: VehicleStatus,
    pub stock_number: Option<String>,
    pub vin: Option<String>,
    pub plate: Option<String>,
    /// The country of the plate; the tenant's when it is not given.
    pub plate_country: Option<String>,
    pub body: Option<Body>,
    pub seats: Option<i64>,
    pub range_km: Option<i64>,
    pub transmission: Option<Transmission>,
    pub drive: Option<Drive>,
    pub colour: Option<String>,
    pub power_kw: Option<i64>,
    pub towing_kg: Option<i64>,
    pub equipment: Vec<String>,
    pub description: Localized,
    pub photos: Vec<Photo>,
    pub location: Option<String>,
    /// `2022-05-31`.
    pub first_registered: Option<String>,
    pub listing_url: Option<String>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As the field is called in [`VehicleDraft`].
    pub field: &'static str,
    /// Stable: `required`, `length`, `text`, `range`, `number`, `date`, `word`, `vin`, `plate`,
    /// `country`, `currency`, `address`, `status`, `repeated`.
    pub code: &'static str,
    /// For the person who wrote it, in English.
    pub detail: String,
}

impl Fault {
    pub fn new(field: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { field, code, detail: detail.into() }
    }
}

/// Reads fields and remembers what is wrong with them.
struct Check(Vec<Fault>);

impl Check {
    fn line(&mut self, field: &'static str, raw: &str, max: usize) -> String {
        match text::line(raw, max) {
            Ok(text) => text,
            Err(error) => {
                let code = match error {
                    TextError::Empty => "required",
                    TextError::TooLong { .. } => "length",
                    TextError::Control => "text",
                };
                self.0.push(Fault::new(field, code, error.to_string()));
                String::new()
            }
        }
    }

    /// Blank is nothing.
    fn optional(&mut self, field: &'static str, raw: Option<&str>, max: usize) -> Option<String> {
        let raw = raw.filter(|raw| !raw.trim().is_empty())?;
        Some(self.line(field, raw, max)).filter(|text| !text.is_empty())
    }

    fn number<T: TryFrom<i64>>(
        &mut self,
        field: &'static str,
        number: i64,
        low: i64,
        high: i64,
    ) -> Option<T> {
        let kept = (low..=high).contains(&number).then(|| T::try_from(number).ok()).flatten();
        if kept.is_none() {
            let detail = format!("must be a whole number from {low} to {high}");
            self.0.push(Fault::new(field, "range", detail));
        }
        kept
    }

    fn maybe<T: TryFrom<i64>>(
        &mut self,
        field: &'static str,
        number: Option<i64>,
        low: i64,
        high: i64,
    ) -> Option<T> {
        number.and_then(|number| self.number(field, number, low, high))
    }

    fn fault(&mut self, field: &'static str, code: &'static str, detail: impl Into<String>) {
        self.0.push(Fault::new(field, code, detail));
    }
}

impl VehicleDraft {
    /// The vehicle it describes, normalised; or everything that is wrong, in the order of the fields.
    ///
    /// `country` is the tenant's (ISO 3166-1), `today` is by the tenant's clock.
    pub fn check(self, id: VehicleId, country: &str, today: Date) -> Result<Vehicle, Vec<Fault>> {
        let mut check = Check(Vec::new());
        let next_year = i64::from(today.year()) + 1;
        let make = check.line("make", &self.make, MAX_NAME);
        let model = check.line("model", &self.model, MAX_NAME);
        let variant = check.optional("variant", self.variant.as_deref(), MAX_WORDS);
        let year = check.number("year", self.year, FIRST_YEAR, next_year).unwrap_or_default();
        let minor = check.number("price", self.price, 0, MAX_PRICE).unwrap_or_default();
        let currency = Currency::parse(self.currency.trim()).unwrap_or_else(|| {
            check.fault("currency", "currency", "must be NOK, EUR or USD");
            Currency::Eur
        });
        let kilometres =
            check.number("kilometres", self.kilometres, 0, MAX_KILOMETRES).unwrap_or_default();
        let stock_number =
            check.optional("stock_number", self.stock_number.as_deref(), MAX_STOCK_NUMBER);
        let blank = |raw: &Option<String>| raw.as_deref().is_none_or(|raw| raw.trim().is_empty());
        let vin = self.vin.as_deref().filter(|_| !blank(&self.vin)).and_then(|raw| {
            Vin::parse(raw).map_err(|error| check.fault("vin", "vin", error.to_string())).ok()
        });
        let plate_country = self.plate_country.as_deref().filter(|c| !c.trim().is_empty());
        let plate = self.plate.as_deref().filter(|_| !blank(&self.plate)).and_then(|raw| {
            let read = Plate::parse(raw, plate_country.unwrap_or(country));
            let told = |error: super::plate::PlateError| match error {
                super::plate::PlateError::Text => {
                    check.fault("plate", "plate", error.to_string());
                }
                super::plate::PlateError::Country => {
                    check.fault("plate_country", "country", error.to_string());
                }
            };
            read.map_err(told).ok().map(|(plate, _)| plate)
        });
        let first_registered = self.first_registered.as_deref().map(str::trim);
        let first_registered = first_registered.filter(|raw| !raw.is_empty()).and_then(|raw| {
            let read = raw.parse::<Date>().ok();
            let known = read.filter(|date| date.year() >= FIRST_YEAR as i16 && *date <= today);
            if known.is_none() {
                let detail = "must be a day that was, such as 2022-05-31";
                check.fault("first_registered", "date", detail);
            }
            known
        });
        let description = description(&mut check, self.description);
        let details = Details {
            stock_number,
            vin,
            plate,
            body: self.body,
            seats: check.maybe("seats", self.seats, 1, 99),
            range_km: check.maybe("range_km", self.range_km, 1, 5_000),
            transmission: self.transmission,
            drive: self.drive,
            colour: check.optional("colour", self.colour.as_deref(), MAX_WORDS),
            power_kw: check.maybe("power_kw", self.power_kw, 1, 5_000),
            towing_kg: check.maybe("towing_kg", self.towing_kg, 0, 50_000),
            equipment: equipment(&mut check, &self.equipment),
            description,
            photos: photos(&mut check, self.photos),
            location: check.optional("location", self.location.as_deref(), MAX_WORDS),
            first_registered,
            listing_url: self
                .listing_url
                .as_deref()
                .filter(|raw| !raw.trim().is_empty())
                .and_then(|raw| web_address(&mut check, "listing_url", raw)),
        };
        if !check.0.is_empty() {
            return Err(check.0);
        }
        Ok(Vehicle {
            id,
            make,
            model,
            variant,
            year,
            price: Money { minor, currency },
            fuel: self.fuel,
            kilometres,
            status: self.status,
            details,
        })
    }
}

fn description(check: &mut Check, raw: Localized) -> Localized {
    let texts = raw.0.into_iter().filter(|(_, raw)| !raw.trim().is_empty());
    let read = texts.filter_map(|(lang, raw)| match text::paragraphs(&raw, MAX_DESCRIPTION) {
        Ok(text) => Some((lang, text)),
        Err(error) => {
            let code = if error == TextError::Control { "text" } else { "length" };
            check.fault("description", code, error.to_string());
            None
        }
    });
    Localized(read.collect())
}

fn equipment(check: &mut Check, raw: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for piece in raw.iter().filter(|piece| !piece.trim().is_empty()) {
        if kept.len() == MAX_EQUIPMENT {
            check.fault("equipment", "length", format!("must be at most {MAX_EQUIPMENT} pieces"));
            break;
        }
        let piece = check.line("equipment", piece, MAX_WORDS);
        if !piece.is_empty() && !kept.contains(&piece) {
            kept.push(piece);
        }
    }
    kept
}

/// Where the engine serves what was uploaded; the only addresses without a host.
pub const PHOTO_PATH: &str = "/v1/public/photos/";

fn photos(check: &mut Check, raw: Vec<Photo>) -> Vec<Photo> {
    let mut kept: Vec<Photo> = Vec::new();
    for photo in raw {
        if kept.len() == MAX_PHOTOS {
            check.fault("photos", "length", format!("must be at most {MAX_PHOTOS}"));
            break;
        }
        let own = photo.0.strip_prefix(PHOTO_PATH).is_some_and(|id| {
            id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        let address = if own { Some(photo.0) } else { web_address(check, "photos", &photo.0) };
        let photo = address.map(Photo);
        kept.extend(photo.filter(|photo| !kept.contains(photo)));
    }
    kept
}

/// An `https` address, without a name and a password in it.
fn web_address(check: &mut Check, field: &'static str, raw: &str) -> Option<String> {
    let url = (raw.len() <= MAX_URL).then(|| Url::parse(raw.trim()).ok()).flatten();
    let url = url.filter(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && (field != "photos" || url.scheme() == "https")
            && url.as_str().len() <= MAX_URL
    });
    if url.is_none() {
        let detail = format!("must be a web address of at most {MAX_URL} characters");
        let detail = if field == "photos" { format!("{detail}, by https") } else { detail };
        check.fault(field, "address", detail);
    }
    url.map(|url| url.as_str().to_owned())
}

impl From<Vehicle> for VehicleDraft {
    fn from(vehicle: Vehicle) -> Self {
        let Details {
            stock_number,
            vin,
            plate,
            body,
            seats,
            range_km,
            transmission,
            drive,
            colour,
            power_kw,
            towing_kg,
            equipment,
            description,
            photos,
            location,
            first_registered,
            listing_url,
        } = vehicle.details;
        let (plate, plate_country) = plate
            .map(|plate| (plate.text, plate.country))
            .map_or((None, None), |(text, country)| (Some(text), Some(country)));
        Self {
            make: vehicle.make,
            model: vehicle.model,
            variant: vehicle.variant,
            year: i64::from(vehicle.year),
            price: vehicle.price.minor,
            currency: vehicle.price.currency.code().to_owned(),
            fuel: vehicle.fuel,
            kilometres: i64::from(vehicle.kilometres),
            status: vehicle.status,
            stock_number,
            vin: vin.map(|vin| vin.as_str().to_owned()),
            plate,
            plate_country,
            body,
            seats: seats.map(i64::from),
            range_km: range_km.map(i64::from),
            transmission,
            drive,
            colour,
            power_kw: power_kw.map(i64::from),
            towing_kg: towing_kg.map(i64::from),
            equipment,
            description,
            photos,
            location,
            first_registered: first_registered.map(|date| date.to_string()),
            listing_url,
        }
    }
}
