//! An owner brings in cars with a spreadsheet, mends a bad row, sells one: the assistant's next answer knows
//! (S2-US-5.3).

use forecourt_tests::{Forecourt, process::TENANT, sse::Sse};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const HEAD: &str = "Reg.nr;Merke;Modell;Årsmodell;Pris;Drivstoff;Kilometerstand;Karosseri;Seter";

const QUESTION: &str = "Hi, is the Volvo EX30 still available?";

struct Owner {
    engine: Forecourt,
    cookie: String,
}

impl Owner {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.engine.http.request(method, self.engine.at(path));
        let request = request.header("cookie", &self.cookie).header("origin", &self.engine.url);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        done(request.send().await.unwrap()).await
    }

    async fn look(&self, price: &str) -> Value {
        let file = format!("{HEAD}\nEV70231;Volvo;EX30;2024;{price};Elektrisk;9 800 km;SUV;5\n");
        let windows = file.chars().map(|c| u8::try_from(u32::from(c)).unwrap());
        let request = self.engine.http.post(self.engine.at("/v1/vehicles/import"));
        let request = request.header("cookie", &self.cookie).header("origin", &self.engine.url);
        let request = request.header("content-type", "text/csv").body(windows.collect::<Vec<u8>>());
        done(request.send().await.unwrap()).await
    }

    /// What the assistant says to somebody who comes and asks.
    async fn answer_to(&self, question: &str) -> String {
        let (session, token) = self.engine.open_chat("en").await;
        let at = |what: &str| self.engine.at(&format!("/v1/sessions/{session}/{what}"));
        let stream = self.engine.http.get(at("events")).bearer_auth(&token).send().await.unwrap();
        let mut stream = Sse::new(stream);
        let body = json!({ "text": question, "client_id": "c1" });
        let posted = self.engine.http.post(at("messages")).bearer_auth(&token).json(&body);
        assert_eq!(posted.send().await.unwrap().status(), 202);
        let by_us = |event: &Value| event["message"]["author"] == "assistant";
        let said = stream.until("message.posted", by_us).await;
        said.data["message"]["text"].as_str().unwrap().to_owned()
    }
}

async fn done(answer: Response) -> Value {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    body
}

#[tokio::test]
async fn a_spreadsheet_is_mended_and_imported_and_a_sale_reaches_the_next_sentence() {
    let engine = Forecourt::plain().await;
    let cookie = engine.sign_in(TENANT).await;
    let owner = Owner { engine, cookie };

    let bad = owner.look("snart").await;
    assert_eq!(bad["counts"], json!({ "new": 0, "changed": 0, "same": 0, "bad": 1 }));
    assert_eq!(bad["encoding"], "windows-1252", "as a spreadsheet on Windows writes");
    let fault = &bad["rows"][0]["errors"][0];
    assert_eq!((&fault["column"], &fault["value"]), (&json!("Pris"), &json!("snart")));

    let mended = owner.look("399 000,-").await;
    assert_eq!(mended["counts"]["new"], 1);
    let commit = format!("/v1/vehicles/import/{}/commit", mended["import_id"].as_str().unwrap());
    owner.ask(Method::POST, &commit, None).await;
    let said = owner.answer_to(QUESTION).await;
    assert!(said.contains("Volvo EX30 2024 is available"), "{said}");

    let page = owner.ask(Method::GET, "/v1/vehicles?q=ex30", None).await;
    let car = &page["vehicles"][0];
    assert_eq!((&page["total"], &car["plate"]), (&json!(1), &json!("EV 70231")));
    let path = format!("/v1/vehicles/{}", car["vehicle_id"].as_str().unwrap());
    let sold = json!({ "version": car["version"], "status": "sold" });
    owner.ask(Method::POST, &format!("{path}/status"), Some(sold)).await;
    let said = owner.answer_to(QUESTION).await;
    assert!(!said.contains("is available"), "sold a moment ago: {said}");

    let story = owner.ask(Method::GET, &format!("{path}/history"), None).await;
    assert_eq!(story["steps"][0]["changes"][0]["to"], "sold");
    assert!(story["steps"][0]["by"].is_string(), "it says who sold it");
    let public = owner.engine.at(&format!("/v1/public/{TENANT}/vehicles?q=ex30"));
    let public = done(owner.engine.http.get(public).send().await.unwrap()).await;
    assert_eq!(public["total"], 0, "websites do not show it any more");
    owner.engine.assert_logs_are_silent_about(&["EV70231".into(), "EV 70231".into()]);
}
