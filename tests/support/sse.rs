//! An event stream as a story reads it: the load test's parser, with a story's patience.

pub use forecourt_loadtest::live::sse::Event as SseEvent;
use forecourt_loadtest::live::sse::Parser;
use futures_util::StreamExt as _;
use reqwest::Response;
use serde_json::Value;

use crate::PATIENCE;

/// Reads events one by one.
pub struct Sse {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    parser: Parser,
    /// Comments seen, such as heartbeats.
    pub comments: usize,
}

impl Sse {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200, "an event stream was refused");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self { bytes: response.bytes_stream().boxed(), parser: Parser::default(), comments: 0 }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let event = self.parser.take();
            self.comments = self.parser.comments;
            if event.is_some() {
                return event;
            }
            let more = tokio::time::timeout(PATIENCE, self.bytes.next()).await;
            match more.expect("the stream is alive") {
                Some(Ok(bytes)) => self.parser.feed(&bytes).expect("an event of ours is short"),
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
}
