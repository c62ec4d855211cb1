//! Deliveries on their way: claimed, handed over, reported.

use async_trait::async_trait;
use forecourt_core::{
    event::DeliveryKind,
    id::{DeliveryId, NodeId, SessionId, TenantId},
    lang::Lang,
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
    /// Claims deliveries of all tenants that are due and that no living node holds, `limit` at most.
    async fn claim_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Records that try number `attempt` is about to be handed over, if it still may: one statement
    /// that checks status, attempt and fence. The lease covers the longest handover.
    async fn hand_over(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
        attempt: u32,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<HandOver, StoreError>;

    /// Ends every lease at once: for the one engine that owns its cluster, at its start.
    async fn forget_leases(&self) -> Result<(), StoreError>;
}
