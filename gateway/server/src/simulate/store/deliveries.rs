//! Deliveries and timers: what is claimed, handed over and put off, each step told to the witness.

use async_trait::async_trait;
use forecourt_core::id::{DeliveryId, NodeId, TenantId};
use forecourt_ports::store::{
    Deliveries, DeliveryFilter, DeliveryHistory, DeliveryRecord, DeliveryStatus, DueDelivery,
    DueTimer, HandOver, Operations, Postponed, StoreError, TimerFilter, TimerRecord, Timers,
};
use jiff::{SignedDuration, Timestamp};

use super::{NodeStore, at_once};
use crate::simulate::{faults::Fault, witness::Handover, world::Sabotage};

/// No letter waits longer for its provider's breaker: the longest pause, and room for the order of many.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(121);

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

impl crate::simulate::world::World {
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
