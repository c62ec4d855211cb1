//! Prices, percentages and every other number: each must stand in the grounding. A vehicle's own figures are
//! judged in [`figures`].

use super::{
    Reason,
    deals::Claims,
    facts::{Facts, is_price},
    figures,
    sentence::{Sentence, Subject},
    times::{Context, Thread},
    words::Cue,
};
use crate::{
    money::Money,
    reading::{Amount, Kind, Number, Token},
};

pub(super) fn check(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    claims: &Claims<'_>,
) -> Result<(), Reason> {
    for token in &sentence.tokens {
        match &token.kind {
            Kind::Amount(amount) => price(sentence, facts, thread, claims, token, *amount)?,
            Kind::SpelledAmount => return Err(Reason::Price),
            Kind::Percent(_) if !facts.says(sentence, &token.kind) => return Err(Reason::Percent),
            Kind::Distance(km) => figures::distance(sentence, facts, thread, token, *km)?,
            Kind::Phone(digits) if !facts.knows_phone(digits) => return Err(Reason::Contact),
            Kind::Number(value) => number(sentence, facts, thread, token, *value)?,
            Kind::Odd => return Err(Reason::Number),
            _ => {}
        }
    }
    if sentence.has(|cue| cue == Cue::Spelled) {
        return Err(Reason::Price);
    }
    figures::spelled(sentence, facts, thread)?;
    gratis(sentence, facts, thread)
}

/// An amount must be the price of what it stands with; `under` and `over` must be true.
fn price(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    claims: &Claims<'_>,
    token: &Token,
    amount: Amount,
) -> Result<(), Reason> {
    // A row's price stands, whatever a page says of it.
    let has_row = sentence.subjects.iter().any(|placed| match placed.subject {
        Subject::Service(index) => {
            facts.grounding.knowledge.services.get(index).is_some_and(|one| one.price.is_some())
        }
        Subject::Vehicles(_) => false,
    });
    let said = || {
        let kind = Kind::Amount(amount);
        facts.said().kinds.contains(&kind) || !has_row && facts.says(sentence, &kind)
    };
    let each = sentence.cues.iter().any(|cue| {
        cue.meaning == Cue::Each && cue.first >= token.end && cue.first <= token.end + 2
    });
    if each {
        // "3 990 kr a month" is no price of a vehicle, whatever the vehicle costs.
        return if said() { Ok(()) } else { Err(Reason::Price) };
    }
    let under = sentence.stands_before(token.first, Cue::Under);
    let over = sentence.stands_before(token.first, Cue::Over);
    let holds = |price: Money| match (under, over) {
        (true, _) => amount.currency == Some(price.currency) && price.minor <= amount.minor,
        (_, true) => amount.currency == Some(price.currency) && price.minor >= amount.minor,
        _ => is_price(amount, price),
    };
    // "No cars under 100 000" is of the stock, which sees to it.
    let negated = (under || over) && sentence.is_negated(token.first);
    let subject = sentence.subject_of(token.first).or(thread.subject.as_ref());
    let vehicle = |index: usize| facts.vehicles().get(index).map(|vehicle| vehicle.price);
    let service = |index: usize| {
        facts.grounding.knowledge.services.get(index).and_then(|service| service.price)
    };
    let of_named_service = || {
        sentence.subjects.iter().any(|placed| match placed.subject {
            Subject::Service(index) => service(index).is_some_and(holds),
            Subject::Vehicles(_) => false,
        })
    };
    // What is booked costs what its receipt says, whatever the service costs by now.
    let booked: Vec<Money> = claims
        .at(sentence, token.first)
        .into_iter()
        .flatten()
        .filter_map(|one| one.price)
        .collect();
    if !booked.is_empty() && !matches!(subject, Some(Subject::Vehicles(_))) {
        return if booked.into_iter().any(holds) { Ok(()) } else { Err(Reason::Price) };
    }
    let is_true = match subject {
        Some(Subject::Vehicles(vehicles)) => {
            vehicles.iter().filter_map(|index| vehicle(*index)).any(holds) || of_named_service()
        }
        Some(Subject::Service(_)) => {
            of_named_service() || carried_service(thread, service, holds) || said()
        }
        None => {
            let services = facts.grounding.knowledge.services.iter().filter_map(|s| s.price);
            let vehicles = facts.vehicles().iter().map(|vehicle| vehicle.price);
            services.chain(vehicles).any(holds) || said()
        }
    };
    if is_true || negated { Ok(()) } else { Err(Reason::Price) }
}

fn carried_service(
    thread: &Thread,
    service: impl Fn(usize) -> Option<Money>,
    holds: impl Fn(Money) -> bool,
) -> bool {
    match thread.subject {
        Some(Subject::Service(index)) => service(index).is_some_and(holds),
        _ => false,
    }
}

/// A number on its own: small ones count things; large ones, and prices without a currency, are checked.
fn number(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    token: &Token,
    value: Number,
) -> Result<(), Reason> {
    if let Some(judged) = figures::number(sentence, facts, thread, token, value) {
        return judged;
    }
    let whole = value.hundredths / 100;
    let is_unit =
        sentence.cues.iter().any(|cue| matches!(cue.meaning, Cue::Unit) && cue.first == token.end);
    let is_price = sentence.has(|cue| cue == Cue::Price) && whole >= 10;
    if !is_unit && !is_price && whole < 1_000 && value.digits < 4 {
        return Ok(());
    }
    if facts.says(sentence, &token.kind) || facts.knows_digits(value) {
        return Ok(());
    }
    if is_unit {
        let own = figures::is_own_unit(sentence, facts, thread, token, whole);
        return if own { Ok(()) } else { Err(Reason::Fact) };
    }
    let is_year = value.digits == 4 && (1950..2100).contains(&whole);
    let this_year = i64::from(facts.today.year());
    let known_year = (this_year - 1..=this_year + 2).contains(&whole)
        || facts.vehicles().iter().any(|vehicle| i64::from(vehicle.year) == whole);
    let subject = sentence.subject_of(token.first).or(thread.subject.as_ref());
    let is_known = |price: Money, kilometres: Option<u32>| {
        price.minor == value.hundredths || kilometres.is_some_and(|km| i64::from(km) == whole)
    };
    let known = match subject {
        Some(Subject::Vehicles(vehicles)) => vehicles.iter().any(|index| {
            let vehicle = &facts.vehicles()[*index];
            is_known(vehicle.price, Some(vehicle.kilometres))
        }),
        Some(Subject::Service(index)) => {
            let price = facts.grounding.knowledge.services.get(*index).and_then(|s| s.price);
            price.is_some_and(|price| is_known(price, None))
        }
        None => facts.vehicles().iter().any(|v| is_known(v.price, Some(v.kilometres))),
    };
    let in_address = facts.grounding.settings.brand.address.as_deref().is_some_and(|address| {
        let digits = whole.to_string();
        address
            .split(|c: char| !c.is_ascii_digit())
            .any(|part| part.trim_start_matches('0') == digits)
    });
    if known || is_year && known_year || in_address {
        return Ok(());
    }
    Err(if is_price { Reason::Price } else { Reason::Number })
}

/// `free of charge` is the price zero.
fn gratis(sentence: &Sentence, facts: &Facts, thread: &Thread) -> Result<(), Reason> {
    // "Ten o'clock is free" is of a time.
    let of_times = thread.context == Some(Context::Slot)
        || sentence.has_kind(|kind| matches!(kind, Kind::Day(_) | Kind::Clock(_)));
    let said = sentence.cues.iter().filter(|cue| match cue.meaning {
        Cue::Gratis => true,
        Cue::Free => !of_times,
        _ => false,
    });
    for cue in said {
        let subject = sentence.subject_of(cue.first).or(thread.subject.as_ref());
        let negated = sentence.takes_back(cue);
        let holds = match subject {
            Some(Subject::Service(index)) => {
                let price = facts.grounding.knowledge.services.get(*index).and_then(|s| s.price);
                price.is_some_and(|price| price.minor == 0) != negated
            }
            _ => negated,
        };
        if !holds {
            return Err(Reason::Price);
        }
    }
    Ok(())
}
