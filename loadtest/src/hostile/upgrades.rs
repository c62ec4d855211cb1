//! The corpus of the upgrade: requests that would be a socket, and the answers they must get.

use std::time::Duration;

use super::Target;

/// What must come of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// An answer with one of these statuses.
    Status(&'static [u16]),
    /// An answer with one of these statuses, or the end of the connection; within this time.
    StatusOrEnd(&'static [u16], Duration),
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    /// The head, and whatever follows, with pauses between the parts.
    pub parts: Vec<Vec<u8>>,
    pub pause: Duration,
    pub expect: Expect,
}

/// After this long a head that is not whole is given up, with some grace.
const HEAD: Duration = Duration::from_secs(20);

/// All cases.
pub fn all(target: &Target) -> Vec<Case> {
    let host = target.to;
    let cookie = &target.cookie;
    let good = format!(
        "Host: {host}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Zm9yZWNvdXJ0LWxvYWQhIQ==\r\n\
         Sec-WebSocket-Protocol: forecourt.v1\r\n"
    );
    let without = |name: &str| {
        let kept = good.split_inclusive("\r\n").filter(|line| !line.starts_with(name));
        format!("GET /v1/live HTTP/1.1\r\n{}\r\n", kept.collect::<String>())
    };
    let with = |line: &str| format!("GET /v1/live HTTP/1.1\r\n{good}{line}\r\n\r\n");
    let instead = |from: &str, to: &str| with("X-Case: 1").replace(from, to);
    let mut all = Vec::new();
    let mut add = |name: &str, request: String, expect: Expect| {
        all.push(Case {
            name: format!("an upgrade {name}"),
            parts: vec![request.into_bytes()],
            pause: Duration::ZERO,
            expect,
        });
    };
    let status = Expect::Status;
    for (name, request, statuses) in [
        ("without a key", without("Sec-WebSocket-Key"), &[400, 426][..]),
        ("without a version", without("Sec-WebSocket-Version"), &[400, 426]),
        ("without Connection", without("Connection"), &[400, 426]),
        ("without Upgrade", without("Upgrade"), &[400, 426]),
        ("of version 12", instead("Version: 13", "Version: 12"), &[400, 426]),
        ("to h2c", instead("Upgrade: websocket", "Upgrade: h2c"), &[400, 426]),
        ("by POST", instead("GET ", "POST "), &[400, 404, 405, 411]),
        ("with a foreign origin", with("Origin: https://evil.example"), &[403]),
        ("with a look-alike origin", with(&format!("Origin: http://{host}.evil.example")), &[403]),
        ("with the origin null", with("Origin: null"), &[403]),
        ("from a foreign page by fetch metadata", with("Sec-Fetch-Site: cross-site"), &[403]),
        ("without any subprotocol", without("Sec-WebSocket-Protocol"), &[101]),
        ("with a foreign subprotocol", instead("forecourt.v1", "graphql-ws"), &[101, 400]),
        ("with a subprotocol of the future", instead("forecourt.v1", "forecourt.v9"), &[101, 400]),
        ("with the token in its address", instead("/v1/live", "/v1/live?token=AAAA"), &[101, 400]),
        ("with NUL in its address", instead("/v1/live", "/v1/live%00"), &[400, 404]),
        ("that asks for compression", with("Sec-WebSocket-Extensions: permessage-deflate"), &[101]),
        ("with a header of control characters", with("X-Bad: a\u{1}b"), &[101, 400]),
        ("with a header without a name", with(": x"), &[400]),
    ] {
        add(name, request, status(statuses));
    }
    let many = "X-Many: 1\r\n".repeat(2_000);
    let long = with(&format!("X-Long: {}", "x".repeat(300_000)));
    let at_once = Duration::from_secs(15);
    add("with 2,000 headers", with(many.trim_end()), Expect::StatusOrEnd(&[400, 431], at_once));
    add("with a header of 300,000 bytes", long, Expect::StatusOrEnd(&[400, 413, 431], at_once));
    let slow = "GET /v1/live HTTP/1.1\r\nHost: x\r\n".as_bytes();
    all.push(Case {
        name: "an upgrade that never ends".to_owned(),
        parts: vec![slow.to_vec()],
        pause: Duration::ZERO,
        expect: Expect::StatusOrEnd(&[400, 408], HEAD),
    });
    all.push(Case {
        name: "an upgrade byte by byte, for ever".to_owned(),
        parts: "GET /v1/live HTTP/1.1\r\nHost: x\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            .bytes()
            .map(|byte| vec![byte])
            .collect(),
        pause: Duration::from_millis(400),
        expect: Expect::StatusOrEnd(&[400, 408], Duration::from_secs(45)),
    });
    all
}
