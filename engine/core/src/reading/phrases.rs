//! Finding words and phrases of a table in a folded text, in one pass.
//!
//! A phrase is written as people write it (`"prøvekjør*"`, `"vi har"`): it is folded when the table
//! is built, a trailing `*` stands for any ending, and hyphens and apostrophes between its words
//! are passed over. A word that ends in `é` is found only with its accent: `confirmé` is done,
//! `confirme` is being done. Arabic words are found with their prefixes and their article too.

use std::collections::HashMap;

use super::lex::{Lex, Lexeme, lex};

/// Phrases with a meaning each, indexed by how they begin.
#[derive(Debug)]
pub struct Phrases<T> {
    entries: HashMap<[char; 2], Vec<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    words: Vec<Pattern>,
    meaning: T,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    open_ended: bool,
    acute: bool,
}

/// A phrase that was found, from lexeme `first` up to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<T> {
    pub meaning: T,
    pub first: usize,
    pub end: usize,
}

impl<T: Copy> Phrases<T> {
    /// Builds a table from `(meaning, phrases parted by "|")`.
    pub fn new<'a>(table: impl IntoIterator<Item = (T, &'a str)>) -> Self {
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        for (meaning, phrases) in table {
            for phrase in phrases.split('|').map(str::trim).filter(|phrase| !phrase.is_empty()) {
                let words = patterns(phrase);
                if let Some(key) = words.first().and_then(|pattern| key(&pattern.text)) {
                    entries.entry(key).or_default().push(Entry { words, meaning });
                }
            }
        }
        Self { entries }
    }

    /// Every phrase in the text, by where it begins; phrases may overlap.
    pub fn find(&self, lexemes: &[Lexeme]) -> Vec<Found<T>> {
        let mut found = Vec::new();
        for (first, lexeme) in lexemes.iter().enumerate() {
            let Lex::Word(word) = &lexeme.lex else { continue };
            for form in forms(word) {
                let Some(entries) = key(form).and_then(|key| self.entries.get(&key)) else {
                    continue;
                };
                for entry in entries {
                    if let Some(end) = entry.end(lexemes, first, form) {
                        found.push(Found { meaning: entry.meaning, first, end });
                    }
                }
            }
        }
        found
    }
}

impl<T> Entry<T> {
    fn end(&self, lexemes: &[Lexeme], first: usize, form: &str) -> Option<usize> {
        let (head, tail) = self.words.split_first()?;
        if !head.matches(form) || head.acute && !lexemes[first].acute {
            return None;
        }
        let mut at = first + 1;
        for pattern in tail {
            while lexemes.get(at).is_some_and(|l| l.is_mark('-') || l.is_mark('\'')) {
                at += 1;
            }
            let next = lexemes.get(at)?;
            let hit = match &next.lex {
                Lex::Word(word) => {
                    (next.acute || !pattern.acute) && forms(word).any(|form| pattern.matches(form))
                }
                Lex::Digits(digits) => pattern.matches(digits),
                Lex::Mark(_) | Lex::Odd => false,
            };
            if !hit {
                return None;
            }
            at += 1;
        }
        Some(at)
    }
}

impl Pattern {
    fn matches(&self, word: &str) -> bool {
        if self.open_ended { word.starts_with(&self.text) } else { word == self.text }
    }
}

fn patterns(phrase: &str) -> Vec<Pattern> {
    let mut words: Vec<Pattern> = Vec::new();
    for lexeme in lex(phrase) {
        match lexeme.lex {
            Lex::Word(text) | Lex::Digits(text) => {
                words.push(Pattern { text, open_ended: false, acute: lexeme.acute });
            }
            Lex::Mark('*') => {
                if let Some(last) = words.last_mut() {
                    last.open_ended = true;
                    last.acute = false;
                }
            }
            Lex::Mark(_) | Lex::Odd => {}
        }
    }
    words
}

fn key(word: &str) -> Option<[char; 2]> {
    let mut chars = word.chars();
    Some([chars.next()?, chars.next().unwrap_or('\0')])
}

/// A word, and for Arabic also what is left without its proclitics.
pub fn forms(word: &str) -> impl Iterator<Item = &str> {
    const PROCLITICS: [&str; 12] =
        ["وال", "بال", "فال", "كال", "ولل", "لل", "ال", "و", "ف", "ب", "ل", "ك"];
    let is_arabic = word.starts_with(|c: char| ('\u{600}'..='\u{6ff}').contains(&c));
    let shorter = PROCLITICS
        .into_iter()
        .filter(move |_| is_arabic)
        .filter_map(|proclitic| word.strip_prefix(proclitic))
        .filter(|rest| rest.chars().count() >= 2);
    std::iter::once(word).chain(shorter)
}
