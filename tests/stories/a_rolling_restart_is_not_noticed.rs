//! A deploy: one node after the other is stopped and started again, under load and behind a proxy (R9).

use std::time::{Duration, Instant};

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{
    Forecourt, Options, PATIENCE,
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

#[tokio::test]
async fn turns_that_run_are_handed_over_and_answered_by_the_other() {
    // Longer than the drain: waiting for them would not do.
    let slow = "reply;ms=900;text=Takk for henvendelsen! En selger tar kontakt med deg så snart som mulig.";
    let config = ModelSimConfig { scenario: Some(slow.into()), ..ModelSimConfig::default() };
    let model = ModelSim::start(config).unwrap();
    let options = Options::default()
        .env("ANTHROPIC_API_KEY", "sk-ant-story-key")
        .env("ANTHROPIC_BASE_URL", format!("http://{}", model.addr()));
    let mut cluster = Cluster::start(options).await;
    let load = Load::start("handed-over", &[cluster.a.url.clone()], 4, Duration::from_millis(20));
    load.more(8).await;
    let (acked, failed, _) = load.stop().await;
    assert!(failed.is_empty(), "{failed:?}");
    model.wait_for_requests(8, PATIENCE).await.unwrap();

    let drained = cluster.a.stop().await;
    // They are left to the other node before the time is up, and not begun here again.
    assert!(drained < Duration::from_secs(10), "the drain took {drained:?}");
    assert!(cluster.mail.mails().is_empty(), "the model has not answered yet");
    let stopped = Instant::now();
    let tally = assert_each_answered_once(&cluster.b, &acked).await;
    let took = stopped.elapsed();
    println!(
        "drained in {drained:?}; {} answered by the other one after {took:?}: {tally:?}",
        acked.len()
    );
    assert_eq!(tally.uncertain, 0, "nothing was being handed over");
    // At once, and not when a lease ends (10 s and 15 s): most of it is the model's own time.
    assert!(took < Duration::from_secs(20), "the other one took {took:?}");
    cluster.b.stop().await;
}

async fn restart(node: &mut Forecourt, load: &Load) -> Duration {
    let drained = node.stop().await;
    // The other one serves alone for a while.
    load.more(20).await;
    let started = node.start_again().await;
    println!("drained in {drained:?}, back after {started:?}");
    drained
}
