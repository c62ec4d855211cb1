//! The lines and fields of an event stream, byte by byte.

use std::{mem, string::FromUtf8Error, time::Duration};

use crate::{Event, MAX_EVENT_BYTES, MAX_STREAM_BYTES};

const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Why decoding cannot go on.
#[derive(Debug)]
pub(crate) enum Fault {
    Utf8(FromUtf8Error),
    TooLarge,
}

/// What is known of the event under way.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The line under way, without its end.
    line: Vec<u8>,
    /// The last byte was a carriage return, so a line feed now belongs to it.
    after_cr: bool,
    /// The first line is done: a byte order mark can no longer come.
    started: bool,
    /// Bytes of the event under way, and of the stream.
    event_bytes: usize,
    stream_bytes: usize,
    event: String,
    data: String,
    /// A data line was seen, an empty one too.
    has_data: bool,
    id: String,
    retry: Option<Duration>,
}

impl Decoder {
    pub(crate) fn set_id(&mut self, id: String) {
        self.id = id;
    }

    /// Reads on until an event is complete or `bytes` are used up; says how many were read.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(usize, Option<Event>), Fault> {
        let mut at = 0;
        while let Some(&first) = bytes.get(at) {
            if mem::take(&mut self.after_cr) && first == b'\n' {
                at += 1;
                continue;
            }
            let rest = &bytes[at..];
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &rest[..end.unwrap_or(rest.len())];
            self.count(part.len())?;
            self.line.extend_from_slice(part);
            at += part.len();
            if end.is_some() {
                self.after_cr = bytes[at] == b'\r';
                at += 1;
                if let Some(event) = self.end_line()? {
                    return Ok((at, Some(event)));
                }
            }
        }
        Ok((at, None))
    }

    /// Counts each line end as one, so that a flood of empty lines ends too.
    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.event_bytes = self.event_bytes.saturating_add(bytes);
        self.stream_bytes = self.stream_bytes.saturating_add(bytes).saturating_add(1);
        if self.event_bytes > MAX_EVENT_BYTES || self.stream_bytes > MAX_STREAM_BYTES {
            return Err(Fault::TooLarge);
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, Fault> {
        let mut line = mem::take(&mut self.line);
        if !mem::replace(&mut self.started, true) && line.starts_with(&BOM) {
            line.drain(..BOM.len());
        }
        let line = String::from_utf8(line).map_err(Fault::Utf8)?;
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = match line.split_once(':') {
            Some((field, value)) => (field, value.strip_prefix(' ').unwrap_or(value)),
            None => (line.as_str(), ""),
        };
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            // A comment has an empty field name; unknown fields are ignored.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.event_bytes = 0;
        let event = mem::take(&mut self.event);
        let data = mem::take(&mut self.data);
        let retry = self.retry.take();
        mem::take(&mut self.has_data).then(|| Event {
            event: if event.is_empty() { "message".to_owned() } else { event },
            data,
            id: self.id.clone(),
            retry,
        })
    }
}
