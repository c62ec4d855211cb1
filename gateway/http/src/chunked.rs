//! An answer in pieces, over a connection that is its own.
//!
//! # Invariants
//! - **A9** one piece at a time: the next one is asked for when the kernel has taken the last, and the kernel keeps
//!   at most [`KERNEL`]; who does not read is found out by who makes the pieces, or by `TCP_USER_TIMEOUT`;
//! - a peer that hangs up ends the answer at once, and so does one that talks into it;
//! - an answer that is cut short has no last chunk, so that nobody takes it for whole.

use std::{
    convert::Infallible,
    future::poll_fn,
    io::{self, IoSlice},
    pin::pin,
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long a peer may take to close its side, or to read on once the node stops.
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that the kernel keeps for a peer that does not read. It would keep megabytes for each.
const KERNEL: usize = 128 * 1024;
/// Bytes of what a peer says into an answer that are let go.
const TALK: usize = 16 * 1024;
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// How a piece is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// RFC 9112, 7.1.
    Chunked,
    /// As it is, up to the connection's end: for HTTP/1.0.
    Plain,
}

/// Sends pieces until there are no more or the peer is gone, and closes the connection.
pub(crate) async fn send(
    mut stream: TcpStream,
    framing: Framing,
    stopping: &CancellationToken,
    pieces: impl Stream<Item = Result<Bytes, Infallible>>,
) {
    // Where it cannot be set, it is the kernel's own bound.
    let _as_it_is = socket2::SockRef::from(&stream).set_send_buffer_size(KERNEL);
    let mut pieces = pin!(pieces);
    let mut talk = 0;
    loop {
        tokio::select! {
            piece = pieces.next() => {
                let Some(Ok(piece)) = piece else { break };
                if !piece.is_empty() && write(&mut stream, framing, &piece, stopping).await.is_err() {
                    return;
                }
            }
            said = heard(&stream) => {
                talk += said;
                if said == 0 || talk > TALK {
                    return;
                }
            }
        }
    }
    // Boxed: it is rare, and a listener that waits is to be small (P4).
    Box::pin(end(stream, framing)).await;
}

/// Waits until the peer says something; how much, or zero when it is gone. What it says is let go.
async fn heard(stream: &TcpStream) -> usize {
    loop {
        if poll_fn(|context| stream.poll_read_ready(context)).await.is_err() {
            return 0;
        }
        match stream.try_read(&mut [0; 512]) {
            Ok(count) => return count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return 0,
        }
    }
}

/// Writes one piece: nearly always with one system call and nothing copied.
async fn write(
    stream: &mut TcpStream,
    framing: Framing,
    piece: &[u8],
    stopping: &CancellationToken,
) -> io::Result<()> {
    let mut head = [0; 18];
    let (head, tail): (&[u8], &[u8]) = match framing {
        Framing::Chunked => (size(&mut head, piece.len()), b"\r\n"),
        Framing::Plain => (&[], &[]),
    };
    let parts = [head, piece, tail];
    let written = match stream.try_write_vectored(&parts.map(IoSlice::new)) {
        Ok(written) => written,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    if written == parts.iter().map(|part| part.len()).sum::<usize>() {
        return Ok(());
    }
    let mut rest = BytesMut::with_capacity(head.len() + piece.len() + tail.len());
    for part in parts {
        rest.extend_from_slice(part);
    }
    Box::pin(async move {
        tokio::select! {
            wrote = stream.write_all(&rest[written..]) => wrote,
            () = async { stopping.cancelled().await; sleep(LINGER).await } => {
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    })
    .await
}

/// The line before a chunk.
fn size(buffer: &mut [u8; 18], length: usize) -> &[u8] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut at = buffer.len() - 2;
    buffer[at..].copy_from_slice(b"\r\n");
    let mut left = length;
    loop {
        at -= 1;
        buffer[at] = DIGITS[left % 16];
        left /= 16;
        if left == 0 {
            return &buffer[at..];
        }
    }
}

/// Says that it was all, and gives the peer a moment to close its side.
async fn end(mut stream: TcpStream, framing: Framing) {
    let bye = async {
        if framing == Framing::Chunked {
            stream.write_all(LAST_CHUNK).await?;
        }
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // Who is gone, or stays, has been told all there was.
    let _over = timeout(LINGER, bye).await;
}

#[cfg(test)]
#[path = "chunked_tests.rs"]
mod tests;
