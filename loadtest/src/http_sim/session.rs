//! One connection: reads calls, answers them, or does not.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::dial::{Act, Dial};
use super::received::{Call, Outcome, Received, Reply};
use super::webhook::Signed;
use super::{Shared, parse};
use crate::clock;

/// Longest head and longest body that are read (A9).
const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 1024 * 1024;
/// Silence of a client after which its connection is closed.
const IDLE: Duration = Duration::from_mins(2);

/// A call, taken apart.
struct Request {
    method: String,
    path: String,
    query: String,
    key: Option<String>,
    signed: Option<Signed>,
    close: bool,
    body: Vec<u8>,
}

/// Whether the connection may go on.
#[derive(PartialEq, Eq)]
enum Next {
    Another,
    Close,
    Reset,
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
                answer(&mut stream, status, "{}", &[], true).await.ok();
                return;
            }
            Ok(Ok(None)) | Err(_) => return,
        };
        let last = request.close;
        let next = if request.path.starts_with("/sim/") {
            control(&mut stream, shared, &request).await
        } else if request.method == "POST" || is_lookup(shared, &request) {
            call(&mut stream, shared, request).await
        } else {
            let refused =
                answer(&mut stream, 405, "{}", &[("allow", "POST".to_owned())], last).await;
            refused.map_or(Next::Close, |()| Next::Another)
        };
        match next {
            Next::Another if !last => {}
            Next::Another | Next::Close => return,
            Next::Reset => {
                // It fails only where the connection is gone already.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok();
                return;
            }
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
    let header = |name: &str| {
        head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    // Bodies in chunks are not read; a call without either header has no body.
    let length = match (header("content-length"), header("transfer-encoding")) {
        (Some(length), None) => length.parse::<usize>().map_err(|_| 400_u16)?,
        (_, Some(_)) => return Err(411),
        (None, None) => 0,
    };
    if length > MAX_BODY {
        return Err(413);
    }
    if header("expect").is_some_and(|what| what.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| 400_u16)?;
    }
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.map_or(0, |read| read) == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(end + length);
    let body = buffer.split_off(end);
    *buffer = rest;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        // An outgoing webhook is known again by its id.
        key: header("idempotency-key")
            .or_else(|| header("webhook-id"))
            .filter(|key| !key.is_empty()),
        signed: header("webhook-timestamp")
            .zip(header("webhook-signature"))
            .map(|(timestamp, signature)| Signed { timestamp, signature }),
        close: header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
        body,
    }))
}

async fn call(stream: &mut TcpStream, shared: &Shared, request: Request) -> Next {
    let (wait, act) = shared.plan().strike(&request.path, request.key.as_deref());
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let call = noted(shared, &request);
    let close = request.close;
    match act {
        Some(Act::Status { code, retry_after }) => {
            shared.received().fail(call);
            let headers: Vec<_> = retry_after
                .map(|seconds| ("retry-after", seconds.to_string()))
                .into_iter()
                .collect();
            let body = json!({ "error": "told to" }).to_string();
            let told = answer(stream, code, &body, &headers, close).await;
            told.map_or(Next::Close, |()| Next::Another)
        }
        Some(Act::Hang) => {
            shared.received().fail(call);
            // Until the client hangs up.
            let mut ignored = [0; 1024];
            while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
            Next::Close
        }
        Some(Act::Reset) => {
            shared.received().fail(call);
            Next::Reset
        }
        Some(Act::Garbage) => {
            shared.received().fail(call);
            stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.ok();
            Next::Close
        }
        Some(Act::LostAnswer) => {
            accept(shared, call);
            Next::Reset
        }
        Some(Act::HalfBody) => {
            let (_, body, _) = accept(shared, call);
            let half = body.get(..body.len() / 2).unwrap_or_default();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{half}",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.ok();
            Next::Close
        }
        Some(Act::Slow(_)) | None => {
            let (mut status, mut body, replayed) = accept(shared, call);
            if is_lookup(shared, &request) {
                let known = shared.config.lookups.get(&request.path);
                (status, body) = known.map_or((404, "{}".to_owned()), |known| (200, known.clone()));
            }
            let headers: &[(&str, String)] =
                if replayed { &[("idempotent-replayed", "true".to_owned())] } else { &[] };
            let told = answer(stream, status, &body, headers, close).await;
            told.map_or(Next::Close, |()| Next::Another)
        }
    }
}

fn is_lookup(shared: &Shared, request: &Request) -> bool {
    request.method == "GET" && !shared.config.lookups.is_empty()
}

fn noted(shared: &Shared, request: &Request) -> Call {
    Call {
        number: shared.received().number(),
        at: clock::now().to_string(),
        path: request.path.clone(),
        key: request.key.clone(),
        bytes: request.body.len(),
        hash: hash_of(&request.body),
        outcome: Outcome::Failed,
        body: shared
            .config
            .keep_bodies
            .then(|| String::from_utf8_lossy(&request.body).into_owned()),
        signed: request.signed.clone(),
    }
}

/// Sixteen hex digits that stand for a body.
fn hash_of(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// Status, body, and whether it is an earlier answer again.
fn accept(shared: &Shared, call: Call) -> (u16, String, bool) {
    let reply = shared.received().accept(call, shared.config.ignore_keys);
    match reply {
        Reply::Done { answer } => {
            shared.accepted.send_modify(|count| *count += 1);
            (200, answer, false)
        }
        Reply::Again { answer } => (200, answer, true),
        Reply::Conflict => {
            (422, json!({ "error": "the key came with another body" }).to_string(), false)
        }
        Reply::Full => (503, json!({ "error": "no room for more keys" }).to_string(), false),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    dials: Vec<String>,
}

async fn control(stream: &mut TcpStream, shared: &Shared, request: &Request) -> Next {
    let (status, body) = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/sim/health") => (200, json!({ "status": "ok" })),
        ("GET", "/sim/received") => {
            let of = |name: &str| {
                request.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            };
            let after = of("after").and_then(|after| after.parse().ok()).unwrap_or(0);
            let summary = shared.received().summary(after, of("key"));
            (200, serde_json::to_value(summary).unwrap_or_default())
        }
        ("POST", "/sim/reset") => {
            *shared.received() = Received::default();
            shared.plan().set(Vec::new());
            shared.accepted.send_replace(0);
            (200, json!({ "calls": 0 }))
        }
        ("POST", "/sim/dials") => {
            let read: Result<Vec<Dial>, String> = serde_json::from_slice::<Orders>(&request.body)
                .map_err(|error| error.to_string())
                .and_then(|orders| parse(&orders.dials).map_err(|error| error.to_string()));
            match read {
                Ok(dials) => {
                    let count = dials.len();
                    shared.plan().set(dials);
                    (200, json!({ "dials": count }))
                }
                Err(error) => (400, json!({ "error": error })),
            }
        }
        _ => (404, json!({ "error": "no such control" })),
    };
    let told = answer(stream, status, &body.to_string(), &[], request.close).await;
    told.map_or(Next::Close, |()| Next::Another)
}

async fn answer(
    stream: &mut TcpStream,
    status: u16,
    body: &str,
    headers: &[(&str, String)],
    close: bool,
) -> std::io::Result<()> {
    let words = match status {
        200 => "OK",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Told To",
    };
    let mut head = format!(
        "HTTP/1.1 {status} {words}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").ok();
    }
    if close {
        head.push_str("connection: close\r\n");
    }
    head.push_str("\r\n");
    head.push_str(body);
    stream.write_all(head.as_bytes()).await
}
