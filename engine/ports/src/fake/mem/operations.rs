//! What people see, in memory; and how a timer's row keeps its last outcome.

use std::cmp::Reverse;

use async_trait::async_trait;
use forecourt_core::{
    effect::TimerEnd,
    id::{DeliveryId, NodeId, TenantId},
};
use jiff::Timestamp;

use super::{Claim, Delivery, MemStore, Timer};
use crate::store::{
    DeliveryFilter, DeliveryHistory, DeliveryRecord, DeliveryStatus, Held, MOST_ROWS, Operations,
    StoreError, TimerFilter, TimerRecord, speaks_of,
};

#[async_trait]
impl Operations for MemStore {
    async fn list_deliveries(
        &self,
        tenant: TenantId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let world = self.enter("list_deliveries").await?;
        let rows = world.tenant(tenant)?.deliveries.iter().rev();
        let wanted = rows.filter(|(id, row)| {
            filter.status.is_none_or(|status| status.as_str() == row.status)
                && filter.session.is_none_or(|session| session == row.session)
                && filter.since.is_none_or(|since| row.created_at >= since)
                && filter.until.is_none_or(|until| row.created_at < until)
                && filter.after.is_none_or(|after| **id < after)
        });
        wanted
            .take(filter.limit.min(MOST_ROWS) as usize)
            .map(|(id, row)| record(*id, row))
            .collect()
    }

    async fn find_delivery(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
    ) -> Result<Option<DeliveryHistory>, StoreError> {
        let world = self.enter("find_delivery").await?;
        let data = world.tenant(tenant)?;
        let Some(row) = data.deliveries.get(&delivery) else { return Ok(None) };
        let events = data
            .journal
            .iter()
            .filter(|record| record.session == row.session && speaks_of(&record.event, delivery));
        Ok(Some(DeliveryHistory {
            to: row.queued.to.as_str().to_owned(),
            events: events.cloned().collect(),
            row: record(delivery, row)?,
        }))
    }

    async fn list_timers(
        &self,
        tenant: TenantId,
        filter: &TimerFilter,
    ) -> Result<Vec<TimerRecord>, StoreError> {
        let world = self.enter("list_timers").await?;
        let mut rows: Vec<TimerRecord> = world
            .tenant(tenant)?
            .timers
            .iter()
            .filter(|((session, kind), timer)| {
                timer.end.is_some() == filter.ended
                    && filter.session.is_none_or(|wanted| wanted == *session)
                    && filter.kind.is_none_or(|wanted| wanted == *kind)
            })
            .map(|((session, kind), timer)| TimerRecord {
                session: *session,
                kind: *kind,
                due_at: timer.due_at,
                set_at: timer.set_at,
                moved: timer.moved,
                moved_at: timer.moved_at,
                fired: timer.fired,
                fired_at: timer.fired_at,
                fired_by: timer.fired_by,
                held: held(timer.claim),
                end: timer.end,
                ended_at: timer.ended_at,
                reason: timer.reason.map(str::to_owned),
            })
            .collect();
        if filter.ended {
            let place = |row: &TimerRecord| (Reverse(row.session), row.kind.as_str());
            rows.sort_by_key(place);
            let after = filter.after.map(|after| (Reverse(after.session), after.kind.as_str()));
            rows.retain(|row| after.is_none_or(|after| place(row) > after));
        } else {
            let place = |row: &TimerRecord| (row.due_at, row.session, row.kind.as_str());
            rows.sort_by_key(place);
            let after =
                filter.after.map(|after| (after.due_at, after.session, after.kind.as_str()));
            rows.retain(|row| after.is_none_or(|after| place(row) > after));
        }
        rows.truncate(filter.limit.min(MOST_ROWS) as usize);
        Ok(rows)
    }
}

fn held(claim: Option<Claim>) -> Option<Held> {
    claim.map(|claim| Held { by: claim.by, until: claim.until })
}

fn record(delivery: DeliveryId, row: &Delivery) -> Result<DeliveryRecord, StoreError> {
    let status = DeliveryStatus::parse(row.status);
    Ok(DeliveryRecord {
        delivery,
        session: row.session,
        kind: row.queued.kind,
        status: status.ok_or(StoreError::Inconsistent { table: "deliveries" })?,
        attempts: row.attempts,
        fence: row.queued.fence,
        next_at: row.next_at,
        deadline: row.queued.deadline,
        held: held(row.claim),
        code: row.code.clone(),
        intent: row.queued.intent.as_ref().map(|intent| intent.as_str().to_owned()),
        replay_of: row.queued.replay_of,
        replayed_by: row.replayed_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

impl Timer {
    /// The row after the timer was set. One that was due when it is set anew has fired; one that was
    /// not is moved; one that had ended begins again.
    pub(super) fn set(
        old: Option<Self>,
        due_at: Timestamp,
        at: Timestamp,
        reason: Option<&'static str>,
        node: NodeId,
    ) -> Self {
        let new = Self {
            due_at,
            end: None,
            claim: None,
            set_at: at,
            moved: 0,
            moved_at: None,
            fired: 0,
            fired_at: None,
            fired_by: None,
            ended_at: None,
            reason,
        };
        let Some(old) = old else { return new };
        let new = Self { fired: old.fired, fired_at: old.fired_at, fired_by: old.fired_by, ..new };
        match old.end {
            Some(_) => new,
            None if old.due_at <= at => {
                Self { fired: old.fired + 1, fired_at: Some(at), fired_by: Some(node), ..new }
            }
            None => Self { set_at: old.set_at, moved: old.moved + 1, moved_at: Some(at), ..new },
        }
    }

    pub(super) fn end(
        &mut self,
        end: TimerEnd,
        at: Timestamp,
        reason: Option<&'static str>,
        node: NodeId,
    ) {
        (self.end, self.ended_at, self.claim, self.reason) = (Some(end), Some(at), None, reason);
        if end == TimerEnd::Fired {
            (self.fired, self.fired_at, self.fired_by) = (self.fired + 1, Some(at), Some(node));
        }
    }
}
