//! A length of time as scenario files write it: `"500ms"`, `"30s"`, `"2m"`.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

/// A time that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl Span {
    /// A whole number of seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read: SignedDuration = text.parse().map_err(|_| {
            format!("`{text}` is no length of time; write it like 500ms, 30s or 2m")
        })?;
        Duration::try_from(read).map(Self).map_err(|_| format!("`{text}` is negative"))
    }
}

impl Deref for Span {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}
