//! One of two nodes is killed, or frozen for longer than its leases: the other one takes its work up (R2).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{
    Forecourt, Options,
    cluster::Cluster,
    eventually,
    follower::{Follower, assert_same},
    load::{Load, assert_each_answered_once},
    process::TENANT,
    sse::Sse,
};
use nix::sys::signal::Signal;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

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
    let slowest = Duration::from_millis(tally.slowest_ms.unsigned_abs());
    assert!(slowest < TAKEN_UP_WITHIN, "the slowest answer took {slowest:?}");
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

#[tokio::test]
async fn killed_mid_answer_the_visitor_reads_it_to_its_end_at_the_other() {
    let slow = "reply;ms=150;text=Takk for meldingen din. Jeg ser på det med en gang. \
                Vi hører gjerne mer om hva du tenker på. En selger hjelper deg gjerne videre.";
    let config = ModelSimConfig { scenario: Some(slow.into()), ..ModelSimConfig::default() };
    let model = ModelSim::start(config).unwrap();
    let options = Options::default()
        .env("ANTHROPIC_API_KEY", "sk-ant-story-key")
        .env("ANTHROPIC_BASE_URL", format!("http://{}", model.addr()));
    let mut cluster = Cluster::start(options).await;
    let (session, token) = cluster.a.open_chat("nb").await;
    let events = async |node: &Forecourt, after: Option<&str>| {
        let url = node.at(&format!("/v1/sessions/{session}/events"));
        let mut request = node.http.get(url).bearer_auth(&token);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        Sse::new(request.send().await.unwrap())
    };
    let mut at_a = events(&cluster.a, None).await;
    let url = cluster.a.at(&format!("/v1/sessions/{session}/messages"));
    let body = json!({ "text": "Har dere åpent på lørdag?", "client_id": "c1" });
    let posted = cluster.a.http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let mine = at_a.until("message.posted", |e| e["message"]["author"] == "customer").await;
    let mut last = mine.id;
    while let Some(event) = at_a.next().await {
        last = event.id.or(last);
        if event.kind == "draft.delta" {
            break;
        }
    }
    cluster.a.crash();
    let killed = Instant::now();
    let mut at_b = events(&cluster.b, last.as_deref()).await;
    let mut drafts: BTreeMap<String, String> = BTreeMap::new();
    let answer = loop {
        let event = at_b.next().await.expect("the stream goes on");
        match event.kind.as_str() {
            "draft.delta" => {
                let draft = drafts.entry(event.data["draft_id"].to_string()).or_default();
                let offset = event.data["offset"].as_u64().unwrap() as usize;
                assert_eq!(offset, draft.chars().count(), "a piece is missing or came twice");
                draft.push_str(event.data["text"].as_str().unwrap());
            }
            "message.posted" if event.data["message"]["author"] == "assistant" => break event,
            "gap" => panic!("the journal is whole: {event:?}"),
            _ => {}
        }
    };
    let took = killed.elapsed();
    println!("answered {took:?} after the kill, in {} drafts", drafts.len());
    assert!(took < TAKEN_UP_WITHIN, "it took {took:?}");
    let said = answer.data["message"]["text"].as_str().unwrap();
    assert!(drafts.values().any(|draft| draft.trim() == said), "streamed as stored: {drafts:?}");
    cluster.b.stop().await;
}

/// `FORECOURT_KILLS` says how often, `FORECOURT_SEED` repeats a run.
#[tokio::test]
#[ignore = "takes minutes: the long form of the story above, run by hand"]
async fn killed_in_turn_at_random_moments_nothing_acked_is_lost_or_doubled() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (kills, seed) = (number("FORECOURT_KILLS").unwrap_or(20), number("FORECOURT_SEED"));
    let seed = seed.unwrap_or(20_261_121);
    println!("seed {seed}: FORECOURT_SEED={seed} repeats this run");
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start(Options::default()).await;
    let proxy = cluster.proxy().await;
    let cookie = cluster.b.sign_in(TENANT).await;
    let dashboards =
        [Follower::start(&proxy.url, &cookie).await, Follower::start(&proxy.url, &cookie).await];
    let urls = std::slice::from_ref(&proxy.url);
    let load = Load::start("in-turn", urls, 4, Duration::from_millis(150));
    for kill in 0..kills {
        load.more(random.random_range(5..20)).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        let node = if kill % 2 == 0 { &mut cluster.a } else { &mut cluster.b };
        node.crash();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..2_000))).await;
        node.start_again().await;
    }
    load.more(10).await;
    let (acked, failed, again) = load.stop().await;
    let tally = assert_each_answered_once(&cluster.a, &acked).await;
    println!(
        "{kills} kills, {} acked, {again} of them at a second try, {} refused: {tally:?}; {}",
        acked.len(),
        failed.len(),
        failed.first().map_or("", String::as_str)
    );
    assert!(failed.is_empty(), "the other node was there all the time");
    assert!(tally.slowest_ms < 90_000, "a promise was broken");
    for dashboard in &dashboards {
        dashboard.assert_complete(&proxy.url, &cookie, &acked).await;
    }
    assert_same(&dashboards);
}
