//! What each protocol does in its own way: keys, headers, error bodies, and how an answer is written.
//!
//! The answer itself, and its course under a fault, are made once for all of them
//! ([`super::reply`], [`super::steps`]); here they are put into a protocol's words.

use actix_web::HttpRequest;
use serde_json::{Value, json};

use super::call::header;
use super::chat;
use super::error::ApiError;
use super::gemini;
use super::limits::RateLimits;
use super::steps::Step;
use super::wire::{Message, StreamEvent};
use crate::clock;

/// The organisation every key belongs to.
const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000000";

/// A protocol, with what a request asked of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's chat completions.
    Chat {
        /// A chunk with the counters before the end.
        usage: bool,
    },
    /// Gemini's `generateContent`.
    Gemini {
        /// Events, and not one list.
        sse: bool,
        /// Thoughts are shown.
        thoughts: bool,
    },
}

/// Writes the events of one answer, in order.
#[derive(Debug)]
pub enum Encoder {
    Messages,
    Chat(chat::encode::Encoder),
    Gemini(gemini::encode::Encoder),
}

impl Encoder {
    /// The bytes of an event, with LF line ends; none where the protocol has nothing to say.
    pub(super) fn frame(&mut self, event: &StreamEvent) -> String {
        match self {
            Self::Messages => {
                // An event is plain data: writing it cannot fail, and an empty frame would show at once.
                let json = serde_json::to_string(event).unwrap_or_default();
                format!("event: {}\ndata: {json}\n\n", event.name())
            }
            Self::Chat(encoder) => encoder.frame(event),
            Self::Gemini(encoder) => {
                encoder.chunk(event).map_or_else(String::new, |chunk| gemini::encode::frame(&chunk))
            }
        }
    }
}

impl Dialect {
    pub(super) fn encoder(self) -> Encoder {
        match self {
            Self::Messages => Encoder::Messages,
            Self::Chat { usage } => Encoder::Chat(chat::encode::Encoder::new(usage)),
            Self::Gemini { thoughts, .. } => {
                Encoder::Gemini(gemini::encode::Encoder::new(thoughts))
            }
        }
    }

    /// Whether a stream is one list of all chunks.
    pub(super) fn streams_a_list(self) -> bool {
        matches!(self, Self::Gemini { sse: false, .. })
    }

    /// All chunks of a stream as one list.
    pub(super) fn list(self, steps: &[Step]) -> Value {
        let Encoder::Gemini(mut encoder) = self.encoder() else { return Value::Null };
        let sent = steps.iter().filter_map(|step| match step {
            Step::Send(event) => encoder.chunk(event),
            _ => None,
        });
        sent.collect()
    }

    pub(super) fn stream_type(self) -> &'static str {
        match self {
            Self::Gemini { .. } => "text/event-stream",
            Self::Messages | Self::Chat { .. } => "text/event-stream; charset=utf-8",
        }
    }

    /// The answer in one piece.
    pub(super) fn whole(self, answer: &Message) -> Value {
        match self {
            Self::Messages => serde_json::to_value(answer).unwrap_or_default(),
            Self::Chat { .. } => chat::encode::whole(answer),
            Self::Gemini { thoughts, .. } => gemini::encode::whole(answer, thoughts),
        }
    }

    /// The key that a request shows.
    pub(super) fn key(self, request: &HttpRequest) -> Option<String> {
        let header = |name| header(request.headers(), name).map(str::trim);
        let bearer = || header("authorization")?.strip_prefix("Bearer ");
        let key = match self {
            // Sources differ about both headers at once; `x-api-key` is taken then.
            Self::Messages => header("x-api-key").or_else(bearer),
            Self::Chat { .. } => bearer(),
            Self::Gemini { .. } => header("x-goog-api-key").or_else(|| {
                request.query_string().split('&').find_map(|pair| pair.strip_prefix("key="))
            }),
        };
        key.map(|key| key.trim().to_owned())
    }

    /// The refusal of a request without a key.
    pub(super) fn keyless(self) -> ApiError {
        match self {
            Self::Messages => ApiError::of_status(401).with_message("x-api-key header is required"),
            Self::Chat { .. } => ApiError::of_status(401)
                .with_message("You didn't provide an API key in an Authorization header."),
            Self::Gemini { .. } => ApiError::of_status(403)
                .with_message("Method doesn't allow unregistered callers. Please use API Key."),
        }
    }

    /// The headers that every answer carries.
    pub(super) fn headers(self, id: &str, limits: &RateLimits) -> Vec<(String, String)> {
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match self {
            Self::Messages => {
                let mut headers = limits.headers(clock::now());
                headers.push(named("request-id", id));
                headers.push(named("anthropic-organization-id", ORGANIZATION));
                headers
            }
            Self::Chat { .. } => {
                let mut headers = limits.chat_headers();
                headers.push(named("x-request-id", id));
                headers
            }
            Self::Gemini { .. } => vec![named("server", "simulator")],
        }
    }

    /// The headers that an error carries beside those.
    pub(super) fn error_headers(self, error: &ApiError) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Self::Messages = self {
            headers.push(("x-should-retry", error.should_retry().to_string()));
        }
        match (self, error.retry_after) {
            // Its wait stands in the body.
            (Self::Gemini { .. }, _) | (_, None) => {}
            (_, Some(seconds)) => headers.push(("retry-after", seconds.to_string())),
        }
        headers
    }

    /// The body of an error.
    pub(super) fn error(self, error: &ApiError, id: &str) -> Value {
        match self {
            Self::Messages => serde_json::to_value(error.to_response(id)).unwrap_or_default(),
            Self::Chat { .. } => json!({ "error": chat::encode::error(error) }),
            Self::Gemini { .. } => json!({ "error": gemini::encode::error(error) }),
        }
    }
}
