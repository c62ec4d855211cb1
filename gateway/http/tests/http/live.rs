//! The live socket: hello, replay, gaps, and everything that closes it.

use std::{io::Write as _, time::Duration};

use forecourt_http::Limits;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{StatusCode, header};
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

use crate::world::{PATIENCE, World, problem, tenant_id};

struct Socket(WebSocketStream<TcpStream>);

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
                Ok(Self(socket))
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
        self.say(&json!({ "type": "hello", "ref": "1", "after": after, "topics": ["leads"] }))
            .await;
        let welcome = self.frame().await;
        assert_eq!((&welcome["type"], &welcome["ref"]), (&"welcome".into(), &"1".into()));
        welcome
    }

    async fn say(&mut self, frame: &Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next()).await.expect("the socket is silent")
    }

    async fn frame(&mut self) -> Value {
        match self.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next event frame that `wanted` likes.
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

#[actix_web::test]
async fn a_new_lead_is_told_with_its_whole_row_and_then_what_changed() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let welcome = socket.hello(None).await;
    assert_eq!((&welcome["resumed"], &welcome["seq"]), (&false.into(), &0.into()));
    let receipt = world.submit("kari@example.no", "Er bilen ledig?").await;
    let captured = socket.event("lead.captured").await;
    assert_eq!(captured["lead"]["lead_id"], receipt["lead_id"]);
    assert_eq!(captured["lead"]["email"], "kari@example.no");
    assert_eq!(captured["lead"]["excerpt"], "Er bilen ledig?");
    let posted = socket.event("message.posted").await;
    assert_eq!(posted["message"]["text"], "Er bilen ledig?");
    assert_eq!(posted["changes"]["excerpt"], "Er bilen ledig?");
    let mut row = captured["lead"].clone();
    loop {
        let changed = socket.event("lead.changed").await;
        assert_eq!(changed["lead"], Value::Null, "only what changed is told");
        for (field, value) in changed["changes"].as_object().unwrap() {
            row[field] = value.clone();
        }
        if changed["changes"]["promise"]["state"] == "kept" {
            assert_eq!(changed["changes"]["promise"]["by"], "model");
            break;
        }
    }
    // What was told, put together, is what the list says.
    let list: Value = world
        .get("/v1/leads")
        .header(header::COOKIE, &cookie)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(row, list["leads"][0]);
    // Somebody who is known comes back: the whole row is told again.
    world.submit("kari@example.no", "Og på tirsdag?").await;
    let again = socket.event("lead.repeated").await;
    assert_eq!((&again["lead"]["repeats"], &again["changes"]), (&1.into(), &Value::Null));
    world.stop().await;
}

#[actix_web::test]
async fn a_socket_resumes_after_any_event_and_an_unknown_place_is_a_gap() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let epoch = socket.hello(None).await["epoch"].clone();
    let mut seqs = Vec::new();
    world.submit("kari@example.no", "Er bilen ledig?").await;
    while seqs.len() < 6 {
        seqs.push(socket.frame().await["seq"].as_i64().unwrap());
    }
    assert!(seqs.is_sorted() && seqs[0] < seqs[5], "{seqs:?}");
    for at in 0..5 {
        let mut resumed = Socket::open(&world, &cookie).await;
        let welcome = resumed.hello(Some(&format!("{epoch}-{}", seqs[at]))).await;
        assert_eq!(welcome["resumed"], true);
        for seq in &seqs[at + 1..] {
            assert_eq!(resumed.frame().await["seq"], *seq);
        }
    }
    for cursor in ["999-1".to_owned(), format!("{epoch}-9999"), "x".into(), String::new()] {
        let mut lost = Socket::open(&world, &cookie).await;
        assert_eq!(lost.hello(Some(&cursor)).await["resumed"], false, "{cursor}");
        let gap = lost.frame().await;
        assert_eq!((&gap["type"], &gap["snapshot_url"]), (&"gap".into(), &"/v1/leads".into()));
        world.submit("kari@example.no", &format!("Og etter {cursor}?")).await;
        assert!(lost.event("lead.repeated").await["seq"].as_i64() > gap["seq"].as_i64());
    }
    world.stop().await;
}

#[actix_web::test]
async fn only_the_tenants_own_leads_are_told() {
    let world = World::start().await;
    let cookie = world.sign_in("fjord-auto", "ola@fjord.example").await;
    let mut foreign = Socket::open(&world, &cookie).await;
    foreign.hello(None).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    foreign.say(&json!({ "type": "ping", "ref": "9" })).await;
    let reply = foreign.frame().await;
    assert_eq!(
        (&reply["type"], &reply["ref"], &reply["ok"]),
        (&"reply".into(), &"9".into(), &true.into())
    );
    world.stop().await;
}

#[actix_web::test]
async fn a_foreign_page_is_refused_before_the_upgrade_and_a_stranger_is_told() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let port = world.addr.port();
    for origin in [
        "https://evil.example".to_owned(),
        "https://nordlys.example".into(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port + 1),
        format!("http://127.0.0.1:{port}.evil.example"),
        "null".into(),
    ] {
        let refused = Socket::try_open(&world, &[("cookie", &cookie), ("origin", &origin)]).await;
        assert_eq!(refused.err(), Some(403), "{origin}");
    }
    for cookie in [
        "",
        "forecourt=x",
        "forecourt=00000000000000000000000000000001.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let mut stranger = Socket::open(&world, cookie).await;
        assert_eq!(stranger.closed().await, (Some(4001), 0), "{cookie}");
    }
    let plain = world.get("/v1/live").header(header::COOKIE, &cookie).send().await.unwrap();
    problem(plain, 426, "upgrade-required").await;
    let stranger = world.get("/v1/live").send().await.unwrap();
    problem(stranger, 401, "unauthorised").await;
    world.stop().await;
}

#[actix_web::test]
async fn a_wrong_beginning_closes_the_socket_with_4002() {
    let world = World::start().await;
    let cookie = world.ola().await;
    for first in
        ["{}", "hello", r#"{"type":"ping","ref":"1"}"#, r#"{"type":"hello","ref":"1","x":1}"#]
    {
        let mut socket = Socket::open(&world, &cookie).await;
        socket.send(Message::text(first)).await;
        assert_eq!(socket.closed().await, (Some(4002), 0), "{first}");
    }
    // Silence is a wrong beginning too, after five seconds.
    let mut silent = Socket::open(&world, &cookie).await;
    assert_eq!(silent.closed().await, (Some(4002), 0));
    world.stop().await;
}

#[actix_web::test]
async fn what_is_no_text_or_too_big_closes_with_the_code_that_says_so() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    socket.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.closed().await, (Some(1003), 0));
    for (raw, code) in [
        (frame(0x81, b"\xff\xfe"), 1007),
        ([frame(0x01, b"\xc3"), frame(0x80, b"\x28")].concat(), 1007),
        (frame(0x83, b""), 1002),
        (frame(0x80, b"x"), 1002),
        ([0x81, 0xff].into_iter().chain((1_u64 << 40).to_be_bytes()).collect(), 1009),
        ([frame(0x01, &vec![b'a'; 60_000]), frame(0x80, &[b'a'; 6_000])].concat(), 1009),
    ] {
        let mut raw_socket = upgraded(&world, &cookie).await;
        raw_socket.write_all(&frame(0x81, br#"{"type":"hello","ref":"1"}"#)).await.unwrap();
        raw_socket.write_all(&raw).await.unwrap();
        assert_eq!(raw_close(&mut raw_socket).await, Some(code), "{:x?}", &raw[..2]);
    }
    world.stop().await;
}

#[actix_web::test]
async fn fragments_are_joined_and_a_ping_in_between_is_answered() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = upgraded(&world, &cookie).await;
    let hello = br#"{"type":"hello","ref":"1","after":null,"topics":[]}"#;
    let (a, rest) = hello.split_at(7);
    let (b, c) = rest.split_at(20);
    let sent = [frame(0x01, a), frame(0x89, b"alive"), frame(0x00, b), frame(0x80, c)].concat();
    socket.write_all(&sent).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.push(raw_frame(&mut socket).await.unwrap());
    }
    assert_eq!(seen[0], (0x8a, b"alive".to_vec()));
    assert!(String::from_utf8(seen[1].1.clone()).unwrap().contains("welcome"));
    world.stop().await;
}

#[actix_web::test]
async fn a_flood_of_frames_closes_the_socket() {
    let limits = Limits { live_frames: forecourt_http::Rate::new(60, 10), ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    for nth in 0..20 {
        let ping = json!({ "type": "ping", "ref": nth.to_string() });
        let _closed = socket.0.send(Message::text(ping.to_string())).await;
    }
    let (code, replies) = socket.closed().await;
    assert!(code == Some(1008) || code.is_none(), "{code:?}");
    assert!(replies <= 10);
    world.stop().await;
}

#[actix_web::test]
async fn a_reader_that_does_not_read_is_cut_and_the_others_do_not_notice() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut slow = Socket::open(&world, &cookie).await;
    slow.hello(None).await;
    let mut quick = Socket::open(&world, &cookie).await;
    quick.hello(None).await;
    world.submit("kari@example.no", &"Er bilen ledig? ".repeat(300)).await;
    let first = quick.event("message.posted").await["seq"].as_i64().unwrap();
    // The same event told again and again under new places, until the slow one's socket is full.
    let records = forecourt_ports::store::Journal::replay(
        &world.store,
        tenant_id(1),
        forecourt_core::event::Seq(first - 1),
        1,
    )
    .await
    .unwrap();
    let mut seq = 1_000_000;
    let mut told = 0;
    while told < 12_000 {
        let batch: Vec<_> = (0..100)
            .map(|_| {
                seq += 1;
                forecourt_ports::bus::Published::new(forecourt_core::event::EventRecord {
                    seq: forecourt_core::event::Seq(seq),
                    ..records[0].clone()
                })
            })
            .collect();
        told += batch.len();
        forecourt_ports::bus::Bus::publish(&*world.bus, tenant_id(1), batch);
        while quick.frame().await["seq"] != seq {}
    }
    let (code, frames) = slow.closed().await;
    assert_eq!(code, Some(4003));
    assert!(frames < told);
    world.stop().await;
}

#[actix_web::test]
async fn signing_out_closes_the_sockets_of_that_sign_in_and_no_others() {
    let world = World::start().await;
    let (here, there) = (world.ola().await, world.ola().await);
    let mut first = Socket::open(&world, &here).await;
    first.hello(None).await;
    let mut other = Socket::open(&world, &there).await;
    other.hello(None).await;
    let out = world.post("/v1/logout").header(header::COOKIE, &here).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(first.closed().await.0, Some(4001));
    other.say(&json!({ "type": "ping", "ref": "1" })).await;
    assert_eq!(other.frame().await["ok"], true);
    // A sign-in that ends by itself is found within five seconds.
    world.clock.advance(jiff::SignedDuration::from_hours(13));
    assert_eq!(other.closed().await.0, Some(4001));
    world.stop().await;
}

#[actix_web::test]
async fn a_node_that_stops_says_so_and_takes_no_more() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    world.gateway.begin_stop();
    assert_eq!(socket.closed().await.0, Some(1001));
    let late = Socket::try_open(&world, &[("cookie", &cookie)]).await;
    assert_eq!(late.err(), Some(503));
    world.stop().await;
}

#[actix_web::test]
async fn a_room_that_the_bus_has_cut_sends_everybody_back_to_their_cursors() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let epoch = socket.hello(None).await["epoch"].clone();
    world.submit("kari@example.no", "En").await;
    let seen = socket.event("message.posted").await["seq"].clone();
    world.bus.cut_all();
    assert_eq!(socket.closed().await.0, Some(4003));
    world.submit("kari@example.no", "To").await;
    let mut resumed = Socket::open(&world, &cookie).await;
    resumed.hello(Some(&format!("{epoch}-{seen}"))).await;
    loop {
        let frame = resumed.event("message.posted").await;
        if frame["message"]["text"] == "To" {
            break;
        }
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_quiet_socket_beats_with_the_place_that_was_told_last() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let mut last = Value::Null;
    loop {
        let frame = socket.frame().await;
        if frame["type"] == "beat" {
            assert_eq!(frame["seq"], last);
            break;
        }
        last = frame["seq"].clone();
    }
    world.stop().await;
}

#[actix_web::test]
async fn the_echo_is_there_only_when_the_configuration_opens_it() {
    let world = World::start().await;
    problem(world.get("/v1/test/echo").send().await.unwrap(), 404, "not-found").await;
    world.stop().await;
    let world = World::with(|config| config.echo = true).await;
    let request = format!("ws://{}/v1/test/echo", world.addr).into_client_request().unwrap();
    let stream = TcpStream::connect(world.addr).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let long = "Å".repeat(500_000);
    socket.send(Message::text(long.clone())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(long));
    world.stop().await;
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

/// A socket after its upgrade, without a client library that would refuse to misbehave.
async fn upgraded(world: &World, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    let mut request = Vec::new();
    write!(
        request,
        "GET /v1/live HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: forecourt.v1\r\n\r\n",
        world.addr
    )
    .unwrap();
    stream.write_all(&request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
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

#[actix_web::test]
async fn an_endless_frame_is_refused_without_being_held() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = upgraded(&world, &cookie).await;
    let before = resident();
    let mut head = vec![0x82, 0xff];
    head.extend((1_u64 << 40).to_be_bytes());
    head.extend([0; 4]);
    socket.write_all(&head).await.unwrap();
    let chunk = vec![0; 1 << 20];
    let mut sent = 0_usize;
    // 300 MiB are offered; the server hangs up long before.
    while sent < 300 << 20 {
        match timeout(Duration::from_secs(5), socket.write_all(&chunk)).await {
            Ok(Ok(())) => sent += chunk.len(),
            _ => break,
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more after {sent} were sent");
    world.stop().await;
}

/// Memory of this process, which is client and server in one.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4_096
}
