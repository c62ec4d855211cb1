//! One-time codes: how a customer proves that a booking is theirs, when no signed link is at hand.
//!
//! A code is six digits, sent to the booking's mail address. What it is depends on a key that only the
//! gateway has, and on the letter it is sent in; neither the store nor a log ever holds one (A14).
//!
//! # Invariants
//! - a code is good for [`VALID`], for [`MOST_TRIES`] tries, and once;
//! - [`MOST_SENDS`] codes of a booking are sent in an hour, whoever asks: 15 guesses of a million.

use jiff::SignedDuration;

/// How long a code is good.
pub const VALID: SignedDuration = SignedDuration::from_mins(10);
/// Tries that a code allows.
pub const MOST_TRIES: u32 = 5;
/// Codes of one booking within [`WINDOW`].
pub const MOST_SENDS: u32 = 3;
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// What is said of an address to whom nothing may be said.
pub const HIDDEN: &str = "•••@•••";

/// Why a code proves nothing. A refusal says nothing about whether the booking has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CodeRefused {
    /// It is another one; so many tries are left.
    #[error("the code is wrong")]
    Wrong { left: u32 },
    /// It was used, tried too often, or its time has passed.
    #[error("the code is over")]
    Over,
    /// Enough codes were sent for now.
    #[error("too many codes were sent")]
    TooMany,
}

/// The six digits that a person typed, whatever they typed around them; in the digits of Arabic too.
pub fn digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(6);
    for c in text.chars().take(64) {
        let digit = match c {
            '0'..='9' => c,
            '\u{660}'..='\u{669}' => ascii(c, 0x660)?,
            '\u{6f0}'..='\u{6f9}' => ascii(c, 0x6f0)?,
            c if c.is_whitespace() || matches!(c, '-' | '.' | '\u{200e}' | '\u{200f}') => continue,
            _ => return None,
        };
        digits.push(digit);
    }
    (digits.len() == 6).then_some(digits)
}

fn ascii(digit: char, zero: u32) -> Option<char> {
    char::from_digit(u32::from(digit).checked_sub(zero)?, 10)
}

/// An address as a reminder for who knows it: `k•••@e•••`.
pub fn masked(address: &str) -> String {
    let part = |text: &str| text.chars().next().map(|c| format!("{c}•••"));
    let parts = address.split_once('@').and_then(|(name, host)| Some((part(name)?, part(host)?)));
    parts.map_or_else(|| HIDDEN.to_owned(), |(name, host)| format!("{name}@{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in
            ["123456", " 123 456 ", "12-34-56", "١٢٣٤٥٦", "۱۲۳۴۵۶", "\u{200f}123456\u{200e}"]
        {
            assert_eq!(digits(text).as_deref(), Some("123456"), "{text}");
        }
        for text in ["", "12345", "1234567", "12345a", "½23456", "code 123456"] {
            assert_eq!(digits(text), None, "{text}");
        }
        assert_eq!(digits(&"1".repeat(1_000)), None);
    }

    #[test]
    fn a_masked_address_is_known_only_to_who_knows_it() {
        assert_eq!(masked("kari@example.no"), "k•••@e•••");
        assert_eq!(masked("łucja@żabka.example"), "ł•••@ż•••");
        assert_eq!(masked("@"), HIDDEN);
        assert_eq!(masked(""), HIDDEN);
    }
}
