//! Fresh ids: the only place that draws random numbers for them (A3).

use forecourt_core::id::{
    AttachmentId, BlockId, BookingId, CalendarId, ContactId, DeliveryId, EndpointId, FaqId,
    ImportId, InboundEventId, LeadId, MessageId, OfferId, PhotoId, PolicyId, QuestionId,
    ResourceId, ServiceId, SessionId, ToolId, TurnId, VehicleId, WaitId, WebsiteId,
};
use uuid::Uuid;

/// Gives ids that were never given before.
pub trait Ids: Send + Sync {
    /// A fresh UUID, version 7, rising with time.
    fn uuid(&self) -> Uuid;

    fn contact(&self) -> ContactId {
        ContactId::from_uuid(self.uuid())
    }
    fn lead(&self) -> LeadId {
        LeadId::from_uuid(self.uuid())
    }
    fn session(&self) -> SessionId {
        SessionId::from_uuid(self.uuid())
    }
    fn message(&self) -> MessageId {
        MessageId::from_uuid(self.uuid())
    }
    fn attachment(&self) -> AttachmentId {
        AttachmentId::from_uuid(self.uuid())
    }
    fn turn(&self) -> TurnId {
        TurnId::from_uuid(self.uuid())
    }
    fn delivery(&self) -> DeliveryId {
        DeliveryId::from_uuid(self.uuid())
    }
    fn endpoint(&self) -> EndpointId {
        EndpointId::from_uuid(self.uuid())
    }
    fn inbound_event(&self) -> InboundEventId {
        InboundEventId::from_uuid(self.uuid())
    }
    fn vehicle(&self) -> VehicleId {
        VehicleId::from_uuid(self.uuid())
    }
    fn import(&self) -> ImportId {
        ImportId::from_uuid(self.uuid())
    }
    fn photo(&self) -> PhotoId {
        PhotoId::from_uuid(self.uuid())
    }
    fn service(&self) -> ServiceId {
        ServiceId::from_uuid(self.uuid())
    }
    fn faq(&self) -> FaqId {
        FaqId::from_uuid(self.uuid())
    }
    fn policy(&self) -> PolicyId {
        PolicyId::from_uuid(self.uuid())
    }
    fn website(&self) -> WebsiteId {
        WebsiteId::from_uuid(self.uuid())
    }
    fn tool(&self) -> ToolId {
        ToolId::from_uuid(self.uuid())
    }
    fn question(&self) -> QuestionId {
        QuestionId::from_uuid(self.uuid())
    }
    fn booking(&self) -> BookingId {
        BookingId::from_uuid(self.uuid())
    }
    fn offer(&self) -> OfferId {
        OfferId::from_uuid(self.uuid())
    }
    fn resource(&self) -> ResourceId {
        ResourceId::from_uuid(self.uuid())
    }
    fn block(&self) -> BlockId {
        BlockId::from_uuid(self.uuid())
    }
    fn calendar(&self) -> CalendarId {
        CalendarId::from_uuid(self.uuid())
    }
    fn wait(&self) -> WaitId {
        WaitId::from_uuid(self.uuid())
    }
}
