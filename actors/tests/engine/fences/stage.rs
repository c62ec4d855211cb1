//! One or two engines over one store, where a member and a model race for a session.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use forecourt_actors::{Captured, Engine, EngineConfig, EngineError, Ports, TenantHandle};
use forecourt_core::{
    capture::RawSubmission,
    event::{Channel, Seq},
    gather::GatherSettings,
    id::{InboundEventId, MemberId, SessionId},
    knowledge::Knowledge,
    lang::Lang,
    session::{LeadSession, Speaker},
};
use forecourt_ports::{
    bus::Bus as _,
    clock::Clock as _,
    fake::{FakeTools, ManualClock, MemStore, RecordingSender, SeqIds},
    ids::Ids as _,
    store::{
        InboundEvent, InboundOutcome, Journal as _, Member, NewMember, NewTenant, Role,
        TenantSnapshot,
    },
};
use futures_util::future::join_all;
use jiff::SignedDuration;
use uuid::Uuid;

use super::{
    audit::{self, Outcomes},
    doubles::{GatedModel, GatedSender, NodeBus, Race, Races},
};
use crate::support::{IO, MEMBER, NoLinks, TENANT, node, settings};

pub(crate) const COLLEAGUE: MemberId = MemberId::from_uuid(Uuid::from_u128(8));
/// How long a race may take to settle, in real time.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemStore,
    pub(crate) races: Arc<Races>,
    pub(crate) sender: Arc<GatedSender>,
    nodes: Vec<Node>,
    ids: Arc<SeqIds>,
    sessions: Vec<(SessionId, Channel)>,
}

struct Node {
    engine: Engine,
    tenant: TenantHandle,
    bus: Arc<NodeBus>,
}

impl Stage {
    /// `gather` is how long a chat waits for more text, in milliseconds.
    pub(crate) async fn new(nodes: u128, gather: u32) -> Self {
        let clock = ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap());
        let store = MemStore::new(node(1));
        let mut settings = settings();
        // Who was taken over stays with the member, however long a busy machine lets time pass.
        settings.handoff.give_back_after_ms = 0;
        settings.gather =
            GatherSettings { shortest_ms: gather, longest_ms: gather, ..GatherSettings::default() };
        // However long it takes: who has taken over keeps it.
        settings.handoff.give_back_after_ms = 0;
        let (id, slug, pack) = (TENANT, "nordlys-bil".to_owned(), "dealer".to_owned());
        store.seed_tenant(NewTenant {
            snapshot: TenantSnapshot { id, slug, pack, settings },
            name: "Nordlys Bil".into(),
            knowledge: Knowledge::default(),
            busy: vec![],
            members: [(MEMBER, "ola"), (COLLEAGUE, "per")].map(member).into(),
        });
        let races = Arc::<Races>::default();
        let inner = RecordingSender::new(Arc::new(clock.clone()));
        let sender = Arc::new(GatedSender { inner, races: Arc::clone(&races) });
        let ids = Arc::new(SeqIds::new());
        let buses = if nodes == 2 {
            let (a, b) = NodeBus::pair(&races);
            vec![a, b]
        } else {
            vec![NodeBus::alone(&races)]
        };
        let mut stage =
            Self { clock, store, races, sender, nodes: Vec::new(), ids, sessions: Vec::new() };
        for (n, bus) in (1..).zip(buses) {
            stage.start(n, bus, nodes == 1).await;
        }
        stage
    }

    async fn start(&mut self, n: u128, bus: NodeBus, sole: bool) {
        let bus = Arc::new(bus);
        let model = Arc::new(GatedModel(Arc::clone(&self.races)));
        let ports = Ports {
            store: Arc::new(self.store.node(node(n))),
            bus: Arc::clone(&bus) as _,
            clock: Arc::new(self.clock.clone()),
            ids: Arc::clone(&self.ids) as _,
            primary: Arc::clone(&model) as _,
            second: model,
            sender: Arc::clone(&self.sender) as _,
            links: Arc::new(NoLinks),
            tools: Arc::new(FakeTools::default()),
            meaning: None,
            node: node(n),
            io: IO.handle().clone(),
        };
        let config = EngineConfig { arbiters: 2, sole, ..EngineConfig::default() };
        let engine = Engine::start(ports, config);
        let tenant = engine.tenant("nordlys-bil").await.unwrap().unwrap();
        self.nodes.push(Node { engine, tenant, bus });
    }

    /// The tenant at the node where customers come in, and where members sit: the same, or another.
    pub(crate) fn customers(&self) -> &TenantHandle {
        &self.nodes[0].tenant
    }

    pub(crate) fn members(&self) -> &TenantHandle {
        &self.nodes[self.nodes.len() - 1].tenant
    }

    /// A form.
    pub(crate) async fn capture(&self, customer: usize, message: &str) -> Captured {
        self.capture_at(0, customer, message).await.unwrap()
    }

    /// A form that comes in at one of the nodes.
    pub(crate) async fn capture_at(
        &self,
        at: usize,
        customer: usize,
        message: &str,
    ) -> Result<Captured, EngineError> {
        let submission = RawSubmission {
            name: Some("Kari Nordmann".into()),
            email: Some(format!("kari{customer}@example.no")),
            message: Some(message.into()),
            ..RawSubmission::default()
        };
        let call = InboundEvent {
            id: InboundEventId::from_uuid(self.ids.uuid()),
            at: self.clock.now(),
            kind: "form",
            status: 200,
            outcome: InboundOutcome::Created,
            lead: None,
            content_type: None,
            body: String::new(),
        };
        self.nodes[at].tenant.capture(submission.parse("NO").unwrap(), call).await
    }

    /// A customer has written, by form and by chat in turn.
    pub(crate) async fn lead(&self, customer: usize) -> (SessionId, Channel) {
        if customer.is_multiple_of(2) {
            let captured = self.capture(customer, "Hei, er bilen ledig?").await;
            return (captured.session, Channel::Mail);
        }
        (self.chat().await, Channel::Widget)
    }

    pub(crate) async fn chat(&self) -> SessionId {
        let session = self.customers().open_session(Lang::Nb).await.unwrap();
        let text = "Hei, er bilen ledig?".to_owned();
        self.customers().post_message(session, text, "c1".into(), None).await.unwrap();
        session
    }

    /// Many leads whose models were asked and wait for the race.
    pub(crate) async fn leads(
        &mut self,
        customers: std::ops::Range<usize>,
    ) -> Vec<(SessionId, Channel, Arc<Race>)> {
        let leads = join_all(customers.map(|customer| self.lead(customer))).await;
        self.sessions.extend(&leads);
        let ready =
            leads.into_iter().map(|(session, channel)| (session, channel, self.races.of(session)));
        let ready = ready.map(|(session, channel, race)| async move {
            tokio::time::timeout(PATIENCE, race.asked.notified()).await.expect("a turn");
            (session, channel, race)
        });
        join_all(ready).await
    }

    /// Sessions that were not begun by [`leads`](Self::leads).
    pub(crate) fn note(&mut self, sessions: impl IntoIterator<Item = (SessionId, Channel)>) {
        self.sessions.extend(sessions);
    }

    pub(crate) async fn state(&self, session: SessionId) -> LeadSession {
        self.store.load(TENANT, session).await.unwrap().unwrap().state
    }

    /// Waits until each session is as it should be, in real time.
    pub(crate) async fn until(&self, what: &str, settled: impl Fn(&LeadSession) -> bool) {
        let wait = async {
            for (session, _) in &self.sessions {
                while !settled(&self.state(*session).await) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            for (session, _) in &self.sessions {
                let state = self.state(*session).await;
                assert!(settled(&state), "{what}: {state:#?}");
            }
        }
    }

    /// The same while time passes, second by second: letters wait for their provider's pace.
    pub(crate) async fn until_in_time(&self, what: &str, settled: impl Fn(&LeadSession) -> bool) {
        let passing = async {
            loop {
                self.clock.advance(SignedDuration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            () = self.until(what, settled) => {}
            () = passing => {}
        }
    }

    /// Lets everything end, and checks every session from its first event to its rows.
    pub(crate) async fn close(self) -> Outcomes {
        for node in &self.nodes {
            assert!(node.engine.stop(PATIENCE).await, "something still runs");
        }
        let records = self.store.replay(TENANT, Seq(0), 1_000_000).await.unwrap();
        let mut outcomes = audit::audit(records, &self.store, &self.sender.inner).await;
        for (session, _) in &self.sessions {
            for node in &self.nodes {
                let draft = node.bus.subscribe_session(TENANT, *session).draft;
                assert_eq!(draft, None, "{session}: an answer that is over is still shown");
            }
        }
        let Races { drafts_after_ack, letters_after_ack, drafts_after_commit, .. } = &*self.races;
        assert_eq!(letters_after_ack.load(Ordering::SeqCst), 0, "letters after the takeover (A7)");
        // What another node does not know yet it still shows; it learns of it with the next word.
        if self.nodes.len() == 1 {
            assert_eq!(drafts_after_ack.load(Ordering::SeqCst), 0, "text after the takeover (A7)");
        }
        outcomes.drafts_after_commit = drafts_after_commit.load(Ordering::SeqCst);
        outcomes.lost = self.nodes.iter().map(|n| n.bus.lost.load(Ordering::Relaxed)).sum();
        outcomes
    }
}

/// Nothing runs, no letter is on its way, and nobody waits except for a member.
pub(crate) fn at_rest(state: &LeadSession) -> bool {
    let with_member = matches!(state.speaker, Speaker::Member(_));
    state.turn.is_none()
        && state.deliveries.is_empty()
        && (state.closed || with_member || state.promises.is_empty())
}

fn member((member, name): (MemberId, &str)) -> NewMember {
    NewMember {
        member: Member {
            tenant: TENANT,
            member,
            name: name.into(),
            email: format!("{name}@nordlys.example"),
            role: Role::Seller,
        },
        lang: Lang::Nb,
        password_hash: None,
    }
}
