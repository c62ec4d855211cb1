//! Two tenants side by side: neither sees, hears nor touches anything of the other (A8, S1).

use forecourt_tests::{
    Forecourt, PATIENCE, eventually,
    live::Live,
    people::person,
    process::{OTHER, TENANT},
};
use serde_json::{Value, json};

#[tokio::test]
async fn neither_by_list_nor_by_id_nor_live() {
    let engine = Forecourt::plain().await;
    let (ours, theirs) = (engine.sign_in(TENANT).await, engine.sign_in(OTHER).await);
    let mut heard = Live::connect(&engine, &theirs, None).await;
    let kari = person("nb", "ours");
    let captured: Value = engine.post_form(TENANT, &kari.form()).await.json().await.unwrap();
    engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();
    let lead = captured["lead_id"].as_str().unwrap();
    let row = eventually("our lead", async || engine.lead_of(&ours, &kari.email).await).await;
    let session = row["session_id"].as_str().unwrap();

    assert!(engine.lead_of(&theirs, &kari.email).await.is_none());
    for (method, path) in [
        ("GET", format!("/v1/leads/{lead}")),
        ("POST", format!("/v1/sessions/{session}/takeover")),
        ("POST", format!("/v1/sessions/{session}/release")),
        ("POST", format!("/v1/sessions/{session}/messages")),
    ] {
        let method: reqwest::Method = method.parse().unwrap();
        let answer = engine
            .http
            .request(method, engine.at(&path))
            .header("cookie", &theirs)
            .header("origin", &engine.url)
            .json(&json!({ "text": "Hei", "client_id": "x" }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404, "{path}: a foreign id is one that never was");
    }
    // Their own lead is the first thing they hear: nothing of ours came before it.
    let amelie = person("fr", "theirs");
    engine.post_form(OTHER, &amelie.form()).await;
    let first = heard.until("an event", |frame| frame["type"] == "event").await;
    assert_eq!(first["lead"]["email"], amelie.email.as_str());
}

#[tokio::test]
async fn nothing_of_a_tenant_is_open_without_signing_in() {
    let engine = Forecourt::plain().await;
    let (session, token) = engine.open_chat("en").await;
    let (other_session, _) = engine.open_chat("en").await;
    for path in
        ["/v1/leads", "/v1/me", "/v1/live", "/v1/leads/lead_01923456789a7bcd8ef0123456789abc"]
    {
        for cookie in
            ["", "forecourt=forged", "forecourt=ten_01923456789a7bcd8ef0123456789abc.AAAA"]
        {
            let answer =
                engine.http.get(engine.at(path)).header("cookie", cookie).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path} with {cookie:?}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }
    for (path, token, status) in [
        (format!("/v1/sessions/{session}"), "", 401),
        (format!("/v1/sessions/{session}"), "forged", 401),
        (format!("/v1/sessions/{session}/events"), "", 401),
        (format!("/v1/sessions/{other_session}"), token.as_str(), 404),
        (format!("/v1/sessions/{session}"), token.as_str(), 200),
    ] {
        let answer = engine.http.get(engine.at(&path)).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
