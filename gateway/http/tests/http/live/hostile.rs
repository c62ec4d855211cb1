//! Who sends what nobody should: that one socket gets the right close code, and nothing else notices.

use std::time::Duration;

use forecourt_http::Limits;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::{Socket, frame, raw_close, raw_frame, upgraded};
use crate::world::{World, problem, tenant_id};

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
        (frame(0x89, &[b'a'; 126]), 1002),
        (frame(0xc1, b"{}"), 1002),
        (vec![0x81, 2, b'{', b'}'], 1002),
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
        let _closed = socket.line.send(Message::text(ping.to_string())).await;
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
        // What one listener may be behind by is about as much.
        let batch: Vec<_> = (0..20)
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

#[actix_web::test]
async fn a_hello_that_comes_along_with_the_upgrade_is_answered() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut request = super::upgrade(&world, &cookie);
    request.extend(frame(0x81, br#"{"type":"hello","ref":"1","after":null,"topics":[]}"#));
    request.extend(frame(0x81, br#"{"type":"ping","ref":"2"}"#));
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    stream.write_all(&request).await.unwrap();
    super::head(&mut stream).await;
    for wanted in [r#""type":"welcome""#, r#""ref":"2""#] {
        let (first, payload) = raw_frame(&mut stream).await.unwrap();
        let text = String::from_utf8(payload).unwrap();
        assert!(first == 0x81 && text.contains(wanted), "{text}");
    }
    world.stop().await;
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

#[actix_web::test]
async fn hostile_frames_are_answered_under_their_ref_and_nobody_else_notices() {
    let world = World::start().await;
    let all = json!({ "topics": [] });
    let of = |who: &'static str| Socket::of(&world, "nordlys-bil", who, all.clone());
    let (mut hostile, mut eva) = (of("ola@nordlys.example").await, of("eva@nordlys.example").await);
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let posted = eva.until(|frame| frame["event"] == "message.posted").await;
    let session = posted["session_id"].as_str().unwrap().to_owned();
    let deep =
        format!(r#"{{"type":"ping","ref":"deep","x":{}{}}}"#, "[".repeat(70), "]".repeat(70));
    let draft =
        |rest: &str| format!(r#"{{"type":"draft","ref":"d","session_id":"{session}",{rest}}}"#);
    let send =
        |rest: &str| format!(r#"{{"type":"send","ref":"s","session_id":"{session}",{rest}}}"#);
    for (text, reference) in [
        (deep, ""),
        ("[]".into(), ""),
        ("\"hello\"".into(), ""),
        ("null".into(), ""),
        ("\u{0}".into(), ""),
        (r#"{"ref":"only"}"#.into(), "only"),
        (r#"{"type":"ping","ref":"a","ref":"b"}"#.into(), ""),
        (r#"{"type":"ping","ref":"\ud800"}"#.into(), ""),
        (r#"{"type":["ping"],"ref":"t"}"#.into(), "t"),
        (r#"{"type":"view","ref":"v","session_id":"ses_nothing"}"#.into(), "v"),
        (r#"{"type":"view","ref":"v","session_id":{"$ne":1}}"#.into(), "v"),
        (r#"{"type":"seen","ref":"n","session_id":"x","seq":1e999}"#.into(), "n"),
        (
            format!(
                r#"{{"type":"seen","ref":"n","session_id":"{session}","seq":9223372036854775808}}"#
            ),
            "n",
        ),
        (format!(r#"{{"type":"seen","ref":"n","session_id":"{session}","seq":-1}}"#), "n"),
        (
            format!(
                r#"{{"type":"assign","ref":"m","session_id":"{session}","member_id":"ses_0"}}"#
            ),
            "m",
        ),
        (draft(r#""text":"a","revision":-9223372036854775808"#), "d"),
        (draft(r#""text":"a\u0000b","revision":0"#), "d"),
        (draft(&format!(r#""text":"{}","revision":0"#, "å".repeat(5_001))), "d"),
        (send(r#""text":"a","client_id":"c","as":"Eva""#), "s"),
        (send(r#""text":"a","client_id":"c\u0000""#), "s"),
        (send(r#""text":"\u202e\u0007","client_id":"c""#), "s"),
        (send(&format!(r#""text":"{}","client_id":"c""#, "a".repeat(5_001))), "s"),
        (send(&format!(r#""text":"a","client_id":"{}""#, "c".repeat(101))), "s"),
    ] {
        hostile.send(Message::text(text.clone())).await;
        let reply = hostile.reply(reference).await;
        assert_eq!(reply["ok"], false, "{text}: {reply}");
        let status = reply["problem"]["status"].as_i64().unwrap();
        assert!((400..500).contains(&status), "{text}: {reply}");
    }
    // Markup and other scripts are text like any other; marks that turn the writing around are left out.
    let text = "<script>alert(1)</script> مرحبا \u{202e}\u{1F697}";
    let send = json!({ "type": "send", "session_id": session, "text": text, "client_id": "c-9" });
    hostile.done(send).await;
    let told = eva.until(|frame| frame["message"]["author"] == "member").await;
    assert_eq!(told["message"]["text"], text.replace('\u{202e}', ""));
    world.stop().await;
}

#[actix_web::test]
async fn a_flood_of_questions_ends_one_socket_and_the_others_go_on() {
    let limits = Limits { live_frames: forecourt_http::Rate::new(60, 40), ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let of = |who: &'static str| Socket::of(&world, "nordlys-bil", who, json!({ "topics": [] }));
    let (mut flood, mut eva) = (of("ola@nordlys.example").await, of("eva@nordlys.example").await);
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let posted = eva.until(|frame| frame["event"] == "message.posted").await;
    let session = posted["session_id"].as_str().unwrap();
    for nth in 0..200 {
        let view = json!({ "type": "view", "ref": nth.to_string(), "session_id": session });
        if flood.line.send(Message::text(view.to_string())).await.is_err() {
            break;
        }
    }
    let (code, _) = flood.closed().await;
    assert!(code == Some(1008) || code.is_none(), "{code:?}");
    eva.done(json!({ "type": "view", "session_id": session })).await;
    let alone = |frame: &serde_json::Value| {
        frame["type"] == "presence" && frame["viewers"].as_array().unwrap().len() == 1
    };
    eva.until(alone).await;
    world.stop().await;
}
