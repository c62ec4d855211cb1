//! Endpoints: how many, when they are paused and go on, their secrets, and what goes with them.

use forecourt_core::{
    id::SessionId,
    webhook::{self, FAILING_FOR, Outcome, PauseReason},
};
use jiff::{SignedDuration, Timestamp};

use super::{MESSAGES, Play, TAKEN, WebhookGround, numbers};
use crate::store::{CallFilter, CallStatus, EndpointChange, NoticeStatus, Replay};

pub async fn an_endpoint_that_is_gone_is_paused_at_once_and_people_are_told_once(
    ground: &impl WebhookGround,
) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    play.stage.chat("Hei").await;
    play.work(endpoint).await;
    let reported = play.report(endpoint, 1, Outcome::Answered { status: 410 }).await;
    assert_eq!(reported.expect("pending").paused, Some(PauseReason::Gone));
    assert!(play.work_of(play.stage.node, endpoint, &[]).await.is_none());
    assert_eq!(play.claim(play.stage.node).await, 0);
    let record = play.find(endpoint).await.expect("there");
    assert_eq!(record.paused.map(|paused| paused.why), Some(PauseReason::Gone));
    assert_eq!(record.notice, Some(NoticeStatus::Due));
    assert_eq!(play.hooks.undone_calls().await, Ok(0), "nobody waits for a paused endpoint");
    let (tenant, minute) = (play.stage.tenant, SignedDuration::from_mins(1));
    let due = play.hooks.claim_notices(play.stage.now, minute, 10).await.expect("notices");
    assert_eq!((due.len(), due[0].endpoint, due[0].why), (1, endpoint, PauseReason::Gone));
    let none = play.hooks.claim_notices(play.stage.now, minute, 10).await.expect("notices");
    assert_eq!(none, [], "somebody is at it");
    play.stage.pass(61);
    assert_eq!(play.hooks.claim_notices(play.stage.now, minute, 10).await.map(|d| d.len()), Ok(1));
    let note = |status, at| play.hooks.note_notice(tenant, endpoint, status, at);
    let now = play.stage.now;
    assert_eq!(note(NoticeStatus::Begun, now).await, Ok(true));
    assert_eq!(note(NoticeStatus::Begun, now).await, Ok(false), "at most one letter leaves");
    assert_eq!(note(NoticeStatus::Sent, now).await, Ok(true));
    assert_eq!(note(NoticeStatus::Due, now).await, Ok(false));
    play.stage.pass(3_600);
    let none = play.hooks.claim_notices(play.stage.now, minute, 10).await.expect("notices");
    assert_eq!(none, []);
}

pub async fn an_endpoint_that_fails_for_three_days_is_paused(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    play.stage.chat("Hei").await;
    play.work(endpoint).await;
    let timeout = Outcome::Failed { code: "timeout" };
    assert_eq!(play.report(endpoint, 1, timeout).await.expect("pending").paused, None);
    let since = play.stage.now;
    assert_eq!(play.find(endpoint).await.expect("there").failing_since, Some(since));
    play.stage.pass(FAILING_FOR.as_secs());
    let reported = play.report(endpoint, 1, timeout).await.expect("pending");
    assert_eq!(reported.paused, Some(PauseReason::Failing));
    assert_eq!(play.find(endpoint).await.expect("there").notice, Some(NoticeStatus::Due));
    // Nobody is told any more of what a member has set right.
    play.change(endpoint, EndpointChange::Resume { skip: false }).await;
    let minute = SignedDuration::from_mins(1);
    assert_eq!(play.hooks.claim_notices(play.stage.now, minute, 10).await, Ok(vec![]));
    assert_eq!(numbers(&play.work(endpoint).await), [1], "what waited leaves at once");
}

pub async fn a_paused_endpoint_goes_on_where_it_stopped_or_leaves_out_what_waited(
    ground: &impl WebhookGround,
) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    let state = play.stage.chat("Hei").await;
    play.work(endpoint).await;
    let paused = play.change(endpoint, EndpointChange::Pause).await;
    assert_eq!(paused.paused.map(|paused| paused.why), Some(PauseReason::Member));
    assert_eq!(paused.notice, None, "who does it knows it");
    let state = play.say(&state, 1).await;
    assert_eq!(play.claim(play.stage.node).await, 0);
    assert_eq!(play.change(endpoint, EndpointChange::Pause).await.paused, paused.paused);
    // A try that was under way when it was paused still counts.
    assert!(play.report(endpoint, 1, TAKEN).await.is_some());
    play.change(endpoint, EndpointChange::Resume { skip: false }).await;
    assert_eq!(numbers(&play.work(endpoint).await), [2]);

    play.change(endpoint, EndpointChange::Pause).await;
    let state = play.say(&state, 2).await;
    let resumed = play.change(endpoint, EndpointChange::Resume { skip: true }).await;
    assert_eq!((resumed.behind, resumed.pending), (0, 0));
    let skipped = CallFilter { status: Some(CallStatus::Skipped), ..CallFilter::default() };
    assert_eq!(play.calls(endpoint, skipped).await.len(), 1);
    play.say(&state, 3).await;
    assert_eq!(numbers(&play.work(endpoint).await), [3], "only what came after");
}

pub async fn a_rotated_secret_signs_for_a_while(ground: &impl WebhookGround) {
    let mut play = Play::set(ground).await;
    let endpoint = play.endpoint(MESSAGES).await;
    play.stage.chat("Hei").await;
    let work = play.work(endpoint).await;
    assert_eq!((work.secret, work.old_secret), (vec![7; 32], None));
    let old_until = play.stage.now.checked_add(SignedDuration::from_hours(24)).expect("a time");
    let rotate = EndpointChange::Rotate { secret: vec![8; 32], old_until };
    assert_eq!(play.change(endpoint, rotate).await.old_secret_until, Some(old_until));
    let work = play.work(endpoint).await;
    assert_eq!((work.secret, work.old_secret), (vec![8; 32], Some(vec![7; 32])));
    play.stage.pass(24 * 3_600);
    let work = play.work(endpoint).await;
    assert_eq!((work.secret, work.old_secret), (vec![8; 32], None));
}

pub async fn a_tenant_has_so_many_endpoints_and_no_more(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let mut made = Vec::new();
    for _ in 0..webhook::MOST_ENDPOINTS {
        made.push(play.endpoint(&[]).await);
    }
    let one_more = play.hooks.create_endpoint(play.stage.tenant, &play.described(&[])).await;
    assert_eq!(one_more, Ok(None));
    let list = play.hooks.list_endpoints(play.stage.tenant).await.expect("a list");
    assert_eq!(list.iter().map(|record| record.endpoint).collect::<Vec<_>>(), made);
}

pub async fn a_deleted_endpoint_is_gone_and_its_calls_follow(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(&[]).await;
    let kept = play.endpoint(&[]).await;
    play.stage.chat("Hei").await;
    play.work(endpoint).await;
    let (tenant, now) = (play.stage.tenant, play.stage.now);
    assert_eq!(play.hooks.delete_endpoint(tenant, endpoint, now).await, Ok(true));
    assert_eq!(play.hooks.delete_endpoint(tenant, endpoint, now).await, Ok(false));
    assert!(play.find(endpoint).await.is_none());
    assert!(play.work_of(play.stage.node, endpoint, &[]).await.is_none());
    let change = play.hooks.change_endpoint(tenant, endpoint, &EndpointChange::Pause, now).await;
    assert_eq!(change, Ok(None));
    play.hooks.prune_calls(Timestamp::UNIX_EPOCH, 1).await.expect("pruned");
    play.hooks.prune_calls(Timestamp::UNIX_EPOCH, 1_000).await.expect("pruned");
    assert_eq!(play.calls(endpoint, CallFilter::default()).await, []);
    let list = play.hooks.list_endpoints(tenant).await.expect("a list");
    assert_eq!(list.iter().map(|record| record.endpoint).collect::<Vec<_>>(), [kept]);
}

pub async fn webhooks_of_another_tenant_are_not_there(ground: &impl WebhookGround) {
    let play = Play::set(ground).await;
    let endpoint = play.endpoint(&[]).await;
    play.stage.chat("Hei").await;
    play.work(endpoint).await;
    let other = Play {
        stage: play.stage.set_another("annen-bil").await,
        hooks: play.ground.webhooks(1),
        ground: play.ground,
    };
    assert!(other.find(endpoint).await.is_none());
    assert_eq!(other.hooks.list_endpoints(other.stage.tenant).await, Ok(vec![]));
    assert!(other.work_of(other.stage.node, endpoint, &[]).await.is_none());
    assert_eq!(other.calls(endpoint, CallFilter::default()).await, []);
    assert_eq!(other.report(endpoint, 1, TAKEN).await, None);
    let (tenant, now) = (other.stage.tenant, other.stage.now);
    assert_eq!(other.hooks.delete_endpoint(tenant, endpoint, now).await, Ok(false));
    assert_eq!(other.replay(endpoint, Replay::Numbers(vec![1])).await.count, 0);
    let _conversation: SessionId = other.stage.chat("Hei").await.id;
    assert_eq!(
        play.calls(endpoint, CallFilter::default())
            .await
            .iter()
            .filter(|call| call.status == CallStatus::Pending)
            .count() as u64,
        play.find(endpoint).await.expect("there").pending
    );
}
