//! The bytes of a stream: steps become server-sent events, at their pace.
//!
//! Lives here: framing, the shapes a transport may give it (CRLF, tiny writes, a byte order mark),
//! and waiting. Nothing waits for ever: silence ends after [`MAX_SILENCE`] (A9).

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use super::dialect::Encoder;
use super::record::Tracker;
use super::scenario::Fault;
use super::steps::Step;
use super::wire::{Delta, StreamEvent};

/// How long a silent connection is kept: longer than any client should wait.
pub const MAX_SILENCE: Duration = Duration::from_mins(10);
/// Bytes of one write in the `split` scenario.
const SPLIT: usize = 7;
/// The text that an endless answer repeats.
const BABBLE: &str = "and another thing about this car is that it is blue, ";

/// How the transport treats the bytes.
#[derive(Debug)]
pub struct Shape {
    crlf: bool,
    split: bool,
    bom: bool,
    encoder: Encoder,
}

impl Shape {
    /// The shape that a fault asks for.
    pub fn of(fault: &Fault, encoder: Encoder) -> Self {
        Self {
            encoder,
            crlf: *fault == Fault::Crlf,
            split: *fault == Fault::Split,
            bom: *fault == Fault::Bom,
        }
    }

    fn frame(&mut self, event: &StreamEvent) -> Bytes {
        let frame = self.encoder.frame(event);
        Bytes::from(if self.crlf { frame.replace('\n', "\r\n") } else { frame })
    }
}

/// Walks `steps`. Ends with an error where the connection shall drop.
pub fn body(
    steps: Vec<Step>,
    mut shape: Shape,
    between: Duration,
    mut tracker: Tracker,
) -> impl Stream<Item = io::Result<Bytes>> {
    async_stream::stream! {
        if shape.bom {
            yield Ok(Bytes::from_static(b"\xef\xbb\xbf"));
        }
        for step in steps {
            match step {
                Step::Send(event) => {
                    tracker.sent(&event);
                    let frame = shape.frame(&event);
                    if shape.split {
                        for piece in frame.chunks(SPLIT) {
                            yield Ok(Bytes::copy_from_slice(piece));
                            tokio::task::yield_now().await; // on the wire, one by one
                        }
                    } else {
                        yield Ok(frame);
                    }
                }
                Step::Raw(bytes) => yield Ok(bytes),
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::Cut => {
                    tracker.faulted();
                    yield Err(dropped());
                    return;
                }
                Step::Hang => {
                    tracker.faulted();
                    tokio::time::sleep(MAX_SILENCE).await;
                    yield Err(dropped());
                    return;
                }
                Step::Babble { index, bytes } => {
                    tracker.faulted();
                    let delta = Delta::TextDelta { text: BABBLE.repeat(20) };
                    let event = StreamEvent::ContentBlockDelta { index, delta };
                    let frame = shape.frame(&event);
                    let mut sent = 0;
                    while sent < bytes {
                        yield Ok(frame.clone());
                        sent += frame.len();
                        tracker.sent(&event);
                        if between.is_zero() {
                            tokio::task::yield_now().await;
                        } else {
                            tokio::time::sleep(between).await;
                        }
                    }
                    yield Err(dropped());
                    return;
                }
            }
        }
        tracker.finished();
    }
}

fn dropped() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the scenario drops the connection")
}
