//! What an answer took: tokens and money. Whole numbers only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Billionths of a US dollar: the cheapest token of a price list is ten of them, and a sum of whole
/// numbers has no rounding to explain.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoUsd(pub u64);

impl NanoUsd {
    /// Both together; the largest number where that is too much.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for NanoUsd {
    /// `0.001234567 USD`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09} USD", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// The tokens of one answer. No token is counted in two fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt, read anew.
    pub input: u64,
    /// Of the prompt, taken from the provider's cache.
    pub cached: u64,
    /// Of the prompt, read and written to the provider's cache, to stay for minutes.
    pub written: u64,
    /// The same, to stay for an hour.
    pub written_long: u64,
    /// Of the answer, thoughts included.
    pub output: u64,
}

impl Usage {
    /// All tokens of the prompt.
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached)
            .saturating_add(self.written)
            .saturating_add(self.written_long)
    }

    /// All tokens.
    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_out_whole() {
        assert_eq!(NanoUsd(1_002_000_003).to_string(), "1.002000003 USD");
        assert_eq!(NanoUsd(u64::MAX).plus(NanoUsd(1)), NanoUsd(u64::MAX));
    }
}
