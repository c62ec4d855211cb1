//! Tools over HTTP: a tenant's own are kept, checked and tried; those of all are shown what they would do.

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{World, problem, tenant_id};
use forecourt_core::id::ToolId;
use forecourt_ports::store::tools::CustomTools as _;

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
        let url = format!("{}/v1/tools{path}", self.world.url);
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

    async fn make(&self, body: Value) -> Value {
        let made = self.ask(Method::POST, "", Some(body)).await;
        let status = made.status();
        let made: Value = made.json().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made
    }

    async fn try_it(&self, tool: &str, body: Value) -> Value {
        let tried = self.ask(Method::POST, &format!("/{tool}/try"), Some(body)).await;
        let status = tried.status();
        let tried: Value = tried.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{tried}");
        tried
    }
}

fn history() -> Value {
    json!({
        "name": "service_history",
        "description": { "nb": "Når en bil fikk service.", "en": "When a vehicle was serviced." },
        "arguments": {
            "type": "object",
            "properties": { "registration": { "type": "string", "description": "AB12345", "maxLength": 12 } },
            "required": ["registration"],
        },
        "url": "https://api.example.com/vehicles/{registration}/services",
        "headers": { "X-Api-Key": "very-s3cret" },
        "answer": [
            { "name": "on", "pointer": "/services/*/date", "label": { "nb": "Service utført" }, "kind": "date" },
            { "name": "price", "pointer": "/next/price", "label": { "nb": "Neste service koster" }, "kind": "amount", "currency": "NOK" },
        ],
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = history();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

#[actix_web::test]
async fn a_tool_is_made_changed_and_deleted_by_version_and_its_headers_are_shown_to_nobody() {
    let office = Office::open().await;
    let made = office.make(history()).await;
    assert_eq!((&made["version"], &made["headers"]), (&json!(1), &json!(["x-api-key"])));
    let path = format!("/{}", made["tool_id"].as_str().unwrap());
    let mut change = history();
    change["headers"] = Value::Null;
    change["budget"] = json!(2);
    change["version"] = json!(1);
    let changed = office.ask(Method::PUT, &path, Some(change.clone())).await;
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(
        (&changed["version"], &changed["headers"]),
        (&json!(2), &json!(["x-api-key"])),
        "{changed}"
    );
    let late = office.ask(Method::PUT, &path, Some(change)).await;
    problem(late, 409, "changed-meanwhile").await;
    let id: ToolId = made["tool_id"].as_str().unwrap().parse().unwrap();
    let sealed = office.world.store.tool_headers(tenant_id(1), id).await.unwrap();
    assert!(sealed.is_some(), "they stayed");
    let all = [
        office.get("").await,
        office.get(&path).await,
        office.get(&format!("{path}/versions")).await,
    ];
    for shown in &all {
        assert!(!shown.to_string().contains("s3cret"), "A14: {shown}");
    }
    assert_eq!(all[0]["built_in"].as_array().unwrap().len(), 14);
    assert_eq!(all[2]["versions"].as_array().unwrap().len(), 2);
    let gone = office.ask(Method::DELETE, &format!("{path}?version=2"), None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    problem(office.ask(Method::GET, &path, None).await, 404, "not-found").await;
    assert_eq!(office.get("").await["tools"], json!([]));
}

#[actix_web::test]
async fn what_cannot_be_a_tool_is_told_where_and_why() {
    let office = Office::open().await;
    for (body, pointer) in [
        (with("/name", json!("hold_slot")), "/name"),
        (with("/description", json!({ "xx": "?" })), "/description/xx"),
        (with("/arguments", json!({ "type": "array" })), "/arguments"),
        (with("/arguments/properties/registration", json!({ "type": "object" })), "/arguments"),
        (with("/url", json!("http://api.example.com/{registration}")), "/url"),
        (with("/url", json!("https://10.0.0.1/{registration}")), "/url"),
        (with("/url", json!("https://169.254.169.254/{registration}")), "/url"),
        (with("/url", json!("https://metadata.google.internal/{registration}")), "/url"),
        (with("/url", json!("https://me:pw@api.example.com/{registration}")), "/url"),
        (with("/url", json!("https://{registration}.example.com/")), "/url"),
        (with("/headers", json!({ "Host": "x" })), "/headers/Host"),
        (with("/headers", json!({ "x-key": "a\r\nb: c" })), "/headers/x-key"),
        (with("/answer", json!([])), "/answer"),
        (with("/answer/1/currency", json!("XXX")), "/answer/1/currency"),
    ] {
        let refused = problem(office.ask(Method::POST, "", Some(body)).await, 400, "invalid").await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let mut writes = history();
    writes["access"] = json!("write");
    let refused = problem(office.ask(Method::POST, "", Some(writes)).await, 400, "invalid").await;
    assert_eq!(refused["errors"][0]["pointer"], "/access", "{refused}");
    office.make(history()).await;
    let twin = problem(office.ask(Method::POST, "", Some(history())).await, 400, "invalid").await;
    assert_eq!(twin["errors"][0]["code"], "taken");
}

#[actix_web::test]
async fn a_trial_shows_the_exact_request_and_what_the_assistant_could_say() {
    let office = Office::open().await;
    let made = office.make(history()).await;
    let tool = made["tool_id"].as_str().unwrap();
    let args = json!({ "registration": "AB 12345" });
    let shown = office.try_it(tool, json!({ "arguments": args })).await;
    assert_eq!(shown["request"]["url"], "https://api.example.com/vehicles/AB%2012345/services");
    assert_eq!(shown["request"]["headers"], json!(["x-api-key"]));
    assert!(shown.get("sent").is_none() && office.world.tools.seen().is_empty());
    office.world.tools.answer(200, r#"{"services":[{"date":"2025-03-12"}],"next":{"price":2490}}"#);
    let sent = office.try_it(tool, json!({ "arguments": args, "send": true, "lang": "nb" })).await;
    assert_eq!((&sent["sent"]["status"], &sent["sent"]["code"]), (&json!(200), &json!("done")));
    let lines = sent["sent"]["may_say"].to_string();
    assert!(lines.contains("12. mars 2025") && lines.contains("Neste service koster"), "{lines}");
    office.world.tools.fail("timeout");
    let late = office.try_it(tool, json!({ "arguments": args, "send": true })).await;
    assert_eq!(late["sent"]["code"], "timeout");
    let calls = office.get(&format!("/{tool}/calls")).await;
    let codes: Vec<&Value> =
        calls["calls"].as_array().unwrap().iter().map(|call| &call["code"]).collect();
    assert_eq!(codes, ["timeout", "done"]);
    assert!(!calls.to_string().contains("12345"), "A13: {calls}");
    let bad = office
        .ask(Method::POST, &format!("/{tool}/try"), Some(json!({ "arguments": { "x": 1 } })))
        .await;
    assert_eq!(problem(bad, 400, "invalid").await["errors"][0]["pointer"], "/arguments");
}

#[actix_web::test]
async fn another_tenant_and_a_seller_reach_no_tool() {
    let office = Office::open().await;
    let made = office.make(history()).await;
    let path = format!("/{}", made["tool_id"].as_str().unwrap());
    let stranger = office.world.sign_in("fjord-auto", "eva@fjord.example").await;
    let seller = office.world.sign_in("nordlys-bil", "ola@nordlys.example").await;
    let stranger = Office { cookie: stranger, ..office };
    problem(stranger.ask(Method::GET, &path, None).await, 404, "not-found").await;
    let trial = format!("{path}/try");
    problem(stranger.ask(Method::POST, &trial, Some(json!({}))).await, 404, "not-found").await;
    problem(
        stranger.ask(Method::DELETE, &format!("{path}?version=1"), None).await,
        404,
        "not-found",
    )
    .await;
    assert_eq!(stranger.get("").await["tools"], json!([]));
    let seller = Office { cookie: seller, ..stranger };
    problem(seller.ask(Method::GET, "", None).await, 403, "forbidden").await;
    problem(seller.ask(Method::POST, &trial, Some(json!({}))).await, 403, "forbidden").await;
    let tried = seller.try_it("get_business_info", json!({})).await;
    assert_eq!(tried["dry_run"]["is_result"], true, "{tried}");
}

#[actix_web::test]
async fn a_built_in_tool_shows_what_it_would_do_and_changes_nothing() {
    let office = Office::open().await;
    let services = office.try_it("get_services", json!({})).await;
    assert!(services["dry_run"]["shown"]["services"].is_array(), "{services}");
    let contact = json!({ "arguments": { "name": "Kari", "email": "kari@example.no" } });
    let kept = office.try_it("capture_contact", contact).await;
    assert_eq!(
        kept["dry_run"]["shown"],
        json!({ "plan": "write_down", "keeps": ["name", "email"] })
    );
    let called =
        office.try_it("escalate_to_human", json!({ "arguments": { "reason": "x" } })).await;
    assert_eq!(called["dry_run"]["shown"]["plan"], "call_a_person");
    let unknown = json!({ "arguments": { "booking_id": "bkg_00000000000000000000000000000009" } });
    let none = office.try_it("create_booking", unknown).await;
    assert_eq!(
        (&none["dry_run"]["would_run"], &none["dry_run"]["shown"]["error"]),
        (&json!(false), &json!("not_found"))
    );
    let send = office.ask(Method::POST, "/hold_slot/try", Some(json!({ "send": true }))).await;
    problem(send, 400, "invalid").await;
    let bad = office.ask(Method::POST, "/hold_slot/try", Some(json!({}))).await;
    assert_eq!(problem(bad, 400, "invalid").await["errors"][0]["pointer"], "/arguments");
    problem(office.ask(Method::POST, "/drop_table/try", Some(json!({}))).await, 404, "not-found")
        .await;
}
