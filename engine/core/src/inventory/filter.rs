//! Which vehicles a list shows, and in which order. Stores do it in their own language; this is what
//! they must agree with.

use std::cmp::Ordering;

use super::{Body, Fuel, Vehicle, VehicleStatus, folded};

/// Words of a search that count.
pub const MAX_SEARCH_WORDS: usize = 8;
/// Vehicles to a page.
pub const MAX_PAGE: u32 = 200;

/// A vehicle is shown when it is all of what is named here; an empty list names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VehicleFilter {
    /// Each word stands somewhere in make, model, variant, year, numbers, colour or place.
    pub text: Option<String>,
    /// Whole, without regard to case and accents.
    pub make: Option<String>,
    pub model: Option<String>,
    /// In minor units.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    pub min_year: Option<u16>,
    pub max_year: Option<u16>,
    pub max_kilometres: Option<u32>,
    pub fuels: Vec<Fuel>,
    pub bodies: Vec<Body>,
    pub min_seats: Option<u8>,
    pub min_range_km: Option<u16>,
    pub statuses: Vec<VehicleStatus>,
    /// Those that were deleted, instead of the others.
    pub deleted: bool,
    pub sort: VehicleSort,
    pub offset: u32,
    /// At most [`MAX_PAGE`].
    pub limit: u32,
}

/// The order of a list; what is equal by it stands newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VehicleSort {
    /// Last added first.
    #[default]
    Newest,
    Cheapest,
    Dearest,
    /// By year of make, the youngest first.
    Youngest,
    /// By kilometres, the fewest first.
    LeastDriven,
}

impl VehicleFilter {
    /// The words of the search, folded.
    pub fn words(&self) -> Vec<String> {
        let text = folded(self.text.as_deref().unwrap_or_default());
        text.split(' ')
            .filter(|word| !word.is_empty())
            .take(MAX_SEARCH_WORDS)
            .map(str::to_owned)
            .collect()
    }

    /// Whether it shows a vehicle; whether that is deleted is the store's to know.
    pub fn shows(&self, vehicle: &Vehicle) -> bool {
        let details = &vehicle.details;
        let search = vehicle.search_text();
        let same = |wanted: &Option<String>, is: &str| {
            wanted.as_deref().is_none_or(|wanted| folded(wanted) == folded(is))
        };
        self.words().iter().all(|word| search.contains(word.as_str()))
            && same(&self.make, &vehicle.make)
            && same(&self.model, &vehicle.model)
            && self.min_price.is_none_or(|least| vehicle.price.minor >= least)
            && self.max_price.is_none_or(|most| vehicle.price.minor <= most)
            && self.min_year.is_none_or(|least| vehicle.year >= least)
            && self.max_year.is_none_or(|most| vehicle.year <= most)
            && self.max_kilometres.is_none_or(|most| vehicle.kilometres <= most)
            && (self.fuels.is_empty() || self.fuels.contains(&vehicle.fuel))
            && (self.bodies.is_empty()
                || details.body.is_some_and(|body| self.bodies.contains(&body)))
            && self.min_seats.is_none_or(|least| details.seats.is_some_and(|is| is >= least))
            && self.min_range_km.is_none_or(|least| details.range_km.is_some_and(|is| is >= least))
            && (self.statuses.is_empty() || self.statuses.contains(&vehicle.status))
    }

    /// The order of two vehicles; ids rise with time.
    pub fn order(&self, a: &Vehicle, b: &Vehicle) -> Ordering {
        let by = match self.sort {
            VehicleSort::Newest => Ordering::Equal,
            VehicleSort::Cheapest => a.price.minor.cmp(&b.price.minor),
            VehicleSort::Dearest => b.price.minor.cmp(&a.price.minor),
            VehicleSort::Youngest => b.year.cmp(&a.year),
            VehicleSort::LeastDriven => a.kilometres.cmp(&b.kilometres),
        };
        by.then_with(|| b.id.cmp(&a.id))
    }
}
