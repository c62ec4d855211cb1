//! An owner writes a question with its answer, and the next customer hears it; the business's own website is
//! read, and found.

use forecourt_tests::{Forecourt, Options, eventually, process::TENANT, sse::Sse};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

async fn send(
    engine: &Forecourt,
    cookie: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Response {
    let url = engine.at(&format!("/v1/knowledge/{path}"));
    let request = engine.http.request(method, url).header("cookie", cookie);
    request.header("origin", &engine.url).json(&body).send().await.unwrap()
}

/// What the assistant answers to a customer who asks in a chat of their own.
async fn asked(engine: &Forecourt, question: &str) -> String {
    let (session, token) = engine.open_chat("nb").await;
    let url = engine.at(&format!("/v1/sessions/{session}/events"));
    let mut stream = Sse::new(engine.http.get(url).bearer_auth(&token).send().await.unwrap());
    let url = engine.at(&format!("/v1/sessions/{session}/messages"));
    let body = json!({ "text": question, "client_id": "c-1" });
    let posted = engine.http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let event =
        stream.until("message.posted", |event| event["message"]["author"] == "assistant").await;
    event.data["message"]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn and_taken_back_as_fast() {
    let engine = Forecourt::plain().await;
    let cookie = engine.sign_in(TENANT).await;
    let question = "Hei, har dere tilhengerutleie?";
    assert!(!asked(&engine, question).await.contains("skaphenger"));
    let faq = json!({
        "title": {"nb": "Har dere tilhengerutleie?", "en": "Do you rent out trailers?"},
        "text": {"nb": "Ja, vi leier ut både åpen tilhenger og skaphenger.", "en": "Yes, we do."},
        "keywords": ["tilhengerutleie", "tilhenger"],
    });
    let made = send(&engine, &cookie, Method::POST, "faqs", faq).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let answer = asked(&engine, question).await;
    assert!(answer.contains("skaphenger"), "the next answer says it: {answer}");
    let found = engine.get_as(&cookie, "/v1/knowledge/search?q=tilhengerutleie&lang=nb").await;
    assert_eq!(found["passages"][0]["source"], "faq");
    let path = format!("faqs/{}?version=1", made["id"].as_str().unwrap());
    assert_eq!(send(&engine, &cookie, Method::DELETE, &path, json!({})).await.status(), 200);
    let answer = asked(&engine, question).await;
    assert!(!answer.contains("skaphenger"), "and no longer once it is deleted: {answer}");
}

#[tokio::test]
async fn and_its_own_website_is_read_and_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4_096];
            let read = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let body = match head.split(' ').nth(1) {
                Some("/") => {
                    "<title>Nordlys</title><h1>Velkommen</h1><a href='/polering'>Polering</a>"
                }
                Some("/polering") => {
                    "<h1>Verksted</h1><h2>Lakkpolering</h2><p>Vi polerer lakken for hånd, og det tar en dag.</p>"
                }
                _ => "",
            };
            let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    let options = Options::default().env("FORECOURT_WEBHOOK_LOOPBACK", "true");
    let engine = Forecourt::start(options).await;
    let cookie = engine.sign_in(TENANT).await;
    let added = send(&engine, &cookie, Method::POST, "websites", json!({ "url": site })).await;
    assert_eq!(added.status(), 202);
    let read = eventually("the website is read", async || {
        let all = engine.get_as(&cookie, "/v1/knowledge/websites").await;
        (all["websites"][0]["status"] == "read").then(|| all["websites"][0].clone())
    })
    .await;
    assert_eq!(read["pages_read"], 2, "{read}");
    let found = engine.get_as(&cookie, "/v1/knowledge/search?q=polerer+dere+lakk&lang=nb").await;
    let first = &found["passages"][0];
    assert_eq!(first["url"], format!("{site}polering"));
    assert_eq!(
        first["text"],
        "Verksted › Lakkpolering — Vi polerer lakken for hånd, og det tar en dag."
    );
    let path = format!("websites/{}", read["id"].as_str().unwrap());
    assert_eq!(send(&engine, &cookie, Method::DELETE, &path, json!({})).await.status(), 204);
    let found = engine.get_as(&cookie, "/v1/knowledge/search?q=lakkpolering&lang=nb").await;
    assert_eq!(found["passages"], json!([]));
    let inside = json!({ "url": "https://169.254.169.254/" });
    let refused = send(&engine, &cookie, Method::POST, "websites", inside).await;
    assert_eq!(refused.status(), 400, "and never our own network");
}
