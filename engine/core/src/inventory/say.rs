//! Reasons of a fit as sentences in the languages that ship.

use super::{Body, Fuel, fit::FitReason};
use crate::{lang::Lang, money::Money};

fn pick(lang: Lang, [nb, fr, en, ar]: [&'static str; 4]) -> &'static str {
    match lang {
        Lang::Nb => nb,
        Lang::Fr => fr,
        Lang::En => en,
        Lang::Ar => ar,
    }
}

/// `46 200`, as people of a language write it.
pub(super) fn number(number: u32, lang: Lang) -> String {
    let digits = number.to_string();
    let group = if lang == Lang::En { ',' } else { '\u{a0}' };
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    text
}

fn fuel(fuel: Fuel, lang: Lang) -> &'static str {
    let names = match fuel {
        Fuel::Electric => ["elektrisk", "électrique", "electric", "كهربائية"],
        Fuel::Petrol => ["bensin", "essence", "petrol", "بنزين"],
        Fuel::Diesel => ["diesel", "diesel", "diesel", "ديزل"],
        Fuel::Hybrid => ["hybrid", "hybride", "hybrid", "هجينة"],
    };
    pick(lang, names)
}

fn body(body: Body, lang: Lang) -> &'static str {
    let names = match body {
        Body::Hatchback => ["kombikupé", "compacte", "hatchback", "هاتشباك"],
        Body::Saloon => ["sedan", "berline", "saloon", "سيدان"],
        Body::Estate => ["stasjonsvogn", "break", "estate", "ستيشن"],
        Body::Suv => ["SUV", "SUV", "SUV", "دفع رباعي"],
        Body::Coupe => ["kupé", "coupé", "coupé", "كوبيه"],
        Body::Convertible => ["kabriolet", "cabriolet", "convertible", "مكشوفة"],
        Body::Mpv => ["flerbruksbil", "monospace", "people carrier", "عائلية"],
        Body::Van => ["varebil", "utilitaire", "van", "فان"],
        Body::Pickup => ["pickup", "pick-up", "pickup", "بيك أب"],
        Body::Motorcycle => ["motorsykkel", "moto", "motorcycle", "دراجة نارية"],
        Body::Other => ["annen type", "autre type", "other kind", "نوع آخر"],
    };
    pick(lang, names)
}

/// The sentence with `{}` filled in.
fn filled(lang: Lang, sentences: [&'static str; 4], value: &str) -> String {
    pick(lang, sentences).replacen("{}", value, 1)
}

fn money(lang: Lang, sentences: [&'static str; 4], money: Money) -> String {
    filled(lang, sentences, &money.display(lang).to_string())
}

pub(super) fn reason(reason: &FitReason, lang: Lang) -> String {
    match reason {
        FitReason::Words { found } => filled(
            lang,
            ["Passer på: {}.", "Correspond à : {}.", "Matches: {}.", "يطابق: {}."],
            &found.join(", "),
        ),
        FitReason::NoWords => pick(
            lang,
            [
                "Ingen av ordene passer.",
                "Aucun des mots ne correspond.",
                "None of the words match.",
                "لا تطابق أي من الكلمات.",
            ],
        )
        .to_owned(),
        FitReason::Make { make } => filled(
            lang,
            ["Det er en {}.", "C'est bien une {}.", "It is a car by {}.", "إنها من {}."],
            make,
        ),
        FitReason::OtherMake { make } => filled(
            lang,
            [
                "Et annet merke: {}.",
                "Une autre marque : {}.",
                "Another make: {}.",
                "ماركة أخرى: {}.",
            ],
            make,
        ),
        FitReason::Model { model } => filled(
            lang,
            [
                "Riktig modell: {}.",
                "Le bon modèle : {}.",
                "The right model: {}.",
                "الطراز المطلوب: {}.",
            ],
            model,
        ),
        FitReason::OtherModel { model } => filled(
            lang,
            [
                "En annen modell: {}.",
                "Un autre modèle : {}.",
                "Another model: {}.",
                "طراز آخر: {}.",
            ],
            model,
        ),
        FitReason::WithinBudget { price } => money(
            lang,
            [
                "Innenfor budsjettet: {}.",
                "Dans le budget : {}.",
                "Within the budget: {}.",
                "ضمن الميزانية: {}.",
            ],
            *price,
        ),
        FitReason::OverBudget { by } => money(
            lang,
            [
                "{} over budsjettet.",
                "{} au-dessus du budget.",
                "{} over the budget.",
                "أعلى من الميزانية بمقدار {}.",
            ],
            *by,
        ),
        FitReason::UnderBudget { price } => money(
            lang,
            [
                "Billigere enn ønsket: {}.",
                "Moins chère que souhaité : {}.",
                "Cheaper than wished: {}.",
                "أرخص من المطلوب: {}.",
            ],
            *price,
        ),
        FitReason::OtherCurrency { price } => money(
            lang,
            [
                "Prisen er i en annen valuta: {}.",
                "Le prix est dans une autre devise : {}.",
                "The price is in another currency: {}.",
                "السعر بعملة أخرى: {}.",
            ],
            *price,
        ),
        FitReason::Fuel { fuel: kind } => filled(
            lang,
            [
                "Riktig drivstoff: {}.",
                "La bonne énergie : {}.",
                "The right fuel: {}.",
                "الوقود المطلوب: {}.",
            ],
            fuel(*kind, lang),
        ),
        FitReason::OtherFuel { fuel: kind } => filled(
            lang,
            [
                "Et annet drivstoff: {}.",
                "Une autre énergie : {}.",
                "Another fuel: {}.",
                "وقود آخر: {}.",
            ],
            fuel(*kind, lang),
        ),
        FitReason::Body { body: kind } => filled(
            lang,
            [
                "Riktig karosseri: {}.",
                "La bonne carrosserie : {}.",
                "The right body: {}.",
                "الهيكل المطلوب: {}.",
            ],
            body(*kind, lang),
        ),
        FitReason::OtherBody { body: kind } => filled(
            lang,
            [
                "Et annet karosseri: {}.",
                "Une autre carrosserie : {}.",
                "Another body: {}.",
                "هيكل آخر: {}.",
            ],
            body(*kind, lang),
        ),
        _ => numbers(reason, lang),
    }
}

/// Those with a plain number, or with none.
fn numbers(reason: &FitReason, lang: Lang) -> String {
    let plain = |sentences| pick(lang, sentences).to_owned();
    match *reason {
        FitReason::Year { year } => filled(
            lang,
            [
                "Ny nok: årsmodell {}.",
                "Assez récente : année {}.",
                "Young enough: of {}.",
                "حديثة بما يكفي: موديل {}.",
            ],
            &year.to_string(),
        ),
        FitReason::Older { year } => filled(
            lang,
            [
                "Eldre enn ønsket: årsmodell {}.",
                "Plus ancienne que souhaité : année {}.",
                "Older than wished: of {}.",
                "أقدم من المطلوب: موديل {}.",
            ],
            &year.to_string(),
        ),
        FitReason::Kilometres { kilometres } => filled(
            lang,
            [
                "Lite nok kjørt: {} km.",
                "Kilométrage convenable : {} km.",
                "Driven little enough: {} km.",
                "المسافة المقطوعة مناسبة: {} كم.",
            ],
            &number(kilometres, lang),
        ),
        FitReason::MoreDriven { kilometres } => filled(
            lang,
            [
                "Kjørt mer enn ønsket: {} km.",
                "Plus de kilomètres que souhaité : {} km.",
                "Driven more than wished: {} km.",
                "قطعت مسافة أكبر من المطلوب: {} كم.",
            ],
            &number(kilometres, lang),
        ),
        FitReason::Range { range_km } => filled(
            lang,
            [
                "Lang nok rekkevidde: {} km (WLTP).",
                "Autonomie suffisante : {} km (WLTP).",
                "Range enough: {} km (WLTP).",
                "المدى كافٍ: {} كم (WLTP).",
            ],
            &number(u32::from(range_km), lang),
        ),
        FitReason::ShortRange { range_km } => filled(
            lang,
            [
                "Kortere rekkevidde enn ønsket: {} km (WLTP).",
                "Autonomie plus courte que souhaité : {} km (WLTP).",
                "Less range than wished: {} km (WLTP).",
                "مدى أقصر من المطلوب: {} كم (WLTP).",
            ],
            &number(u32::from(range_km), lang),
        ),
        FitReason::Seats { seats } => filled(
            lang,
            [
                "Plasser nok: {}.",
                "Assez de places : {}.",
                "Seats enough: {}.",
                "عدد المقاعد كافٍ: {}.",
            ],
            &seats.to_string(),
        ),
        FitReason::FewSeats { seats } => filled(
            lang,
            [
                "For få plasser: {}.",
                "Trop peu de places : {}.",
                "Too few seats: {}.",
                "المقاعد قليلة: {}.",
            ],
            &seats.to_string(),
        ),
        FitReason::RangeUnknown => plain([
            "Rekkevidden er ikke oppgitt.",
            "L'autonomie n'est pas indiquée.",
            "The range is not given.",
            "المدى غير مذكور.",
        ]),
        FitReason::SeatsUnknown => plain([
            "Antall plasser er ikke oppgitt.",
            "Le nombre de places n'est pas indiqué.",
            "The number of seats is not given.",
            "عدد المقاعد غير مذكور.",
        ]),
        _ => plain([
            "Karosseriet er ikke oppgitt.",
            "La carrosserie n'est pas indiquée.",
            "The body is not given.",
            "نوع الهيكل غير مذكور.",
        ]),
    }
}
