//! What people write down for the assistant, over HTTP.

use forecourt_core::{
    id::{QuestionId, SessionId, TurnId},
    lang::Lang,
};
use forecourt_ports::store::knowledge::{KnowledgeBase as _, Used};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, problem, tenant_id};

struct Office {
    world: World,
    cookie: String,
}

impl Office {
    async fn open() -> Self {
        let world = World::start().await;
        let cookie = world.sign_in("nordlys-bil", "eva@nordlys.example").await;
        Self { world, cookie }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}/v1/knowledge/{path}", self.world.url);
        let mut request = self.world.client.request(method, url);
        request = request.header(header::COOKIE, &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Response {
        self.ask(Method::PUT, path, Some(body)).await
    }
}

fn tyres() -> Value {
    json!({
        "title": {"nb": "Har dere dekkhotell?", "en": "Do you store tyres?"},
        "text": {"nb": "Ja, for 1 200 kr.", "en": "Yes, for 1,200 kr."},
        "keywords": ["Lagring"],
    })
}

#[actix_web::test]
async fn a_question_is_made_changed_deleted_and_restored_and_every_step_is_told() {
    let office = Office::open().await;
    let made = office.post("faqs", tyres()).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    assert_eq!((&made["version"], &made["active"]), (&json!(1), &json!(true)));
    assert_eq!(made["keywords"], json!(["lagring"]));
    let path = format!("faqs/{}", made["id"].as_str().unwrap());
    let mut change = tyres();
    change["text"] = json!({"nb": "Nei.", "en": "No."});
    change["version"] = json!(1);
    for _ in 0..2 {
        let changed = office.put(&path, change.clone()).await;
        assert_eq!(changed.status(), StatusCode::OK, "also when its answer was lost");
        assert_eq!(changed.json::<Value>().await.unwrap()["version"], 2);
    }
    change["text"] = json!({"nb": "Kanskje.", "en": "Maybe."});
    let late = office.put(&path, change).await;
    problem(late, 409, "changed-meanwhile").await;
    assert_eq!(office.get("search?q=dekkhotell&lang=nb").await["passages"][0]["source"], "faq");
    let gone = office.ask(Method::DELETE, &format!("{path}?version=2"), None).await;
    assert_eq!(gone.json::<Value>().await.unwrap()["deleted"], true);
    let listed = office.get("faqs").await;
    assert!(listed["entries"].as_array().unwrap().iter().all(|entry| entry["id"] != made["id"]));
    assert_eq!(office.get("search?q=dekkhotell&lang=nb").await["passages"], json!([]));
    let back = office.post(&format!("{path}/restore"), json!({"version": 3})).await;
    assert_eq!(back.json::<Value>().await.unwrap()["version"], 4);
    let history = office.get(&format!("{path}/history")).await;
    let actions: Vec<&str> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["restored", "deleted", "changed", "made"]);
    assert!(history["changes"][0]["member_name"].is_string());
}

#[actix_web::test]
async fn what_cannot_be_kept_is_told_by_field() {
    let office = Office::open().await;
    for (body, pointer) in [
        (json!({"title": {}}), "/title"),
        (json!({"title": {"nb": "Hva?"}}), "/text/nb"),
        (json!({"title": {"de": "Was?"}, "text": {}}), "/title/de"),
        (json!({"title": {"nb-NO": "Hva?"}, "text": {}}), "/title/nb-NO"),
        (json!({"title": {"nb": "Hva?"}, "text": {"nb": "a\u{0}b"}}), "/text/nb"),
        (json!({"title": {"nb": "a".repeat(301)}, "text": {"nb": "Ja."}}), "/title/nb"),
        (json!({"title": {"nb": "Hva?"}, "text": {"nb": "Ja."}, "keywords": [" "]}), "/keywords/0"),
    ] {
        let refused = office.post("faqs", body.clone()).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    let price = json!({"title": {"en": "Wash"}, "price": {"minor": 9900, "currency": "XAU"}});
    let refused: Value = office.post("services", price).await.json().await.unwrap();
    assert_eq!(refused["errors"][0]["pointer"], "/price/currency");
    for path in ["faqs/faq_x", "faqs/srv_01923456789a7bcd8ef0123456789abc", "cars"] {
        let nowhere = office.ask(Method::GET, path, None).await;
        assert_eq!(nowhere.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let unversioned = office.ask(Method::DELETE, "faqs/faq_01923456789a7bcd8ef0123456789abc", None);
    assert_eq!(unversioned.await.status(), StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_service_and_a_rule_are_known_as_soon_as_they_are_made() {
    let office = Office::open().await;
    let wash = json!({
        "title": {"en": "Car wash"}, "text": {"en": "By hand."}, "minutes": 45,
        "price": {"minor": 49900, "currency": "nok"},
    });
    let made: Value = office.post("services", wash).await.json().await.unwrap();
    assert_eq!(made["price"], json!({"minor": 49900, "currency": "NOK"}));
    let rule = json!({"title": {"en": "Returns"}, "text": {"en": "Fourteen days."}});
    assert_eq!(office.post("policies", rule).await.status(), StatusCode::CREATED);
    let page = office.world.get("/v1/public/tenant?slug=nordlys-bil&lang=en").send().await;
    let page: Value = page.unwrap().json().await.unwrap();
    let named = |service: &Value| service["name"] == "Car wash";
    assert!(page["services"].as_array().unwrap().iter().any(named), "{page}");
    let found = office.get("search?q=how+many+days+for+returns&lang=en").await;
    assert_eq!(found["passages"][0]["source"], "policy");
}

#[actix_web::test]
async fn profile_and_hours_are_changed_over_what_was_read_and_shown_at_once() {
    let office = Office::open().await;
    let mut profile = office.get("profile").await;
    profile["phone"] = json!("+47 22 33 44 55");
    profile["website"] = json!("https://nordlys.example");
    let stored = office.put("profile", profile.clone()).await;
    assert_eq!(stored.status(), StatusCode::OK);
    problem(office.put("profile", profile).await, 409, "changed-meanwhile").await;
    let mut hours = office.get("hours").await;
    hours["week"][0] =
        json!([{"opens": "08:00", "closes": "12:00"}, {"opens": "13:00", "closes": "16:30"}]);
    hours["exceptions"] = json!([{"date": "2026-12-24", "spans": []}]);
    let stored: Value = office.put("hours", hours.clone()).await.json().await.unwrap();
    assert_eq!(stored["week"][0], hours["week"][0]);
    assert_eq!(stored["exceptions"], hours["exceptions"]);
    hours["version"] = stored["version"].clone();
    for (pointer, value, told) in [
        ("/week/0/0/opens", json!("8"), "/week/0/0/opens"),
        ("/week/0/0/opens", json!("14:00"), "/week"),
        ("/exceptions/0/date", json!("24.12.2026"), "/exceptions/0/date"),
    ] {
        let mut wrong = hours.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let refused: Value = office.put("hours", wrong).await.json().await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], told);
    }
    let page = office.world.get("/v1/public/tenant?slug=nordlys-bil&lang=en").send().await;
    let page = page.unwrap().text().await.unwrap();
    assert!(page.contains("16:30"), "{page}");
    let history = office.get("hours/history").await;
    assert_eq!(history["changes"].as_array().unwrap().len(), 1);
    let mut wrong = office.get("profile").await;
    for (field, value) in [
        ("website", "http://nordlys.example"),
        ("logo_url", "javascript:alert(1)"),
        ("email", "nobody"),
        ("color", "red"),
        ("name", " "),
    ] {
        let right = std::mem::replace(&mut wrong[field], json!(value));
        let refused: Value = office.put("profile", wrong.clone()).await.json().await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"));
        wrong[field] = right;
    }
}

#[actix_web::test]
async fn an_open_question_is_answered_with_one_click_or_dismissed() {
    let office = Office::open().await;
    let (store, tenant) = (&office.world.store, tenant_id(1));
    let session = SessionId::from_uuid(Uuid::from_u128(0x5e55));
    for (n, text) in ["Leier dere ut tilhengere?", "Tar dere hunder?"].into_iter().enumerate() {
        let id = QuestionId::from_uuid(Uuid::from_u128(0x90 + n as u128));
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        store.note_unanswered(tenant, session, Lang::Nb, text, id, now).await.unwrap();
    }
    let open = office.get("unanswered").await;
    let questions = open["questions"].as_array().unwrap().clone();
    assert_eq!(questions.len(), 2);
    let trailer = questions.iter().find(|q| q["text"] == "Leier dere ut tilhengere?").unwrap();
    let faq = json!({
        "title": {"nb": trailer["text"]}, "text": {"nb": "Ja, fra 300 kr."},
        "question_id": trailer["id"],
    });
    assert_eq!(office.post("faqs", faq).await.status(), StatusCode::CREATED);
    let dog = questions.iter().find(|q| q["id"] != trailer["id"]).unwrap();
    let path = format!("unanswered/{}", dog["id"].as_str().unwrap());
    let dismissed = office.ask(Method::POST, &format!("{path}/dismiss"), None).await;
    assert_eq!(dismissed.status(), StatusCode::NO_CONTENT);
    assert_eq!(office.get("unanswered").await["questions"], json!([]));
    let reopened = office.ask(Method::POST, &format!("{path}/reopen"), None).await;
    assert_eq!(reopened.status(), StatusCode::NO_CONTENT);
    assert_eq!(office.get("unanswered").await["questions"].as_array().unwrap().len(), 1);
    let turn = TurnId::from_uuid(Uuid::from_u128(1));
    let found = store.search_knowledge(tenant, "tilhengere", Lang::Nb, 1).await.unwrap();
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    store
        .note_uses(
            tenant,
            session,
            turn,
            &[(Used::Passage(found[0].id), Some(found[0].found_by))],
            now,
        )
        .await
        .unwrap();
    let url = format!("{}/v1/sessions/{session}/grounds", office.world.url);
    let grounds = office.world.client.get(url).header(header::COOKIE, &office.cookie).send().await;
    let grounds: Value = grounds.unwrap().json().await.unwrap();
    assert_eq!(grounds["grounds"][0]["title"], "Leier dere ut tilhengere?");
    assert_eq!(grounds["grounds"][0]["excerpt"], "Ja, fra 300 kr.");
}
