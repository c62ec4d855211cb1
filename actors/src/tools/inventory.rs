//! The tools that look at the stock: what fits a wish, with score and reasons, and all of one vehicle.
//!
//! # Invariants
//! - **A6** a reason that is told names numbers of the vehicle that the gate lets an answer repeat;
//! - **A13** neither a VIN nor a plate is in any result.

use std::collections::HashMap;

use forecourt_core::{
    id::VehicleId,
    inventory::{Details, Fit, FitReason, Vehicle, Wish, csv::body_named, fit::TOP, folded, rank},
    knowledge::Localized,
    money::{Currency, Money},
    search,
    tools::{
        Used,
        request::SearchInventory,
        results::{Code, VehicleMore, VehicleRow, Vehicles},
    },
};

use super::{Found, No, Tools};

/// Vehicles of one answer.
const MOST: usize = 6;
/// The least score of a vehicle that misses something and is named all the same.
const NEAR: u8 = 50;

impl Tools {
    /// The vehicles that are available and meet what was asked for, the best first; where none does, the
    /// few that miss it by little.
    pub(super) fn search_inventory(&self, asked: SearchInventory) -> Found {
        let stock = &self.knowledge.vehicles;
        let fits = chosen(rank(&wish(asked, stock), stock, stock.len()));
        let by_id: HashMap<VehicleId, &Vehicle> = stock.iter().map(|one| (one.id, one)).collect();
        let row = |fit: &Fit| {
            let vehicle = by_id.get(&fit.vehicle)?;
            let told = fit.reasons.iter();
            let mut reasons: Vec<String> = told.map(|reason| reason.say(self.facts.lang)).collect();
            if reasons.is_empty() {
                reasons.push(format!("{} km", vehicle.kilometres));
            }
            Some(VehicleRow { score: Some(fit.score), reasons, ..self.vehicle_row(vehicle) })
        };
        let vehicles = fits.iter().filter_map(row).collect();
        let used = fits.iter().map(|fit| Used::Vehicle(fit.vehicle)).collect();
        Found { used, ..Found::of(&Vehicles { vehicles }) }
    }

    /// One vehicle with all that everybody may know of it.
    pub(super) fn vehicle(&self, id: VehicleId) -> Result<Found, No> {
        let vehicle = self.knowledge.vehicles.iter().find(|vehicle| vehicle.id == id);
        let vehicle = vehicle.ok_or_else(|| No::new(Code::NotFound, "there is no such vehicle"))?;
        let known = vehicle.clone().for_everybody();
        let more = VehicleMore {
            year: known.year,
            fuel: known.fuel,
            kilometres: known.kilometres,
            text: search::shown(known.details.description.get(self.facts.lang)),
            details: Details {
                description: Localized::default(),
                photos: Vec::new(),
                ..known.details
            },
        };
        let row = VehicleRow { more: Some(more), ..self.vehicle_row(vehicle) };
        let rows = Vehicles { vehicles: vec![row] };
        Ok(Found { used: vec![Used::Vehicle(id)], ..Found::of(&rows) })
    }

    fn vehicle_row(&self, vehicle: &Vehicle) -> VehicleRow {
        VehicleRow {
            vehicle_id: vehicle.id,
            title: vehicle.title(),
            price: vehicle.price.display(self.facts.lang).to_string(),
            status: vehicle.status,
            score: None,
            reasons: Vec::new(),
            more: None,
        }
    }
}

/// What a model asked for, as the stock is ranked by.
///
/// A name that no vehicle has as a whole, such as `Model 3 Long Range`, and a body that is none, are words.
fn wish(asked: SearchInventory, stock: &[Vehicle]) -> Wish {
    // A tenant's stock is of one currency.
    let currency = stock.first().map_or(Currency::Nok, |vehicle| vehicle.price.currency);
    let money = |whole: u64| {
        let minor = i64::try_from(whole.saturating_mul(100)).unwrap_or(i64::MAX);
        Money { minor, currency }
    };
    let mut words: Vec<String> = asked.text.into_iter().collect();
    let mut whole = |name: Option<String>, of: fn(&Vehicle) -> &str| {
        let name = name?;
        let wanted = folded(&name);
        if stock.iter().any(|vehicle| folded(of(vehicle)) == wanted) {
            return Some(name);
        }
        words.push(name);
        None
    };
    let make = whole(asked.make, |vehicle| &vehicle.make);
    let model = whole(asked.model, |vehicle| &vehicle.model);
    let body = asked.body.as_deref().and_then(body_named);
    if body.is_none() {
        words.extend(asked.body);
    }
    let text = words.join(" ");
    Wish {
        text: (!text.trim().is_empty()).then_some(text),
        make,
        model,
        max_price: asked.max_price.map(money),
        min_price: asked.min_price.map(money),
        fuels: asked.fuel.into_iter().collect(),
        bodies: body.into_iter().collect(),
        min_year: asked.min_year,
        max_kilometres: asked.max_kilometres,
        min_range_km: asked.min_range_km,
        min_seats: asked.min_seats,
    }
}

/// Those that miss nothing; where there are none, the few that come near.
fn chosen(ranked: Vec<Fit>) -> Vec<Fit> {
    let is_whole = |fit: &Fit| fit.reasons.iter().all(FitReason::is_good);
    let (whole, rest): (Vec<Fit>, Vec<Fit>) = ranked.into_iter().partition(is_whole);
    if !whole.is_empty() {
        return whole.into_iter().take(MOST).collect();
    }
    let is_near = |fit: &Fit| fit.score >= NEAR && fit.reasons.iter().all(is_by_degree);
    rest.into_iter().filter(is_near).take(TOP).collect()
}

/// Whether a reason speaks for a vehicle, or tells of a lack that people may live with: never another make,
/// fuel or body than was asked for, fewer seats, or a price out of bounds.
const fn is_by_degree(reason: &FitReason) -> bool {
    reason.is_good()
        || matches!(
            reason,
            FitReason::Older { .. }
                | FitReason::MoreDriven { .. }
                | FitReason::ShortRange { .. }
                | FitReason::RangeUnknown
                | FitReason::SeatsUnknown
                | FitReason::BodyUnknown
        )
}
