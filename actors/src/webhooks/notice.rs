//! Tells a tenant's people that one of their endpoints was paused, by mail.
//!
//! The same two steps as with every letter: what may be repeated first, then the record, then the handover.
//! A crash after the record leaves the notice at `begun`, and it is never sent again (R1); the pause itself
//! stands on the dashboard in any case.

use std::sync::Arc;

use forecourt_core::id::SessionId;
use forecourt_ports::{
    sender::{Letter, Outgoing, Recipient, SendError},
    store::{DueNotice, NoticeStatus, StoreError},
};
use jiff::{SignedDuration, Timestamp};

use super::{WebhookPorts, told};

/// How long a notice that was taken is left alone, and how long after a failure it is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// A notice that could not be sent for so long is given up.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(48);
/// Notices that one sweep sends.
const AT_ONCE: u32 = 10;

/// Sends the notices that are due.
pub(super) async fn tell(ports: &WebhookPorts, now: Timestamp) {
    let due = ports.webhooks.claim_notices(now, AGAIN, AT_ONCE).await;
    for notice in told("notices", due).unwrap_or_default() {
        let sent = send(ports, &notice, now).await;
        let (tenant, endpoint) = (notice.tenant, notice.endpoint);
        let (status, next_at) = match sent {
            Ok(status) => (status, now),
            Err(Held) if now.duration_since(notice.since) > GIVEN_UP => (NoticeStatus::Failed, now),
            Err(Held) => (NoticeStatus::Due, now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX)),
        };
        if status != NoticeStatus::Begun {
            told("a notice", ports.webhooks.note_notice(tenant, endpoint, status, next_at).await);
        }
    }
}

/// It did not leave, and may be tried again.
struct Held;

impl From<StoreError> for Held {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store failed a notice");
        Self
    }
}

async fn send(
    ports: &WebhookPorts,
    notice: &DueNotice,
    now: Timestamp,
) -> Result<NoticeStatus, Held> {
    let Some(tenant) = ports.store.load_tenant(notice.tenant).await? else {
        return Ok(NoticeStatus::Failed);
    };
    let settings = Arc::new(tenant.settings);
    let mut ready = Vec::new();
    for address in &settings.mail.alert_to {
        let outgoing = Outgoing {
            delivery: ports.ids.delivery(),
            tenant: notice.tenant,
            // It speaks of no conversation.
            session: SessionId::from_uuid(notice.endpoint.into_uuid()),
            lang: settings.default_language(),
            settings: Arc::clone(&settings),
            letter: Letter::EndpointPaused {
                url: notice.url.clone(),
                why: notice.why,
                link: ports.links.webhooks().unwrap_or_default(),
            },
            to: Recipient { name: None, address: address.clone() },
            thread: Vec::new(),
            unsubscribe_url: None,
        };
        match ports.sender.prepare(&outgoing).await {
            Ok(prepared) => ready.push(prepared),
            Err(SendError::Permanent { .. }) => {} // the others may still be reached
            Err(SendError::Temporary { .. } | SendError::Uncertain { .. }) => return Err(Held),
        }
    }
    if ready.is_empty() {
        return Ok(NoticeStatus::Failed);
    }
    let (tenant, endpoint, begun) = (notice.tenant, notice.endpoint, NoticeStatus::Begun);
    if !ports.webhooks.note_notice(tenant, endpoint, begun, now).await? {
        return Ok(NoticeStatus::Begun); // resumed meanwhile, or another node was first
    }
    let (mut sent, mut refused) = (0, 0);
    for prepared in ready {
        match prepared.hand_over().await {
            Ok(_) => sent += 1,
            Err(SendError::Uncertain { .. }) => {}
            Err(SendError::Temporary { .. } | SendError::Permanent { .. }) => refused += 1,
        }
    }
    tracing::info!(endpoint.id = %endpoint, sent, refused, "people were told of a pause");
    match (sent, refused) {
        (0, 0) => Ok(NoticeStatus::Begun), // nobody knows whether it left
        (0, _) => Err(Held),
        _ => Ok(NoticeStatus::Sent),
    }
}
