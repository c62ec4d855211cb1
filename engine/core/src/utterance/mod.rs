//! What a customer's text means for a booking: which days and times, yes or no, or something else than before.
//!
//! Lives here: [`hear`], in four languages at once, since people mix them. It builds on the reader
//! ([`crate::reading`]): `pieces` finds what is named and what joins it, `when` puts it together to days and
//! times, `reply` tells a yes from a yes, but.
//!
//! # Invariants
//! - **A3** the same text on the same day means the same;
//! - a yes is a yes only when nothing is asked, doubted or changed in the same breath: whoever is not sure
//!   is asked back, never booked (A6);
//! - the reading is linear in the text, and bounded (A9).

mod contact;
mod pieces;
mod reply;
#[cfg(test)]
mod tests;
mod times;
mod when;
mod words;

use jiff::civil::Date;

pub use self::{
    contact::{SaidContact, hear_contact},
    reply::Reply,
};
use crate::reading::{MAX_LEXEMES, lex, read};

/// Days that are kept of a text; whoever names more is asked which.
const MAX_DAYS: usize = 14;
/// Choices, and times of each, that are kept of a text.
const MAX_CHOICES: usize = 8;
/// The end of a day, in minutes after its midnight.
const END_OF_DAY: u16 = 24 * 60;
/// Texts are read this far; nobody says when they can come in more words than that.
const READ_CHARS: usize = 2_000;

/// What a text means for a booking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utterance {
    pub reply: Option<Reply>,
    /// Something said before is not so any more: `nei, heller fredag`, `sorry, I meant three`.
    pub corrects: bool,
    /// When it would suit, each with its days and times: `mandag kl. 10 eller tirsdag etter to`.
    pub choices: Vec<Choice>,
    /// Days that are ruled out: `ikke mandag`.
    pub not_days: Vec<Date>,
    /// As early as there is a place.
    pub soonest: bool,
    /// Any day or time will do.
    pub any: bool,
    /// What is named and not understood: it must be asked back.
    pub doubts: Vec<Doubt>,
}

/// Days, and what is wanted of each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Nearest first; empty when only times are named.
    pub days: Vec<Date>,
    /// Empty when only days are named.
    pub times: Vec<Window>,
}

impl Choice {
    fn suits(&self, day: Date, minute: u16) -> bool {
        (self.days.is_empty() || self.days.contains(&day))
            && (self.times.is_empty() || self.times.iter().any(|window| window.holds(minute)))
    }
}

/// A stretch of a day, in minutes after midnight, both ends included. A clock time is a stretch of no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    pub from: u16,
    pub until: u16,
}

impl Window {
    /// The whole day.
    pub const DAY: Self = Self { from: 0, until: END_OF_DAY };

    pub const fn at(minute: u16) -> Self {
        Self { from: minute, until: minute }
    }

    /// The clock time, when it is one.
    pub const fn minute(self) -> Option<u16> {
        if self.from == self.until { Some(self.from) } else { None }
    }

    pub const fn holds(self, minute: u16) -> bool {
        self.from <= minute && minute <= self.until
    }
}

/// Why a text must be asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A day was named that is not in the calendar, or long past.
    NoSuchDay,
    /// More days were named than one can keep in mind.
    TooManyDays,
    /// A clock time was named in a way that is not read.
    UnclearTime,
}

impl Utterance {
    /// Whether it says anything about when.
    pub fn names_a_time(&self) -> bool {
        !self.choices.is_empty() || self.soonest || self.any
    }

    /// Whether the text names this clock time, with its day or without any.
    pub fn names(&self, day: Date, minute: u16) -> bool {
        let names = |one: &Choice| {
            (one.days.is_empty() || one.days.contains(&day))
                && one.times.iter().any(|window| window.minute() == Some(minute))
        };
        self.doubts.is_empty() && !self.not_days.contains(&day) && self.choices.iter().any(names)
    }

    /// Whether the customer takes exactly what was offered. An offer names its day and minute; a yes that
    /// names another day or time is none.
    pub fn accepts(&self, day: Date, minute: u16) -> bool {
        self.reply == Some(Reply::Yes)
            && !self.corrects
            && self.doubts.is_empty()
            && !self.not_days.contains(&day)
            && (self.choices.is_empty() || self.choices.iter().any(|one| one.suits(day, minute)))
    }
}

/// Hears a text that a customer wrote on the day `today` in the tenant's zone.
pub fn hear(text: &str, today: Date) -> Utterance {
    let text: String = text.chars().take(READ_CHARS).collect();
    let lexemes = lex(&text);
    debug_assert!(lexemes.len() <= MAX_LEXEMES);
    let tokens = read(&lexemes, |_| false);
    let pieces = pieces::pieces(&lexemes, &tokens, today);
    let mut utterance = when::when(&pieces, today);
    reply::reply(&lexemes, &pieces, &mut utterance);
    utterance
}
