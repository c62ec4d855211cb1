//! Clock times: `10:30`, `kl. 10.30`, `10h30`, `3 pm`, `الساعة 3 مساءً`, `at ten o'clock`.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    halves::{after_hour, before_hour, on_twelve},
    lex::{Lex, Lexeme, by_word},
};

/// A clock time as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    At {
        /// Minutes after midnight.
        minute: u16,
        /// The other reading, twelve hours later, where morning and afternoon are not told apart.
        or: Option<u16>,
        /// Bare numbers (`9-17`) that are times only where the sentence speaks of times.
        loose: bool,
    },
    /// A clock time is named, but not in a way that is read (`halv`).
    Unreadable,
}

impl Clock {
    /// The readings as minutes after midnight.
    pub fn minutes(self) -> impl Iterator<Item = u16> {
        let (first, second) = match self {
            Self::At { minute, or, .. } => (Some(minute), or),
            Self::Unreadable => (None, None),
        };
        first.into_iter().chain(second)
    }

    fn exact(minute: u16) -> Self {
        Self::At { minute, or: None, loose: false }
    }

    /// A time over twelve or twenty-four hours: three o'clock may be fifteen hundred.
    fn either(minute: u16) -> Self {
        let or = (60..12 * 60).contains(&minute).then(|| minute + 12 * 60);
        Self::At { minute, or, loose: false }
    }
}

/// Reads a clock time at `at`; `after_clock` says that a clock time stood just before.
pub(super) fn clock(lexemes: &[Lexeme], at: usize, after_clock: bool) -> Option<(Clock, usize)> {
    if let Some((minute, end)) = before_hour(lexemes, at, spoken_hour) {
        return Some(of_half(lexemes, minute, end));
    }
    if let Some(word) = lexemes[at].word() {
        return spoken(lexemes, at, word);
    }
    let hour = lexemes[at].small().filter(|hour| *hour <= 24)?;
    let cue = cue_before(lexemes, at);
    let cue = if after_clock && cue == Cue::None { Cue::Weak } else { cue };
    let next = lexemes.get(at + 1);

    // 10:30
    if next.is_some_and(|l| l.glued && l.is_mark(':')) {
        let (minute, end) = minutes(lexemes, at + 2)?;
        let (clock, end) = with_half(lexemes, at, hour, minute, end)?;
        // Seconds are read over.
        let seconds = lexemes.get(end).is_some_and(|l| l.glued && l.is_mark(':'))
            && lexemes.get(end + 1).is_some_and(|l| l.glued && l.digits().is_some());
        return Some((clock, if seconds { end + 2 } else { end }));
    }
    // 10h30, 10 h 30, 10 heures
    if next.and_then(Lexeme::word).is_some_and(|word| matches!(word, "h" | "heure" | "heures")) {
        if cue == Cue::Length {
            return None;
        }
        if let Some(told) = told_after(lexemes, at + 2, hour) {
            return Some(told);
        }
        let (minute, end) = minutes(lexemes, at + 2).unwrap_or((0, at + 2));
        return valid(hour, minute).map(|minute| (Clock::exact(minute), end));
    }
    // 10.30, where it is no decimal number
    if let Some((minute, end)) = dotted(lexemes, at) {
        let range = dotted_range(lexemes, end);
        if cue != Cue::None || range || half(lexemes, end).is_some() {
            return with_half(lexemes, at, hour, minute, end);
        }
        return None;
    }
    // 10 am
    if let Some((_, end)) = half(lexemes, at + 1) {
        let (clock, _) = with_half(lexemes, at, hour, 0, at + 1)?;
        return Some((clock, end));
    }
    // 10 o'clock
    if next.and_then(Lexeme::word) == Some("o")
        && lexemes.get(at + 3).and_then(Lexeme::word) == Some("clock")
    {
        return valid(hour, 0).map(|minute| (Clock::either(minute), at + 4));
    }
    bare(lexemes, at, hour, cue)
}

/// A bare hour: after `kl.`, after a preposition when no noun follows, or in `9–17`.
fn bare(lexemes: &[Lexeme], at: usize, hour: u16, cue: Cue) -> Option<(Clock, usize)> {
    let end = at + 1;
    let followed_by_digits = lexemes.get(end).is_some_and(|l| l.digits().is_some());
    let followed_by_number = lexemes.get(end).is_some_and(|l| {
        l.glued && matches!(l.lex, Lex::Mark('.' | ',' | '/' | '\'')) && {
            lexemes.get(end + 1).is_some_and(|l| l.glued && l.digits().is_some())
        }
    });
    let is_wide = lexemes[at].digits().is_some_and(|digits| digits.len() > 2);
    if followed_by_digits || followed_by_number || is_wide {
        return None;
    }
    let minute = valid(hour, 0)?;
    if cue != Cue::None
        && cue != Cue::Length
        && let Some(told) = told_after(lexemes, end, hour)
    {
        return Some(told);
    }
    match cue {
        Cue::Strong => return Some((Clock::either(minute), end)),
        Cue::Weak if !is_counted(lexemes, end) => return Some((Clock::either(minute), end)),
        _ => {}
    }
    let is_dash = |at: usize| lexemes.get(at).is_some_and(|l| l.is_mark('-'));
    let hour_at = |at: usize| lexemes.get(at).and_then(Lexeme::small).filter(|hour| *hour <= 24);
    // The first of "9-17", or the second.
    let first = is_dash(end)
        && hour_at(end + 1).is_some_and(|until| until > hour)
        && !is_counted(lexemes, end + 2);
    let second = at >= 2
        && is_dash(at - 1)
        && hour_at(at - 2).is_some_and(|from| from < hour)
        && !is_counted(lexemes, end);
    let clock = Clock::At { minute, or: None, loose: true };
    (first || second).then_some((clock, end))
}

/// `klokka ti`, `ten o'clock`, `dix heures`, `midi`, `الساعة العاشرة`.
fn spoken(lexemes: &[Lexeme], at: usize, word: &str) -> Option<(Clock, usize)> {
    let next = |offset: usize| lexemes.get(at + offset).and_then(Lexeme::word);
    let back = |back: usize| at.checked_sub(back).map(|at| &lexemes[at]);
    let hyphened = back(1).is_some_and(|l| l.is_mark('-'));
    let before = back(if hyphened { 2 } else { 1 }).and_then(Lexeme::word);
    match word {
        "midi" | "noon" | "الظهيره" if !matches!(before, Some("apres" | "after" | "بعد")) =>
        {
            let half = after_hour(lexemes, at + 1).filter(|(minutes, _)| *minutes == 30);
            return Some(match half {
                Some((minutes, end)) => {
                    (Clock::exact(12 * 60 + minutes.unsigned_abs() as u16), end)
                }
                None => (Clock::exact(12 * 60), at + 1),
            });
        }
        "midnatt" | "midnight" | "minuit" => return Some((Clock::exact(0), at + 1)),
        "halv" if before.is_some_and(is_strong_cue) || next(1).and_then(spoken_hour).is_some() => {
            return Some((Clock::Unreadable, at + 1));
        }
        "half" | "quarter" if matches!(next(1), Some("past" | "to")) => {
            return Some((Clock::Unreadable, at + 2));
        }
        "kvart" if matches!(next(1), Some("over" | "pa")) => {
            return Some((Clock::Unreadable, at + 2));
        }
        _ => {}
    }
    if let Some((hour, end)) = late_hour(lexemes, at, word) {
        // Only as an hour of the clock: "klokka sytten", "dix-sept heures".
        let heures =
            matches!(lexemes.get(end).and_then(Lexeme::word), Some("heure" | "heures" | "h"));
        let cue = cue_before(lexemes, at);
        return match (heures, cue) {
            (true, Cue::Length) => None,
            (true, _) => Some(
                told_after(lexemes, end + 1, hour).unwrap_or((Clock::exact(hour * 60), end + 1)),
            ),
            (false, Cue::Strong) => Some((Clock::exact(hour * 60), end)),
            (false, _) => None,
        };
    }
    let hour = spoken_hour(word)?;
    let cued = cue_before(lexemes, at) == Cue::Strong;
    let o_clock = next(1) == Some("o") && next(3) == Some("clock");
    let heures =
        matches!(next(1), Some("heure" | "heures")) && cue_before(lexemes, at) != Cue::Length;
    let end = if o_clock {
        at + 4
    } else if heures {
        at + 2
    } else if cued {
        at + 1
    } else {
        return None;
    };
    Some(told_after(lexemes, end, hour).unwrap_or_else(|| of_half(lexemes, hour * 60, end)))
}

/// An hour after noon in words, and where it ends: `sytten`, `dix-sept`, `vingt et une`.
fn late_hour(lexemes: &[Lexeme], at: usize, word: &str) -> Option<(u16, usize)> {
    let hyphen = usize::from(lexemes.get(at + 1).is_some_and(|l| l.is_mark('-')));
    let second = lexemes.get(at + 1 + hyphen).and_then(Lexeme::word);
    let end = at + 2 + hyphen;
    Some(match (word, second) {
        ("dix", Some("sept")) => (17, end),
        ("dix", Some("huit")) => (18, end),
        ("dix", Some("neuf")) => (19, end),
        ("vingt", Some("et")) if lexemes.get(end).and_then(Lexeme::word) == Some("une") => {
            (21, end + 1)
        }
        ("vingt", Some("deux")) => (22, end),
        ("vingt", Some("trois")) => (23, end),
        ("tretten" | "treize", _) => (13, at + 1),
        ("fjorten" | "quatorze", _) => (14, at + 1),
        ("femten" | "quinze", _) => (15, at + 1),
        ("seksten" | "seize", _) => (16, at + 1),
        ("sytten", _) => (17, at + 1),
        ("atten", _) => (18, at + 1),
        ("nitten", _) => (19, at + 1),
        ("tjue" | "tyve" | "vingt", _) => (20, at + 1),
        _ => return None,
    })
}

/// The hour of a word, 1 to 12: `ti`, `ten`, `dix`, `العاشرة`.
pub(crate) fn spoken_hour(word: &str) -> Option<u16> {
    const HOURS: [&str; 12] = [
        "ett en one une الواحده",
        "to two deux الثانيه",
        "tre three trois الثالثه",
        "fire four quatre الرابعه",
        "fem five cinq الخامسه",
        "seks six السادسه",
        "sju syv seven sept السابعه",
        "atte eight huit الثامنه",
        "ni nine neuf التاسعه",
        "ti ten dix العاشره",
        "elleve eleven onze الحاديه",
        "tolv twelve douze",
    ];
    static TABLE: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| by_word((1..).zip(HOURS)));
    TABLE.get(word).copied()
}

/// The half of the day that stands behind a time of twelve hours.
fn of_half(lexemes: &[Lexeme], minute: u16, end: usize) -> (Clock, usize) {
    match half(lexemes, end) {
        Some((afternoon, end)) => {
            let morning = minute % (12 * 60);
            (Clock::exact(if afternoon { morning + 12 * 60 } else { morning }), end)
        }
        None => (Clock::either(minute), end),
    }
}

/// `dix heures et quart`, `quinze heures trente`: an hour whose minutes stand behind it in words.
fn told_after(lexemes: &[Lexeme], end: usize, hour: u16) -> Option<(Clock, usize)> {
    let (minutes, end) = after_hour(lexemes, end)?;
    if hour > 12 {
        let total = u16::try_from(i32::from(hour) * 60 + minutes).ok()?;
        return (total < 24 * 60).then(|| (Clock::exact(total), end));
    }
    on_twelve(i32::from(hour) * 60 + minutes).map(|minute| of_half(lexemes, minute, end))
}

fn valid(hour: u16, minute: u16) -> Option<u16> {
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total % (24 * 60))
}

/// Two glued digits after a colon, a point or an `h`.
fn minutes(lexemes: &[Lexeme], at: usize) -> Option<(u16, usize)> {
    let digits = lexemes.get(at)?;
    let text = digits.digits().filter(|text| text.len() == 2)?;
    text.parse().ok().filter(|minute| *minute < 60).map(|minute| (minute, at + 1))
}

/// `10.30` as hour and minute, when nothing glued follows that makes it another number.
fn dotted(lexemes: &[Lexeme], at: usize) -> Option<(u16, usize)> {
    lexemes.get(at + 1).filter(|l| l.glued && l.is_mark('.'))?;
    lexemes.get(at + 2).filter(|l| l.glued)?;
    let (minute, end) = minutes(lexemes, at + 2)?;
    let goes_on = lexemes.get(end).is_some_and(|l| {
        l.glued
            && (l.is_mark('.') || l.is_mark('%') || l.is_mark('/'))
            && (l.is_mark('%')
                || lexemes.get(end + 1).is_some_and(|l| l.glued && l.digits().is_some()))
    });
    (!goes_on).then_some((minute, end))
}

/// Whether `- 11.30` follows, or `10.00 -` stood before is told by the caller's order.
fn dotted_range(lexemes: &[Lexeme], end: usize) -> bool {
    lexemes.get(end).is_some_and(|l| l.is_mark('-'))
        && lexemes.get(end + 1).and_then(Lexeme::small).is_some_and(|hour| hour <= 24)
        && dotted(lexemes, end + 1).is_some()
}

/// `am`, `p.m.`, `صباحا`, `du soir`: which half of the day, and where it ends.
fn half(lexemes: &[Lexeme], at: usize) -> Option<(bool, usize)> {
    let word = lexemes.get(at)?.word()?;
    match word {
        "am" | "صباحا" | "ص" | "صباح" => Some((false, at + 1)),
        "pm" | "مساء" | "م" | "ظهرا" | "عصرا" | "ليلا" => Some((true, at + 1)),
        "a" | "p" => {
            let is_m = lexemes.get(at + 1).is_some_and(|l| l.glued && l.is_mark('.'))
                && lexemes.get(at + 2).is_some_and(|l| l.glued && l.word() == Some("m"));
            let point = lexemes.get(at + 3).is_some_and(|l| l.glued && l.is_mark('.'));
            is_m.then_some((word == "p", at + 3 + usize::from(point)))
        }
        _ => None,
    }
}

/// The time at `at`, with the half of the day that may stand at `end`.
fn with_half(
    lexemes: &[Lexeme],
    at: usize,
    hour: u16,
    minute: u16,
    end: usize,
) -> Option<(Clock, usize)> {
    let Some((afternoon, after)) = half(lexemes, end) else {
        let total = valid(hour, minute)?;
        // "09:30" is of twenty-four hours, "9:30" may be of twelve.
        let leading_zero = lexemes[at].digits().is_some_and(|digits| digits.starts_with('0'));
        return Some((if leading_zero { Clock::exact(total) } else { Clock::either(total) }, end));
    };
    let hour = match (hour, afternoon) {
        (12, false) => 0,
        (1..=11, true) => hour + 12,
        _ => hour,
    };
    valid(hour, minute).map(|minute| (Clock::exact(minute), after))
}

/// How surely a number is a clock time by what stands before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cue {
    /// `kl.`, `klokka`, `الساعة`
    Strong,
    /// `at`, `til`, `à`, a dash after a clock time
    Weak,
    /// `dans`, `within`: it is a length of time
    Length,
    None,
}

fn is_strong_cue(word: &str) -> bool {
    matches!(word, "kl" | "klokka" | "klokken" | "الساعه" | "والساعه" | "ساعه")
}

fn cue_before(lexemes: &[Lexeme], at: usize) -> Cue {
    let Some(mut before) = at.checked_sub(1) else { return Cue::None };
    if lexemes[before].is_mark('.') || lexemes[before].is_mark(':') {
        let Some(earlier) = before.checked_sub(1) else { return Cue::None };
        before = earlier;
        return match lexemes[before].word() {
            Some(word) if is_strong_cue(word) => Cue::Strong,
            _ => Cue::None,
        };
    }
    match lexemes[before].word() {
        Some(word) if is_strong_cue(word) => Cue::Strong,
        Some(
            "at" | "til" | "fra" | "from" | "to" | "until" | "till" | "before" | "after"
            | "between" | "mellom" | "innen" | "etter" | "a" | "entre" | "des" | "jusqu" | "avant"
            | "apres" | "vers" | "حتي" | "الي" | "من" | "بين" | "قبل" | "بعد" | "فور" | "around"
            | "rundt",
        ) => Cue::Weak,
        Some("dans" | "sous" | "pendant" | "durant" | "en" | "within" | "in" | "om" | "خلال") => {
            Cue::Length
        }
        _ => Cue::None,
    }
}

/// Whether a noun or a unit follows, so that the number counts something.
fn is_counted(lexemes: &[Lexeme], at: usize) -> bool {
    let Some(next) = lexemes.get(at) else { return false };
    match &next.lex {
        Lex::Word(word) => !matches!(
            word.as_str(),
            "og" | "eller"
                | "til"
                | "and"
                | "or"
                | "to"
                | "on"
                | "et"
                | "ou"
                | "a"
                | "au"
                | "le"
                | "pa"
                | "i"
                | "den"
                | "by"
                | "is"
                | "er"
                | "est"
                | "today"
                | "tomorrow"
                | "demain"
                | "hver"
                | "every"
                | "المساء"
                | "او"
                | "الي"
                | "حتي"
                | "يوم"
                | "غدا"
                | "اليوم"
                | "for"
                | "pour"
                | "som"
                | "that"
                | "which"
                | "men"
                | "but"
                | "mais"
                | "if"
                | "hvis"
                | "si"
                | "works"
                | "passer"
                | "would"
        ),
        Lex::Mark('%' | '€' | '$' | '£' | '/') => true,
        // A full stop and a comma among them.
        Lex::Mark(_) | Lex::Digits(_) | Lex::Odd => false,
    }
}
