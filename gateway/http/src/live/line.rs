//! The line to a dashboard: what leaves a socket, in order, whoever says it.
//!
//! The room writes events straight to the socket, one system call for each socket and batch; neither an actor nor
//! the HTTP server is woken for that. Only what the kernel does not take waits here, and the socket's own task
//! sends it when there is room again.
//!
//! # Invariants
//! - bytes leave in the order in which they were given, whole frames one after the other;
//! - **A9** a socket may fall [`MOST_BEHIND`] of the room's bytes or [`MOST_PIECES`] pieces behind for as long as it
//!   likes, and further for [`GRACE`]: a burst is no reason to let go of who keeps up. Then, or at once when it is
//!   [`FURTHEST`] behind, it is cut: it is told to resume, and nothing of what it misses is sent any more. What waits
//!   are references to batches that all sockets share;
//! - **A9** while [`ENOUGH`] waits, nothing is read from the socket: who asks must read the answers.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    net::Shutdown,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_http::ws::{CloseCode, CloseReason, Parser};
use actix_web::{error::PayloadError, rt::net::TcpStream};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::Stream;
use socket2::SockRef;
use tokio::time::Instant;

use super::{
    batch::Batch,
    protocol::{Act, Protocol, close},
};
use crate::gateway::lock;

/// Bytes and pieces of the room that may wait for a socket, beside what the kernel keeps for it.
const MOST_BEHIND: usize = 128 * 1024;
const MOST_PIECES: usize = 512;
/// How long more may wait.
const GRACE: Duration = Duration::from_secs(5);
/// So many times as much is too much at any time.
const FURTHEST: usize = 8;
/// While so many bytes wait the socket is not asked for more.
const ENOUGH: usize = 32 * 1024;
/// Pieces that one system call takes.
const TOGETHER: usize = 16;
/// How long a peer may take to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// See the [module](self).
pub(crate) struct Line {
    stream: TcpStream,
    state: Mutex<State>,
}

struct State {
    protocol: Protocol,
    waiting: VecDeque<Piece>,
    /// Bytes that wait, and those of them that came from the room.
    bytes: usize,
    behind: usize,
    /// Since when more waits than may stay.
    late_since: Option<Instant>,
    /// The first piece has left in part.
    begun: bool,
    end: End,
    /// The socket's task.
    task: Option<Waker>,
}

struct Piece {
    bytes: Bytes,
    is_rooms: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    /// What waits is the last.
    Closing,
    /// The connection is gone.
    Gone,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, protocol: Protocol) -> Arc<Self> {
        let state = State {
            protocol,
            waiting: VecDeque::new(),
            bytes: 0,
            behind: 0,
            late_since: None,
            begun: false,
            end: End::Open,
            task: None,
        };
        Arc::new(Self { stream, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// What is said on this line. Never for long: the room waits.
    pub(crate) fn protocol<T>(&self, with: impl FnOnce(&mut Protocol) -> T) -> T {
        with(&mut self.state().protocol)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().end == End::Open
    }

    /// Tells what the room tells; false when there is nobody to tell any more.
    pub(crate) fn push(&self, batch: &Arc<Batch>) -> bool {
        let mut state = self.state();
        if state.end != End::Open {
            return false;
        }
        let State { protocol, waiting, bytes, behind, .. } = &mut *state;
        // Nearly always there is one run, and nothing waits: then nothing is queued at all.
        let mut first = None;
        let act = protocol.pushed(batch, |run| {
            *bytes += run.len();
            *behind += run.len();
            let piece = Piece { bytes: run, is_rooms: true };
            if waiting.is_empty() && first.is_none() {
                first = Some(piece);
            } else {
                waiting.push_back(piece);
            }
        });
        if let Some(piece) = first {
            state.write_first(&self.stream, piece);
        }
        if let Some(Act::Close(code, words)) = act {
            state.close(code, words);
        } else if state.is_too_slow() {
            metrics::counter!("forecourt_http_live_cut_total").increment(1);
            state.cut();
        }
        state.wake();
        state.end == End::Open
    }

    /// Closes the socket once what waits has left.
    pub(crate) fn close(&self, code: u16, words: &'static str) {
        let mut state = self.state();
        if state.end == End::Open {
            state.close(code, words);
            state.write(&self.stream);
            state.wake();
        }
    }

    /// Sends what the socket itself says: whole frames.
    fn send(&self, bytes: Bytes) {
        let mut state = self.state();
        if state.end == End::Open && !bytes.is_empty() {
            state.bytes += bytes.len();
            state.queue(bytes, false);
        }
    }

    /// Runs the socket's side until it is over: what `says` yields is sent, and what had to wait. Then the peer has
    /// a moment to close its own side.
    pub(crate) async fn run<E>(&self, says: impl Stream<Item = Result<Bytes, E>>) {
        let mut says = Some(Box::pin(says));
        poll_fn(|context| self.poll(&mut says, context)).await;
        drop(says);
        if self.state().end != End::Gone {
            let _gone = SockRef::from(&self.stream).shutdown(Shutdown::Write);
            let rest = poll_fn(|context| self.poll_rest(context));
            let _late = tokio::time::timeout(LINGER, rest).await;
        }
    }

    fn poll<S, E>(&self, says: &mut Option<Pin<Box<S>>>, context: &mut Context<'_>) -> Poll<()>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        loop {
            let (end, bytes) = {
                let mut state = self.state();
                state.task = Some(context.waker().clone());
                (state.end, state.bytes)
            };
            match end {
                End::Gone => return Poll::Ready(()),
                End::Closing => *says = None,
                End::Open => {}
            }
            if let Some(stream) = says
                && bytes < ENOUGH
            {
                match stream.as_mut().poll_next(context) {
                    Poll::Ready(Some(Ok(bytes))) => {
                        self.send(bytes);
                        continue;
                    }
                    Poll::Ready(None | Some(Err(_))) => {
                        let mut state = self.state();
                        if state.end == End::Open {
                            state.end = End::Closing;
                        }
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            let mut state = self.state();
            if state.waiting.is_empty() {
                if state.end == End::Open {
                    return Poll::Pending;
                }
                return Poll::Ready(());
            }
            match self.stream.poll_write_ready(context) {
                Poll::Ready(Ok(())) => state.write(&self.stream),
                Poll::Ready(Err(_)) => state.gone(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads to the end, and keeps nothing.
    fn poll_rest(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll_read(context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_read(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let mut buffer = [0; 4 * 1024];
        loop {
            match self.stream.poll_read_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Pending => return Poll::Pending,
            }
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Poll::Ready(None),
                Ok(count) => {
                    return Poll::Ready(Some(Ok(Bytes::copy_from_slice(&buffer[..count]))));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl State {
    fn queue(&mut self, bytes: Bytes, is_rooms: bool) {
        self.waiting.push_back(Piece { bytes, is_rooms });
    }

    /// Writes a piece that stands before all that waits.
    fn write_first(&mut self, stream: &TcpStream, piece: Piece) {
        if !self.waiting.is_empty() {
            self.waiting.push_front(piece);
            return self.write(stream);
        }
        // Straight to the kernel: what the runtime knows of the socket is memory far away, and is asked only when the
        // kernel takes no more.
        match SockRef::from(stream).send(&piece.bytes) {
            Ok(count) if count == piece.bytes.len() => self.less(count, piece.is_rooms),
            Ok(count) => {
                self.waiting.push_front(piece);
                self.sent(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.waiting.push_front(piece);
            }
            Err(_) => self.gone(),
        }
    }

    /// Writes what the kernel takes.
    fn write(&mut self, stream: &TcpStream) {
        while !self.waiting.is_empty() {
            let mut slices = [IoSlice::new(&[]); TOGETHER];
            let pieces = self.waiting.iter().take(TOGETHER);
            let count = slices.iter_mut().zip(pieces).map(|(slice, piece)| {
                *slice = IoSlice::new(&piece.bytes);
            });
            let count = count.count();
            match stream.try_write_vectored(&slices[..count]) {
                Ok(0) => return self.gone(),
                Ok(count) => self.sent(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.gone(),
            }
        }
        // Who is idle keeps no memory for the time it was not.
        self.waiting = VecDeque::new();
    }

    /// So many bytes of what waits have left.
    fn sent(&mut self, mut count: usize) {
        while let Some(piece) = self.waiting.front_mut() {
            let (part, is_rooms) = (count.min(piece.bytes.len()), piece.is_rooms);
            piece.bytes.advance(part);
            count -= part;
            self.begun = !piece.bytes.is_empty() && (self.begun || part > 0);
            let is_out = piece.bytes.is_empty();
            self.less(part, is_rooms);
            if !is_out {
                break;
            }
            self.waiting.pop_front();
        }
        if self.is_near(1) {
            self.late_since = None;
        }
    }

    fn is_near(&self, times: usize) -> bool {
        self.behind <= MOST_BEHIND * times && self.waiting.len() <= MOST_PIECES * times
    }

    fn is_too_slow(&mut self) -> bool {
        if self.is_near(1) {
            return false;
        }
        let now = Instant::now();
        let since = *self.late_since.get_or_insert(now);
        !self.is_near(FURTHEST) || now.duration_since(since) > GRACE
    }

    const fn less(&mut self, count: usize, is_rooms: bool) {
        self.bytes -= count;
        if is_rooms {
            self.behind -= count;
        }
    }

    fn close(&mut self, code: u16, words: &str) {
        let mut frame = BytesMut::new();
        let description = Some(words.to_owned());
        let reason = CloseReason { code: CloseCode::from(code), description };
        Parser::write_close(&mut frame, Some(reason), false);
        self.bytes += frame.len();
        self.queue(frame.freeze(), false);
        self.end = End::Closing;
    }

    /// A listener that was too slow: what it was not sent yet would have a hole behind it.
    fn cut(&mut self) {
        let begun = usize::from(self.begun);
        let (mut bytes, mut behind) = (0, 0);
        for piece in self.waiting.drain(begun..) {
            bytes += piece.bytes.len();
            behind += if piece.is_rooms { piece.bytes.len() } else { 0 };
        }
        self.bytes -= bytes;
        self.behind -= behind;
        self.close(close::SLOW, "too slow, resume");
    }

    fn gone(&mut self) {
        self.end = End::Gone;
        self.waiting = VecDeque::new();
        (self.bytes, self.behind) = (0, 0);
    }

    /// Wakes the socket's task, if there is something to do for it.
    fn wake(&mut self) {
        if (self.end != End::Open || !self.waiting.is_empty())
            && let Some(task) = self.task.take()
        {
            task.wake();
        }
    }
}

/// What comes in on a line: first what came along with the request, then what is read.
pub(crate) struct Incoming {
    line: Arc<Line>,
    first: Bytes,
}

impl Incoming {
    pub(crate) const fn new(line: Arc<Line>, first: Bytes) -> Self {
        Self { line, first }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.first))));
        }
        self.line.poll_read(context).map(|read| read.map(|read| read.map_err(PayloadError::Io)))
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
