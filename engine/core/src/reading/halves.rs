//! Clock times told from an hour: `halv tre`, `kvart over to`, `half past two`, `dix heures et quart`,
//! `الثالثة إلا ربع`.

use super::lex::{Lex, Lexeme};

/// A time before its hour, as in Norwegian and English: minutes on a clock of twelve hours, and where it ends.
pub(super) fn before_hour(
    lexemes: &[Lexeme],
    at: usize,
    spoken_hour: impl Fn(&str) -> Option<u16>,
) -> Option<(u16, usize)> {
    let word = |at: usize| lexemes.get(at).and_then(Lexeme::word);
    let hour = |at: usize| {
        let lexeme = lexemes.get(at)?;
        let hour = match &lexeme.lex {
            Lex::Word(word) => spoken_hour(word),
            _ => lexeme.small().filter(|hour| (1..=12).contains(hour)),
        }?;
        Some((i32::from(hour) * 60, at + 1))
    };
    // "halv tre", and what is counted from it: "fem på halv tre".
    let or_half = |at: usize| match word(at) {
        Some("halv") => hour(at + 1).map(|(minutes, end)| (minutes - 30, end)),
        _ => hour(at),
    };
    let (minutes, end) = match word(at) {
        Some("halv") => or_half(at)?,
        Some("half") => {
            let past = usize::from(word(at + 1) == Some("past"));
            hour(at + 1 + past).map(|(minutes, end)| (minutes + 30, end))?
        }
        _ => {
            let (count, next) = count(lexemes, at)?;
            let range = matches!(
                at.checked_sub(1).and_then(word),
                Some("from" | "between" | "fra" | "mellom")
            );
            let sign = match word(next)? {
                "over" | "past" => 1,
                "pa" => -1,
                // "ten to two", but "from ten to two" and "10 to 2" are stretches.
                "to" if !range && lexemes[at].word().is_some() => -1,
                _ => return None,
            };
            or_half(next + 1).map(|(minutes, end)| (minutes + sign * count, end))?
        }
    };
    on_twelve(minutes).map(|minutes| (minutes, end))
}

/// The minutes in `fem på`, `a quarter past`.
fn count(lexemes: &[Lexeme], at: usize) -> Option<(i32, usize)> {
    let lexeme = lexemes.get(at)?;
    let minutes = match &lexeme.lex {
        Lex::Word(word) => match word.as_str() {
            "fem" | "five" => 5,
            "ti" | "ten" => 10,
            "kvart" | "kvarter" | "quarter" => 15,
            "tjue" | "tyve" | "twenty" => {
                let joined = lexemes.get(at + 1).is_some_and(|l| l.is_mark('-'));
                let five = at + 1 + usize::from(joined);
                return Some(match lexemes.get(five).and_then(Lexeme::word) {
                    Some("five") => (25, five + 1),
                    _ => (20, at + 1),
                });
            }
            _ => return None,
        },
        Lex::Digits(digits) => match digits.as_str() {
            "5" => 5,
            "10" => 10,
            "20" => 20,
            "25" => 25,
            _ => return None,
        },
        Lex::Mark(_) | Lex::Odd => return None,
    };
    Some((minutes, at + 1))
}

/// What stands behind an hour, as in French and Arabic: minutes more (or fewer), and where it ends.
pub(super) fn after_hour(lexemes: &[Lexeme], at: usize) -> Option<(i32, usize)> {
    let word = |at: usize| lexemes.get(at).and_then(Lexeme::word);
    let named = |word: &str| {
        Some(match word {
            "cinq" => 5,
            "dix" => 10,
            "quart" => 15,
            "vingt" => 20,
            _ => return None,
        })
    };
    match word(at)? {
        "et" => match word(at + 1)? {
            "demie" | "demi" => Some((30, at + 2)),
            "quart" => Some((15, at + 2)),
            _ => None,
        },
        "moins" => {
            let le = usize::from(word(at + 1) == Some("le"));
            named(word(at + 1 + le)?).map(|minutes| (-minutes, at + 2 + le))
        }
        "trente" | "والنصف" | "ونصف" | "ونص" | "والنص" => Some((30, at + 1)),
        "quinze" | "والربع" | "وربع" => Some((15, at + 1)),
        "والثلث" | "وثلث" => Some((20, at + 1)),
        "الا" => match word(at + 1)? {
            "ربع" | "ربعا" | "الربع" => Some((-15, at + 2)),
            "ثلث" | "ثلثا" | "الثلث" => Some((-20, at + 2)),
            _ => None,
        },
        _ => None,
    }
}

/// Minutes on a clock of twelve hours: from one o'clock to 12:59.
pub(super) fn on_twelve(minutes: i32) -> Option<u16> {
    let minutes = if minutes < 60 { minutes + 12 * 60 } else { minutes };
    u16::try_from(minutes).ok()
}
