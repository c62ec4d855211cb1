//! Puts pieces together to what they name: a day, a clock time, an amount, a phone number.

use super::{
    clock::{Clock, clock},
    day::{Day, day},
    lex::{Lex, Lexeme},
    number::{Amount, Number, amount, currency, is_scale_word, number},
};

/// What a stretch of a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word that is none of the others; its text is in the lexeme.
    Word,
    Mark(char),
    Day(Day),
    Clock(Clock),
    Amount(Amount),
    /// A price in words (`four hundred thousand kroner`) that is not read.
    SpelledAmount,
    /// Hundredths of a percent: `4.99 %` is 499.
    Percent(i64),
    /// Kilometres; other units are converted.
    Distance(i64),
    /// A length of time, in minutes.
    Duration(i64),
    /// Digits of a phone number, with a leading `+` if it had one.
    Phone(String),
    Number(Number),
    /// What the caller has claimed already, such as the name of a vehicle.
    Claimed,
    /// A digit or number sign that is not read.
    Odd,
}

/// What lexemes `first` up to before `end` name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub first: usize,
    pub end: usize,
}

/// Reads a text. Lexemes for which `claimed` is true are not looked at: they are part of a name.
pub fn read(lexemes: &[Lexeme], claimed: impl Fn(usize) -> bool) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(lexemes.len());
    let mut at = 0;
    while at < lexemes.len() {
        if claimed(at) {
            tokens.push(Token { kind: Kind::Claimed, first: at, end: at + 1 });
            at += 1;
            continue;
        }
        // What is read ends before the next name.
        let until = (at..lexemes.len()).find(|at| claimed(*at)).unwrap_or(lexemes.len());
        let open = &lexemes[..until];
        let (kind, end) = one(open, at, after_clock(&tokens, lexemes));
        let end = end.clamp(at + 1, until);
        tokens.push(Token { kind, first: at, end });
        at = end;
    }
    tokens
}

fn one(lexemes: &[Lexeme], at: usize, after_clock: bool) -> (Kind, usize) {
    let in_clock = after_clock || {
        let before = |back: usize| at.checked_sub(back).and_then(|at| lexemes[at].word());
        matches!(before(1).or_else(|| before(2)), Some("kl" | "klokka" | "klokken" | "الساعه"))
    };
    if let Some((found, end)) = day(lexemes, at, in_clock) {
        return (Kind::Day(found), end);
    }
    let found = match &lexemes[at].lex {
        Lex::Odd => Some((Kind::Odd, at + 1)),
        Lex::Mark('+') => phone(lexemes, at),
        Lex::Mark(_) => amount(lexemes, at).map(|(amount, end)| (Kind::Amount(amount), end)),
        // "الساعة 2 يوم السبت" is no two days.
        Lex::Digits(_) => in_clock
            .then(|| clock(lexemes, at, after_clock).map(|(c, end)| (Kind::Clock(c), end)))
            .flatten()
            .or_else(|| measured(lexemes, at))
            .or_else(|| clock(lexemes, at, after_clock).map(|(c, end)| (Kind::Clock(c), end)))
            .or_else(|| phone(lexemes, at))
            .or_else(|| number(lexemes, at).map(|(n, end)| (Kind::Number(n), end)))
            // More digits than a number has are read as a phone number, and known or not.
            .or_else(|| lexemes[at].digits().map(|d| (Kind::Phone(d.to_owned()), at + 1))),
        Lex::Word(word) => amount(lexemes, at)
            .map(|(amount, end)| (Kind::Amount(amount), end))
            .or_else(|| clock(lexemes, at, after_clock).map(|(c, end)| (Kind::Clock(c), end)))
            .or_else(|| spelled(lexemes, at, word)),
    };
    found.unwrap_or_else(|| match &lexemes[at].lex {
        Lex::Mark(mark) => (Kind::Mark(*mark), at + 1),
        _ => (Kind::Word, at + 1),
    })
}

/// A number with its unit: money, percent, distance, time.
fn measured(lexemes: &[Lexeme], at: usize) -> Option<(Kind, usize)> {
    if let Some((amount, end)) = amount(lexemes, at) {
        return Some((Kind::Amount(amount), end));
    }
    let (value, end) = number(lexemes, at)?;
    let word = |at: usize| lexemes.get(at).and_then(Lexeme::word);
    let unit = word(end);
    if lexemes.get(end).is_some_and(|l| l.is_mark('%')) {
        return Some((Kind::Percent(value.hundredths), end + 1));
    }
    match unit? {
        "prosent" | "percent" | "pct" | "pst" | "pourcent" | "بالميه" | "بالمايه" => {
            Some((Kind::Percent(value.hundredths), end + 1))
        }
        "per" | "pour" if matches!(word(end + 1), Some("cent")) => {
            Some((Kind::Percent(value.hundredths), end + 2))
        }
        "في" if matches!(word(end + 1), Some("الميه" | "المايه")) => {
            Some((Kind::Percent(value.hundredths), end + 2))
        }
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" | "كم" | "كيلومتر"
        | "كيلومترات" | "كيلو" | "كيلومترا" => {
            // "110 km/t" is a speed.
            Some((Kind::Distance(value.hundredths / 100), end + 1))
        }
        "mil" => Some((Kind::Distance(value.hundredths / 10), end + 1)),
        "mile" | "miles" => Some((Kind::Distance(value.hundredths * 8 / 500), end + 1)),
        unit => {
            let minutes = unit_minutes(unit)?;
            let total = (value.hundredths / 100).checked_mul(minutes)?;
            Some((Kind::Duration(total), end + 1))
        }
    }
}

/// A unit of time in minutes; French hours are clock times unless the text says otherwise.
fn unit_minutes(unit: &str) -> Option<i64> {
    Some(match unit {
        "min" | "mins" | "minutt" | "minutter" | "minute" | "minutes" | "دقيقه" | "دقايق" => {
            1
        }
        "time" | "timer" | "hour" | "hours" | "hrs" | "ساعه" | "ساعات" => 60,
        "dag" | "dager" | "virkedager" | "day" | "days" | "jour" | "jours" | "يوم" | "ايام"
        | "يوما" => 24 * 60,
        "uke" | "uker" | "week" | "weeks" | "semaine" | "semaines" | "اسبوع" | "اسابيع" => {
            7 * 24 * 60
        }
        "maned" | "maneder" | "month" | "months" | "mois" | "شهر" | "اشهر" | "شهور" => {
            30 * 24 * 60
        }
        "ar" | "year" | "years" | "an" | "ans" | "annee" | "annees" | "سنه" | "سنوات" => {
            365 * 24 * 60
        }
        _ => return None,
    })
}

/// A price in words: a word of scale, and a currency right after.
fn spelled(lexemes: &[Lexeme], at: usize, word: &str) -> Option<(Kind, usize)> {
    is_scale_word(word).then_some(())?;
    let skip = |at: usize| {
        let word = lexemes.get(at).and_then(Lexeme::word);
        at + usize::from(matches!(word, Some("d" | "de" | "av" | "of")))
            + usize::from(lexemes.get(at + 1).is_some_and(|l| l.is_mark('\'')))
    };
    currency(lexemes, at + 1)
        .or_else(|| currency(lexemes, skip(at + 1)))
        .map(|(_, end)| (Kind::SpelledAmount, end))
}

/// A run of digits that is no date, time or price, but long enough to dial.
fn phone(lexemes: &[Lexeme], at: usize) -> Option<(Kind, usize)> {
    let plus = lexemes[at].is_mark('+');
    let mut end = at + usize::from(plus);
    let (mut digits, mut groups) = (String::new(), Vec::new());
    while let Some(group) = lexemes.get(end) {
        match &group.lex {
            Lex::Digits(text) => {
                digits.push_str(text);
                groups.push(text.len());
                end += 1;
            }
            Lex::Mark('-' | '.' | '(' | ')' | '/') if !groups.is_empty() || plus => {
                // A mark belongs to the number only between digits.
                let after = (end + 1..lexemes.len().min(end + 3))
                    .find(|at| !matches!(lexemes[*at].lex, Lex::Mark('(' | ')' | ' ')));
                match after.map(|at| &lexemes[at].lex) {
                    Some(Lex::Digits(_)) => end += 1,
                    _ => break,
                }
            }
            _ => break,
        }
        if digits.len() > 20 {
            break;
        }
    }
    let grouped_by_thousand =
        groups.first().is_some_and(|n| *n <= 3) && groups.iter().skip(1).all(|n| *n == 3);
    let is_phone = plus
        || digits.starts_with("00") && groups.len() > 1
        || digits.len() >= 7 && (groups.len() == 1 || !grouped_by_thousand);
    (is_phone && (5..=20).contains(&digits.len())).then(|| {
        let text = if plus { format!("+{digits}") } else { digits };
        (Kind::Phone(text), end)
    })
}

/// Whether the last token was a clock time, but for a connecting word or mark.
fn after_clock(tokens: &[Token], lexemes: &[Lexeme]) -> bool {
    let is_link = |token: &Token| match token.kind {
        Kind::Mark(',' | '-' | '/') => true,
        Kind::Word => matches!(
            lexemes[token.first].word(),
            Some(
                "og" | "eller"
                    | "til"
                    | "and"
                    | "or"
                    | "to"
                    | "et"
                    | "ou"
                    | "a"
                    | "و"
                    | "او"
                    | "الي"
                    | "حتي"
                    | "kl"
                    | "at"
            )
        ),
        _ => false,
    };
    tokens
        .iter()
        .rev()
        .take(3)
        .find(|token| !is_link(token))
        .is_some_and(|token| matches!(token.kind, Kind::Clock(_)))
}
