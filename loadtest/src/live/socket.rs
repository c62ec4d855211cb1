//! One WebSocket of the subprotocol `forecourt.v1`: the upgrade, frames out, frames in, its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use forecourt_wire::{ClientFrame, ServerFrame};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use socket2::SockRef;
use thiserror::Error;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What we speak.
pub const SUBPROTOCOL: &str = "forecourt.v1";
/// The longest that an upgrade may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// The largest frame and message that is read (A9).
const MAX_MESSAGE: usize = 1 << 20;

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The cookie of a sign-in, `name=value`.
    Cookie(String),
    /// From `POST /v1/live/ticket`: good once, for half a minute. Goes along as a second subprotocol.
    Ticket(String),
    Nobody,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cookie(_) => "Cookie(..)", // a secret (A14)
            Self::Ticket(_) => "Ticket(..)",
            Self::Nobody => "Nobody",
        })
    }
}

/// Where a socket leads, and as whom.
#[derive(Debug, Clone)]
pub struct Dial {
    /// `127.0.0.1:8080`; a proxy's address where one is between.
    pub to: SocketAddr,
    pub credentials: Credentials,
    /// Bytes that the kernel keeps for who does not read; its own choice when absent.
    pub receive_buffer: Option<u32>,
}

impl Dial {
    /// As the member of a cookie.
    pub fn as_member(to: SocketAddr, cookie: &str) -> Self {
        Self { to, credentials: Credentials::Cookie(cookie.to_owned()), receive_buffer: None }
    }
}

/// How a line ends on purpose, as bad networks end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Closed as the protocol wants it.
    Goodbye,
    /// A TCP reset out of nothing.
    Reset,
    /// A reset after the first bytes of a frame of ours.
    HalfFrame,
    /// The line is left open and never used again; the peer learns nothing.
    Abandoned,
}

/// The socket is not to be had.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("{0} is not this machine")]
    NotLoopback(SocketAddr),
    #[error("no connection")]
    Io(#[from] io::Error),
    #[error("the upgrade was refused with status {0}")]
    Refused(u16),
    #[error("not the WebSocket protocol")]
    Protocol(#[source] Box<tungstenite::Error>),
    #[error("the upgrade took too long")]
    Late,
}

/// Why there are no more frames.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// The code of the server's close frame; none when the line just broke.
    pub code: Option<u16>,
    pub reason: String,
}

/// An open socket. Dropping it closes the connection.
pub struct Socket {
    inner: WebSocketStream<TcpStream>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
}

impl Socket {
    /// Connects and upgrades; says nothing yet.
    pub async fn open(dial: &Dial) -> Result<Self, OpenError> {
        match tokio::time::timeout(HANDSHAKE, Self::upgrade(dial)).await {
            Ok(opened) => opened,
            Err(_) => Err(OpenError::Late),
        }
    }

    async fn upgrade(dial: &Dial) -> Result<Self, OpenError> {
        if !dial.to.ip().is_loopback() {
            return Err(OpenError::NotLoopback(dial.to));
        }
        let socket = if dial.to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(bytes) = dial.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(dial.to).await?;
        stream.set_nodelay(true)?;
        let broken = |error| OpenError::Protocol(Box::new(error));
        let mut request =
            format!("ws://{}/v1/live", dial.to).into_client_request().map_err(broken)?;
        let headers = request.headers_mut();
        let mut put = |name: &'static str, value: String| {
            let value = HeaderValue::from_str(&value).map_err(io::Error::other)?;
            headers.insert(name, value);
            Ok::<(), OpenError>(())
        };
        put("origin", format!("http://{}", dial.to))?;
        let mut protocols = SUBPROTOCOL.to_owned();
        match &dial.credentials {
            Credentials::Cookie(cookie) => put("cookie", cookie.clone())?,
            Credentials::Ticket(ticket) => {
                protocols = format!("{SUBPROTOCOL}, ticket.{ticket}");
            }
            Credentials::Nobody => {}
        }
        put("sec-websocket-protocol", protocols)?;
        let limits = WebSocketConfig::default()
            .max_frame_size(Some(MAX_MESSAGE))
            .max_message_size(Some(MAX_MESSAGE))
            .read_buffer_size(4 * 1024);
        match client_async_with_config(request, stream, Some(limits)).await {
            Ok((inner, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok(Self { inner, protocol })
            }
            Err(tungstenite::Error::Http(response)) => {
                Err(OpenError::Refused(response.status().as_u16()))
            }
            Err(error) => Err(broken(error)),
        }
    }

    /// Sends a frame; an error says that the line is broken.
    pub async fn say(&mut self, frame: &ClientFrame) -> Result<(), Ended> {
        // The shapes of the wire cannot fail to serialise.
        self.say_text(serde_json::to_string(frame).unwrap_or_default()).await
    }

    /// Sends any text as one message.
    pub async fn say_text(&mut self, text: impl Into<String>) -> Result<(), Ended> {
        self.inner.send(Message::text(text.into())).await.map_err(|_| Ended::default())
    }

    /// The next text message. May be cancelled and called again.
    pub async fn hear_text(&mut self) -> Result<tungstenite::Utf8Bytes, Ended> {
        loop {
            match self.inner.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(why))) => {
                    let why = why.map(|why| (u16::from(why.code), why.reason.as_str().to_owned()));
                    let (code, reason) = why.unzip();
                    return Err(Ended { code, reason: reason.unwrap_or_default() });
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Ended::default()),
            }
        }
    }

    /// The next message of a shape; others are passed over, as frames of a newer server are.
    pub async fn hear_as<T: DeserializeOwned>(&mut self) -> Result<T, Ended> {
        loop {
            if let Ok(frame) = serde_json::from_str(&self.hear_text().await?) {
                return Ok(frame);
            }
        }
    }

    /// The next frame that we know.
    pub async fn hear(&mut self) -> Result<ServerFrame, Ended> {
        self.hear_as().await
    }

    /// Ends the line in a manner of bad networks; an abandoned one is answered, to be kept open.
    pub async fn break_off(mut self, how: Break) -> Option<Self> {
        match how {
            Break::Goodbye => {
                // It may be broken already.
                self.inner.close(None).await.ok();
            }
            Break::Reset => self.reset(),
            Break::HalfFrame => {
                // A text frame of 125 bytes, masked, that ends in its mask.
                self.inner.get_mut().write_all(&[0x81, 0xfd, 1, 2]).await.ok();
                self.reset();
            }
            Break::Abandoned => return Some(self),
        }
        None
    }

    /// Makes the end of this line a reset.
    fn reset(&self) {
        // It fails only where the connection is gone already.
        SockRef::from(self.inner.get_ref()).set_linger(Some(Duration::ZERO)).ok();
    }
}
