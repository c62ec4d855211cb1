//! One command on a fresh machine: it starts, says where it is, starts again quickly, and stops cleanly.

use std::time::Duration;

use forecourt_tests::{
    Forecourt, Options, eventually,
    people::person,
    process::{OTHER, TENANT, binary},
};
use nix::sys::signal::Signal;
use serde_json::Value;

#[tokio::test]
async fn with_nothing_configured_and_again_within_two_seconds() {
    let mut engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/",
        "/app/",
        "/demo/nordlys-bil",
        "/widget.js",
        "/dev/mail",
    ] {
        let answer = engine.http.get(engine.at(path)).send().await.unwrap();
        let moved = answer.status().is_redirection();
        assert!(answer.status() == 200 || moved, "{path}: {}", answer.status());
    }
    let kari = person("nb", "sink");
    engine.post_form(TENANT, &kari.form()).await;
    let caught = eventually("the sink caught the answer", async || {
        let answer = engine.http.get(engine.at("/dev/mail.json")).send().await.ok()?;
        let text = answer.text().await.ok()?;
        text.contains(&kari.email).then_some(text)
    })
    .await;
    assert!(caught.contains("Nordlys Bil"));
    let stopped_in = engine.stop().await;
    assert!(stopped_in < Duration::from_secs(10), "stopping took {stopped_in:?}");
    let took = engine.start_again().await;
    assert!(took < Duration::from_secs(2), "the second start took {took:?}");
    let kept =
        engine.http.get(engine.at("/dev/mail.json")).send().await.unwrap().text().await.unwrap();
    assert!(kept.contains(&kari.email), "the mail survived the restart");
    engine.stop().await;
    engine.assert_logs_are_silent_about(&kari.secrets());
}

#[tokio::test]
async fn a_second_engine_on_the_same_folder_is_refused_with_a_reason() {
    let engine = Forecourt::plain().await;
    let second = tokio::process::Command::new(binary("forecourt"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("FORECOURT_DATA_DIR", engine.folder.path().join("data"))
        .env_remove("DATABASE_URL")
        .output()
        .await
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&engine.pid().to_string()), "it names who holds the folder: {said}");
}

#[tokio::test]
async fn it_waits_for_what_runs_when_it_is_told_to_stop() {
    let mut engine = Forecourt::plain().await;
    let kari = person("nb", "stop");
    assert_eq!(engine.post_form(TENANT, &kari.form()).await.status(), 200);
    engine.stop().await;
    if engine.mail.mails_to(&kari.email).is_empty() {
        engine.start_again().await;
        engine.mail.wait_for_mail_to(&kari.email, Duration::from_secs(20)).await.unwrap();
        engine.stop().await;
    }
    assert_eq!(engine.mail.mails_to(&kari.email).len(), 1);
}

#[tokio::test]
async fn an_operator_gets_two_tenants_with_known_credentials_by_one_command() {
    let folder = tempfile::TempDir::new().unwrap();
    for _ in 0..2 {
        let demo = tokio::process::Command::new(binary("forecourt"))
            .args(["admin", "demo", "--json"])
            .env("FORECOURT_DATA_DIR", folder.path().join("data"))
            .env_remove("DATABASE_URL")
            .output()
            .await
            .unwrap();
        assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
        let said: Value = serde_json::from_slice(&demo.stdout).expect("JSON");
        let tenants = said["tenants"].as_array().unwrap();
        let slugs: Vec<_> = tenants.iter().filter_map(|t| t["tenant"].as_str()).collect();
        assert_eq!(slugs, [TENANT, OTHER]);
        assert!(tenants.iter().all(|t| t["email"].is_string() && t["password"].is_string()));
    }
}

#[tokio::test]
async fn interrupted_by_the_keyboard_it_leaves_no_postgres_behind() {
    let engine = Forecourt::plain().await;
    let data = engine.folder.path().join("data");
    engine.signal(Signal::SIGINT);
    let folder = data.to_string_lossy().into_owned();
    eventually("every process of the engine is gone", async || {
        let mut left = false;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            left |= String::from_utf8_lossy(&command).contains(&folder);
        }
        (!left).then_some(())
    })
    .await;
    drop(engine);
}
