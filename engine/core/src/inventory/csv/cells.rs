//! What a cell says: numbers as people of several countries write them, words in their languages.

use jiff::civil::Date;

use super::super::{Body, Drive, Fuel, Transmission, VehicleStatus, folded};
use crate::money::Currency;

/// A whole number, with groups and a unit: `46 200 km`, `46.200`, `46,200`.
pub(super) fn whole(cell: &str) -> Option<i64> {
    let (whole, hundredths) = decimal(cell)?;
    (hundredths == 0).then_some(whole)
}

/// An amount in minor units, and the currency where the cell names one: `kr 399 000,-`, `24 900,50 €`.
pub(super) fn amount(cell: &str) -> Option<(i64, Option<Currency>)> {
    let upper = cell.to_uppercase();
    let currency = if upper.contains('€') {
        Some(Currency::Eur)
    } else if upper.contains("US$") || upper.contains('$') {
        Some(Currency::Usd)
    } else if upper.contains("KR") {
        Some(Currency::Nok)
    } else {
        [Currency::Nok, Currency::Eur, Currency::Usd]
            .into_iter()
            .find(|currency| upper.contains(currency.code()))
    };
    let (whole, hundredths) = decimal(cell)?;
    Some((whole.checked_mul(100)?.checked_add(hundredths)?, currency))
}

/// A number of at most two decimals, as the whole and hundredths.
///
/// What stands last of point and comma parts the decimals, unless it parts groups of three: `1.234`
/// is one thousand in all countries that write prices so, and nobody sells a car for 1.23 of anything.
fn decimal(cell: &str) -> Option<(i64, i64)> {
    let text = cell.trim().trim_end_matches(",-").trim_end_matches(",–").trim_end_matches(".-");
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let unit = |c: char| c.is_alphabetic() || c.is_whitespace() || "€$.,²/".contains(c);
    if !text[..start].chars().all(unit) || !text[end..].chars().all(unit) {
        return None;
    }
    let number = &text[start..end];
    let groups = |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '\u{202f}');
    let plain: String = number.chars().filter(|c| !groups(*c)).collect();
    if !plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let last = plain.rfind(['.', ',']);
    let (whole, decimals) = match last {
        None => (plain.as_str(), ""),
        Some(at) => {
            let (whole, decimals) = (&plain[..at], &plain[at + 1..]);
            let sign = &plain[at..=at];
            let alone = !whole.contains(['.', ',']);
            if decimals.len() == 3 && (alone || whole.contains(sign)) {
                (plain.as_str(), "")
            } else if whole.contains(sign) || decimals.len() > 2 {
                return None; // neither groups of three nor decimals
            } else {
                (whole, decimals)
            }
        }
    };
    let parts: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped = parts.len() > 1;
    if grouped && (parts[0].len() > 3 || parts[1..].iter().any(|part| part.len() != 3)) {
        return None;
    }
    let digits = parts.concat();
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let hundredths = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<i64>().ok()? * 10,
        _ => decimals.parse().ok()?,
    };
    Some((digits.parse().ok()?, hundredths))
}

/// `2022-05-31`, `31.05.2022`, `31/05/2022`, `31-5-2022`, with or without a time behind.
pub(super) fn date(cell: &str) -> Option<Date> {
    let day = cell.trim().split([' ', 'T']).next()?;
    let parts: Vec<&str> = day.split(['-', '.', '/']).collect();
    let [a, b, c] = parts[..] else { return None };
    let number = |text: &str| text.parse::<i16>().ok().filter(|_| text.len() <= 4);
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    if year.len() != 4 {
        return None;
    }
    let small = |text: &str| number(text).and_then(|n| i8::try_from(n).ok());
    Date::new(number(year)?, small(month)?, small(day)?).ok()
}

/// Pieces of a list: by line breaks or bars, else by semicolons, else by commas.
pub(super) fn pieces(cell: &str) -> Vec<String> {
    let by: &[char] = if cell.contains(['|', '\n']) {
        &['|', '\n']
    } else if cell.contains(';') {
        &[';']
    } else {
        &[',']
    };
    cell.split(by).map(str::trim).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// Finds the word of a cell in a table of names.
fn word<T: Copy>(cell: &str, names: &[(T, &[&str])]) -> Option<T> {
    let key =
        |text: &str| -> String { folded(text).chars().filter(|c| c.is_alphanumeric()).collect() };
    let wanted = key(cell);
    let known = |known: &[&str]| known.iter().any(|name| key(name) == wanted);
    names.iter().find(|(_, names)| known(names)).map(|(value, _)| *value)
}

pub(super) fn fuel(cell: &str) -> Option<Fuel> {
    const NAMES: &[(Fuel, &[&str])] = &[
        (
            Fuel::Electric,
            &[
                "electric",
                "ev",
                "bev",
                "el",
                "elektrisk",
                "elektrisitet",
                "elbil",
                "électrique",
                "electricité",
                "e",
                "كهربائية",
                "كهربائي",
            ],
        ),
        (
            Fuel::Hybrid,
            &[
                "hybrid",
                "hev",
                "phev",
                "plug-in hybrid",
                "ladbar hybrid",
                "hybrid bensin",
                "hybrid diesel",
                "bensin + el",
                "diesel + el",
                "el + bensin",
                "el + diesel",
                "hybride",
                "hybride rechargeable",
                "essence hybride",
                "eh",
                "gh",
                "ee",
                "gl",
                "هجينة",
                "هجين",
            ],
        ),
        (Fuel::Diesel, &["diesel", "gazole", "go", "d", "ديزل"]),
        (
            Fuel::Petrol,
            &["petrol", "gasoline", "gas", "bensin", "essence", "sp95", "sp98", "es", "p", "بنزين"],
        ),
    ];
    word(cell, NAMES)
}

pub(super) fn status(cell: &str) -> Option<VehicleStatus> {
    const NAMES: &[(VehicleStatus, &[&str])] = &[
        (
            VehicleStatus::Available,
            &[
                "available",
                "in stock",
                "for sale",
                "ledig",
                "til salgs",
                "på lager",
                "tilgjengelig",
                "disponible",
                "en stock",
                "à vendre",
                "متاحة",
                "متوفرة",
            ],
        ),
        (
            VehicleStatus::Reserved,
            &["reserved", "on hold", "reservert", "réservé", "réservée", "محجوزة"],
        ),
        (VehicleStatus::Sold, &["sold", "solgt", "vendu", "vendue", "مباعة"]),
        (
            VehicleStatus::InService,
            &[
                "in_service",
                "in service",
                "workshop",
                "på verksted",
                "verksted",
                "under klargjøring",
                "en atelier",
                "atelier",
                "en préparation",
                "في الصيانة",
            ],
        ),
    ];
    word(cell, NAMES)
}

pub(super) fn body(cell: &str) -> Option<Body> {
    const NAMES: &[(Body, &[&str])] = &[
        (
            Body::Hatchback,
            &[
                "hatchback",
                "kombikupé",
                "kombi kupé",
                "kombi 5-dørs",
                "halvkombi",
                "compacte",
                "citadine",
                "berline compacte",
                "هاتشباك",
            ],
        ),
        (Body::Saloon, &["saloon", "sedan", "berline", "ci", "سيدان"]),
        (
            Body::Estate,
            &[
                "estate",
                "station wagon",
                "wagon",
                "touring",
                "stasjonsvogn",
                "kombi",
                "break",
                "ستيشن",
            ],
        ),
        (
            Body::Suv,
            &[
                "suv",
                "suv/offroad",
                "offroad",
                "off-road",
                "crossover",
                "suv / 4x4",
                "4x4",
                "tout-terrain",
                "دفع رباعي",
            ],
        ),
        (Body::Coupe, &["coupe", "coupé", "kupé", "coupe 2-dørs", "كوبيه"]),
        (
            Body::Convertible,
            &["convertible", "cabriolet", "cabrio", "kabriolet", "roadster", "مكشوفة"],
        ),
        (
            Body::Mpv,
            &[
                "mpv",
                "people carrier",
                "minivan",
                "flerbruksbil",
                "familiebil",
                "monospace",
                "عائلية",
            ],
        ),
        (
            Body::Van,
            &["van", "varebil", "kassebil", "utilitaire", "fourgon", "fourgonnette", "ctte", "فان"],
        ),
        (Body::Pickup, &["pickup", "pick-up", "بيك أب"]),
        (
            Body::Motorcycle,
            &[
                "motorcycle",
                "motorbike",
                "motorsykkel",
                "mc",
                "moto",
                "motocyclette",
                "دراجة نارية",
            ],
        ),
        (Body::Other, &["other", "annet", "autre", "أخرى"]),
    ];
    word(cell, NAMES)
}

pub(super) fn transmission(cell: &str) -> Option<Transmission> {
    const NAMES: &[(Transmission, &[&str])] = &[
        (
            Transmission::Automatic,
            &[
                "automatic",
                "auto",
                "automat",
                "automatgir",
                "aut",
                "a",
                "dsg",
                "cvt",
                "automatique",
                "boîte automatique",
                "أوتوماتيك",
            ],
        ),
        (
            Transmission::Manual,
            &["manual", "manuell", "man", "m", "manuelle", "boîte manuelle", "mécanique", "يدوي"],
        ),
    ];
    word(cell, NAMES)
}

pub(super) fn drive(cell: &str) -> Option<Drive> {
    const NAMES: &[(Drive, &[&str])] = &[
        (
            Drive::All,
            &[
                "all",
                "awd",
                "4wd",
                "4x4",
                "all-wheel",
                "four-wheel",
                "firehjulsdrift",
                "firehjulstrekk",
                "4-hjulsdrift",
                "quattro",
                "4 roues motrices",
                "intégrale",
                "دفع رباعي",
            ],
        ),
        (
            Drive::Front,
            &[
                "front",
                "fwd",
                "front-wheel",
                "forhjulsdrift",
                "framhjulsdrift",
                "forhjulstrekk",
                "traction",
                "traction avant",
                "دفع أمامي",
            ],
        ),
        (
            Drive::Rear,
            &[
                "rear",
                "rwd",
                "rear-wheel",
                "bakhjulsdrift",
                "bakhjulstrekk",
                "propulsion",
                "دفع خلفي",
            ],
        ),
    ];
    word(cell, NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (cell, minor, currency) in [
            ("399000", 39_900_000, None),
            ("399 000", 39_900_000, None),
            ("399\u{a0}000,-", 39_900_000, None),
            ("kr 399.000,-", 39_900_000, Some(Currency::Nok)),
            ("NOK 399,000.00", 39_900_000, Some(Currency::Nok)),
            ("24\u{202f}900,50 €", 2_490_050, Some(Currency::Eur)),
            ("24.900,5 EUR", 2_490_050, Some(Currency::Eur)),
            ("$24,900.99", 2_490_099, Some(Currency::Usd)),
            ("1.234.567", 123_456_700, None),
            ("1'234'567", 123_456_700, None),
            ("12,5", 1_250, None),
            ("0", 0, None),
        ] {
            assert_eq!(amount(cell), Some((minor, currency)), "{cell}");
        }
        for cell in
            ["", "gratis", "1,2,3", "1.23.456", "12-34", "1e6", "-5", "9999999999999999", "12.3456"]
        {
            assert_eq!(amount(cell), None, "{cell}");
        }
    }

    #[test]
    fn whole_numbers_have_groups_and_units_but_no_decimals() {
        for (cell, number) in
            [("46 200 km", 46_200), ("46.200", 46_200), ("46,200 Km", 46_200), ("7", 7)]
        {
            assert_eq!(whole(cell), Some(number), "{cell}");
        }
        assert_eq!(whole("46,5"), None);
    }

    #[test]
    fn days_are_read_in_three_orders_of_writing_and_must_exist() {
        let day = jiff::civil::date(2022, 5, 31);
        for cell in
            ["2022-05-31", "31.05.2022", "31/5/2022", "2022-05-31T00:00:00", "31.05.2022 00:00"]
        {
            assert_eq!(date(cell), Some(day), "{cell}");
        }
        for cell in ["31.02.2022", "05/31/2022", "22-05-31", "mai 2022", "2022"] {
            assert_eq!(date(cell), None, "{cell}");
        }
    }

    #[test]
    fn words_are_known_in_the_languages_of_the_sheets() {
        assert_eq!(fuel("Électrique"), Some(Fuel::Electric));
        assert_eq!(fuel("Plug-in hybrid"), Some(Fuel::Hybrid));
        assert_eq!(fuel("Bensin + el"), Some(Fuel::Hybrid));
        assert_eq!(fuel("kull"), None);
        assert_eq!(status("Solgt"), Some(VehicleStatus::Sold));
        assert_eq!(body("Stasjonsvogn"), Some(Body::Estate));
        assert_eq!(transmission("Automatique"), Some(Transmission::Automatic));
        assert_eq!(drive("Firehjulsdrift"), Some(Drive::All));
        assert_eq!(pieces("Hengerfeste| Varmesete |"), ["Hengerfeste", "Varmesete"]);
        assert_eq!(pieces("ABS, GPS"), ["ABS", "GPS"]);
    }
}
