//! The life of a booking that staff took on the telephone: an integrator and a dashboard hear of each step once and
//! in order, also of those whose node was killed right after it.

use forecourt_loadtest::http_sim::{HttpSim, HttpSimConfig, Outcome};
use forecourt_tests::{
    Forecourt, eventually,
    live::Live,
    people::person,
    process::{Options, TENANT},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn ask(engine: &Forecourt, cookie: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = engine.http.post(engine.at(path)).header("cookie", cookie).json(&body);
    let answer = request.header("origin", &engine.url).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn act(engine: &Forecourt, cookie: &str, path: &str, body: Value) -> Value {
    let (status, answer) = ask(engine, cookie, path, body).await;
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

/// Holds one of the service's free times for somebody.
async fn hold(engine: &Forecourt, cookie: &str, at: (&str, &str), story: &str) -> Value {
    let (service, starts_at) = at;
    let kari = person("nb", story);
    let wish = json!({
        "service_id": service, "starts_at": starts_at, "client_id": story,
        "customer": { "name": kari.name, "email": kari.email },
    });
    act(engine, cookie, "/v1/bookings", wish).await
}

/// What the receiver took of a booking: each event once, as type and version.
fn heard(sim: &HttpSim, booking: &str) -> Vec<(String, i64, Value)> {
    let mut seen = Vec::new();
    let mut told = Vec::new();
    for call in sim.received().list.iter().filter(|call| call.outcome == Outcome::Accepted) {
        let body: Value = serde_json::from_str(call.body.as_deref().unwrap()).unwrap();
        if body["data"]["booking"]["booking_id"] != booking || seen.contains(&call.key) {
            continue;
        }
        seen.push(call.key.clone());
        let version = body["data"]["booking"]["version"].as_i64().unwrap();
        told.push((body["type"].as_str().unwrap().to_owned(), version, body["data"].clone()));
    }
    told
}

fn names(told: &[(String, i64, Value)]) -> Vec<&str> {
    told.iter().map(|(name, ..)| name.as_str()).collect()
}

#[tokio::test]
async fn to_an_integrator_and_a_dashboard_once_and_in_order() {
    let options = Options::default().env("FORECOURT_WEBHOOK_LOOPBACK", "true");
    let mut engine = Forecourt::start(options).await;
    let cookie = engine.sign_in(TENANT).await;
    let sim = HttpSim::start(HttpSimConfig { keep_bodies: true, ..HttpSimConfig::default() });
    let sim = sim.unwrap();
    let topics = [
        "booking.held",
        "booking.booked",
        "booking.rescheduled",
        "booking.cancelled",
        "booking.no_show",
        "booking.expired",
    ];
    let made = json!({ "url": sim.url(), "topics": topics });
    let made = act(&engine, &cookie, "/v1/webhooks/endpoints", made).await;
    let endpoint = made["endpoint"]["endpoint_id"].as_str().unwrap().to_owned();

    let services = engine.get_as(&cookie, "/v1/services").await;
    let service = services["services"][0]["service_id"].as_str().unwrap().to_owned();
    let slots = format!("/v1/public/slots?tenant={TENANT}&service={service}&limit=8");
    let slots = engine.get_as(&cookie, &slots).await;
    let start = |n: usize| slots["slots"][n]["starts_at"].as_str().unwrap().to_owned();

    // A dashboard that wants bookings hears nothing else.
    let mut live = Live::of_topic(&engine, &cookie, "bookings", None).await;
    assert_eq!(engine.post_form(TENANT, &person("nb", "noise").form()).await.status(), 200);

    let held = hold(&engine, &cookie, (&service, &start(0)), "life").await;
    let id = held["booking_id"].as_str().unwrap().to_owned();
    let at = |step: &str| format!("/v1/bookings/{id}/{step}");
    act(&engine, &cookie, &at("confirm"), json!({ "offer_id": held["offer_id"] })).await;
    act(&engine, &cookie, &at("reschedule"), json!({ "starts_at": start(6) })).await;
    act(&engine, &cookie, &at("cancel"), json!({ "reason": "Syk" })).await;
    // The same again changes nothing, and nothing is told.
    act(&engine, &cookie, &at("cancel"), json!({})).await;

    let life = ["booking.held", "booking.booked", "booking.rescheduled", "booking.cancelled"];
    let mut last = 0;
    for (n, name) in life.iter().enumerate() {
        let frame = live.until(name, |frame| frame["type"] != "beat").await;
        assert_eq!((&frame["event"], &frame["booking"]["version"]), (&json!(name), &json!(n + 1)));
        assert_eq!(
            (&frame["booking"]["booking_id"], &frame["booking"]["by"]),
            (&json!(id), &json!("member"))
        );
        assert!(frame["booking"].get("session_id").is_none(), "it came from no conversation");
        let seq = frame["seq"].as_i64().unwrap();
        assert!(seq > last, "{seq} after {last}");
        last = seq;
    }
    let told = eventually("all of its life", async || {
        let told = heard(&sim, &id);
        (told.len() >= life.len()).then_some(told)
    })
    .await;
    assert_eq!(names(&told), life);
    let moved = &told[2].2;
    assert_eq!(moved["booking"]["moved_from"], json!(start(0)));
    assert_eq!(moved["booking"]["starts_at"], json!(start(6)));
    assert_eq!(moved["customer"]["name"], json!(person("nb", "life").name));
    assert!(moved["member_id"].is_string() && moved.get("session_id").is_none(), "{moved}");

    // The node dies with the step stored, and before anybody was told.
    let held = hold(&engine, &cookie, (&service, &start(1)), "killed").await;
    let other = held["booking_id"].as_str().unwrap().to_owned();
    engine.crash();
    engine.start_again().await;
    let cookie = engine.sign_in(TENANT).await;
    let yes = json!({ "offer_id": held["offer_id"] });
    act(&engine, &cookie, &format!("/v1/bookings/{other}/confirm"), yes).await;
    let told = eventually("what the dead node owed", async || {
        // A call whose answer died with the node is made again in a minute; who has mended it need not wait.
        let told = heard(&sim, &other);
        if told.len() < 2 {
            let pause = format!("/v1/webhooks/endpoints/{endpoint}/pause");
            ask(&engine, &cookie, &pause, json!({})).await;
            let resume = format!("/v1/webhooks/endpoints/{endpoint}/resume");
            ask(&engine, &cookie, &resume, json!({})).await;
        }
        (told.len() >= 2).then_some(told)
    })
    .await;
    assert_eq!(names(&told), ["booking.held", "booking.booked"]);

    // Who was away reads on where they stood: the log tells a booking's steps as any other event.
    let snapshot = engine.get_as(&cookie, "/v1/leads?limit=1").await;
    let after = format!("{}-{last}", snapshot["epoch"]);
    let mut back = Live::of_topic(&engine, &cookie, "bookings", Some(&after)).await;
    assert_eq!(back.welcome["resumed"], true);
    for name in ["booking.held", "booking.booked"] {
        let frame = back.until(name, |frame| frame["type"] != "beat").await;
        assert_eq!(
            (&frame["event"], &frame["booking"]["booking_id"]),
            (&json!(name), &json!(other))
        );
    }
    let calls = engine.get_as(&cookie, &format!("/v1/webhooks/endpoints/{endpoint}/calls")).await;
    let of_sessions = calls["calls"].as_array().unwrap().iter();
    assert!(
        of_sessions.clone().count() >= 6
            && of_sessions.clone().all(|c| c.get("session_id").is_none())
    );
    engine.stop().await;
    let mut secrets = person("nb", "life").secrets();
    secrets.extend(person("nb", "killed").secrets());
    engine.assert_logs_are_silent_about(&secrets);
    sim.stop();
}
