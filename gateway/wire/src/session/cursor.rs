//! Where in a stream a reader stands.

use std::{fmt, str::FromStr};

use forecourt_core::event::Seq;

/// A place in a log: `<epoch>-<seq>`. Within an epoch a higher `seq` is newer; another epoch is
/// another log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: i64,
    pub seq: i64,
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorError;

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a cursor; send the last id as it came, such as 1-42")
    }
}

impl std::error::Error for CursorError {}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().ok_or(CursorError)
        };
        let (epoch, seq) = text.split_once('-').ok_or(CursorError)?;
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

impl Cursor {
    pub const fn new(epoch: i64, Seq(seq): Seq) -> Self {
        Self { epoch, seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_printed_and_nothing_else_is_one() {
        let cursor = Cursor { epoch: 3, seq: 4_711 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "-", "1", "1-", "-1", "+1-2", "1-+2", "1-2-3", "a-b", "1- 2"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
        assert!("1-99999999999999999999".parse::<Cursor>().is_err());
    }
}
