//! One connection: reads calls, lets a dial strike, answers.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Shared, parse};
use crate::clock;
use crate::http_sim::dial::Act;

/// Longest head and longest body that are read (A9).
const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 1024 * 1024;
/// Silence of a client after which its connection is closed.
const IDLE: Duration = Duration::from_mins(2);
/// Calls that are remembered (A9).
const MAX_CALLS: usize = 100_000;

/// A call, taken apart.
pub(super) struct Request {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What is answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub(super) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: vec![], body: body.into() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub(super) async fn run(mut stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).ok();
    let mut buffer = Vec::new();
    loop {
        let read = tokio::time::timeout(IDLE, read(&mut stream, &mut buffer)).await;
        let request = match read {
            Ok(Ok(Some(request))) => request,
            Ok(Err(status)) => {
                // The client may have gone; then nobody needs the answer.
                write(&mut stream, &Reply::text(status, "")).await.ok();
                return;
            }
            Ok(Ok(None)) | Err(_) => return,
        };
        if !call(&mut stream, shared, &request).await {
            return;
        }
    }
}

/// The next call; `None` at the end of the connection, a status for what cannot be read.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<Request>, u16> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > MAX_HEAD {
            return Err(431);
        }
        if stream.read_buf(buffer).await.map_or(0, |read| read) == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else { return Err(400) };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: pairs(query),
        headers,
        body: Vec::new(),
    };
    if request.header("transfer-encoding").is_some() {
        return Err(411);
    }
    let length = request.header("content-length").unwrap_or("0").parse::<usize>();
    let length = length.map_err(|_| 400_u16)?;
    if length > MAX_BODY {
        return Err(413);
    }
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.map_or(0, |read| read) == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(end + length);
    request.body = buffer.split_off(end);
    *buffer = rest;
    Ok(Some(request))
}

/// The pairs of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plain(key), plain(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// A part of a query without its escapes.
fn plain(part: &str) -> String {
    let (mut bytes, mut at) = (Vec::with_capacity(part.len()), 0);
    let all = part.as_bytes();
    while let Some(&byte) = all.get(at) {
        let hex = part.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (read, step) = match (byte, hex) {
            (b'%', Some(byte)) => (byte, 3),
            (b'+', _) => (b' ', 1),
            _ => (byte, 1),
        };
        bytes.push(read);
        at += step;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Answers a call, or does to it what a dial says; false when the connection is over.
async fn call(stream: &mut TcpStream, shared: &Shared, request: &Request) -> bool {
    if request.path.starts_with("/sim/") {
        return write(stream, &control(shared, request)).await.is_ok();
    }
    {
        let mut world = shared.world();
        if world.calls.len() < MAX_CALLS {
            let call = format!("{} {}", request.method, request.path);
            world.calls.push(call);
        }
    }
    let at = format!("{} {}", request.method, request.path);
    let (wait, act) = shared.plan().strike(&at, None);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    match act {
        Some(Act::Status { code, retry_after }) => {
            let reply = Reply::json(code, &json!({ "error": "told to" }));
            let reply = match retry_after {
                Some(seconds) => reply.with("retry-after", seconds.to_string()),
                None => reply,
            };
            write(stream, &reply).await.is_ok()
        }
        Some(Act::Hang) => {
            // Until the client hangs up.
            let mut ignored = [0; 1024];
            while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
            false
        }
        Some(Act::Reset) => reset(stream),
        Some(Act::Garbage) => {
            stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.ok();
            false
        }
        Some(Act::LostAnswer) => {
            answer(shared, request);
            reset(stream)
        }
        Some(Act::HalfBody) => {
            let whole = written(&answer(shared, request));
            let half = whole.len() - whole.len() / 8 - 1;
            stream.write_all(whole.as_bytes().get(..half).unwrap_or_default()).await.ok();
            false
        }
        Some(Act::Slow(_)) | None => write(stream, &answer(shared, request)).await.is_ok(),
    }
}

fn reset(stream: &TcpStream) -> bool {
    // It fails only where the connection is gone already.
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
    false
}

fn answer(shared: &Shared, request: &Request) -> Reply {
    let mut world = shared.world();
    let path = request.path.as_str();
    if let Some(path) = path.strip_prefix("/cal/v2") {
        world.cal_com.answer(path, request, clock::now())
    } else if path.starts_with("/dav/") || path == "/.well-known/caldav" {
        world.dav.answer(request)
    } else if let Some(path) = path.strip_prefix("/google") {
        world.google.answer(path, request)
    } else if let Some(path) = path.strip_prefix("/graph") {
        world.graph.answer(path, request)
    } else {
        Reply::text(404, "no such provider")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    dials: Vec<String>,
}

fn control(shared: &Shared, request: &Request) -> Reply {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/sim/health") => Reply::json(200, &json!({ "status": "ok" })),
        ("GET", "/sim/entries") => {
            let world = shared.world();
            let entries = json!({ "cal_com": world.cal_com.held(), "cal_dav": world.dav.held() });
            Reply::json(200, &entries)
        }
        ("POST", "/sim/dials") => {
            let read = serde_json::from_slice::<Orders>(&request.body).map_err(|e| e.to_string());
            match read.and_then(|orders| parse(&orders.dials).map_err(|e| e.to_string())) {
                Ok(dials) => {
                    let count = dials.len();
                    shared.plan().set(dials);
                    Reply::json(200, &json!({ "dials": count }))
                }
                Err(error) => Reply::json(400, &json!({ "error": error })),
            }
        }
        _ => Reply::json(404, &json!({ "error": "no such control" })),
    }
}

fn written(reply: &Reply) -> String {
    let Reply { status, headers, body } = reply;
    let mut head = format!("HTTP/1.1 {status} Told\r\n");
    // A 204 has no body, and says so by itself.
    if *status != 204 {
        write!(head, "content-length: {}\r\n", body.len()).ok();
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").ok();
    }
    head + "\r\n" + body
}

async fn write(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(written(reply).as_bytes()).await
}
