//! The tools that look at the stock.

use std::cmp::Reverse;

use forecourt_core::{
    id::VehicleId,
    knowledge::{Vehicle, VehicleStatus},
    search,
    tools::{
        Used,
        request::SearchInventory,
        results::{Code, VehicleRow, Vehicles},
    },
};

use super::{Found, No, Tools};

/// Vehicles of one answer.
const MOST: usize = 6;

impl Tools {
    /// The vehicles that are available and meet what was asked for, those with most of the words first.
    pub(super) fn search_inventory(&self, asked: &SearchInventory) -> Found {
        let words: Vec<String> = [&asked.text, &asked.make, &asked.model, &asked.body]
            .into_iter()
            .flatten()
            .flat_map(|text| search::words(text))
            .collect();
        let hits = |vehicle: &Vehicle| {
            let title = search::fold(&vehicle.title());
            words.iter().filter(|word| title.contains(word.as_str())).count()
        };
        let mut found: Vec<(usize, &Vehicle)> = self
            .knowledge
            .vehicles
            .iter()
            .filter(|vehicle| vehicle.status == VehicleStatus::Available && meets(vehicle, asked))
            .map(|vehicle| (hits(vehicle), vehicle))
            .filter(|(hits, _)| *hits > 0 || words.is_empty())
            .collect();
        found.sort_by_key(|(hits, vehicle)| (Reverse(*hits), vehicle.price.minor, vehicle.id));
        found.truncate(MOST);
        let rows = found.iter().map(|(_, vehicle)| self.vehicle_row(vehicle)).collect();
        let used = found.iter().map(|(_, vehicle)| Used::Vehicle(vehicle.id)).collect();
        Found { used, ..Found::of(&Vehicles { vehicles: rows }) }
    }

    pub(super) fn vehicle(&self, id: VehicleId) -> Result<Found, No> {
        let vehicle = self.knowledge.vehicles.iter().find(|vehicle| vehicle.id == id);
        let vehicle = vehicle.ok_or_else(|| No::new(Code::NotFound, "there is no such vehicle"))?;
        let rows = Vehicles { vehicles: vec![self.vehicle_row(vehicle)] };
        Ok(Found { used: vec![Used::Vehicle(id)], ..Found::of(&rows) })
    }

    fn vehicle_row(&self, vehicle: &Vehicle) -> VehicleRow {
        VehicleRow {
            vehicle_id: vehicle.id,
            title: vehicle.title(),
            price: vehicle.price.display(self.facts.lang).to_string(),
            status: vehicle.status,
            score: None,
            reasons: vec![format!("{} km", vehicle.kilometres)],
        }
    }
}

/// Whether a vehicle is within the bounds that were named.
fn meets(vehicle: &Vehicle, asked: &SearchInventory) -> bool {
    let price = u64::try_from(vehicle.price.minor).unwrap_or(0) / 100;
    asked.min_price.is_none_or(|least| price >= least)
        && asked.max_price.is_none_or(|most| price <= most)
        && asked.fuel.is_none_or(|fuel| vehicle.fuel == fuel)
        && asked.min_year.is_none_or(|least| vehicle.year >= least)
        && asked.max_kilometres.is_none_or(|most| vehicle.kilometres <= most)
}
