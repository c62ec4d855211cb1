//! Calls over real sockets: what endpoints do to us, and what we never do.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use forecourt_channels::webhook::{HttpCaller, sign};
use forecourt_core::webhook::{Outcome, target::Loopback};
use forecourt_ports::webhook::{Caller as _, Request, Response, Secret};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

/// Answers every connection with `answer`, after `wait`, and tells what it read.
struct Endpoint {
    url: String,
    read: mpsc::UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
}

async fn endpoint(answer: impl Into<Vec<u8>>, wait: Duration) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=k", listener.local_addr().unwrap());
    let (tell, read) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let (answer, counted) = (answer.into(), Arc::clone(&connections));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let (answer, tell) = (answer.clone(), tell.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"}") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                let _gone = tell.send(String::from_utf8_lossy(&head).into_owned());
                tokio::time::sleep(wait).await;
                let _cut = stream.write_all(&answer).await;
                // Open until the other side has enough.
                let mut rest = [0; 64];
                while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    Endpoint { url, read, connections }
}

fn caller(loopback: Loopback, timeout: Duration) -> HttpCaller {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
    HttpCaller::with_timeout(loopback, timeout, tokio::runtime::Handle::current()).unwrap()
}

fn request(url: &str) -> Request {
    Request {
        url: url.into(),
        id: "evt_1".into(),
        at: Timestamp::from_second(1_795_262_400).unwrap(),
        body: r#"{"type":"webhook.test"}"#.into(),
        secrets: vec![Secret::new(vec![1; 32]), Secret::new(vec![2; 32])],
    }
}

async fn call(url: &str) -> Response {
    caller(Loopback::Allowed, Duration::from_secs(10)).call(request(url)).await
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status }
}

#[tokio::test]
async fn a_call_carries_its_id_its_time_and_a_signature_of_each_secret() {
    let mut endpoint =
        endpoint("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Duration::ZERO).await;
    let response = call(&endpoint.url).await;
    assert_eq!((response.outcome, response.beginning.as_str()), (answered(200), "ok"));
    let read = endpoint.read.recv().await.unwrap();
    let asked = request(&endpoint.url);
    let signatures: Vec<String> = asked
        .secrets
        .iter()
        .map(|secret| sign(secret, "evt_1", 1_795_262_400, &asked.body))
        .collect();
    assert!(read.starts_with("POST /hook?key=k HTTP/1.1\r\n"), "{read}");
    for line in [
        "webhook-id: evt_1".to_owned(),
        "webhook-timestamp: 1795262400".to_owned(),
        format!("webhook-signature: {}", signatures.join(" ")),
        "content-type: application/json".to_owned(),
    ] {
        assert!(read.contains(&format!("\r\n{line}\r\n")), "{line} is not in {read}");
    }
    assert!(read.ends_with(&asked.body));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let answer =
        format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let endpoint = endpoint(answer, Duration::ZERO).await;
    assert_eq!(call(&endpoint.url).await.outcome, answered(307));
    assert_eq!(elsewhere.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let endpoint = endpoint("", Duration::from_mins(5)).await;
    let began = Instant::now();
    let caller = caller(Loopback::Allowed, Duration::from_millis(300));
    let response = caller.call(request(&endpoint.url)).await;
    assert_eq!(response.outcome, Outcome::Failed { code: "timeout" });
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_endless_answer_is_read_to_its_beginning_and_its_head_counts() {
    let mut flood = b"HTTP/1.1 202 Accepted\r\ncontent-length: 9000000\r\n\r\n".to_vec();
    flood.extend(vec![b'x'; 1_000_000]);
    let endpoint = endpoint(flood, Duration::ZERO).await;
    let response = call(&endpoint.url).await;
    assert_eq!((response.outcome, response.beginning.len()), (answered(202), 1_024));
}

#[tokio::test]
async fn a_body_that_never_comes_does_not_undo_the_head() {
    let endpoint =
        endpoint("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nonly this", Duration::ZERO).await;
    let response = call(&endpoint.url).await;
    assert_eq!((response.outcome, response.beginning.as_str()), (answered(200), "only this"));
}

#[tokio::test]
async fn what_an_endpoint_asks_for_and_what_it_breaks_is_told() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 90\r\ncontent-length: 0\r\n\r\n";
    let busy = endpoint(busy, Duration::ZERO).await;
    let response = call(&busy.url).await;
    assert_eq!(response.retry_after, Some(SignedDuration::from_secs(90)));
    let garbage = endpoint("\u{16}\u{3} this is no HTTP\r\n\r\n", Duration::ZERO).await;
    assert_eq!(call(&garbage.url).await.outcome, Outcome::Failed { code: "cut" });
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(call(&format!("http://{free}/")).await.outcome, Outcome::Failed { code: "connect" });
    let caller = caller(Loopback::Allowed, Duration::from_millis(300));
    let tls = caller.call(request(&busy.url.replace("http://", "https://"))).await;
    assert_eq!(tls.outcome, Outcome::Failed { code: "timeout" }, "it speaks no TLS");
}

#[tokio::test]
async fn nothing_of_our_own_network_is_called_even_by_a_name() {
    let endpoint = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let caller = caller(Loopback::Refused, Duration::from_secs(5));
    let port = endpoint.url.split(':').nth(2).unwrap().split('/').next().unwrap();
    for url in [
        endpoint.url.clone(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let response = caller.call(request(&url)).await;
        assert_eq!(response.outcome, Outcome::Failed { code: "refused_address" }, "{url}");
    }
    assert_eq!(endpoint.connections.load(Ordering::Relaxed), 0);
}
