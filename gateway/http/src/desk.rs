//! What the gateway asks of the engine, as a seam: tests put an engine behind it that fails on demand.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_actors::{
    BookingDesk, Captured, CustomerMessage, Engine, EngineError, InventoryDesk, Posted,
    ProviderStatus, QueuePlace, TenantHandle, ToolDesk,
    inspect::{Filter, Inspection},
};
use forecourt_core::{
    attachment::{AttachmentFailure, FileKind},
    callback::{CallTime, CallbackEnd},
    capture::Submission,
    contact::Phone,
    effect::TimerKind,
    event::{MessageSeq, Reader},
    id::{AttachmentId, DeliveryId, MemberId, SessionId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
};
use forecourt_ports::store::{InboundEvent, TenantSnapshot, knowledge::Passage};
use jiff::Timestamp;

/// The engine: finds tenants. See [`forecourt_actors::Engine`].
#[async_trait]
pub trait Desk: Send + Sync {
    async fn tenant(&self, slug: &str) -> Result<Option<Arc<dyn TenantDesk>>, EngineError>;
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<dyn TenantDesk>>, EngineError>;
    fn is_stopping(&self) -> bool;
    /// How the actors stand, for operators.
    async fn inspect(&self, filter: Filter) -> Inspection;
}

/// One tenant of the engine. See [`forecourt_actors::TenantHandle`].
#[async_trait]
pub trait TenantDesk: Send + Sync {
    fn id(&self) -> TenantId;
    fn snapshot(&self) -> Arc<TenantSnapshot>;
    /// The tenant's appointments.
    fn bookings(&self) -> BookingDesk;
    /// The tenant's vehicles.
    fn inventory(&self) -> InventoryDesk;
    /// The tenant's tools, for people.
    fn tools(&self) -> ToolDesk;
    async fn knowledge(&self) -> Result<Arc<Knowledge>, EngineError>;
    /// Passages that fit a question, the best first, as the assistant finds them.
    async fn search_knowledge(
        &self,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, EngineError>;
    /// Something the tenant may say was stored: this node reads it anew. Others notice by themselves.
    fn knowledge_changed(&self);
    async fn capture(
        &self,
        submission: Submission,
        inbound: InboundEvent,
    ) -> Result<Captured, EngineError>;
    async fn log_inbound(&self, inbound: InboundEvent);
    async fn open_session(&self, lang: Lang) -> Result<SessionId, EngineError>;
    async fn post_message(
        &self,
        session: SessionId,
        message: CustomerMessage,
    ) -> Result<Posted, EngineError>;
    async fn announce_attachment(
        &self,
        session: SessionId,
        client_id: String,
        bytes: u64,
    ) -> Result<AttachmentId, EngineError>;
    async fn attachment_arrived(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
    ) -> Result<(), EngineError>;
    async fn attachment_failed(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        reason: AttachmentFailure,
    ) -> Result<(), EngineError>;
    async fn post_member_message(
        &self,
        session: SessionId,
        member: MemberId,
        text: String,
        client_id: String,
        seen: Option<MessageSeq>,
    ) -> Result<Posted, EngineError>;
    async fn member_typing(&self, session: SessionId, member: MemberId) -> Result<(), EngineError>;
    async fn seen(
        &self,
        session: SessionId,
        by: Reader,
        upto: MessageSeq,
    ) -> Result<(), EngineError>;
    async fn assign(
        &self,
        session: SessionId,
        to: Option<MemberId>,
        by: MemberId,
    ) -> Result<(), EngineError>;
    async fn take_over(&self, session: SessionId, member: MemberId) -> Result<(), EngineError>;
    async fn release(
        &self,
        session: SessionId,
        member: MemberId,
        manager: bool,
    ) -> Result<(), EngineError>;
    async fn close(&self, session: SessionId, member: MemberId) -> Result<(), EngineError>;
    async fn queue_place(&self, session: SessionId) -> Result<Option<QueuePlace>, EngineError>;
    async fn call_times(&self, session: SessionId) -> Result<Vec<CallTime>, EngineError>;
    async fn agree_call(
        &self,
        session: SessionId,
        at: Timestamp,
        member: Option<MemberId>,
        by: MemberId,
        phone: Option<Phone>,
    ) -> Result<(), EngineError>;
    async fn end_call(
        &self,
        session: SessionId,
        at: Timestamp,
        end: CallbackEnd,
        member: MemberId,
    ) -> Result<(), EngineError>;
    async fn replay_delivery(
        &self,
        session: SessionId,
        delivery: DeliveryId,
        by: MemberId,
        even_if_sent: bool,
        client_id: Option<String>,
    ) -> Result<DeliveryId, EngineError>;
    async fn cancel_timer(
        &self,
        session: SessionId,
        kind: TimerKind,
        by: MemberId,
    ) -> Result<(), EngineError>;
    fn providers(&self) -> Vec<ProviderStatus>;
}

#[async_trait]
impl Desk for Engine {
    async fn tenant(&self, slug: &str) -> Result<Option<Arc<dyn TenantDesk>>, EngineError> {
        let tenant = Self::tenant(self, slug).await?;
        Ok(tenant.map(|tenant| Arc::new(tenant) as Arc<dyn TenantDesk>))
    }

    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<dyn TenantDesk>>, EngineError> {
        let tenant = Self::tenant_by_id(self, id).await?;
        Ok(tenant.map(|tenant| Arc::new(tenant) as Arc<dyn TenantDesk>))
    }

    fn is_stopping(&self) -> bool {
        Self::is_stopping(self)
    }

    async fn inspect(&self, filter: Filter) -> Inspection {
        Self::inspect(self, filter).await
    }
}

#[async_trait]
impl TenantDesk for TenantHandle {
    fn id(&self) -> TenantId {
        Self::id(self)
    }

    fn snapshot(&self) -> Arc<TenantSnapshot> {
        Self::snapshot(self)
    }

    fn bookings(&self) -> BookingDesk {
        Self::bookings(self)
    }

    fn inventory(&self) -> InventoryDesk {
        Self::inventory(self)
    }

    fn tools(&self) -> ToolDesk {
        Self::tools(self)
    }

    async fn knowledge(&self) -> Result<Arc<Knowledge>, EngineError> {
        Self::knowledge(self).await
    }

    async fn search_knowledge(
        &self,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, EngineError> {
        Self::search_knowledge(self, query, lang, limit).await
    }

    fn knowledge_changed(&self) {
        Self::knowledge_changed(self);
    }

    async fn capture(
        &self,
        submission: Submission,
        inbound: InboundEvent,
    ) -> Result<Captured, EngineError> {
        Self::capture(self, submission, inbound).await
    }

    async fn log_inbound(&self, inbound: InboundEvent) {
        Self::log_inbound(self, inbound);
    }

    async fn open_session(&self, lang: Lang) -> Result<SessionId, EngineError> {
        Self::open_session(self, lang).await
    }

    async fn post_message(
        &self,
        session: SessionId,
        message: CustomerMessage,
    ) -> Result<Posted, EngineError> {
        Self::write(self, session, message).await
    }

    async fn announce_attachment(
        &self,
        session: SessionId,
        client_id: String,
        bytes: u64,
    ) -> Result<AttachmentId, EngineError> {
        Self::announce_attachment(self, session, client_id, bytes).await
    }

    async fn attachment_arrived(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
    ) -> Result<(), EngineError> {
        Self::attachment_arrived(self, session, attachment, kind, bytes).await
    }

    async fn attachment_failed(
        &self,
        session: SessionId,
        attachment: AttachmentId,
        reason: AttachmentFailure,
    ) -> Result<(), EngineError> {
        Self::attachment_failed(self, session, attachment, reason).await
    }

    async fn post_member_message(
        &self,
        session: SessionId,
        member: MemberId,
        text: String,
        client_id: String,
        seen: Option<MessageSeq>,
    ) -> Result<Posted, EngineError> {
        Self::post_member_message(self, session, member, text, client_id, seen).await
    }

    async fn member_typing(&self, session: SessionId, member: MemberId) -> Result<(), EngineError> {
        Self::member_typing(self, session, member).await
    }

    async fn seen(
        &self,
        session: SessionId,
        by: Reader,
        upto: MessageSeq,
    ) -> Result<(), EngineError> {
        Self::seen(self, session, by, upto).await
    }

    async fn assign(
        &self,
        session: SessionId,
        to: Option<MemberId>,
        by: MemberId,
    ) -> Result<(), EngineError> {
        Self::assign(self, session, to, by).await
    }

    async fn take_over(&self, session: SessionId, member: MemberId) -> Result<(), EngineError> {
        Self::take_over(self, session, member).await
    }

    async fn release(
        &self,
        session: SessionId,
        member: MemberId,
        manager: bool,
    ) -> Result<(), EngineError> {
        Self::release(self, session, member, manager).await
    }

    async fn close(&self, session: SessionId, member: MemberId) -> Result<(), EngineError> {
        Self::close(self, session, member).await
    }

    async fn queue_place(&self, session: SessionId) -> Result<Option<QueuePlace>, EngineError> {
        Self::queue_place(self, session).await
    }

    async fn call_times(&self, session: SessionId) -> Result<Vec<CallTime>, EngineError> {
        Self::call_times(self, session).await
    }

    async fn agree_call(
        &self,
        session: SessionId,
        at: Timestamp,
        member: Option<MemberId>,
        by: MemberId,
        phone: Option<Phone>,
    ) -> Result<(), EngineError> {
        Self::agree_call(self, session, at, member, by, phone).await
    }

    async fn end_call(
        &self,
        session: SessionId,
        at: Timestamp,
        end: CallbackEnd,
        member: MemberId,
    ) -> Result<(), EngineError> {
        Self::end_call(self, session, at, end, member).await
    }

    async fn replay_delivery(
        &self,
        session: SessionId,
        delivery: DeliveryId,
        by: MemberId,
        even_if_sent: bool,
        client_id: Option<String>,
    ) -> Result<DeliveryId, EngineError> {
        Self::replay_delivery(self, session, delivery, by, even_if_sent, client_id).await
    }

    async fn cancel_timer(
        &self,
        session: SessionId,
        kind: TimerKind,
        by: MemberId,
    ) -> Result<(), EngineError> {
        Self::cancel_timer(self, session, kind, by).await
    }

    fn providers(&self) -> Vec<ProviderStatus> {
        Self::providers(self)
    }
}
