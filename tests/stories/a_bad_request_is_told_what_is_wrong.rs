//! Bad input of every kind on every endpoint: a 4xx problem that points at the field; nothing half-stored.

use forecourt_tests::{Forecourt, people::person, process::TENANT};
use reqwest::{Method, Response};
use serde_json::{Value, json};

async fn problem(answer: Response, status: u16, what: &str) -> Value {
    assert_eq!(answer.status(), status, "{what}");
    let kind = answer.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{what}");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(problem["status"], status, "{what}");
    assert!(problem["title"].is_string() && problem["type"].is_string(), "{what}: {problem}");
    problem
}

#[tokio::test]
async fn forms_are_told_all_wrong_fields_at_once_and_leave_nothing_behind() {
    let engine = Forecourt::plain().await;
    let url = engine.at(&format!("/v1/webhooks/form/{TENANT}"));
    let send = |kind: &str, body: Vec<u8>| {
        engine.http.post(&url).header("content-type", kind).body(body).send()
    };
    let form =
        json!({ "name": "", "email": "kari@", "phone": "12", "source_url": "javascript:alert(1)" });
    let answer = engine.post_form(TENANT, &form).await;
    let told = problem(answer, 400, "wrong fields").await;
    let mut pointers: Vec<_> =
        told["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/email", "/message", "/name", "/phone", "/source_url"]);

    let json = "application/json";
    for (what, kind, body, status) in [
        ("malformed JSON", json, b"{\"name\":".to_vec(), 400),
        ("not an object", json, b"[1,2]".to_vec(), 400),
        ("a number for a name", json, b"{\"name\":1}".to_vec(), 400),
        ("invalid UTF-8", json, b"{\"name\":\"\xff\"}".to_vec(), 400),
        (
            "a lone surrogate",
            json,
            br#"{"name":"\ud800","email":"a@b.no","message":"x"}"#.to_vec(),
            400,
        ),
        ("NUL", json, br#"{"name":"a\u0000b","email":"a@b.no","message":"x"}"#.to_vec(), 400),
        ("deep JSON", json, [b"[".repeat(5_000), b"]".repeat(5_000)].concat(), 400),
        ("empty", json, Vec::new(), 400),
        ("too large", json, vec![b' '; 2_000_000], 413),
        ("XML", "text/xml", b"<a/>".to_vec(), 415),
        ("no known type", "application/octet-stream", b"x".to_vec(), 415),
    ] {
        problem(send(kind, body).await.unwrap(), status, what).await;
    }
    let answer = engine.post_form("no-such-dealer", &person("nb", "bad").form()).await;
    problem(answer, 404, "an unknown tenant").await;
    let cookie = engine.sign_in(TENANT).await;
    assert_eq!(engine.get_as(&cookie, "/v1/leads").await["total"], 0, "nothing is half-stored");
}

#[tokio::test]
async fn every_other_endpoint_says_no_in_the_same_shape() {
    let engine = Forecourt::plain().await;
    let (session, token) = engine.open_chat("en").await;
    let cookie = engine.sign_in(TENANT).await;
    let bearer = format!("Bearer {token}");
    let messages = format!("/v1/sessions/{session}/messages");
    let (post, get) = (Method::POST, Method::GET);
    let long = "x".repeat(20_000);
    for (method, path, header, body, statuses) in [
        (&post, "/v1/sessions", "", json!({}), &[400, 422][..]),
        (&post, "/v1/sessions", "", json!({ "tenant": "no-such" }), &[404]),
        (&post, "/v1/sessions", "", json!({ "tenant": TENANT, "lang": 7 }), &[400, 422]),
        (&post, "/v1/sessions", "", json!({ "tenant": TENANT, "surprise": 1 }), &[400, 422]),
        (&post, messages.as_str(), &bearer, json!({ "text": "", "client_id": "a" }), &[400, 422]),
        (&post, &messages, &bearer, json!({ "text": "Hi" }), &[400, 422]),
        (&post, &messages, &bearer, json!({ "text": "Hi", "client_id": "" }), &[400, 422]),
        (&post, &messages, &bearer, json!({ "text": long, "client_id": "a" }), &[400, 413, 422]),
        (&post, &messages, &bearer, json!({ "text": "a\u{0}b", "client_id": "a" }), &[400, 422]),
        (&post, "/v1/sessions/ses_nonsense/messages", &bearer, json!({}), &[400, 404]),
        (&get, "/v1/sessions/ses_nonsense/events", &bearer, Value::Null, &[400, 404]),
        (&get, "/v1/leads?page=0", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads?per_page=100000", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads?page=-1", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads?page=99999999999999999999", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads?status=nonsense", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads?from=yesterday", &cookie, Value::Null, &[400]),
        (&get, "/v1/leads/lead_nonsense", &cookie, Value::Null, &[400, 404]),
        (&get, "/v1/leads/lead_01923456789a7bcd8ef0123456789abc", &cookie, Value::Null, &[404]),
        (
            &post,
            "/v1/login",
            "",
            json!({ "tenant": TENANT, "email": "a@b.no", "password": "wrong" }),
            &[401],
        ),
        (
            &post,
            "/v1/login",
            "",
            json!({ "tenant": "no-such", "email": "a@b.no", "password": "x" }),
            &[401],
        ),
        (&post, "/v1/login", "", json!({ "tenant": TENANT }), &[400, 422]),
        (&get, "/v1/nothing/here", "", Value::Null, &[404]),
        (&Method::DELETE, "/v1/leads", &cookie, Value::Null, &[405]),
        (&Method::PUT, "/healthz", "", Value::Null, &[405]),
    ] {
        let mut request = engine.http.request(method.clone(), engine.at(path));
        if header.starts_with("Bearer") {
            request = request.header("authorization", header);
        } else if !header.is_empty() {
            request = request.header("cookie", header).header("origin", &engine.url);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(statuses.contains(&status), "{method} {path} {body}: {status}");
        problem(answer, status, path).await;
    }
}

#[tokio::test]
async fn a_cookie_from_a_foreign_page_changes_nothing() {
    let engine = Forecourt::plain().await;
    let cookie = engine.sign_in(TENANT).await;
    let (session, _) = engine.open_chat("en").await;
    let answer = engine
        .http
        .post(engine.at(&format!("/v1/sessions/{session}/takeover")))
        .header("cookie", &cookie)
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    problem(answer, 403, "cross-site").await;
}

#[tokio::test]
async fn a_flood_is_told_when_to_come_back() {
    let options = forecourt_tests::Options::default().env("FORECOURT_RATE_PER_MINUTE", "5");
    let engine = Forecourt::start(options).await;
    let mut limited = None;
    for n in 0..40 {
        let answer = engine.post_form(TENANT, &person("nb", &format!("flood{n}")).form()).await;
        if answer.status() == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("a limit");
    let seconds: u64 = limited.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=120).contains(&seconds), "{seconds}");
    problem(limited, 429, "a flood").await;
}
