//! What every store keeps of endpoints and calls.

use std::sync::Arc;

use forecourt_core::{
    event::Seq,
    id::{EndpointId, NodeId, SessionId},
    session::{Command, LeadSession},
    webhook::{self, FAILING_FOR, Outcome, PauseReason, Topic},
};
use jiff::{SignedDuration, Timestamp};

use super::{Ground, Stage};
use crate::{
    fake::PlainEncode,
    ids::Ids as _,
    store::{
        CallFilter, CallRecord, CallReport, CallStatus, EndpointChange, EndpointRecord,
        NewEndpoint, NoticeStatus, Replay, Replayed, Reported, Webhooks, Work, WorkAsk,
    },
};

const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// A ground whose nodes know webhooks.
pub trait WebhookGround: Ground {
    /// The store as node number `n` sees it.
    fn webhooks(&self, n: u8) -> Arc<dyn Webhooks>;
}

/// Makes one `#[tokio::test]` of every test about webhooks; see [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! webhook_contract {
    ($ground:path) => {
        $crate::store_contract!(@each $ground:
            an_endpoint_hears_of_what_comes_after_it_was_made
            an_endpoint_hears_of_its_topics_alone
            of_one_conversation_only_the_oldest_pending_call_is_due
            an_endpoint_is_claimed_by_one_node_until_its_lease_ends
            an_event_becomes_one_call_whoever_takes_it
            a_call_that_is_not_taken_climbs_the_ladder_and_lets_the_next_one_by_when_it_ends
            an_endpoint_that_is_gone_is_paused_at_once_and_people_are_told_once
            an_endpoint_that_fails_for_three_days_is_paused
            a_paused_endpoint_goes_on_where_it_stopped_or_leaves_out_what_waited
            calls_are_replayed_one_or_many_with_the_same_ids
            calls_are_listed_newest_first_and_tell_every_try
            a_rotated_secret_signs_for_a_while
            a_test_waits_for_nobody
            a_tenant_has_so_many_endpoints_and_no_more
            a_deleted_endpoint_is_gone_and_its_calls_follow
            what_has_ended_is_forgotten_after_its_time
            webhooks_of_another_tenant_are_not_there
        );
    };
}

struct Play<'a, G: WebhookGround> {
    stage: Stage<'a>,
    ground: &'a G,
    hooks: Arc<dyn Webhooks>,
}

impl<'a, G: WebhookGround> Play<'a, G> {
    async fn set(ground: &'a G) -> Self {
        let stage = Stage::set(ground).await;
        Self { hooks: ground.webhooks(1), stage, ground }
    }

    async fn endpoint(&self, topics: &[Topic]) -> EndpointId {
        let made = self.hooks.create_endpoint(self.stage.tenant, &self.described(topics)).await;
        made.expect("the store is there").expect("there is room").endpoint
    }

    fn described(&self, topics: &[Topic]) -> NewEndpoint {
        NewEndpoint {
            endpoint: self.stage.ids.endpoint(),
            url: "https://example.com/hook".into(),
            description: Some("Regnskap".into()),
            topics: topics.to_vec(),
            secret: vec![7; 32],
            by: self.stage.member,
            at: self.stage.now,
        }
    }

    async fn find(&self, endpoint: EndpointId) -> Option<EndpointRecord> {
        self.hooks.find_endpoint(self.stage.tenant, endpoint).await.expect("a read")
    }

    async fn claim(&self, node: NodeId) -> usize {
        let claimed = self.hooks.claim_endpoints(node, self.stage.now, LEASE, 10).await;
        claimed.expect("a claim").len()
    }

    async fn work_of(&self, node: NodeId, endpoint: EndpointId, busy: &[i64]) -> Option<Work> {
        let ask = WorkAsk { node, now: self.stage.now, lease: LEASE, busy, room: 100 };
        self.hooks.work(self.stage.tenant, endpoint, &ask, &PlainEncode).await.expect("work")
    }

    /// Takes the endpoint for the first node, and what is due.
    async fn work(&self, endpoint: EndpointId) -> Work {
        self.claim(self.stage.node).await;
        self.work_of(self.stage.node, endpoint, &[]).await.expect("the endpoint is ours")
    }

    async fn report(
        &self,
        endpoint: EndpointId,
        number: i64,
        outcome: Outcome,
    ) -> Option<Reported> {
        let report = CallReport {
            number,
            at: self.stage.now,
            took: std::time::Duration::from_millis(12),
            outcome,
            beginning: "ok".into(),
            retry_after: None,
            now: self.stage.now,
        };
        self.hooks.report_call(self.stage.tenant, endpoint, &report).await.expect("a report")
    }

    async fn change(&self, endpoint: EndpointId, change: EndpointChange) -> EndpointRecord {
        let tenant = self.stage.tenant;
        let changed = self.hooks.change_endpoint(tenant, endpoint, &change, self.stage.now).await;
        changed.expect("a change").expect("the endpoint is there")
    }

    async fn calls(&self, endpoint: EndpointId, filter: CallFilter) -> Vec<CallRecord> {
        let filter = CallFilter { limit: filter.limit.max(50), ..filter };
        self.hooks.list_calls(self.stage.tenant, endpoint, &filter).await.expect("a list")
    }

    async fn say(&self, state: &LeadSession, n: u32) -> LeadSession {
        let command: Command = Stage::customer_says(&format!("Hei {n}"), &format!("w-{n}"));
        self.stage.play(state, command).await
    }

    async fn replay(&self, endpoint: EndpointId, which: Replay) -> Replayed {
        let done = self.hooks.replay_calls(self.stage.tenant, endpoint, &which, self.stage.now);
        done.await.expect("a replay")
    }
}

const TAKEN: Outcome = Outcome::Answered { status: 204 };
const REFUSED: Outcome = Outcome::Answered { status: 500 };
const MESSAGES: &[Topic] = &[Topic::MessagePosted];

fn numbers(work: &Work) -> Vec<i64> {
    work.calls.iter().map(|call| call.number).collect()
}

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
