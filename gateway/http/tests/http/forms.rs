//! The website form: stored, repeated, refused, and always logged.

use forecourt_http::{Limits, Rate};
use forecourt_ports::store::InboundOutcome;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{World, problem, tenant_id};

const FORM: &str = "/v1/webhooks/form/nordlys-bil";

fn kari() -> Value {
    json!({ "name": "Kari Nordmann", "email": "kari@example.no", "message": "Er bilen ledig?" })
}

#[actix_web::test]
async fn a_form_becomes_a_lead_and_the_same_form_again_is_a_repeat() {
    let world = World::start().await;
    let first = world.submit("kari@example.no", "Er bilen ledig?").await;
    assert_eq!(first["status"], "created");
    let again = world.submit("KARI@example.no", "Er bilen ledig?").await;
    assert_eq!((&again["status"], &again["lead_id"]), (&"repeated".into(), &first["lead_id"]));
    let more = world.submit("kari@example.no", "Og i morgen?").await;
    assert_eq!((&more["status"], &more["lead_id"]), (&"appended".into(), &first["lead_id"]));
    world.stop().await;
}

#[actix_web::test]
async fn a_plain_html_form_is_understood_with_all_that_it_sends_along() {
    let world = World::start().await;
    let answer = world
        .post(FORM)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
        .body("name=Kari+%C3%98deg%C3%A5rd&email=kari%40example.no&message=Hei%21%0D%0AErling&phone=912+34+567&utm_source=x&submit=")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let json = world.post(FORM).json(&json!({
        "name": "Per", "email": "per@example.no", "message": "Hei", "phone": null, "page": { "a": [1] }
    }));
    assert_eq!(json.send().await.unwrap().status(), StatusCode::OK);
    world.stop().await;
}

#[actix_web::test]
async fn a_receipt_is_not_compressed_and_says_nothing_of_it() {
    let world = World::start().await;
    let form = world.post(FORM).header(header::ACCEPT_ENCODING, "gzip").json(&kari());
    let answer = form.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().get(header::CONTENT_ENCODING).is_none());
    // A client that had to unpack the answer would have dropped its length.
    assert!(answer.headers().contains_key(header::CONTENT_LENGTH));
    world.stop().await;
}

#[actix_web::test]
async fn all_wrong_fields_are_pointed_at_together() {
    let world = World::start().await;
    let answer = world
        .post(FORM)
        .json(&json!({ "name": " ", "email": "kari@", "phone": "12", "source_url": "javascript:alert(1)" }))
        .send()
        .await
        .unwrap();
    let told = problem(answer, 400, "invalid").await;
    let fields: Vec<_> = told["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
    assert_eq!(fields, ["/name", "/email", "/message", "/phone", "/source_url"]);
    let trapped = world
        .post(FORM)
        .json(&json!({ "name": "a", "email": "a@b.no", "message": "x", "forecourt_hp": "x" }));
    problem(trapped.send().await.unwrap(), 400, "invalid").await;
    world.stop().await;
}

#[actix_web::test]
async fn whatever_cannot_be_a_form_is_refused_by_its_kind() {
    let world = World::start().await;
    let send = |kind: &'static str, body: Vec<u8>| {
        world.post(FORM).header(header::CONTENT_TYPE, kind).body(body).send()
    };
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status, code) in [
        (json, b"{".to_vec(), 400, "malformed-json"),
        (json, b"".to_vec(), 400, "malformed-json"),
        (json, b"[]".to_vec(), 400, "invalid"),
        (json, b"{\"name\":5}".to_vec(), 400, "invalid"),
        (json, b"{\"name\":\"\\ud800\"}".to_vec(), 400, "malformed-json"),
        (
            json,
            b"{\"name\":\"a\\u0000b\",\"email\":\"a@b.no\",\"message\":\"x\"}".to_vec(),
            400,
            "invalid",
        ),
        (json, b"\xff\xfe".to_vec(), 400, "malformed-json"),
        (json, "[".repeat(5_000).into_bytes(), 400, "malformed-json"),
        (json, vec![b' '; 70_000], 413, "too-large"),
        (form, b"name=%FF".to_vec(), 400, "malformed-form"),
        (form, b"name=a&name=b".to_vec(), 400, "invalid"),
        (form, "a=1&".repeat(500).into_bytes(), 400, "malformed-form"),
        ("application/json; charset=iso-8859-1", b"{}".to_vec(), 415, "unsupported-media-type"),
        ("text/plain", b"{}".to_vec(), 415, "unsupported-media-type"),
        ("multipart/form-data; boundary=x", b"--x--".to_vec(), 415, "unsupported-media-type"),
        ("", b"{}".to_vec(), 415, "unsupported-media-type"),
    ] {
        let answer = send(kind, body).await.unwrap();
        problem(answer, status, code).await;
    }
    let packed = world.post(FORM).header("content-encoding", "gzip").json(&kari());
    problem(packed.send().await.unwrap(), 415, "unsupported-media-type").await;
    // Each of them is in the tenant's log.
    assert_eq!(world.store.inbound(tenant_id(1)).len(), 17);
    world.stop().await;
}

#[actix_web::test]
async fn every_call_is_logged_with_what_became_of_it() {
    let world = World::start().await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let wrong = world.post(FORM).json(&json!({ "name": "Kari" })).send().await.unwrap();
    problem(wrong, 400, "invalid").await;
    let log = world.store.inbound(tenant_id(1));
    let told: Vec<_> =
        log.iter().map(|call| (call.status, call.outcome, call.lead.is_some())).collect();
    assert_eq!(told, [(200, InboundOutcome::Created, true), (400, InboundOutcome::Invalid, false)]);
    assert_eq!(log[1].body, "{\"name\":\"Kari\"}");
    assert_eq!(log[1].content_type.as_deref(), Some("application/json"));
    world.stop().await;
}

#[actix_web::test]
async fn only_pages_of_the_tenant_may_send_and_read() {
    let world = World::start().await;
    let from = |origin: &'static str| world.post(FORM).header(header::ORIGIN, origin).json(&kari());
    let allowed = from("https://nordlys.example").send().await.unwrap();
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://nordlys.example");
    assert!(!allowed.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    for origin in [
        "https://fjord.example",
        "http://nordlys.example",
        "https://nordlys.example:444",
        "https://nordlys.example.evil.example",
        "https://evil-nordlys.example",
        "null",
    ] {
        let answer = from(origin).send().await.unwrap();
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
        problem(answer, 403, "origin-not-allowed").await;
    }
    let preflight = |origin: &'static str| {
        world
            .client
            .request(Method::OPTIONS, format!("{}{FORM}", world.url))
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .send()
    };
    let asked = preflight("https://nordlys.example").await.unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    assert_eq!(asked.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://nordlys.example");
    let asked = preflight("https://evil.example").await.unwrap();
    assert!(!asked.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    world.stop().await;
}

#[actix_web::test]
async fn too_many_forms_are_told_when_to_come_back_and_logged_as_limited() {
    let limits = Limits { form_ip: Rate::new(1, 2), ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    for _ in 0..2 {
        world.submit("kari@example.no", "Er bilen ledig?").await;
    }
    let answer = world.post(FORM).json(&kari()).send().await.unwrap();
    problem(answer, 429, "too-many-requests").await;
    let log = world.store.inbound(tenant_id(1));
    assert_eq!(log.last().unwrap().outcome, InboundOutcome::Limited);
    world.stop().await;
}

#[actix_web::test]
async fn an_unknown_tenant_is_not_there_and_an_absent_store_is_told_as_such() {
    let world = World::start().await;
    for slug in ["nobody", "Nordlys-Bil", "%00", "..", "a'--", &"x".repeat(100)] {
        let path = format!("/v1/webhooks/form/{slug}");
        let answer = world.post(&path).json(&kari()).send().await.unwrap();
        let code = if slug == ".." { "not-found" } else { "unknown-tenant" };
        problem(answer, 404, code).await;
    }
    world.submit("kari@example.no", "Er bilen ledig?").await;
    world.store.set_unavailable(true);
    let answer = world.post(FORM).json(&kari()).send().await.unwrap();
    problem(answer, 503, "unavailable").await;
    world.store.set_unavailable(false);
    world.stop().await;
}
