//! A waiting list: the first who waits is offered what becomes free, lets it go, and the next takes it; a business says
//! when it reminds.

use forecourt_tests::{
    Forecourt, Options, eventually,
    people::{Person, person},
    process::TENANT,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

struct Staff<'a> {
    engine: &'a Forecourt,
    cookie: String,
}

impl Staff<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.engine.http.request(method, self.engine.at(path));
        let request = request.header("cookie", &self.cookie).header("origin", &self.engine.url);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn read(&self, path: &str) -> Value {
        self.engine.get_as(&self.cookie, path).await
    }

    async fn waits(&self, service: &str, day: &str, who: &Person) {
        let customer = json!({ "name": who.name, "email": who.email, "lang": "en" });
        let wish = json!({
            "service_id": service, "from": day, "to": day, "customer": customer, "client_id": who.email,
        });
        self.post("/v1/waits", wish).await;
    }

    async fn list(&self) -> Vec<Value> {
        self.read("/v1/waits").await["waits"].as_array().unwrap().clone()
    }
}

/// The token of the link in the letter that offers a time.
async fn offered(engine: &Forecourt, who: &Person) -> String {
    let letter = eventually("the offer", async || {
        let mails = engine.mail.mails_to(&who.email);
        mails
            .iter()
            .filter_map(|mail| mail.text())
            .find(|text| text.contains("Take it or leave it"))
    })
    .await;
    let link = letter.split("/booking/").nth(1).unwrap();
    link.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_is_offered_it_and_lets_it_go_and_the_next_takes_it() {
    let mut engine = Forecourt::start(Options::default()).await;
    let staff = Staff { cookie: engine.sign_in(TENANT).await, engine: &engine };
    let services = staff.read("/v1/services").await;
    let service = services["services"][0]["service_id"].as_str().unwrap().to_owned();
    let free = async |day: &str| {
        let range = if day.is_empty() { String::new() } else { format!("&from={day}&to={day}") };
        let path = format!("/v1/public/slots?tenant={TENANT}&service={service}&limit=500{range}");
        staff.read(&path).await["slots"].as_array().unwrap().clone()
    };

    // Reminders: three hours ahead only, and offers hold for twenty minutes.
    let rules = staff.read("/v1/knowledge/bookings").await;
    assert_eq!(
        (&rules["first_reminder_minutes"], &rules["offer_minutes"]),
        (&json!(1440), &json!(30))
    );
    let put = |first: u32, second: u32, version: &Value| {
        json!({
            "first_reminder_minutes": first, "second_reminder_minutes": second,
            "offer_minutes": 20, "version": version,
        })
    };
    let rules_at = "/v1/knowledge/bookings";
    let (status, told) = staff.ask(Method::PUT, rules_at, put(60, 120, &rules["version"])).await;
    assert_eq!(
        (status.as_u16(), &told["errors"][0]["pointer"]),
        (400, &json!("/first_reminder_minutes"))
    );
    let (status, _) = staff.ask(Method::PUT, rules_at, put(180, 0, &rules["version"])).await;
    assert_eq!(status, 200);
    let (status, _) = staff.ask(Method::PUT, rules_at, put(240, 0, &rules["version"])).await;
    assert_eq!(status, 409, "of two who change them the second is told");

    // Every time of a day is taken.
    let all = free("").await;
    let day = all.last().unwrap()["local"].as_str().unwrap()[..10].to_owned();
    let mut taken = Vec::new();
    for round in 0..200 {
        let Some(slot) = free(&day).await.first().cloned() else { break };
        let wish = json!({
            "service_id": service, "starts_at": slot["starts_at"], "client_id": format!("full-{round}"),
            "customer": { "name": "Full", "email": "full@example.no" },
        });
        let held = staff.post("/v1/bookings", wish).await;
        let id = held["booking_id"].as_str().unwrap().to_owned();
        let yes = json!({ "offer_id": held["offer_id"] });
        staff.post(&format!("/v1/bookings/{id}/confirm"), yes).await;
        taken.push(id);
    }
    assert!(free(&day).await.is_empty() && !taken.is_empty());
    let booked = staff.read(&format!("/v1/bookings/{}", taken[0])).await;
    let reminders = booked["letters"].as_array().unwrap().iter();
    let reminders: Vec<_> = reminders
        .filter(|letter| letter["kind"] == "reminder_24h" || letter["kind"] == "reminder_2h")
        .collect();
    assert_eq!(reminders.len(), 1, "{booked}");

    // Two wait; one place becomes free.
    let (kari, ola) = (person("en", "waits1"), person("en", "waits2"));
    staff.waits(&service, &day, &kari).await;
    staff.waits(&service, &day, &ola).await;
    assert_eq!(staff.list().await.len(), 2);
    staff.post(&format!("/v1/bookings/{}/cancel", taken[0]), json!({})).await;
    let token = offered(&engine, &kari).await;
    let link = format!("/v1/public/bookings/{token}");
    let shown = staff.read(&link).await;
    assert_eq!(shown["status"], "held", "{shown}");
    let list = staff.list().await;
    assert!(
        list[0]["offered_until"].is_string() && list[1].get("offered_until").is_none(),
        "{list:?}"
    );
    assert!(engine.mail.mails_to(&ola.email).is_empty(), "one place, one offer");

    // The first says no: the next is offered it, and takes it. Nobody waits any more.
    staff.post(&format!("{link}/cancel"), json!({})).await;
    let token = offered(&engine, &ola).await;
    let link = format!("/v1/public/bookings/{token}");
    let offer = staff.read(&link).await["offer_id"].clone();
    let taken = staff.post(&format!("{link}/confirm"), json!({ "offer_id": offer })).await;
    assert_eq!(taken["status"], "booked");
    eventually("nobody waits", async || staff.list().await.is_empty().then_some(())).await;
    let offers = engine.mail.mails_to(&kari.email).len();
    assert_eq!(offers, 1, "who let it go is not asked again");
    let mut secrets = kari.secrets();
    secrets.extend(ola.secrets());
    engine.stop().await;
    engine.assert_logs_are_silent_about(&secrets);
}
