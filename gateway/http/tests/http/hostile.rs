//! A hostile corpus against every address: whatever is sent, the answer is a 4xx problem, and the gateway
//! goes on.

use std::time::{Duration, Instant};

use forecourt_http::openapi_document;
use reqwest::{Method, StatusCode, header};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::world::{PATIENCE, Visitor, World};

/// Bodies that nobody means well with.
fn bodies() -> Vec<Vec<u8>> {
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    vec![
        b"".to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"[[[[".to_vec(),
        b"{".to_vec(),
        b"\"\\ud800\"".to_vec(),
        b"1e9999".to_vec(),
        b"-".to_vec(),
        b"{\"text\":1e9999,\"client_id\":99999999999999999999999999}".to_vec(),
        b"{\"text\":\"\\u0000\",\"client_id\":\"a\"}".to_vec(),
        b"{\"text\":\"a\",\"client_id\":\"a\\u0000\"}".to_vec(),
        b"{\"text\":\"a\",\"client_id\":\"\"}".to_vec(),
        b"{\"text\":\"a\",\"client_id\":\"\xc3\xa5\"}".to_vec(),
        b"{\"text\":[],\"client_id\":{}}".to_vec(),
        b"{\"text\":\"a\",\"text\":\"b\",\"client_id\":\"c\"}".to_vec(),
        b"{\"text\":\"a\",\"client_id\":\"c\",\"tenant_id\":\"ten_0\"}".to_vec(),
        b"{\"tenant\":\"nordlys-bil\",\"lang\":7}".to_vec(),
        b"{\"tenant\":null}".to_vec(),
        b"{\"tenant\":\"nordlys-bil\\u0000\"}".to_vec(),
        b"{\"tenant\":\"nordlys-bil\",\"page_url\":\"javascript:alert(1)\"}".to_vec(),
        b"{\"tenant\":\"' OR 1=1 --\"}".to_vec(),
        b"{\"name\":\"\\u202e\",\"email\":\"a@b.no\\r\\nBcc: c@d.no\",\"message\":\"x\"}".to_vec(),
        b"name=%00&email=a%40b.no&message=x".to_vec(),
        deep(63).into_bytes(),
        deep(64).into_bytes(),
        deep(10_000).into_bytes(),
        vec![b'['; 60_000],
        vec![b'a'; 65_536],
        vec![b'a'; 65_537],
        format!("{{\"text\":\"{}\",\"client_id\":\"a\"}}", "x".repeat(5_001)).into_bytes(),
        format!("{{\"text\":\"{}\",\"client_id\":\"a\"}}", "\u{300}".repeat(20_000)).into_bytes(),
    ]
}

fn targets(visitor: &Visitor) -> Vec<(Method, String)> {
    let mut targets = Vec::new();
    for (path, item) in openapi_document()["paths"].as_object().unwrap() {
        let filled = path
            .replace("{tenant}", "nordlys-bil")
            .replace("{session}", &visitor.session)
            .replace("{lead}", "lead_00000000000000000000000000000009")
            .replace("{token}", "v1.x.y");
        for method in item.as_object().unwrap().keys() {
            targets.push((
                Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                filled.clone(),
            ));
        }
    }
    targets
}

#[actix_web::test]
async fn no_body_of_the_corpus_leads_to_anything_but_a_refusal() {
    let world = World::start().await;
    let visitor = world.open().await;
    let cookie = world.ola().await;
    let mut sent = 0;
    for (method, path) in targets(&visitor) {
        if method != Method::POST
            || path.contains("logout")
            || path.ends_with("takeover")
            || path.ends_with("release")
            || path.ends_with("ticket")
        {
            continue;
        }
        for body in bodies() {
            for kind in [
                "application/json",
                "application/x-www-form-urlencoded",
                "text/xml",
                "application/json; charset=utf-7",
            ] {
                let request = world
                    .client
                    .request(method.clone(), format!("{}{path}", world.url))
                    .header(header::CONTENT_TYPE, kind)
                    .bearer_auth(&visitor.token)
                    .header(header::COOKIE, &cookie)
                    .body(body.clone());
                let answer = request.send().await.unwrap();
                let told = format!(
                    "{method} {path} {kind} {:?}",
                    String::from_utf8_lossy(&body[..body.len().min(60)])
                );
                assert!(answer.status().is_client_error(), "{} {told}", answer.status());
                assert_eq!(
                    answer.headers()[header::CONTENT_TYPE],
                    "application/problem+json",
                    "{told}"
                );
                sent += 1;
            }
        }
    }
    assert!(sent > 500, "{sent}");
    assert_eq!(world.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(world.read(&visitor).await["messages"].as_array().unwrap().len(), 0);
    world.stop().await;
}

#[actix_web::test]
async fn no_path_method_query_or_header_of_the_corpus_leads_to_a_500() {
    let world = World::start().await;
    let visitor = world.open().await;
    let cookie = world.ola().await;
    let long = "x".repeat(3_000);
    let ids = [
        "%00",
        "..%2f",
        "%ff",
        "ses_",
        "lead_zz",
        "ses_0000000000000000000000000000000G",
        "🚗",
        "%F0%9F%9A%97",
        "a b",
        "'",
        "{}",
        &long,
    ];
    let mut paths: Vec<String> = Vec::new();
    for id in ids {
        for base in [
            "/v1/sessions/{}",
            "/v1/sessions/{}/events",
            "/v1/sessions/{}/messages",
            "/v1/leads/{}",
            "/u/{}",
            "/problems/{}",
            "/demo/{}",
            "/dev/mail/{}",
            "/app/{}",
            "/assets/{}",
            "/{}",
            "/v1/public/tenant?slug={}",
            "/v1/leads?q={}&page={}",
            "/v1/sessions/x/events?after={}",
        ] {
            paths.push(base.replace("{}", id));
        }
    }
    for path in paths {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
            Method::from_bytes(b"BREW").unwrap(),
        ] {
            let request = world
                .client
                .request(method.clone(), format!("{}{path}", world.url))
                .header(header::COOKIE, &cookie)
                .header(header::AUTHORIZATION, format!("Bearer {}", visitor.token))
                .header("last-event-id", "\u{ff}")
                .header("if-none-match", "\"x\"");
            let answer = request.send().await.unwrap();
            assert!(answer.status().as_u16() < 500, "{} {method} {path}", answer.status());
        }
    }
    let headers: [(&str, &[u8]); 9] = [
        ("authorization", b"Bearer \xff\xff"),
        ("authorization", b"Bearer"),
        ("cookie", b"forecourt=\xff; ;=;;;"),
        ("cookie", b"forecourt=a.b.c.d"),
        ("origin", b"\xff"),
        ("origin", b"http://"),
        ("host", b"evil.example"),
        ("x-forwarded-for", b"not an address, , ::1"),
        ("content-type", b"\xff"),
    ];
    for (name, value) in headers {
        for path in [
            "/v1/me",
            "/v1/live",
            "/v1/public/tenant?slug=nordlys-bil",
            &format!("/v1/sessions/{}", visitor.session),
        ] {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            let answer = world.get(path).header(name, value).send().await.unwrap();
            assert!(answer.status().as_u16() < 500, "{} {name} {path}", answer.status());
        }
    }
    world.stop().await;
}

/// Sends raw bytes and reads what comes until the server closes, or for this long.
async fn raw(world: &World, bytes: &[u8], wait: Duration) -> String {
    let mut stream = TcpStream::connect(world.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ended = timeout(wait, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn what_is_hardly_http_is_refused_and_others_go_on() {
    let world = World::start().await;
    for bytes in [
        &b"GARBAGE\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let answer = raw(&world, bytes, Duration::from_millis(300)).await;
        let status = answer.split(' ').nth(1).unwrap_or("4");
        assert!(status.starts_with('4'), "{answer}");
    }
    let many = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: b\r\n".repeat(500));
    let answer = raw(&world, many.as_bytes(), Duration::from_millis(300)).await;
    assert!(!answer.contains(" 500 "), "{answer}");
    assert_eq!(world.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
    world.stop().await;
}

#[actix_web::test]
async fn a_chunked_body_that_was_read_leaves_the_connection_open() {
    let world = World::start().await;
    let request = "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let last = "POST /v1/logout HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = raw(&world, format!("{request}{request}{last}").as_bytes(), PATIENCE).await;
    assert_eq!(answer.matches("HTTP/1.1 400").count(), 2, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 204").count(), 1, "{answer}");
    world.stop().await;
}

#[actix_web::test]
async fn a_body_that_drips_is_cut_after_fifteen_seconds_and_a_huge_one_at_once() {
    let world = World::start().await;
    let huge = "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n";
    let begun = Instant::now();
    let answer = raw(&world, huge.as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    // A chunked body without end is refused and its connection closed, read or not.
    for path in ["/v1/login", "/v1/logout", "/nowhere"] {
        let endless = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            format!("1000\r\n{}\r\n", "a".repeat(0x1000)).repeat(20)
        );
        let begun = Instant::now();
        let answer = raw(&world, endless.as_bytes(), PATIENCE).await;
        let status = if path == "/v1/login" { "413" } else { "" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{path} is held");
    }
    let drip = "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let begun = Instant::now();
    let answer = raw(&world, drip.as_bytes(), Duration::from_secs(25)).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!((14..24).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    world.stop().await;
}

#[actix_web::test]
async fn who_asks_for_a_socket_where_there_is_none_is_answered_as_ever_and_hung_up_on() {
    let world = World::start().await;
    let upgrade = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    for (request, status) in [
        (format!("GET /healthz HTTP/1.1\r\n{upgrade}\r\n"), "200"),
        (format!("HEAD /healthz HTTP/1.1\r\n{upgrade}\r\n"), "200"),
        (format!("GET /v1/me HTTP/1.1\r\n{upgrade}\r\n"), "401"),
        (format!("GET /v1/nowhere HTTP/1.1\r\n{upgrade}\r\n"), "404"),
        (format!("POST /v1/live HTTP/1.1\r\n{upgrade}\r\n"), "405"),
        (format!("POST /v1/login HTTP/1.1\r\n{upgrade}Content-Length: 2\r\n\r\n{{}}"), "4"),
        (format!("POST /v1/login HTTP/1.1\r\n{upgrade}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "4"),
        ("GET /v1/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket, x\r\nConnection: Upgrade\r\n\r\n".to_owned(), "4"),
    ] {
        // Whatever comes behind the answered one must not be taken for a request of its own.
        let bytes = format!("{request}GET /v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = raw(&world, bytes.as_bytes(), Duration::from_millis(400)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        if !request.contains("chunked") && !request.contains("websocket, x") {
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{request}: {answer}");
            assert!(answer.contains("connection: close"), "{request}: {answer}");
        }
    }
    assert_eq!(world.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
    world.stop().await;
}
