//! An event stream leaves the HTTP server with its connection: what the wire shows of it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    events::session,
    world::{PATIENCE, Visitor, World},
};

const FIRST: &str = "d\r\nretry: 2000\n\n\r\n";

fn request(world: &World, visitor: &Visitor, version: &str) -> String {
    let (session, token, host) = (&visitor.session, &visitor.token, world.addr);
    format!(
        "GET /v1/sessions/{session}/events HTTP/{version}\r\nHost: {host}\r\n\
         Accept-Encoding: gzip\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

async fn say(world: &World, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Reads until these words came.
async fn hear(stream: &mut TcpStream, words: &str) -> String {
    let mut heard = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&heard).contains(words) {
            let read = stream.read_buf(&mut heard).await.unwrap();
            assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&heard));
        }
    };
    let in_time = timeout(PATIENCE, reading).await.is_ok();
    assert!(in_time, "{words:?} was not said: {}", String::from_utf8_lossy(&heard));
    String::from_utf8(heard).unwrap()
}

async fn rest(mut stream: TcpStream) -> String {
    let mut heard = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut heard)).await.unwrap().unwrap();
    heard
}

#[actix_web::test]
async fn a_stream_is_chunked_uncompressed_open_to_the_page_and_ends_whole() {
    let world = World::start().await;
    let (own, tenant) = (world.url.clone(), json!({ "tenant": "nordlys-bil" }));
    let opened = world.post("/v1/sessions").header("origin", &own).json(&tenant).send().await;
    let opened: Value = opened.unwrap().json().await.unwrap();
    let field = |name: &str| opened[name].as_str().unwrap().to_owned();
    let (session, token) = (field("session_id"), field("token"));
    let visitor = Visitor { session, token, cursor: String::new() };
    let of_page = format!("Origin: {own}\r\nAccept-Encoding: gzip\r\n");
    let request = request(&world, &visitor, "1.1").replace("Accept-Encoding: gzip\r\n", &of_page);
    let mut stream = say(&world, &request).await;
    let heard = hear(&mut stream, FIRST).await.to_ascii_lowercase();
    assert!(heard.starts_with("http/1.1 200 ok\r\n"), "{heard}");
    for header in [
        "transfer-encoding: chunked",
        "connection: close",
        "content-type: text/event-stream",
        "access-control-allow-origin: http://127.0.0.1:",
        "x-request-id: ",
    ] {
        assert!(heard.contains(&format!("\r\n{header}")), "{header} is not in {heard}");
    }
    assert!(!heard.contains("content-encoding") && !heard.contains("content-length"), "{heard}");
    world.gateway.begin_stop();
    let heard = rest(stream).await;
    assert!(heard.contains("\"stopping\"") && heard.ends_with("\r\n0\r\n\r\n"), "{heard}");
    world.stop().await;
}

#[actix_web::test]
async fn an_old_client_gets_the_stream_without_chunks() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = say(&world, &request(&world, &visitor, "1.0")).await;
    let heard = hear(&mut stream, "retry: 2000\n\n").await;
    assert!(!heard.contains("chunked") && heard.contains("\r\n\r\nretry: 2000\n\n"), "{heard}");
    world.gateway.begin_stop();
    assert!(rest(stream).await.ends_with("}\n\n"));
    world.stop().await;
}

#[actix_web::test]
async fn a_stream_may_be_a_connections_second_request_and_is_its_last() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = say(&world, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    hear(&mut stream, "HTTP/1.1 200").await;
    // What is pipelined behind it is not begun: its answer could not be told.
    let body = r#"{"text":"Hei!","client_id":"c-1"}"#;
    let post = format!(
        "POST /v1/sessions/{}/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        visitor.session,
        visitor.token,
        body.len(),
    );
    let both = format!("{}{post}", request(&world, &visitor, "1.1"));
    stream.write_all(both.as_bytes()).await.unwrap();
    hear(&mut stream, FIRST).await;
    world.say(&visitor, "Hei igjen!", "c-2").await;
    let heard = hear(&mut stream, "\"assistant\"").await;
    assert!(!heard.contains("HTTP/1.1") && !heard.contains("c-1"), "{heard}");
    world.stop().await;
}

#[actix_web::test]
async fn who_hangs_up_makes_room_at_once_though_nothing_is_written() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = say(&world, &request(&world, &visitor, "1.1")).await;
    hear(&mut stream, FIRST).await;
    assert_eq!(world.bus.listeners(session(&visitor)), 1);
    drop(stream);
    let room = async {
        while world.bus.listeners(session(&visitor)) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(4), room).await.expect("a closed stream keeps its place");
    world.stop().await;
}

#[actix_web::test]
async fn a_stream_over_a_connection_that_asked_for_a_socket_is_a_stream() {
    let world = World::start().await;
    let visitor = world.open().await;
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let request = request(&world, &visitor, "1.1").replace("Accept-Encoding: gzip\r\n", upgrade);
    let mut stream = say(&world, &request).await;
    let heard = hear(&mut stream, "\r\n\r\nretry: 2000\n\n").await;
    assert!(!heard.contains("chunked"), "{heard}");
    world.say(&visitor, "Hei!", "c-1").await;
    hear(&mut stream, "\"assistant\"").await;
    world.stop().await;
}
