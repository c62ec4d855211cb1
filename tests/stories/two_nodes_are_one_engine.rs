//! Two nodes, one engine: what is posted at one is seen at the other, once, and a member who takes over at one
//! silences the assistant that speaks at the other.

use std::{collections::BTreeSet, time::Duration};

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{
    Forecourt, Options,
    cluster::Cluster,
    live::Live,
    people::person,
    process::TENANT,
    sse::{Sse, SseEvent},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

/// How often the same thing is done at both nodes at once, and how often a take-over races a turn.
const RACES: usize = 30;

type Chat = (String, String);

async fn post(node: &Forecourt, chat: &Chat, client_id: &str) -> Value {
    let body = json!({ "text": "Har dere åpent på lørdag?", "client_id": client_id });
    let url = node.at(&format!("/v1/sessions/{}/messages", chat.0));
    let answer = node.http.post(url).bearer_auth(&chat.1).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

async fn events(node: &Forecourt, chat: &Chat) -> Sse {
    let url = node.at(&format!("/v1/sessions/{}/events", chat.0));
    Sse::new(node.http.get(url).bearer_auth(&chat.1).send().await.unwrap())
}

async fn snapshot(node: &Forecourt, chat: &Chat) -> Value {
    let url = node.at(&format!("/v1/sessions/{}", chat.0));
    let answer = node.http.get(url).bearer_auth(&chat.1).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn by(snapshot: &Value, author: &str) -> usize {
    let messages = snapshot["messages"].as_array().expect("messages");
    messages.iter().filter(|message| message["author"] == author).count()
}

/// Reads a draft to its message: its pieces fit, and what was stored is what was streamed.
async fn streamed_answer(stream: &mut Sse) -> SseEvent {
    let mut draft = String::new();
    loop {
        let event = stream.next().await.expect("the stream goes on");
        match event.kind.as_str() {
            "draft.delta" => {
                let offset = event.data["offset"].as_u64().unwrap() as usize;
                assert_eq!(offset, draft.chars().count(), "a piece is missing or came twice");
                draft.push_str(event.data["text"].as_str().unwrap());
            }
            "message.posted" if event.data["message"]["author"] == "assistant" => {
                assert_eq!(event.data["message"]["text"].as_str().unwrap(), draft.trim());
                return event;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_is_posted_at_one_is_seen_at_the_other_and_taken_once() {
    let mut cluster = Cluster::start(Options::default()).await;
    let (a, b) = (&cluster.a, &cluster.b);
    let cookie = a.sign_in(TENANT).await;

    // A lead at A; the dashboard is at B.
    let mut live = Live::connect(b, &cookie, None).await;
    let kari = person("nb", "two-nodes");
    let captured: Value = a.post_form(TENANT, &kari.form()).await.json().await.unwrap();
    let is_lead = |frame: &Value| frame["lead"]["lead_id"] == captured["lead_id"];
    let new = live.until("the new lead", |f| is_lead(f) && f["event"] == "lead.captured").await;
    // What the other node stored is told with what it changed.
    live.until("the kept promise", |f| {
        f["session_id"] == new["session_id"] && f["changes"]["promise"]["state"] == "kept"
    })
    .await;

    // A chat: written at A, listened to at B, and the other way round.
    let chat = a.open_chat("nb").await;
    let mut at_b = events(b, &chat).await;
    post(a, &chat, "first").await;
    at_b.until("message.posted", |e| e["message"]["author"] == "customer").await;
    let first = streamed_answer(&mut at_b).await;
    let mut at_a = events(a, &chat).await;
    post(b, &chat, "second").await;
    let second = streamed_answer(&mut at_a).await;
    assert_ne!(first.id, second.id);

    // The same message at both at once is one message, and has one answer.
    for race in 0..RACES {
        let client_id = format!("race{race}");
        let (one, other) = tokio::join!(post(a, &chat, &client_id), post(b, &chat, &client_id));
        assert_eq!(one["message_id"], other["message_id"], "race {race}");
    }
    // The same person's form at both at once is one lead.
    let mut leads = BTreeSet::new();
    for race in 0..RACES {
        let form = person("nb", &format!("race{race}")).form();
        let (one, other) = tokio::join!(a.post_form(TENANT, &form), b.post_form(TENANT, &form));
        assert_eq!(
            (one.status(), other.status()),
            (200.try_into().unwrap(), 200.try_into().unwrap())
        );
        let (one, other): (Value, Value) = (one.json().await.unwrap(), other.json().await.unwrap());
        assert_eq!(one["lead_id"], other["lead_id"], "race {race}: {one} {other}");
        assert!(leads.insert(one["lead_id"].to_string()), "another person's lead");
    }
    let posted = snapshot(b, &chat).await;
    assert_eq!(by(&posted, "customer"), 2 + RACES);
    assert_eq!(snapshot(a, &chat).await["messages"], posted["messages"], "both nodes say the same");
    for race in 0..RACES {
        let email = person("nb", &format!("race{race}")).email;
        cluster.mail.wait_for_mail_to(&email, forecourt_tests::PATIENCE).await.unwrap();
    }
    drop((live, at_a, at_b));
    cluster.a.stop().await;
    cluster.b.stop().await;
    for race in 0..RACES {
        let email = person("nb", &format!("race{race}")).email;
        assert_eq!(cluster.mail.mails_to(&email).len(), 1, "race {race}: one answer");
    }
}

#[tokio::test]
async fn taken_over_at_one_the_assistant_is_silent_at_the_other() {
    let seed =
        std::env::var("FORECOURT_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_121);
    println!("seed {seed}: FORECOURT_SEED={seed} repeats this run");
    let mut random = StdRng::seed_from_u64(seed);
    let slow = "reply;first_ms=100;ms=40;text=Takk for meldingen din. Jeg ser på det med en gang. \
                Vi hører gjerne mer om hva du tenker på. En selger hjelper deg gjerne videre.";
    let config = ModelSimConfig { scenario: Some(slow.into()), ..ModelSimConfig::default() };
    let model = ModelSim::start(config).unwrap();
    let options = Options::default()
        .env("ANTHROPIC_API_KEY", "sk-ant-story-key")
        .env("ANTHROPIC_BASE_URL", format!("http://{}", model.addr()));
    let mut cluster = Cluster::start(options).await;
    let (a, b) = (&cluster.a, &cluster.b);
    let cookie = b.sign_in(TENANT).await;

    let races = (0..RACES).map(|_| {
        // Half of them from before the model is asked, the others from its first word on to after its last.
        let at_first_word = random.random_bool(0.5);
        let late = Duration::from_millis(random.random_range(0..1_200));
        let cookie = cookie.clone();
        async move {
            let chat = a.open_chat("nb").await;
            let mut stream = events(b, &chat).await;
            post(a, &chat, "c1").await;
            if at_first_word {
                stream.until("draft.delta", |_| true).await;
            }
            tokio::time::sleep(late).await;
            let url = b.at(&format!("/v1/sessions/{}/takeover", chat.0));
            let taken = b.http.post(url).header("cookie", &cookie).header("origin", &b.url);
            let taken = taken.send().await.unwrap();
            assert_eq!(taken.status(), 204, "{}", taken.text().await.unwrap());
            // What was said before it was said; from here on nothing is.
            let before = snapshot(b, &chat).await;
            assert_eq!(before["status"], "with_human");
            // On the stream nothing of the assistant stands after the change of speaker.
            stream.until("session.status", |e| e["status"] == "with_human").await;
            let silence = tokio::time::timeout(Duration::from_secs(3), async {
                while let Some(event) = stream.next().await {
                    let speaks = event.kind == "draft.delta"
                        || event.data["message"]["author"] == "assistant";
                    assert!(!speaks, "after the take-over: {event:?}");
                }
            });
            assert!(silence.await.is_err(), "the stream ended");
            let after = snapshot(a, &chat).await;
            assert_eq!(
                after["messages"], before["messages"],
                "something was said after the take-over"
            );
            assert!(after["draft"].is_null(), "somebody still writes: {after}");
            by(&after, "assistant")
        }
    });
    let said: usize = futures_util::future::join_all(races).await.into_iter().sum();
    println!("{said} of {RACES} turns had ended before the take-over");
    assert!(said < RACES, "no take-over came in time: the story tells nothing");
    cluster.a.stop().await;
    cluster.b.stop().await;
}
