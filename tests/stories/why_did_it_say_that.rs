//! Somebody asks why the assistant said that: the journal is taken through the rules again, and answers.

use std::{path::Path, process::Output};

use forecourt_tests::{
    Forecourt, PATIENCE, eventually,
    people::person,
    process::{TENANT, binary},
    sse::Sse,
};
use serde_json::{Value, json};

async fn replay(data: &Path, more: &[&str]) -> Output {
    tokio::process::Command::new(binary("forecourt"))
        .args(["session", "replay"])
        .args(more)
        .env("FORECOURT_DATA_DIR", data)
        .env_remove("DATABASE_URL")
        .output()
        .await
        .unwrap()
}

async fn replayed(data: &Path, session: &str) -> Value {
    let output = replay(data, &[session, "--json"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{session}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn commands(report: &Value) -> Vec<&str> {
    let decisions = report["decisions"].as_array().unwrap();
    decisions.iter().filter_map(|one| one["command"]["command"].as_str()).collect()
}

async fn post(engine: &Forecourt, chat: &(String, String), text: &str, client_id: &str) {
    let url = engine.at(&format!("/v1/sessions/{}/messages", chat.0));
    let body = json!({ "text": text, "client_id": client_id });
    let answer = engine.http.post(url).bearer_auth(&chat.1).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

async fn as_member(engine: &Forecourt, cookie: &str, session: &str, what: &str) {
    let url = engine.at(&format!("/v1/sessions/{session}/{what}"));
    let request = engine.http.post(url).header("cookie", cookie).header("origin", &engine.url);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{what}: {}", answer.status());
}

#[tokio::test]
async fn and_every_decision_is_taken_again_as_it_was() {
    let mut engine = Forecourt::plain().await;
    let data = engine.folder.path().join("data");
    let cookie = engine.sign_in(TENANT).await;

    let kari = person("nb", "why");
    engine.post_form(TENANT, &kari.form()).await;
    engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.expect("an answer");
    let lead = eventually("the promise is kept", async || {
        let lead = engine.lead_of(&cookie, &kari.email).await?;
        (lead["promise"]["state"] == "kept").then_some(lead)
    })
    .await;
    let form = lead["session_id"].as_str().expect("a conversation").to_owned();

    let chat = engine.open_chat("nb").await;
    let url = engine.at(&format!("/v1/sessions/{}/events", chat.0));
    let mut stream = Sse::new(engine.http.get(url).bearer_auth(&chat.1).send().await.unwrap());
    for (n, text) in
        ["Hei!", "Jeg lurer på en ting.", "Når har dere åpent på lørdag?"].iter().enumerate()
    {
        post(&engine, &chat, text, &format!("c{n}")).await;
    }
    stream.until("message.posted", |e| e["message"]["author"] == "assistant").await;
    as_member(&engine, &cookie, &chat.0, "takeover").await;
    as_member(&engine, &cookie, &chat.0, "release").await;
    post(&engine, &chat, "Og på søndag?", "c9").await;
    stream.until("message.posted", |e| e["message"]["author"] == "assistant").await;
    drop(stream);

    // While it runs, beside it.
    let live = replayed(&data, &chat.0).await;
    assert_eq!(live["same"], true, "{live:#}");
    engine.stop().await;

    for session in [&form, &chat.0] {
        let report = replayed(&data, session).await;
        assert_eq!(report["same"], true, "{report:#}");
        assert_eq!(report["state_is_the_stored_one"], true);
        assert_eq!((&report["wrong"], &report["not_taken_again"]), (&json!(0), &json!(0)));
        for decision in report["decisions"].as_array().unwrap() {
            assert_eq!(decision["verdict"], "same");
            assert!(!decision["because"].as_array().unwrap().is_empty(), "why? {decision:#}");
        }
        let text = report.to_string();
        for secret in kari.secrets() {
            assert!(!text.contains(&secret), "A13: {secret:?} is told without --text");
        }
        let commands = commands(&report);
        let wanted: &[&str] = if *session == form {
            &["submit", "end_turn", "report_delivery"]
        } else {
            &["open", "post_message", "fire_timer", "end_turn", "take_over", "release"]
        };
        for one in wanted {
            assert!(commands.contains(one), "no {one} in {commands:?}");
        }
    }

    // As people read it, and as a test: into a file that holds all that is needed.
    let file = engine.folder.path().join("form.json");
    let output = replay(&data, &[&form, &format!("--as-test={}", file.display())]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("all as they were"), "{said}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("personal data"));
    let recorded: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(recorded["session"], form.as_str());
    assert!(recorded["decisions"].as_array().unwrap().len() >= 3);
    engine.assert_logs_are_silent_about(&kari.secrets());

    let unknown = format!("ses_{}", "0".repeat(32));
    let output = replay(&data, &[&unknown]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("there is no conversation {unknown} here")), "{said}");

    let nowhere = engine.folder.path().join("nowhere");
    let output = replay(&nowhere, &[&unknown]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no database in"), "{said}");
    assert!(!nowhere.exists(), "only looking made a folder");
}
