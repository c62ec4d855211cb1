//! The generic provider: keys are kept, faults are as they are called.

use std::time::{Duration, Instant};

use forecourt_loadtest::http_sim::{HttpSim, HttpSimConfig, Outcome, Summary};
use serde_json::{Value, json};

use super::support::PATIENCE;

fn sim(dials: &[&str]) -> HttpSim {
    let dials = dials.iter().map(|dial| (*dial).to_owned()).collect();
    HttpSim::start(HttpSimConfig { dials, ..HttpSimConfig::default() }).unwrap()
}

fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    let builder = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false);
    builder.timeout(PATIENCE).build().unwrap()
}

/// A call with a key.
async fn call(sim: &HttpSim, key: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}/messages", sim.url());
    client().post(url).header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn the_same_call_gets_the_same_answer_and_happens_once() {
    let sim = sim(&[]);
    let first = call(&sim, "a", &json!({ "n": 1 })).await.unwrap();
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first: Value = first.json().await.unwrap();
    let again = call(&sim, "a", &json!({ "n": 1 })).await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    assert_eq!(call(&sim, "a", &json!({ "n": 2 })).await.unwrap().status(), 422);
    let received = sim.received();
    assert_eq!((received.calls, received.accepted, received.distinct_keys), (3, 1, 1));
    assert_eq!((received.repeated, received.conflicts, received.doubled), (1, 1, 0));
    assert!(received.list.iter().all(|call| call.body.is_none()), "bodies are not kept unasked");
}

#[tokio::test]
async fn a_lost_answer_has_happened_and_is_the_same_when_asked_again() {
    let sim = sim(&["lost_answer;times=1"]);
    assert!(call(&sim, "a", &json!({})).await.is_err(), "the answer is lost");
    assert_eq!(sim.received().accepted, 1, "but it happened");
    let again = call(&sim, "a", &json!({})).await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(sim.received().accepted, 1);
}

#[tokio::test]
async fn half_a_body_has_happened_too() {
    let sim = sim(&["half_body;times=1"]);
    let half = call(&sim, "a", &json!({})).await.unwrap();
    assert_eq!(half.status(), 200);
    assert!(half.text().await.is_err(), "the body ends in the middle");
    assert_eq!(sim.received().accepted, 1);
}

#[tokio::test]
async fn other_faults_do_nothing() {
    let sim = sim(&["status;code=429;retry_after=3;times=1", "reset;times=1", "garbage;times=1"]);
    let limited = call(&sim, "a", &json!({})).await.unwrap();
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"3".parse().unwrap())
    );
    for _ in 0..2 {
        assert!(call(&sim, "a", &json!({})).await.is_err());
    }
    assert_eq!((sim.received().accepted, sim.received().failed), (0, 3));
    assert_eq!(call(&sim, "a", &json!({})).await.unwrap().status(), 200, "the faults are used up");
    assert!(sim.received().list[..3].iter().all(|call| call.outcome == Outcome::Failed));
}

#[tokio::test]
async fn slow_is_late_and_hang_is_silent() {
    let sim = sim(&["slow;ms=80"]);
    let began = Instant::now();
    call(&sim, "a", &json!({})).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(80));
    sim.set(&["hang"]).unwrap();
    let patience = Duration::from_millis(150);
    let silence = tokio::time::timeout(patience, call(&sim, "b", &json!({}))).await;
    assert!(silence.is_err(), "it answered");
    assert_eq!(sim.received().accepted, 1);
}

#[tokio::test]
async fn the_controls_are_on_the_same_port() {
    let sim = sim(&[]);
    call(&sim, "a", &json!({})).await.unwrap();
    call(&sim, "b", &json!({})).await.unwrap();
    let received = async |query: &str| {
        let url = format!("{}/sim/received{query}", sim.url());
        client().get(url).send().await.unwrap().json::<Summary>().await.unwrap()
    };
    assert_eq!(received("").await.list.len(), 2);
    assert_eq!(received("?key=b").await.list.len(), 1);
    assert_eq!(received("?after=2").await.list.len(), 0);
    let dials = async |body: Value| {
        let url = format!("{}/sim/dials", sim.url());
        client().post(url).json(&body).send().await.unwrap().status()
    };
    assert_eq!(dials(json!({ "dials": ["status;code=500"] })).await, 200);
    assert_eq!(call(&sim, "c", &json!({})).await.unwrap().status(), 500);
    assert_eq!(dials(json!({ "dials": ["statsu"] })).await, 400);
    let url = format!("{}/sim/reset", sim.url());
    client().post(url).body("").send().await.unwrap();
    assert_eq!(received("").await.calls, 0);
    assert_eq!(call(&sim, "a", &json!({})).await.unwrap().status(), 200, "dials are gone as well");
    sim.wait_for(1, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_status() {
    let sim = sim(&[]);
    let url = format!("{}/messages", sim.url());
    let got = client().get(&url).send().await.unwrap();
    assert_eq!(got.status(), 405);
    let large = client().post(&url).body(vec![0; 1024 * 1024 + 1]).send().await;
    // It may hang up before all of it was sent.
    assert!(large.is_err() || large.unwrap().status() == 413);
}
