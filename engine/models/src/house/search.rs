//! What kind of vehicle a customer looks for, as the arguments of `search_inventory`.

use std::sync::OnceLock;

use forecourt_core::{
    knowledge::Knowledge,
    reading::{Kind, Lexeme, Token, phrases::Phrases},
    tools::request::SearchInventory,
};

use super::words::Cue;

/// What a phrase says of a number near it, or of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Under,
    Over,
    Around,
    Between,
    Seats(Option<u8>),
    Range,
    Body(&'static str),
}

#[rustfmt::skip]
const TABLE: &[(Word, &str)] = &[
    (Word::Under, "under|maks|maksimalt|maksimum|opptil|inntil|mindre enn|billigere enn|lavere enn|ikke mer enn|ikke over|høyst|below|less than|up to|at most|max|maximum|no more than|not more than|cheaper than|not over|budget of|budget is|my budget|moins de|jusqu'à|maximum|maxi|pas plus de|au plus|en dessous de|inférieur à|budget de|mon budget|budsjett*|budsjettet|اقل من|تحت|حتي|بحد اقصي|لا يتجاوز|لا تتجاوز|لا يزيد عن|لا تزيد عن|ارخص من|ميزانيتي|ميزانيه"),
    (Word::Over, "over|mer enn|minst|nyere enn|fra og med|fra|eller nyere|above|more than|at least|newer than|from|or newer|minimum|plus de|au moins|à partir de|plus récent que|depuis|dès|اكثر من|علي الاقل|احدث من|فوق|من سنه|ابتداء من|فما فوق|وما فوق|او احدث"),
    (Word::Around, "rundt|cirka|ca|omtrent|around|about|roughly|approximately|environ|autour de|vers|حوالي|تقريبا|بحدود|نحو"),
    (Word::Between, "mellom|between|entre|بين|ما بين"),
    (Word::Seats(None), "seter|seters|seteplasser|seats|seater|seat|places|sièges|مقاعد|مقعد|ركاب|راكب"),
    (Word::Seats(Some(7)), "sjuseter*|syvseter*|7 seter*|7seter*|seven seater|seven seats|sept places|سبعه مقاعد|سبعه ركاب|سبع مقاعد"),
    (Word::Seats(Some(5)), "femseter*|five seater|five seats|cinq places|خمسه مقاعد|خمس مقاعد"),
    (Word::Range, "rekkevidde*|range|autonomie|مدي"),
    (Word::Body("suv"), "suv|suver|suvs|crossover|4x4|terrengbil*|off roader|tout terrain|دفع رباعي|جيب"),
    (Word::Body("estate"), "stasjonsvogn*|estate|estates|station wagon|wagon|break|استيشن|ستيشن"),
    (Word::Body("hatchback"), "hatchback*|kombikupe|kombi|småbil*|liten bil|small car|city car|citadine|compacte|هاتشباك|سياره صغيره"),
    (Word::Body("sedan"), "sedan*|saloon|berline|سيدان"),
    (Word::Body("van"), "varebil*|kassebil*|van|vans|utilitaire|utilitaires|fourgon|فان|شاحنه صغيره|حافله صغيره"),
    (Word::Body("convertible"), "kabriolet*|cabriolet*|convertible*|décapotable|مكشوفه|كشف"),
    (Word::Body("pickup"), "pickup|pickups|pick up truck|بيك اب|بيكاب"),
    (Word::Body("coupe"), "coupé|coupe|kupé|كوبيه"),
    (Word::Body("mpv"), "flerbruksbil*|minibuss|familiebil*|people carrier|mpv|minivan|monospace|voiture familiale|سياره عائليه|عائليه"),
];

fn words() -> &'static Phrases<Word> {
    static WORDS: OnceLock<Phrases<Word>> = OnceLock::new();
    WORDS.get_or_init(|| Phrases::new(TABLE.iter().copied()))
}

/// A number below this is no price of a vehicle (in hundredths).
const PRICE: i64 = 100_000;
/// A distance below this is no mileage, and may be a range.
const MILEAGE: i64 = 2_000;

/// What is looked for; `None` when a text looks for nothing of the stock. `named` are vehicles of the stock
/// that the text names, by index.
pub(super) fn search(
    knowledge: &Knowledge,
    lexemes: &[Lexeme],
    tokens: &[Token],
    cues: &[Cue],
    named: &[usize],
) -> Option<SearchInventory> {
    let claimed = |at| tokens.iter().any(|t| t.kind == Kind::Claimed && t.first == at);
    let mut found = words().find(lexemes);
    found.retain(|one| !claimed(one.first));
    let mut wish = SearchInventory::default();
    let has = |word: Word| found.iter().any(|one| one.meaning == word);
    wish.fuel = cues.iter().find_map(|cue| match cue {
        Cue::Fuel(fuel) => Some(*fuel),
        _ => None,
    });
    wish.body = found.iter().find_map(|one| match one.meaning {
        Word::Body(body) => Some(body.to_owned()),
        _ => None,
    });
    wish.min_seats = found.iter().find_map(|one| match one.meaning {
        Word::Seats(seats) => seats.or_else(|| number_before(lexemes, one.first)),
        _ => None,
    });
    // The word that governs a number: the nearest before it, else one right behind.
    let governs = |token: &Token| {
        let before = found.iter().rev().filter(|one| {
            one.end <= token.first
                && token.first - one.end <= 3
                && matches!(one.meaning, Word::Under | Word::Over | Word::Around | Word::Between)
        });
        let after = found.iter().find(|one| {
            one.first >= token.end && one.first - token.end <= 1 && one.meaning == Word::Over
        });
        before.max_by_key(|one| one.end).or(after).map(|one| one.meaning)
    };
    let mut prices: Vec<(u64, Option<Word>)> = Vec::new();
    for token in tokens {
        match &token.kind {
            Kind::Amount(amount) => {
                prices.extend(whole(amount.minor).map(|price| (price, governs(token))));
            }
            Kind::Number(number) if number.digits == 4 && is_year(number.hundredths) => {
                let year = u16::try_from(number.hundredths / 100).ok();
                let said = governs(token);
                if named.is_empty() || matches!(said, Some(Word::Over)) {
                    wish.min_year = year.map(|year| match said {
                        Some(Word::Over) if newer_than(lexemes, token.first) => year + 1,
                        _ => year,
                    });
                }
            }
            Kind::Number(number)
                if number.hundredths >= PRICE * 10 || spelled_scale(lexemes, token) =>
            {
                prices.extend(whole(number.hundredths).map(|price| (price, governs(token))));
            }
            Kind::Distance(km) if has(Word::Range) && *km < MILEAGE => {
                wish.min_range_km = u16::try_from(*km).ok();
            }
            Kind::Distance(km) if *km >= MILEAGE => {
                wish.max_kilometres = u32::try_from(*km).ok();
            }
            _ => {}
        }
    }
    match prices.as_slice() {
        [] => {}
        [(price, Some(Word::Over))] => wish.min_price = Some(*price),
        [(price, Some(Word::Around))] => {
            wish.min_price = Some(price - price / 10);
            wish.max_price = Some(price + price / 10);
        }
        [(price, _)] => wish.max_price = Some(*price),
        [first, second, ..] => {
            wish.min_price = Some(first.0.min(second.0));
            wish.max_price = Some(first.0.max(second.0));
        }
    }
    let is_search = wish != SearchInventory::default();
    if let Some(vehicle) = named.first().and_then(|index| knowledge.vehicles.get(*index)) {
        wish.make = Some(vehicle.make.clone());
        let same = |index: &usize| {
            knowledge.vehicles.get(*index).is_some_and(|other| other.model == vehicle.model)
        };
        wish.model = named.iter().all(same).then(|| vehicle.model.clone());
    }
    is_search.then_some(wish)
}

fn whole(minor: i64) -> Option<u64> {
    u64::try_from(minor / 100).ok().filter(|price| *price >= 1_000)
}

fn is_year(hundredths: i64) -> bool {
    hundredths % 100 == 0 && (1990..=2035).contains(&(hundredths / 100))
}

/// `newer than 2019` begins with 2020.
fn newer_than(lexemes: &[Lexeme], at: usize) -> bool {
    let before = at.saturating_sub(2)..at;
    lexemes[before].iter().any(|l| matches!(l.word(), Some("enn" | "than" | "que" | "احدث")))
}

/// `350 tusen`, `30k`: read as a large number already, or small with its scale right behind.
fn spelled_scale(lexemes: &[Lexeme], token: &Token) -> bool {
    lexemes[token.first..token.end]
        .iter()
        .any(|l| matches!(l.word(), Some("k" | "tusen" | "thousand" | "mille" | "الف" | "الاف")))
}

fn number_before(lexemes: &[Lexeme], at: usize) -> Option<u8> {
    let before = at.saturating_sub(2)..at;
    let spelled = |word: &str| match word {
        "fem" | "five" | "cinq" | "خمسه" => Some(5),
        "seks" | "six" | "سته" => Some(6),
        "sju" | "syv" | "seven" | "sept" | "سبعه" => Some(7),
        "atte" | "eight" | "huit" | "ثمانيه" => Some(8),
        "ni" | "nine" | "neuf" | "تسعه" => Some(9),
        _ => None,
    };
    lexemes[before].iter().rev().find_map(|lexeme| {
        let digits = lexeme.small().and_then(|n| u8::try_from(n).ok());
        digits.filter(|n| (2..=9).contains(n)).or_else(|| lexeme.word().and_then(spelled))
    })
}
