//! The engine that a case is played on: the real one, over a store, a post and a bus in memory.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use forecourt_actors::{Engine, EngineConfig, Ports, TenantHandle};
use forecourt_bus::LocalBus;
use forecourt_core::{
    event::{EventRecord, Seq},
    id::{BookingId, DeliveryId, NodeId, SessionId, TenantId, WebsiteId},
    search,
    session::LeadSession,
};
use forecourt_ports::{
    clock::Clock,
    fake::{FakeTools, MemStore, RecordingSender, SeqIds},
    links::Links,
    model::Model,
    sender::Letter,
    store::{
        Journal as _, NewTenant,
        websites::{PagePassage, WebsiteEnd, Websites as _},
    },
};
use jiff::{SignedDuration, Timestamp};
use tokio::{runtime::Handle, time::Instant};
use uuid::Uuid;

use super::businesses::PageRow;

const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(0x0e5a_0001));

/// The runtime's own clock, from a case's beginning; it must be paused for time to cost nothing.
#[derive(Clone, Copy)]
pub(crate) struct CaseClock {
    begin: Timestamp,
    origin: Instant,
}

impl CaseClock {
    pub(crate) fn start(begin: Timestamp) -> Self {
        Self { begin, origin: Instant::now() }
    }
}

#[async_trait]
impl Clock for CaseClock {
    fn now(&self) -> Timestamp {
        let passed = Instant::now().duration_since(self.origin).as_micros();
        let passed = SignedDuration::from_micros(i64::try_from(passed).unwrap_or(i64::MAX));
        self.begin.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = at.duration_since(self.now());
        tokio::time::sleep(left.try_into().unwrap_or_default()).await;
    }
}

/// The models of a case.
pub(crate) struct Models {
    pub(crate) primary: Arc<dyn Model>,
    pub(crate) second: Arc<dyn Model>,
}

/// A running engine with one tenant.
pub(crate) struct Stage {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: MemStore,
    pub(crate) tenant: TenantHandle,
    post: Arc<RecordingSender>,
    id: TenantId,
}

impl Stage {
    /// Must be called inside a running actix system; everything runs on its one thread.
    pub(crate) async fn open(
        tenant: NewTenant,
        pages: &[PageRow],
        clock: Arc<dyn Clock>,
        models: Models,
    ) -> anyhow::Result<Self> {
        let (id, slug) = (tenant.snapshot.id, tenant.snapshot.slug.clone());
        let store = MemStore::new(NODE);
        store.seed_tenant(tenant);
        read_pages(&store, id, pages, clock.now()).await?;
        let post = Arc::new(RecordingSender::new(Arc::clone(&clock)));
        let ports = Ports {
            store: Arc::new(store.clone()),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::clone(&clock),
            ids: Arc::new(SeqIds::new()),
            primary: models.primary,
            second: models.second,
            sender: Arc::clone(&post) as _,
            links: Arc::new(NoLinks),
            tools: Arc::new(FakeTools::default()),
            meaning: None,
            node: NODE,
            io: Handle::current(),
        };
        let config = EngineConfig { arbiters: 0, sole: true, ..EngineConfig::default() };
        let engine = Engine::start(ports, config);
        let tenant = engine.tenant(&slug).await?.context("the tenant was seeded")?;
        // The engine lives as long as what it runs on: who drops it would end its sweeps.
        actix::spawn(async move {
            let _engine = engine;
            std::future::pending::<()>().await;
        });
        Ok(Self { clock, store, tenant, post, id })
    }

    /// What happened after `seq`, oldest first.
    pub(crate) async fn events(&self, after: Seq) -> anyhow::Result<Vec<EventRecord>> {
        Ok(self.store.replay(self.id, after, 10_000).await?)
    }

    pub(crate) async fn state(&self, session: SessionId) -> anyhow::Result<LeadSession> {
        let stored = self.store.load(self.id, session).await?;
        Ok(stored.context("the conversation is stored")?.state)
    }

    /// The code of the newest letter that has one.
    pub(crate) fn code(&self) -> Option<String> {
        let digits = |text: &str| {
            let mut runs = text.split(|c: char| !c.is_ascii_digit());
            runs.find(|run| run.len() == 6).map(str::to_owned)
        };
        self.post.sent().iter().rev().find_map(|sent| match &sent.outgoing.letter {
            Letter::Booking { text, .. } => digits(text),
            _ => None,
        })
    }
}

/// Has the website's pages there as if they had been read.
async fn read_pages(
    store: &MemStore,
    tenant: TenantId,
    pages: &[PageRow],
    now: Timestamp,
) -> anyhow::Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let site = WebsiteId::from_uuid(Uuid::from_u128(0x0e5a_6001));
    store.add_website(tenant, site, "https://eval.example", now).await?;
    store.claim_websites(NODE, now, SignedDuration::from_mins(5), 1).await?;
    let passage = |page: &PageRow| PagePassage {
        id: search::passage_id(&["page", &page.url, &page.heading]),
        url: page.url.clone(),
        heading: page.heading.clone(),
        text: page.text.clone(),
        lang: page.lang,
    };
    let passages: Vec<_> = pages.iter().map(passage).collect();
    let read = pages.len() as u32;
    let end = WebsiteEnd::Read { passages, seen: read, pages: read, code: None };
    let next = now.saturating_add(SignedDuration::from_hours(24))?;
    store.end_website(tenant, site, NODE, &end, next, now).await?;
    Ok(())
}

struct NoLinks;

impl Links for NoLinks {
    fn unsubscribe(&self, _: TenantId, _: SessionId) -> Option<String> {
        None
    }

    fn conversation(&self, _: TenantId, session: SessionId) -> String {
        format!("https://forecourt.example/app/{session}")
    }

    fn code(&self, _: TenantId, _: BookingId, letter: DeliveryId) -> Option<String> {
        // Never 000000: the cases write that where a code must be wrong.
        Some(format!("{:06}", letter.as_uuid().as_u128() % 899_999 + 100_000))
    }
}
