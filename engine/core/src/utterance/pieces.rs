//! What is named in a text, in order, and the words that join it.

use std::collections::BTreeMap;

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

use super::words::{Word, words};
use crate::reading::{Clock, Day, Kind, Lex, Lexeme, Token, is_month, spoken_hour};

/// A stretch of a text that matters for when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Days that may be meant, nearest first, empty when there is no such day; and the weekday they were
    /// named by.
    Day(Vec<Date>, Option<Weekday>),
    /// A clock time: its readings as minutes after midnight.
    Clock(Vec<u16>),
    /// A clock time that is not read.
    Unclear,
    /// A bare number that may be a day of the month or an hour; whether it stood as an ordinal.
    Number(u16, bool),
    /// A length of time, in minutes.
    Length(i64),
    Word(Word),
    /// `-` between two times.
    Dash,
    Comma,
    /// The end of a sentence.
    End(char),
    /// A month without its day, or with one that it has not.
    Month,
    /// A small number in words: `mellom to og fire`.
    Spelled(u16),
    /// A word that says nothing about when.
    Other,
}

/// Cuts a text into pieces.
pub(super) fn pieces(lexemes: &[Lexeme], tokens: &[Token], today: Date) -> Vec<Piece> {
    let joining = joining(lexemes);
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut covered = 0;
    for token in tokens {
        if token.first < covered {
            continue; // inside a phrase that is told already
        }
        if let Some((length, end)) = length(lexemes, token.first) {
            pieces.push(Piece::Length(length));
            covered = end;
            continue;
        }
        let word = lexemes[token.first].word();
        if word.is_some_and(is_noise)
            && !joining.contains_key(&token.first)
            && !matches!(token.kind, Kind::Day(_) | Kind::Clock(_))
        {
            // The point of "kl." ends no sentence.
            covered = token.end
                + usize::from(lexemes.get(token.end).is_some_and(|l| l.glued && l.is_mark('.')));
            continue;
        }
        match &token.kind {
            Kind::Day(day) => {
                let mut dates = dates(*day, today);
                let weekday = match day {
                    Day::Weekday { weekday, .. } => Some(*weekday),
                    _ => None,
                };
                // "neste helg": this one or the one after, people differ.
                if *day == Day::Weekend
                    && token.first.checked_sub(1).is_some_and(|at| says_next(lexemes, at))
                {
                    let later: Vec<Date> =
                        dates.iter().filter_map(|day| day.checked_add(7.days()).ok()).collect();
                    dates.extend(later);
                }
                pieces.push(Piece::Day(dates, weekday));
                // "i kveld", "tonight": the day names its part as well.
                let last = lexemes[token.first..token.end].iter().rev().find_map(Lexeme::word);
                pieces.extend(last.and_then(part_of).map(Piece::Word));
            }
            Kind::Clock(Clock::Unreadable) => pieces.push(Piece::Unclear),
            Kind::Clock(clock) => pieces.push(Piece::Clock(clock.minutes().collect())),
            Kind::Duration(minutes) => pieces.push(Piece::Length(*minutes)),
            Kind::Number(number) if number.hundredths % 100 == 0 => {
                let value = u16::try_from(number.hundredths / 100).ok();
                let (ordinal, end) = ordinal(lexemes, token.end);
                pieces.push(value.map_or(Piece::Other, |value| Piece::Number(value, ordinal)));
                covered = end;
            }
            Kind::Number(number) if number.digits >= 3 => {
                // "14.30" and nothing around it that tells what it is.
                let dotted = u16::try_from(number.hundredths).ok().filter(|all| all % 100 < 60);
                pieces.push(dotted.map_or(Piece::Other, |dotted| Piece::Number(dotted, false)));
            }
            Kind::Word => {
                // "sju om morgenen"
                let part = (1..=3).any(|offset| {
                    let next = joining.get(&(token.first + offset));
                    matches!(next, Some((Word::Part(..), _)))
                });
                let spelled = word.and_then(|word| spelled(word, pieces.last(), part));
                match (spelled, joining.get(&token.first)) {
                    (Some(number), _) => {
                        // "والرابعة": and four
                        if word.is_some_and(|word| spoken_hour(word).is_none()) {
                            pieces.push(Piece::Word(Word::And));
                        }
                        pieces.push(Piece::Spelled(number));
                    }
                    (None, Some((word, end))) => {
                        covered = *end;
                        let number_follows =
                            lexemes.get(*end).is_some_and(|l| l.digits().is_some());
                        let after_time = matches!(
                            pieces.last(),
                            Some(Piece::Clock(_) | Piece::Number(..) | Piece::Spelled(_))
                        );
                        match word {
                            // Small words that join only where there is something to join.
                            Word::TheDay if !number_follows => {}
                            Word::To if !after_time => {}
                            word => pieces.push(Piece::Word(*word)),
                        }
                    }
                    (None, None) if word.is_some_and(is_month) => pieces.push(Piece::Month),
                    (None, None) => pieces.push(Piece::Other),
                }
            }
            Kind::Mark('-') => pieces.push(Piece::Dash),
            Kind::Mark(',') => pieces.push(Piece::Comma),
            Kind::Mark(mark @ ('.' | '?' | '!')) => pieces.push(Piece::End(*mark)),
            Kind::Mark('👍' | '👌' | '✅' | '🙏') => pieces.push(Piece::Word(Word::Yes)),
            Kind::Mark('👎' | '❌') => pieces.push(Piece::Word(Word::No)),
            Kind::Mark(_) => {}
            _ => pieces.push(Piece::Other),
        }
    }
    pieces
}

/// Words that stand before a day or a time and say nothing of their own.
fn is_noise(word: &str) -> bool {
    matches!(
        word,
        "kl" | "klokka"
            | "klokken"
            | "pa"
            | "the"
            | "at"
            | "on"
            | "la"
            | "les"
            | "l"
            | "d"
            | "de"
            | "du"
            | "الساعه"
            | "ساعه"
    )
}

/// An hour in words, where only an hour can stand.
fn spelled(word: &str, before: Option<&Piece>, part_follows: bool) -> Option<u16> {
    let hour = spoken_hour(word).or_else(|| match before {
        Some(Piece::Clock(_) | Piece::Spelled(_)) => spoken_hour(word.strip_prefix('و')?),
        _ => None,
    })?;
    let stands = match before {
        Some(Piece::Word(Word::Between | Word::Around | Word::Before | Word::After)) => true,
        // "to" is a number in Norwegian, and a word in English.
        Some(
            Piece::Spelled(_)
            | Piece::Day(..)
            | Piece::Word(Word::And | Word::To | Word::Or | Word::Correction),
        ) => !matches!(word, "to" | "en" | "et" | "ett" | "one" | "une" | "un"),
        Some(Piece::Clock(_)) if word.starts_with('و') => true,
        _ => part_follows && hour > 2,
    };
    stands.then_some(hour)
}

/// The phrases that join, by where they begin: the longest of each place.
fn joining(lexemes: &[Lexeme]) -> BTreeMap<usize, (Word, usize)> {
    let mut longest: BTreeMap<usize, (Word, usize)> = BTreeMap::new();
    for found in words().find(lexemes) {
        let known = longest.entry(found.first).or_insert((found.meaning, found.end));
        if found.end > known.1 {
            *known = (found.meaning, found.end);
        }
    }
    longest
}

/// Dates of a day that are not past.
fn dates(day: Day, today: Date) -> Vec<Date> {
    let mut dates = day.dates(today);
    dates.retain(|date| *date >= today);
    dates
}

fn says_next(lexemes: &[Lexeme], at: usize) -> bool {
    matches!(lexemes.get(at).and_then(Lexeme::word), Some("neste" | "next" | "prochain"))
}

fn part_of(word: &str) -> Option<Word> {
    match word {
        "kveld" | "tonight" => Some(Word::Part(17, 21)),
        "ettermiddag" => Some(Word::Part(12, 17)),
        "formiddag" => Some(Word::Part(7, 12)),
        _ => None,
    }
}

/// `24.` and `24th`: whether a number's ordinal mark follows, and where it ends.
fn ordinal(lexemes: &[Lexeme], end: usize) -> (bool, usize) {
    let Some(next) = lexemes.get(end).filter(|next| next.glued) else { return (false, end) };
    match &next.lex {
        Lex::Word(word) if matches!(word.as_str(), "st" | "nd" | "rd" | "th" | "er" | "e") => {
            (true, end + 1)
        }
        // A full stop that something follows: "den 24. klokka to".
        Lex::Mark('.') if lexemes.get(end + 1).is_some_and(|after| !after.glued) => (true, end + 1),
        _ => (false, end),
    }
}

/// A length of time in words: `to dager`, `a week`, `يومين`.
fn length(lexemes: &[Lexeme], at: usize) -> Option<(i64, usize)> {
    const DAY: i64 = 24 * 60;
    let word = lexemes.get(at)?.word()?;
    // "a fortnight", "a couple of days"
    if matches!(word, "a" | "une")
        && let Some("fortnight" | "couple" | "quinzaine") =
            lexemes.get(at + 1).and_then(Lexeme::word)
    {
        return length(lexemes, at + 1);
    }
    match word {
        "يومين" => return Some((2 * DAY, at + 1)),
        "اسبوع" => return Some((7 * DAY, at + 1)),
        "ساعتين" => return Some((120, at + 1)),
        "fjorten" if lexemes.get(at + 1)?.word()? == "dager" => return Some((14 * DAY, at + 2)),
        "اسبوعين" | "fortnight" | "quinzaine" => return Some((14 * DAY, at + 1)),
        _ => {}
    }
    let count = match word {
        "en" | "ei" | "et" | "a" | "an" | "one" | "un" | "une" => 1,
        "to" | "two" | "deux" | "couple" => 2,
        "tre" | "three" | "trois" | "ثلاثه" => 3,
        "fire" | "four" | "quatre" | "اربعه" => 4,
        "fem" | "five" | "cinq" | "خمسه" => 5,
        "seks" | "six" | "سته" => 6,
        "sju" | "syv" | "seven" | "sept" | "سبعه" => 7,
        "atte" | "eight" | "huit" => 8,
        "ti" | "ten" | "dix" => 10,
        "quinze" => 15,
        "par" if matches!(lexemes.get(at + 1)?.word()?, "dager" | "uker" | "timer") => 2,
        _ => return None,
    };
    let of = usize::from(matches!(lexemes.get(at + 1).and_then(Lexeme::word), Some("of")));
    let minutes = match lexemes.get(at + 1 + of)?.word()? {
        "dag" | "dager" | "day" | "days" | "jour" | "jours" | "ايام" | "يوم" => DAY,
        "uke" | "uker" | "week" | "weeks" | "semaine" | "semaines" | "اسابيع" => 7 * DAY,
        "time" | "timer" | "hour" | "hours" | "ساعات" => 60,
        // "dix heures" is ten o'clock, "dans dix heures" is not.
        "heures" if at.checked_sub(1).and_then(|at| lexemes[at].word()) == Some("dans") => 60,
        _ => return None,
    };
    // Eight days are a week in French, fifteen are two.
    let minutes = match (word, minutes) {
        ("huit", DAY) => 7 * DAY,
        ("quinze", DAY) => 14 * DAY,
        _ => count * minutes,
    };
    Some((minutes, at + 2 + of))
}
