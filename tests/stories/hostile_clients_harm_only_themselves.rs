//! Whatever a hostile client sends over WebSocket, event stream or long-poll (S3): its own line ends with the code
//! or the problem that the protocol names, and a well-behaved client beside it notices nothing.

use std::time::Duration;

use forecourt_loadtest::{
    engine::usage,
    hostile::{Failure, Target, assault},
    live::{Client, Dial, Heard, Told, Visitor, client::Interest, visitor::Place},
    load,
};
use forecourt_tests::{
    Forecourt, Options, PATIENCE,
    process::{OTHER, TENANT},
};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Memory that the engine may keep after all of it.
const KEEPS: u64 = 96 * 1024 * 1024;

/// Conversations that the streams of the corpus share: eight of each may be open.
const SESSIONS: usize = 12;

async fn open_chat(engine: &Forecourt, tenant: &str) -> (String, String) {
    let body = json!({ "tenant": tenant, "lang": "en" });
    let answer = engine.http.post(engine.at("/v1/sessions")).json(&body).send().await.unwrap();
    let opened: Value = answer.json().await.unwrap();
    let text = |field: &str| opened[field].as_str().expect("a string").to_owned();
    (text("session_id"), text("token"))
}

/// A dashboard that follows its tenant, and counts how often its line broke.
async fn watch_inbox(
    mut client: Client,
    told: watch::Sender<i64>,
    stop: watch::Receiver<bool>,
) -> u64 {
    let mut stop = stop;
    let mut downs = 0;
    loop {
        tokio::select! {
            next = client.next() => match next {
                Told::Event(event) => {
                    if let Some(message) = &event.message {
                        told.send_replace(message.seq);
                    }
                }
                Told::Resync(at) => client.adopt(at),
                Told::Down(_) | Told::SignedOut => downs += 1,
                Told::Ready | Told::Now(_) | Told::Booking(_) => {}
            },
            _ = stop.wait_for(|stop| *stop) => return downs,
        }
    }
}

/// A visitor who listens, and counts the same.
async fn watch_chat(
    mut visitor: Visitor,
    told: watch::Sender<i64>,
    stop: watch::Receiver<bool>,
) -> u64 {
    let mut stop = stop;
    let mut downs = 0;
    loop {
        tokio::select! {
            next = visitor.next() => match next {
                Heard::Stored(_, event) => {
                    if let forecourt_wire::SessionEvent::MessagePosted(posted) = *event {
                        told.send_replace(posted.message.seq);
                    }
                }
                Heard::Down | Heard::Over(_) | Heard::Gap(_) => downs += 1,
                Heard::Now(_) | Heard::Unknown(_) => {}
            },
            _ = stop.wait_for(|stop| *stop) => return downs,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_closes_its_own_line_and_nothing_else() {
    // The limits of production, save for how many conversations this one address opens.
    let options = Options::default().env("FORECOURT_RATE_PER_MINUTE", "600");
    let mut engine = Forecourt::start(options).await;
    let to = engine.url.trim_start_matches("http://").parse().unwrap();
    let cookie = engine.sign_in(TENANT).await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(open_chat(&engine, TENANT).await);
    }
    let (foreign, foreign_token) = open_chat(&engine, OTHER).await;

    // The well-behaved: a dashboard, a visitor, and what they follow.
    let witness = open_chat(&engine, TENANT).await;
    let (stop, stopped) = watch::channel(false);
    let (inbox, mut in_inbox) = watch::channel(0);
    let (chat, mut in_chat) = watch::channel(0);
    let client = Client::new(
        Dial::as_member(to, &cookie),
        Interest::default(),
        None,
        StdRng::seed_from_u64(1),
    );
    let place = Place {
        http: load::client().unwrap(),
        target: engine.url.parse().unwrap(),
        session: witness.0.clone(),
        token: witness.1.clone(),
    };
    let visitor = Visitor::new(place, None, StdRng::seed_from_u64(2));
    let watching = tokio::spawn(watch_inbox(client, inbox, stopped.clone()));
    let listening = tokio::spawn(watch_chat(visitor, chat, stopped.clone()));
    let url = engine.at(&format!("/v1/sessions/{}/messages", witness.0));
    let say = async |n: u32| {
        let body = json!({ "text": "When are you open?", "client_id": format!("w{n}") });
        let answer =
            engine.http.post(&url).bearer_auth(&witness.1).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202, "the well-behaved are served");
        answer.json::<Value>().await.unwrap()["seq"].as_i64().unwrap()
    };
    let follow =
        async |in_inbox: &mut watch::Receiver<i64>, in_chat: &mut watch::Receiver<i64>, seq| {
            for told in [in_inbox, in_chat] {
                tokio::time::timeout(PATIENCE, told.wait_for(|seen| *seen >= seq))
                    .await
                    .expect("a well-behaved listener is told in time")
                    .unwrap();
            }
        };
    let first = say(0).await;
    follow(&mut in_inbox, &mut in_chat, first).await;

    let before = usage::sample(engine.pid().as_raw().cast_unsigned()).unwrap().rss;
    let target = Target { to, cookie, sessions, foreign, foreign_token };
    let attack = tokio::spawn(async move { assault(&target).await });
    let mut told = 1;
    while !attack.is_finished() {
        let seq = say(told).await;
        follow(&mut in_inbox, &mut in_chat, seq).await;
        told += 1;
        // Ten messages of one conversation at once, then one in two seconds: its own limit.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
    let (count, failures) = attack.await.unwrap();
    assert!(count > 250, "the corpus was spoken: {count}");
    let told_of = |failure: &Failure| {
        let Failure { case, expected, got } = failure;
        format!("{case}\n  expected {expected}\n  got {got}\n")
    };
    let report: Vec<String> = failures.iter().map(told_of).collect();
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), report.concat());

    let last = say(told).await;
    follow(&mut in_inbox, &mut in_chat, last).await;
    stop.send_replace(true);
    assert_eq!(watching.await.unwrap(), 0, "the dashboard's line broke");
    assert_eq!(listening.await.unwrap(), 0, "the visitor's line broke");
    let after = usage::sample(engine.pid().as_raw().cast_unsigned()).unwrap().rss;
    assert!(after < before + KEEPS, "{before} bytes before, {after} after");
    let metrics =
        engine.http.get(engine.at("/metrics")).send().await.unwrap().text().await.unwrap();
    let broken: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("forecourt_http_requests_total"))
        .filter(|line| line.contains("status=\"5"))
        .collect();
    assert!(broken.is_empty(), "{broken:?}");
    engine.stop().await;
    let logs = engine.logs();
    let errors: Vec<&str> =
        logs.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
