//! Files of customers over HTTP: announced, uploaded, refused, read by staff.

use forecourt_core::event::Event;
use forecourt_ports::store::Journal as _;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    events::{Sse, events},
    world::{ANSWER, PATIENCE, Visitor, World, problem, tenant_id},
};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF a picture of a car";

struct Chat {
    world: World,
    visitor: Visitor,
}

impl Chat {
    async fn open() -> Self {
        let world = World::start().await;
        let visitor = world.open().await;
        Self { world, visitor }
    }

    fn path(&self) -> String {
        format!("/v1/sessions/{}/attachments", self.visitor.session)
    }

    fn one(&self, file: &str) -> String {
        format!("{}/{file}", self.path())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&[u8]>) -> Response {
        let url = format!("{}{path}", self.world.url);
        let mut request = self.world.client.request(method, url).bearer_auth(&self.visitor.token);
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        request.send().await.unwrap()
    }

    async fn try_announce(&self, client_id: &str, bytes: usize) -> Response {
        let body = json!({ "client_id": client_id, "bytes": bytes });
        let request = self.world.post(&self.path()).bearer_auth(&self.visitor.token);
        request.json(&body).send().await.unwrap()
    }

    /// The id of a file that is expected.
    async fn announce(&self, client_id: &str, bytes: usize) -> String {
        let answer = self.try_announce(client_id, bytes).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let view: Value = answer.json().await.unwrap();
        assert_eq!((&view["state"], &view["bytes"]), (&json!("arriving"), &json!(bytes)));
        view["attachment_id"].as_str().unwrap().to_owned()
    }

    async fn put(&self, file: &str, body: &[u8]) -> Response {
        self.ask(Method::PUT, &self.one(file), Some(body)).await
    }

    async fn say_with(&self, client_id: &str, files: &[&str]) -> Response {
        let body = json!({ "text": "Hva gir dere for denne?", "client_id": client_id, "attachments": files });
        let path = format!("/v1/sessions/{}/messages", self.visitor.session);
        let request = self.world.post(&path).bearer_auth(&self.visitor.token);
        request.json(&body).send().await.unwrap()
    }

    /// As a member reads it.
    async fn read(&self, cookie: &str, file: &str) -> Response {
        let request = self.world.get(&self.one(file)).header(header::COOKIE, cookie);
        request.send().await.unwrap()
    }

    async fn lead(&self, cookie: &str) -> Value {
        let get = async |path: &str| -> Value {
            let request = self.world.get(path).header(header::COOKIE, cookie);
            request.send().await.unwrap().json().await.unwrap()
        };
        let leads = get("/v1/leads").await;
        let id = leads["leads"][0]["lead_id"].as_str().unwrap().to_owned();
        get(&format!("/v1/leads/{id}")).await
    }
}

#[actix_web::test]
async fn a_picture_that_came_is_answered_and_read_by_staff_as_a_file_and_never_as_a_page() {
    let chat = Chat::open().await;
    let ola = chat.world.ola().await;
    let file = chat.announce("f-1", JPEG.len()).await;
    assert_eq!(chat.announce("f-1", JPEG.len()).await, file, "a repeat");
    let mut stream =
        Sse::open(events(&chat.world, &chat.visitor, Some(&chat.visitor.cursor))).await;
    assert_eq!(chat.say_with("c-1", &[&file]).await.status(), StatusCode::ACCEPTED);
    let frames = stream.until(|frame| frame.event == "attachments.changed").await;
    assert_eq!(frames.last().unwrap().data["attachments"][0]["state"], "arriving");
    let read = chat.lead(&ola).await;
    assert_eq!(read["attachments"][0]["state"], "arriving", "staff see that it is on its way");
    problem(chat.read(&ola, &file).await, 404, "not-found").await;

    for _ in 0..2 {
        let answer = chat.put(&file, JPEG).await;
        assert_eq!(answer.status(), StatusCode::OK, "a repeat is answered as the first");
        let view: Value = answer.json().await.unwrap();
        assert_eq!((&view["state"], &view["kind"]), (&json!("arrived"), &json!("jpeg")));
    }
    // The clock stands still, and the breath after the last file is none here.
    let frames = stream.until(|frame| frame.data["message"]["text"] == ANSWER).await;
    let mut told = frames.iter().filter(|frame| frame.event == "attachments.changed");
    assert_eq!(told.next_back().unwrap().data["attachments"][0]["state"], "arrived");
    let answers = frames.iter().filter(|frame| frame.data["message"]["author"] == "assistant");
    assert_eq!(answers.count(), 1);

    let answer = chat.read(&ola, &file).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(
        headers["content-disposition"],
        format!("attachment; filename=\"{file}.jpg\"").as_str()
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    assert!(headers["cache-control"].to_str().unwrap().starts_with("private"));
    assert_eq!(answer.bytes().await.unwrap(), JPEG);
    let snapshot = chat.world.read(&chat.visitor).await;
    assert_eq!(snapshot["attachments"][0]["attachment_id"], file.as_str());
    let lead = chat.lead(&ola).await;
    assert_eq!(lead["attachments"][0]["message_id"], lead["messages"][0]["message_id"]);
    chat.world.stop().await;
}

#[actix_web::test]
async fn what_is_no_picture_too_large_or_too_much_is_refused_for_its_reason() {
    let chat = Chat::open().await;
    let large = chat.try_announce("big", 10 * 1024 * 1024 + 1).await;
    problem(large, 413, "too-large").await;
    problem(chat.try_announce("none", 0).await, 400, "invalid").await;
    problem(chat.try_announce("å", 5).await, 400, "invalid").await;
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let html: &[u8] = b"<!doctype html><script>alert(1)</script>";
    for (id, body) in [("svg", svg), ("html", html), ("zip", b"PK\x03\x04"), ("one", b"x")] {
        let file = chat.announce(id, body.len()).await;
        problem(chat.put(&file, body).await, 415, "unsupported-media-type").await;
        problem(chat.put(&file, JPEG).await, 409, "attachment-over").await;
    }
    let file = chat.announce("f-1", JPEG.len() - 1).await;
    problem(chat.put(&file, JPEG).await, 413, "too-large").await;
    let file = chat.announce("f-2", JPEG.len() + 1).await;
    problem(chat.put(&file, JPEG).await, 422, "incomplete").await;
    assert_eq!(chat.put(&file, &[JPEG, b"!"].concat()).await.status(), StatusCode::OK);
    let unknown = format!("att_{}", "0".repeat(32));
    for file in [&unknown, "x", "..%2f"] {
        problem(chat.put(file, JPEG).await, 404, "not-found").await;
    }
    problem(chat.say_with("c-0", &[&unknown]).await, 409, "attachment-over").await;
    let five = [unknown.as_str(); 5];
    problem(chat.say_with("c-0", &five).await, 400, "invalid").await;
    problem(chat.say_with("c-0", &["../etc"]).await, 400, "invalid").await;
    for n in 6..20 {
        chat.announce(&format!("m-{n}"), 1).await;
    }
    problem(chat.try_announce("last", 1).await, 409, "too-many-attachments").await;
    chat.world.stop().await;
}

#[actix_web::test]
async fn a_file_is_its_own_conversations_and_a_member_of_another_tenant_finds_nothing() {
    let chat = Chat::open().await;
    let file = chat.announce("f-1", JPEG.len()).await;
    assert_eq!(chat.put(&file, JPEG).await.status(), StatusCode::OK);
    let ola = chat.world.ola().await;
    problem(chat.read(&ola, &file).await, 404, "not-found").await; // it was not sent
    assert_eq!(chat.say_with("c-1", &[&file]).await.status(), StatusCode::ACCEPTED);
    assert_eq!(chat.read(&ola, &file).await.status(), StatusCode::OK);

    let stranger = chat.world.sign_in("fjord-auto", "ola@fjord.example").await;
    problem(chat.read(&stranger, &file).await, 404, "not-found").await;
    problem(chat.world.get(&chat.one(&file)).send().await.unwrap(), 401, "unauthorised").await;
    let other = chat.world.open().await;
    let with = async |method: Method, path: &str, token: &str| {
        let url = format!("{}{path}", chat.world.url);
        let request = chat.world.client.request(method, url).bearer_auth(token);
        request.body(JPEG).send().await.unwrap()
    };
    // Their token is good for their own conversation alone.
    problem(with(Method::PUT, &chat.one(&file), &other.token).await, 404, "not-found").await;
    let theirs = format!("/v1/sessions/{}/attachments/{file}", other.session);
    for method in [Method::PUT, Method::DELETE] {
        problem(with(method, &theirs, &other.token).await, 404, "not-found").await;
    }
    let from_elsewhere = chat
        .world
        .client
        .put(format!("{}{}", chat.world.url, chat.one(&file)))
        .bearer_auth(&chat.visitor.token)
        .header(header::ORIGIN, "https://evil.example")
        .body(JPEG);
    problem(from_elsewhere.send().await.unwrap(), 403, "origin-not-allowed").await;
    chat.world.stop().await;
}

#[actix_web::test]
async fn a_customer_may_think_better_of_a_file_until_it_is_sent_and_there() {
    let chat = Chat::open().await;
    let arriving = chat.announce("f-1", JPEG.len()).await;
    let there = chat.announce("f-2", JPEG.len()).await;
    assert_eq!(chat.put(&there, JPEG).await.status(), StatusCode::OK);
    for file in [&arriving, &there, &arriving] {
        let cancelled = chat.ask(Method::DELETE, &chat.one(file), None).await;
        assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    }
    problem(chat.put(&arriving, JPEG).await, 409, "attachment-over").await;
    let sent = chat.announce("f-3", JPEG.len()).await;
    assert_eq!(chat.say_with("c-1", &[&sent]).await.status(), StatusCode::ACCEPTED);
    assert_eq!(chat.put(&sent, JPEG).await.status(), StatusCode::OK);
    problem(chat.ask(Method::DELETE, &chat.one(&sent), None).await, 409, "attachment-over").await;
    chat.world.stop().await;
}

#[actix_web::test]
async fn an_upload_that_breaks_off_is_simply_sent_again() {
    let chat = Chat::open().await;
    let file = chat.announce("f-1", JPEG.len()).await;
    let mut line = TcpStream::connect(chat.world.addr).await.unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        chat.one(&file),
        chat.visitor.token,
        JPEG.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&JPEG[..10]).await.unwrap();
    line.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ended = tokio::time::timeout(PATIENCE, line.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.contains(" 200 ") && !answer.contains(" 500 "), "{answer}");
    assert_eq!(chat.put(&file, JPEG).await.status(), StatusCode::OK);
    let log =
        chat.world.store.replay(tenant_id(1), forecourt_core::event::Seq(0), 100).await.unwrap();
    let arrived = log.iter().filter(|r| matches!(r.event, Event::AttachmentArrived { .. }));
    assert_eq!(arrived.count(), 1);
    chat.world.stop().await;
}

#[actix_web::test]
async fn a_browser_may_upload_from_a_page_that_the_tenant_allows() {
    let chat = Chat::open().await;
    let asked = chat
        .world
        .client
        .request(Method::OPTIONS, format!("{}{}", chat.world.url, chat.one("att_x")))
        .header(header::ORIGIN, "https://nordlys.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    let methods = asked.headers()["access-control-allow-methods"].to_str().unwrap();
    assert!(methods.contains("PUT") && methods.contains("DELETE"), "{methods}");
    chat.world.stop().await;
}
