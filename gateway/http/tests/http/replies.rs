//! What members think of replies, and the report over them, over HTTP.

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    live::Socket,
    world::{PATIENCE, World, problem},
};

struct Office {
    world: World,
    session: String,
    lead: String,
    ola: String,
}

impl Office {
    /// A lead whose message the assistant has answered.
    async fn open() -> Self {
        let world = World::start().await;
        let receipt = world.submit("kari@example.no", "Er bilen ledig?").await;
        let lead = receipt["lead_id"].as_str().unwrap().to_owned();
        let ola = world.ola().await;
        let office = Self { world, session: String::new(), lead, ola };
        let answered = async {
            while office.message("assistant").await.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("no answer came");
        let detail = office.detail().await;
        let session = detail["lead"]["session_id"].as_str().unwrap().to_owned();
        Self { session, ..office }
    }

    async fn call(
        &self,
        cookie: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let url = format!("{}/v1/{path}", self.world.url);
        let mut request = self.world.client.request(method, url).header(header::COOKIE, cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn detail(&self) -> Value {
        let path = format!("leads/{}", self.lead);
        let answer = self.call(&self.ola, Method::GET, &path, None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// The id of an author's first message.
    async fn message(&self, author: &str) -> Option<String> {
        let detail = self.detail().await;
        let mut messages = detail["messages"].as_array().unwrap().iter();
        let found = messages.find(|one| one["author"] == author)?;
        Some(found["message_id"].as_str().unwrap().to_owned())
    }

    fn path(&self, message: &str) -> String {
        format!("sessions/{}/messages/{message}/rating", self.session)
    }

    async fn rate(&self, cookie: &str, message: &str, body: Value) -> Response {
        self.call(cookie, Method::PUT, &self.path(message), Some(body)).await
    }
}

#[actix_web::test]
async fn each_member_rates_a_reply_once_and_the_lead_shows_it() {
    let office = Office::open().await;
    let answer = office.message("assistant").await.unwrap();
    assert_eq!(office.detail().await["ratings"], json!([]));
    let good = office.rate(&office.ola, &answer, json!({ "rating": "good" })).await;
    assert_eq!(good.status(), StatusCode::OK);
    let good: Value = good.json().await.unwrap();
    assert_eq!((&good["message_id"], &good["rating"]), (&json!(answer), &json!("good")));
    let again = office.rate(&office.ola, &answer, json!({ "rating": "good", "reason": " " })).await;
    assert_eq!(again.json::<Value>().await.unwrap(), good, "the same again");
    let eva = office.world.sign_in("nordlys-bil", "eva@nordlys.example").await;
    let why = json!({ "rating": "bad", "reason": "Feil pris 🚗\r\nfor bilen" });
    let bad: Value = office.rate(&eva, &answer, why).await.json().await.unwrap();
    assert_eq!(bad["reason"], "Feil pris 🚗\nfor bilen");
    let shown = office.detail().await["ratings"].as_array().unwrap().clone();
    assert!(shown.len() == 2 && shown.contains(&good) && shown.contains(&bad), "{shown:?}");
    for _ in 0..2 {
        let back = office.call(&office.ola, Method::DELETE, &office.path(&answer), None).await;
        assert_eq!(back.status(), StatusCode::NO_CONTENT, "also when there is none");
    }
    assert_eq!(office.detail().await["ratings"], json!([bad]), "nobody else's goes");
    office.world.stop().await;
}

#[actix_web::test]
async fn a_rating_is_seen_at_once_by_who_looks_at_the_conversation() {
    let office = Office::open().await;
    let answer = office.message("assistant").await.unwrap();
    let quiet = json!({ "topics": ["members"], "only": { "session_ids": [] } });
    let of = async |email| Socket::of(&office.world, "nordlys-bil", email, quiet.clone()).await;
    let mut eva = of("eva@nordlys.example").await;
    let mut elsewhere = of("ola@nordlys.example").await;
    eva.done(json!({ "type": "view", "session_id": office.session })).await;
    let why = json!({ "rating": "bad", "reason": "Feil pris 🚗" });
    let stored: Value = office.rate(&office.ola, &answer, why).await.json().await.unwrap();
    let mut seen = eva.until(|frame| frame["type"] == "rating").await;
    assert_eq!(seen["session_id"], office.session);
    for other in ["type", "session_id"] {
        seen.as_object_mut().unwrap().remove(other);
    }
    assert_eq!(seen, stored, "with the reason, as it was stored");
    office.call(&office.ola, Method::DELETE, &office.path(&answer), None).await;
    let back = eva.until(|frame| frame["type"] == "rating").await;
    assert_eq!((&back["message_id"], back.get("rating")), (&json!(answer), None));
    // Who looks at something else is told nothing of it.
    elsewhere.done(json!({ "type": "view", "session_id": null })).await;
    let visitor = office.world.open().await;
    let stream = office.world.read(&visitor).await;
    assert!(!stream.to_string().contains("Feil pris"), "it is for staff alone");
    office.world.stop().await;
}

#[actix_web::test]
async fn only_what_the_assistant_wrote_to_the_own_tenants_customers_is_rated() {
    let office = Office::open().await;
    let answer = office.message("assistant").await.unwrap();
    let customers = office.message("customer").await.unwrap();
    let good = json!({ "rating": "good" });
    let refused = office.rate(&office.ola, &customers, good.clone()).await;
    problem(refused, 409, "not-the-assistants").await;
    for strange in ["msg_01923456789a7bcd8ef0123456789abc", "1", "%00", "🚗"] {
        let refused = office.rate(&office.ola, strange, good.clone()).await;
        problem(refused, 404, "not-found").await;
        let back = office.call(&office.ola, Method::DELETE, &office.path(strange), None).await;
        problem(back, 404, "not-found").await;
    }
    let stranger = office.world.sign_in("fjord-auto", "ola@fjord.example").await;
    problem(office.rate(&stranger, &answer, good.clone()).await, 404, "not-found").await;
    let back = office.call(&stranger, Method::DELETE, &office.path(&answer), None).await;
    problem(back, 404, "not-found").await;
    for (body, pointer) in [
        (json!({}), "/rating"),
        (json!({ "rating": "great" }), "/rating"),
        (json!({ "rating": "bad", "reason": "å".repeat(501) }), "/reason"),
        (json!({ "rating": "bad", "reason": "a\u{0}b" }), "/reason"),
        (json!({ "rating": "bad", "why": "x" }), "/why"),
    ] {
        let refused = problem(office.rate(&office.ola, &answer, body).await, 400, "invalid").await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let longest = json!({ "rating": "bad", "reason": "å".repeat(500) });
    assert_eq!(office.rate(&office.ola, &answer, longest).await.status(), StatusCode::OK);
    office.world.stop().await;
}

#[actix_web::test]
async fn a_report_counts_replies_for_managers_within_bounds() {
    let office = Office::open().await;
    let answer = office.message("assistant").await.unwrap();
    office.rate(&office.ola, &answer, json!({ "rating": "bad" })).await;
    let path = "reports/replies";
    let seller = office.call(&office.ola, Method::GET, path, None).await;
    problem(seller, 403, "forbidden").await;
    let eva = office.world.sign_in("nordlys-bil", "eva@nordlys.example").await;
    let ask =
        async |query: &str| office.call(&eva, Method::GET, &format!("{path}?{query}"), None).await;
    let report: Value = ask("from=2026-11-21&to=2026-11-22").await.json().await.unwrap();
    assert_eq!(report["from"], "2026-11-20T23:00:00Z", "days are the tenant's");
    let row = &report["rows"][0];
    assert_eq!(
        (&row["model"], &row["replies"], &row["bad"]),
        (&json!("house"), &json!(1), &json!(1))
    );
    assert!(row["prompt"].as_str().unwrap().contains('@'), "{row}");
    let all: u64 = ["booked", "handed_over", "open", "closed"]
        .map(|one| row[one].as_u64().unwrap())
        .iter()
        .sum();
    assert_eq!((&row["conversations"], all), (&json!(1), 1), "{row}");
    let now: Value = ask("").await.json().await.unwrap();
    assert_eq!(now["from"], "2026-10-22T12:00:00Z", "30 days until now");
    let past: Value = ask("to=2026-11-01").await.json().await.unwrap();
    assert_eq!(past["rows"], json!([]));
    // 92 days of a zone whose clocks went back meanwhile.
    assert_eq!(ask("from=2026-08-21&to=2026-11-21").await.status(), StatusCode::OK);
    for (query, pointer) in [
        ("from=2026-08-20&to=2026-11-21", "from"),
        ("from=2026-11-21&to=2026-11-21", "to"),
        ("from=2026-11-22&to=2026-11-21", "to"),
        ("from=2027-01-01", "to"),
        ("from=yesterday", "from"),
        ("to=9999-99-99", "to"),
        ("to=2026-11-21&to=2026-11-22", "to"),
    ] {
        let refused = problem(ask(query).await, 400, "invalid").await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
    }
    for query in ["to=0001-01-01T00:00:00Z", "from=0001-01-01&to=9999-12-29"] {
        assert!(ask(query).await.status() != StatusCode::INTERNAL_SERVER_ERROR, "{query}");
    }
    let stranger = office.world.sign_in("fjord-auto", "eva@fjord.example").await;
    let theirs = office.call(&stranger, Method::GET, path, None).await;
    assert_eq!(theirs.json::<Value>().await.unwrap()["rows"], json!([]), "A8");
    office.world.stop().await;
}
