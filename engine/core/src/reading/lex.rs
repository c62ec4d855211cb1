//! Folding a text and cutting it into words, runs of digits, and marks.
//!
//! Folding makes spellings equal that people (and models) take for one: case, accents, vowel marks,
//! full-width and Arabic digits, typographic dashes and quotes, invisible characters.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// No text is read further than this many pieces (A9).
pub const MAX_LEXEMES: usize = 4_000;

/// The smallest piece of a folded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexeme {
    pub lex: Lex,
    /// It follows the piece before it without white space.
    pub glued: bool,
    /// It began with a capital letter.
    pub upper: bool,
    /// It ended in `é`, which folding hides: `confirmé` is not `confirme`.
    pub acute: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lex {
    /// Letters, folded.
    Word(String),
    /// ASCII digits, as many as stood together.
    Digits(String),
    Mark(char),
    /// A digit or number sign of a script that is not read; never harmless in a claim.
    Odd,
}

impl Lexeme {
    pub fn word(&self) -> Option<&str> {
        if let Lex::Word(word) = &self.lex { Some(word) } else { None }
    }

    pub fn digits(&self) -> Option<&str> {
        if let Lex::Digits(digits) = &self.lex { Some(digits) } else { None }
    }

    pub fn is_mark(&self, mark: char) -> bool {
        self.lex == Lex::Mark(mark)
    }

    /// The digits as a number, when they are few enough to be a day, an hour or a year.
    pub fn small(&self) -> Option<u16> {
        self.digits().filter(|digits| digits.len() <= 4).and_then(|digits| digits.parse().ok())
    }
}

/// A folded text as one string, for comparing whole sentences.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for lexeme in lex(text) {
        if !lexeme.glued && !folded.is_empty() {
            folded.push(' ');
        }
        match lexeme.lex {
            Lex::Word(text) | Lex::Digits(text) => folded.push_str(&text),
            Lex::Mark(mark) => folded.push(mark),
            Lex::Odd => folded.push('\u{fffd}'),
        }
    }
    folded
}

/// What each word of a table means; of a word that stands twice, what it means first.
pub(super) fn by_word<T: Copy>(
    table: impl IntoIterator<Item = (T, &'static str)>,
) -> HashMap<&'static str, T> {
    let mut meanings = HashMap::new();
    for (meaning, words) in table {
        for word in words.split(' ') {
            meanings.entry(word).or_insert(meaning);
        }
    }
    meanings
}

/// Cuts a text into its pieces, [`MAX_LEXEMES`] at most.
pub fn lex(text: &str) -> Vec<Lexeme> {
    let mut pieces = Pieces::default();
    // Plain ASCII has one form only; most of what is read is that.
    if text.is_ascii() {
        pieces.read(text.chars());
    } else {
        pieces.read(text.nfkd());
    }
    pieces.done.truncate(MAX_LEXEMES);
    pieces.done
}

#[derive(Default)]
struct Pieces {
    done: Vec<Lexeme>,
    open: Option<Lexeme>,
    spaced: bool,
}

impl Pieces {
    fn read(&mut self, chars: impl Iterator<Item = char>) {
        for c in chars {
            if self.done.len() >= MAX_LEXEMES {
                break;
            }
            if c == '\u{301}' {
                self.accent();
            } else if !is_hidden(c) {
                self.take(c);
            }
        }
        self.finish();
    }

    fn take(&mut self, c: char) {
        if c.is_whitespace() || c.is_control() {
            self.finish();
            self.spaced = true;
        } else if let Some(digit) = digit(c) {
            match &mut self.open {
                Some(Lexeme { lex: Lex::Digits(digits), .. }) => digits.push(digit),
                _ => self.start(Lex::Digits(digit.to_string()), false),
            }
        } else if c.is_numeric() {
            self.start(Lex::Odd, false);
        } else if c.is_alphabetic() {
            if !matches!(&self.open, Some(Lexeme { lex: Lex::Word(_), .. })) {
                self.start(Lex::Word(String::new()), c.is_uppercase());
            }
            if let Some(Lexeme { lex: Lex::Word(word), acute, .. }) = &mut self.open {
                push_letter(word, c);
                *acute = false;
            }
        } else {
            self.start(Lex::Mark(mark(c)), false);
        }
    }

    /// An acute accent stands on the letter before.
    fn accent(&mut self) {
        if let Some(Lexeme { lex: Lex::Word(word), acute, .. }) = &mut self.open {
            *acute = word.ends_with('e');
        }
    }

    fn start(&mut self, lex: Lex, upper: bool) {
        self.finish();
        let glued = !self.spaced && !self.done.is_empty();
        self.spaced = false;
        self.open = Some(Lexeme { lex, glued, upper, acute: false });
    }

    fn finish(&mut self) {
        self.done.extend(self.open.take());
    }
}

/// What is not seen: marks on letters, joiners, direction marks, tatweel, soft hyphen.
fn is_hidden(c: char) -> bool {
    // Nothing of ASCII is.
    !c.is_ascii() && is_combining_mark(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(c as u32 - 0x6f0, 10),
        _ => None,
    }
}

fn push_letter(word: &mut String, c: char) {
    match c {
        'a'..='z' => word.push(c),
        'A'..='Z' => word.push(c.to_ascii_lowercase()),
        'ø' | 'Ø' => word.push('o'),
        'æ' | 'Æ' => word.push_str("ae"),
        'œ' | 'Œ' => word.push_str("oe"),
        'ß' => word.push_str("ss"),
        'ة' => word.push('ه'),
        'ى' | 'ی' => word.push('ي'),
        'ک' => word.push('ك'),
        'ٱ' => word.push('ا'),
        _ => word.extend(c.to_lowercase().filter(|c| !is_hidden(*c))),
    }
}

fn mark(c: char) -> char {
    match c {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '’' | '‘' | 'ʼ' | '`' | '´' => '\'',
        '،' | '٬' => ',',
        '٫' => '.',
        '؛' => ';',
        '؟' => '?',
        '٪' => '%',
        '⁄' | '∕' => '/',
        '«' | '»' | '“' | '”' | '„' => '"',
        _ => c,
    }
}
