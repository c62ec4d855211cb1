//! Server-sent events out of a stream of bytes (WHATWG HTML §9.2.5 and §9.2.6), within limits.
//!
//! Lives here: the surface that `reqwest-eventsource` needs of its parser, and no more. The published
//! parser panics on a byte order mark, keeps what follows an invalid byte until the stream ends, reads
//! an unfinished line again with every chunk, and has no limit of bytes. None of this can be held from
//! outside, because `reqwest-eventsource` hands out neither its bytes nor its parser.
//!
//! # Invariants
//! - at most one chunk of the source, [`MAX_EVENT_BYTES`] of an event and its id are held (A9);
//! - no input panics; each byte is looked at once, so the work is linear however the bytes are split;
//! - after an error or the end there is nothing more.
//!
//! One difference from the standard: a line that is not UTF-8 is an error, as in the published crate.

mod decode;

use std::{
    fmt,
    pin::Pin,
    string::FromUtf8Error,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use nom::error::{Error as NomError, ErrorKind};
use pin_project_lite::pin_project;

use crate::decode::{Decoder, Fault};

/// The most bytes of one event with its comments, line ends apart.
pub const MAX_EVENT_BYTES: usize = 128 * 1024;
/// The most bytes of one stream.
pub const MAX_STREAM_BYTES: usize = 8 * 1024 * 1024;

/// One event, as the standard dispatches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The event's type; `message` where the stream names none.
    pub event: String,
    /// The data lines, joined by a line feed.
    pub data: String,
    /// The last id seen so far; empty before the first.
    pub id: String,
    /// The reconnection time, where this event sets one.
    pub retry: Option<Duration>,
}

/// Why a stream of events broke.
#[derive(Debug, PartialEq)]
pub enum EventStreamError<E> {
    /// A line is not UTF-8.
    Utf8(FromUtf8Error),
    /// A limit was passed: the kind is `TooLarge`, and the input is left out.
    Parser(NomError<String>),
    /// The source of the bytes failed.
    Transport(E),
}

impl<E: fmt::Display> fmt::Display for EventStreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8(_) => f.write_str("a line is not UTF-8"),
            Self::Parser(_) => f.write_str("an event or the stream is too large"),
            Self::Transport(error) => write!(f, "the source failed: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for EventStreamError<E> {}

impl<E> From<Fault> for EventStreamError<E> {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Utf8(error) => Self::Utf8(error),
            Fault::TooLarge => Self::Parser(NomError::new(String::new(), ErrorKind::TooLarge)),
        }
    }
}

pin_project! {
    /// The events of a stream of bytes.
    pub struct EventStream<S: Stream<Item = Result<B, E>>, B, E> {
        #[pin]
        source: S,
        chunk: Option<(B, usize)>,
        decoder: Decoder,
        ended: bool,
    }
}

impl<S: Stream<Item = Result<B, E>>, B: AsRef<[u8]>, E> EventStream<S, B, E> {
    pub fn new(source: S) -> Self {
        Self { source, chunk: None, decoder: Decoder::default(), ended: false }
    }

    /// Sets the id that events carry until the stream names one.
    pub fn set_last_event_id(&mut self, id: impl Into<String>) {
        self.decoder.set_id(id.into());
    }
}

impl<S: Stream<Item = Result<B, E>>, B: AsRef<[u8]>, E> Stream for EventStream<S, B, E> {
    type Item = Result<Event, EventStreamError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        let failed = loop {
            if let Some((chunk, at)) = this.chunk.as_mut() {
                match this.decoder.read(chunk.as_ref().get(*at..).unwrap_or_default()) {
                    Ok((read, Some(event))) => {
                        *at += read;
                        return Poll::Ready(Some(Ok(event)));
                    }
                    Ok((_, None)) => *this.chunk = None,
                    Err(fault) => break fault.into(),
                }
            }
            match this.source.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(chunk))) => *this.chunk = Some((chunk, 0)),
                Poll::Ready(Some(Err(error))) => break EventStreamError::Transport(error),
                // An unterminated last event is discarded, says the standard.
                Poll::Ready(None) => {
                    *this.ended = true;
                    return Poll::Ready(None);
                }
            }
        };
        *this.ended = true;
        *this.chunk = None;
        Poll::Ready(Some(Err(failed)))
    }
}

/// Reads a stream of bytes as events.
pub trait Eventsource<B, E>: Stream<Item = Result<B, E>> + Sized {
    fn eventsource(self) -> EventStream<Self, B, E>;
}

impl<S: Stream<Item = Result<B, E>>, B: AsRef<[u8]>, E> Eventsource<B, E> for S {
    fn eventsource(self) -> EventStream<Self, B, E> {
        EventStream::new(self)
    }
}
