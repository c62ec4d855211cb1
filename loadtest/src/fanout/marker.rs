//! The mark inside each event: what a listener looks for, whatever protocol is around it.
//!
//! Lives here: `@fo~`, the event's number and the moment it was published, in a fixed number of ASCII
//! characters that no JSON escapes. A listener scans raw bytes for it and parses nothing else, so that the
//! load client costs the same for every server. A mark may be cut by the end of a read.

use memchr::memmem;

const NEEDLE: &[u8] = b"@fo~";
/// Eight hex digits of the number, sixteen of nanoseconds.
const DIGITS: usize = 8 + 16;
/// Bytes of a whole mark.
pub const LENGTH: usize = NEEDLE.len() + DIGITS;

/// One event as a listener saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Counted from 1 within a run.
    pub number: u32,
    /// Nanoseconds since the run's epoch.
    pub at: u64,
}

impl Mark {
    /// The text of an event of `bytes` bytes: the mark, filled up with plain words.
    pub fn text(self, bytes: usize) -> String {
        let mut text = format!("@fo~{:08x}{:016x}", self.number, self.at);
        text.extend(
            " the blue one is still here".chars().cycle().take(bytes.saturating_sub(LENGTH)),
        );
        text
    }

    fn read(digits: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(digits).ok()?;
        let (number, at) = digits.split_at_checked(8)?;
        Some(Self {
            number: u32::from_str_radix(number, 16).ok()?,
            at: u64::from_str_radix(at, 16).ok()?,
        })
    }
}

/// Finds the marks in a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The end of the last piece, if a mark may have begun in it.
    tail: Vec<u8>,
}

impl Scanner {
    /// Gives each mark that ends in `piece` to `found`, in order.
    pub fn scan(&mut self, piece: &[u8], mut found: impl FnMut(Mark)) {
        let mut rest = piece;
        if !self.tail.is_empty() {
            // A mark that was cut: joined with as much as it can need.
            let needed = LENGTH.min(piece.len());
            let before = self.tail.len();
            self.tail.extend_from_slice(&piece[..needed]);
            let (taken, open) = marks(&self.tail, &mut found);
            if taken > before {
                rest = &piece[taken - before..];
                self.tail.clear();
            } else if needed == piece.len() && open < self.tail.len() {
                self.tail.drain(..open);
                return;
            } else {
                self.tail.clear();
            }
        }
        let (_, open) = marks(rest, &mut found);
        self.tail.extend_from_slice(&rest[open..]);
    }
}

/// Finds whole marks; answers where the last one ended, and where one begins that is not whole.
fn marks(bytes: &[u8], found: &mut impl FnMut(Mark)) -> (usize, usize) {
    let mut end = 0;
    while let Some(at) = memmem::find(&bytes[end..], NEEDLE) {
        let begin = end + at;
        let Some(digits) = bytes.get(begin + NEEDLE.len()..begin + LENGTH) else {
            return (end, begin);
        };
        if let Some(mark) = Mark::read(digits) {
            found(mark);
        }
        end = begin + LENGTH;
    }
    // The needle itself may be cut.
    let longest = (NEEDLE.len() - 1).min(bytes.len() - end);
    let cut = (1..=longest).rev().find(|cut| bytes.ends_with(&NEEDLE[..*cut]));
    (end, bytes.len() - cut.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> (Vec<u8>, Vec<Mark>) {
        let marks: Vec<_> =
            (1..=5).map(|number| Mark { number, at: 77 * u64::from(number) }).collect();
        let mut bytes = b"HTTP/1.1 101 @f @fo nothing\r\n\r\n".to_vec();
        for (index, mark) in marks.iter().enumerate() {
            bytes.extend_from_slice(b"\x81\x7e@@f");
            bytes.extend_from_slice(mark.text(LENGTH + index * 40).as_bytes());
        }
        bytes.extend_from_slice(b"@fo");
        (bytes, marks)
    }

    #[test]
    fn every_mark_is_found_once_wherever_reads_cut_the_stream() {
        let (bytes, marks) = stream();
        for size in 1..=bytes.len() {
            let mut scanner = Scanner::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                scanner.scan(piece, |mark| found.push(mark));
            }
            assert_eq!(found, marks, "pieces of {size}");
        }
    }

    #[test]
    fn an_event_has_the_size_that_was_asked_for() {
        let mark = Mark { number: 1, at: 2 };
        assert_eq!(mark.text(200).len(), 200);
        assert_eq!(mark.text(1).len(), LENGTH);
    }
}
