//! `make run-cluster`: Postgres, Redis, two nodes and a proxy from one script, and nothing left of them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use forecourt_tests::{
    eventually,
    people::person,
    process::{TENANT, binary},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn script() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker/cluster.sh")
}

#[tokio::test]
async fn it_answers_through_its_proxy_brings_a_killed_node_back_and_stops_as_a_whole() {
    // A second installation in the same test process is refused, and harmless.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::with_prefix("forecourt-story-").unwrap();
    forecourt_tests::cluster::reachable(folder.path());
    let log = folder.path().join("log.txt");
    let mut script = Command::new(script())
        .arg(binary("forecourt"))
        .arg(folder.path().join("cluster"))
        .env("FORECOURT_LOG", "warn")
        .env_remove("DATABASE_URL")
        .env_remove("ANTHROPIC_API_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let line = tokio::task::spawn_blocking(move || lines.next()).await.unwrap();
    let Some(Ok(line)) = line else { panic!("it did not start:\n{}", said()) };
    let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
    let url = ready["url"].as_str().unwrap().to_owned();
    let pids: BTreeMap<String, i32> = serde_json::from_value(ready["pids"].clone()).unwrap();
    let http = reqwest::Client::new();
    let form = format!("{url}/v1/webhooks/form/{TENANT}");

    let kari = person("nb", "run-cluster");
    let answer = http.post(&form).json(&kari.form()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", said());
    let mailboxes = ready["nodes"].as_array().unwrap().clone();
    eventually("the answer is in one node's mailbox", async || {
        for node in &mailboxes {
            let url = format!("{}/dev/mail.json", node.as_str()?);
            let text = http.get(url).send().await.ok()?.text().await.ok()?;
            if text.contains(&kari.email) {
                return Some(());
            }
        }
        None
    })
    .await;
    for node in &mailboxes {
        let url = format!("{}/readyz", node.as_str().unwrap());
        let ready: Value = http.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(ready["checks"]["bus"], "joined", "the nodes hear each other");
    }
    // Where each node shows its mail, by links that lead there.
    let page = http.get(format!("{url}/dev/mail")).send().await.unwrap().text().await.unwrap();
    assert!(mailboxes.iter().all(|node| page.contains(node.as_str().unwrap())), "{page}");
    assert_eq!(http.get(format!("{url}/metrics")).send().await.unwrap().status(), 404);

    // Node A dies; a client that comes again when it is told to never sees anything but its answer.
    kill(Pid::from_raw(pids["node-a"]), Signal::SIGKILL).unwrap();
    for n in 0..10 {
        let lead = json!({ "name": "Ola Nordmann", "email": format!("n{n}@kunde.example"), "message": "Hei! Har dere en Volvo?" });
        let mut answer = http.post(&form).json(&lead).send().await.unwrap();
        if answer.status() == 503 {
            assert_eq!(answer.headers()["retry-after"], "1");
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            answer = http.post(&form).json(&lead).send().await.unwrap();
        }
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    let node_a = ready["nodes"][0].as_str().unwrap();
    eventually("node A is back at its address", async || {
        let answer = http.get(format!("{node_a}/readyz")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;

    // As Ctrl-C does; where tests run in the background, that one may be ignored.
    kill(Pid::from_raw(script.id().cast_signed()), Signal::SIGTERM).unwrap();
    let status = tokio::task::spawn_blocking(move || script.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}:\n{}", said());
    let folder_name = folder.path().to_string_lossy().into_owned();
    let left: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .map(|command| String::from_utf8_lossy(&command).replace('\0', " "))
        .filter(|command| command.contains(&folder_name))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}\n{}", said());
    for secret in kari.secrets() {
        assert!(!said().contains(&secret), "A13: {secret} is in the log");
    }
}
