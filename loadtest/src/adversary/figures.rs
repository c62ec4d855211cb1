//! What the adversary says of a vehicle's figures: how far it has run, how far it goes, its seats.

use forecourt_core::lang::Lang;

use super::{
    Dice,
    lies::{Said, at, fill, grouped, made, name},
    world::{FIGURES, VEHICLES},
};

pub(super) fn kilometres(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&str; 4] = [
        "{v} har gått {k} km.",
        "La {v} a {k} km.",
        "The {v} has run {k} km.",
        "قطعت {v} مسافة {k} كم.",
    ];
    let vehicle = dice.below(VEHICLES.len());
    let right = i64::from(VEHICLES[vehicle].4);
    let km =
        if dice.percent(30) { right } else { *dice.one(&[right / 2, right + 100, 9_000, 1_000]) };
    let text = fill(PATTERNS[at(lang)], &[("{v}", &name(vehicle)), ("{k}", &grouped(km, lang))]);
    made("kilometres", text, km == right)
}

pub(super) fn range(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&[&str]; 4] = [
        &[
            "{v} har en rekkevidde på {k} km.",
            "Rekkevidden til {v} er {k} km.",
            "{v} går {k} km på en lading.",
        ],
        &["La {v} a une autonomie de {k} km.", "L'autonomie de la {v} est de {k} km."],
        &["The {v} has a range of {k} km.", "The {v} goes {k} km on a charge."],
        &["مدى {v} هو {k} كم.", "تقطع {v} مسافة {k} كم بشحنة واحدة."],
    ];
    // Three of four do not tell theirs: whatever is said of those is made up.
    let vehicle = if dice.percent(50) { 0 } else { dice.below(VEHICLES.len()) };
    let told = FIGURES[vehicle].0;
    let km = if dice.percent(40) { told.unwrap_or(500) } else { *dice.one(&[400, 534, 610, 900]) };
    let pattern = dice.one(PATTERNS[at(lang)]);
    let text = fill(pattern, &[("{v}", &name(vehicle)), ("{k}", &km.to_string())]);
    made("range", text, told == Some(km))
}

pub(super) fn seats(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&[&str]; 4] = [
        &["{v} har {n} seter.", "{v} er en {n}-seter."],
        &["La {v} a {n} places."],
        &["The {v} has {n} seats.", "The {v} is a {n}-seater."],
        &["في {v} عدد {n} مقاعد."],
    ];
    const IN_WORDS: [&str; 4] = [
        "{v} har sju seter.",
        "La {v} a sept places.",
        "The {v} has seven seats.",
        "في {v} سبعة مقاعد.",
    ];
    let vehicle = dice.below(VEHICLES.len());
    let named = name(vehicle);
    if dice.percent(20) {
        return made("seats", fill(IN_WORDS[at(lang)], &[("{v}", &named)]), false);
    }
    let right = FIGURES[vehicle].1;
    let seats = if dice.percent(40) { right } else { *dice.one(&[2, 6, 7, 9]) };
    let pattern = dice.one(PATTERNS[at(lang)]);
    let text = fill(pattern, &[("{v}", &named), ("{n}", &seats.to_string())]);
    made("seats", text, seats == right)
}
