//! `deliveries` as people see them: newest first, page by page.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::Fence,
    id::{DeliveryId, NodeId, SessionId},
};
use forecourt_ports::store::{DeliveryFilter, DeliveryRecord, DeliveryStatus, Held};
use uuid::Uuid;

use super::{
    Accepted, Failed, HandingOver, Pending, Refused, Time, Uncertain, Word, deliveries::kind_of,
    number,
};
use crate::{TenantTx, error::DbError, schema::deliveries};

const TABLE: &str = "deliveries";

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
struct Stored {
    delivery_id: Uuid,
    session_id: Uuid,
    kind: String,
    reason: Option<String>,
    fence: Option<i64>,
    status: String,
    attempts: i32,
    next_at: Time,
    deadline: Option<Time>,
    claimed_by: Option<Uuid>,
    claimed_until: Option<Time>,
    code: Option<String>,
    created_at: Time,
    updated_at: Time,
    intent: Option<String>,
    replay_of: Option<Uuid>,
    replayed_by: Option<Uuid>,
}

impl Stored {
    fn record(self) -> Result<DeliveryRecord, DbError> {
        let held = self.claimed_by.zip(self.claimed_until);
        Ok(DeliveryRecord {
            delivery: DeliveryId::from_uuid(self.delivery_id),
            session: SessionId::from_uuid(self.session_id),
            kind: kind_of(&self.kind, self.reason.as_deref())?,
            status: DeliveryStatus::read(&self.status, TABLE)?,
            attempts: number(self.attempts, TABLE)?,
            fence: self.fence.map(Fence),
            next_at: self.next_at.to_jiff(),
            deadline: self.deadline.map(Time::to_jiff),
            held: held
                .map(|(by, until)| Held { by: NodeId::from_uuid(by), until: until.to_jiff() }),
            code: self.code,
            intent: self.intent,
            replay_of: self.replay_of.map(DeliveryId::from_uuid),
            replayed_by: self.replayed_by.map(DeliveryId::from_uuid),
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}

/// A page of the tenant's deliveries. Their ids rise with time, so the key gives the order.
pub(crate) async fn list(
    mut tx: &TenantTx,
    filter: &DeliveryFilter,
    limit: u32,
) -> Result<Vec<DeliveryRecord>, DbError> {
    let mut query = deliveries::table
        .order(deliveries::delivery_id.desc())
        .limit(limit.into())
        .select(Stored::as_select())
        .into_boxed();
    query = match filter.status {
        None => query,
        Some(DeliveryStatus::Pending) => query.filter(deliveries::status.eq(Pending)),
        Some(DeliveryStatus::HandingOver) => query.filter(deliveries::status.eq(HandingOver)),
        Some(DeliveryStatus::Accepted) => query.filter(deliveries::status.eq(Accepted)),
        Some(DeliveryStatus::Failed) => query.filter(deliveries::status.eq(Failed)),
        Some(DeliveryStatus::Uncertain) => query.filter(deliveries::status.eq(Uncertain)),
        Some(DeliveryStatus::Refused) => query.filter(deliveries::status.eq(Refused)),
    };
    if let Some(session) = filter.session {
        query = query.filter(deliveries::session_id.eq(session.into_uuid()));
    }
    if let Some(since) = filter.since {
        query = query.filter(deliveries::created_at.ge(Time::from(since)));
    }
    if let Some(until) = filter.until {
        query = query.filter(deliveries::created_at.lt(Time::from(until)));
    }
    if let Some(after) = filter.after {
        query = query.filter(deliveries::delivery_id.lt(after.into_uuid()));
    }
    let found: Vec<Stored> = query.load(&mut tx).await?;
    found.into_iter().map(Stored::record).collect()
}

/// One delivery, and whom it goes to.
pub(crate) async fn find(
    mut tx: &TenantTx,
    delivery: DeliveryId,
) -> Result<Option<(DeliveryRecord, String)>, DbError> {
    let found: Option<(Stored, String)> = deliveries::table
        .filter(deliveries::delivery_id.eq(delivery.into_uuid()))
        .select((Stored::as_select(), deliveries::to_address))
        .first(&mut tx)
        .await
        .optional()?;
    found.map(|(stored, to)| Ok((stored.record()?, to))).transpose()
}
