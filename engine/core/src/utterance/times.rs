//! Times of day: what a clock time means by the words around it.

use super::{END_OF_DAY, Window, pieces::Piece, words::Word};

/// `rundt to` is an hour more or less.
const AROUND: u16 = 60;
/// Without any other hint, a time of twelve hours is meant within these.
const PLAUSIBLE: Window = Window { from: 7 * 60, until: 19 * 60 + 59 };

/// A time at `at`, with what stands before and after it: the stretches that may be meant, and where it ends.
pub(super) fn time(
    clause: &[Piece],
    at: usize,
    part: Option<Window>,
    after_time: bool,
) -> Option<(Vec<Window>, usize)> {
    let first = readings(clause, at, after_time, part)?;
    let before = at.checked_sub(1).map(|at| &clause[at]);
    let word = |at: usize| match clause.get(at) {
        Some(Piece::Word(word)) => Some(*word),
        _ => None,
    };
    // A range: "10 til 12", "mellom 10 og 12", "9-17".
    let joins = match clause.get(at + 1) {
        Some(Piece::Dash | Piece::Word(Word::To | Word::Before)) => true,
        Some(Piece::Word(Word::And)) => before == Some(&Piece::Word(Word::Between)),
        _ => false,
    };
    if joins && let Some(second) = readings(clause, at + 2, true, part) {
        let pairs = first.iter().flat_map(|from| second.iter().map(move |until| (*from, *until)));
        let best = pairs
            .filter(|(from, until)| from < until)
            .min_by_key(|(from, until)| (!PLAUSIBLE.holds(*from), until - from));
        if let Some((from, until)) = best {
            return Some((vec![Window { from, until }], at + 3));
        }
    }
    let minutes = plausible(&first, part);
    let (minute, last) = (*minutes.first()?, *minutes.last()?);
    // "2-ish" has its word behind it.
    let dash = usize::from(clause.get(at + 1) == Some(&Piece::Dash));
    let ish = word(at + 1 + dash) == Some(Word::Around)
        && readings(clause, at + 2 + dash, true, part).is_none();
    let windows = match before {
        _ if ish => vec![around(minute)],
        Some(Piece::Word(Word::Before)) => vec![Window { from: 0, until: last }],
        Some(Piece::Word(Word::After)) => vec![Window { from: minute, until: END_OF_DAY }],
        Some(Piece::Word(Word::Around)) => vec![around(minute)],
        _ => minutes.into_iter().map(Window::at).collect(),
    };
    Some((windows, at + 1 + if ish { dash + 1 } else { 0 }))
}

fn around(minute: u16) -> Window {
    Window { from: minute.saturating_sub(AROUND), until: (minute + AROUND).min(END_OF_DAY) }
}

/// The minutes that the time at `at` may be: a clock time, or a bare number where only a time can stand.
pub(super) fn readings(
    clause: &[Piece],
    at: usize,
    after_time: bool,
    part: Option<Window>,
) -> Option<Vec<u16>> {
    match clause.get(at)? {
        Piece::Clock(minutes) => Some(minutes.clone()),
        Piece::Spelled(hour) => Some(
            [hour * 60, hour * 60 + 12 * 60]
                .into_iter()
                .filter(|minute| *minute < END_OF_DAY)
                .collect(),
        ),
        Piece::Number(number, false) => {
            let before = at.checked_sub(1).map(|at| &clause[at]);
            let stands = match before {
                None | Some(Piece::Day(..) | Piece::Dash) => true,
                Some(Piece::Word(word)) => {
                    matches!(
                        word,
                        Word::Correction
                            | Word::Yes
                            | Word::No
                            | Word::Part(..)
                            | Word::After
                            | Word::Before
                            | Word::Around
                            | Word::Between
                            | Word::To
                    ) || after_time && matches!(word, Word::Or | Word::And)
                }
                _ => false,
            };
            let counts = matches!(
                clause.get(at + 1),
                Some(Piece::Other | Piece::Number(..) | Piece::Length(_))
            );
            if !stands || counts && !matches!(before, Some(Piece::Day(..))) {
                return None;
            }
            let (hour, minute) =
                if *number < 100 { (*number, 0) } else { (number / 100, number % 100) };
            let alone = before.is_none() && part.is_none();
            if hour > 23 || minute > 59 || (alone && *number < 100 && !(1..=23).contains(&hour)) {
                return None;
            }
            let total = hour * 60 + minute;
            let later = (60..12 * 60).contains(&total).then_some(total + 12 * 60);
            Some([Some(total), later].into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Of two readings twelve hours apart, those that the part of the day, or the usual day, leaves.
fn plausible(readings: &[u16], part: Option<Window>) -> Vec<u16> {
    let within = |window: Window| -> Vec<u16> {
        readings.iter().copied().filter(|minute| window.holds(*minute)).collect()
    };
    let narrowed = part.map(within).filter(|left| !left.is_empty());
    let narrowed = narrowed.or_else(|| Some(within(PLAUSIBLE)).filter(|left| !left.is_empty()));
    narrowed.unwrap_or_else(|| readings.to_vec())
}
