//! Endpoints of integrators as the tenant's managers see and handle them.

use forecourt_core::{id::NodeId, webhook::Outcome};
use forecourt_ports::{
    clock::Clock as _,
    store::{CallReport, Webhooks as _, WorkAsk},
};
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, problem, tenant_id};

const ALL: &str = "/v1/webhooks/endpoints";

struct Manager<'a> {
    world: &'a World,
    cookie: String,
}

impl<'a> Manager<'a> {
    async fn of(world: &'a World, tenant: &str, email: &str) -> Self {
        Self { world, cookie: world.sign_in(tenant, email).await }
    }

    async fn eva(world: &'a World) -> Self {
        Self::of(world, "nordlys-bil", "eva@nordlys.example").await
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{ALL}{path}", self.world.url);
        self.world.client.request(method, url).header(header::COOKIE, &self.cookie)
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>, status: u16) -> Value {
        let mut request = self.ask(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }

    async fn make(&self) -> (String, Value) {
        let body = json!({ "url": "https://crm.example/hook", "topics": ["message.posted"] });
        let made = self.json(Method::POST, "", Some(body), 201).await;
        (made["endpoint"]["endpoint_id"].as_str().unwrap().to_owned(), made)
    }
}

/// Does what a worker does: takes what is due, and reports it.
async fn work(world: &World, id: &str, outcome: Outcome) -> usize {
    let (tenant, endpoint, now) = (tenant_id(1), id.parse().unwrap(), world.clock.now());
    let (node, lease) = (NodeId::from_uuid(Uuid::from_u128(9)), SignedDuration::from_secs(15));
    world.store.claim_endpoints(node, now, lease, 10).await.unwrap();
    let ask = WorkAsk { node, now, lease, busy: &[], room: 50 };
    let encode = forecourt_wire::WireEncode;
    let work = world.store.work(tenant, endpoint, &ask, &encode).await.unwrap().unwrap();
    for call in &work.calls {
        let report = CallReport {
            number: call.number,
            at: now,
            took: std::time::Duration::from_millis(42),
            outcome,
            beginning: "thanks".into(),
            retry_after: None,
            now,
        };
        world.store.report_call(tenant, endpoint, &report).await.unwrap();
    }
    work.calls.len()
}

#[actix_web::test]
async fn a_secret_is_shown_where_it_is_made_and_never_again() {
    let world = World::start().await;
    let eva = Manager::eva(&world).await;
    let (id, made) = eva.make().await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let read = eva.json(Method::GET, &format!("/{id}"), None, 200).await;
    assert_eq!(read, made["endpoint"]);
    assert_eq!(read["url"], "https://crm.example/hook");
    let list = eva.json(Method::GET, "", None, 200).await;
    assert_eq!(list["endpoints"], json!([read]));
    assert!(!list.to_string().contains(&secret[6..]));
    let rotated = eva.json(Method::POST, &format!("/{id}/rotate"), None, 200).await;
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["endpoint"]["old_secret_until"], "2026-11-22T12:00:00Z");
}

#[actix_web::test]
async fn what_is_wrong_with_an_endpoint_is_said_and_nothing_is_made() {
    let world = World::start().await;
    let eva = Manager::eva(&world).await;
    for (body, pointer) in [
        (json!({ "url": "http://crm.example/" }), "/url"),
        (json!({ "url": "https://127.0.0.1/" }), "/url"),
        (json!({ "url": "https://10.1.2.3:8443/x" }), "/url"),
        (json!({ "url": "https://me:pw@crm.example/" }), "/url"),
        (json!({ "url": "\u{0}" }), "/url"),
        (json!({ "url": "https://crm.example/", "description": "x".repeat(201) }), "/description"),
        (json!({ "url": "https://crm.example/", "topics": ["webhook.test"] }), "/topics/0"),
        (json!({ "url": "https://crm.example/", "topics": ["lead.eaten"] }), "/topics/0"),
        (json!({ "url": "https://crm.example/", "secret": "mine" }), "/secret"),
        (json!({}), "/url"),
    ] {
        let answer = eva.ask(Method::POST, "").json(&body).send().await.unwrap();
        let told = problem(answer, 400, "invalid").await;
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
    for _ in 0..20 {
        eva.make().await;
    }
    let body = json!({ "url": "https://crm.example/" });
    let answer = eva.ask(Method::POST, "").json(&body).send().await.unwrap();
    problem(answer, 409, "too-many-endpoints").await;
}

#[actix_web::test]
async fn an_endpoint_is_changed_paused_resumed_and_deleted() {
    let world = World::start().await;
    let eva = Manager::eva(&world).await;
    let (id, _) = eva.make().await;
    let body = json!({ "url": "https://crm.example/new", "description": " CRM ", "topics": [] });
    let changed = eva.json(Method::PUT, &format!("/{id}"), Some(body), 200).await;
    assert_eq!(changed["url"], "https://crm.example/new");
    assert_eq!((&changed["description"], &changed["topics"]), (&json!("CRM"), &json!([])));
    let paused = eva.json(Method::POST, &format!("/{id}/pause"), None, 200).await;
    assert_eq!(paused["paused"], json!({ "why": "member", "since": "2026-11-21T12:00:00Z" }));
    let answer = eva.ask(Method::POST, &format!("/{id}/test")).send().await.unwrap();
    problem(answer, 409, "endpoint-paused").await;
    let resumed = eva.json(Method::POST, &format!("/{id}/resume"), Some(json!({})), 200).await;
    assert!(resumed.get("paused").is_none());
    let queued = eva.json(Method::POST, &format!("/{id}/test"), None, 202).await;
    assert_eq!(queued, json!({ "number": 1 }));
    eva.json(Method::DELETE, &format!("/{id}"), None, 204).await;
    for (method, path) in [
        (Method::GET, String::new()),
        (Method::DELETE, String::new()),
        (Method::POST, "/test".into()),
        (Method::POST, "/pause".into()),
        (Method::POST, "/rotate".into()),
        (Method::GET, "/calls".into()),
        (Method::GET, "/calls/1".into()),
    ] {
        let answer = eva.ask(method, &format!("/{id}{path}")).send().await.unwrap();
        problem(answer, 404, "not-found").await;
    }
}

#[actix_web::test]
async fn calls_are_listed_read_and_replayed() {
    let world = World::start().await;
    let eva = Manager::eva(&world).await;
    let (id, _) = eva.make().await;
    for n in 0..3 {
        world.submit(&format!("kari{n}@example.no"), "Er bilen ledig?").await;
    }
    assert_eq!(work(&world, &id, Outcome::Answered { status: 500 }).await, 3);
    let calls =
        eva.json(Method::GET, &format!("/{id}/calls?status=pending&limit=2"), None, 200).await;
    let rows = calls["calls"].as_array().unwrap();
    assert_eq!((rows.len(), &calls["next"]), (2, &rows[1]["number"]));
    let older = format!("/{id}/calls?before={}", calls["next"]);
    let older = eva.json(Method::GET, &older, None, 200).await;
    let oldest = older["calls"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&oldest["number"], &oldest["topic"]), (&json!(1), &json!("message.posted")));
    assert_eq!((&oldest["tries"], &oldest["last"]), (&json!(1), &json!("500")));
    let story = eva.json(Method::GET, &format!("/{id}/calls/1"), None, 200).await;
    assert_eq!(
        story["tries"],
        json!([{ "number": 1, "at": "2026-11-21T12:00:00Z", "took_ms": 42, "status": 500, "beginning": "thanks" }])
    );
    let body: Value = serde_json::from_str(story["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["type"], "message.posted");
    assert_eq!(body["data"]["message"]["text"], "Er bilen ledig?");
    assert_eq!(body["data"]["message"]["author"], "customer");
    assert_eq!(body["data"]["lead"]["email"], "kari0@example.no");
    assert_eq!(body["data"]["session_id"], oldest["session_id"]);

    world.clock.advance(SignedDuration::from_mins(2));
    while work(&world, &id, Outcome::Answered { status: 200 }).await > 0 {}
    let replay = |body: Value| eva.ask(Method::POST, &format!("/{id}/replay")).json(&body).send();
    for (body, pointer) in [
        (json!({ "numbers": [] }), "/numbers"),
        (json!({ "numbers": [1], "status": "failed" }), "/numbers"),
        (json!({ "status": "pending" }), "/status"),
        (json!({ "since": "yesterday" }), "/since"),
        (json!({ "since": "2026-11-22", "until": "2026-11-21" }), "/until"),
        (json!({ "status": "eaten" }), "/status"),
    ] {
        let told = problem(replay(body.clone()).await.unwrap(), 400, "invalid").await;
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
    let done = replay(json!({})).await.unwrap();
    assert_eq!(done.status(), StatusCode::ACCEPTED);
    assert_eq!(done.json::<Value>().await.unwrap(), json!({ "count": 0, "more": false }));
    let done: Value = replay(json!({ "numbers": [1, 2] })).await.unwrap().json().await.unwrap();
    assert_eq!(done, json!({ "count": 2, "more": false }));
    let again = eva.json(Method::GET, &format!("/{id}/calls/1"), None, 200).await;
    assert_eq!(
        (&again["call"]["status"], &again["call"]["event_id"]),
        (&json!("pending"), &oldest["event_id"])
    );
}

#[actix_web::test]
async fn only_managers_of_the_tenant_itself_reach_an_endpoint() {
    let world = World::start().await;
    let eva = Manager::eva(&world).await;
    let (id, _) = eva.make().await;
    let ola = Manager { world: &world, cookie: world.ola().await };
    let other = Manager::of(&world, "fjord-auto", "eva@fjord.example").await;
    let settings = json!({ "url": "https://crm.example/" });
    for (method, path, body) in [
        (Method::GET, String::new(), None),
        (Method::GET, format!("/{id}"), None),
        (Method::PUT, format!("/{id}"), Some(settings.clone())),
        (Method::DELETE, format!("/{id}"), None),
        (Method::POST, format!("/{id}/pause"), None),
        (Method::POST, format!("/{id}/resume"), Some(json!({}))),
        (Method::POST, format!("/{id}/rotate"), None),
        (Method::POST, format!("/{id}/test"), None),
        (Method::GET, format!("/{id}/calls"), None),
        (Method::GET, format!("/{id}/calls/1"), None),
        (Method::POST, format!("/{id}/replay"), Some(json!({}))),
    ] {
        let ask = |who: &Manager<'_>| {
            let request = who.ask(method.clone(), &path);
            match &body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        problem(ask(&ola).send().await.unwrap(), 403, "forbidden").await;
        if !path.is_empty() {
            problem(ask(&other).send().await.unwrap(), 404, "not-found").await;
        }
        let foreign = ask(&eva).header(header::ORIGIN, "https://evil.example");
        if method != Method::GET {
            problem(foreign.send().await.unwrap(), 403, "origin-not-allowed").await;
        }
    }
    let list = other.json(Method::GET, "", None, 200).await;
    assert_eq!(list, json!({ "endpoints": [] }));
    assert!(eva.json(Method::GET, &format!("/{id}"), None, 200).await.get("paused").is_none());
}
