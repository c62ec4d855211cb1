//! An echo for WebSocket conformance tests: joins fragments, checks UTF-8, keeps a limit. Behind a flag.

use bytes::{Bytes, BytesMut};

use super::protocol::close;

/// A message that comes in pieces: whether it is text, and what has come.
pub(crate) struct Echo {
    max: usize,
    text: bool,
    pieces: BytesMut,
    /// Bytes that are known to be whole characters.
    valid: usize,
}

type Fault = (u16, &'static str);

impl Echo {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, text: false, pieces: BytesMut::new(), valid: 0 }
    }

    pub(crate) fn first(
        &mut self,
        text: bool,
        bytes: &[u8],
    ) -> Result<Option<(bool, Bytes)>, Fault> {
        self.text = text;
        self.pieces.clear();
        self.valid = 0;
        self.more(bytes, false)
    }

    /// The whole message with its last piece.
    pub(crate) fn more(
        &mut self,
        bytes: &[u8],
        last: bool,
    ) -> Result<Option<(bool, Bytes)>, Fault> {
        if self.pieces.len() + bytes.len() > self.max {
            return Err((close::TOO_BIG, "the message is too big"));
        }
        self.pieces.extend_from_slice(bytes);
        // A character may be cut by the end of a piece, but never broken before it.
        if self.text {
            match std::str::from_utf8(&self.pieces[self.valid..]) {
                Ok(_) => self.valid = self.pieces.len(),
                Err(error) if !last && error.error_len().is_none() => {
                    self.valid += error.valid_up_to();
                }
                Err(_) => return Err((close::NOT_UTF8, "text must be UTF-8")),
            }
        }
        Ok(last.then(|| (self.text, self.pieces.split().freeze())))
    }
}
