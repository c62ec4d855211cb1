//! When a customer's words call a person: they ask for one, they are upset, or it is about the law, an
//! accident or danger. A table of phrases per language ([`table`]); a tenant may add its own.
//!
//! # Invariants
//! - **A3** the same text gives the same answer;
//! - a word that stands inside another, or inside a longer phrase that says something else, is none:
//!   `menneske` calls, `menneskelig feil` does not;
//! - what is denied is not said: `no accident`, `jeg er ikke sint`.

mod table;
#[cfg(test)]
mod tests;

use self::table::{Says, phrases};
use crate::{
    event::AlertReason,
    reading::{Lexeme, fold, lex, phrases::Found},
};

/// Characters that are read.
const READ_CHARS: usize = 2_000;
/// A text of so many words that names a person asks for one.
const ALMOST_ALONE: usize = 3;
/// Words that ask nicely, and nothing else; folded.
const POLITE: &[&str] = &[
    "takk",
    "please",
    "s",
    "il",
    "vous",
    "plait",
    "svp",
    "te",
    "hei",
    "hello",
    "bonjour",
    "من",
    "فضلك",
    "فضلكم",
    "لو",
    "سمحت",
    "مرحبا",
];
/// So many words behind a `not` it still denies.
const DENIES: usize = 3;

/// What a text says that a person must hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Somebody may be in danger.
    Danger,
    /// A person is asked for.
    Person,
    /// It is about the law, or a complaint.
    Law,
    Upset,
}

impl Call {
    /// What the person is told.
    pub const fn reason(self) -> AlertReason {
        match self {
            Self::Person => AlertReason::CustomerAsked,
            Self::Danger | Self::Law | Self::Upset => AlertReason::Upset,
        }
    }
}

/// Why a person is needed, if the text says so.
pub fn hear_call(
    text: &str,
    own_words: &[String],
    _today: jiff::civil::Date,
) -> Option<AlertReason> {
    let text: String = text.chars().take(READ_CHARS).collect();
    if let Some(call) = call_in(&text) {
        return Some(call.reason());
    }
    let folded = format!(" {} ", fold(&text));
    let says = |phrase: &str| folded.contains(&format!(" {phrase} "));
    own_words.iter().any(|word| says(&fold(word))).then_some(AlertReason::CustomerAsked)
}

/// The weightiest of what the text says; whatever the tenant's own words are.
pub fn call_in(text: &str) -> Option<Call> {
    let lexemes = lex(text);
    let words =
        lexemes.iter().filter_map(Lexeme::word).filter(|word| !POLITE.contains(word)).count();
    let all = phrases().find(&lexemes);
    let holds_not = |one: &Found<Says>| {
        all.iter().any(|not| not.meaning == Says::Not && (one.first..one.end).contains(&not.first))
    };
    let found = longest(&all);
    let mut calls: Vec<Call> = Vec::new();
    for (at, one) in found.iter().enumerate() {
        let call = match one.meaning {
            Says::Person => Call::Person,
            Says::Alone if words <= ALMOST_ALONE => Call::Person,
            Says::Upset => Call::Upset,
            Says::Law => Call::Law,
            Says::Danger => Call::Danger,
            Says::Alone | Says::Nothing | Says::Not => continue,
        };
        if holds_not(one) || !is_denied(&lexemes, &found[..at], one.first) {
            calls.push(call);
        }
    }
    calls.into_iter().min()
}

/// Of phrases that overlap, the longest: the one that begins first, and there the one that ends last.
fn longest(all: &[Found<Says>]) -> Vec<Found<Says>> {
    // What says nothing goes before what it covers, wherever inside of it that begins.
    let covers = |one: &Found<Says>, other: &Found<Says>| {
        let inside = one.first <= other.first && other.end <= one.end;
        inside && (one.meaning == Says::Nothing || one.end - one.first > other.end - other.first)
    };
    let mut found = all.to_vec();
    found.retain(|other| {
        other.meaning == Says::Nothing
            || !all.iter().any(|one| {
                covers(one, other)
                    && (one.first, one.end, one.meaning) != (other.first, other.end, other.meaning)
            })
    });
    found.sort_by_key(|one| (one.first, std::cmp::Reverse(one.end)));
    found
}

/// Whether a `not` stands close before, in the same breath.
fn is_denied(lexemes: &[Lexeme], before: &[Found<Says>], first: usize) -> bool {
    before.iter().any(|one| {
        one.meaning == Says::Not
            && one.end <= first
            && first - one.end <= DENIES
            && !lexemes[one.end..first].iter().any(|lexeme| {
                [',', '.', '!', '?', ';', ':', '-'].into_iter().any(|mark| lexeme.is_mark(mark))
            })
    })
}
