//! An event stream as a client reads it, found again by its cursor when it breaks.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde_json::Value;

use super::Field;

/// Longest event that is read (A9).
const MAX_EVENT: usize = 1 << 20;
/// Silence after which a stream is taken for dead: heartbeats come every ten seconds.
const SILENCE: Duration = Duration::from_secs(35);
/// Between tries to connect again.
const AGAIN: Duration = Duration::from_millis(250);

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// `<epoch>-<seq>` of a stored event.
    pub id: Option<String>,
    pub kind: String,
    pub data: Value,
}

/// Cuts a stream of bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Vec<u8>,
}

impl Parser {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() <= MAX_EVENT {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next whole event.
    pub fn take(&mut self) -> Option<Event> {
        loop {
            let end = self.buffer.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
            if let Some(event) = read(&String::from_utf8_lossy(&block)) {
                return Some(event);
            }
        }
    }
}

fn read(block: &str) -> Option<Event> {
    let (mut id, mut kind, mut data) = (None, "message".to_owned(), String::new());
    for line in block.lines() {
        match line.split_once(':').map(|(name, value)| (name, value.trim_start())) {
            Some(("id", value)) => id = Some(value.to_owned()),
            Some(("event", value)) => value.clone_into(&mut kind),
            Some(("data", value)) => data.push_str(value),
            _ => {}
        }
    }
    if data.is_empty() {
        return None;
    }
    Some(Event { id, kind, data: serde_json::from_str(&data).unwrap_or(Value::Null) })
}

/// The stream of one session.
pub struct Stream {
    field: Field,
    path: String,
    token: String,
    /// The last stored event seen.
    cursor: String,
    parser: Parser,
    bytes: Option<BoxStream<'static, reqwest::Result<Bytes>>>,
}

impl Stream {
    /// A stream that will begin after `cursor`.
    pub fn new(field: Field, session: &str, token: &str, cursor: String) -> Self {
        let path = format!("/v1/sessions/{session}/events");
        let (token, parser) = (token.to_owned(), Parser::default());
        Self { field, path, token, cursor, parser, bytes: None }
    }

    /// Drops the connection; the next event comes over a new one.
    pub fn drop_connection(&mut self) {
        self.bytes = None;
        self.parser = Parser::default();
    }

    /// The next event, over as many connections as it takes. May be cancelled and called again.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.parser.take() {
                self.note(&event);
                return event;
            }
            let Some(bytes) = &mut self.bytes else {
                self.connect().await;
                continue;
            };
            match tokio::time::timeout(SILENCE, bytes.next()).await {
                Ok(Some(Ok(bytes))) => self.parser.feed(&bytes),
                Ok(Some(Err(_)) | None) | Err(_) => self.drop_connection(),
            }
        }
    }

    async fn connect(&mut self) {
        let url = self.field.target.at(&self.path);
        let request = self
            .field
            .client
            .get(url)
            .bearer_auth(&self.token)
            .header("last-event-id", &self.cursor);
        let answer = tokio::time::timeout(super::REQUEST_TIMEOUT, request.send()).await;
        match answer {
            Ok(Ok(response)) if response.status().is_success() => {
                self.bytes = Some(response.bytes_stream().boxed());
            }
            _ => tokio::time::sleep(AGAIN).await,
        }
    }

    /// Moves the cursor; an event at or before it was sent twice.
    fn note(&mut self, event: &Event) {
        let place = |cursor: &str| {
            let (epoch, seq) = cursor.split_once('-')?;
            Some((epoch.parse::<i64>().ok()?, seq.parse::<i64>().ok()?))
        };
        if event.kind == "gap" {
            self.field.books.count(|counts| counts.chat_gaps += 1);
        }
        let Some(id) = &event.id else { return };
        if let (Some(seen), Some(new)) = (place(&self.cursor), place(id))
            && seen.0 == new.0
            && new.1 <= seen.1
            && event.kind != "gap"
        {
            self.field.books.count(|counts| counts.chat_repeated_events += 1);
        }
        self.cursor.clone_from(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let text = "retry: 2000\n\n: hb\n\nid: 1-2\nevent: message.posted\ndata: {\"a\":1}\n\n\
                    event: draft.delta\ndata: {\"text\":\"ø\"}\n\n";
        for size in [1, 3, 7, 1000] {
            let mut parser = Parser::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece);
                while let Some(event) = parser.take() {
                    events.push(event);
                }
            }
            assert_eq!(events.len(), 2, "in pieces of {size}");
            assert_eq!(events[0].id.as_deref(), Some("1-2"));
            assert_eq!(events[0].kind, "message.posted");
            assert_eq!(events[1].data["text"], "ø");
        }
    }
}
