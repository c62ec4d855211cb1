//! Timers in memory.

use async_trait::async_trait;
use forecourt_core::id::NodeId;
use jiff::{SignedDuration, Timestamp};

use super::{Claim, MemStore, is_free};
use crate::store::{DueTimer, STUCK, StoreError, Timers};

#[async_trait]
impl Timers for MemStore {
    async fn claim_timers(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let mut world = self.enter("claim_timers").await?;
        let mut due: Vec<_> = world
            .tenants
            .iter()
            .flat_map(|(tenant, data)| {
                data.timers.iter().map(move |(key, timer)| (tenant, key, timer))
            })
            .filter(|(_, _, timer)| {
                timer.end.is_none() && timer.due_at <= now && is_free(timer.claim, now)
            })
            .map(|(tenant, &(session, kind), timer)| DueTimer {
                tenant: *tenant,
                session,
                kind,
                due_at: timer.due_at,
            })
            .collect();
        due.sort_by_key(|timer| (timer.due_at, *timer));
        due.truncate(limit as usize);
        if lease > SignedDuration::ZERO {
            let claim = Claim::new(node, now, lease);
            for timer in &due {
                let data = world.tenant_mut(timer.tenant)?;
                if let Some(row) = data.timers.get_mut(&(timer.session, timer.kind)) {
                    row.claim = Some(claim);
                }
            }
        }
        Ok(due)
    }

    async fn undone(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let world = self.enter("undone").await?;
        let (mut overdue, mut pending, mut uncertain, mut unwatched) = (0, 0, 0, 0);
        let (mut stuck, mut dead) = (0, 0);
        let long_due = now.saturating_sub(STUCK).unwrap_or(Timestamp::MIN);
        for data in world.tenants.values() {
            let timers = data.timers.values().filter(|timer| timer.end.is_none());
            overdue += timers.filter(|timer| timer.due_at < now).count();
            for delivery in data.deliveries.values() {
                pending += usize::from(matches!(delivery.status, "pending" | "handing_over"));
                let unseen = delivery.replayed_by.is_none();
                uncertain += usize::from(delivery.status == "uncertain" && unseen);
                dead += usize::from(delivery.status == "failed" && unseen);
                let forgotten = match delivery.status {
                    "pending" => delivery.next_at < long_due,
                    status => status == "handing_over",
                };
                stuck += usize::from(forgotten && is_free(delivery.claim, now));
            }
            let waiting = data.sessions.iter().filter(|(_, found)| found.state.somebody_waits());
            unwatched += waiting
                .filter(|(id, _)| {
                    let mut timers = data.timers.iter().filter(|((session, _), _)| session == *id);
                    !timers.any(|(_, timer)| timer.end.is_none())
                })
                .count();
        }
        Ok(vec![
            ("timer_overdue", overdue as u64),
            ("delivery_pending", pending as u64),
            ("delivery_stuck", stuck as u64),
            ("delivery_uncertain", uncertain as u64),
            ("delivery_dead", dead as u64),
            ("session_waiting_without_timer", unwatched as u64),
        ])
    }
}
