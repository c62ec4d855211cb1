//! Calls of tenants' own tools over real sockets: what leaves, what is refused, and where reading ends.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use forecourt_channels::{tools::HttpTools, vault::SealedVault};
use forecourt_core::{
    id::{TenantId, ToolId},
    tools::custom::ToolBody,
    webhook::target::Loopback,
};
use forecourt_ports::tool::{NoAnswer, ToolCaller as _, ToolRequest, ToolResponse};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};
use uuid::Uuid;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const TOOL: ToolId = ToolId::from_uuid(Uuid::from_u128(2));

/// Answers every connection with `answer`, after `wait`, and tells what it read.
struct Provider {
    url: String,
    read: mpsc::UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
}

async fn provider(answer: impl Into<Vec<u8>>, wait: Duration) -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, read) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let (answer, counted) = (answer.into(), Arc::clone(&connections));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let (answer, tell) = (answer.clone(), tell.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"}") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                let _gone = tell.send(String::from_utf8_lossy(&head).into_owned());
                tokio::time::sleep(wait).await;
                let _cut = stream.write_all(&answer).await;
            });
        }
    });
    Provider { url, read, connections }
}

fn tools(loopback: Loopback) -> HttpTools {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
    let vault = Arc::new(SealedVault::new(&[7; 32]).unwrap());
    HttpTools::new(loopback, vault, tokio::runtime::Handle::current()).unwrap()
}

fn body(url: &str, method: &str) -> ToolBody {
    serde_json::from_value(json!({
        "name": "service_history",
        "description": { "en": "x" },
        "arguments": {
            "type": "object",
            "properties": { "registration": { "type": "string", "description": "x" } },
            "required": ["registration"],
        },
        "method": method,
        "url": url,
        "headers": ["x-api-key"],
        "timeout_ms": 5000,
        "access": "read",
        "budget": 1,
        "answer": [{ "name": "on", "pointer": "/on", "label": { "en": "On" }, "kind": "date" }],
        "active": true,
    }))
    .unwrap()
}

fn request(tools: &HttpTools, url: &str, method: &str, timeout: Duration) -> ToolRequest {
    let args = json!({ "registration": "AB 1" });
    let headers =
        tools.seal(TENANT, TOOL, &[("x-api-key".into(), "s3cret".into())].into()).unwrap();
    ToolRequest {
        tenant: TENANT,
        tool: TOOL,
        prepared: body(url, method).prepare(args.as_object().unwrap()).unwrap(),
        headers: Some(headers),
        idempotency_key: "once".into(),
        timeout,
    }
}

async fn call(url: &str) -> Result<ToolResponse, NoAnswer> {
    let tools = tools(Loopback::Allowed);
    tools.call(request(&tools, url, "GET", Duration::from_secs(5))).await
}

#[tokio::test]
async fn a_call_carries_its_arguments_its_opened_headers_and_only_a_change_its_key() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let mut provider = provider(answer, Duration::ZERO).await;
    let url = format!("{}/vehicles/{{registration}}", provider.url);
    let got = call(&url).await.unwrap();
    assert_eq!((got.status, got.body.as_slice()), (200, b"{}".as_slice()));
    let read = provider.read.recv().await.unwrap();
    assert!(read.starts_with("GET /vehicles/AB%201 HTTP/1.1\r\n"), "{read}");
    assert!(read.contains("x-api-key: s3cret\r\n") && !read.contains("idempotency-key"), "{read}");
    let tools = tools(Loopback::Allowed);
    let posted = request(&tools, &provider.url, "POST", Duration::from_secs(5));
    tools.call(posted).await.unwrap();
    let read = provider.read.recv().await.unwrap();
    assert!(read.contains("idempotency-key: once\r\n"), "{read}");
    assert!(read.ends_with(r#"{"registration":"AB 1"}"#), "{read}");
}

#[tokio::test]
async fn headers_of_another_tool_open_nothing_and_nothing_leaves() {
    let provider = provider("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let tools = tools(Loopback::Allowed);
    let mut stolen = request(&tools, &provider.url, "GET", Duration::from_secs(5));
    stolen.tool = ToolId::from_uuid(Uuid::from_u128(3));
    assert_eq!(tools.call(stolen).await.err(), Some(NoAnswer("unsendable")));
    assert_eq!(provider.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_redirect_is_no_answer_and_is_not_followed() {
    let elsewhere = provider("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let first = provider(answer, Duration::ZERO).await;
    assert_eq!(call(&first.url).await.err(), Some(NoAnswer("redirect")));
    assert_eq!(elsewhere.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_late_or_cut_is_none() {
    let body = "x".repeat(70_000);
    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let large = provider(large, Duration::ZERO).await;
    assert_eq!(call(&large.url).await.err(), Some(NoAnswer("too_large")));
    let cut = provider("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx", Duration::ZERO).await;
    assert_eq!(call(&cut.url).await.err(), Some(NoAnswer("cut")));
    let late =
        provider("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::from_secs(30)).await;
    let (tools, began) = (tools(Loopback::Allowed), Instant::now());
    let asked = request(&tools, &late.url, "GET", Duration::from_millis(300));
    assert_eq!(tools.call(asked).await.err(), Some(NoAnswer("timeout")));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_of_our_own_network_is_called_even_by_a_name() {
    let provider = provider("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let tools = tools(Loopback::Refused);
    let port = provider.url.rsplit(':').next().unwrap().to_owned();
    for url in [
        provider.url.clone(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://[::1]/".to_owned(),
    ] {
        let refused = tools.call(request(&tools, &url, "GET", Duration::from_secs(2))).await;
        assert_eq!(refused.err(), Some(NoAnswer("refused_address")), "{url}");
    }
    assert_eq!(provider.connections.load(Ordering::Relaxed), 0);
}
