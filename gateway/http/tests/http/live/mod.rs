//! The live socket of staff, over real sockets.

mod hostile;
mod people;
mod presence;
mod stream;
mod tickets;

use std::{collections::VecDeque, io::Write as _};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, protocol::CloseFrame},
};

use crate::world::{PATIENCE, World};

pub(crate) struct Socket {
    line: WebSocketStream<TcpStream>,
    /// What came before a reply that was waited for.
    held: VecDeque<Value>,
}

impl Socket {
    /// Connects with these headers; `Err` holds the status of a refusal.
    async fn try_open(world: &World, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{}/v1/live", world.addr).into_client_request().unwrap();
        let map = request.headers_mut();
        map.insert("sec-websocket-protocol", "forecourt.v1".parse().unwrap());
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(world.addr).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "forecourt.v1");
                Ok(Self { line: socket, held: VecDeque::new() })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn open(world: &World, cookie: &str) -> Self {
        Self::try_open(world, &[("cookie", cookie), ("origin", &world.url)]).await.unwrap()
    }

    /// Says hello and gives the welcome.
    async fn hello(&mut self, after: Option<&str>) -> Value {
        self.hello_with(json!({ "after": after, "topics": ["leads"] })).await
    }

    async fn hello_with(&mut self, mut hello: Value) -> Value {
        (hello["type"], hello["ref"]) = ("hello".into(), "1".into());
        self.say(&hello).await;
        let welcome = self.frame().await;
        assert_eq!((&welcome["type"], &welcome["ref"]), (&"welcome".into(), &"1".into()));
        welcome
    }

    /// Signs a member in, opens a socket and says hello.
    pub(crate) async fn of(world: &World, tenant: &str, email: &str, hello: Value) -> Self {
        let cookie = world.sign_in(tenant, email).await;
        let mut socket = Self::open(world, &cookie).await;
        socket.hello_with(hello).await;
        socket
    }

    async fn say(&mut self, frame: &Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    async fn send(&mut self, message: Message) {
        self.line.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.line.next()).await.expect("the socket is silent")
    }

    async fn frame(&mut self) -> Value {
        match self.held.pop_front() {
            Some(frame) => frame,
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Value {
        match self.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next frame that `wanted` likes.
    pub(crate) async fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let wait = async {
            loop {
                last = self.frame().await;
                if wanted(&last) {
                    return;
                }
            }
        };
        let came = timeout(PATIENCE, wait).await;
        assert!(came.is_ok(), "it never came; the last frame was {last}");
        last
    }

    /// Frames that each of `wanted` likes, in whichever order they come.
    async fn until_each(&mut self, wanted: &[&dyn Fn(&Value) -> bool]) {
        let mut open: Vec<_> = wanted.to_vec();
        self.until(|frame| {
            open.retain(|wanted| !wanted(frame));
            open.is_empty()
        })
        .await;
    }

    /// The reply to this ref; every other reply on the way to it is one too many.
    async fn reply(&mut self, reference: &str) -> Value {
        let wait = async {
            loop {
                let frame = self.read().await;
                if frame["type"] == "reply" {
                    return frame;
                }
                self.held.push_back(frame);
            }
        };
        let reply = timeout(PATIENCE, wait).await.expect("no reply came");
        assert_eq!(reply["ref"], reference, "{reply}");
        reply
    }

    /// Says a frame under a fresh ref, and gives its reply.
    async fn ask(&mut self, mut frame: Value) -> Value {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(100);
        let reference = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        frame["ref"] = reference.as_str().into();
        self.say(&frame).await;
        self.reply(&reference).await
    }

    /// Asks, and expects a yes.
    pub(crate) async fn done(&mut self, frame: Value) -> Value {
        let reply = self.ask(frame.clone()).await;
        assert_eq!(reply["ok"], true, "{frame}: {reply}");
        reply
    }

    /// Asks, and expects a problem of this code.
    async fn refused(&mut self, frame: Value, code: &str) -> Value {
        let reply = self.ask(frame.clone()).await;
        assert_eq!(
            (&reply["ok"], &reply["problem"]["code"]),
            (&false.into(), &code.into()),
            "{frame}: {reply}"
        );
        reply
    }

    /// The next event frame of this name.
    async fn event(&mut self, wanted: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["event"] == wanted {
                return frame;
            }
        }
    }

    /// Reads to the end and gives the close code, and how many frames came before.
    async fn closed(&mut self) -> (Option<u16>, usize) {
        let mut frames = 0;
        loop {
            match self.next().await {
                Some(Ok(Message::Close(reason))) => {
                    return (reason.map(|CloseFrame { code, .. }| code.into()), frames);
                }
                Some(Ok(_)) => frames += 1,
                Some(Err(_)) | None => return (None, frames),
            }
        }
    }
}

// ---- raw frames ----

/// A masked client frame (mask zero).
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        middle @ 126..=65_535 => {
            frame.push(0x80 | 0x7e);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 0x7f);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A request for a socket.
fn upgrade(world: &World, cookie: &str) -> Vec<u8> {
    let mut request = Vec::new();
    write!(
        request,
        "GET /v1/live HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: forecourt.v1\r\n\r\n",
        world.addr
    )
    .unwrap();
    request
}

/// Reads the head of the answer that opens a socket.
async fn head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
}

/// A socket after its upgrade, without a client library that would refuse to misbehave.
async fn upgraded(world: &World, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    stream.write_all(&upgrade(world, cookie)).await.unwrap();
    head(&mut stream).await;
    stream
}

/// The next frame of the server: its first byte and its payload.
async fn raw_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let read = async {
        let first = stream.read_u8().await.ok()?;
        let length = match stream.read_u8().await.ok()? {
            126 => u64::from(stream.read_u16().await.ok()?),
            127 => stream.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut payload).await.ok()?;
        Some((first, payload))
    };
    timeout(PATIENCE, read).await.expect("the socket is silent")
}

async fn raw_close(stream: &mut TcpStream) -> Option<u16> {
    while let Some((first, payload)) = raw_frame(stream).await {
        if first == 0x88 {
            return Some(u16::from_be_bytes([payload[0], payload[1]]));
        }
    }
    None
}
