//! The real store, seen through faults: calls that fail, take long, or succeed in silence.
//!
//! A call of the real store runs to its end while this thread waits, so that calls end in the order
//! in which they began. Its time passes before and after, on the virtual clock, and there a killed node stays.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::{
    booking::{Block, Booking, Stretch, Terms},
    capture::Known,
    contact::{Email, Phone},
    effect::Effect,
    entry::{EntryId, EntryKind},
    event::{EventRecord, MessageSeq, Seq, Version},
    id::{
        BookingId, DeliveryId, ImportId, LeadId, MemberId, MessageId, NodeId, PhotoId, QuestionId,
        ResourceId, ServiceId, SessionId, TenantId, ToolId, TurnId, VehicleId, WaitId, WebsiteId,
    },
    inventory::VehicleFilter,
    knowledge::Knowledge,
    lang::Lang,
    models::Spent,
    session::replay::StoredDecision,
    settings::TenantSettings,
};
use forecourt_ports::store::{
    Appended, Batch, BookingFilter, BookingHistory, BookingWrite, Bookings, Catalogue, CodeTry,
    Decisions, Deliveries, DeliveryFilter, DeliveryHistory, DeliveryRecord, DeliveryStatus,
    DraftRow, DraftSaved, DueDelivery, DueLetter, DueTimer, HandOver, Head, ImportRecord,
    Inventory, Journal, LeadDetail, LeadFilter, LeadPage, LeadRow, Leads, LetterEnd, Loaded,
    Member, MemberWithHash, Members, NewCode, Operations, People, PhotoRecord, Postponed,
    ResourceWrite, ResourceWritten, Spending, StockChange, StockWritten, Store, StoreError,
    StoredLedger, StoredMessage, Taken, Teammate, TenantSnapshot, Tenants, TimerFilter,
    TimerRecord, Timers, VehicleHistory, VehiclePage, VehicleRecord, Wait, Written,
    knowledge::{
        self, ChangeRecord, Entry, EntryWrite, GroundRecord, KnowledgeBase, Passage, QuestionEnd,
        QuestionRecord, SettingsWrite, SettingsWritten, Subject, Used,
    },
    replies::{Rated, Replies, ReplyFigures, ReplyRating},
    tools::{CustomTools, ToolCall, ToolRecord, ToolVersion, ToolWrite, ToolWritten},
    websites::{WebsiteAdded, WebsiteEnd, WebsiteRecord, Websites},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use tokio::runtime::Handle;

use super::{
    clock::{Pulse, pass},
    faults::Fault,
    witness::Handover,
    world::{Sabotage, Shared},
};

/// No letter waits longer for its provider's breaker: the longest pause, and room for the order of many.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(121);

/// The store as one node has it.
pub(super) struct NodeStore {
    pub(super) inner: Arc<dyn Store>,
    /// Drives the real store, where it has connections.
    pub(super) io: Option<Handle>,
    pub(super) world: Shared,
    pub(super) pulse: Pulse,
    pub(super) node: usize,
}

/// Runs a call of the real store to its end, while this thread waits.
pub(super) async fn at_once<T: Send>(
    io: Option<&Handle>,
    call: impl Future<Output = T> + Send,
) -> T {
    match io {
        None => call.await, // in memory: it never waits
        Some(io) => std::thread::scope(|scope| {
            let call = scope.spawn(|| io.block_on(call));
            call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }),
    }
}

impl NodeStore {
    /// What happens before any call.
    async fn enter(&self) -> Result<(), StoreError> {
        self.pulse.alive().await;
        let (wait, away) = {
            let mut world = self.world.lock();
            let slow = world.faults.strikes(Fault::StoreSlow);
            let dice = world.faults.dice();
            let wait = if slow { dice.millis(500, 6_000) } else { dice.millis(0, 3) };
            (wait, world.time.now() < world.store_away_until)
        };
        pass(wait).await;
        self.pulse.alive().await;
        if away { Err(StoreError::Unavailable) } else { Ok(()) }
    }

    async fn read<T: Send>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRead) {
            return Err(StoreError::Unavailable);
        }
        let found = at_once(self.io.as_ref(), call).await;
        self.leave().await;
        found
    }

    /// The way back, on which a node may die too.
    async fn leave(&self) {
        let wait = self.world.lock().faults.dice().millis(0, 1);
        pass(wait).await;
        self.pulse.alive().await;
    }

    /// Whether anything is due; a sweep that must find nothing asks nobody.
    fn is_quiet(&self, due: Option<Timestamp>, now: Timestamp) -> bool {
        due.is_none_or(|due| due > now) && self.world.lock().store_away_until <= now
    }
}

#[async_trait]
impl Journal for NodeStore {
    async fn commit(&self, tenant: TenantId, batch: &Batch) -> Result<Vec<Appended>, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable);
        }
        let sabotage = self.world.lock().sabotage;
        if sabotage == Sabotage::AckUnstored && self.world.lock().faults.dice().chance(20) {
            let first = self.world.lock().witness.tenants.get(&tenant).copied().unwrap_or(0) + 1;
            return Ok(batch
                .appends
                .iter()
                .map(|_| Appended::Stored { first: Seq(first) })
                .collect());
        }
        let stored = if sabotage == Sabotage::LoseTimers {
            let mut batch = batch.clone();
            for append in &mut batch.appends {
                append.effects.retain(|effect| !matches!(effect, Effect::SetTimer { .. }));
            }
            at_once(self.io.as_ref(), self.inner.commit(tenant, &batch)).await
        } else {
            at_once(self.io.as_ref(), self.inner.commit(tenant, batch)).await
        };
        if let Ok(appended) = &stored {
            self.world.lock().committed(self.node, tenant, &batch.appends, appended);
        }
        self.leave().await;
        if self.world.strikes(Fault::StoreUnknown) {
            return Err(StoreError::Unavailable);
        }
        stored
    }

    async fn load(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Loaded>, StoreError> {
        self.read(self.inner.load(tenant, session)).await
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        self.read(self.inner.head(tenant)).await
    }

    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.read(self.inner.replay(tenant, after, limit)).await
    }

    async fn replay_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.read(self.inner.replay_session(tenant, session, after, limit)).await
    }

    async fn messages(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: MessageSeq,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.read(self.inner.messages(tenant, session, after, limit)).await
    }
}

#[async_trait]
impl Leads for NodeStore {
    async fn known(
        &self,
        tenant: TenantId,
        email: &Email,
        phone: Option<&Phone>,
    ) -> Result<Known, StoreError> {
        self.read(self.inner.known(tenant, email, phone)).await
    }

    async fn list_leads(
        &self,
        tenant: TenantId,
        filter: &LeadFilter,
    ) -> Result<LeadPage, StoreError> {
        self.read(self.inner.list_leads(tenant, filter)).await
    }

    async fn find_lead(
        &self,
        tenant: TenantId,
        lead: LeadId,
    ) -> Result<Option<LeadDetail>, StoreError> {
        self.read(self.inner.find_lead(tenant, lead)).await
    }

    async fn lead_rows(
        &self,
        tenant: TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<LeadRow>, StoreError> {
        self.read(self.inner.lead_rows(tenant, sessions)).await
    }
}

#[async_trait]
impl Timers for NodeStore {
    async fn claim_timers(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueTimer>, StoreError> {
        self.pulse.alive().await;
        let first = self.world.lock().witness.timers.first().map(|(due, ..)| *due);
        if self.is_quiet(first, now) {
            return Ok(Vec::new());
        }
        self.read(self.inner.claim_timers(node, now, lease, limit)).await
    }

    async fn undone(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.read(self.inner.undone(now)).await
    }
}

#[async_trait]
impl Deliveries for NodeStore {
    async fn claim_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.pulse.alive().await;
        let first = self.world.lock().witness.open_letters.first().map(|(next, _)| *next);
        if self.is_quiet(first, now) {
            return Ok(Vec::new());
        }
        self.read(self.inner.claim_deliveries(node, now, lease, limit)).await
    }

    async fn hand_over(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
        attempt: u32,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<HandOver, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable);
        }
        let call = self.inner.hand_over(tenant, delivery, attempt, node, now, lease);
        let mut answer = at_once(self.io.as_ref(), call).await;
        {
            let mut world = self.world.lock();
            if world.sabotage == Sabotage::IgnoreFences && answer == Ok(HandOver::Refused) {
                answer = Ok(HandOver::Go);
            }
            if answer == Ok(HandOver::Go) {
                world.recorded(self.node, delivery, attempt);
            }
        }
        self.leave().await;
        if self.world.strikes(Fault::StoreUnknown) {
            return Err(StoreError::Unavailable);
        }
        answer
    }

    async fn postpone_deliveries(
        &self,
        tenant: TenantId,
        node: NodeId,
        now: Timestamp,
        tries: &[Postponed],
    ) -> Result<(), StoreError> {
        self.enter().await?;
        let call = self.inner.postpone_deliveries(tenant, node, now, tries);
        at_once(self.io.as_ref(), call).await?;
        for Postponed { delivery, attempt, until } in tries {
            // The store leaves alone what has moved on meanwhile; then its next try is another.
            let found =
                at_once(self.io.as_ref(), self.inner.find_delivery(tenant, *delivery)).await;
            let moved = found.ok().flatten().is_some_and(|found| {
                found.row.status == DeliveryStatus::Pending
                    && found.row.attempts + 1 == *attempt
                    && found.row.next_at == *until
            });
            self.world.lock().postponed(*delivery, *attempt, *until, moved, now);
        }
        self.leave().await;
        Ok(())
    }

    async fn release_leases(&self, node: NodeId) -> Result<(), StoreError> {
        self.read(self.inner.release_leases(node)).await
    }

    async fn forget_leases(&self) -> Result<(), StoreError> {
        self.read(self.inner.forget_leases()).await
    }
}

#[async_trait]
impl Operations for NodeStore {
    async fn list_deliveries(
        &self,
        tenant: TenantId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read(self.inner.list_deliveries(tenant, filter)).await
    }

    async fn find_delivery(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
    ) -> Result<Option<DeliveryHistory>, StoreError> {
        self.read(self.inner.find_delivery(tenant, delivery)).await
    }

    async fn list_timers(
        &self,
        tenant: TenantId,
        filter: &TimerFilter,
    ) -> Result<Vec<TimerRecord>, StoreError> {
        self.read(self.inner.list_timers(tenant, filter)).await
    }
}

impl super::world::World {
    /// A letter waits for its provider; `moved` says whether its row does so too.
    fn postponed(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        until: Timestamp,
        moved: bool,
        now: Timestamp,
    ) {
        self.count(if moved {
            "letters put off"
        } else {
            "letters not put off: they had moved on"
        });
        let session = self.witness.letters.get(&delivery).map(|letter| letter.session);
        let how = if moved { "is put off" } else { "has moved on, and is not put off" };
        self.step(session, format!("{delivery} try {attempt} {how} until {until}"));
        let short = until.duration_since(now) <= LONGEST_PAUSE;
        self.check("R1", short, session, || format!("{delivery} is put off until {until}"));
        if moved {
            self.witness.put_off(delivery, until);
        }
    }

    /// A letter may leave now: the last moment at which its fence counts (A7).
    fn recorded(&mut self, node: usize, delivery: DeliveryId, attempt: u32) {
        let Some(letter) = self.witness.letters.get(&delivery) else {
            self.check("A4", false, None, || format!("{delivery} leaves and was never queued"));
            return;
        };
        let (session, fence, handover) = (letter.session, letter.fence, letter.handover);
        self.step(Some(session), format!("node {node} hands over {delivery} try {attempt}"));
        let holds = self.witness.sessions.get(&session).map(|seen| seen.state.fence);
        let old = fence.is_some_and(|fence| holds.is_none_or(|holds| fence < holds));
        self.check("A7", !old, Some(session), || format!("{delivery} leaves with an old fence"));
        let free = matches!(handover, Handover::None | Handover::Refused | Handover::Recorded);
        self.check("R1", free, Some(session), || {
            format!("{delivery} is handed over again after {handover:?}")
        });
        if let Some(letter) = self.witness.letters.get_mut(&delivery) {
            letter.handover = Handover::Recorded;
        }
    }
}

#[async_trait]
impl Decisions for NodeStore {
    async fn keep_settings(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.keep_settings(tenant, settings, now)).await
    }

    async fn kept_settings(&self, tenant: TenantId) -> Result<Vec<TenantSettings>, StoreError> {
        self.read(self.inner.kept_settings(tenant)).await
    }

    async fn decisions(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        self.read(self.inner.decisions(tenant, session, after, limit)).await
    }

    async fn tenant_of(&self, session: SessionId) -> Result<Option<TenantId>, StoreError> {
        self.read(self.inner.tenant_of(session)).await
    }
}

#[async_trait]
impl Tenants for NodeStore {
    async fn find_tenant(&self, slug: &str) -> Result<Option<TenantId>, StoreError> {
        self.read(self.inner.find_tenant(slug)).await
    }

    async fn load_tenant(&self, tenant: TenantId) -> Result<Option<TenantSnapshot>, StoreError> {
        self.read(self.inner.load_tenant(tenant)).await
    }

    async fn load_knowledge(&self, tenant: TenantId) -> Result<Knowledge, StoreError> {
        self.read(self.inner.load_knowledge(tenant)).await
    }

    async fn knowledge_version(&self, tenant: TenantId) -> Result<i64, StoreError> {
        self.read(self.inner.knowledge_version(tenant)).await
    }

    async fn unsubscribe(
        &self,
        tenant: TenantId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.unsubscribe(tenant, session, now)).await
    }
}

#[async_trait]
impl KnowledgeBase for NodeStore {
    async fn list_entries(
        &self,
        tenant: TenantId,
        kind: EntryKind,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(self.inner.list_entries(tenant, kind)).await
    }

    async fn find_entry(&self, tenant: TenantId, id: EntryId) -> Result<Option<Entry>, StoreError> {
        self.read(self.inner.find_entry(tenant, id)).await
    }

    async fn write_entry(
        &self,
        tenant: TenantId,
        write: &EntryWrite,
    ) -> Result<knowledge::Written, StoreError> {
        self.read(self.inner.write_entry(tenant, write)).await
    }

    async fn history(
        &self,
        tenant: TenantId,
        of: Subject,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read(self.inner.history(tenant, of, limit)).await
    }

    async fn write_settings(
        &self,
        tenant: TenantId,
        write: &SettingsWrite,
    ) -> Result<SettingsWritten, StoreError> {
        self.read(self.inner.write_settings(tenant, write)).await
    }

    async fn search_knowledge(
        &self,
        tenant: TenantId,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError> {
        self.read(self.inner.search_knowledge(tenant, query, lang, limit)).await
    }

    async fn note_uses(
        &self,
        tenant: TenantId,
        session: SessionId,
        turn: TurnId,
        used: &[Used],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.note_uses(tenant, session, turn, used, now)).await
    }

    async fn grounds(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<GroundRecord>, StoreError> {
        self.read(self.inner.grounds(tenant, session)).await
    }

    async fn note_unanswered(
        &self,
        tenant: TenantId,
        session: SessionId,
        lang: Lang,
        question: &str,
        id: QuestionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let noted = self.inner.note_unanswered(tenant, session, lang, question, id, now);
        self.read(noted).await
    }

    async fn unanswered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<QuestionRecord>, StoreError> {
        self.read(self.inner.unanswered(tenant, limit)).await
    }

    async fn settle_question(
        &self,
        tenant: TenantId,
        question: QuestionId,
        end: QuestionEnd,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.settle_question(tenant, question, end)).await
    }
}

#[async_trait]
impl Websites for NodeStore {
    async fn add_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        url: &str,
        now: Timestamp,
    ) -> Result<WebsiteAdded, StoreError> {
        self.read(self.inner.add_website(tenant, id, url, now)).await
    }

    async fn list_websites(&self, tenant: TenantId) -> Result<Vec<WebsiteRecord>, StoreError> {
        self.read(self.inner.list_websites(tenant)).await
    }

    async fn read_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.read_website(tenant, id, now)).await
    }

    async fn delete_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.delete_website(tenant, id, now)).await
    }

    async fn claim_websites(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, WebsiteRecord)>, StoreError> {
        self.read(self.inner.claim_websites(node, now, lease, limit)).await
    }

    async fn tell_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        so_far: (u32, u32),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.tell_website(tenant, id, node, so_far, now)).await
    }

    async fn end_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        end: &WebsiteEnd,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.end_website(tenant, id, node, end, next_at, now)).await
    }
}

#[async_trait]
impl Inventory for NodeStore {
    async fn list_vehicles(
        &self,
        tenant: TenantId,
        filter: &VehicleFilter,
    ) -> Result<VehiclePage, StoreError> {
        self.read(self.inner.list_vehicles(tenant, filter)).await
    }

    async fn load_stock(&self, tenant: TenantId) -> Result<Vec<VehicleRecord>, StoreError> {
        self.read(self.inner.load_stock(tenant)).await
    }

    async fn find_vehicle(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
    ) -> Result<Option<VehicleRecord>, StoreError> {
        self.read(self.inner.find_vehicle(tenant, vehicle)).await
    }

    async fn write_stock(
        &self,
        tenant: TenantId,
        change: &StockChange,
    ) -> Result<StockWritten, StoreError> {
        self.read(self.inner.write_stock(tenant, change)).await
    }

    async fn vehicle_history(
        &self,
        tenant: TenantId,
        vehicle: VehicleId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<VehicleHistory>, StoreError> {
        self.read(self.inner.vehicle_history(tenant, vehicle, before, limit)).await
    }

    async fn put_import(&self, tenant: TenantId, import: &ImportRecord) -> Result<(), StoreError> {
        self.read(self.inner.put_import(tenant, import)).await
    }

    async fn find_import(
        &self,
        tenant: TenantId,
        import: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError> {
        self.read(self.inner.find_import(tenant, import)).await
    }

    async fn put_photo(&self, tenant: TenantId, photo: &PhotoRecord) -> Result<bool, StoreError> {
        self.read(self.inner.put_photo(tenant, photo)).await
    }

    async fn find_photo(
        &self,
        tenant: TenantId,
        photo: PhotoId,
    ) -> Result<Option<PhotoRecord>, StoreError> {
        self.read(self.inner.find_photo(tenant, photo)).await
    }

    async fn delete_photo(&self, tenant: TenantId, photo: PhotoId) -> Result<bool, StoreError> {
        self.read(self.inner.delete_photo(tenant, photo)).await
    }
}

#[async_trait]
impl CustomTools for NodeStore {
    async fn list_tools(&self, tenant: TenantId) -> Result<Vec<ToolRecord>, StoreError> {
        self.read(self.inner.list_tools(tenant)).await
    }

    async fn find_tool(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<ToolRecord>, StoreError> {
        self.read(self.inner.find_tool(tenant, tool)).await
    }

    async fn tool_headers(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.inner.tool_headers(tenant, tool)).await
    }

    async fn write_tool(
        &self,
        tenant: TenantId,
        write: &ToolWrite,
    ) -> Result<ToolWritten, StoreError> {
        self.read(self.inner.write_tool(tenant, write)).await
    }

    async fn tool_versions(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolVersion>, StoreError> {
        self.read(self.inner.tool_versions(tenant, tool, limit)).await
    }

    async fn note_tool_call(&self, tenant: TenantId, call: &ToolCall) -> Result<(), StoreError> {
        self.read(self.inner.note_tool_call(tenant, call)).await
    }

    async fn tool_calls(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolCall>, StoreError> {
        self.read(self.inner.tool_calls(tenant, tool, limit)).await
    }
}

#[async_trait]
impl Replies for NodeStore {
    async fn rate(&self, tenant: TenantId, rating: &ReplyRating) -> Result<Rated, StoreError> {
        self.read(self.inner.rate(tenant, rating)).await
    }

    async fn unrate(
        &self,
        tenant: TenantId,
        session: SessionId,
        message: MessageId,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.unrate(tenant, session, message, member)).await
    }

    async fn ratings(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<ReplyRating>, StoreError> {
        self.read(self.inner.ratings(tenant, session)).await
    }

    async fn reply_figures(
        &self,
        tenant: TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReplyFigures>, StoreError> {
        self.read(self.inner.reply_figures(tenant, from, until)).await
    }
}

#[async_trait]
impl Spending for NodeStore {
    async fn spend(&self, tenant: TenantId, taken: &[(Date, Taken)]) -> Result<(), StoreError> {
        self.read(self.inner.spend(tenant, taken)).await
    }

    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError> {
        self.read(self.inner.spent(tenant, day)).await
    }
}

#[async_trait]
impl People for NodeStore {
    async fn draft(&self, tenant: TenantId, session: SessionId) -> Result<DraftRow, StoreError> {
        self.read(self.inner.draft(tenant, session)).await
    }

    async fn save_draft(
        &self,
        tenant: TenantId,
        session: SessionId,
        text: &str,
        base: i64,
        member: MemberId,
        now: Timestamp,
    ) -> Result<DraftSaved, StoreError> {
        self.read(self.inner.save_draft(tenant, session, text, base, member, now)).await
    }

    async fn team(&self, tenant: TenantId) -> Result<Vec<Teammate>, StoreError> {
        self.read(self.inner.team(tenant)).await
    }

    async fn waiting_before(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError> {
        self.read(self.inner.waiting_before(tenant, since)).await
    }
}

#[async_trait]
impl Members for NodeStore {
    async fn find_member(
        &self,
        tenant: TenantId,
        email: &str,
    ) -> Result<Option<MemberWithHash>, StoreError> {
        self.read(self.inner.find_member(tenant, email)).await
    }

    async fn open_staff_session(
        &self,
        tenant: TenantId,
        member: MemberId,
        token_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let call = self.inner.open_staff_session(tenant, member, token_hash, now, expires_at);
        self.read(call).await
    }

    async fn find_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError> {
        self.read(self.inner.find_staff_session(tenant, token_hash, now)).await
    }

    async fn close_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        self.read(self.inner.close_staff_session(tenant, token_hash)).await
    }
}

/// Appointments: none are made in a simulated week yet, so these calls only pass through the same faults.
#[async_trait]
impl Bookings for NodeStore {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError> {
        self.read(self.inner.load_catalogue(tenant)).await
    }

    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.put_terms(tenant, terms, now)).await
    }

    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError> {
        self.read(self.inner.load_ledger(tenant, resource, since)).await
    }

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        now: Timestamp,
    ) -> Result<ResourceWritten, StoreError> {
        self.read(self.inner.write_resource(tenant, write, now)).await
    }

    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError> {
        self.read(self.inner.list_blocks(tenant, resource)).await
    }

    async fn write_booking(
        &self,
        tenant: TenantId,
        write: &BookingWrite,
    ) -> Result<Written, StoreError> {
        self.read(self.inner.write_booking(tenant, write)).await
    }

    async fn tell_bookings(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable);
        }
        let told = at_once(self.io.as_ref(), self.inner.tell_bookings(tenant, limit)).await;
        if let Ok(records) = &told {
            self.world.lock().told(tenant, records);
        }
        self.leave().await;
        told
    }

    async fn untold_bookings(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        self.read(self.inner.untold_bookings(before, limit)).await
    }

    async fn find_booking(
        &self,
        tenant: TenantId,
        booking: BookingId,
    ) -> Result<Option<BookingHistory>, StoreError> {
        self.read(self.inner.find_booking(tenant, booking)).await
    }

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        self.read(self.inner.booking_of(tenant, client_id)).await
    }

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError> {
        self.read(self.inner.list_bookings(tenant, filter)).await
    }

    // Sweeps find nothing while nobody books, and cost the simulated week nothing.
    async fn overdue_holds(
        &self,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError> {
        Ok(vec![])
    }

    async fn claim_letters(
        &self,
        _: NodeId,
        _: Timestamp,
        _: SignedDuration,
        _: u32,
    ) -> Result<Vec<DueLetter>, StoreError> {
        Ok(vec![])
    }

    async fn hand_over_letter(
        &self,
        letter: &DueLetter,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.hand_over_letter(letter, node, now, lease)).await
    }

    async fn end_letter(
        &self,
        letter: &DueLetter,
        end: &LetterEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.end_letter(letter, end, now)).await
    }

    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError> {
        self.read(self.inner.put_code(tenant, code)).await
    }

    async fn try_code(
        &self,
        tenant: TenantId,
        asker: uuid::Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError> {
        self.read(self.inner.try_code(tenant, asker, booking, now)).await
    }

    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.use_code(tenant, code, now)).await
    }

    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError> {
        self.read(self.inner.put_wait(tenant, wait)).await
    }

    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError> {
        self.read(self.inner.list_waits(tenant, service, between, limit)).await
    }

    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        self.read(self.inner.waiting_tenants(now, limit)).await
    }

    async fn offer_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.offer_wait(tenant, wait, booking, until, now)).await
    }

    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.end_wait(tenant, wait, now)).await
    }
}
