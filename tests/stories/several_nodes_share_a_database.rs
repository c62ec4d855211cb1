//! A Postgres for several nodes of one machine: `forecourt database`, and nodes that start on it at once.

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
    time::{Duration, Instant},
};

use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use forecourt_tests::{
    Forecourt, Options, PATIENCE,
    cluster::{Cluster, Postgres, reachable, shared},
    eventually,
    follower::{Follower, assert_same},
    load::{Load, assert_each_answered_once},
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

    let server = postgres.postmaster();
    // As a crash does: the kernel takes the server along.
    postgres.program.signal(Signal::SIGKILL);
    eventually("the server is gone too", async || {
        nix::sys::signal::kill(server, None).is_err().then_some(())
    })
    .await;
    drop(postgres);
    let again = Postgres::start(folder.path()).await;
    drop(again);
    let left = folder.path().join("postgres/data/postmaster.pid");
    assert!(!left.exists(), "stopped cleanly");
}

#[tokio::test]
async fn killed_under_load_both_nodes_come_back_to_it_and_nothing_acked_is_lost() {
    let mut cluster = Cluster::start(Options::default()).await;
    let cookie = cluster.a.sign_in(TENANT).await;
    let dashboards = [
        Follower::start(&cluster.a.url, &cookie).await,
        Follower::start(&cluster.b.url, &cookie).await,
    ];
    let urls = [cluster.a.url.clone(), cluster.b.url.clone()];
    let load = Load::start("database", &urls, 2, Duration::from_millis(60));
    load.more(20).await;
    let began = Instant::now();
    nix::sys::signal::kill(cluster.postgres.postmaster(), Signal::SIGKILL).unwrap();
    load.more(20).await;
    let back = began.elapsed();
    let (acked, failed, again) = load.stop().await;
    println!(
        "{} acked, {again} tried again, 20 more were taken {back:?} after the kill",
        acked.len()
    );
    assert!(failed.iter().all(|why| why.starts_with("503")), "{failed:?}");
    let tally = assert_each_answered_once(&cluster.b, &acked).await;
    assert!(tally.uncertain <= 4, "at most what was being handed over: {tally:?}");
    for (dashboard, node) in dashboards.iter().zip([&cluster.a, &cluster.b]) {
        dashboard.assert_complete(&node.url, &cookie, &acked).await;
    }
    assert_same(&dashboards);
    for node in [&mut cluster.a, &mut cluster.b] {
        node.stop().await;
        assert!(!node.logs().contains("panicked"), "{}", node.logs());
    }
}
