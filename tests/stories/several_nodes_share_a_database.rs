//! A Postgres for several nodes of one machine: `forecourt database`, and nodes that start on it at once.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use forecourt_tests::{
    Forecourt, Options, PATIENCE,
    cluster::{Postgres, reachable, shared},
    eventually,
    people::person,
    process::TENANT,
};
use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn four_that_start_at_once_on_an_empty_one_do_not_collide() {
    let folder = TempDir::with_prefix("forecourt-story-").unwrap();
    reachable(folder.path());
    let postgres = Postgres::start(folder.path()).await;
    let mail = Arc::new(SmtpSim::start(SmtpSimConfig::default()).unwrap());
    let one = || shared(&postgres, &mail, &Options::default());
    let nodes: [Forecourt; 4] = tokio::join!(
        Forecourt::start(one()),
        Forecourt::start(one()),
        Forecourt::start(one()),
        Forecourt::start(one()),
    )
    .into();
    let migrated = nodes.iter().filter(|node| !node.logs().contains("migrations=0")).count();
    assert_eq!(migrated, 1, "one of them migrates, the others find it done");

    // Each captures, and each sees what all captured; a sign-in at one is good at all.
    let mut leads = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let kari = person("nb", &format!("node{n}"));
        let captured: Value = node.post_form(TENANT, &kari.form()).await.json().await.unwrap();
        assert_eq!(captured["status"], "created");
        mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();
        leads.push(kari.email);
    }
    let cookie = nodes[0].sign_in(TENANT).await;
    for node in &nodes {
        let page = node.get_as(&cookie, "/v1/leads").await;
        assert_eq!(page["total"], 4, "the demo is there once, and so is each lead");
        let demo = node.get_as(&cookie, "/v1/me").await;
        assert!(demo["tenant"].is_object() || demo["tenant"].is_string(), "{demo}");
    }
    for email in &leads {
        assert_eq!(mail.mails_to(email).len(), 1, "answered by one node");
    }
    for mut node in nodes {
        node.stop().await;
    }
}

#[tokio::test]
async fn what_it_prints_is_no_secret_and_it_leaves_nothing_behind() {
    let folder = TempDir::with_prefix("forecourt-story-").unwrap();
    reachable(folder.path());
    let postgres = Postgres::start(folder.path()).await;
    let user = postgres.url.strip_prefix("postgres://").unwrap().split('@').next().unwrap();
    assert!(!user.contains(':'), "no password in {}", postgres.url);
    let socket = std::fs::metadata(folder.path().join("postgres/s")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o700, "nobody else reaches the socket");

    let pid = std::fs::read_to_string(folder.path().join("postgres/data/postmaster.pid")).unwrap();
    let pid: i32 = pid.lines().next().unwrap().parse().unwrap();
    // As a crash does: the kernel takes the server along.
    postgres.program.signal(Signal::SIGKILL);
    eventually("the server is gone too", async || {
        let server = nix::unistd::Pid::from_raw(pid);
        nix::sys::signal::kill(server, None).is_err().then_some(())
    })
    .await;
    drop(postgres);
    let again = Postgres::start(folder.path()).await;
    drop(again);
    let left = folder.path().join("postgres/data/postmaster.pid");
    assert!(!left.exists(), "stopped cleanly");
}
