//! Calls to integrators' endpoints over fakes: order, patience, and what happens when a node dies.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use forecourt_actors::{WebhookCalls, WebhookPorts};
use forecourt_bus::LocalBus;
use forecourt_core::{
    event::Event,
    id::{EndpointId, NodeId, TenantId},
    session::LeadSession,
    webhook::{Outcome, PauseReason, Topic},
};
use forecourt_ports::{
    bus::{Bus as _, Published},
    clock::Clock as _,
    contract::{Ground, Stage},
    fake::{
        Dial, FakeCaller, ManualClock, MemStore, OpenVault, PlainEncode, RecordingSender, SeqIds,
    },
    ids::Ids as _,
    sender::Letter,
    store::{
        CallFilter, CallStatus, Journal as _, NewEndpoint, NewTenant, NoticeStatus, Store,
        Webhooks as _,
    },
    webhook::{Owner, Request, Secret, Vault as _},
};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::support::NoLinks;

const DOWN: Outcome = Outcome::Failed { code: "connect" };
const NO: Outcome = Outcome::Answered { status: 400 };
const TAKEN: Outcome = Outcome::Answered { status: 204 };

struct Memory(MemStore);

#[async_trait]
impl Ground for Memory {
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>) {
        (node(n), Arc::new(self.0.node(node(n))))
    }

    async fn add_tenant(&self, new: NewTenant) {
        self.0.seed_tenant(new);
    }
}

fn node(n: u8) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(n.into()))
}

/// A tenant whose log grows, endpoints that answer as they are told, and nodes that call them.
struct World<'a> {
    stage: Stage<'a>,
    store: MemStore,
    clock: ManualClock,
    bus: Arc<LocalBus>,
    caller: FakeCaller,
    sender: Arc<RecordingSender>,
}

impl<'a> World<'a> {
    async fn new(ground: &'a Memory) -> Self {
        let stage = Stage::set(ground).await;
        let clock = ManualClock::new(stage.now);
        Self {
            store: ground.0.clone(),
            bus: Arc::new(LocalBus::default()),
            caller: FakeCaller::default(),
            sender: Arc::new(RecordingSender::new(Arc::new(clock.clone()))),
            clock,
            stage,
        }
    }

    /// Webhooks as node `n` runs them, on this thread: its order is the same in every run.
    fn start(&self, n: u8) -> WebhookCalls {
        let store = self.store.node(node(n));
        let ports = WebhookPorts {
            webhooks: Arc::new(store.clone()),
            store: Arc::new(store),
            bus: Arc::<LocalBus>::clone(&self.bus),
            clock: Arc::new(self.clock.clone()),
            ids: Arc::new(SeqIds::lane(900 + u16::from(n))),
            links: Arc::new(NoLinks),
            sender: Arc::<RecordingSender>::clone(&self.sender),
            caller: Arc::new(self.caller.clone()),
            vault: Arc::new(OpenVault),
            encode: Arc::new(PlainEncode),
            node: node(n),
            io: tokio::runtime::Handle::current(),
        };
        WebhookCalls::start(ports, false)
    }

    async fn endpoint(&self, url: &str) -> EndpointId {
        let owner = Owner { tenant: self.tenant(), endpoint: self.stage.ids.endpoint() };
        let new = NewEndpoint {
            endpoint: owner.endpoint,
            url: url.into(),
            description: None,
            topics: vec![Topic::MessagePosted],
            secret: OpenVault.seal(owner, &Secret::new(vec![7; 32])).unwrap(),
            by: self.stage.member,
            at: self.clock.now(),
        };
        self.store.create_endpoint(owner.tenant, &new).await.unwrap().unwrap().endpoint
    }

    fn tenant(&self) -> TenantId {
        self.stage.tenant
    }

    /// A customer writes; the event is published as a commit's is.
    async fn chat(&self) -> LeadSession {
        let before = self.store.head(self.tenant()).await.unwrap().seq;
        let state = self.stage.chat("Hei").await;
        let events = self.store.replay(self.tenant(), before, 100).await.unwrap();
        self.bus.publish(self.tenant(), events.into_iter().map(Published::new).collect());
        state
    }

    async fn say(&self, state: &LeadSession, n: u32) -> LeadSession {
        self.stage.play(state, Stage::customer_says("Hallo?", &format!("w-{n}"))).await
    }

    async fn run(&self, seconds: i64) {
        self.clock.run_for(SignedDuration::from_secs(seconds)).await;
    }

    fn seen(&self, url: &str) -> Vec<Request> {
        self.caller.seen().into_iter().filter(|request| request.url == url).collect()
    }

    async fn statuses(&self, endpoint: EndpointId) -> Vec<(CallStatus, u32)> {
        let filter = CallFilter { limit: 500, ..CallFilter::default() };
        let calls = self.store.list_calls(self.tenant(), endpoint, &filter).await.unwrap();
        calls.into_iter().rev().map(|call| (call.status, call.tries)).collect()
    }
}

fn memory() -> Memory {
    Memory(MemStore::new(node(1)))
}

#[tokio::test]
async fn one_slow_endpoint_delays_no_other_and_has_eight_calls_at_most() {
    let ground = memory();
    let world = World::new(&ground).await;
    world.endpoint("https://slow.example/").await;
    let quick = world.endpoint("https://quick.example/").await;
    world.caller.hold("https://slow.example/");
    let calls = world.start(1);
    for _ in 0..30 {
        world.chat().await;
    }
    world.run(3).await;
    assert_eq!(world.seen("https://slow.example/").len(), 8);
    assert_eq!(world.seen("https://quick.example/").len(), 30);
    assert!(world.statuses(quick).await.iter().all(|call| *call == (CallStatus::Accepted, 1)));
    world.caller.let_go("https://slow.example/");
    world.run(3).await;
    assert_eq!(world.seen("https://slow.example/").len(), 30);
    assert_eq!(world.caller.most_at_once(), 8);
    calls.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_event_leaves_at_once_and_carries_its_id_and_both_secrets() {
    let ground = memory();
    let world = World::new(&ground).await;
    world.endpoint("https://a.example/").await;
    let calls = world.start(1);
    world.chat().await;
    world.run(2).await;
    // The worker lingers: the second needs no sweep.
    world.chat().await;
    world.clock.run_for(SignedDuration::from_millis(50)).await;
    let seen = world.seen("https://a.example/");
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].secrets, [Secret::new(vec![7; 32])]);
    assert!(seen[0].id.starts_with("evt_") && seen[0].id != seen[1].id);
    assert!(seen[1].body.starts_with("message.posted#"));
    calls.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn of_one_conversation_nothing_overtakes_what_was_not_taken() {
    let ground = memory();
    let world = World::new(&ground).await;
    let endpoint = world.endpoint("https://a.example/").await;
    world.caller.answer("https://a.example/", [NO, NO, TAKEN]);
    let mut state = world.chat().await;
    for n in 0..4 {
        state = world.say(&state, n).await;
    }
    let calls = world.start(1);
    world.run(20 * 60).await;
    let seen = world.seen("https://a.example/");
    let first = &seen[0];
    assert!(seen[..3].iter().all(|request| request.id == first.id && request.body == first.body));
    assert!(seen[0].at < seen[1].at, "each try says its own time");
    let bodies: Vec<&str> = seen[2..].iter().map(|request| request.body.as_str()).collect();
    let order = |body: &&str| body.split('#').nth(1).unwrap().parse::<i64>().unwrap();
    assert!(bodies.is_sorted_by_key(order), "{bodies:?}");
    let statuses = world.statuses(endpoint).await;
    assert!(statuses.iter().all(|(status, _)| *status == CallStatus::Accepted));
    assert_eq!(statuses[0].1, 3);
    calls.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_and_what_waits_burns_no_step() {
    let ground = memory();
    let world = World::new(&ground).await;
    let endpoint = world.endpoint("https://down.example/").await;
    world.caller.answer("https://down.example/", [DOWN]);
    let calls = world.start(1);
    for _ in 0..40 {
        world.chat().await;
    }
    world.run(30 * 60).await;
    let tried = world.seen("https://down.example/").len();
    assert!((8..40).contains(&tried), "{tried} tries in half an hour");
    let untouched = world.statuses(endpoint).await.iter().filter(|(_, tries)| *tries == 0).count();
    assert!(untouched > 10, "{untouched} calls keep their whole ladder");
    world.caller.answer("https://down.example/", [TAKEN]);
    world.run(45 * 60).await;
    let left = world.statuses(endpoint).await;
    assert!(left.iter().all(|(status, _)| *status == CallStatus::Accepted), "{left:?}");
    calls.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_a_dead_node_had_is_called_by_another_with_the_same_ids() {
    let ground = memory();
    let world = World::new(&ground).await;
    let endpoint = world.endpoint("https://a.example/").await;
    world.caller.hold("https://a.example/");
    let dead = world.start(1);
    for _ in 0..3 {
        world.chat().await;
    }
    world.run(2).await;
    assert_eq!(world.seen("https://a.example/").len(), 3);
    // It hangs in its calls for ever, and its claim is renewed no more.
    dead.stop(Duration::ZERO).await;
    let alive = world.start(2);
    world.run(10).await;
    assert_eq!(world.seen("https://a.example/").len(), 3, "the claim still holds");
    world.run(10).await;
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for request in world.seen("https://a.example/") {
        *by_id.entry(request.id).or_default() += 1;
    }
    assert_eq!(by_id.values().copied().collect::<Vec<_>>(), [2, 2, 2]);
    world.caller.let_go("https://a.example/");
    world.run(5).await;
    let told = world.statuses(endpoint).await;
    assert_eq!(told, [(CallStatus::Accepted, 1); 3], "two answers, one report each counts");
    alive.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_report_that_the_store_did_not_take_is_made_later() {
    let ground = memory();
    let world = World::new(&ground).await;
    let endpoint = world.endpoint("https://a.example/").await;
    world.caller.hold("https://a.example/");
    let calls = world.start(1);
    world.chat().await;
    world.run(2).await;
    world.store.set_unavailable(true);
    world.caller.let_go("https://a.example/");
    world.run(3).await;
    world.store.set_unavailable(false);
    world.run(5).await;
    assert_eq!(world.statuses(endpoint).await, [(CallStatus::Accepted, 1)]);
    assert_eq!(world.seen("https://a.example/").len(), 1);
    calls.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_pause_is_told_by_one_letter_even_when_the_mail_server_was_away() {
    let ground = memory();
    let world = World::new(&ground).await;
    let endpoint = world.endpoint("https://gone.example/secret-path").await;
    world.caller.answer("https://gone.example/secret-path", [Outcome::Answered { status: 410 }]);
    world.sender.dial_next(1, &Dial::Refuse);
    let (one, two) = (world.start(1), world.start(2));
    world.chat().await;
    world.run(60).await;
    let find =
        || async { world.store.find_endpoint(world.tenant(), endpoint).await.unwrap().unwrap() };
    assert_eq!(find().await.paused.map(|paused| paused.why), Some(PauseReason::Gone));
    assert_eq!(world.sender.sent().len(), 0, "the mail server was away");
    world.run(15 * 60).await;
    assert_eq!(find().await.notice, Some(NoticeStatus::Sent));
    let sent = world.sender.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].outgoing.to.address, "vakt@prove.example.no");
    assert!(matches!(
        sent[0].outgoing.letter,
        Letter::EndpointPaused { why: PauseReason::Gone, .. }
    ));
    world.run(60 * 60).await;
    assert_eq!(
        (world.sender.sent().len(), world.seen("https://gone.example/secret-path").len()),
        (1, 1)
    );
    one.stop(Duration::from_secs(5)).await;
    two.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_endpoint_without_work_holds_no_claim_and_no_worker() {
    let ground = memory();
    let world = World::new(&ground).await;
    world.endpoint("https://a.example/").await;
    let calls = world.start(1);
    world.chat().await;
    world.run(30).await;
    // Whoever comes next may have it.
    world.stage.chat("Hei igjen").await;
    let claimed =
        world.store.claim_endpoints(node(2), world.clock.now(), SignedDuration::from_secs(15), 10);
    assert_eq!(claimed.await.unwrap().len(), 1);
    assert!(
        world
            .store
            .replay(world.tenant(), forecourt_core::event::Seq(0), 10)
            .await
            .unwrap()
            .iter()
            .any(|record| matches!(record.event, Event::MessagePosted(_)))
    );
    calls.stop(Duration::from_secs(5)).await;
}
