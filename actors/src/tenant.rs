//! A tenant: its settings snapshot, its journal, its deliveries, and the capture of its leads.
//!
//! # Invariants
//! - two submissions of one person are captured one after the other on this node; on two nodes the
//!   contact's key in the store decides, and the loser routes again;
//! - settings are replaced as a whole: whoever reads them sees one moment.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use actix::{
    Actor, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message,
    WrapFuture as _, dev::SendError,
};
use actix_rt::ArbiterHandle;
use arc_swap::ArcSwap;
use forecourt_core::{
    attachment::{AttachmentFailure, FileKind},
    booking::Booking,
    capture::{self, Known, Route, Submission},
    contact::{Email, Phone},
    dialogue::{BookingNews, Pressed},
    effect::TimerKind,
    event::{Event, MessageSeq, Reader, Source, Version},
    id::{AttachmentId, DeliveryId, LeadId, MemberId, MessageId, SessionId, TenantId, TurnId},
    knowledge::Knowledge,
    lang::Lang,
    session::{Command, Rejection, SubmittedContact},
};
use forecourt_ports::store::{
    HandOver, InboundEvent, InboundOutcome, Leaving, Taken, TenantSnapshot,
    knowledge::{Passage, Stood},
};
use jiff::{Timestamp, civil::Date};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use crate::{
    booking::{BookingDesk, CatalogueCache},
    booking_agenda::AgendaCache,
    deliveries::{self, DeliveriesHandle},
    engine::Ports,
    error::EngineError,
    inventory::InventoryDesk,
    journal::JournalWriter,
    lead_session::Done,
    names,
    people::Waits,
    providers::{Provider, ProviderStatus},
    registry::{InFlight, Registry},
    remembered::Remembered,
    resource::Resources,
    spending,
    timers::TimersHandle,
    together::Together,
    tools::desk::ToolDesk,
    vectors,
};

/// Captures that may wait for their turn.
const CAPTURES: usize = 2_048;
/// Persons that are looked up in one transaction.
const LOOKUPS: usize = 256;
/// Writes that wait for their commit before new work is turned away. What the engine itself must store
/// (answers, reports, timers) comes before what a caller can send again.
const NEW_WORK: usize = 1_024;
/// How often a capture is routed again after another node was faster.
const MAX_ROUTES: u32 = 4;
/// Questions for a tenant's version that share one read.
const VERSIONS: usize = 256;
/// The settings that hold, and what decisions call them.
pub(crate) struct Held {
    pub(crate) snapshot: Arc<TenantSnapshot>,
    /// [`forecourt_core::settings::TenantSettings::print`]; the store keeps the settings under it.
    pub(crate) print: String,
}

/// What all actors of a tenant share.
pub(crate) struct TenantShared {
    pub(crate) id: TenantId,
    held: ArcSwap<Held>,
    lookups: Together<(Email, Option<Phone>), Known>,
    pub(crate) journal: JournalWriter,
    pub(crate) handovers: Together<Leaving, HandOver>,
    /// What models took, on its way to be written down.
    pub(crate) spent: Together<(Date, Taken), ()>,
    pub(crate) registry: Registry,
    pub(crate) timers: TimersHandle,
    pub(crate) deliveries: DeliveriesHandle,
    pub(crate) ports: Arc<Ports>,
    pub(crate) waits: Waits,
    /// Whether what is remembered is what is stored is asked of the store each time, for any node may have
    /// changed it.
    versions: Together<(), i64>,
    knowledge: Remembered,
    pub(crate) catalogue: CatalogueCache,
    pub(crate) agenda: AgendaCache,
    resources: Resources,
}

impl TenantShared {
    pub(crate) fn new(
        snapshot: TenantSnapshot,
        ports: Arc<Ports>,
        registry: Registry,
        timers: TimersHandle,
        provider: &Arc<Provider>,
        resources: Resources,
    ) -> Arc<Self> {
        let (store, bus) = (Arc::clone(&ports.store), Arc::clone(&ports.bus));
        let shared = Arc::new(Self {
            id: snapshot.id,
            journal: JournalWriter::start(snapshot.id, store, bus, &ports.io),
            lookups: lookups(snapshot.id, &ports),
            versions: versions(snapshot.id, &ports),
            handovers: deliveries::handovers(snapshot.id, &ports),
            spent: spending::writer(snapshot.id, &ports, &registry),
            held: ArcSwap::from_pointee(Held {
                print: snapshot.settings.print(),
                snapshot: Arc::new(snapshot),
            }),
            registry,
            timers,
            deliveries: DeliveriesHandle::new(provider),
            ports,
            waits: Waits::default(),
            knowledge: Remembered::default(),
            catalogue: CatalogueCache::default(),
            agenda: AgendaCache::default(),
            resources,
        });
        shared.deliveries.start(&shared);
        shared
    }

    pub(crate) fn snapshot(&self) -> Arc<TenantSnapshot> {
        Arc::clone(&self.held.load().snapshot)
    }

    /// The snapshot and the print of its settings, of one moment.
    pub(crate) fn held(&self) -> Arc<Held> {
        self.held.load_full()
    }

    /// What the tenant knows: what was stored before this was called, whichever node stored it. While the store
    /// is out of reach it may be two seconds older.
    pub(crate) async fn knowledge(&self) -> Result<Arc<Knowledge>, EngineError> {
        let version = self.versions.ask(()).await;
        let now = self.ports.clock.now();
        let version = match version {
            Ok(version) => version,
            Err(error) => return self.knowledge.lately(now).ok_or(error.into()),
        };
        if let Some(known) = self.knowledge.at(version, now) {
            return Ok(known);
        }
        // One reads for all; who waited finds it read.
        let _reading = self.knowledge.reading().await?;
        if let Some(known) = self.knowledge.at(version, now) {
            return Ok(known);
        }
        self.catalogue.forget();
        self.reload_settings(now).await?;
        let read = self.ports.store.load_knowledge(self.id).await?;
        Ok(self.knowledge.keep(version, read, now))
    }

    /// Passages that fit a question; see [`vectors::search`].
    pub(crate) async fn search_knowledge(
        self: &Arc<Self>,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, EngineError> {
        vectors::search(self, query, lang, limit).await
    }

    /// Keeps what an answer stood on. No answer waits for it: lost, it is only not shown.
    pub(crate) async fn note_uses(&self, session: SessionId, turn: TurnId, used: &[Stood]) {
        let Ports { store, clock, .. } = &*self.ports;
        if let Err(error) = store.note_uses(self.id, session, turn, used, clock.now()).await {
            tracing::warn!(tenant.id = %self.id, turn.id = %turn, %error, "what an answer stood on was not kept");
        }
    }

    /// Counts a question that had no answer. No answer waits for it.
    pub(crate) async fn note_unanswered(&self, session: SessionId, lang: Lang, question: &str) {
        let Ports { store, clock, ids, .. } = &*self.ports;
        let id = ids.question();
        let noted = store.note_unanswered(self.id, session, lang, question, id, clock.now());
        if let Err(error) = noted.await {
            tracing::warn!(tenant.id = %self.id, session.id = %session, %error, "an open question was not kept");
        }
    }

    /// Something the tenant may say was stored here: whoever asks from now on is told of it.
    ///
    /// Other nodes need no word of it: they ask for the version, which rises in the same commit.
    pub(crate) fn knowledge_changed(&self) {
        self.knowledge.forget();
        self.catalogue.forget();
    }

    /// Takes the settings up as they are stored.
    pub(crate) async fn reload_settings(&self, now: Timestamp) -> Result<(), EngineError> {
        let Ports { store, .. } = &*self.ports;
        let Some(snapshot) = store.load_tenant(self.id).await? else { return Ok(()) };
        if snapshot == *self.snapshot() {
            return Ok(());
        }
        // Before the first decision under them: a replay asks for them by their print.
        store.keep_settings(self.id, &snapshot.settings, now).await?;
        let print = snapshot.settings.print();
        self.held.store(Arc::new(Held { print, snapshot: Arc::new(snapshot) }));
        Ok(())
    }

    /// The tenant's appointments.
    pub(crate) fn bookings(self: &Arc<Self>) -> BookingDesk {
        BookingDesk::new(Arc::clone(self), self.resources.clone())
    }

    /// Tells a booking's conversation how it stands now. It is told whoever waits for it or does not:
    /// what is returned only says when.
    pub(crate) fn note_booking(
        self: &Arc<Self>,
        booking: &Booking,
    ) -> impl Future<Output = ()> + Send + use<> {
        let tenant = Arc::clone(self);
        let news = BookingNews::of(booking, self.ports.clock.now());
        let told = booking.wish.session.map(|session| {
            let told = async move {
                match tenant.dispatch(session, Command::NoteBooking { news }).await {
                    // It knows already, or is over.
                    Ok(_) | Err(EngineError::Rejected(_)) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a conversation was not told of its booking yet");
                    }
                }
            };
            self.ports.io.spawn(told.in_current_span())
        });
        async move {
            if let Some(told) = told {
                let _ended = told.await; // a panic there is counted where it happens
            }
        }
    }

    pub(crate) async fn dispatch(
        self: &Arc<Self>,
        session: SessionId,
        command: Command,
    ) -> Result<Done, EngineError> {
        self.registry.dispatch(self, session, command, None, false).await
    }
}

/// A captured lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured {
    pub lead: LeadId,
    pub session: SessionId,
    /// `Created`, `Repeated` or `Appended`.
    pub outcome: InboundOutcome,
}

/// A message of a customer's in the chat.
#[derive(Clone, Default)]
pub struct CustomerMessage {
    pub text: String,
    /// The same id is answered with the first result.
    pub client_id: String,
    pub page_url: Option<String>,
    /// What they pressed instead of writing it; `text` says the same in words.
    pub pressed: Option<Pressed>,
    /// Files that were announced and have come with no message yet.
    pub attachments: Vec<AttachmentId>,
}

impl std::fmt::Debug for CustomerMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomerMessage").finish_non_exhaustive() // A13
    }
}

/// The place of a stored message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    pub message: MessageId,
    pub seq: MessageSeq,
    /// The place of its event in the session's log; for a repeat, 0.
    pub version: Version,
}

/// A tenant as the gateway holds it. Cheap to clone.
#[derive(Clone)]
pub struct TenantHandle {
    shared: Arc<TenantShared>,
    actor: Arc<Addr<Tenant>>,
    /// Submissions that wait for their answer.
    captures: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

impl TenantHandle {
    pub(crate) fn start(
        shared: Arc<TenantShared>,
        stopping: Arc<AtomicBool>,
        arbiter: &ArbiterHandle,
    ) -> Self {
        let tenant = Arc::clone(&shared);
        let actor = Tenant::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(CAPTURES);
            Tenant { shared: tenant, capturing: HashMap::new() }
        });
        Self { shared, actor: Arc::new(actor), captures: Arc::default(), stopping }
    }

    pub fn id(&self) -> TenantId {
        self.shared.id
    }

    pub fn snapshot(&self) -> Arc<TenantSnapshot> {
        self.shared.snapshot()
    }

    /// What the tenant may say of itself: services, vehicles, answers.
    pub async fn knowledge(&self) -> Result<Arc<Knowledge>, EngineError> {
        self.shared.knowledge().await
    }

    /// Something the tenant may say was stored: services, answers, rules, vehicles, settings. The next answer
    /// on this node stands on it at once; on other nodes too, which compare the stored version.
    pub fn knowledge_changed(&self) {
        self.shared.knowledge_changed();
    }

    /// Passages that fit a question, the best first.
    pub async fn search_knowledge(
        &self,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, EngineError> {
        self.shared.search_knowledge(query, lang, limit).await
    }

    /// Keeps what an answer stood on.
    pub async fn note_uses(&self, session: SessionId, turn: TurnId, used: &[Stood]) {
        self.shared.note_uses(session, turn, used).await;
    }

    /// Counts a question that had no answer.
    pub async fn note_unanswered(&self, session: SessionId, lang: Lang, question: &str) {
        self.shared.note_unanswered(session, lang, question).await;
    }

    /// [`Self::snapshot`], after a look whether another node changed the settings.
    pub async fn current(&self) -> Result<Arc<TenantSnapshot>, EngineError> {
        self.shared.knowledge().await?;
        Ok(self.shared.snapshot())
    }

    /// The tenant's appointments.
    pub fn bookings(&self) -> BookingDesk {
        self.shared.bookings()
    }

    /// The tenant's vehicles.
    pub fn inventory(&self) -> InventoryDesk {
        InventoryDesk::new(Arc::clone(&self.shared))
    }

    /// The tenant's tools, for people.
    pub fn tools(&self) -> ToolDesk {
        ToolDesk::new(Arc::clone(&self.shared))
    }

    pub(crate) fn captures_waiting(&self) -> usize {
        self.captures.load(Ordering::Relaxed)
    }

    pub(crate) fn shared(&self) -> &Arc<TenantShared> {
        &self.shared
    }

    /// Captures a submission (S2-US-2.1). The answer comes after the commit (A1).
    ///
    /// `inbound` is logged in the same transaction; its outcome and lead are filled in here.
    pub async fn capture(
        &self,
        submission: Submission,
        inbound: InboundEvent,
    ) -> Result<Captured, EngineError> {
        self.open_for_new()?;
        let _waits = InFlight::count(&self.captures);
        let (reply, answer) = oneshot::channel();
        let capture = Capture { submission, inbound, reply, span: Span::current() };
        match self.actor.try_send(capture) {
            Ok(()) => {}
            // An actor that has just been started has its room only once it runs: the first burst of a
            // tenant waits for it.
            Err(SendError::Full(capture)) if self.captures_waiting() <= CAPTURES => {
                self.actor.send(capture).await.map_err(|_| EngineError::UNAVAILABLE)?;
            }
            Err(_) => return Err(EngineError::BUSY),
        }
        // The tenant's actor holds no state that a restart would have to rebuild; a lost reply is rare,
        // and the caller's repeat finds what was stored.
        answer.await.unwrap_or(Err(EngineError::UNAVAILABLE))
    }

    /// Logs a refused call.
    pub fn log_inbound(&self, inbound: InboundEvent) {
        self.shared.journal.log_inbound(inbound);
    }

    /// Opens a chat.
    pub async fn open_session(&self, lang: Lang) -> Result<SessionId, EngineError> {
        self.open_for_new()?;
        let session = self.shared.ports.ids.session();
        let Self { shared, .. } = self;
        shared.registry.dispatch(shared, session, Command::Open { lang }, None, true).await?;
        Ok(session)
    }

    /// Adds a customer's message; the same `client_id` gives the same answer.
    pub async fn post_message(
        &self,
        session: SessionId,
        text: String,
        client_id: String,
        page_url: Option<String>,
    ) -> Result<Posted, EngineError> {
        self.press(session, text, client_id, page_url, None).await
    }

    /// The same, of a customer who pressed a button instead of writing; `text` says it in words.
    pub async fn press(
        &self,
        session: SessionId,
        text: String,
        client_id: String,
        page_url: Option<String>,
        pressed: Option<Pressed>,
    ) -> Result<Posted, EngineError> {
        let attachments = Vec::new();
        let message = CustomerMessage { text, client_id, page_url, pressed, attachments };
        self.write(session, message).await
    }

    /// The same, with all that a customer's message can be.
    pub async fn write(
        &self,
        session: SessionId,
        message: CustomerMessage,
    ) -> Result<Posted, EngineError> {
        let CustomerMessage { text, client_id, page_url, pressed, attachments } = message;
        let command = Command::PostMessage { text, client_id, page_url, pressed, attachments };
        self.post(session, command).await
    }

    /// The customer begins to send a file; the same `client_id` gives the same id.
    pub async fn announce_attachment(
        &self,
        session: SessionId,
        client_id: String,
        bytes: u64,
    ) -> Result<AttachmentId, EngineError> {
        self.open_for_new()?;
        let attachment = self.shared.ports.ids.attachment();
        let command = Command::AnnounceAttachment { attachment, client_id, bytes };
        match self.shared.dispatch(session, command).await {
            Ok(_) => Ok(attachment),
            Err(EngineError::Rejected(Rejection::AlreadyAnnounced { attachment })) => {
                Ok(attachment)
            }
            Err(error) => Err(error),
        }
    }

    /// All bytes of a file are stored. One that arrived before, or failed, stays as it is.
    pub async fn attachment_arrived(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
    ) -> Result<(), EngineError> {
        self.act(session, Command::AttachmentArrived { attachment, kind, bytes }).await
    }

    /// A file will not come. [`Rejection::Stale`] when it is there and was sent, or failed before.
    pub async fn attachment_failed(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        reason: AttachmentFailure,
    ) -> Result<(), EngineError> {
        self.open_for_new()?;
        let command = Command::AttachmentFailed { attachment, reason };
        self.shared.dispatch(session, command).await.map(drop)
    }

    /// Adds a member's message; the member takes the conversation over. With `seen` it is refused
    /// ([`Rejection::Conflict`]) when somebody else wrote after it; the same `client_id` gives the same answer.
    pub async fn post_member_message(
        &self,
        session: SessionId,
        member: MemberId,
        text: String,
        client_id: String,
        seen: Option<MessageSeq>,
    ) -> Result<Posted, EngineError> {
        self.post(session, Command::PostMemberMessage { member, text, client_id, seen }).await
    }

    /// A member types: the assistant waits for them, a few seconds at a time.
    pub async fn member_typing(
        &self,
        session: SessionId,
        member: MemberId,
    ) -> Result<(), EngineError> {
        self.act(session, Command::MemberTyping { member }).await
    }

    /// Everything up to `upto` was on somebody's screen. What was told before, or of a conversation
    /// that is closed by now, changes nothing.
    pub async fn seen(
        &self,
        session: SessionId,
        by: Reader,
        upto: MessageSeq,
    ) -> Result<(), EngineError> {
        match self.act(session, Command::Seen { by, upto }).await {
            Err(EngineError::Rejected(Rejection::Closed)) => Ok(()),
            done => done,
        }
    }

    pub async fn take_over(&self, session: SessionId, member: MemberId) -> Result<(), EngineError> {
        self.act(session, Command::TakeOver { member }).await
    }

    /// The assistant speaks again. `manager` tells that the member may also give back what somebody
    /// else has taken over.
    pub async fn release(
        &self,
        session: SessionId,
        member: MemberId,
        manager: bool,
    ) -> Result<(), EngineError> {
        self.act(session, Command::Release { member, manager }).await
    }

    pub async fn close(&self, session: SessionId, member: MemberId) -> Result<(), EngineError> {
        self.act(session, Command::Close { member }).await
    }

    /// Has a dead letter sent once more, for a member; answers the new delivery. The same
    /// `client_id` gives the same answer.
    pub async fn replay_delivery(
        &self,
        session: SessionId,
        delivery: DeliveryId,
        by: MemberId,
        even_if_sent: bool,
        client_id: Option<String>,
    ) -> Result<DeliveryId, EngineError> {
        self.open_for_new()?;
        let command = Command::ReplayDelivery { delivery, by, even_if_sent, client_id };
        let done = match self.shared.dispatch(session, command).await {
            Err(EngineError::Rejected(Rejection::AlreadyReplayed { delivery })) => {
                return Ok(delivery);
            }
            done => done?,
        };
        let new = done.events.iter().find_map(|event| match event {
            Event::DeliveryReplayed { delivery, .. } => Some(*delivery),
            _ => None,
        });
        metrics::counter!(names::REPLAYS).increment(1);
        new.ok_or(EngineError::UNAVAILABLE)
    }

    /// Ends a timer for a member, where nobody waits for what it does.
    pub async fn cancel_timer(
        &self,
        session: SessionId,
        kind: TimerKind,
        by: MemberId,
    ) -> Result<(), EngineError> {
        self.open_for_new()?;
        self.shared.dispatch(session, Command::CancelTimer { kind, by }).await?;
        Ok(())
    }

    /// The providers this node sends through, as this tenant sees them.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        vec![self.shared.deliveries.status(self.shared.ports.clock.now())]
    }

    async fn post(&self, session: SessionId, command: Command) -> Result<Posted, EngineError> {
        self.open_for_new()?;
        match self.shared.dispatch(session, command).await {
            Ok(done) => done
                .events
                .iter()
                .rev()
                .zip(0..)
                .find_map(|(event, later)| match event {
                    // What the engine itself said to it at once carries none.
                    Event::MessagePosted(posted) if posted.client_id.is_some() => Some(Posted {
                        message: posted.message,
                        seq: posted.seq,
                        version: Version(done.version.0 - later),
                    }),
                    _ => None,
                })
                .ok_or(EngineError::UNAVAILABLE),
            Err(EngineError::Rejected(Rejection::AlreadyPosted { message, seq })) => {
                Ok(Posted { message, seq, version: Version(0) })
            }
            Err(error) => Err(error),
        }
    }

    /// A wish that is already fulfilled is fulfilled.
    pub(crate) async fn act(
        &self,
        session: SessionId,
        command: Command,
    ) -> Result<(), EngineError> {
        self.open_for_new()?;
        match self.shared.dispatch(session, command).await {
            Ok(_) | Err(EngineError::Rejected(Rejection::Stale)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn open_for_new(&self) -> Result<(), EngineError> {
        if self.stopping.load(Ordering::Relaxed) {
            Err(EngineError::UNAVAILABLE)
        } else if self.shared.journal.depth() > NEW_WORK {
            Err(EngineError::BUSY)
        } else {
            Ok(())
        }
    }
}

/// The actor that captures a tenant's leads, one person's at a time.
pub(crate) struct Tenant {
    shared: Arc<TenantShared>,
    /// Persons whose capture is under way, with those that wait behind it.
    capturing: HashMap<String, VecDeque<Capture>>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Capture {
    submission: Submission,
    inbound: InboundEvent,
    reply: oneshot::Sender<Result<Captured, EngineError>>,
    /// The caller's: an actor's mailbox forgets it.
    span: Span,
}

impl Actor for Tenant {
    type Context = Context<Self>;
}

impl Handler<Capture> for Tenant {
    type Result = ();

    fn handle(&mut self, capture: Capture, ctx: &mut Self::Context) {
        let person = capture.submission.email.key();
        let full = self.capturing.len() >= CAPTURES;
        match self.capturing.get_mut(&person) {
            Some(waiting) if waiting.len() >= 64 => {
                let _gone = capture.reply.send(Err(EngineError::BUSY));
            }
            Some(waiting) => waiting.push_back(capture),
            None if full => {
                let _gone = capture.reply.send(Err(EngineError::BUSY));
            }
            None => {
                self.capturing.insert(person.clone(), VecDeque::new());
                self.begin(person, capture, ctx);
            }
        }
    }
}

impl Tenant {
    fn begin(&mut self, person: String, capture: Capture, ctx: &mut Context<Self>) {
        let shared = Arc::clone(&self.shared);
        let Capture { submission, inbound, reply, span } = capture;
        let work = async move {
            let mut reply = reply;
            tokio::select! {
                biased;
                // Whoever asked has gone: nothing was promised, and nobody waits for it.
                () = reply.closed() => {}
                captured = route_and_submit(&shared, &submission, &inbound) => {
                    let _gone = reply.send(captured);
                }
            }
        }
        .instrument(span);
        ctx.spawn(work.into_actor(self).map(move |(), tenant, ctx| {
            match tenant.capturing.get_mut(&person).and_then(VecDeque::pop_front) {
                Some(next) => tenant.begin(person, next, ctx),
                None => {
                    tenant.capturing.remove(&person);
                }
            }
        }));
    }
}

/// Looks up persons, those whose captures wait at the same time in one transaction: the tenant's commits need
/// connections too.
fn lookups(tenant: TenantId, ports: &Arc<Ports>) -> Together<(Email, Option<Phone>), Known> {
    let store = Arc::clone(&ports.store);
    Together::start(&ports.io, LOOKUPS, move |persons: Vec<(Email, Option<Phone>)>| {
        let store = Arc::clone(&store);
        async move { store.known_all(tenant, &persons).await }
    })
}

fn versions(tenant: TenantId, ports: &Arc<Ports>) -> Together<(), i64> {
    let store = Arc::clone(&ports.store);
    Together::start(&ports.io, VERSIONS, move |asked: Vec<()>| {
        let store = Arc::clone(&store);
        async move { Ok(vec![store.knowledge_version(tenant).await?; asked.len()]) }
    })
}

/// Finds whose submission it is, and gives it to that session; again, if another node was faster.
async fn route_and_submit(
    shared: &Arc<TenantShared>,
    submission: &Submission,
    inbound: &InboundEvent,
) -> Result<Captured, EngineError> {
    let Ports { ids, clock, .. } = &*shared.ports;
    let mut closed = None;
    for _ in 0..MAX_ROUTES {
        let person = (submission.email.clone(), submission.phone.clone());
        let known = shared.lookups.ask(person).await?;
        let route = match capture::route(&known, clock.now()) {
            // The session said it is closed: what the lead's row says is behind.
            Route::Existing { session, .. } if closed == Some(session) => {
                let contact = known.by_email.as_ref().map(|contact| contact.contact);
                Route::New { contact, same_phone_as: None }
            }
            route => route,
        };
        let (session, contact, is_new) = match route {
            Route::Existing { lead, session } => {
                let contact =
                    known.by_email.map_or_else(|| ids.contact(), |contact| contact.contact);
                let contact = SubmittedContact {
                    contact,
                    new_contact: false,
                    lead,
                    source: Source::Website,
                    same_phone_as: None,
                };
                (session, contact, false)
            }
            Route::New { contact, same_phone_as } => {
                let contact = SubmittedContact {
                    contact: contact.unwrap_or_else(|| ids.contact()),
                    new_contact: contact.is_none(),
                    lead: ids.lead(),
                    source: Source::Website,
                    same_phone_as,
                };
                (ids.session(), contact, true)
            }
        };
        let lead = contact.lead;
        let mut inbound = inbound.clone();
        inbound.lead = Some(lead);
        inbound.outcome = if is_new { InboundOutcome::Created } else { InboundOutcome::Appended };
        let command = Command::Submit { submission: submission.clone(), contact };
        match shared.registry.dispatch(shared, session, command, Some(inbound), is_new).await {
            Ok(done) => {
                let outcome = match done.events.first() {
                    Some(Event::SubmissionRepeated) => InboundOutcome::Repeated,
                    Some(Event::LeadRepeated { .. }) => InboundOutcome::Appended,
                    _ => InboundOutcome::Created,
                };
                return Ok(Captured { lead, session, outcome });
            }
            Err(EngineError::Rejected(Rejection::Closed)) => closed = Some(session),
            Err(EngineError::Rejected(Rejection::Stale)) => {} // taken by another node: route again
            Err(error) => return Err(error),
        }
    }
    Err(EngineError::BUSY)
}
