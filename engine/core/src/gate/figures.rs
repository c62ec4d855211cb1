//! What is said of a vehicle's own figures: how far it has run and how far it goes, its seats, its year, its
//! power. Each must be the row's.

use super::{
    Reason,
    facts::Facts,
    sentence::{Sentence, Subject},
    times::Thread,
    words::Cue,
};
use crate::{
    knowledge::{Vehicle, VehicleStatus},
    reading::{Kind, Number, Token},
};

/// No vehicle goes so far (the draft of a vehicle bounds it); what is more has been run.
const MAX_RANGE_KM: i64 = 5_000;
/// A metric horsepower in tenths of a watt.
const HORSE: i64 = 7_355;

/// A distance is how far the vehicle goes, where its range is spoken of, and else how far it has run.
pub(super) fn distance(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    km: i64,
) -> Result<(), Reason> {
    if is_range(sentence, token, km) {
        let holds = |vehicle: &Vehicle| has_range(sentence, token, km, vehicle);
        let told = |vehicle: &Vehicle| vehicle.details.range_km.is_some();
        return held(judged(sentence, facts, thread, token, told, holds), Reason::Number);
    }
    let runs = |index: &usize| i64::from(facts.vehicles()[*index].kilometres) == km;
    let holds = match vehicles_of(sentence, thread, token.first) {
        Some(vehicles) => vehicles.iter().any(runs),
        None => facts.says(sentence, &token.kind),
    };
    held(holds, Reason::Number)
}

/// Whether a distance is a range: the nearest word says so. What no vehicle goes was run, where running is
/// spoken of too.
fn is_range(sentence: &Sentence, token: &Token, km: i64) -> bool {
    let near = |wanted: Cue| {
        let cues = sentence.cues.iter().filter(move |cue| cue.meaning == wanted);
        cues.map(|cue| cue.first.abs_diff(token.first)).min()
    };
    match (near(Cue::Range), near(Cue::Run)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(range), Some(run)) => km <= MAX_RANGE_KM && range <= run,
    }
}

fn has_range(sentence: &Sentence, token: &Token, km: i64, vehicle: &Vehicle) -> bool {
    let over = sentence.stands_before(token.first, Cue::Over);
    let goes = vehicle.details.range_km.map(i64::from);
    goes.is_some_and(|goes| if over { goes >= km } else { goes == km })
}

/// A number after which seats stand, or after the word range: none when it is another number.
pub(super) fn number(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    value: Number,
) -> Option<Result<(), Reason>> {
    let whole = value.hundredths / 100;
    if is_seats(sentence, token) {
        return Some(seats(sentence, facts, thread, token, whole));
    }
    if is_bare_range(sentence, token) {
        return Some(distance(sentence, facts, thread, token, whole));
    }
    let is_year = value.digits == 4 && (1950..2100).contains(&whole);
    let of_year = sentence.cues.iter().any(|cue| {
        cue.meaning == Cue::ModelYear && cue.end <= token.first && token.first - cue.end <= 2
    });
    if is_year && of_year {
        let vehicles = vehicles_of(sentence, thread, token.first)?;
        let made = |vehicle: &Vehicle| {
            let registered = vehicle.details.first_registered.map(|day| i64::from(day.year()));
            i64::from(vehicle.year) == whole || registered == Some(whole)
        };
        let own = vehicles.iter().any(|index| made(&facts.vehicles()[*index]));
        return Some(held(own != sentence.is_negated(token.first), Reason::Number));
    }
    None
}

/// Whether a number with a unit is what the vehicle has: its power, what it tows.
pub(super) fn is_own_unit(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    whole: i64,
) -> bool {
    let unit = sentence.lexemes.get(token.end).and_then(|lexeme| lexeme.word()).unwrap_or_default();
    let has = |vehicle: &Vehicle| {
        let kilowatts = vehicle.details.power_kw.map(i64::from);
        match unit {
            "kw" => kilowatts == Some(whole),
            "hk" | "hestekrefter" | "hp" | "bhp" | "horsepower" | "ch" | "cv" | "chevaux"
            | "حصان" | "حصانا" => {
                // Rounded once on the way to kilowatts, and once on the way back.
                kilowatts.is_some_and(|kw| (whole * HORSE - kw * 10_000).abs() <= HORSE)
            }
            "kg" | "kilo" => vehicle.details.towing_kg.map(i64::from) == Some(whole),
            _ => false,
        }
    };
    let vehicles = vehicles_of(sentence, thread, token.first).unwrap_or_default();
    vehicles.iter().any(|index| has(&facts.vehicles()[*index]))
}

/// Seats are counted in words too (`five seats`), and behind any digits; a distance in words is not read, and
/// stays in.
pub(super) fn spelled(sentence: &Sentence, facts: &Facts, thread: &Thread) -> Result<(), Reason> {
    if sentence.has(|cue| cue == Cue::SpelledDistance) {
        return Err(Reason::Number);
    }
    for cue in &sentence.cues {
        let Cue::Seats(count) = cue.meaning else { continue };
        let (first, count) = if count > 0 {
            (cue.first, u16::from(count))
        } else if let Some(found) = digits_before(sentence, cue.first) {
            found
        } else {
            continue;
        };
        let kind = Kind::Number(Number { hundredths: i64::from(count) * 100, digits: 1 });
        let token = Token { kind, first, end: cue.first };
        seats(sentence, facts, thread, &token, i64::from(count))?;
    }
    Ok(())
}

/// The digits before a word, whatever they were read as: "is a 5-seater" has the look of "à 5".
fn digits_before(sentence: &Sentence, at: usize) -> Option<(usize, u16)> {
    let before = at.checked_sub(1)?;
    let before =
        if sentence.lexemes[before].is_mark('-') { before.checked_sub(1)? } else { before };
    // "The Model 3 seats five": those are of a name.
    let of_name = |token: &Token| token.first == before && token.kind == Kind::Claimed;
    let count = sentence.lexemes[before].small()?;
    (!sentence.tokens.iter().any(of_name)).then_some((before, count))
}

/// Whether seats stand after a number: `5 seats`, `5-seater`.
pub(super) fn is_seats(sentence: &Sentence, token: &Token) -> bool {
    let hyphen = sentence.lexemes.get(token.end).is_some_and(|lexeme| lexeme.is_mark('-'));
    let at = token.end + usize::from(hyphen);
    sentence.cues.iter().any(|cue| cue.meaning == Cue::Seats(0) && cue.first == at)
}

/// Whether a number without a unit is a range: `Range: 510.`
fn is_bare_range(sentence: &Sentence, token: &Token) -> bool {
    let before = sentence.cues.iter().any(|cue| {
        cue.meaning == Cue::Range && cue.end <= token.first && token.first - cue.end <= 3
    });
    let ends = match sentence.lexemes.get(token.end) {
        None => true,
        Some(next) => next.word().is_none_or(|word| word == "wltp") && next.digits().is_none(),
    };
    before && ends
}

fn seats(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    whole: i64,
) -> Result<(), Reason> {
    // "Two places are left on Saturday" is of times.
    let is_time = |other: &Token| {
        matches!(other.kind, Kind::Day(_) | Kind::Clock(_))
            && !(other.first..other.end).contains(&token.first)
    };
    let of_times = sentence.has(|cue| matches!(cue, Cue::Slot | Cue::Offer))
        || sentence.tokens.iter().any(is_time);
    if of_times {
        return held(facts.says(sentence, &token.kind), Reason::Fact);
    }
    let holds = |vehicle: &Vehicle| has_seats(sentence, token, whole, vehicle);
    let told = |vehicle: &Vehicle| vehicle.details.seats.is_some();
    held(judged(sentence, facts, thread, token, told, holds), Reason::Fact)
}

fn has_seats(sentence: &Sentence, token: &Token, whole: i64, vehicle: &Vehicle) -> bool {
    let over = sentence.stands_before(token.first, Cue::Over);
    let has = vehicle.details.seats.map(i64::from);
    has.is_some_and(|has| if over { has >= whole } else { has == whole })
}

/// Whether a figure holds of what is spoken of: of the vehicles named or meant, else of one that can be had.
///
/// The tenant's own words count where the row tells nothing.
fn judged(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    told: impl Fn(&Vehicle) -> bool,
    holds: impl Fn(&Vehicle) -> bool,
) -> bool {
    let many = sentence.named.is_empty() && sentence.has(|cue| cue == Cue::ManyVehicles);
    let vehicles = vehicles_of(sentence, thread, token.first).filter(|_| !many);
    let negated = sentence.is_negated(token.first);
    if let Some(vehicles) = vehicles {
        let vehicle = |index: &usize| &facts.vehicles()[*index];
        if !vehicles.iter().any(|index| told(vehicle(index))) {
            return facts.says(sentence, &token.kind);
        }
        return vehicles.iter().any(|index| holds(vehicle(index))) != negated;
    }
    let spoken_of = sentence.has(|cue| matches!(cue, Cue::OneVehicle | Cue::ManyVehicles));
    let in_stock = |vehicle: &&Vehicle| vehicle.status == VehicleStatus::Available;
    let any = facts.vehicles().iter().filter(in_stock).any(holds);
    facts.says(sentence, &token.kind) || spoken_of && any != negated
}

/// Whether a vehicle has the range and the seats that a sentence like "electric cars with 7 seats" names.
pub(super) fn fits(sentence: &Sentence, vehicle: &Vehicle) -> bool {
    sentence.tokens.iter().all(|token| match token.kind {
        Kind::Distance(km) if is_range(sentence, token, km) => {
            has_range(sentence, token, km, vehicle)
        }
        Kind::Number(value) if is_seats(sentence, token) => {
            has_seats(sentence, token, value.hundredths / 100, vehicle)
        }
        _ => true,
    })
}

/// Whether the rows of the vehicles that are named tell the figure that a sentence speaks of.
pub(super) fn is_told(sentence: &Sentence, facts: &Facts) -> bool {
    let named = sentence.named.iter().flat_map(|named| &named.vehicles);
    let details = || named.clone().map(|index| &facts.vehicles()[*index].details);
    sentence.cues.iter().any(|cue| match cue.meaning {
        Cue::Range => details().any(|details| details.range_km.is_some()),
        Cue::Seats(_) => details().any(|details| details.seats.is_some()),
        _ => false,
    })
}

fn vehicles_of<'a>(sentence: &'a Sentence, thread: &'a Thread, at: usize) -> Option<&'a [usize]> {
    let named = sentence.named.iter().rev().find(|named| named.first <= at);
    let named = named.or(sentence.named.first()).map(|named| named.vehicles.as_slice());
    named.or(match &thread.subject {
        Some(Subject::Vehicles(vehicles)) => Some(vehicles),
        _ => None,
    })
}

const fn held(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}
