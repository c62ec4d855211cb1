//! Registration plates: one normal form per country, so that the same plate is the same text.
//!
//! A plate never keeps a vehicle out: rules change, and personal plates follow none. What a country's
//! rule does not know is taken as it was written ([`PlateForm::Free`]), and people are told.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// The longest plate, separators included.
pub const MAX_PLATE: usize = 24;

/// A plate in its country's normal form. Prints nothing of itself in debug output (A13).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plate {
    /// ISO 3166-1, two capital letters.
    pub country: String,
    /// As it is shown: `AB-123-CD`, `EV 12345`.
    pub text: String,
}

/// How a plate stands to its country's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateForm {
    /// As plates of this country are.
    Regular,
    /// A provisional one (France: `WW-123-AB`).
    Provisional,
    /// It may be a personal plate, where the country has them.
    Personal,
    /// No rule knows it; taken as it was written.
    Free,
}

/// Why a text is no plate at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    #[error("must have at most {MAX_PLATE} letters, digits, spaces and hyphens")]
    Text,
    #[error("must be a country of ISO 3166-1, such as NO")]
    Country,
}

impl Plate {
    /// Reads a plate of `country` (`UK` is read as `GB`).
    pub fn parse(raw: &str, country: &str) -> Result<(Self, PlateForm), PlateError> {
        let country = match country.trim().to_ascii_uppercase() {
            uk if uk == "UK" => "GB".to_owned(),
            code if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) => code,
            _ => return Err(PlateError::Country),
        };
        if raw.len() > MAX_PLATE * 8 {
            return Err(PlateError::Text);
        }
        let upper: String = raw.nfkc().flat_map(char::to_uppercase).map(western).collect();
        let text = upper.split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '·' | '|' | '/');
        let key = compact(&text);
        if key.is_empty() || text.chars().count() > MAX_PLATE || !text.chars().all(plain) {
            return Err(PlateError::Text);
        }
        let (text, form) = normal(&text, &key, &country);
        Ok((Self { country, text }, form))
    }

    /// What makes it this plate: letters and digits alone, with the country before.
    pub fn key(&self) -> String {
        format!("{}{}", self.country, compact(&self.text))
    }
}

/// Arabic digits as others write them.
fn western(c: char) -> char {
    let digit = match c {
        '\u{0660}'..='\u{0669}' => u32::from(c) - 0x0660,
        '\u{06F0}'..='\u{06F9}' => u32::from(c) - 0x06F0,
        _ => return c,
    };
    char::from_digit(digit, 10).unwrap_or(c)
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Runs of letters and of digits, in their order.
fn runs(key: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut before: Option<bool> = None;
    for (at, c) in key.char_indices() {
        let digit = c.is_ascii_digit();
        if before.is_some_and(|before| before != digit) {
            runs.push(&key[start..at]);
            start = at;
        }
        before = Some(digit);
    }
    if start < key.len() {
        runs.push(&key[start..]);
    }
    runs
}

fn latin(run: &str, length: std::ops::RangeInclusive<usize>, without: &str) -> bool {
    length.contains(&run.len())
        && run.chars().all(|c| c.is_ascii_uppercase() && !without.contains(c))
}

fn digits(run: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&run.len()) && run.bytes().all(|b| b.is_ascii_digit())
}

/// The normal form, and how it stands to the rules of the country.
fn normal(written: &str, key: &str, country: &str) -> (String, PlateForm) {
    let runs = runs(key);
    let known = match country {
        "NO" => norway(&runs),
        "SE" => sweden(&runs),
        "DK" => denmark(&runs),
        "FR" => france(&runs),
        "DE" => germany(written),
        "GB" => britain(&runs),
        "AE" => emirates(written),
        _ => None,
    };
    if let Some(known) = known {
        return known;
    }
    let nordic = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "ÆØÅÄÖ".contains(c);
    let personal = matches!(country, "NO" | "SE" | "DK")
        && (2..=7).contains(&key.chars().count())
        && key.chars().all(nordic);
    let form = if personal { PlateForm::Personal } else { PlateForm::Free };
    (written.to_owned(), form)
}

/// `EV 12345`; four digits for trailers and motorcycles.
fn norway(runs: &[&str]) -> Option<(String, PlateForm)> {
    match runs {
        [a, n] if latin(a, 2..=2, "") && digits(n, 4..=5) => {
            Some((format!("{a} {n}"), PlateForm::Regular))
        }
        _ => None,
    }
}

/// `ABC 123` and, since 2019, `ABC 12D`.
fn sweden(runs: &[&str]) -> Option<(String, PlateForm)> {
    let text = match runs {
        [a, n] if latin(a, 3..=3, "IQV") && digits(n, 3..=3) => format!("{a} {n}"),
        [a, n, z] if latin(a, 3..=3, "IQV") && digits(n, 2..=2) && latin(z, 1..=1, "IQVO") => {
            format!("{a} {n}{z}")
        }
        _ => return None,
    };
    Some((text, PlateForm::Regular))
}

/// `AB 12 345`.
fn denmark(runs: &[&str]) -> Option<(String, PlateForm)> {
    match runs {
        [a, n] if latin(a, 2..=2, "IOQ") && digits(n, 5..=5) => {
            Some((format!("{a} {} {}", &n[..2], &n[2..]), PlateForm::Regular))
        }
        _ => None,
    }
}

/// SIV `AB-123-CD` (no I, O, U; no `SS`; no `000`; `WW` first is provisional), and the old FNI
/// `1234 AB 75`.
fn france(runs: &[&str]) -> Option<(String, PlateForm)> {
    match runs {
        [a, n, b] if latin(a, 2..=2, "IOU") && digits(n, 3..=3) && latin(b, 2..=2, "IOU") => {
            if *a == "SS" || *b == "SS" || *n == "000" {
                return None;
            }
            let form = if *a == "WW" { PlateForm::Provisional } else { PlateForm::Regular };
            Some((format!("{a}-{n}-{b}"), form))
        }
        [n, a, department] if digits(n, 1..=4) && latin(a, 1..=3, "IOU") => {
            let number: u32 =
                department.parse().ok().filter(|_| matches!(department.len(), 2 | 3))?;
            let known =
                matches!(number, 1..=95 if department.len() == 2) || matches!(number, 971..=976);
            known.then(|| (format!("{n} {a} {department}"), PlateForm::Regular))
        }
        // Corsica: the department has a letter.
        [n, a, two, corsica]
            if digits(n, 1..=4)
                && latin(a, 1..=3, "IOU")
                && *two == "2"
                && matches!(*corsica, "A" | "B") =>
        {
            Some((format!("{n} {a} 2{corsica}"), PlateForm::Regular))
        }
        _ => None,
    }
}

/// `M-AB 1234`, with `E` for electric or `H` for historic ones. Without separators nobody can tell
/// the town from the letters after it, so it stays as it is written.
fn germany(written: &str) -> Option<(String, PlateForm)> {
    let parts: Vec<&str> = written.split([' ', '-', '·', '.']).filter(|p| !p.is_empty()).collect();
    let umlaut = |run: &str, most: usize| {
        (1..=most).contains(&run.chars().count())
            && run.chars().all(|c| c.is_ascii_uppercase() || "ÄÖÜ".contains(c))
    };
    let number = |run: &str| {
        let plain = run.strip_suffix(['E', 'H']).unwrap_or(run);
        digits(plain, 1..=4) && !plain.starts_with('0')
    };
    let whole = parts.concat();
    if whole.chars().count() > 8 {
        return None;
    }
    let text = match parts[..] {
        [town, letters, n] if umlaut(town, 3) && latin(letters, 1..=2, "") && number(n) => {
            format!("{town}-{letters} {n}")
        }
        [town, letters, n, kind]
            if umlaut(town, 3)
                && latin(letters, 1..=2, "")
                && digits(n, 1..=4)
                && matches!(kind, "E" | "H") =>
        {
            format!("{town}-{letters} {n}{kind}")
        }
        [town, rest] if umlaut(town, 3) => match runs(rest)[..] {
            [letters, n] if latin(letters, 1..=2, "") && number(n) => {
                format!("{town}-{letters} {n}")
            }
            [letters, n, kind]
                if latin(letters, 1..=2, "") && digits(n, 1..=4) && matches!(kind, "E" | "H") =>
            {
                format!("{town}-{letters} {n}{kind}")
            }
            _ => return None,
        },
        [_] => match runs(&whole)[..] {
            [letters, n] if umlaut(letters, 5) && digits(n, 1..=4) => whole.clone(),
            [letters, n, kind]
                if umlaut(letters, 5) && digits(n, 1..=4) && matches!(kind, "E" | "H") =>
            {
                whole.clone()
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((text, PlateForm::Regular))
}

/// `AB12 CDE`, the older `A123 BCD` and `ABC 123D`, and those without a year, Northern Ireland's too.
fn britain(runs: &[&str]) -> Option<(String, PlateForm)> {
    let text = match runs {
        [a, n, b] if latin(a, 2..=2, "IQZ") && digits(n, 2..=2) && latin(b, 3..=3, "IQ") => {
            format!("{a}{n} {b}")
        }
        [a, n, b] if latin(a, 1..=1, "") && digits(n, 1..=3) && latin(b, 3..=3, "IQ") => {
            format!("{a}{n} {b}")
        }
        [a, n, b] if latin(a, 3..=3, "IQ") && digits(n, 1..=3) && latin(b, 1..=1, "") => {
            format!("{a} {n}{b}")
        }
        [a, n] if latin(a, 1..=3, "Q") && digits(n, 1..=4) => format!("{a} {n}"),
        [n, a] if digits(n, 1..=4) && latin(a, 1..=3, "Q") => format!("{n} {a}"),
        _ => return None,
    };
    Some((text, PlateForm::Regular))
}

/// The emirate, its code, and up to five digits: `DUBAI A 12345`, `ABU DHABI 17 55555`.
fn emirates(written: &str) -> Option<(String, PlateForm)> {
    const NAMES: [(&str, &str); 16] = [
        ("ABU DHABI", "ABU DHABI"),
        ("ABUDHABI", "ABU DHABI"),
        ("AUH", "ABU DHABI"),
        ("AD", "ABU DHABI"),
        ("DUBAI", "DUBAI"),
        ("DXB", "DUBAI"),
        ("SHARJAH", "SHARJAH"),
        ("SHJ", "SHARJAH"),
        ("AJMAN", "AJMAN"),
        ("AJM", "AJMAN"),
        ("UMM AL QUWAIN", "UMM AL QUWAIN"),
        ("UAQ", "UMM AL QUWAIN"),
        ("RAS AL KHAIMAH", "RAS AL KHAIMAH"),
        ("RAK", "RAS AL KHAIMAH"),
        ("FUJAIRAH", "FUJAIRAH"),
        ("FUJ", "FUJAIRAH"),
    ];
    let (emirate, rest) = NAMES.iter().find_map(|(name, emirate)| {
        let rest = written.strip_prefix(name)?;
        rest.starts_with([' ', '-']).then_some((*emirate, rest))
    })?;
    let parts: Vec<&str> = rest.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    let joined: Vec<&str> = if let [one] = parts[..] { runs(one) } else { parts };
    let letters = latin(joined.first()?, 1..=2, "");
    let fits = match emirate {
        // Abu Dhabi's categories are numbers, Sharjah's too.
        "ABU DHABI" | "SHARJAH" => digits(joined.first()?, 1..=2),
        _ => letters,
    };
    match joined[..] {
        [code, number] if fits && digits(number, 1..=5) => {
            Some((format!("{emirate} {code} {number}"), PlateForm::Regular))
        }
        _ => None,
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plate({}, ..)", self.country)
    }
}
