//! What an endpoint hears of, in which order, and from which node.

use forecourt_core::{
    event::Seq,
    webhook::{self, Topic},
};

use super::{MESSAGES, Play, TAKEN, WebhookGround, numbers};
use crate::store::{CallFilter, EndpointChange};

pub async fn an_endpoint_hears_of_what_comes_after_it_was_made(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let state = play.stage.chat("Hei").await;
    let endpoint = play.endpoint(&[]).await;
    assert_eq!(play.claim(play.stage.node).await, 0, "there is nothing to tell yet");
    play.say(&state, 1).await;
    assert!(play.find(endpoint).await.expect("there").behind > 0);
    let work = play.work(endpoint).await;
    assert_eq!(work.url, "https://example.com/hook");
    let first = &work.calls[0];
    assert_eq!(first.entity, state.id.into_uuid());
    assert!(first.body.starts_with("message.posted#"), "{}", first.body);
    let record = play.find(endpoint).await.expect("there");
    assert_eq!(record.behind, 0);
    let told = play.calls(endpoint, CallFilter::default()).await;
    assert_eq!(record.pending, told.len() as u64);
    assert_eq!(play.hooks.undone_calls().await, Ok(record.pending));
    let epoch = play.stage.store.head(play.stage.tenant).await.expect("a head").epoch;
    for call in &told {
        let seq = call.seq.expect("an event");
        assert_eq!(call.event_id, webhook::event_id(play.stage.tenant, epoch, seq));
        assert_eq!(call.session, Some(state.id));
    }
}

pub async fn an_endpoint_hears_of_its_topics_alone(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(&[Topic::MessagePosted, Topic::SessionTakenOver]).await;
    let state = play.stage.chat("Hei").await;
    let state = play.stage.play(&state, play.stage.member_says("Jeg tar den")).await;
    play.work(endpoint).await;
    let told = play.calls(endpoint, CallFilter::default()).await;
    let topics: Vec<Topic> = told.iter().rev().map(|call| call.topic).collect();
    assert!(
        topics
            .iter()
            .all(|topic| *topic == Topic::MessagePosted || *topic == Topic::SessionTakenOver)
    );
    assert!(topics.contains(&Topic::MessagePosted));
    let change = EndpointChange::Set {
        url: Some("https://example.com/other".into()),
        description: Some(String::new()),
        topics: Some(vec![Topic::LeadCaptured]),
    };
    let changed = play.change(endpoint, change).await;
    assert_eq!((changed.url.as_str(), changed.description), ("https://example.com/other", None));
    play.say(&state, 2).await;
    play.work(endpoint).await;
    assert_eq!(play.calls(endpoint, CallFilter::default()).await.len(), told.len());
}

pub async fn of_one_conversation_only_the_oldest_pending_call_is_due(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    let (one, two) = (play.stage.chat("A").await, play.stage.chat("B").await);
    let one = play.say(&one, 1).await;
    play.say(&one, 2).await;
    let work = play.work(endpoint).await;
    assert_eq!(numbers(&work), [1, 2], "the first of each conversation");
    assert_eq!(work.calls[1].entity, two.id.into_uuid());
    // What is in hand is not given twice, and what waits for it waits.
    let again = play.work_of(play.stage.node, endpoint, &[1, 2]).await.expect("ours");
    assert_eq!(numbers(&again), [0_i64; 0]);
    play.report(endpoint, 1, TAKEN).await;
    let next = play.work_of(play.stage.node, endpoint, &[2]).await.expect("ours");
    assert_eq!(numbers(&next), [3]);
}

pub async fn an_endpoint_is_claimed_by_one_node_until_its_lease_ends(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(&[]).await;
    play.stage.chat("Hei").await;
    let (node, other) = (play.stage.node, play.stage.other_node);
    assert_eq!((play.claim(node).await, play.claim(other).await), (1, 0));
    assert!(play.work_of(other, endpoint, &[]).await.is_none());
    play.stage.pass(10);
    assert!(play.work_of(node, endpoint, &[]).await.is_some(), "which renews the claim");
    play.stage.pass(10);
    assert_eq!(play.claim(other).await, 0);
    // A node that gives it back leaves its calls to whoever comes.
    play.hooks.leave_endpoint(play.stage.tenant, endpoint, node).await.expect("left");
    assert!(play.work_of(node, endpoint, &[]).await.is_none());
    assert_eq!(play.claim(other).await, 1);
    play.stage.pass(16);
    assert_eq!(play.claim(node).await, 1, "the other died");
    assert!(play.work_of(other, endpoint, &[]).await.is_none());
    play.hooks.forget_claims().await.expect("forgotten");
    assert_eq!(play.claim(other).await, 1);
    assert!(play.work_of(other, endpoint, &[]).await.is_some());
    play.stage.pass(16);
    assert_eq!(play.claim(node).await, 1, "nothing is new, but what the other had in hand is owed");
}

pub async fn an_event_becomes_one_call_whoever_takes_it(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(&[]).await;
    let state = play.stage.chat("Hei").await;
    play.work(endpoint).await;
    play.work_of(play.stage.node, endpoint, &[]).await.expect("ours");
    play.say(&state, 1).await;
    play.stage.pass(60);
    assert_eq!(play.claim(play.stage.other_node).await, 1);
    play.work_of(play.stage.other_node, endpoint, &[]).await.expect("theirs");
    let told = play.calls(endpoint, CallFilter::default()).await;
    let seqs: Vec<Seq> = told.iter().rev().filter_map(|call| call.seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    let numbers: Vec<i64> = told.iter().rev().map(|call| call.number).collect();
    assert_eq!(numbers, (1..=told.len() as i64).collect::<Vec<_>>());
    let head = play.stage.store.head(play.stage.tenant).await.expect("a head").seq;
    let log = play.stage.store.replay(play.stage.tenant, Seq(0), 100).await.expect("the log");
    let wanted = log.iter().filter(|event| Topic::of(&event.event).is_some()).count();
    assert_eq!((told.len(), log.len() as i64), (wanted, head.0));
}
