//! The parser of `text/event-stream`: bytes in, however they are cut; events out.

use bytes::{Buf as _, BytesMut};
use memchr::memchr;
use serde_json::Value;
use thiserror::Error;

/// Longest line or event that is read (A9).
pub const MAX_EVENT: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `<epoch>-<seq>` that came with this very event: only stored events have one.
    pub id: Option<String>,
    pub kind: String,
    pub data: Value,
}

/// A line or an event is too long to be one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stream sent a line or an event that is too long")]
pub struct Overflow;

/// Cuts a stream of bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: BytesMut,
    /// Bytes that were looked at and hold no end of a line.
    looked: usize,
    id: Option<String>,
    kind: Option<String>,
    data: Option<String>,
    /// Comments seen, such as heartbeats.
    pub comments: usize,
}

impl Parser {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        if self.buffer.len() + bytes.len() > 2 * MAX_EVENT {
            return Err(Overflow);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole event.
    pub fn take(&mut self) -> Option<Event> {
        while let Some(at) = memchr(b'\n', &self.buffer[self.looked..]) {
            let line = self.buffer.split_to(self.looked + at);
            self.buffer.advance(1);
            self.looked = 0;
            let line = String::from_utf8_lossy(&line);
            if let Some(event) = self.line(line.strip_suffix('\r').unwrap_or(&line)) {
                return Some(event);
            }
        }
        self.looked = self.buffer.len();
        None
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let (id, kind) = (self.id.take(), self.kind.take());
            let data = self.data.take()?;
            let kind = kind.unwrap_or_else(|| "message".to_owned());
            return Some(Event {
                id,
                kind,
                data: serde_json::from_str(&data).unwrap_or(Value::Null),
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comments += 1,
            "id" => self.id = Some(value.to_owned()),
            "event" => self.kind = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) if data.len() + value.len() < MAX_EVENT => {
                    data.push('\n');
                    data.push_str(value);
                }
                Some(_) => {}
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let text = "retry: 2000\n\n: hb\n\nid: 1-2\nevent: message.posted\ndata: {\"a\":1}\n\n\
                    event: draft.delta\ndata: {\"text\":\r\ndata: \"ø\"}\r\n\r\n";
        for size in [1, 3, 7, 1000] {
            let mut parser = Parser::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece).unwrap();
                events.extend(std::iter::from_fn(|| parser.take()));
            }
            assert_eq!(events.len(), 2, "in pieces of {size}");
            assert_eq!(events[0].id.as_deref(), Some("1-2"));
            assert_eq!(events[0].kind, "message.posted");
            assert_eq!(events[1].id, None, "an id is its own event's alone");
            assert_eq!(events[1].data["text"], "ø");
            assert_eq!(parser.comments, 1);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'a'; MAX_EVENT];
        assert_eq!((parser.feed(&piece), parser.feed(&piece)), (Ok(()), Ok(())));
        assert_eq!(parser.feed(b"a"), Err(Overflow));
    }
}
