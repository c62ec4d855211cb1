//! What a customer's text asks for.

use std::collections::BTreeSet;

use forecourt_core::{
    knowledge::{Fuel, Knowledge},
    reading::{Kind, lex, memo::Memo, names::VehicleNames, phrases::Phrases, read},
    utterance::{Window, hear},
};
use forecourt_ports::model::Ask;
use jiff::civil::Date;

use super::words::{Cue, cues};

/// The words for a tenant's services, and for its questions.
static SERVICES: Memo<Phrases<usize>> = Memo::new();
static FAQS: Memo<Phrases<usize>> = Memo::new();
/// Texts are read this far; nobody asks a question longer than that.
const READ_CHARS: usize = 2_000;

/// Days that are looked at.
const MAX_DAYS: usize = 7;

/// What a text asks for; everything may be asked at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each may be asked together with any other")]
pub(super) struct Wish {
    pub(super) thanks: bool,
    pub(super) hours: bool,
    /// Index of the service whose free times are asked for.
    pub(super) slots_of: Option<usize>,
    /// Index of the service whose price is asked for.
    pub(super) price_of: Option<usize>,
    /// Days named, nearest first.
    pub(super) days: Vec<Date>,
    /// Times of day named; empty when any will do.
    pub(super) times: Vec<Window>,
    /// Indices of the vehicles named.
    pub(super) vehicles: Vec<usize>,
    /// A vehicle was named that is not in stock.
    pub(super) unknown_vehicle: bool,
    /// Vehicles are asked for by what they cost or burn.
    pub(super) search: Option<Search>,
    /// Index of the question that fits best.
    pub(super) faq: Option<usize>,
    pub(super) contact: bool,
    pub(super) person: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// Highest price, in minor units of the stock's currency.
    pub(super) ceiling: Option<i64>,
    pub(super) fuel: Option<Fuel>,
}

pub(super) fn understand(ask: &Ask, text: &str) -> Wish {
    let knowledge = &ask.grounding.knowledge;
    let text: String = text.chars().take(READ_CHARS).collect();
    let lexemes = lex(&text);
    let names = VehicleNames::of(knowledge);
    let named = names.find(&lexemes);
    let tokens = read(&lexemes, |at| named.iter().any(|name| (name.first..name.end).contains(&at)));
    let zone = ask.grounding.settings.time_zone();
    let today = ask.grounding.now.to_zoned(zone).date();

    let found: Vec<Cue> = cues().find(&lexemes).into_iter().map(|found| found.meaning).collect();
    let has = |cue: Cue| found.contains(&cue);
    let fuel =
        found.iter().find_map(|cue| if let Cue::Fuel(fuel) = cue { Some(*fuel) } else { None });

    let mut wish = Wish { thanks: has(Cue::Thanks), ..Wish::default() };
    let heard = hear(&text, today);
    for choice in &heard.choices {
        // Of a whole week the days that are open are looked for, two of a day that may be meant.
        wish.days.extend(choice.days.iter().copied());
        wish.times.extend(&choice.times);
    }
    wish.days.sort_unstable();
    wish.days.dedup();
    wish.days.truncate(MAX_DAYS);

    let mut seen = BTreeSet::new();
    for name in &named {
        wish.unknown_vehicle |= name.vehicles.is_empty();
        wish.vehicles.extend(name.vehicles.iter().copied().filter(|vehicle| seen.insert(*vehicle)));
    }
    if wish.vehicles.is_empty()
        && let Some(interest) = &ask.vehicle_interest
    {
        let interest = lex(interest);
        wish.vehicles = names.find(&interest).into_iter().flat_map(|name| name.vehicles).collect();
    }

    let ceiling = tokens.iter().find_map(|token| match token.kind {
        Kind::Amount(amount) => Some(amount.minor),
        // "under 400 000", without a currency: too large for a clock or a distance.
        Kind::Number(number) if number.hundredths >= 1_000_000 => Some(number.hundredths),
        _ => None,
    });
    if wish.vehicles.is_empty() && !wish.unknown_vehicle && (ceiling.is_some() || fuel.is_some()) {
        wish.search = Some(Search { ceiling, fuel });
    } else if wish.vehicles.is_empty()
        && !wish.unknown_vehicle
        && has(Cue::Stock)
        && !has(Cue::Slot)
    {
        wish.search = Some(Search::default());
    }

    let services = SERVICES.of(knowledge, service_phrases);
    let service = best(services.find(&lexemes).into_iter().map(|f| f.meaning));
    wish.hours = has(Cue::Hours);
    let asks_time = has(Cue::Slot) || (!wish.days.is_empty() && service.is_some());
    if asks_time && !knowledge.services.is_empty() && !(wish.hours && service.is_none()) {
        wish.slots_of = Some(service.unwrap_or(0));
    }
    if has(Cue::Price) && wish.vehicles.is_empty() && !wish.unknown_vehicle {
        wish.price_of = service;
    }
    wish.contact = has(Cue::Contact);
    wish.person = has(Cue::Person);
    let answered = wish.slots_of.is_some() || !wish.vehicles.is_empty() || wish.price_of.is_some();
    let faqs = FAQS.of(knowledge, faq_phrases);
    wish.faq = best(faqs.find(&lexemes).into_iter().map(|f| f.meaning))
        .filter(|_| !answered || !wish.hours);
    // "Have you …" is a search of the stock only when nothing else was asked for.
    let asked = answered || wish.hours || wish.contact || wish.person || wish.faq.is_some();
    if asked && wish.search == Some(Search::default()) {
        wish.search = None;
    }
    wish
}

/// The index that was found most often; of several, the first.
fn best(found: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for index in found {
        *counts.entry(index).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(index, _)| index)
}

fn service_phrases(knowledge: &Knowledge) -> Phrases<usize> {
    let phrases: Vec<(usize, String)> = knowledge
        .services
        .iter()
        .enumerate()
        .map(|(index, service)| {
            let names = service.name.0.values().cloned();
            (index, names.chain(service.keywords.iter().cloned()).collect::<Vec<_>>().join("|"))
        })
        .collect();
    Phrases::new(phrases.iter().map(|(index, phrases)| (*index, phrases.as_str())))
}

fn faq_phrases(knowledge: &Knowledge) -> Phrases<usize> {
    let phrases: Vec<(usize, String)> = knowledge
        .faqs
        .iter()
        .enumerate()
        .map(|(index, faq)| (index, faq.keywords.join("|")))
        .collect();
    Phrases::new(phrases.iter().map(|(index, phrases)| (*index, phrases.as_str())))
}
