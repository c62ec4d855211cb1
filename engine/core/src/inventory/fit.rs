//! How well a vehicle fits a wish: a score by rule, and the reasons for it.
//!
//! Each thing that is wished for weighs something and is fulfilled by some part; the score is what is
//! fulfilled of what was wished. Nothing that was not asked for counts. The reasons name numbers of
//! the record alone, so that who repeats them says what stands in the stock (A6).
//!
//! # Invariants
//! - the score is 0 to 100, and each wish gives one reason per vehicle;
//! - the same vehicles give the same order, whichever order they come in;
//! - only what is available is ranked.

use std::{cmp::Reverse, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Body, Fuel, Vehicle, VehicleStatus, folded};
use crate::{id::VehicleId, lang::Lang, money::Money};

/// How many are proposed when nobody says otherwise (S0-M4-3).
pub const TOP: usize = 3;

/// What somebody looks for; whatever is not named does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// Free words: make, model, colour, equipment.
    pub text: Option<String>,
    pub make: Option<String>,
    pub model: Option<String>,
    pub max_price: Option<Money>,
    pub min_price: Option<Money>,
    pub fuels: Vec<Fuel>,
    pub bodies: Vec<Body>,
    pub min_year: Option<u16>,
    pub max_kilometres: Option<u32>,
    pub min_range_km: Option<u16>,
    pub min_seats: Option<u8>,
}

/// A vehicle that was ranked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    pub vehicle: VehicleId,
    /// 0 to 100; 50 where nothing was wished for.
    pub score: u8,
    /// In the order of the wish's fields.
    pub reasons: Vec<FitReason>,
}

/// Why a vehicle fits, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum FitReason {
    /// The words that were found of it.
    Words {
        found: Vec<String>,
    },
    NoWords,
    Make {
        make: String,
    },
    OtherMake {
        make: String,
    },
    Model {
        model: String,
    },
    OtherModel {
        model: String,
    },
    WithinBudget {
        price: Money,
    },
    /// Dearer than wished, by so much.
    OverBudget {
        by: Money,
    },
    /// Cheaper than the least that was named.
    UnderBudget {
        price: Money,
    },
    /// The budget was named in another currency.
    OtherCurrency {
        price: Money,
    },
    Fuel {
        fuel: Fuel,
    },
    OtherFuel {
        fuel: Fuel,
    },
    Body {
        body: Body,
    },
    OtherBody {
        body: Body,
    },
    BodyUnknown,
    Year {
        year: u16,
    },
    Older {
        year: u16,
    },
    Kilometres {
        kilometres: u32,
    },
    MoreDriven {
        kilometres: u32,
    },
    Range {
        range_km: u16,
    },
    ShortRange {
        range_km: u16,
    },
    RangeUnknown,
    Seats {
        seats: u8,
    },
    FewSeats {
        seats: u8,
    },
    SeatsUnknown,
}

impl FitReason {
    /// Whether it speaks for the vehicle.
    pub const fn is_good(&self) -> bool {
        matches!(
            self,
            Self::Words { .. }
                | Self::Make { .. }
                | Self::Model { .. }
                | Self::WithinBudget { .. }
                | Self::Fuel { .. }
                | Self::Body { .. }
                | Self::Year { .. }
                | Self::Kilometres { .. }
                | Self::Range { .. }
                | Self::Seats { .. }
        )
    }

    /// The reason as a sentence.
    pub fn say(&self, lang: Lang) -> String {
        super::say::reason(self, lang)
    }
}

/// What is fulfilled, in parts of a thousand, of what weighs `weight`.
struct Part {
    weight: u64,
    fulfilled: u64,
    reason: FitReason,
}

const WHOLE: u64 = 1_000;

/// The vehicles that fit best, the best first; at most `limit`.
pub fn rank(wish: &Wish, vehicles: &[Vehicle], limit: usize) -> Vec<Fit> {
    let can_be_had = |vehicle: &&Vehicle| vehicle.status == VehicleStatus::Available;
    let known = Words::of(wish, vehicles);
    let mut fits: Vec<(Fit, &Vehicle)> = vehicles
        .iter()
        .filter(can_be_had)
        .map(|vehicle| (fit(wish, &known, vehicle), vehicle))
        .collect();
    // What fits as well stands by what people ask next: younger, less driven, cheaper.
    fits.sort_by_key(|(fit, vehicle)| {
        let Vehicle { id, year, kilometres, price, .. } = vehicle;
        (Reverse(fit.score), Reverse(*year), *kilometres, price.minor, *id)
    });
    fits.truncate(limit);
    fits.into_iter().map(|(fit, _)| fit).collect()
}

/// The words of a wish that some vehicle knows; those that none knows tell nothing.
struct Words {
    asked: bool,
    known: BTreeSet<String>,
}

impl Words {
    /// Words of a wish that are looked at.
    const MOST: usize = 32;

    fn of(wish: &Wish, vehicles: &[Vehicle]) -> Self {
        let wished = words(wish.text.as_deref().unwrap_or_default());
        let mut known = BTreeSet::new();
        if !wished.is_empty() {
            for vehicle in vehicles {
                let has = words_of(vehicle);
                known.extend(wished.iter().take(Self::MOST).filter(|w| has.contains(*w)).cloned());
            }
        }
        Self { asked: !wished.is_empty(), known }
    }
}

fn words(text: &str) -> BTreeSet<String> {
    folded(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn words_of(vehicle: &Vehicle) -> BTreeSet<String> {
    let details = &vehicle.details;
    let mut all = words(&vehicle.title());
    let rest = [&details.colour, &details.stock_number, &details.location];
    for text in rest.into_iter().flatten().chain(&details.equipment) {
        all.extend(words(text));
    }
    all
}

fn fit(wish: &Wish, known: &Words, vehicle: &Vehicle) -> Fit {
    let parts = [
        text(known, vehicle),
        named(wish.make.as_deref(), &vehicle.make).map(|same| {
            let make = vehicle.make.clone();
            let reason =
                if same { FitReason::Make { make } } else { FitReason::OtherMake { make } };
            yes_or_no(25, same, reason)
        }),
        named(wish.model.as_deref(), &vehicle.model).map(|same| {
            let model = vehicle.model.clone();
            let reason =
                if same { FitReason::Model { model } } else { FitReason::OtherModel { model } };
            yes_or_no(25, same, reason)
        }),
        budget(wish, vehicle.price),
        fuel(wish, vehicle),
        body(wish, vehicle),
        wish.min_year.map(|least| {
            let year = vehicle.year;
            if year >= least {
                return yes_or_no(10, true, FitReason::Year { year });
            }
            // Five years too old is as good as nothing.
            let lacking = u64::from(least - year);
            let fulfilled = WHOLE.saturating_sub(lacking * WHOLE / 5);
            Part { weight: 10, fulfilled, reason: FitReason::Older { year } }
        }),
        wish.max_kilometres.map(|most| {
            let kilometres = vehicle.kilometres;
            if kilometres <= most {
                return yes_or_no(10, true, FitReason::Kilometres { kilometres });
            }
            let fulfilled = short_of(u64::from(kilometres - most), u64::from(most), 2);
            Part { weight: 10, fulfilled, reason: FitReason::MoreDriven { kilometres } }
        }),
        range(wish, vehicle),
        seats(wish, vehicle),
    ];
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    let weight: u64 = parts.iter().map(|part| part.weight).sum();
    let fulfilled: u64 = parts.iter().map(|part| part.weight * part.fulfilled).sum();
    let score = (fulfilled * 100 + weight * WHOLE / 2).checked_div(weight * WHOLE);
    Fit {
        vehicle: vehicle.id,
        score: score.map_or(50, |score| u8::try_from(score.min(100)).unwrap_or(100)),
        reasons: parts.into_iter().map(|part| part.reason).collect(),
    }
}

fn yes_or_no(weight: u64, yes: bool, reason: FitReason) -> Part {
    Part { weight, fulfilled: if yes { WHOLE } else { 0 }, reason }
}

/// Falls from all to nothing while something misses its mark by a `part`th of it.
fn short_of(by: u64, mark: u64, part: u64) -> u64 {
    WHOLE.saturating_sub(by.saturating_mul(WHOLE * part) / mark.max(1))
}

fn named(wanted: Option<&str>, is: &str) -> Option<bool> {
    let wanted = folded(wanted?);
    (!wanted.is_empty()).then(|| folded(is) == wanted)
}

fn text(known: &Words, vehicle: &Vehicle) -> Option<Part> {
    if !known.asked {
        return None;
    }
    let has = words_of(vehicle);
    let found: Vec<String> =
        known.known.iter().filter(|word| has.contains(*word)).cloned().collect();
    let part = if found.is_empty() {
        yes_or_no(30, false, FitReason::NoWords)
    } else {
        let fulfilled = found.len() as u64 * WHOLE / known.known.len().max(1) as u64;
        Part { weight: 30, fulfilled, reason: FitReason::Words { found } }
    };
    Some(part)
}

fn budget(wish: &Wish, price: Money) -> Option<Part> {
    const WEIGHT: u64 = 30;
    if wish.max_price.is_none() && wish.min_price.is_none() {
        return None;
    }
    let foreign = |limit: &Money| limit.currency != price.currency;
    if wish.max_price.iter().chain(&wish.min_price).any(foreign) {
        let reason = FitReason::OtherCurrency { price };
        return Some(Part { weight: WEIGHT, fulfilled: WHOLE / 2, reason });
    }
    if let Some(most) = wish.max_price
        && price.minor > most.minor
    {
        let by = price.minor.saturating_sub(most.minor);
        // A quarter over the budget is out of reach.
        let fulfilled =
            short_of(by.unsigned_abs(), u64::try_from(most.minor).unwrap_or_default(), 4);
        let by = Money { minor: by, currency: price.currency };
        return Some(Part { weight: WEIGHT, fulfilled, reason: FitReason::OverBudget { by } });
    }
    if let Some(least) = wish.min_price
        && price.minor < least.minor
    {
        let by = least.minor.saturating_sub(price.minor).unsigned_abs();
        let fulfilled = short_of(by, least.minor.unsigned_abs(), 1);
        return Some(Part { weight: WEIGHT, fulfilled, reason: FitReason::UnderBudget { price } });
    }
    Some(yes_or_no(WEIGHT, true, FitReason::WithinBudget { price }))
}

fn fuel(wish: &Wish, vehicle: &Vehicle) -> Option<Part> {
    let fuel = vehicle.fuel;
    if wish.fuels.is_empty() {
        return None;
    }
    if wish.fuels.contains(&fuel) {
        return Some(yes_or_no(20, true, FitReason::Fuel { fuel }));
    }
    // A hybrid is half of what somebody looks for who wants either of its halves.
    let near = fuel == Fuel::Hybrid && wish.fuels.iter().any(|f| *f != Fuel::Diesel);
    let fulfilled = if near { WHOLE * 2 / 5 } else { 0 };
    Some(Part { weight: 20, fulfilled, reason: FitReason::OtherFuel { fuel } })
}

fn body(wish: &Wish, vehicle: &Vehicle) -> Option<Part> {
    if wish.bodies.is_empty() {
        return None;
    }
    let Some(body) = vehicle.details.body else {
        return Some(Part { weight: 15, fulfilled: WHOLE / 3, reason: FitReason::BodyUnknown });
    };
    let same = wish.bodies.contains(&body);
    let reason = if same { FitReason::Body { body } } else { FitReason::OtherBody { body } };
    Some(yes_or_no(15, same, reason))
}

fn range(wish: &Wish, vehicle: &Vehicle) -> Option<Part> {
    let least = wish.min_range_km?;
    let part = match vehicle.details.range_km {
        None => Part { weight: 15, fulfilled: WHOLE / 3, reason: FitReason::RangeUnknown },
        Some(range_km) if range_km >= least => yes_or_no(15, true, FitReason::Range { range_km }),
        Some(range_km) => {
            let fulfilled = short_of(u64::from(least - range_km), u64::from(least), 2);
            Part { weight: 15, fulfilled, reason: FitReason::ShortRange { range_km } }
        }
    };
    Some(part)
}

fn seats(wish: &Wish, vehicle: &Vehicle) -> Option<Part> {
    let least = wish.min_seats?;
    let part = match vehicle.details.seats {
        None => Part { weight: 15, fulfilled: WHOLE / 3, reason: FitReason::SeatsUnknown },
        Some(seats) if seats >= least => yes_or_no(15, true, FitReason::Seats { seats }),
        // A child more than seats is not a little less fitting.
        Some(seats) => yes_or_no(15, false, FitReason::FewSeats { seats }),
    };
    Some(part)
}
