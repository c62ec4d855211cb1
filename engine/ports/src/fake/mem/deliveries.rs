//! Deliveries in memory.

use async_trait::async_trait;
use forecourt_core::{
    event::DeliveryKind,
    id::{DeliveryId, NodeId, TenantId},
};
use jiff::{SignedDuration, Timestamp};

use super::{Claim, Delivery, MemStore, TenantData, is_free};
use crate::store::{Content, Deliveries, DueDelivery, HandOver, Postponed, StoreError};

#[async_trait]
impl Deliveries for MemStore {
    async fn claim_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut world = self.enter("claim_deliveries").await?;
        let mut due: Vec<_> = world
            .tenants
            .iter()
            .flat_map(|(tenant, data)| data.deliveries.iter().map(move |row| (*tenant, row)))
            .filter(|(_, (_, row))| is_free(row.claim, now))
            .filter_map(|(tenant, (id, row))| match row.status {
                "pending" => (row.next_at <= now).then_some((row.next_at, tenant, *id)),
                "handing_over" => {
                    Some((row.claim.map_or(row.next_at, |claim| claim.until), tenant, *id))
                }
                _ => None,
            })
            .collect();
        due.sort_unstable();
        due.truncate(limit as usize);
        let claim = Claim::new(node, now, lease);
        let mut claimed = Vec::with_capacity(due.len());
        for (_, tenant, id) in due {
            let data = world.tenant_mut(tenant)?;
            if let Some(row) = data.deliveries.get_mut(&id) {
                row.claim = Some(claim);
            }
            claimed.extend(data.due_delivery(tenant, id));
        }
        Ok(claimed)
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
        let mut world = self.enter("hand_over").await?;
        let data = world.tenant_mut(tenant)?;
        let Some(row) = data.deliveries.get_mut(&delivery) else { return Ok(HandOver::Stale) };
        let held_by_another = row.claim.is_some_and(|claim| claim.by != node && claim.until > now);
        if row.status != "pending" || row.attempts + 1 != attempt || held_by_another {
            return Ok(HandOver::Stale);
        }
        let fence = data.sessions.get(&row.session).map(|found| found.state.fence);
        if row.queued.fence.is_some_and(|carried| fence.is_none_or(|fence| carried < fence)) {
            return Ok(HandOver::Refused);
        }
        row.status = "handing_over";
        row.claim = Some(Claim::new(node, now, lease));
        row.updated_at = now;
        Ok(HandOver::Go)
    }

    async fn postpone_deliveries(
        &self,
        tenant: TenantId,
        node: NodeId,
        now: Timestamp,
        tries: &[Postponed],
    ) -> Result<(), StoreError> {
        let mut world = self.enter("postpone_deliveries").await?;
        let data = world.tenant_mut(tenant)?;
        for Postponed { delivery, attempt, until } in tries {
            let Some(row) = data.deliveries.get_mut(delivery) else { continue };
            let free = row.claim.is_none_or(|claim| claim.by == node || claim.until <= now);
            if row.status == "pending" && row.attempts + 1 == *attempt && free {
                (row.next_at, row.claim, row.updated_at) = (*until, None, now);
            }
        }
        Ok(())
    }

    async fn forget_leases(&self) -> Result<(), StoreError> {
        let mut world = self.enter("forget_leases").await?;
        for data in world.tenants.values_mut() {
            data.timers.values_mut().for_each(|timer| timer.claim = None);
            data.deliveries.values_mut().for_each(|delivery| delivery.claim = None);
        }
        Ok(())
    }

    async fn release_leases(&self, node: NodeId) -> Result<(), StoreError> {
        let mut world = self.enter("release_leases").await?;
        let not_ours = |claim: &Claim| claim.by != node;
        for data in world.tenants.values_mut() {
            data.timers.values_mut().for_each(|timer| timer.claim = timer.claim.filter(not_ours));
            for delivery in data.deliveries.values_mut().filter(|d| d.status == "pending") {
                delivery.claim = delivery.claim.filter(not_ours);
            }
        }
        Ok(())
    }
}

pub(super) fn kind_word(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Answer => "answer",
        DeliveryKind::Alert { .. } => "alert",
    }
}

impl TenantData {
    fn due_delivery(&self, tenant: TenantId, id: DeliveryId) -> Option<DueDelivery> {
        let row: &Delivery = self.deliveries.get(&id)?;
        let found = self.sessions.get(&row.session)?;
        let state = &found.state;
        let message = row.queued.message.and_then(|message| {
            self.named(found.messages.iter().filter(|stored| stored.message == message)).pop()
        });
        let text = message.as_ref().map_or(&state.last_customer_text, |message| &message.text);
        Some(DueDelivery {
            tenant,
            session: row.session,
            delivery: id,
            kind: row.queued.kind,
            attempt: row.attempts + 1,
            lost: row.status == "handing_over",
            deadline: row.queued.deadline,
            to: row.queued.to.as_str().to_owned(),
            lang: state.lang,
            content: Content {
                customer_name: state.customer_name.clone(),
                vehicle_interest: state.vehicle_interest.clone(),
                text: text.clone(),
                author: message.as_ref().map(|message| message.author),
                member_name: message.and_then(|message| message.member_name),
                note: Content::note_of(row.queued.kind, state),
            },
            thread: state.thread.clone(),
        })
    }
}
