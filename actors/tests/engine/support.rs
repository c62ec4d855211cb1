//! A whole engine over fakes: virtual time, a scripted model, a provider that remembers.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use forecourt_actors::{Captured, Engine, EngineConfig, EngineError, Ports, TenantHandle};
use forecourt_bus::LocalBus;
use forecourt_core::{
    capture::RawSubmission,
    event::{Event, EventRecord, Seq},
    hours::OpeningHours,
    id::{BookingId, DeliveryId, InboundEventId, MemberId, NodeId, SessionId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::{
    bus::{Bus as _, Pushed, Subscription},
    clock::Clock as _,
    fake::{FakeTools, ManualClock, MemStore, RecordingSender, Script, ScriptedModel, SeqIds},
    ids::Ids,
    links::Links,
    model::Model,
    sender::Letter,
    store::{
        InboundEvent, InboundOutcome, Journal as _, Member, NewMember, NewTenant, Role,
        TenantSnapshot,
    },
};
use jiff::SignedDuration;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Where connections would be driven; one for all tests, as in the binary.
pub(crate) static IO: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// No test waits longer than this in real time for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A member of the tenant.
pub(crate) const MEMBER: MemberId = MemberId::from_uuid(Uuid::from_u128(7));
pub(crate) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x1001));

pub(crate) struct NoLinks;

impl Links for NoLinks {
    fn unsubscribe(&self, _: TenantId, _: SessionId) -> Option<String> {
        None
    }
    fn conversation(&self, _: TenantId, session: SessionId) -> String {
        format!("https://forecourt.example/app/{session}")
    }
    fn code(&self, _: TenantId, _: BookingId, letter: DeliveryId) -> Option<String> {
        Some(format!("{:06}", letter.as_uuid().as_u128() % 1_000_000))
    }
}

/// Ids that panic when told to: a bug in the middle of a handler.
pub(crate) struct FaultyIds {
    inner: SeqIds,
    pub(crate) panics: AtomicU32,
}

impl Ids for FaultyIds {
    fn uuid(&self) -> Uuid {
        let left = self.panics.load(Ordering::SeqCst);
        if left > 0 && std::thread::current().name().is_some_and(|name| name.contains("arbiter")) {
            self.panics.store(left - 1, Ordering::SeqCst);
            panic!("a bug, on purpose");
        }
        self.inner.uuid()
    }
}

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemStore,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) ids: Arc<FaultyIds>,
    pub(crate) primary: Arc<ScriptedModel>,
    pub(crate) second: Arc<ScriptedModel>,
    pub(crate) sender: Arc<RecordingSender>,
    /// Systems of tenants' own.
    pub(crate) tools: FakeTools,
    pub(crate) engine: Engine,
    pub(crate) tenant: TenantHandle,
    events: Subscription,
    pub(crate) seen: Vec<EventRecord>,
    node: u128,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap());
        let answer = Script::say("Takk for henvendelsen. En av oss svarer deg snart.");
        let model =
            |name| Arc::new(ScriptedModel::new(name, Arc::new(clock.clone()), answer.clone()));
        let store = MemStore::new(node(1));
        store.seed_tenant(NewTenant {
            snapshot: TenantSnapshot {
                id: TENANT,
                slug: "nordlys-bil".into(),
                pack: "dealer".into(),
                settings: settings(),
            },
            name: "Nordlys Bil".into(),
            knowledge: Knowledge::default(),
            busy: vec![],
            members: vec![NewMember {
                member: Member {
                    tenant: TENANT,
                    member: MEMBER,
                    name: "Ola Selger".into(),
                    email: "ola@nordlys.example".into(),
                    role: Role::Seller,
                },
                lang: Lang::Nb,
                password_hash: None,
            }],
        });
        let (primary, second) = (model("primary"), model("second"));
        let sender = Arc::new(RecordingSender::new(Arc::new(clock.clone())));
        let ids = Arc::new(FaultyIds { inner: SeqIds::new(), panics: AtomicU32::new(0) });
        let bus = Arc::new(LocalBus::default());
        let tools = FakeTools::default();
        let engine = start(&clock, &store, &bus, &ids, &primary, &second, &sender, &tools, 1);
        let tenant = engine.tenant("nordlys-bil").await.unwrap().unwrap();
        let events = bus.subscribe_tenant(TENANT);
        Self {
            clock,
            store,
            bus,
            ids,
            primary,
            second,
            sender,
            tools,
            engine,
            tenant,
            events,
            seen: Vec::new(),
            node: 1,
        }
    }

    /// Starts another engine over the same store, as after a crash; the old one is forgotten where it stood.
    pub(crate) async fn restart(&mut self) {
        self.node += 1;
        let store = self.store.node(node(self.node));
        self.bus = Arc::new(LocalBus::default());
        self.events = self.bus.subscribe_tenant(TENANT);
        let (bus, ids) = (&self.bus, &self.ids);
        self.engine = start(
            &self.clock,
            &store,
            bus,
            ids,
            &self.primary,
            &self.second,
            &self.sender,
            &self.tools,
            self.node,
        );
        self.engine.recover().await.unwrap();
        self.tenant = self.engine.tenant("nordlys-bil").await.unwrap().unwrap();
    }

    /// Another engine at the same store, beside this one and others.
    pub(crate) fn beside(&self, n: u128) -> Engine {
        let store = self.store.node(node(n));
        let bus = Arc::new(LocalBus::default());
        let Self { clock, ids, primary, second, sender, tools, .. } = self;
        start_beside(clock, &store, &bus, ids, primary, second, sender, tools, n, false)
    }

    pub(crate) async fn capture(
        &self,
        email: &str,
        message: &str,
    ) -> Result<Captured, EngineError> {
        let submission = RawSubmission {
            name: Some("Kari Nordmann".into()),
            email: Some(email.into()),
            message: Some(message.into()),
            ..RawSubmission::default()
        };
        self.tenant.capture(submission.parse("NO").unwrap(), self.call()).await
    }

    fn call(&self) -> InboundEvent {
        InboundEvent {
            id: InboundEventId::from_uuid(self.ids.inner.uuid()),
            at: self.clock.now(),
            kind: "form",
            status: 200,
            outcome: InboundOutcome::Created,
            lead: None,
            content_type: None,
            body: String::new(),
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Waits for an event that was not seen yet, in real time; what came before it is kept in `seen`.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&Event) -> bool,
    ) -> EventRecord {
        let wait = async {
            loop {
                match self.events.events.recv().await {
                    Some(Pushed::Event(event)) => {
                        self.seen.push(event.record.clone());
                        if wanted(&event.record.event) {
                            return event.record.clone();
                        }
                    }
                    Some(Pushed::Draft(_) | Pushed::Ephemeral(..)) => {}
                    None => panic!("cut off while waiting for {what}"),
                }
            }
        };
        let Ok(record) = tokio::time::timeout(PATIENCE, wait).await else {
            let seen: Vec<_> = self.seen.iter().map(|r| &r.event).collect();
            panic!("{what} never came; seen: {seen:#?}");
        };
        record
    }

    pub(crate) async fn until_answered(&mut self) -> EventRecord {
        self.until("the proof of the answer", |e| matches!(e, Event::PromiseKept { .. })).await
    }

    /// Every event there is, from the store.
    pub(crate) async fn journal(&self) -> Vec<Event> {
        let records = self.store.replay(TENANT, Seq(0), 10_000).await.unwrap();
        records.into_iter().map(|record| record.event).collect()
    }

    /// Texts that customers were sent.
    pub(crate) fn letters(&self) -> Vec<String> {
        let text = |letter: &Letter| match letter {
            Letter::Answer { text, .. }
            | Letter::MemberAnswer { text, .. }
            | Letter::Booking { text, .. } => Some(text.clone()),
            Letter::Alert { .. } | Letter::EndpointPaused { .. } => None,
        };
        self.sender.sent().iter().filter_map(|sent| text(&sent.outgoing.letter)).collect()
    }

    pub(crate) fn alerts(&self) -> usize {
        let is_alert = |letter: &Letter| matches!(letter, Letter::Alert { .. });
        self.sender.sent().iter().filter(|sent| is_alert(&sent.outgoing.letter)).count()
    }
}

#[expect(clippy::too_many_arguments, reason = "a constructor of a test's world")]
fn start(
    clock: &ManualClock,
    store: &MemStore,
    bus: &Arc<LocalBus>,
    ids: &Arc<FaultyIds>,
    primary: &Arc<ScriptedModel>,
    second: &Arc<ScriptedModel>,
    sender: &Arc<RecordingSender>,
    tools: &FakeTools,
    n: u128,
) -> Engine {
    start_beside(clock, store, bus, ids, primary, second, sender, tools, n, true)
}

#[expect(clippy::too_many_arguments, reason = "a constructor of a test's world")]
fn start_beside(
    clock: &ManualClock,
    store: &MemStore,
    bus: &Arc<LocalBus>,
    ids: &Arc<FaultyIds>,
    primary: &Arc<ScriptedModel>,
    second: &Arc<ScriptedModel>,
    sender: &Arc<RecordingSender>,
    tools: &FakeTools,
    n: u128,
    sole: bool,
) -> Engine {
    let ports = Ports {
        store: Arc::new(store.clone()),
        bus: Arc::clone(bus) as _,
        clock: Arc::new(clock.clone()),
        ids: Arc::clone(ids) as _,
        primary: Arc::clone(primary) as Arc<dyn Model>,
        second: Arc::clone(second) as Arc<dyn Model>,
        sender: Arc::clone(sender) as _,
        links: Arc::new(NoLinks),
        tools: Arc::new(tools.clone()),
        meaning: None,
        node: node(n),
        io: IO.handle().clone(),
    };
    Engine::start(ports, EngineConfig { arbiters: 2, sole, ..EngineConfig::default() })
}

pub(crate) fn node(n: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn settings() -> TenantSettings {
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: None,
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours::default(),
        promise: PromiseSettings::default(),
        gather: forecourt_core::gather::GatherSettings::default(),
        handoff: forecourt_core::handoff::HandoffSettings::default(),
        dialogue: forecourt_core::dialogue::DialogueSettings::default(),
        bookings: forecourt_core::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "post@nordlys.example".into(),
            reply_to: None,
            alert_to: vec!["vakt@nordlys.example".into()],
        },
        allowed_origins: Vec::new(),
        models: forecourt_core::models::ModelSettings::default(),
    }
}
