//! Numbers and amounts of money: `399 000 kr`, `kr. 399.000,-`, `€24.9k`, `1,2 millioner NOK`.

use std::{collections::HashMap, sync::OnceLock};

use super::lex::{Lex, Lexeme};
use crate::money::Currency;

/// A number as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    /// In hundredths: `4.99` is 499.
    pub hundredths: i64,
    /// How many digits were written; `05` has two.
    pub digits: u8,
}

/// An amount of money as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    pub minor: i64,
    /// None for a currency that Forecourt does not know.
    pub currency: Option<Currency>,
}

/// More digits than any price; longer runs are no numbers.
const MAX_DIGITS: usize = 13;

/// Reads a number that starts at `at`; gives it and where it ends.
pub(super) fn number(lexemes: &[Lexeme], at: usize) -> Option<(Number, usize)> {
    let (whole, mut end) = whole(lexemes, at)?;
    let mut digits = whole.len();
    let mut hundredths = whole.parse::<i64>().ok()?.checked_mul(100)?;
    if let Some((decimals, after)) = decimals(lexemes, at, end) {
        let padded = format!("{decimals:0<2}");
        hundredths += padded.parse::<i64>().ok()?;
        digits += decimals.len();
        end = after;
    }
    if let Some(factor) = lexemes.get(end).and_then(multiplier) {
        hundredths = hundredths.checked_mul(factor)?;
        end += 1;
        // "399 tusen 500" is not read: what follows stands for itself.
    }
    Some((Number { hundredths, digits: digits.min(255) as u8 }, end))
}

/// The digits before the decimals, with their groups of three put together.
fn whole(lexemes: &[Lexeme], at: usize) -> Option<(String, usize)> {
    let mut whole = lexemes.get(at)?.digits()?.to_owned();
    let mut end = at + 1;
    if whole.len() <= 3 {
        let mut separator = None;
        while let Some((mark, group, after)) = group(lexemes, end) {
            if separator.is_some_and(|first| first != mark) || whole.len() > MAX_DIGITS {
                break;
            }
            separator = Some(mark);
            whole.push_str(group);
            end = after;
        }
    }
    (whole.len() <= MAX_DIGITS).then_some((whole, end))
}

/// A group of three digits at `at`, and what parts it from the digits before.
fn group(lexemes: &[Lexeme], at: usize) -> Option<(char, &str, usize)> {
    let next = lexemes.get(at)?;
    let three = |lexeme: &'_ Lexeme| lexeme.digits().is_some_and(|digits| digits.len() == 3);
    match &next.lex {
        Lex::Digits(digits) if three(next) && !next.glued => Some((' ', digits, at + 1)),
        Lex::Mark(mark @ ('.' | ',' | '\'')) if next.glued => {
            let group = lexemes.get(at + 1).filter(|group| group.glued && three(group))?;
            Some((*mark, group.digits()?, at + 2))
        }
        _ => None,
    }
}

fn decimals(lexemes: &[Lexeme], at: usize, end: usize) -> Option<(&str, usize)> {
    let point = lexemes.get(end).filter(|l| l.glued && (l.is_mark('.') || l.is_mark(',')))?;
    // "1.234.50" has no decimals: the mark that parts groups does not part decimals.
    if lexemes[at..end].contains(point) {
        return None;
    }
    let digits = lexemes.get(end + 1).filter(|l| l.glued)?.digits()?;
    let goes_on = lexemes.get(end + 2).is_some_and(|l| {
        l.glued && (l.is_mark('.') || l.is_mark(',') || l.is_mark(':')) && {
            lexemes.get(end + 3).is_some_and(|l| l.glued && l.digits().is_some())
        }
    });
    (digits.len() <= 2 && !goes_on).then_some((digits, end + 2))
}

fn multiplier(lexeme: &Lexeme) -> Option<i64> {
    match lexeme.word()? {
        "k" | "tusen" | "thousand" | "mille" | "الف" | "الاف" => Some(1_000),
        "mill" | "mio" | "million" | "millions" | "million's" | "millioner" | "مليون" | "ملايين" => {
            Some(1_000_000)
        }
        _ => None,
    }
}

/// Reads an amount with its currency before or after the number.
pub(super) fn amount(lexemes: &[Lexeme], at: usize) -> Option<(Amount, usize)> {
    if let Some((before, start)) = currency(lexemes, at) {
        let (number, end) = number(lexemes, start)?;
        // "kr 399 000 NOK": the second mark of the same amount goes along.
        let end = after_number(lexemes, end).map_or(end, |(_, end)| end);
        return Some((Amount { minor: number.hundredths, currency: before }, end));
    }
    let (number, end) = number(lexemes, at)?;
    let (currency, end) = after_number(lexemes, end)?;
    Some((Amount { minor: number.hundredths, currency }, end))
}

fn after_number(lexemes: &[Lexeme], end: usize) -> Option<(Option<Currency>, usize)> {
    // "399 000,-" is kroner wherever it is written.
    let dash = lexemes.get(end).is_some_and(|l| l.glued && l.is_mark(','))
        && lexemes.get(end + 1).is_some_and(|l| l.glued && l.is_mark('-'));
    if dash {
        let end = end + 2;
        return Some(currency(lexemes, end).unwrap_or((Some(Currency::Nok), end)));
    }
    // "1,2 millioner av kroner", "2 millions d'euros".
    let mut at = end;
    if lexemes.get(at).and_then(Lexeme::word).is_some_and(|word| matches!(word, "d" | "de" | "av"))
    {
        at += 1;
        at += usize::from(lexemes.get(at).is_some_and(|l| l.is_mark('\'')));
    }
    currency(lexemes, at)
}

/// The currency at `at`, and where it ends; the inner `None` is one that is not known.
pub(super) fn currency(lexemes: &[Lexeme], at: usize) -> Option<(Option<Currency>, usize)> {
    let first = lexemes.get(at)?;
    match &first.lex {
        Lex::Mark('€') => Some((Some(Currency::Eur), at + 1)),
        Lex::Mark('$') => Some((Some(Currency::Usd), at + 1)),
        Lex::Mark('£' | '¥' | '₽' | '₹' | '¤' | '₿' | '₺') => Some((None, at + 1)),
        Lex::Word(word) => {
            let currency = *currencies().get(word.as_str()).or_else(|| {
                super::phrases::forms(word).skip(1).find_map(|form| currencies().get(form))
            })?;
            // "kr." is one word; the full stop of a sentence is not glued to a digit after it.
            let point = lexemes.get(at + 1).is_some_and(|l| l.glued && l.is_mark('.'))
                && lexemes.get(at + 2).is_some_and(|l| l.digits().is_some());
            Some((currency, at + 1 + usize::from(point)))
        }
        _ => None,
    }
}

fn currencies() -> &'static HashMap<&'static str, Option<Currency>> {
    static TABLE: OnceLock<HashMap<&'static str, Option<Currency>>> = OnceLock::new();
    const KNOWN: [(Currency, &str); 3] = [
        (Currency::Nok, "kr kroner krone kronene nok كرونه كرونات كرون كورونه"),
        (Currency::Eur, "eur euro euros يورو اورو"),
        (Currency::Usd, "usd dollar dollars دولار دولارات دولارا"),
    ];
    const OTHERS: &str = "sek dkk gbp pound pounds pund chf aed sar mad dzd tnd egp cad aud jpy \
        btc bitcoin درهم دراهم ريال ريالات جنيه جنيهات دينار دنانير";
    TABLE.get_or_init(|| {
        let known = KNOWN.into_iter().flat_map(|(currency, words)| {
            words.split_whitespace().map(move |word| (word, Some(currency)))
        });
        known.chain(OTHERS.split_whitespace().map(|word| (word, None))).collect()
    })
}

/// Words of which spelled-out prices are made: `fire hundre tusen`, `four hundred thousand`.
pub(super) fn is_scale_word(word: &str) -> bool {
    matches!(
        word,
        "tusen"
            | "hundre"
            | "million"
            | "millioner"
            | "millions"
            | "thousand"
            | "thousands"
            | "hundred"
            | "hundreds"
            | "grand"
            | "mille"
            | "cent"
            | "cents"
            | "الف"
            | "الاف"
            | "ميه"
            | "مايه"
            | "مليون"
    )
}
