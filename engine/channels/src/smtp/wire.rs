//! The socket under an SMTP connection, plain or in TLS, and what we must know of it besides.
//!
//! `lettre` connects by itself too, but leaves Nagle's algorithm on: the final dot, written after
//! the body, would then wait for the body's acknowledgement, some 40 ms per mail.

use std::{
    fmt, io,
    mem::MaybeUninit,
    net::{Shutdown, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// The socket, seen from beside the connection that reads and writes it.
#[derive(Clone)]
pub(super) struct Watch {
    socket: Arc<TcpStream>,
    ended: Arc<AtomicBool>,
}

impl Watch {
    /// Whether the connection has ended; `lettre` tells that apart from garbage by words only.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Whether something has arrived that nobody has read: bytes, the end, or an error. Asks the
    /// system, not the runtime, which learns of it a moment later.
    pub(super) fn has_unread(&self) -> bool {
        let peeked = SockRef::from(&*self.socket).peek(&mut [MaybeUninit::uninit()]);
        !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits until the runtime knows, too, that something has arrived.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }
}

/// A socket that [`Watch`] looks at while something else owns this half.
pub(super) struct Socket(Watch);

impl Socket {
    pub(super) fn new(stream: TcpStream) -> (Self, Watch) {
        let watch = Watch { socket: Arc::new(stream), ended: Arc::default() };
        (Self(watch.clone()), watch)
    }

    fn tcp(&self) -> &TcpStream {
        &self.0.socket
    }

    /// Tries again while the runtime believes in a readiness that is gone; notes how it ended.
    fn noted<T>(&self, tried: io::Result<T>) -> Option<Poll<io::Result<T>>> {
        match tried {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => {
                self.0.ended.store(true, Ordering::Relaxed);
                Some(Poll::Ready(Err(error)))
            }
            Ok(done) => Some(Poll::Ready(Ok(done))),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.tcp().poll_read_ready(cx))?;
            let room = buffer.initialize_unfilled();
            let asked = !room.is_empty();
            let tried = self.tcp().try_read(room);
            if let Some(done) = self.noted(tried) {
                return done.map_ok(|read| {
                    if read == 0 && asked {
                        self.0.ended.store(true, Ordering::Relaxed);
                    }
                    buffer.advance(read);
                });
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.tcp().poll_write_ready(cx))?;
            if let Some(done) = self.noted(self.tcp().try_write(bytes)) {
                return done;
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(self.tcp()).shutdown(Shutdown::Write))
    }
}

/// What `lettre` reads and writes.
pub(super) enum Wire {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.tcp().peer_addr(),
            Self::Tls(stream) => stream.get_ref().0.tcp().peer_addr(),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire(..)")
    }
}
