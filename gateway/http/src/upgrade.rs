//! The way of a connection that becomes a socket: out of the HTTP server's hands.
//!
//! Requests that ask for a WebSocket go through the same application as all others. When its answer hands the
//! connection over, the socket has it from then on, without the server's buffers and without its task between the
//! socket and the kernel: that is half of what an idle dashboard costs, and half of what an event to it costs. Every
//! other answer is written here, and ends its connection.

use std::{future::poll_fn, io, pin::pin, time::Duration};

use actix_codec::{Framed, FramedParts};
use actix_http::{
    ConnectionType, HttpMessage as _, Response,
    body::{BodySize, MessageBody},
    h1::{Codec, Message},
};
use actix_web::{HttpRequest, HttpResponse, dev::ServiceResponse, rt::net::TcpStream};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};
use tokio_util::codec::Encoder as _;

use crate::takeover::Connection;

/// How long a peer may take to close its side after the last answer.
const LINGER: Duration = Duration::from_secs(1);

/// Says of a request that its connection can be handed over.
pub(crate) struct Upgradable;

/// Whether the answer to this request may hand its connection over.
pub(crate) fn is_upgradable(request: &HttpRequest) -> bool {
    request.extensions().contains::<Upgradable>()
}

/// What becomes of a connection once the head of the answer has left: put into the answer's extensions. It is given
/// the bytes that came behind the request.
pub(crate) struct Handover(
    pub(crate) Box<dyn FnOnce(TcpStream, Bytes) -> LocalBoxFuture<'static, ()>>,
);

/// Answers a request that asked for a WebSocket, and is over when its connection is.
pub(crate) async fn serve<B: MessageBody>(
    response: ServiceResponse<B>,
    framed: Framed<Connection, Codec>,
) {
    let FramedParts { io, codec, read_buf, write_buf, .. } = framed.into_parts();
    // It is taken over only behind an answer of the server's own.
    let Some(io) = io.into_stream() else { return };
    let (request, mut response) = response.into_parts();
    drop(request);
    let handover = response.extensions_mut().remove::<Handover>();
    match handover {
        Some(Handover(socket)) => {
            let rest = Bytes::copy_from_slice(&read_buf);
            drop(read_buf);
            if let Ok(stream) = greet(response, io, (codec, write_buf)).await {
                socket(stream, rest).await;
            }
        }
        // Boxed: it is rare, and would make every socket's task as large.
        // An answer that does not arrive has nobody to tell.
        None => drop(Box::pin(answer(response, io, (codec, write_buf))).await),
    }
}

/// Writes the head that makes the connection a socket.
async fn greet<B>(
    response: HttpResponse<B>,
    mut stream: TcpStream,
    (mut codec, mut out): (Codec, BytesMut),
) -> io::Result<TcpStream> {
    let (head, _nothing) = response.into_parts();
    codec.encode(Message::Item((Response::from(head), BodySize::None)), &mut out)?;
    stream.write_all(&out).await?;
    Ok(stream)
}

/// Writes a whole answer, and closes the connection.
async fn answer<B: MessageBody>(
    response: HttpResponse<B>,
    mut stream: TcpStream,
    (mut codec, mut out): (Codec, BytesMut),
) -> io::Result<()> {
    let (head, body) = response.into_parts();
    let mut head = Response::from(head);
    head.head_mut().set_connection_type(ConnectionType::Close);
    // The codec cuts nothing into chunks behind a request for an upgrade, and would say so all the same.
    head.head_mut().no_chunking(true);
    let size = body.size();
    codec.encode(Message::Item((head, size)), &mut out)?;
    stream.write_all(&out).await?;
    if !matches!(size, BodySize::None | BodySize::Sized(0)) {
        let mut body = pin!(body);
        loop {
            let next = poll_fn(|context| body.as_mut().poll_next(context)).await;
            out.clear();
            // A body that fails has told why itself; its end is missing then.
            let chunk = next.transpose().map_err(|_failed| io::ErrorKind::BrokenPipe)?;
            let is_last = chunk.is_none();
            codec.encode(Message::Chunk(chunk), &mut out)?;
            stream.write_all(&out).await?;
            if is_last {
                break;
            }
        }
    }
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    let until_closed = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    let _late = timeout(LINGER, until_closed).await;
    Ok(())
}
