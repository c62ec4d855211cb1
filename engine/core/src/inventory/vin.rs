//! The vehicle identification number (ISO 3779): 17 letters and digits, without `I`, `O` and `Q`.
//!
//! The ninth place is a check digit for vehicles that were built for North America (49 CFR 565.15);
//! manufacturers elsewhere use it as they like, so there it is never a reason to refuse.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

const LENGTH: usize = 17;
const WEIGHTS: [u32; LENGTH] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/// An identification number of the right form. Prints nothing of itself in debug output (A13).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Vin(String);

/// Why it is none; the words are for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VinError {
    #[error("must have 17 letters and digits, and has {0}")]
    Length(usize),
    #[error("has no I, O or Q: they would be read as 1 and 0")]
    Letter,
    #[error("may have the letters A to Z and digits only")]
    Character,
    #[error("has a misprint: its ninth place should be {expected}")]
    CheckDigit { expected: char },
}

/// What the ninth place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigit {
    /// It is the check digit of the other sixteen.
    Right,
    /// It is not, and need not be: the vehicle was built for another market than North America.
    NotUsed,
}

impl Vin {
    /// Reads a number as people write it: in any case, with spaces and hyphens.
    pub fn parse(raw: &str) -> Result<Self, VinError> {
        let plain: String = raw
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.'))
            .map(|c| c.to_ascii_uppercase())
            .take(LENGTH * 4)
            .collect();
        if !plain.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(VinError::Character);
        }
        if plain.contains(['I', 'O', 'Q']) {
            return Err(VinError::Letter);
        }
        if plain.len() != LENGTH {
            return Err(VinError::Length(plain.len()));
        }
        let vin = Self(plain);
        let (ninth, expected) = (vin.ninth(), vin.expected());
        let is_digit = ninth.is_ascii_digit() || ninth == 'X';
        if vin.is_north_american() && is_digit && ninth != expected {
            return Err(VinError::CheckDigit { expected });
        }
        Ok(vin)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn check_digit(&self) -> CheckDigit {
        if self.ninth() == self.expected() { CheckDigit::Right } else { CheckDigit::NotUsed }
    }

    /// Built in the United States, Canada or Mexico, by the first place.
    fn is_north_american(&self) -> bool {
        self.0.starts_with(|c| matches!(c, '1'..='5'))
    }

    fn ninth(&self) -> char {
        self.0.chars().nth(8).unwrap_or_default()
    }

    fn expected(&self) -> char {
        let sum: u32 = self.0.chars().zip(WEIGHTS).map(|(c, weight)| value(c) * weight).sum();
        char::from_digit(sum % 11, 10).unwrap_or('X')
    }
}

/// The worth of a place: digits as they are, letters by the standard's table.
fn value(c: char) -> u32 {
    match c {
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        digit => digit.to_digit(10).unwrap_or(0),
    }
}

impl fmt::Debug for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vin(..)")
    }
}

impl<'de> Deserialize<'de> for Vin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
