//! Deliveries on their way: claimed, handed over, reported.

use async_trait::async_trait;
use forecourt_core::{
    event::{Author, DeliveryKind},
    handoff::{self, HandoffNote},
    id::{DeliveryId, NodeId, SessionId, TenantId},
    lang::Lang,
    session::LeadSession,
};
use jiff::{SignedDuration, Timestamp};

use super::StoreError;

/// A delivery that is due, with all that is needed to write the letter.
#[derive(Clone, Debug, PartialEq)]
pub struct DueDelivery {
    pub tenant: TenantId,
    pub session: SessionId,
    pub delivery: DeliveryId,
    pub kind: DeliveryKind,
    /// The number of the try that is due, counted from 1.
    pub attempt: u32,
    /// A node ended between handover and report: the outcome is unknown, and it must not be tried again.
    pub lost: bool,
    /// The promise's, if one may still run: then it may be the probe of a provider that fails.
    pub deadline: Option<Timestamp>,
    pub to: String,
    pub lang: Lang,
    pub content: Content,
    /// Earlier answers of the conversation, for threading.
    pub thread: Vec<DeliveryId>,
}

/// What the letter is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub customer_name: Option<String>,
    pub vehicle_interest: Option<String>,
    /// The message's text; for an alert the customer's last text, shortened.
    pub text: String,
    /// Who wrote it; `None` for an alert.
    pub author: Option<Author>,
    /// The name it is signed with when a member wrote it.
    pub member_name: Option<String>,
    /// With an alert: what the person should know.
    pub note: Option<HandoffNote>,
}

impl Content {
    /// What an alert of this kind tells besides the customer's last text.
    pub fn note_of(kind: DeliveryKind, state: &LeadSession) -> Option<HandoffNote> {
        matches!(kind, DeliveryKind::Alert { .. }).then(|| handoff::note(state))
    }
}

/// A try that keeps its place and waits: its provider does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Postponed {
    pub delivery: DeliveryId,
    pub attempt: u32,
    pub until: Timestamp,
}

/// A try that wants to pass the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub session: SessionId,
    pub delivery: DeliveryId,
    pub attempt: u32,
}

/// Whether a try may pass the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// Recorded: go.
    Go,
    /// Somebody else had it, or it is over.
    Stale,
    /// It carries an older fence than its session: it must not leave (A7).
    Refused,
}

#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Claims deliveries of all tenants that are due and that no living node holds, oldest first,
    /// `limit` at most. One whose handover was begun comes back as `lost` once its lease has ended.
    async fn claim_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Records that try number `attempt` is about to be handed over, if it still may: status, attempt,
    /// holder and fence are checked at once, after every commit that was answered before. The lease
    /// covers the longest handover.
    async fn hand_over(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
        attempt: u32,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<HandOver, StoreError>;

    /// [`Deliveries::hand_over`] for the tries of a tenant that want to leave at the same time: one answer each, in
    /// order, and each by its own right. After an error none may leave.
    async fn hand_over_all(
        &self,
        tenant: TenantId,
        tries: &[Leaving],
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Vec<HandOver>, StoreError> {
        let mut recorded = Vec::with_capacity(tries.len());
        for Leaving { delivery, attempt, .. } in tries {
            let one = self.hand_over(tenant, *delivery, *attempt, node, now, lease).await?;
            recorded.push(one);
        }
        Ok(recorded)
    }

    /// Puts off tries that `node` holds or nobody does, without counting them; whatever is not
    /// pending any more, or another node's, stays as it is. Nobody holds them afterwards: at their
    /// time whoever is alive takes them up.
    async fn postpone_deliveries(
        &self,
        tenant: TenantId,
        node: NodeId,
        now: Timestamp,
        tries: &[Postponed],
    ) -> Result<(), StoreError>;

    /// Ends every lease at once, of timers too: for the one engine that owns its cluster, at its start.
    async fn forget_leases(&self) -> Result<(), StoreError>;

    /// Gives back what `node` has claimed and not begun, of timers too, when it stops. What is being
    /// handed over keeps its lease: its answer may still come.
    async fn release_leases(&self, node: NodeId) -> Result<(), StoreError>;
}
