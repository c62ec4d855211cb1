//! Stages for previews: the real engine, over a store in memory that reads the tenant in the real one.
//!
//! Each stage has a thread and a runtime of its own. When its end is told, the runtime goes with all that runs on
//! it: a preview leaves nothing behind.
//!
//! # Invariants
//! - what a stage decides is stored in its own memory; letters stay in a sender that only remembers them;
//! - what is counted on a stage is counted nowhere: the metrics are those of customers;
//! - models and look-ups of tools are the real ones, and what models took is written to the tenant's budget.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_actors::{Engine, EngineConfig, Meaning, Ports};
use forecourt_bus::LocalBus;
use forecourt_core::id::{BookingId, DeliveryId, NodeId, SessionId, TenantId};
use forecourt_http::{Heard, NoStage, Stage, Stages};
use forecourt_models::house::HouseResponder;
use forecourt_ports::{
    bus::Bus,
    clock::Clock,
    fake::{MemStore, Offered, RecordingSender},
    links::Links,
    model::{Ask, Delta, Model, ModelError},
    store::Store,
    tool::ToolCaller,
};
use futures_util::stream::BoxStream;
use jiff::SignedDuration;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::SystemIds;

/// The one node of a stage's world.
const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(0x0e5a_0002));
/// Of what is booked, what ended longer ago is not read.
const SINCE: SignedDuration = SignedDuration::from_hours(24);
/// How long what runs on a stage may take to end.
const LAST: std::time::Duration = std::time::Duration::from_secs(1);

/// Makes them.
pub(crate) struct PreviewStages {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The first and the second, as customers are answered by.
    pub(crate) models: [Arc<dyn Model>; 2],
    pub(crate) tools: Arc<dyn ToolCaller>,
    pub(crate) meaning: Option<Arc<Meaning>>,
}

#[async_trait]
impl Stages for PreviewStages {
    fn has_models(&self) -> bool {
        self.models[0].name() != HouseResponder.name()
    }

    async fn open(&self, tenant: TenantId, house: bool) -> Result<Stage, NoStage> {
        let since = self.clock.now().saturating_sub(SINCE).unwrap_or_default();
        let offered = Offered::read(&*self.store, tenant, since).await?;
        let offered = offered.ok_or(NoStage::NoTenant)?;
        let store = Arc::new(MemStore::before(Arc::clone(&self.store), offered, NODE));
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::default());
        let post = Arc::new(RecordingSender::new(Arc::clone(&self.clock)));
        let (heard, end) = (Heard::default(), CancellationToken::new());
        let model = |of: &Arc<dyn Model>| -> Arc<dyn Model> {
            let inner = if house { Arc::new(HouseResponder) } else { Arc::clone(of) };
            Arc::new(Overheard { inner, heard: heard.clone() })
        };
        let [primary, second] = [&self.models[0], &self.models[1]].map(model);
        let (clock, tools) = (Arc::clone(&self.clock), Arc::clone(&self.tools));
        let meaning = self.meaning.clone();
        let ports = {
            let (store, bus, post) = (Arc::clone(&store), Arc::clone(&bus), Arc::clone(&post));
            move || Ports {
                store,
                bus,
                clock,
                ids: Arc::new(SystemIds),
                primary,
                second,
                sender: post,
                links: Arc::new(NoLinks),
                tools,
                meaning,
                node: NODE,
                io: Handle::current(),
            }
        };
        let engine = start(ports, end.clone()).await?;
        Ok(Stage { desk: Arc::new(engine), store, bus, post, heard, end })
    }
}

/// Starts an engine on a thread of its own, until `end` is cancelled.
async fn start(
    ports: impl FnOnce() -> Ports + Send + 'static,
    end: CancellationToken,
) -> Result<Engine, NoStage> {
    let (tell, told) = oneshot::channel();
    let run = move || {
        actix::System::new().block_on(async move {
            let _uncounted = metrics::set_default_local_recorder(&metrics::NoopRecorder);
            let config = EngineConfig { arbiters: 0, sole: true, ..EngineConfig::default() };
            let engine = Engine::start(ports(), config);
            if tell.send(engine.clone()).is_ok() {
                end.cancelled().await;
            }
            engine.stop(LAST).await;
        });
    };
    let thread = std::thread::Builder::new().name("forecourt-preview".into()).spawn(run);
    thread.map_err(|error| {
        tracing::error!(%error, "no thread for a preview");
        NoStage::NotStarted
    })?;
    told.await.map_err(|_| NoStage::NotStarted)
}

/// A model of which is written down what it called.
struct Overheard {
    inner: Arc<dyn Model>,
    heard: Heard,
}

impl Model for Overheard {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        self.heard.note(ask.turn, &ask.toolbox.rounds);
        self.inner.answer(ask)
    }
}

/// Nothing of a stage can be reached from outside. Its letters carry codes, so that they can be written back.
struct NoLinks;

impl Links for NoLinks {
    fn unsubscribe(&self, _: TenantId, _: SessionId) -> Option<String> {
        None
    }

    fn conversation(&self, _: TenantId, _: SessionId) -> String {
        String::new()
    }

    fn code(&self, _: TenantId, _: BookingId, letter: DeliveryId) -> Option<String> {
        Some(format!("{:06}", letter.as_uuid().as_u128() % 1_000_000))
    }
}
