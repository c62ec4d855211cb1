//! A deploy: one node after the other is stopped and started again, under load and behind a proxy (R9).

use std::time::Duration;

use forecourt_tests::{
    Forecourt, Options,
    cluster::Cluster,
    follower::{Follower, assert_same},
    load::{Load, assert_each_answered_once},
    process::TENANT,
};

/// R9: what runs may take ten seconds to end; the process itself ends a moment later.
const DRAIN: Duration = Duration::from_secs(11);

#[tokio::test]
async fn no_acked_lead_fails_and_every_dashboard_comes_back_where_it_was() {
    let mut cluster = Cluster::start(Options::default()).await;
    let proxy = cluster.proxy().await;
    let cookie = cluster.a.sign_in(TENANT).await;
    let mut dashboards = Vec::new();
    for _ in 0..4 {
        dashboards.push(Follower::start(&proxy.url, &cookie).await);
    }
    let load =
        Load::start("rolling", std::slice::from_ref(&proxy.url), 6, Duration::from_millis(50));
    load.more(30).await;
    for node in [&mut cluster.a, &mut cluster.b] {
        let drained = restart(node, &load).await;
        assert!(drained < DRAIN, "the drain took {drained:?}");
        // Both serve before the next one goes.
        load.more(30).await;
    }
    let (acked, failed, again) = load.stop().await;
    assert!(
        failed.is_empty(),
        "{} senders that tried once more were failed, the first by {}\n{}",
        failed.len(),
        failed[0],
        proxy.unusual()
    );
    let tally = assert_each_answered_once(&cluster.a, &acked).await;
    println!("{} acked, {again} of them at the second try; {tally:?}", acked.len());
    assert_eq!(tally.uncertain, 0, "a letter was cut on its way");
    for dashboard in &dashboards {
        assert!(dashboard.came_back() >= 1, "its node was restarted");
        dashboard.assert_complete(&proxy.url, &cookie, &acked).await;
    }
    assert_same(&dashboards);
    for node in [&mut cluster.a, &mut cluster.b] {
        node.stop().await;
        assert!(!node.logs().contains("panicked"), "{}", node.logs());
    }
}

async fn restart(node: &mut Forecourt, load: &Load) -> Duration {
    let drained = node.stop().await;
    // The other one serves alone for a while.
    load.more(20).await;
    let started = node.start_again().await;
    println!("drained in {drained:?}, back after {started:?}");
    drained
}
