//! Letters made up to be read as others: a claim in disguise is not read, so it does not leave.
//!
//! People read `bооked` with Cyrillic letters, `b00ked`, `b.o.o.k.e.d` and `b o o k e d` as one word; the
//! tables do not. What is hidden (joiners, direction marks) is taken out when a text is folded.

use super::{
    Reason,
    facts::Facts,
    sentence::Sentence,
    words::{Cue, cues},
};
use crate::reading::{Kind, Lex, lex};

/// Single letters one after another that are a word in disguise.
const SPACED: usize = 4;

pub(super) fn check(text: &str, sentence: &Sentence, facts: &Facts) -> Result<(), Reason> {
    let is_claimed = |at: usize| {
        sentence
            .tokens
            .iter()
            .any(|token| token.kind == Kind::Claimed && token.first <= at && at < token.end)
    };
    let mut singles = 0;
    for (at, lexeme) in sentence.lexemes.iter().enumerate() {
        match &lexeme.lex {
            Lex::Word(word) => {
                if !is_plain(word) && !is_claimed(at) && !facts.is_customers_word(word) {
                    return Err(Reason::Markup);
                }
                singles = if word.chars().count() == 1 { singles + 1 } else { 0 };
                if singles >= SPACED {
                    return Err(Reason::Markup);
                }
            }
            Lex::Mark(mark) if is_flag(*mark) => return Err(Reason::Markup),
            Lex::Mark('-' | '\'' | '.') => {}
            _ => singles = 0,
        }
    }
    hidden_claim(text, sentence)
}

/// Folded letters of the scripts that answers are written in.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| {
        c.is_ascii_lowercase()
            || matches!(c, 'ð' | 'þ')
            || matches!(c, '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}')
    })
}

/// The letters that flags are made of.
const fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// A claim that shows only when digits are read as letters, or marks inside words are passed over.
fn hidden_claim(text: &str, sentence: &Sentence) -> Result<(), Reason> {
    let heavy = |cue: &Cue| {
        matches!(cue, Cue::Deal(_) | Cue::Books | Cue::Discount | Cue::Gratis | Cue::Guarantee)
    };
    for (one, mark) in [('i', None), ('l', None), ('i', Some(' '))] {
        let Some(bare) = bare(text, one, mark) else { return Ok(()) };
        let shown = cues().find(&lex(&bare)).into_iter().map(|cue| cue.meaning);
        let is_new = |cue: &Cue| !sentence.cues.iter().any(|known| known.meaning == *cue);
        if shown.filter(heavy).any(|cue| is_new(&cue)) {
            return Err(Reason::Markup);
        }
    }
    Ok(())
}

/// The text with its digits inside words as letters, and with `instead` of marks inside words; none when that is
/// the same text.
fn bare(text: &str, one: char, instead: Option<char>) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let near = |at: usize, step: isize| at.checked_add_signed(step).and_then(|at| chars.get(at));
    let letter = |c: Option<&char>| c.is_some_and(|c| c.is_alphabetic());
    let mut bare = String::with_capacity(text.len());
    let mut changed = false;
    for (at, c) in chars.iter().enumerate() {
        let alike = match c {
            '0' => Some('o'),
            '1' | '!' | '|' => Some(one),
            '3' | '€' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            _ => None,
        };
        // A digit of a word has letters on one side, and letters or digits on the other.
        let inside = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        let is_letter = letter(near(at, -1)) && inside(near(at, 1))
            || inside(near(at, -1)) && letter(near(at, 1));
        let is_mark = !c.is_alphanumeric() && !c.is_whitespace();
        if let (Some(alike), true) = (alike, is_letter) {
            bare.push(alike);
            changed = true;
        } else if is_mark && letter(near(at, -1)) && letter(near(at, 1)) {
            bare.extend(instead);
            changed = true;
        } else {
            bare.push(*c);
        }
    }
    changed.then_some(bare)
}
