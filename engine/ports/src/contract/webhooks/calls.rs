//! Calls: the ladder, replays, lists, and what is forgotten.

use forecourt_core::webhook::{Outcome, Topic};
use jiff::SignedDuration;

use super::{MESSAGES, Play, REFUSED, TAKEN, WebhookGround, numbers};
use crate::{
    ids::Ids as _,
    store::{CallFilter, CallRecord, CallStatus, EndpointChange, Replay, Replayed, Reported},
};

pub async fn a_call_that_is_not_taken_climbs_the_ladder_and_lets_the_next_one_by_when_it_ends(
    ground: &impl WebhookGround,
) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    let state = play.stage.chat("Hei").await;
    play.say(&state, 1).await;
    for step in 1..=7 {
        let work = play.work(endpoint).await;
        assert_eq!(numbers(&work), [1], "step {step}");
        let reported = play.report(endpoint, 1, REFUSED).await.expect("it was pending");
        let status = if step < 7 { CallStatus::Pending } else { CallStatus::Failed };
        assert_eq!(reported, Reported { status, paused: None });
        if step < 7 {
            let work = play.work(endpoint).await;
            assert_eq!(numbers(&work), [0_i64; 0], "the second waits for the first");
            let next = work.next_at.expect("the next try");
            play.stage.pass(next.duration_since(play.stage.now).as_secs() + 1);
        }
    }
    assert_eq!(play.report(endpoint, 1, TAKEN).await, None, "it has ended");
    let work = play.work(endpoint).await;
    assert_eq!(numbers(&work), [2]);
    play.report(endpoint, 2, TAKEN).await;
    let record = play.find(endpoint).await.expect("there");
    assert_eq!((record.failing_since, record.accepted_at), (None, Some(play.stage.now)));
}

pub async fn calls_are_replayed_one_or_many_with_the_same_ids(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    let state = play.stage.chat("Hei").await;
    let state = play.say(&state, 1).await;
    for number in 1..=2 {
        play.work(endpoint).await;
        play.report(endpoint, number, TAKEN).await;
    }
    let ids = |calls: &[CallRecord]| calls.iter().map(|c| c.event_id.clone()).collect::<Vec<_>>();
    let before = ids(&play.calls(endpoint, CallFilter::default()).await);
    let none = Replay::Range { status: CallStatus::Failed, since: None, until: None };
    assert_eq!(play.replay(endpoint, none).await, Replayed { count: 0, more: false });
    let one = Replay::Numbers(vec![2, 2, 99]);
    assert_eq!(play.replay(endpoint, one.clone()).await.count, 1);
    assert_eq!(play.replay(endpoint, one).await.count, 0, "it is on its way already");
    assert_eq!(numbers(&play.work(endpoint).await), [2]);
    play.report(endpoint, 2, TAKEN).await;

    play.stage.pass(100);
    play.say(&state, 2).await;
    play.work(endpoint).await;
    let until = play.stage.now.checked_sub(SignedDuration::from_secs(1)).expect("a time");
    let range = Replay::Range { status: CallStatus::Accepted, since: None, until: Some(until) };
    assert_eq!(play.replay(endpoint, range).await.count, 2);
    assert_eq!(numbers(&play.work(endpoint).await), [1], "in their order again");
    let after = play.calls(endpoint, CallFilter::default()).await;
    assert_eq!(ids(&after)[1..], before[..]);
    assert_eq!(after.iter().map(|call| call.tries).collect::<Vec<_>>(), [0, 2, 1]);
}

pub async fn calls_are_listed_newest_first_and_tell_every_try(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    for n in 0..4 {
        play.stage.chat(&format!("Hei {n}")).await;
    }
    play.work(endpoint).await;
    let begun = play.stage.now;
    play.report(endpoint, 1, Outcome::Failed { code: "connect" }).await;
    play.stage.pass(120);
    play.report(endpoint, 1, Outcome::Answered { status: 503 }).await;
    play.report(endpoint, 2, TAKEN).await;
    let page = |filter: CallFilter| async { play.calls(endpoint, filter).await };
    let all: Vec<i64> = page(CallFilter::default()).await.iter().map(|call| call.number).collect();
    assert_eq!(all, [4, 3, 2, 1]);
    let older = page(CallFilter { before: Some(3), ..CallFilter::default() }).await;
    assert_eq!(older.len(), 2);
    let pending = CallFilter { status: Some(CallStatus::Pending), ..CallFilter::default() };
    assert_eq!(page(pending).await.len(), 3);
    let late = CallFilter { since: Some(play.stage.now), ..CallFilter::default() };
    assert_eq!(page(late).await, []);
    let tenant = play.stage.tenant;
    let story = play.hooks.find_call(tenant, endpoint, 1).await.expect("a read").expect("there");
    assert_eq!(story.row.last.as_deref(), Some("503"));
    assert!(story.body.starts_with("message.posted#"));
    let tries: Vec<_> = story
        .tries
        .iter()
        .map(|one| (one.number, one.status, one.code.as_deref(), one.took_ms, one.at))
        .collect();
    let second = play.stage.now;
    assert_eq!(tries, [(1, None, Some("connect"), 12, begun), (2, Some(503), None, 12, second)]);
    assert!(play.hooks.find_call(tenant, endpoint, 9).await.expect("a read").is_none());
}

pub async fn a_test_waits_for_nobody(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(&[Topic::LeadCaptured]).await;
    let (tenant, now) = (play.stage.tenant, play.stage.now);
    let test = |id: &'static str| play.hooks.queue_test(tenant, endpoint, id, "{}", now);
    assert_eq!(test("evt_1").await, Ok(Some(1)));
    assert_eq!(test("evt_2").await, Ok(Some(2)));
    let work = play.work(endpoint).await;
    assert_eq!(numbers(&work), [1, 2]);
    let call = &play.calls(endpoint, CallFilter::default()).await[1];
    assert_eq!((call.topic, call.seq, call.session), (Topic::Test, None, None));
    play.change(endpoint, EndpointChange::Pause).await;
    assert_eq!(test("evt_3").await, Ok(None));
    let nowhere = play.stage.ids.endpoint();
    assert_eq!(play.hooks.queue_test(tenant, nowhere, "evt_4", "{}", now).await, Ok(None));
}

pub async fn what_has_ended_is_forgotten_after_its_time(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    for n in 0..3 {
        play.stage.chat(&format!("Hei {n}")).await;
    }
    play.work(endpoint).await;
    play.report(endpoint, 1, TAKEN).await;
    play.report(endpoint, 2, REFUSED).await;
    play.stage.pass(10);
    play.report(endpoint, 3, TAKEN).await;
    assert_eq!(play.hooks.prune_calls(play.stage.now, 100).await, Ok(1));
    let left = play.calls(endpoint, CallFilter::default()).await;
    assert_eq!(left.iter().map(|call| call.number).collect::<Vec<_>>(), [3, 2]);
}
