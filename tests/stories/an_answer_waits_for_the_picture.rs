//! A visitor writes about a picture that still uploads: one answer comes, after the picture or at the cap, and
//! staff have the picture (field row 24).

use forecourt_tests::{Forecourt, live::Live, sse::Sse};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PICTURE: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF what the customer photographed in the yard";
const QUESTION: &str = "Hva gir dere for denne?";

struct Visitor<'a> {
    engine: &'a Forecourt,
    session: String,
    token: String,
}

impl<'a> Visitor<'a> {
    async fn open(engine: &'a Forecourt) -> Self {
        let (session, token) = engine.open_chat("nb").await;
        Self { engine, session, token }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/sessions/{}/{rest}", self.session)
    }

    async fn post(&self, what: &str, body: Value, expected: StatusCode) -> Value {
        let url = self.engine.at(&self.path(what));
        let request = self.engine.http.post(url).bearer_auth(&self.token).json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected);
        answer.json().await.unwrap()
    }

    async fn announce(&self) -> String {
        let body = json!({ "client_id": "f1", "bytes": PICTURE.len() });
        let view = self.post("attachments", body, StatusCode::CREATED).await;
        view["attachment_id"].as_str().unwrap().to_owned()
    }

    async fn ask_about(&self, file: &str) {
        let body = json!({ "text": QUESTION, "client_id": "c1", "attachments": [file] });
        self.post("messages", body, StatusCode::ACCEPTED).await;
    }

    async fn listen(&self) -> Sse {
        let url = self.engine.at(&self.path("events"));
        Sse::new(self.engine.http.get(url).bearer_auth(&self.token).send().await.unwrap())
    }

    /// An upload of which the first bytes have left.
    async fn begin_upload(&self, file: &str) -> TcpStream {
        let host = self.engine.at("");
        let mut line = TcpStream::connect(host.trim_start_matches("http://")).await.unwrap();
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.path(&format!("attachments/{file}")),
            self.token,
            PICTURE.len()
        );
        line.write_all(head.as_bytes()).await.unwrap();
        line.write_all(&PICTURE[..20]).await.unwrap();
        line
    }

    async fn messages(&self) -> Vec<Value> {
        let url = self.engine.at(&format!("/v1/sessions/{}", self.session));
        let request = self.engine.http.get(url).bearer_auth(&self.token);
        let snapshot: Value = request.send().await.unwrap().json().await.unwrap();
        snapshot["messages"].as_array().unwrap().clone()
    }
}

fn is_answer(event: &Value) -> bool {
    event["message"]["author"] == "assistant"
}

#[tokio::test]
async fn it_comes_once_after_the_last_byte_and_staff_have_the_picture() {
    let mut engine = Forecourt::plain().await;
    let owner = engine.sign_in("nordlys-bil").await;
    let mut staff = Live::connect(&engine, &owner, None).await;
    let kari = Visitor::open(&engine).await;
    let mut stream = kari.listen().await;
    let file = kari.announce().await;
    let mut upload = kari.begin_upload(&file).await;
    kari.ask_about(&file).await;
    // The engine has taken the message, and knows that its picture is on the way.
    let told = stream.until("attachments.changed", |_| true).await;
    assert_eq!(told.data["attachments"][0]["state"], "arriving");
    assert_eq!(kari.messages().await.len(), 1, "nothing is said before the picture is here");

    upload.write_all(&PICTURE[20..]).await.unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut arrived = false;
    let said = loop {
        let event = stream.next().await.expect("the stream goes on");
        arrived |= event.kind == "attachments.changed";
        if event.kind == "message.posted" && is_answer(&event.data) {
            break event.data["message"]["text"].as_str().unwrap().to_owned();
        }
    };
    assert!(arrived, "the answer came before the picture");
    assert!(said.contains("har kommet fram"), "it says that it came: {said}");
    assert!(!said.contains("viser"), "and nothing of what it shows: {said}");
    let answers = kari.messages().await.iter().filter(|one| one["author"] == "assistant").count();
    assert_eq!(answers, 1);

    staff
        .until("the picture", |frame| {
            frame["event"] == "lead.changed" && frame["session_id"] == kari.session.as_str()
        })
        .await;
    let leads = engine.get_as(&owner, "/v1/leads").await;
    let mut leads = leads["leads"].as_array().unwrap().iter();
    let lead = leads.find(|lead| lead["session_id"] == kari.session.as_str()).unwrap();
    let detail =
        engine.get_as(&owner, &format!("/v1/leads/{}", lead["lead_id"].as_str().unwrap())).await;
    assert_eq!(detail["attachments"][0]["kind"], "jpeg");
    let url = engine.at(&kari.path(&format!("attachments/{file}")));
    let read = engine.http.get(url).header(header::COOKIE, &owner).send().await.unwrap();
    assert!(read.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(read.bytes().await.unwrap(), PICTURE);
    drop(stream);
    let secrets = [QUESTION.to_owned(), kari.token.clone(), "photographed".to_owned()];
    engine.stop().await;
    engine.assert_logs_are_silent_about(&secrets);
}

#[tokio::test]
async fn a_picture_that_never_ends_is_waited_for_until_the_cap() {
    let engine = Forecourt::plain().await;
    let kari = Visitor::open(&engine).await;
    let mut stream = kari.listen().await;
    let file = kari.announce().await;
    let upload = kari.begin_upload(&file).await;
    kari.ask_about(&file).await;
    let began = std::time::Instant::now();
    // Eight seconds of nothing: time itself is the subject.
    let answer = stream.until("message.posted", is_answer).await;
    assert!(began.elapsed().as_secs() >= 6, "it was not waited for");
    let said = answer.data["message"]["text"].as_str().unwrap();
    assert!(said.contains("ikke kommet fram"), "it says that it is missing: {said}");
    drop(upload);
}
