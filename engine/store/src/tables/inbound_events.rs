//! `inbound_events`: the calls that came in, whatever became of them; append-only.

use forecourt_core::id::LeadId;
use forecourt_ports::store::InboundEvent;
use uuid::Uuid;

use super::{Time, Word, bulk::bulk};

bulk! {
    /// A call from outside.
    insert InboundEvents of InboundRow into inbound_events {
        inbound_event_id: Uuid,
        at: Time,
        kind: &'static str,
        status: i16,
        outcome: &'static str,
        lead_id: Option<Uuid>,
        content_type: Option<String>,
        body: String,
    }
    ""
}

impl InboundRow {
    pub(crate) fn of(event: &InboundEvent) -> Self {
        Self {
            inbound_event_id: event.id.into_uuid(),
            at: event.at.into(),
            kind: event.kind,
            // Out of range is refused by the table's check, as 0 is.
            status: i16::try_from(event.status).unwrap_or(0),
            outcome: event.outcome.word(),
            lead_id: event.lead.map(LeadId::into_uuid),
            content_type: event.content_type.clone(),
            body: event.body.clone(),
        }
    }
}
