//! The bad network: what each dial does to a connection to an echo.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forecourt_loadtest::proxy::control::Control;
use forecourt_loadtest::proxy::{Dial, Proxy};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::support::{Exchange, PATIENCE};

/// A server that says back what it hears.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                // A reset ends it, which some tests are about.
                tokio::io::copy(&mut from, &mut to).await.ok();
            });
        }
    });
    addr
}

fn dials(specs: &[&str]) -> Vec<Dial> {
    specs.iter().map(|spec| Dial::parse(spec).unwrap()).collect()
}

/// Sends a text and reads as many bytes back.
async fn round(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut back = vec![0; text.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut back)).await.expect("in time")?;
    Ok(String::from_utf8(back).unwrap())
}

#[tokio::test]
async fn without_dials_it_is_a_wire() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(round(&mut stream, "hei").await.unwrap(), "hei");
    let counts = proxy.counts();
    assert_eq!((counts.accepted, counts.open, counts.resets), (1, 1, 0));
    assert_eq!((counts.to_server, counts.to_client), (3, 3));
}

#[tokio::test]
async fn latency_makes_every_piece_late() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    proxy.set(&dials(&["latency;ms=60;towards=client"]));
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    let began = Instant::now();
    round(&mut stream, "a").await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_slice_cuts_what_is_sent_into_single_bytes() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    proxy.set(&dials(&["slice;bytes=1;towards=server"]));
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(round(&mut stream, "hallo").await.unwrap(), "hallo");
    // The kernel may join what was cut, so the server cannot tell: the proxy has written five times.
    assert!(proxy.counts().pieces >= 5, "{:?}", proxy.counts());
}

#[tokio::test]
async fn a_narrow_link_takes_its_time() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    proxy.set(&dials(&["bandwidth;bytes=1000;towards=server"]));
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    let began = Instant::now();
    round(&mut stream, &"x".repeat(200)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(190), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_blackhole_holds_bytes_back_until_it_is_healed() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    round(&mut stream, "before").await.unwrap();
    proxy.set(&dials(&["blackhole"]));
    stream.write_all(b"during").await.unwrap();
    let mut back = [0; 6];
    let silence = tokio::time::timeout(Duration::from_millis(150), stream.read_exact(&mut back));
    assert!(silence.await.is_err(), "bytes came through a partition");
    proxy.set(&[]);
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut back)).await.unwrap().unwrap();
    assert_eq!(&back, b"during", "nothing was lost, as with TCP");
}

#[tokio::test]
async fn resets_are_resets_and_no_orderly_ends() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    let reset = async |stream: &mut TcpStream| {
        let mut one = [0; 1];
        tokio::time::timeout(PATIENCE, stream.read(&mut one)).await.expect("in time").unwrap_err()
    };
    let mut open = TcpStream::connect(proxy.addr()).await.unwrap();
    round(&mut open, "a").await.unwrap();
    proxy.cut();
    assert_eq!(reset(&mut open).await.kind(), std::io::ErrorKind::ConnectionReset);

    let mut later = TcpStream::connect(proxy.addr()).await.unwrap();
    round(&mut later, "b").await.unwrap();
    proxy.set(&dials(&["reset"]));
    assert_eq!(reset(&mut later).await.kind(), std::io::ErrorKind::ConnectionReset);

    proxy.set(&dials(&["cut;after=3;towards=server"]));
    let mut cut = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(round(&mut cut, "abc").await.unwrap(), "abc");
    cut.write_all(b"d").await.unwrap();
    assert_eq!(reset(&mut cut).await.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_half_close_ends_one_direction_alone() {
    let to = echo().await;
    let proxy = Proxy::start(0, to).unwrap();
    proxy.set(&dials(&["half_close;after=2;towards=client"]));
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(b"abcd").await.unwrap();
    let mut back = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut back)).await.unwrap();
    assert_eq!((read.unwrap(), &back[..]), (2, &b"ab"[..]));
    stream.write_all(b"still open this way").await.unwrap();
}

#[tokio::test]
async fn the_controls_are_heard_over_http() {
    let to = echo().await;
    let proxy = Arc::new(Proxy::start(0, to).unwrap());
    let control = Control::start(0, Arc::clone(&proxy)).unwrap();
    let ask = async |method: &str, path: &str, body: serde_json::Value| {
        let body = body.to_string();
        let exchange = Exchange::send(
            control.addr(),
            (method, path),
            &[("connection", "close")],
            body.as_bytes(),
        )
        .await;
        exchange.answer().await
    };
    let set = ask("POST", "/proxy/dials", json!({ "dials": ["blackhole"] })).await;
    assert_eq!(set.status, 200);
    assert_eq!(proxy.dials(), dials(&["blackhole"]));
    let wrong = ask("POST", "/proxy/dials", json!({ "dials": ["blackhoel"] })).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(proxy.dials().len(), 1, "a mistake changes nothing");
    let shown = ask("GET", "/proxy", json!(null)).await;
    assert_eq!(shown.json()["to"], to.to_string());
}

#[test]
fn it_leads_to_this_machine_alone() {
    assert!(Proxy::start(0, "192.0.2.1:80".parse().unwrap()).is_err());
}
