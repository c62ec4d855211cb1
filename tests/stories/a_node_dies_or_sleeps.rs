//! One of two nodes is killed, or frozen for longer than its leases: the other one takes its work up (R2).

use std::time::{Duration, Instant};

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{
    Options,
    cluster::Cluster,
    eventually,
    follower::{Follower, assert_same},
    load::{Load, assert_each_answered_once},
    process::TENANT,
};
use nix::sys::signal::Signal;

/// A turn's lease is 10 s, a claim's 15 s; the sweep looks every second.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(25);

#[tokio::test]
async fn killed_under_load_what_it_had_acked_is_answered_by_the_other_and_dashboards_miss_nothing()
{
    let mut cluster = Cluster::start(Options::default()).await;
    let proxy = cluster.proxy().await;
    let cookie = cluster.b.sign_in(TENANT).await;
    let mut dashboards = Vec::new();
    // The proxy spreads them over both nodes.
    for _ in 0..4 {
        dashboards.push(Follower::start(&proxy.url, &cookie).await);
    }
    let urls = [cluster.a.url.clone(), cluster.b.url.clone()];
    let load = Load::start("killed", &urls, 4, Duration::from_millis(40));
    load.more(40).await;
    cluster.a.crash();
    let killed = Instant::now();
    load.more(20).await;
    let (acked, _failed_at_a, _) = load.stop().await;
    let by_a = acked.iter().filter(|acked| acked.by == 0).count();
    assert!(by_a >= 10, "only {by_a} leads were node A's: the story tells nothing");

    let tally = assert_each_answered_once(&cluster.b, &acked).await;
    let took = killed.elapsed();
    println!(
        "{} acked, {by_a} of them by the node that died; {tally:?}; all ended {took:?} after the kill",
        acked.len()
    );
    assert!(took < TAKEN_UP_WITHIN, "the other one took {took:?}");
    assert!(tally.uncertain <= 8, "at most what was being handed over: {}", tally.uncertain);
    let moved = dashboards.iter().filter(|dashboard| dashboard.came_back() > 0).count();
    assert!(moved >= 1, "no dashboard was at the node that died");
    for dashboard in &dashboards {
        dashboard.assert_complete(&proxy.url, &cookie, &acked).await;
    }
    assert_same(&dashboards);
    cluster.b.stop().await;
}

#[tokio::test]
async fn frozen_beyond_its_leases_it_wakes_to_work_that_is_done_and_repeats_nothing() {
    let slow = ModelSimConfig {
        scenario: Some(
            "reply;first_ms=3000;text=Takk for henvendelsen! En selger tar kontakt med deg.".into(),
        ),
        ..ModelSimConfig::default()
    };
    let model = ModelSim::start(slow).unwrap();
    let options = Options::default()
        .env("ANTHROPIC_API_KEY", "sk-ant-story-key")
        .env("ANTHROPIC_BASE_URL", format!("http://{}", model.addr()));
    let mut cluster = Cluster::start(options).await;
    let load = Load::start("frozen", &[cluster.a.url.clone()], 4, Duration::from_millis(20));
    load.more(12).await;
    let (acked, failed, _) = load.stop().await;
    assert!(failed.is_empty(), "{failed:?}");
    // Its turns run: the model takes three seconds, and nothing has been sent yet.
    assert!(cluster.mail.mails().is_empty(), "the story came too late");
    cluster.a.signal(Signal::SIGSTOP);
    let frozen = Instant::now();
    let tally = assert_each_answered_once(&cluster.b, &acked).await;
    let took = frozen.elapsed();
    println!("{} acked, answered by the other one within {took:?}: {tally:?}", acked.len());
    assert!(took < TAKEN_UP_WITHIN, "the other one took {took:?}");
    assert_eq!(tally.uncertain, 0, "nothing was being handed over");

    // Longer than every lease; only then does it wake.
    tokio::time::sleep(Duration::from_secs(20).saturating_sub(took)).await;
    cluster.a.signal(Signal::SIGCONT);
    eventually("it is ready again", async || {
        let answer = cluster.a.http.get(cluster.a.at("/readyz")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
    // What it captures now comes after all that it had held, through the same turns and queues.
    let load = Load::start("woken", &[cluster.a.url.clone()], 2, Duration::from_millis(20));
    load.more(4).await;
    let (woken, failed, _) = load.stop().await;
    assert!(failed.is_empty(), "{failed:?}");
    assert_each_answered_once(&cluster.a, &woken).await;
    assert_each_answered_once(&cluster.a, &acked).await;
    cluster.a.stop().await;
    cluster.b.stop().await;
}
