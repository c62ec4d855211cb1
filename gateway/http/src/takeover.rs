//! The way of a connection out of the HTTP server behind an answer that does not end.
//!
//! An event stream is answered like all requests. Once its head has left, the connection is taken from the server:
//! its buffers and its task's state are freed, and what the answer says from then on is written straight to the
//! socket. That is more than half of what an idle listener costs (P4). Sockets go another way, see `upgrade`.
//!
//! # How
//! [`Connection`] stands between the server and the socket. The answer's body, asked for its first piece, puts what
//! is to become of the connection into the [`Slot`] of the connection and says nothing. The server then writes the
//! head, and flushes; with everything written, the flush takes the socket out and fails, which ends the server's
//! side there and then: nothing that was pipelined behind the request is begun.

use std::{
    cell::RefCell,
    convert::Infallible,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_http::{ConnectionType, Version};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BodySize, MessageBody},
    http::Method,
    rt::net::TcpStream,
};
use bytes::Bytes;
use futures_util::{Stream, future::LocalBoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{chunked, upgrade::is_upgradable};

/// What becomes of a connection.
type Next = Box<dyn FnOnce(TcpStream) -> LocalBoxFuture<'static, ()>>;

/// Where an answer and its connection meet. Handlers find it in the connection's data.
#[derive(Clone, Default)]
pub(crate) struct Slot(Rc<RefCell<State>>);

#[derive(Default)]
enum State {
    /// The server has the connection.
    #[default]
    Served,
    /// The head of the answer is on its way.
    Asked(Next),
    /// The server has let go.
    Taken(TcpStream, Next),
}

impl Slot {
    /// The rest of the answer, if the connection was taken from the server.
    pub(crate) fn taken(&self) -> Option<LocalBoxFuture<'static, ()>> {
        match self.0.take() {
            State::Taken(stream, next) => Some(next(stream)),
            State::Served | State::Asked(_) => None,
        }
    }
}

/// A connection as the server has it.
pub(crate) struct Connection {
    /// `None` once it was taken.
    stream: Option<TcpStream>,
    slot: Slot,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), slot: Slot::default() }
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot.clone()
    }

    pub(crate) const fn stream(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    pub(crate) fn into_stream(self) -> Option<TcpStream> {
        self.stream
    }

    /// What is there to read and write; the server does neither once it was told that it is gone.
    fn open(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(gone)
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection was taken over")
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.open()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    /// The server flushes when all it had is written: then the connection can go.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.open()?.poll_flush(context)?;
        if flushed.is_pending() {
            return Poll::Pending;
        }
        let this = &mut *self;
        let mut state = this.slot.0.borrow_mut();
        match std::mem::take(&mut *state) {
            State::Asked(next) => {
                let stream = this.stream.take().ok_or_else(gone)?;
                *state = State::Taken(stream, next);
                Poll::Ready(Err(gone()))
            }
            as_it_was => {
                *state = as_it_was;
                Poll::Ready(Ok(()))
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_shutdown(context)
    }
}

/// Streams a body over the request's connection alone, if it can be had; otherwise through the server. A peer that
/// does not read is given up a moment after `stopping`.
pub(crate) fn respond(
    request: &HttpRequest,
    mut response: HttpResponseBuilder,
    stopping: &CancellationToken,
    body: impl Stream<Item = Result<Bytes, Infallible>> + 'static,
) -> HttpResponse {
    let slot = request.conn_data::<Slot>().cloned();
    let framing = match request.version() {
        Version::HTTP_10 => Some(chunked::Framing::Plain),
        Version::HTTP_11 => Some(chunked::Framing::Chunked),
        _ => None,
    };
    match (slot, framing) {
        (Some(slot), Some(framing))
            if *request.method() == Method::GET && !is_upgradable(request) =>
        {
            let stopping = stopping.clone();
            let next: Next = Box::new(move |stream| {
                Box::pin(async move { chunked::send(stream, framing, &stopping, body).await })
            });
            let mut response = response.body(Leave { slot, next: Some(next) });
            let head = response.head_mut();
            head.set_connection_type(ConnectionType::Close);
            head.no_chunking(framing == chunked::Framing::Plain);
            response
        }
        _ => response.streaming(body),
    }
}

/// The body that has its connection taken over.
struct Leave {
    slot: Slot,
    next: Option<Next>,
}

impl MessageBody for Leave {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if let Some(next) = self.next.take() {
            *self.slot.0.borrow_mut() = State::Asked(next);
        }
        // The flush that follows takes the connection, or finds it broken: either ends this.
        Poll::Pending
    }
}
