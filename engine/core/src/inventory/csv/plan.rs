//! What a file would do to the stock, row by row: nothing is written before somebody has seen it.
//!
//! A row is the vehicle of its VIN, else of its plate, else of its stock number. A column that the
//! file does not have leaves what is stored; an empty cell empties it, where a vehicle can be without:
//! what names a vehicle stays, so that the next file finds it.

use std::collections::HashMap;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::{Column, MAX_ROWS, Sheet, cells};
use crate::{
    id::VehicleId,
    inventory::{
        Fault, FieldChange, Fuel, Photo, Plate, Vehicle, VehicleDraft, VehicleStatus, Vin, changes,
    },
    knowledge::Localized,
    lang::Lang,
    money::Currency,
    text::hex,
};

/// What a file is read against.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The tenant's stock, with the version of each.
    pub stock: &'a [(Vehicle, i64)],
    /// ISO 3166-1, of plates without a country.
    pub country: &'a str,
    /// Of prices without one.
    pub currency: Currency,
    /// Of descriptions without one.
    pub lang: Lang,
    /// By the tenant's clock.
    pub today: Date,
}

/// What would become of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub rows: Vec<PlannedRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    /// Of the file.
    pub line: u32,
    /// What the row is about, as far as it says.
    pub title: String,
    pub outcome: RowOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    New(Box<Vehicle>),
    /// The vehicle after it, the version it was planned from, and what changes.
    Changed {
        vehicle: Box<Vehicle>,
        version: i64,
        changes: Vec<FieldChange>,
    },
    Same(VehicleId),
    Bad(Vec<RowFault>),
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// As the file calls it; `None` when it is about the row as a whole, or a column is missing.
    pub column: Option<String>,
    /// As in [`Fault`], and `key`, `twice`, `another`.
    pub code: &'static str,
    pub detail: String,
    /// What stood there, shortened.
    pub value: Option<String>,
}

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub new: u32,
    pub changed: u32,
    pub same: u32,
    pub bad: u32,
}

impl Plan {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            match row.outcome {
                RowOutcome::New(_) => counts.new += 1,
                RowOutcome::Changed { .. } => counts.changed += 1,
                RowOutcome::Same(_) => counts.same += 1,
                RowOutcome::Bad(_) => counts.bad += 1,
            }
        }
        counts
    }

    /// The same for two plans that do the same to the same versions: of one file, before and after
    /// somebody looked at it.
    pub fn print(&self) -> String {
        let mut hash = Sha256::new();
        for row in &self.rows {
            hash.update(row.line.to_be_bytes());
            match &row.outcome {
                RowOutcome::New(_) => hash.update(b"n"),
                RowOutcome::Changed { vehicle, version, changes } => {
                    hash.update(b"c");
                    hash.update(vehicle.id.as_uuid().as_bytes());
                    hash.update(version.to_be_bytes());
                    hash.update(changes.len().to_be_bytes());
                }
                RowOutcome::Same(_) => hash.update(b"s"),
                RowOutcome::Bad(_) => hash.update(b"b"),
            }
        }
        hex(&hash.finalize())
    }
}

/// What names a vehicle, in the order in which it counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Vin(String),
    Plate(String),
    Stock(String),
}

fn keys(vehicle: &Vehicle) -> Vec<Key> {
    let details = &vehicle.details;
    let vin = details.vin.as_ref().map(|vin| Key::Vin(vin.as_str().to_owned()));
    let plate = details.plate.as_ref().map(|plate| Key::Plate(plate.key()));
    let stock = details.stock_number.as_ref().map(|number| Key::Stock(number.clone()));
    [vin, plate, stock].into_iter().flatten().collect()
}

/// Plans what a file would do. `fresh` gives ids for vehicles that are new.
pub fn plan(sheet: &Sheet, ground: Ground<'_>, mut fresh: impl FnMut() -> VehicleId) -> Plan {
    let mut known: HashMap<Key, usize> = HashMap::new();
    for (index, (vehicle, _)) in ground.stock.iter().enumerate() {
        for key in keys(vehicle) {
            known.entry(key).or_insert(index);
        }
    }
    // Who has which key after the rows so far, by line.
    let mut seen: HashMap<Key, u32> = HashMap::new();
    let rows = sheet.rows.iter().take(MAX_ROWS).map(|(line, cells)| {
        let row = Row { sheet, cells, faults: Vec::new() };
        let title = row.title();
        let outcome = match planned(row, ground, &known, &mut fresh) {
            Ok(outcome) => twice(outcome, *line, &mut seen),
            Err(faults) => RowOutcome::Bad(faults),
        };
        PlannedRow { line: *line, title, outcome }
    });
    Plan { rows: rows.collect() }
}

/// A vehicle that an earlier row was about already is not written twice.
fn twice(outcome: RowOutcome, line: u32, seen: &mut HashMap<Key, u32>) -> RowOutcome {
    let keys = match &outcome {
        RowOutcome::New(vehicle) | RowOutcome::Changed { vehicle, .. } => keys(vehicle),
        RowOutcome::Same(_) | RowOutcome::Bad(_) => return outcome,
    };
    if let Some(first) = keys.iter().find_map(|key| seen.get(key)) {
        return RowOutcome::Bad(vec![RowFault {
            column: None,
            code: "twice",
            detail: format!("is about the same vehicle as line {first}"),
            value: None,
        }]);
    }
    seen.extend(keys.into_iter().map(|key| (key, line)));
    outcome
}

/// A row that is being read.
struct Row<'a> {
    sheet: &'a Sheet,
    cells: &'a [String],
    faults: Vec<RowFault>,
}

impl Row<'_> {
    fn place(&self, column: Column) -> Option<usize> {
        self.sheet.header.iter().position(|(_, known)| *known == Some(column))
    }

    /// The cell of a column; `None` where the file has no such column.
    fn cell(&self, column: Column) -> Option<&str> {
        self.place(column).and_then(|at| self.cells.get(at)).map(String::as_str)
    }

    fn filled(&self, column: Column) -> Option<&str> {
        self.cell(column).filter(|cell| !cell.is_empty())
    }

    fn title(&self) -> String {
        let parts = [Column::Make, Column::Model, Column::Variant, Column::Year];
        let title: Vec<&str> = parts.into_iter().filter_map(|part| self.filled(part)).collect();
        title.join(" ").chars().take(120).collect()
    }

    fn fault(&mut self, column: Column, code: &'static str, detail: impl Into<String>) {
        let at = self.place(column);
        let value = at.and_then(|at| self.cells.get(at)).filter(|cell| !cell.is_empty());
        let value = value.map(|cell| cell.chars().take(60).collect());
        let column = at.map(|at| self.sheet.header[at].0.clone());
        self.faults.push(RowFault { column, code, detail: detail.into(), value });
    }

    /// Reads a cell, or notes that it cannot be read; `None` when it is empty or not there.
    fn read<T>(
        &mut self,
        column: Column,
        read: impl FnOnce(&str) -> Option<T>,
        code: &'static str,
        detail: &'static str,
    ) -> Option<T> {
        let found = read(self.filled(column)?);
        if found.is_none() {
            self.fault(column, code, detail);
        }
        found
    }

    /// Sets what may be empty, where the file has the column.
    fn put<T>(
        &mut self,
        field: &mut Option<T>,
        column: Column,
        read: impl FnOnce(&str) -> Option<T>,
        code: &'static str,
        detail: &'static str,
    ) {
        if self.cell(column).is_some() {
            *field = self.read(column, read, code, detail);
        }
    }
}

const NUMBER: (&str, &str) = ("number", "must be a whole number, such as 46200");
const WORD: (&str, &str) = ("word", "is not a word that is known for this column");

fn planned(
    mut row: Row<'_>,
    ground: Ground<'_>,
    known: &HashMap<Key, usize>,
    fresh: &mut impl FnMut() -> VehicleId,
) -> Result<RowOutcome, Vec<RowFault>> {
    let before = existing(&mut row, ground, known)?;
    let mut draft = before
        .map_or_else(|| blank(ground.currency), |(vehicle, _)| VehicleDraft::from(vehicle.clone()));
    fill(&mut row, &mut draft, ground, before.is_none());
    if !row.faults.is_empty() {
        return Err(row.faults);
    }
    if let Some((vehicle, _)) = before
        && !vehicle.status.may_become(draft.status)
    {
        let detail = "this status cannot follow the one it has; change it in two steps";
        row.fault(Column::Status, "status", detail);
        return Err(row.faults);
    }
    let id = before.map_or_else(fresh, |(vehicle, _)| vehicle.id);
    let vehicle = draft.check(id, ground.country, ground.today).map_err(|faults| {
        for Fault { field, code, detail } in faults {
            match Column::of_field(field) {
                Some(column) => row.fault(column, code, detail),
                None => row.faults.push(RowFault { column: None, code, detail, value: None }),
            }
        }
        row.faults
    })?;
    let Some((old, version)) = before else { return Ok(RowOutcome::New(Box::new(vehicle))) };
    let changes = changes(old, &vehicle);
    Ok(if changes.is_empty() {
        RowOutcome::Same(old.id)
    } else {
        RowOutcome::Changed { vehicle: Box::new(vehicle), version: *version, changes }
    })
}

/// The vehicle in stock that a row is about.
fn existing<'a>(
    row: &mut Row<'_>,
    ground: Ground<'a>,
    known: &HashMap<Key, usize>,
) -> Result<Option<&'a (Vehicle, i64)>, Vec<RowFault>> {
    let vin = row.filled(Column::Vin).map(Vin::parse);
    let vin = match vin.transpose() {
        Ok(vin) => vin,
        Err(error) => {
            row.fault(Column::Vin, "vin", error.to_string());
            return Err(std::mem::take(&mut row.faults));
        }
    };
    let country = row.filled(Column::PlateCountry).unwrap_or(ground.country);
    let plate = row.filled(Column::Plate).and_then(|raw| Plate::parse(raw, country).ok());
    let stock = row.filled(Column::StockNumber);
    let keys = [
        (Column::Vin, vin.as_ref().map(|vin| Key::Vin(vin.as_str().to_owned()))),
        (Column::Plate, plate.map(|(plate, _)| Key::Plate(plate.key()))),
        (Column::StockNumber, stock.map(|number| Key::Stock(number.to_owned()))),
    ];
    if keys.iter().all(|(_, key)| key.is_none()) && row.filled(Column::Plate).is_none() {
        return Err(vec![RowFault {
            column: None,
            code: "key",
            detail:
                "needs a VIN, a plate or a stock number, so that it is known when it comes again"
                    .to_owned(),
            value: None,
        }]);
    }
    let mut found: Option<usize> = None;
    for (column, key) in keys {
        let Some(at) = key.and_then(|key| known.get(&key).copied()) else { continue };
        match found {
            None => found = Some(at),
            Some(first) if first == at => {}
            Some(_) => {
                row.fault(column, "another", "belongs to another vehicle in stock");
                return Err(std::mem::take(&mut row.faults));
            }
        }
    }
    let found = found.map(|at| &ground.stock[at]);
    // Found by its plate or its stock number, it must not be another vehicle by its VIN.
    if let Some((vehicle, _)) = found
        && let (Some(vin), Some(is)) = (&vin, &vehicle.details.vin)
        && vin != is
    {
        let detail = "is not the VIN of the vehicle with this plate or stock number";
        row.fault(Column::Vin, "another", detail);
        return Err(std::mem::take(&mut row.faults));
    }
    Ok(found)
}

/// A new vehicle before its row is read.
fn blank(currency: Currency) -> VehicleDraft {
    VehicleDraft {
        make: String::new(),
        model: String::new(),
        variant: None,
        year: 0,
        price: 0,
        currency: currency.code().to_owned(),
        fuel: Fuel::Petrol,
        kilometres: 0,
        status: VehicleStatus::Available,
        stock_number: None,
        vin: None,
        plate: None,
        plate_country: None,
        body: None,
        seats: None,
        range_km: None,
        transmission: None,
        drive: None,
        colour: None,
        power_kw: None,
        towing_kg: None,
        equipment: vec![],
        description: Localized::default(),
        photos: vec![],
        location: None,
        first_registered: None,
        listing_url: None,
    }
}

/// Writes the cells of a row over a draft.
fn fill(row: &mut Row<'_>, draft: &mut VehicleDraft, ground: Ground<'_>, is_new: bool) {
    let needed = [
        Column::Make,
        Column::Model,
        Column::Year,
        Column::Price,
        Column::Fuel,
        Column::Kilometres,
    ];
    if is_new {
        for column in needed {
            if row.filled(column).is_none() {
                row.fault(column, "required", format!("a new vehicle needs a {}", column.name()));
            }
        }
    }
    let text = |cell: &str| Some(cell.to_owned());
    if let Some(make) = row.filled(Column::Make) {
        draft.make = make.to_owned();
    }
    if let Some(model) = row.filled(Column::Model) {
        draft.model = model.to_owned();
    }
    row.put(&mut draft.variant, Column::Variant, text, "text", "");
    let (code, detail) = NUMBER;
    draft.year = row.read(Column::Year, cells::whole, code, detail).unwrap_or(draft.year);
    draft.kilometres =
        row.read(Column::Kilometres, cells::whole, code, detail).unwrap_or(draft.kilometres);
    let price = row.read(
        Column::Price,
        cells::amount,
        "number",
        "must be an amount of at most two decimals, such as 399 000 or 24 900,50",
    );
    if let Some((minor, currency)) = price {
        draft.price = minor;
        if let Some(currency) = currency {
            currency.code().clone_into(&mut draft.currency);
        }
    }
    if let Some(currency) = row.filled(Column::Currency) {
        currency.clone_into(&mut draft.currency);
    }
    let (word, unknown) = WORD;
    draft.fuel = row
        .read(Column::Fuel, cells::fuel, word, "must be a fuel: electric, petrol, diesel or hybrid")
        .unwrap_or(draft.fuel);
    draft.status = row
        .read(
            Column::Status,
            cells::status,
            word,
            "must be a status: available, reserved, sold or in service",
        )
        .unwrap_or(draft.status);
    for (field, column) in [
        (&mut draft.stock_number, Column::StockNumber),
        (&mut draft.vin, Column::Vin),
        (&mut draft.plate, Column::Plate),
        (&mut draft.plate_country, Column::PlateCountry),
    ] {
        if let Some(cell) = row.filled(column) {
            *field = Some(cell.to_owned());
        }
    }
    row.put(&mut draft.body, Column::Body, cells::body, word, unknown);
    row.put(&mut draft.seats, Column::Seats, cells::whole, code, detail);
    row.put(&mut draft.range_km, Column::RangeKm, cells::whole, code, detail);
    row.put(&mut draft.transmission, Column::Transmission, cells::transmission, word, unknown);
    row.put(&mut draft.drive, Column::Drive, cells::drive, word, unknown);
    row.put(&mut draft.colour, Column::Colour, text, "text", "");
    row.put(&mut draft.power_kw, Column::PowerKw, cells::whole, code, detail);
    if let Some(horses) = row.read(Column::PowerHp, cells::whole, code, detail) {
        // A metric horsepower is 735.5 watts.
        draft.power_kw = Some((horses.clamp(0, 100_000) * 7_355 + 5_000) / 10_000);
    }
    row.put(&mut draft.towing_kg, Column::TowingKg, cells::whole, code, detail);
    row.put(&mut draft.location, Column::Location, text, "text", "");
    row.put(&mut draft.listing_url, Column::ListingUrl, text, "text", "");
    row.put(
        &mut draft.first_registered,
        Column::FirstRegistered,
        |cell| cells::date(cell).map(|date| date.to_string()),
        "date",
        "must be a day, such as 2022-05-31 or 31.05.2022",
    );
    if let Some(cell) = row.cell(Column::Equipment) {
        draft.equipment = cells::pieces(cell);
    }
    if let Some(cell) = row.cell(Column::Photos) {
        draft.photos = cells::pieces(cell).into_iter().map(Photo).collect();
    }
    for (column, lang) in [
        (Column::Description, ground.lang),
        (Column::DescriptionNb, Lang::Nb),
        (Column::DescriptionFr, Lang::Fr),
        (Column::DescriptionEn, Lang::En),
        (Column::DescriptionAr, Lang::Ar),
    ] {
        match row.cell(column) {
            None => {}
            Some("") => drop(draft.description.0.remove(&lang)),
            Some(cell) => drop(draft.description.0.insert(lang, cell.to_owned())),
        }
    }
}
