//! What the tests share: a bare HTTP client and a bare reader of event streams.
//!
//! Both are written apart from the code under test, on sockets: what they see is what is on the wire.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here should take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn model_sim() -> ModelSim {
    ModelSim::start(ModelSimConfig::default()).expect("the simulator starts")
}

/// An HTTP answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body ended as its framing says.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn error_message(&self) -> String {
        self.json()["error"]["message"].as_str().expect("an error has a message").to_owned()
    }

    /// `(event, data)` of every complete event; comments and unknown fields are dropped.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        let text = std::str::from_utf8(&self.body).expect("the stream is UTF-8");
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let complete = text.rfind("\n\n").map_or("", |end| &text[..end]);
        complete
            .split("\n\n")
            .filter_map(|block| {
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
                };
                let data = field("data:")?;
                let data = serde_json::from_str(data).expect("data is JSON");
                Some((field("event:").unwrap_or("message").to_owned(), data))
            })
            .collect()
    }

    /// Names of the events, each run of one name once.
    pub(crate) fn course(&self) -> Vec<String> {
        let mut names: Vec<String> = self.events().into_iter().map(|(name, _)| name).collect();
        names.retain(|name| name != "ping");
        names.dedup();
        names
    }

    /// The text deltas.
    pub(crate) fn deltas(&self) -> Vec<String> {
        let events = self.events();
        let deltas = events.iter().filter_map(|(_, data)| data["delta"]["text"].as_str());
        deltas.map(str::to_owned).collect()
    }
}

/// A request on its way.
pub(crate) struct Exchange {
    stream: TcpStream,
}

impl Exchange {
    /// Sends a request and reads nothing yet.
    pub(crate) async fn send(
        addr: SocketAddr,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Self {
        let mut stream = TcpStream::connect(addr).await.expect("the simulator listens");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes it");
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.expect("the request is sent");
        // A server that refuses a large body may hang up before it has read it.
        stream.write_all(body).await.ok();
        Self { stream }
    }

    /// Reads until `enough` says so; the connection stays open.
    pub(crate) async fn read_until(&mut self, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !enough(&bytes) {
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer));
            match read.await.expect("bytes come in time") {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
        bytes
    }

    /// Reads the whole answer.
    pub(crate) async fn answer(mut self) -> Answer {
        let bytes = self.read_until(|_| false).await;
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head came");
    let head = std::str::from_utf8(&bytes[..end]).expect("the head is text");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
    let (body, complete) = if chunked {
        unchunk(rest)
    } else {
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(rest.len());
        (rest.to_vec(), rest.len() == length)
    };
    Answer { status: status.parse().expect("a status"), headers, body, complete }
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&rest[..end]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).expect("a size");
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, true);
        }
        if rest.len() < size + 2 {
            body.extend_from_slice(&rest[..size.min(rest.len())]);
            return (body, false);
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

/// The usual headers of a call.
pub(crate) const HEADERS: [(&str, &str); 3] = [
    ("x-api-key", "test-key"),
    ("anthropic-version", "2023-06-01"),
    ("content-type", "application/json"),
];

/// A request of one user text; `extra` is merged in.
pub(crate) fn request(text: &str, extra: Value) -> Value {
    let mut body = json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": text}],
    });
    if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
        body.extend(extra);
    }
    body
}

/// Posts to `/v1/messages` with the usual headers and these.
pub(crate) async fn post(sim: &ModelSim, headers: &[(&str, &str)], body: &Value) -> Answer {
    post_to(sim, "/v1/messages", headers, body).await
}

pub(crate) async fn post_to(
    sim: &ModelSim,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let headers = [&HEADERS[..], headers].concat();
    Exchange::send(sim.addr(), ("POST", path), &headers, body.to_string().as_bytes())
        .await
        .answer()
        .await
}

pub(crate) async fn get(sim: &ModelSim, path: &str) -> Answer {
    Exchange::send(sim.addr(), ("GET", path), &HEADERS, b"").await.answer().await
}

/// A streamed call under a scenario.
pub(crate) async fn stream(sim: &ModelSim, spec: &str, text: &str) -> Answer {
    post(sim, &[("x-sim-scenario", spec)], &request(text, json!({"stream": true}))).await
}
