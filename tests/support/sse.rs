//! An event stream as a client reads it.

use futures_util::StreamExt as _;
use reqwest::Response;
use serde_json::Value;

use crate::PATIENCE;

/// One event of a stream.
#[derive(Clone, Debug)]
pub struct SseEvent {
    pub id: Option<String>,
    pub kind: String,
    pub data: Value,
}

/// Reads events one by one.
pub struct Sse {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: Vec<u8>,
    /// Comments seen, such as heartbeats.
    pub comments: usize,
}

impl Sse {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200, "an event stream was refused");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self { bytes: response.bytes_stream().boxed(), buffer: Vec::new(), comments: 0 }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = self.parse(&String::from_utf8(block).expect("UTF-8")) {
                    return Some(event);
                }
                continue;
            }
            let more = tokio::time::timeout(PATIENCE, self.bytes.next()).await;
            match more.expect("the stream is alive") {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next event of a kind; what comes before it is skipped.
    pub async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> SseEvent {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            if event.kind == kind && wanted(&event.data) {
                return event;
            }
            seen.push(event.kind);
        }
        panic!("the stream ended before {kind}; seen: {seen:?}");
    }

    fn parse(&mut self, block: &str) -> Option<SseEvent> {
        let (mut id, mut kind, mut data) = (None, "message".to_owned(), String::new());
        for line in block.lines() {
            match line.split_once(':').map(|(field, value)| (field, value.trim_start())) {
                Some(("", _)) => self.comments += 1,
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => data.push_str(value),
                _ => {}
            }
        }
        if data.is_empty() {
            return None;
        }
        let data = serde_json::from_str(&data).expect("the data is JSON");
        Some(SseEvent { id, kind, data })
    }
}
