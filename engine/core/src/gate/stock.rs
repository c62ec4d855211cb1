//! What is said of vehicles: in stock, sold, reserved; their fuel, year and mileage.

use super::{
    Reason,
    facts::Facts,
    figures,
    sentence::{Sentence, Subject},
    times::Thread,
    words::{Cue, Deal},
};
use crate::{
    knowledge::{Fuel, Vehicle, VehicleStatus},
    reading::{Amount, Kind, phrases::Found},
};

/// What a cue claims of vehicles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Available,
    Sold,
    Reserved,
}

pub(super) fn check(sentence: &Sentence, facts: &Facts, thread: &Thread) -> Result<(), Reason> {
    if sentence.named.iter().any(|named| named.wrong_year) {
        return Err(Reason::Stock);
    }
    fuel(sentence, facts, thread)?;
    let (mut from, mut last) = (0, Vec::new());
    for cue in &sentence.cues {
        let Some(claim) = claim(sentence, facts, thread, cue) else { continue };
        let negated = sentence.is_cue_negated(cue);
        let mut all = subjects(sentence, cue, from);
        if all.is_empty() {
            all = last; // "in stock and for sale"
        }
        from = cue.end;
        if all.is_empty() {
            unnamed(sentence, facts, thread, cue, claim, negated)?;
        }
        for vehicles in &all {
            holds(facts, vehicles, claim, negated)?;
        }
        last = all;
    }
    Ok(())
}

/// What a cue claims of vehicles; none when it speaks of times, people or nothing.
fn claim(sentence: &Sentence, facts: &Facts, thread: &Thread, cue: &Found<Cue>) -> Option<Claim> {
    match cue.meaning {
        Cue::Sold => Some(Claim::Sold),
        Cue::Available => speaks_of_vehicles(sentence).then_some(Claim::Available),
        Cue::Have => {
            let names_one = sentence.named.iter().any(|named| named.first >= cue.first);
            let noun = sentence.has_in_clause(cue.first, is_vehicle_noun);
            ((names_one || noun) && !is_past(sentence, cue)).then_some(Claim::Available)
        }
        // "The Golf is reserved" is of the stock; the booking rule sees to the rest.
        Cue::Deal(Deal::Reserved) if is_of_stock(sentence, facts, thread) => Some(Claim::Reserved),
        _ => None,
    }
}

/// Whether `available` in this sentence is said of vehicles.
fn speaks_of_vehicles(sentence: &Sentence) -> bool {
    // The noun of a service's own name, such as `تأجير سيارة`, speaks of the service.
    let of_service = |cue: &Found<Cue>| {
        sentence.subjects.iter().any(|placed| {
            matches!(placed.subject, Subject::Service(_))
                && (placed.at..=placed.at + 1).contains(&cue.first)
        })
    };
    let noun = |cue: &Found<Cue>| is_vehicle_noun(cue.meaning) && !of_service(cue);
    let names_vehicle = !sentence.named.is_empty() || sentence.cues.iter().any(noun);
    let of_times = sentence.has(|cue| matches!(cue, Cue::Slot | Cue::Offer))
        || sentence.subjects.iter().any(|placed| matches!(placed.subject, Subject::Service(_)))
        || sentence.has_kind(|kind| matches!(kind, Kind::Day(_) | Kind::Clock(_)));
    names_vehicle || !of_times && !sentence.has(|cue| cue == Cue::Person)
}

fn is_vehicle_noun(cue: Cue) -> bool {
    matches!(cue, Cue::OneVehicle | Cue::ManyVehicles)
}

/// `we have received`, `vi har notert`: nothing is had.
fn is_past(sentence: &Sentence, cue: &Found<Cue>) -> bool {
    let words = sentence.lexemes[cue.end..].iter().filter_map(|lexeme| lexeme.word()).take(3);
    words.into_iter().any(|word| {
        matches!(
            word,
            "mottatt"
                | "registrert"
                | "notert"
                | "fatt"
                | "sett"
                | "lest"
                | "videresendt"
                | "sendt"
                | "received"
                | "noted"
                | "seen"
                | "read"
                | "registered"
                | "forwarded"
                | "passed"
                | "got"
                | "recu"
                | "note"
                | "pris"
                | "transmis"
                | "lu"
                | "apent"
                | "stengt"
                | "ouvert"
        )
    })
}

/// The vehicles a cue speaks of: those named since the last cue, else (and after `we have`) those after it.
fn subjects<'a>(sentence: &'a Sentence, cue: &Found<Cue>, from: usize) -> Vec<&'a [usize]> {
    let named = |range: std::ops::Range<usize>| -> Vec<&'a [usize]> {
        let inside = sentence.named.iter().filter(|named| range.contains(&named.first));
        inside.map(|named| named.vehicles.as_slice()).collect()
    };
    let before = if cue.meaning == Cue::Have { vec![] } else { named(from..cue.first) };
    if before.is_empty() { named(cue.first..usize::MAX) } else { before }
}

fn holds(facts: &Facts, vehicles: &[usize], claim: Claim, negated: bool) -> Result<(), Reason> {
    let any = |status: VehicleStatus| {
        vehicles.iter().any(|index| facts.vehicles()[*index].status == status)
    };
    let available = any(VehicleStatus::Available);
    let holds = match (claim, negated) {
        (Claim::Available, false) => available,
        (Claim::Available, true) => !available,
        (Claim::Sold, false) => any(VehicleStatus::Sold) && !available,
        (Claim::Sold, true) => !vehicles.is_empty() && !any(VehicleStatus::Sold),
        (Claim::Reserved, false) => any(VehicleStatus::Reserved) && !available,
        (Claim::Reserved, true) => !vehicles.is_empty() && !any(VehicleStatus::Reserved),
    };
    if holds { Ok(()) } else { Err(Reason::Stock) }
}

/// A claim without a name: of the vehicle spoken of before, or of the stock as a whole.
fn unnamed(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    cue: &Found<Cue>,
    claim: Claim,
    negated: bool,
) -> Result<(), Reason> {
    let many = sentence.has(|cue| cue == Cue::ManyVehicles);
    match &thread.subject {
        Some(Subject::Vehicles(vehicles)) if !many => holds(facts, vehicles, claim, negated),
        // "There is none like that" follows what the customer asked for.
        _ if negated && sentence.has(|cue| cue == Cue::Matching) => Ok(()),
        _ if many && claim == Claim::Available => {
            let any = facts.vehicles().iter().any(|v| fits(sentence, v));
            let counted = counted(sentence, cue, facts);
            if any == negated || !negated && !counted { Err(Reason::Stock) } else { Ok(()) }
        }
        _ => Err(Reason::Stock),
    }
}

/// Whether a vehicle is there and is what a sentence like "electric cars under 400 000" speaks of.
fn fits(sentence: &Sentence, vehicle: &Vehicle) -> bool {
    let fuels: Vec<Fuel> = fuels(sentence).map(|(_, fuel)| fuel).collect();
    let within = |amount: &Amount, at: usize| {
        let same = amount.currency == Some(vehicle.price.currency);
        if sentence.stands_before(at, Cue::Under) {
            same && vehicle.price.minor <= amount.minor
        } else if sentence.stands_before(at, Cue::Over) {
            same && vehicle.price.minor >= amount.minor
        } else {
            true
        }
    };
    vehicle.status == VehicleStatus::Available
        && (fuels.is_empty() || fuels.contains(&vehicle.fuel))
        && figures::fits(sentence, vehicle)
        && sentence.tokens.iter().all(|token| match &token.kind {
            Kind::Amount(amount) => within(amount, token.first),
            _ => true,
        })
}

/// Whether a number of vehicles (`we have 12 cars`) is not more than there are.
fn counted(sentence: &Sentence, cue: &Found<Cue>, facts: &Facts) -> bool {
    let there = facts.vehicles().iter().filter(|vehicle| fits(sentence, vehicle)).count();
    sentence.tokens.iter().all(|token| match token.kind {
        Kind::Number(number)
            if sentence.clause(token.first) == sentence.clause(cue.first)
                && !figures::is_seats(sentence, token) =>
        {
            number.hundredths / 100 <= there as i64
        }
        _ => true,
    })
}

fn fuels(sentence: &Sentence) -> impl Iterator<Item = (usize, Fuel)> + '_ {
    sentence.cues.iter().filter_map(|cue| match cue.meaning {
        Cue::Fuel(fuel) => Some((cue.first, fuel)),
        _ => None,
    })
}

/// A fuel named with a vehicle must be its own.
fn fuel(sentence: &Sentence, facts: &Facts, thread: &Thread) -> Result<(), Reason> {
    for (at, fuel) in fuels(sentence) {
        let named = sentence.named.iter().rev().find(|named| named.first < at);
        let named = named.or(sentence.named.first()).map(|named| named.vehicles.as_slice());
        let spoken_of = match &thread.subject {
            Some(Subject::Vehicles(vehicles)) if !sentence.has(|cue| cue == Cue::ManyVehicles) => {
                Some(vehicles.as_slice())
            }
            _ => None,
        };
        let Some(vehicles) = named.or(spoken_of).filter(|vehicles| !vehicles.is_empty()) else {
            continue;
        };
        let own = vehicles.iter().any(|index| facts.vehicles()[*index].fuel == fuel);
        if own == sentence.is_negated(at) {
            return Err(Reason::Stock);
        }
    }
    Ok(())
}

/// Whether `reserved` is said of a vehicle, and not of the customer's time.
pub(super) fn is_of_stock(sentence: &Sentence, facts: &Facts, thread: &Thread) -> bool {
    let for_customer = sentence.has(|cue| matches!(cue, Cue::ForYou | Cue::Slot | Cue::Books))
        || sentence.has_kind(|kind| matches!(kind, Kind::Day(_) | Kind::Clock(_)))
        || sentence.subjects.iter().any(|placed| matches!(placed.subject, Subject::Service(_)));
    if for_customer {
        return false;
    }
    // Without a name it is of the vehicle before, when that one is.
    let is_reserved = |index: &usize| facts.vehicles()[*index].status == VehicleStatus::Reserved;
    !sentence.named.is_empty()
        || matches!(&thread.subject, Some(Subject::Vehicles(all)) if all.iter().any(is_reserved))
}
