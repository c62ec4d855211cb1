//! Days: `tirsdag`, `i morgen`, `24. november`, `24/11/2026`, `November 24th`, `les lundis`.

use std::{collections::HashMap, sync::LazyLock};

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

use super::{
    lex::{Lex, Lexeme, by_word},
    phrases::forms,
};

/// A day as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// A date; the year is the one named, or none.
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    Weekday {
        weekday: Weekday,
        /// `Mondays`, `les lundis`: any of them.
        every: bool,
        /// `next Monday`: which one is meant differs between people.
        next: bool,
    },
    Today,
    Tomorrow,
    AfterTomorrow,
    Weekend,
}

impl Day {
    /// The dates that may be meant, nearest first; empty when there is no such date.
    pub fn dates(self, today: Date) -> Vec<Date> {
        let after = |days: i64| today.checked_add(days.days()).ok();
        let coming = |weekday: Weekday| i64::from(today.weekday().until(weekday));
        match self {
            Self::Today => vec![today],
            Self::Tomorrow => after(1).into_iter().collect(),
            Self::AfterTomorrow => after(2).into_iter().collect(),
            Self::Weekend => [Weekday::Saturday, Weekday::Sunday]
                .into_iter()
                .filter_map(|weekday| after(coming(weekday)))
                .collect(),
            Self::Weekday { weekday, every, next } => {
                let first = coming(weekday);
                let second = (every || next || first == 0).then_some(first + 7);
                [Some(first), second].into_iter().flatten().filter_map(after).collect()
            }
            Self::Date { year: Some(year), month, day } => {
                Date::new(year, month, day).into_iter().collect()
            }
            Self::Date { year: None, month, day } => {
                // The nearest one that is not long past.
                let this = Date::new(today.year(), month, day).ok();
                let next = Date::new(today.year().saturating_add(1), month, day).ok();
                let is_past = |date: Date| (today - date).get_days() > 30;
                this.filter(|date| !is_past(*date)).or(next).into_iter().collect()
            }
        }
    }
}

/// Reads a day at `at`; `in_clock` says that a clock cue stands before, so `10.11` is no date.
pub(super) fn day(lexemes: &[Lexeme], at: usize, in_clock: bool) -> Option<(Day, usize)> {
    match &lexemes[at].lex {
        Lex::Digits(digits) => {
            numeric(lexemes, at, digits, in_clock).or_else(|| day_and_month(lexemes, at))
        }
        Lex::Word(word) => spoken(lexemes, at, word),
        Lex::Mark(_) | Lex::Odd => None,
    }
}

/// `2026-11-24`, `24.11.2026`, `24.11.`, `24/11`, `24/11/26`.
fn numeric(lexemes: &[Lexeme], at: usize, digits: &str, in_clock: bool) -> Option<(Day, usize)> {
    let mark = |offset: usize| match lexemes.get(at + offset) {
        Some(Lexeme { lex: Lex::Mark(mark), glued: true, .. }) => Some(*mark),
        _ => None,
    };
    let glued =
        |offset: usize| lexemes.get(at + offset).filter(|l| l.glued && l.digits().is_some());
    if digits.len() == 4 {
        let (month, day) = (glued(2)?, glued(4)?);
        if mark(1)? != '-' || mark(3)? != '-' {
            return None;
        }
        return Some((date(digits.parse().ok(), month.small()?, day.small()?)?, at + 5));
    }
    let first = lexemes[at].small().filter(|_| digits.len() <= 2)?;
    let separator = mark(1).filter(|mark| matches!(mark, '.' | '/' | '-'))?;
    let second = glued(2).filter(|l| l.digits().is_some_and(|d| d.len() <= 2))?.small()?;
    if mark(3) == Some(separator)
        && let Some(third) = glued(4)
        && matches!(third.digits().map(str::len), Some(2 | 4))
    {
        // "01.23.45.67" is a phone number.
        if mark(5) == Some(separator) && glued(6).is_some() {
            return None;
        }
        let year = third.small().map(|year| if year < 100 { 2000 + year } else { year });
        let year = year.and_then(|year| i16::try_from(year).ok());
        let day = date(year, second, first).or_else(|| date(year, first, second))?;
        return Some((day, at + 5));
    }
    match separator {
        // "24/7" is no date, and neither is the "1/2" of a fraction; a day of two digits is.
        '/' if digits.len() == 2 && !(first == 24 && second == 7) => {
            date(None, second, first).map(|day| (day, at + 3))
        }
        '.' if !in_clock && mark(3) == Some('.') && glued(4).is_none() => {
            date(None, second, first).map(|day| (day, at + 4))
        }
        _ => None,
    }
}

/// `24. november 2026`, `le 1er décembre`, `24th of November`, `24 نوفمبر`.
fn day_and_month(lexemes: &[Lexeme], at: usize) -> Option<(Day, usize)> {
    let day = lexemes[at].small().filter(|day| (1..=31).contains(day))?;
    let mut next = at + 1;
    if let Some(mark) = lexemes.get(next).filter(|l| l.glued) {
        let is_ordinal = mark.is_mark('.')
            || matches!(mark.word(), Some("st" | "nd" | "rd" | "th" | "er" | "e"));
        next += usize::from(is_ordinal);
    }
    if matches!(lexemes.get(next).and_then(Lexeme::word), Some("of" | "de" | "i" | "من")) {
        next += 1;
    }
    let month = month(lexemes.get(next)?.word()?)?;
    next += 1;
    // The second name of an Arabic month: "تشرين الثاني".
    next += usize::from(matches!(
        lexemes.get(next).and_then(Lexeme::word),
        Some("الثاني" | "الاول" | "ثاني" | "اول") if month >= 10 || month == 1
    ));
    let month = second_name(lexemes, next, month);
    let (year, end) = year(lexemes, next);
    date(year, u16::from(month.unsigned_abs()), day).map(|day| (day, end))
}

/// `تشرين الأول` and `تشرين الثاني` are October and November; `كانون` likewise December and January.
fn second_name(lexemes: &[Lexeme], end: usize, month: i8) -> i8 {
    let name = |at: Option<usize>| at.and_then(|at| lexemes.get(at)).and_then(Lexeme::word);
    match (name(end.checked_sub(2)), name(end.checked_sub(1))) {
        (Some("تشرين"), Some("الثاني" | "ثاني")) => 11,
        (Some("كانون"), Some("الثاني" | "ثاني")) => 1,
        _ => month,
    }
}

fn year(lexemes: &[Lexeme], at: usize) -> (Option<i16>, usize) {
    let comma = usize::from(lexemes.get(at).is_some_and(|l| l.is_mark(',')));
    let year = lexemes.get(at + comma).filter(|l| l.digits().is_some_and(|d| d.len() == 4));
    match year.and_then(Lexeme::small).filter(|year| (2000..2100).contains(year)) {
        Some(year) => (i16::try_from(year).ok(), at + comma + 1),
        None => (None, at),
    }
}

fn date(year: Option<i16>, month: u16, day: u16) -> Option<Day> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    // Any leap year will do to see whether there is such a day at all.
    Date::new(year.unwrap_or(2024), month, day).ok()?;
    Some(Day::Date { year, month, day })
}

fn spoken(lexemes: &[Lexeme], at: usize, word: &str) -> Option<(Day, usize)> {
    let next = |offset: usize| lexemes.get(at + offset).and_then(Lexeme::word);
    let hyphened = lexemes.get(at + 1).is_some_and(|l| l.is_mark('-') || l.is_mark('\''));
    match word {
        "i" => match next(1)? {
            "dag" | "kveld" | "ettermiddag" | "formiddag" | "natt" => {
                return Some((Day::Today, at + 2));
            }
            "morgen" | "morra" | "morgon" => return Some((Day::Tomorrow, at + 2)),
            "overmorgen" | "overmorra" => return Some((Day::AfterTomorrow, at + 2)),
            _ => return None,
        },
        "idag" | "today" | "tonight" | "aujourd" | "اليوم" => {
            let end = if word == "aujourd" { at + 3 } else { at + 1 };
            return Some((Day::Today, end));
        }
        "imorgen" | "imorra" | "tomorrow" | "demain" | "غدا" | "بكره" | "الغد" => {
            return Some((Day::Tomorrow, at + 1));
        }
        "overmorgen" => return Some((Day::AfterTomorrow, at + 1)),
        "apres" if hyphened && next(2) == Some("demain") => {
            return Some((Day::AfterTomorrow, at + 3));
        }
        "apres" if next(1) == Some("demain") => return Some((Day::AfterTomorrow, at + 2)),
        "day" if next(1) == Some("after") && next(2) == Some("tomorrow") => {
            return Some((Day::AfterTomorrow, at + 3));
        }
        "بعد" if matches!(next(1), Some("غد" | "غدا" | "بكره" | "الغد")) => {
            return Some((Day::AfterTomorrow, at + 2));
        }
        "helg" | "helga" | "helgen" | "helgene" | "weekend" | "weekends" => {
            return Some((Day::Weekend, at + 1));
        }
        "week" if hyphened && next(2) == Some("end") => return Some((Day::Weekend, at + 3)),
        "نهايه" if next(1) == Some("الاسبوع") => return Some((Day::Weekend, at + 2)),
        _ => {}
    }
    if let Some((weekday, every)) = weekday(word) {
        let neighbour =
            |at: Option<usize>| at.and_then(|at| lexemes.get(at)).and_then(Lexeme::word);
        let says_next = [neighbour(at.checked_sub(1)), neighbour(Some(at + 1))]
            .into_iter()
            .flatten()
            .any(|word| {
                matches!(
                    word,
                    "neste" | "next" | "prochain" | "prochaine" | "القادم" | "المقبل" | "القادمه"
                )
            });
        let every = every
            || matches!(
                neighbour(at.checked_sub(1)),
                Some("hver" | "every" | "each" | "chaque" | "les" | "كل")
            );
        return Some((Day::Weekday { weekday, every, next: says_next }, at + 1));
    }
    // "November 24th, 2026"; only English puts the month first.
    let month = english_month(word).then(|| month(word))??;
    let day = lexemes.get(at + 1).filter(|l| l.digits().is_some_and(|d| d.len() <= 2))?.small()?;
    let mut end = at + 2;
    let ordinal = lexemes.get(end).filter(|l| l.glued).and_then(Lexeme::word);
    end += usize::from(matches!(ordinal, Some("st" | "nd" | "rd" | "th")));
    let (year, end) = year(lexemes, end);
    date(year, u16::from(month.unsigned_abs()), day).map(|day| (day, end))
}

/// The weekday of a word, and whether every such day is meant.
fn weekday(word: &str) -> Option<(Weekday, bool)> {
    const NAMES: [(Weekday, &str); 7] = [
        (Weekday::Monday, "mandag monday lundi الاثنين اثنين الاتنين"),
        (Weekday::Tuesday, "tirsdag tuesday mardi الثلاثاء ثلاثاء التلات"),
        (Weekday::Wednesday, "onsdag wednesday mercredi الاربعاء اربعاء"),
        (Weekday::Thursday, "torsdag thursday jeudi الخميس خميس"),
        (Weekday::Friday, "fredag friday vendredi الجمعه جمعه"),
        (Weekday::Saturday, "lordag saturday samedi السبت سبت"),
        (Weekday::Sunday, "sondag sunday dimanche الاحد احد"),
    ];
    static TABLE: LazyLock<HashMap<&str, Weekday>> = LazyLock::new(|| by_word(NAMES));
    let of = |word: &str| TABLE.get(word).copied();
    if let Some(day) = forms(word).find_map(of) {
        return Some((day, false));
    }
    // "mandager", "mandagene", "mandagen", "Mondays", "lundis"
    for ending in ["ene", "er", "en", "s"] {
        if let Some(day) = word.strip_suffix(ending).filter(|stem| stem.len() > 4).and_then(of) {
            return Some((day, ending != "en"));
        }
    }
    None
}

fn english_month(word: &str) -> bool {
    let english = crate::calendar::month;
    (1..=12).any(|month| english(crate::lang::Lang::En, month).eq_ignore_ascii_case(word))
        || matches!(word, "jan" | "feb" | "apr" | "aug" | "sept" | "oct" | "nov" | "dec")
}

/// Whether a word names a month and nothing else: `mai`, `may` and `mars` are other words as well.
pub(crate) fn is_month(word: &str) -> bool {
    word.len() > 3
        && !matches!(word, "mars" | "march" | "sept" | "ايار" | "كانون")
        && month(word).is_some()
}

/// Whether a folded word may name a month, whatever else it means.
pub(crate) fn names_month(word: &str) -> bool {
    month(word).is_some()
}

/// The month of a word, 1 to 12.
fn month(word: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "januar jan january janvier janv يناير جانفي كانون",
        "februar feb february fevrier fevr فبراير فيفري شباط",
        "mars march mar مارس اذار",
        "april apr avril avr ابريل افريل نيسان",
        "mai may مايو ماي ايار",
        "juni jun june juin يونيو جوان حزيران",
        "juli jul july juillet juil يوليو جويليه تموز يوليوز",
        "august aug aout اغسطس اوت اب غشت",
        "september sept sep septembre سبتمبر ايلول شتنبر",
        "oktober okt oct october octobre اكتوبر تشرين",
        "november nov novembre نوفمبر نونبر",
        "desember des dec december decembre ديسمبر دجنبر",
    ];
    static TABLE: LazyLock<HashMap<&str, i8>> = LazyLock::new(|| by_word((1..).zip(NAMES)));
    let month = *TABLE.get(word)?;
    // "كانون الأول" is December, "كانون الثاني" January: told apart by the caller.
    Some(if word == "كانون" { 12 } else { month })
}
