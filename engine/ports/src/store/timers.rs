//! Durable timers: rows are the truth, memory is only faster.

use async_trait::async_trait;
use forecourt_core::{
    effect::TimerKind,
    id::{NodeId, SessionId, TenantId},
};
use jiff::{SignedDuration, Timestamp};

use super::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueTimer {
    pub tenant: TenantId,
    pub session: SessionId,
    pub kind: TimerKind,
    pub due_at: Timestamp,
}

/// A delivery that is overdue for so long although nobody holds it has been forgotten by a sweep.
pub const STUCK: SignedDuration = SignedDuration::from_secs(60);

#[async_trait]
pub trait Timers: Send + Sync {
    /// Claims timers of all tenants that were due at `now`, oldest first, `limit` at most, for `lease`.
    ///
    /// A claimed timer is given to nobody before its lease ends; firing or moving it through the
    /// journal ends the claim. A lease of zero only looks, and claims nothing.
    async fn claim_timers(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueTimer>, StoreError>;

    /// How much is undone, by kind: `timer_overdue` (due before `now`), `delivery_pending` (not yet
    /// ended), `delivery_stuck` (due for [`STUCK`] and held by nobody, or begun by a node that is gone),
    /// `delivery_uncertain` and `delivery_dead` (failed; both as long as nobody had them sent once
    /// more), `session_waiting_without_timer` (A11: must be 0).
    async fn undone(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, StoreError>;
}
