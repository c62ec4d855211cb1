//! Refuses an oversized WebSocket frame from its header, before the codec buffers the frame: actix-http
//! checks the size only once the whole frame is there, so that one declared frame could fill memory (A9).

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// The largest header: two bytes, eight of length, four of mask.
const HEADER: usize = 14;

/// Passes a byte stream on while every frame header in it declares at most `max` bytes.
pub(crate) struct FrameGuard<S> {
    inner: S,
    max: u64,
    head: [u8; HEADER],
    filled: usize,
    /// Bytes of mask and payload that belong to the frame of the last header.
    left: u64,
    /// Shared with the socket: an oversized frame ended the stream.
    oversized: Rc<Cell<bool>>,
}

impl<S> FrameGuard<S> {
    pub(crate) fn new(inner: S, max: usize, oversized: Rc<Cell<bool>>) -> Self {
        Self { inner, max: max as u64, head: [0; HEADER], filled: 0, left: 0, oversized }
    }

    /// Walks over the bytes; false when a header declares too much.
    fn admits(&mut self, mut bytes: &[u8]) -> bool {
        while let [byte, rest @ ..] = bytes {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len() as u64);
                bytes = &bytes[usize::try_from(skipped).unwrap_or(usize::MAX)..];
                self.left -= skipped;
                continue;
            }
            self.head[self.filled] = *byte;
            self.filled += 1;
            bytes = rest;
            if let Some((masked, length)) = declared(&self.head[..self.filled]) {
                if length > self.max {
                    return false;
                }
                self.left = length + if masked { 4 } else { 0 };
                self.filled = 0;
            }
        }
        true
    }
}

/// Whether the frame is masked and how long it is, once its header is complete (RFC 6455, 5.2).
fn declared(head: &[u8]) -> Option<(bool, u64)> {
    let [_, second, rest @ ..] = head else { return None };
    let masked = second & 0x80 != 0;
    let length = match second & 0x7f {
        126 => u64::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)),
        127 => u64::from_be_bytes(rest.get(..8)?.try_into().ok()?),
        short => u64::from(short),
    };
    Some((masked, length))
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for FrameGuard<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.oversized.get() {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.inner).poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) if !self.admits(&bytes) => {
                self.oversized.set(true);
                Poll::Ready(Some(Err(PayloadError::Overflow)))
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    use super::*;

    fn frame(length: u64, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut frame = vec![0x81];
        match length {
            0..=125 => frame.push(mask | length as u8),
            126..=65_535 => {
                frame.push(mask | 0x7e);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 0x7f);
                frame.extend(length.to_be_bytes());
            }
        }
        frame
    }

    fn whole(length: u64) -> Vec<u8> {
        let mut bytes = frame(length, true);
        bytes.extend(vec![0xff; 4 + usize::try_from(length).unwrap()]);
        bytes
    }

    fn passes(bytes: &[u8], pieces: usize) -> bool {
        let chunks: Vec<_> = bytes.chunks(pieces).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let guard = FrameGuard::new(stream::iter(chunks), 1_000, Rc::default());
        let all: Vec<_> = guard.collect().now_or_never().unwrap();
        all.iter().all(Result::is_ok)
    }

    #[test]
    fn frames_within_the_limit_pass_however_they_are_cut() {
        let bytes: Vec<u8> = [0, 1, 125, 126, 1_000, 5].into_iter().flat_map(whole).collect();
        for pieces in [1, 2, 3, 7, 1_000, 10_000] {
            assert!(passes(&bytes, pieces), "{pieces}");
        }
    }

    #[test]
    fn an_oversized_frame_is_refused_at_its_header() {
        for length in [1_001, 65_536, 1 << 40, u64::MAX] {
            for pieces in [1, 3, 64] {
                let bytes = [whole(10), frame(length, true)].concat();
                assert!(!passes(&bytes, pieces), "{length} in pieces of {pieces}");
            }
        }
    }
}
