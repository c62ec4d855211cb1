//! Redis carries what the nodes tell each other, and nothing else: killed, frozen or emptied under load, each node
//! goes on alone, says so, and catches up from Postgres (R3).

use std::time::{Duration, Instant};

use forecourt_tests::{
    Forecourt, Options,
    cluster::Cluster,
    eventually,
    follower::{Follower, assert_same},
    load::{Load, assert_each_answered_once},
    process::TENANT,
};
use nix::sys::signal::Signal;
use serde_json::Value;

/// How late an event may be at the other node while Redis is away.
const SECONDS: Duration = Duration::from_secs(8);

async fn readiness(node: &Forecourt) -> (u16, String) {
    let answer = node.http.get(node.at("/readyz")).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["checks"]["bus"].as_str().unwrap_or_default().to_owned())
}

/// Waits until the node says that of its bus; it is ready all the while.
async fn says(node: &Forecourt, word: &str) {
    eventually(word, async || {
        let (status, bus) = readiness(node).await;
        assert_eq!(status, 200, "a node without Redis is ready");
        (bus == word).then_some(())
    })
    .await;
}

/// A lead at each node is told at the other one's dashboard in time.
async fn both_are_told(cluster: &Cluster, dashboards: &[Follower; 2], name: &str) -> Duration {
    let began = Instant::now();
    for (node, dashboard) in [&cluster.a, &cluster.b].into_iter().zip(dashboards.iter().rev()) {
        let form = forecourt_tests::people::person("nb", &format!("{name}{}", node.pid())).form();
        let captured: Value = node.post_form(TENANT, &form).await.json().await.unwrap();
        let lead = captured["lead_id"].as_str().unwrap().to_owned();
        dashboard.until("the lead at the other node", |told| told.lead == lead).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn killed_frozen_or_emptied_it_costs_no_event_and_no_lead() {
    let mut cluster = Cluster::start(Options::default()).await;
    let cookie = cluster.a.sign_in(TENANT).await;
    let dashboards = [
        Follower::start(&cluster.a.url, &cookie).await,
        Follower::start(&cluster.b.url, &cookie).await,
    ];
    for node in [&cluster.a, &cluster.b] {
        says(node, "joined").await;
    }
    let urls = [cluster.a.url.clone(), cluster.b.url.clone()];
    let load = Load::start("redis", &urls, 2, Duration::from_millis(60));
    let whole = both_are_told(&cluster, &dashboards, "whole").await;

    cluster.redis.kill();
    for node in [&cluster.a, &cluster.b] {
        says(node, "cut").await;
    }
    let killed = both_are_told(&cluster, &dashboards, "killed").await;
    cluster.redis.start_again().await;
    for node in [&cluster.a, &cluster.b] {
        says(node, "joined").await;
    }

    cluster.redis.signal(Signal::SIGSTOP);
    let frozen = both_are_told(&cluster, &dashboards, "frozen").await;
    for node in [&cluster.a, &cluster.b] {
        says(node, "cut").await;
    }
    cluster.redis.signal(Signal::SIGCONT);
    for node in [&cluster.a, &cluster.b] {
        says(node, "joined").await;
    }

    cluster.redis.flush().await;
    let emptied = both_are_told(&cluster, &dashboards, "emptied").await;
    load.more(10).await;
    let (acked, failed, again) = load.stop().await;
    println!(
        "{} acked; a lead was seen at the other node after {whole:?}, killed {killed:?}, frozen {frozen:?}, \
         emptied {emptied:?}",
        acked.len()
    );
    assert!(failed.is_empty() && again == 0, "Redis is in no write's way: {failed:?}");
    for late in [killed, frozen, emptied] {
        assert!(late < 2 * SECONDS, "an event was {late:?} late");
    }
    let tally = assert_each_answered_once(&cluster.a, &acked).await;
    assert_eq!(tally.uncertain, 0);
    for (dashboard, node) in dashboards.iter().zip([&cluster.a, &cluster.b]) {
        assert_eq!(dashboard.came_back(), 0, "a dashboard's socket ends with its node alone");
        dashboard.assert_complete(&node.url, &cookie, &acked).await;
    }
    assert_same(&dashboards);
    for node in [&mut cluster.a, &mut cluster.b] {
        node.stop().await;
    }
}
