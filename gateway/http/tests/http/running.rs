//! Deliveries, dead letters, timers and providers, as the tenant's people see and handle them.

use std::time::Duration;

use forecourt_ports::fake::Dial;
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, problem};

impl World {
    async fn eva(&self) -> String {
        self.sign_in("nordlys-bil", "eva@nordlys.example").await
    }

    async fn ask(&self, cookie: &str, path: &str) -> Response {
        self.get(path).header(header::COOKIE, cookie).send().await.unwrap()
    }

    async fn look(&self, cookie: &str, path: &str) -> Value {
        let answer = self.ask(cookie, path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn tell(&self, cookie: &str, path: &str, body: Value) -> Response {
        self.post(path).header(header::COOKIE, cookie).json(&body).send().await.unwrap()
    }

    /// Looks until a list has `count` rows.
    async fn rows(&self, cookie: &str, path: &str, name: &str, count: usize) -> Vec<Value> {
        let look = async {
            loop {
                let list = self.look(cookie, path).await;
                let rows = list[name].as_array().unwrap().clone();
                if rows.len() == count {
                    return rows;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the rows never came")
    }

    /// Leads whose answers have failed so; gives the dead letters, newest first.
    async fn dead(&self, cookie: &str, count: usize, dial: Dial) -> Vec<Value> {
        self.sender.dial_next(count as u64, &dial);
        for n in 0..count {
            self.submit(&format!("kari{n}@example.no"), "Er bilen ledig?").await;
        }
        let status = if dial == Dial::Permanent { "failed" } else { "uncertain" };
        self.rows(cookie, &format!("/v1/deliveries?status={status}"), "deliveries", count).await
    }
}

fn id(row: &Value) -> &str {
    row["delivery_id"].as_str().unwrap()
}

#[actix_web::test]
async fn a_dead_letter_shows_its_story_and_is_sent_once_more_by_a_manager() {
    let world = World::start().await;
    let (ola, eva) = (world.ola().await, world.eva().await);
    let dead = world.dead(&ola, 1, Dial::Permanent).await;
    let (row, path) = (&dead[0], format!("/v1/deliveries/{}", id(&dead[0])));
    assert_eq!((&row["kind"], &row["replay"]), (&json!("answer"), &json!("allowed")));
    assert!(row.get("to").is_none() && row.get("text").is_none(), "{row}");
    let story = world.look(&ola, &path).await;
    assert_eq!(story["to"], "kari0@example.no");
    let what = |story: &Value| -> Vec<String> {
        let steps = story["history"].as_array().unwrap().iter();
        steps.map(|step| step["what"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(what(&story), ["queued", "failed"]);
    assert!(story["history"][1]["code"].is_string());
    assert!(story.get("waits").is_none());

    let replay = format!("{path}/replay");
    let by_seller = world.tell(&ola, &replay, json!({})).await;
    problem(by_seller, 403, "forbidden").await;
    let sent = world.tell(&eva, &replay, json!({ "client_id": "a" })).await;
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    let sent: Value = sent.json().await.unwrap();
    let again = world.tell(&eva, &replay, json!({ "client_id": "a" })).await;
    // Before or after it has arrived: nothing is sent twice.
    assert!([202, 409].contains(&again.status().as_u16()));
    let accepted = world.rows(&ola, "/v1/deliveries?status=accepted", "deliveries", 1).await;
    assert_eq!(accepted[0]["delivery_id"], sent["delivery_id"]);
    assert_eq!(accepted[0]["replay_of"], row["delivery_id"]);
    problem(world.tell(&eva, &replay, json!({})).await, 409, "stale").await;
    let story = world.look(&ola, &path).await;
    assert_eq!(what(&story), ["queued", "failed", "replayed"]);
    assert_eq!(story["delivery"]["replay"], "no");
    assert_eq!(story["delivery"]["replayed_by"], sent["delivery_id"]);
    world.stop().await;
}

#[actix_web::test]
async fn what_may_have_left_needs_a_word_and_what_was_overtaken_stays() {
    let world = World::start().await;
    let eva = world.eva().await;
    let dead = world.dead(&eva, 2, Dial::Uncertain).await;
    assert_eq!(dead[0]["replay"], "needs_confirmation");
    let replay = |row: &Value| format!("/v1/deliveries/{}/replay", id(row));
    problem(world.tell(&eva, &replay(&dead[0]), json!({})).await, 409, "may-have-left").await;
    let sure = json!({ "even_if_sent": true });
    let sent = world.tell(&eva, &replay(&dead[0]), sure.clone()).await;
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    let session = dead[1]["session_id"].as_str().unwrap();
    let taken = world.tell(&eva, &format!("/v1/sessions/{session}/takeover"), json!({})).await;
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    problem(world.tell(&eva, &replay(&dead[1]), sure).await, 409, "superseded").await;
    world.stop().await;
}

#[actix_web::test]
async fn many_dead_letters_are_previewed_then_sent_each_with_its_outcome() {
    let world = World::start().await;
    let eva = world.eva().await;
    let dead = world.dead(&eva, 4, Dial::Permanent).await;
    let wish = async |body: Value| -> Value {
        let answer = world.tell(&eva, "/v1/deliveries/replay", body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    };
    let preview = wish(json!({ "client_id": "a", "status": "failed", "dry_run": true })).await;
    assert_eq!((&preview["matched"], &preview["replayed"]), (&json!(4), &json!(4)));
    assert_eq!(preview["results"].as_array().unwrap().len(), 4);
    let still = world.rows(&eva, "/v1/deliveries?status=failed", "deliveries", 4).await;
    assert_eq!(still, dead, "a dry run changes nothing");
    let none = json!({ "client_id": "a", "status": "failed", "until": "2026-11-20T00:00:00Z" });
    assert_eq!(wish(none).await["matched"], 0);

    let unknown = "dlv_01923456789a7bcd8ef0123456789abc";
    let ids = [id(&dead[0]), id(&dead[1]), id(&dead[1]), unknown];
    let some = wish(json!({ "client_id": "b", "ids": ids })).await;
    assert_eq!((&some["matched"], &some["replayed"]), (&json!(3), &json!(2)));
    let missing = some["results"].as_array().unwrap().iter().find(|r| id(r) == unknown).unwrap();
    assert_eq!(missing["outcome"], "not_found");
    world.rows(&eva, "/v1/deliveries?status=accepted", "deliveries", 2).await;
    let again = wish(json!({ "client_id": "b", "ids": [id(&dead[0])] })).await;
    assert_eq!(again["results"][0]["outcome"], "over", "it has arrived");

    let rest = wish(json!({ "client_id": "c", "status": "failed" })).await;
    assert_eq!((&rest["matched"], &rest["more"]), (&json!(2), &json!(false)));
    world.rows(&eva, "/v1/deliveries?status=accepted", "deliveries", 4).await;
    let nothing = wish(json!({ "client_id": "d", "status": "failed" })).await;
    assert_eq!(nothing["matched"], 0);

    for (body, pointer) in [
        (json!({ "client_id": "a" }), "/ids"),
        (json!({ "client_id": "a", "ids": [] }), "/ids"),
        (json!({ "client_id": "a b", "status": "failed" }), "/client_id"),
        (json!({ "client_id": "a", "status": "pending" }), "/status"),
        (json!({ "client_id": "a", "ids": ["x"] }), "/ids/0"),
        (json!({ "status": "failed" }), "/client_id"),
        (json!({ "client_id": "a", "status": "failed", "since": "now" }), "/since"),
    ] {
        let refused = world.tell(&eva, "/v1/deliveries/replay", body.clone()).await;
        let told = problem(refused, 400, "invalid").await;
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
    let ola = world.ola().await;
    let by_seller = json!({ "client_id": "a", "status": "failed" });
    problem(world.tell(&ola, "/v1/deliveries/replay", by_seller).await, 403, "forbidden").await;
    world.stop().await;
}

#[actix_web::test]
async fn timers_tell_what_they_wait_for_and_reminders_are_stopped_by_a_member() {
    let world = World::start().await;
    let ola = world.ola().await;
    let dead = world.dead(&ola, 1, Dial::Permanent).await;
    let session = dead[0]["session_id"].as_str().unwrap();
    let pending = world.rows(&ola, "/v1/timers?state=pending&kind=handoff", "timers", 1).await;
    assert_eq!(
        (&pending[0]["kind"], &pending[0]["status"]),
        (&json!("handoff"), &json!("pending"))
    );
    assert_eq!(pending[0]["reason"], "delivery_failed");
    assert_eq!(pending[0]["cancellable"], true);
    assert_eq!(pending[0]["due_at"], "2026-11-21T12:15:00Z");
    let cancel = |kind: &str| format!("/v1/timers/{session}/{kind}/cancel");
    let stopped = world.tell(&ola, &cancel("handoff"), json!({})).await;
    assert_eq!(stopped.status(), StatusCode::NO_CONTENT);
    problem(world.tell(&ola, &cancel("handoff"), json!({})).await, 409, "stale").await;
    problem(world.tell(&ola, &cancel("tea"), json!({})).await, 404, "not-found").await;
    world.rows(&ola, "/v1/timers?kind=handoff", "timers", 0).await;
    let path = format!("/v1/timers?state=ended&kind=handoff&session={session}");
    let ended = world.rows(&ola, &path, "timers", 1).await;
    assert_eq!(
        (&ended[0]["status"], &ended[0]["reason"]),
        (&json!("cancelled"), &json!("reminders_stopped"))
    );
    let lead = world.look(&ola, "/v1/leads").await["leads"][0].clone();
    assert_eq!(lead["needs_human"], false, "somebody looks after it");

    // A customer waits: what keeps the promise cannot be taken away.
    world.sender.dial(world.sender.tries() + 1, Dial::HangBefore);
    world.submit("ola@example.no", "Er dere der?").await;
    let waits = world.rows(&ola, "/v1/timers?kind=promise", "timers", 1).await;
    let path = format!("/v1/timers/{}/promise/cancel", waits[0]["session_id"].as_str().unwrap());
    assert_eq!(waits[0]["cancellable"], false);
    problem(world.tell(&ola, &path, json!({})).await, 409, "customer-waits").await;
    world.stop().await;
}

#[actix_web::test]
async fn lists_go_page_by_page_and_refuse_what_they_do_not_know() {
    let world = World::start().await;
    let ola = world.ola().await;
    world.dead(&ola, 5, Dial::Permanent).await;
    for (list, name) in [("/v1/deliveries?", "deliveries"), ("/v1/timers?kind=handoff&", "timers")]
    {
        let all = world.look(&ola, list).await[name].as_array().unwrap().clone();
        assert_eq!(all.len(), 5, "{list}");
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.look(&ola, &format!("{list}limit=2{cursor}")).await;
            paged.extend(page[name].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{list}");
    }
    for query in [
        "/v1/deliveries?status=dead",
        "/v1/deliveries?session=x",
        "/v1/deliveries?cursor=x",
        "/v1/deliveries?limit=0",
        "/v1/deliveries?limit=501",
        "/v1/deliveries?since=2026-11-22&until=2026-11-21",
        "/v1/deliveries?since=-009999-01-01",
        "/v1/timers?state=over",
        "/v1/timers?kind=tea",
        "/v1/timers?cursor=1.x.y",
    ] {
        problem(world.ask(&ola, query).await, 400, "invalid").await;
    }
    problem(world.get("/v1/deliveries").send().await.unwrap(), 401, "unauthorised").await;
    let providers = world.look(&ola, "/v1/providers").await;
    assert_eq!(providers["providers"][0]["name"], "recording");
    assert_eq!(providers["providers"][0]["state"], "closed");
    world.stop().await;
}

#[actix_web::test]
async fn another_tenants_letters_and_timers_lead_nowhere() {
    let world = World::start().await;
    let ola = world.ola().await;
    let dead = world.dead(&ola, 1, Dial::Permanent).await;
    let (letter, session) = (id(&dead[0]), dead[0]["session_id"].as_str().unwrap());
    let theirs = world.sign_in("fjord-auto", "eva@fjord.example").await;
    for path in ["/v1/deliveries", &format!("/v1/deliveries?session={session}")] {
        assert_eq!(world.look(&theirs, path).await["deliveries"], json!([]), "A8: {path}");
    }
    assert_eq!(world.look(&theirs, "/v1/timers").await["timers"], json!([]), "A8");
    let path = format!("/v1/deliveries/{letter}");
    problem(world.ask(&theirs, &path).await, 404, "not-found").await;
    let replay = world.tell(&theirs, &format!("{path}/replay"), json!({})).await;
    problem(replay, 404, "not-found").await;
    let many = json!({ "client_id": "a", "ids": [letter] });
    let many: Value =
        world.tell(&theirs, "/v1/deliveries/replay", many).await.json().await.unwrap();
    assert_eq!(many["results"][0]["outcome"], "not_found");
    let path = format!("/v1/timers/{session}/handoff/cancel");
    problem(world.tell(&theirs, &path, json!({})).await, 404, "not-found").await;
    world.rows(&ola, "/v1/timers?kind=handoff", "timers", 1).await;
    world.stop().await;
}
