//! Outgoing webhooks against a receiver that stalls, loses answers and restarts, with the engine killed in the
//! middle: every event once by its id, in order per conversation, signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fantoccini::Locator;
use forecourt_loadtest::{
    clock,
    http_sim::{Call, HttpSim, HttpSimConfig, Outcome, webhook::verifies},
};
use forecourt_tests::{
    Forecourt, PATIENCE,
    browser::Browser,
    eventually,
    people::{Person, person},
    process::{Options, TENANT},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const ENDPOINTS: &str = "/v1/webhooks/endpoints";

/// The owner at the endpoints' addresses.
struct Owner {
    cookie: String,
}

impl Owner {
    async fn ask(
        &self,
        engine: &Forecourt,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = engine
            .http
            .request(method, engine.at(&format!("{ENDPOINTS}{path}")))
            .header("cookie", &self.cookie)
            .header("origin", &engine.url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn act(&self, engine: &Forecourt, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(engine, Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn read(&self, engine: &Forecourt, path: &str) -> Value {
        let (status, answer) = self.ask(engine, Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn receiver(port: u16, dials: &[&str]) -> HttpSim {
    let dials = dials.iter().map(|dial| (*dial).to_owned()).collect();
    let config = HttpSimConfig { port, dials, keep_bodies: true, ..HttpSimConfig::default() };
    HttpSim::start(config).unwrap()
}

async fn engine() -> Forecourt {
    Forecourt::start(Options::default().env("FORECOURT_WEBHOOK_LOOPBACK", "true")).await
}

fn now() -> i64 {
    clock::now().as_second()
}

/// What the receiver took for the first time, in the order in which it came.
fn taken(sims: &[Vec<Call>]) -> Vec<(String, Value)> {
    let calls = sims.iter().flatten().filter(|call| call.outcome == Outcome::Accepted);
    let read = |call: &Call| {
        let body = serde_json::from_str(call.body.as_deref().unwrap()).unwrap();
        (call.key.clone().unwrap(), body)
    };
    calls.map(read).collect()
}

#[tokio::test]
async fn whatever_fails_on_the_way() {
    let mut engine = engine().await;
    let mut owner = Owner { cookie: engine.sign_in(TENANT).await };
    let sim = receiver(0, &[]);
    let port = sim.addr().port();
    let url = format!("{}/hooks?key=s3cret-of-theirs", sim.url());
    let made = owner.act(&engine, "", Some(json!({ "url": url }))).await;
    let id = made["endpoint"]["endpoint_id"].as_str().unwrap().to_owned();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(!owner.read(&engine, &format!("/{id}")).await.to_string().contains(&secret[6..]));

    // The test button tells at once whether it works.
    let test = owner.act(&engine, &format!("/{id}/test"), None).await;
    sim.wait_for(1, PATIENCE).await.unwrap();
    let told = eventually("the test is taken", async || {
        let path = format!("/{id}/calls/{}", test["number"]);
        let story = owner.read(&engine, &path).await;
        (story["call"]["status"] == "accepted").then_some(story)
    })
    .await;
    assert_eq!(told["call"]["topic"], "webhook.test");
    assert_eq!(
        (told["tries"][0]["status"].as_u64(), told["tries"].as_array().unwrap().len()),
        (Some(200), 1)
    );
    assert!(told["tries"][0]["beginning"].as_str().unwrap().contains("obj_"));

    // People write; answers get lost and stall, and the engine is killed in the middle.
    sim.set(&["slow;ms=15", "lost_answer;skip=9;times=3", "half_body;skip=20;times=2"]).unwrap();
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(person("nb", &format!("hook{n}")));
    }
    for kari in &people[..5] {
        assert_eq!(engine.post_form(TENANT, &kari.form()).await.status(), 200);
    }
    sim.wait_for(12, PATIENCE).await.unwrap();
    engine.crash();
    engine.start_again().await;
    owner.cookie = engine.sign_in(TENANT).await;
    let before = sim.received().accepted;
    for kari in &people[5..7] {
        assert_eq!(engine.post_form(TENANT, &kari.form()).await.status(), 200);
    }
    sim.wait_for(before + 4, PATIENCE).await.unwrap();

    // The receiver goes away for a while, and comes back at its address.
    let first = sim.stop().list;
    assert_eq!(engine.post_form(TENANT, &people[7].form()).await.status(), 200);
    eventually("the endpoint fails", async || {
        let endpoint = owner.read(&engine, &format!("/{id}")).await;
        endpoint.get("failing_since").map(drop)
    })
    .await;
    let sim = receiver(port, &[]);
    // What failed would leave in a minute; who has mended it need not wait.
    owner.act(&engine, &format!("/{id}/pause"), None).await;
    let resumed = owner.act(&engine, &format!("/{id}/resume"), Some(json!({}))).await;
    assert!(resumed.get("paused").is_none() && resumed.get("failing_since").is_none());
    for kari in &people {
        eventually("the answer", async || {
            let lead = engine.lead_of(&owner.cookie, &kari.email).await?;
            (lead["promise"]["state"] == "kept" || lead["promise"]["state"] == "broken")
                .then_some(())
        })
        .await;
    }
    // A call whose answer was lost is tried again in a minute; who has mended it need not wait.
    // What a conversation still adds meanwhile is told as well: both lists are read until they agree.
    let mut looks = 0;
    let mut apart = String::new();
    let settled = eventually("everything is taken", async || {
        let endpoint = owner.read(&engine, &format!("/{id}")).await;
        if endpoint["pending"] == 0 && endpoint["behind"] == 0 {
            let calls = owner.read(&engine, &format!("/{id}/calls?limit=500")).await;
            let calls = calls["calls"].as_array().unwrap().clone();
            let all = [first.clone(), sim.received().list];
            match the_lists_agree(&taken(&all), &calls) {
                Ok(()) => return Some((calls, all)),
                Err(difference) => apart = difference,
            }
        }
        looks += 1;
        if looks % 40 == 0 {
            eprintln!("not yet: {endpoint} {apart}");
            owner.act(&engine, &format!("/{id}/pause"), None).await;
            owner.act(&engine, &format!("/{id}/resume"), Some(json!({}))).await;
        }
        None
    });
    let (calls, all) = settled.await;
    assert!(calls.iter().all(|call| call["status"] == "accepted"), "{calls:?}");

    let taken = taken(&all);
    the_receiver_knows_each_event_once(&taken);
    each_conversation_is_told_in_order(&taken);
    for kari in &people {
        its_messages_are_all_there(&engine, &owner.cookie, &kari.email, &taken).await;
    }
    for call in all.iter().flatten() {
        assert!(verifies(call, &secret, now(), 600), "call {} is not signed", call.number);
        assert!(call.path.starts_with("/hooks"), "{}", call.path);
    }
    let repeated = all.iter().flatten().filter(|call| call.outcome == Outcome::Repeated).count();
    assert!(repeated > 0, "no answer was lost: the story tells nothing");
    assert!(all.iter().flatten().all(|call| call.outcome != Outcome::Conflict), "a body changed");

    // A replay carries the same ids: a receiver that knows them does nothing twice.
    let done =
        owner.act(&engine, &format!("/{id}/replay"), Some(json!({ "status": "accepted" }))).await;
    assert_eq!(done, json!({ "count": calls.len(), "more": false }));
    let ids = |calls: &[Call]| -> BTreeSet<String> {
        calls.iter().filter_map(|call| call.key.clone()).collect()
    };
    // Answers are lost here as well: what counts is that each id came again.
    let mut looks = 0;
    let again = eventually("the replay has ended", async || {
        let summary = sim.received();
        let again = summary.list.get(all[1].len()..)?.to_vec();
        if ids(&again).len() >= calls.len() {
            return Some(again);
        }
        looks += 1;
        if looks % 40 == 0 {
            owner.act(&engine, &format!("/{id}/pause"), None).await;
            owner.act(&engine, &format!("/{id}/resume"), Some(json!({}))).await;
        }
        None
    })
    .await;
    let listed = calls.iter().map(|call| call["event_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids(&again), listed);
    assert_eq!(sim.received().conflicts, 0, "a body changed");

    let mut secrets: Vec<String> = people.iter().flat_map(Person::secrets).collect();
    secrets.extend([secret[6..].to_owned(), "s3cret-of-theirs".to_owned()]);
    engine.stop().await;
    engine.assert_logs_are_silent_about(&secrets);
}

/// The ids of the API's list are those that came; otherwise what only one of them has.
fn the_lists_agree(taken: &[(String, Value)], calls: &[Value]) -> Result<(), String> {
    let came: BTreeSet<&str> = taken.iter().map(|(id, _)| id.as_str()).collect();
    let listed: BTreeSet<&str> =
        calls.iter().map(|call| call["event_id"].as_str().unwrap()).collect();
    if came == listed {
        return Ok(());
    }
    let only = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| -> Vec<String> {
        these.difference(those).map(|id| (*id).to_owned()).collect()
    };
    Err(format!("only came: {:?}, only listed: {:?}", only(&came, &listed), only(&listed, &came)))
}

/// Each event was new to the receiver once.
fn the_receiver_knows_each_event_once(taken: &[(String, Value)]) {
    let distinct: BTreeSet<&str> = taken.iter().map(|(id, _)| id.as_str()).collect();
    // The receiver forgot what it knew when it restarted: only a call that was cut off may come to both lives.
    let twice = taken.len() - distinct.len();
    assert!(twice <= 8, "{twice} events came twice");
}

/// The first time an event came, nothing later of its conversation had come before.
fn each_conversation_is_told_in_order(taken: &[(String, Value)]) {
    let mut seen = BTreeSet::new();
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, event) in taken {
        let Some(session) = event["data"]["session_id"].as_str() else { continue };
        if !seen.insert(id) {
            continue;
        }
        let seq = event["data"]["seq"].as_i64().unwrap();
        let before = last.insert(session, seq).unwrap_or(0);
        assert!(before < seq, "{session}: {seq} came after {before}");
    }
    assert!(last.len() >= 8, "{} conversations were told", last.len());
}

/// What the engine stored of a conversation is what the integrator heard.
async fn its_messages_are_all_there(
    engine: &Forecourt,
    cookie: &str,
    email: &str,
    taken: &[(String, Value)],
) {
    let lead = engine.lead_of(cookie, email).await.unwrap();
    let detail =
        engine.get_as(cookie, &format!("/v1/leads/{}", lead["lead_id"].as_str().unwrap())).await;
    let stored: Vec<&str> = detail["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["message_id"].as_str().unwrap())
        .collect();
    let mut heard: Vec<&str> = Vec::new();
    let mut topics = BTreeSet::new();
    for (_, event) in taken.iter().filter(|(_, e)| e["data"]["session_id"] == lead["session_id"]) {
        topics.insert(event["type"].as_str().unwrap());
        assert_eq!(event["data"]["lead"]["email"], email);
        if let Some(message) = event["data"]["message"]["message_id"].as_str()
            && !heard.contains(&message)
        {
            heard.push(message);
        }
    }
    assert_eq!(heard, stored);
    for topic in ["session.opened", "lead.captured", "message.posted", "lead.changed"] {
        assert!(topics.contains(topic), "{topic} is missing: {topics:?}");
    }
}

#[tokio::test]
async fn and_people_are_told_when_an_endpoint_is_gone() {
    let mut engine = engine().await;
    let owner = Owner { cookie: engine.sign_in(TENANT).await };

    // Nothing of our own network becomes an endpoint.
    for (url, code) in [
        ("https://10.0.0.8/hook", "address"),
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("http://example.com/hook", "address"),
        ("https://[::ffff:10.0.0.1]/", "address"),
    ] {
        let body = Some(json!({ "url": url }));
        let (status, problem) = owner.ask(&engine, Method::POST, "", body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["code"]), (400, &json!(code)), "{url}");
    }

    let sim = receiver(0, &[]);
    let body = json!({ "url": sim.url(), "description": "Regnskap", "topics": ["lead.captured"] });
    let made = owner.act(&engine, "", Some(body)).await;
    let id = made["endpoint"]["endpoint_id"].as_str().unwrap().to_owned();
    let old = made["secret"].as_str().unwrap().to_owned();

    // Two secrets sign while the integrator changes over.
    let rotated = owner.act(&engine, &format!("/{id}/rotate"), None).await;
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    assert!(rotated["endpoint"]["old_secret_until"].is_string());
    owner.act(&engine, &format!("/{id}/test"), None).await;
    let summary = sim.wait_for(1, PATIENCE).await.unwrap();
    for secret in [&old, &new] {
        assert!(verifies(&summary.list[0], secret, now(), 300));
    }

    // Only what was asked for comes.
    let kari = person("fr", "gone");
    assert_eq!(engine.post_form(TENANT, &kari.form()).await.status(), 200);
    let summary = sim.wait_for(2, PATIENCE).await.unwrap();
    let event: Value = serde_json::from_str(summary.list[1].body.as_deref().unwrap()).unwrap();
    assert_eq!(event["type"], "lead.captured");
    assert_eq!(event["data"]["lead"]["name"], kari.name);

    // 410: it is paused at once, and the tenant's people get a letter.
    sim.set(&["status;code=410"]).unwrap();
    owner.act(&engine, &format!("/{id}/test"), None).await;
    let paused = eventually("the pause", async || {
        let endpoint = owner.read(&engine, &format!("/{id}")).await;
        (endpoint["notice"] == "sent").then_some(endpoint)
    })
    .await;
    assert_eq!(paused["paused"]["why"], "gone");
    let to = format!("demo@{TENANT}.example");
    let letters = engine.mail.mails_to(&to);
    let told: Vec<String> = letters.iter().filter_map(|mail| mail.subject()).collect();
    let told = told.iter().filter(|subject| subject.contains("webhook")).count();
    assert_eq!(told, 1, "people are told once");
    let (status, problem) = owner.ask(&engine, Method::POST, &format!("/{id}/test"), None).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("endpoint-paused")));

    // What happens meanwhile waits; resumed, it goes on where it stopped.
    sim.set(&[]).unwrap();
    let late = person("en", "later");
    assert_eq!(engine.post_form(TENANT, &late.form()).await.status(), 200);
    tokio::time::sleep(Duration::from_millis(300)).await; // nothing may come: there is no event to await
    assert_eq!(sim.received().accepted, 2);
    owner.act(&engine, &format!("/{id}/resume"), Some(json!({}))).await;
    sim.wait_for(4, PATIENCE).await.unwrap();

    let (status, _) = owner.ask(&engine, Method::DELETE, &format!("/{id}"), None).await;
    assert_eq!(status, 204);
    let (status, _) = owner.ask(&engine, Method::GET, &format!("/{id}"), None).await;
    assert_eq!(status, 404);
    let metrics =
        engine.http.get(engine.at("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("forecourt_webhook_calls_total{result=\"gone\"} 1"), "{metrics}");
    assert!(metrics.contains("forecourt_undone{kind=\"webhook\"}"));
    engine.stop().await;
    engine.assert_logs_are_silent_about(&[old[6..].to_owned(), new[6..].to_owned()]);
}

#[tokio::test]
async fn and_a_manager_handles_it_in_the_dashboard() {
    let mut engine = engine().await;
    let sim = receiver(0, &[]);
    let browser = Browser::open(390, 844).await; // on a phone
    let page = &browser.page;
    let text = async || page.execute("return document.body.innerText", vec![]).await.unwrap();
    let press = async |label: &str| {
        let path = format!("//button[normalize-space(.)='{label}']");
        let button = page.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        button.unwrap_or_else(|error| panic!("{label}: {error}")).click().await.unwrap();
    };
    page.goto(&engine.at("/app/webhooks?lang=en")).await.unwrap();
    press("Use the demo login").await;
    press("Add an endpoint").await;
    let field = page.wait().at_most(PATIENCE).for_element(Locator::Css("input[name=url]")).await;
    field.unwrap().send_keys("https://10.0.0.1/hook").await.unwrap();
    press("Save").await;
    eventually("the refusal in words", async || {
        text().await.as_str()?.contains("on the open internet.").then_some(())
    })
    .await;
    let field = page.find(Locator::Css("input[name=url]")).await.unwrap();
    // All of it, as a person does.
    field.send_keys("\u{E009}a\u{E000}").await.unwrap();
    field.send_keys(&sim.url()).await.unwrap();
    press("Save").await;
    let shown =
        page.wait().at_most(PATIENCE).for_element(Locator::Css("[data-testid=secret]")).await;
    let secret = shown.unwrap().text().await.unwrap();
    press("Done").await;
    press("Send a test").await;
    let summary = sim.wait_for(1, PATIENCE).await.unwrap();
    assert!(verifies(&summary.list[0], &secret, now(), 300), "{secret}");
    press("Calls").await;
    eventually("the call is taken", async || {
        press("Refresh").await;
        let said = text().await.as_str()?.to_owned();
        (said.contains("webhook.test") && said.contains("Taken")).then_some(())
    })
    .await;
    assert!(!text().await.as_str().unwrap().contains(&secret), "the secret is shown once");
    let overflow = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(page.execute(overflow, vec![]).await.unwrap(), json!(true), "wider than the phone");
    browser.close().await;
    engine.stop().await;
}
