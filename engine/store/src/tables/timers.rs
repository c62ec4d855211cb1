//! `timers`: what must happen at a time. One row per session and kind, for as long as the session is.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    effect::TimerKind,
    id::{NodeId, SessionId},
};
use forecourt_ports::store::DueTimer;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Pending, Time, Word,
    bulk::{self, bulk},
};
use crate::{TenantTx, error::DbError, schema::timers};

const TABLE: &str = "timers";
/// The kind of entity that a lead session is.
pub(crate) const SESSION: &str = "session";
pub(crate) const PENDING: &str = "pending";

bulk! {
    /// A timer that this commit sets or ends.
    insert SetTimers of TimerRow into timers {
        entity_kind: &'static str,
        entity_id: Uuid,
        kind: &'static str,
        due_at: Time,
        status: &'static str,
        set_at: Time,
        ended_at: Option<Time>,
        reason: Option<String>,
        written_by: Option<Uuid>,
    }
    // One that was due when it is set anew has fired; one that was not is moved; one that had ended
    // begins again. One that ends was due when it was.
    "ON CONFLICT (tenant_id, entity_kind, entity_id, kind) DO UPDATE SET \
     status = EXCLUDED.status, claimed_by = NULL, claimed_until = NULL, ended_at = EXCLUDED.ended_at, \
     reason = EXCLUDED.reason, written_by = EXCLUDED.written_by, \
     due_at = CASE WHEN EXCLUDED.status = 'pending' THEN EXCLUDED.due_at ELSE timers.due_at END, \
     set_at = CASE WHEN EXCLUDED.status <> 'pending' OR timers.status = 'pending' \
     AND timers.due_at > EXCLUDED.set_at THEN timers.set_at ELSE EXCLUDED.set_at END, \
     moved = CASE WHEN EXCLUDED.status <> 'pending' THEN timers.moved \
     WHEN timers.status = 'pending' AND timers.due_at > EXCLUDED.set_at THEN timers.moved + 1 \
     ELSE 0 END, \
     moved_at = CASE WHEN EXCLUDED.status <> 'pending' THEN timers.moved_at \
     WHEN timers.status = 'pending' AND timers.due_at > EXCLUDED.set_at THEN EXCLUDED.set_at END, \
     fired = CASE WHEN EXCLUDED.status = 'fired' OR EXCLUDED.status = 'pending' \
     AND timers.status = 'pending' AND timers.due_at <= EXCLUDED.set_at \
     THEN timers.fired + 1 ELSE timers.fired END, \
     fired_at = CASE WHEN EXCLUDED.status = 'fired' THEN EXCLUDED.ended_at \
     WHEN EXCLUDED.status = 'pending' AND timers.status = 'pending' \
     AND timers.due_at <= EXCLUDED.set_at THEN EXCLUDED.set_at ELSE timers.fired_at END, \
     fired_by = CASE WHEN EXCLUDED.status = 'fired' OR EXCLUDED.status = 'pending' \
     AND timers.status = 'pending' AND timers.due_at <= EXCLUDED.set_at \
     THEN EXCLUDED.written_by ELSE timers.fired_by END"
}

bulk! {
    /// A timer that a node takes upon itself.
    update ClaimTimers of ClaimedTimer in timers {
        entity_kind: &'static str,
        entity_id: Uuid,
        kind: &'static str,
        claimed_by: Option<Uuid>,
        claimed_until: Option<Time>,
    }
    "claimed_by = new.claimed_by, claimed_until = new.claimed_until"
    where "old.entity_kind = new.entity_kind AND old.entity_id = new.entity_id \
     AND old.kind = new.kind"
}

/// Which timers a sweep takes: due between the two, and held by nobody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// The oldest that is known to be due; the index is read from here.
    pub(crate) from: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) limit: u32,
}

/// Claims due timers until `until`, oldest first; without `until` it only looks.
pub(crate) async fn claim(
    tx: &mut TenantTx,
    due: Due,
    node: NodeId,
    until: Option<Timestamp>,
) -> Result<Vec<DueTimer>, DbError> {
    let (from, now) = (Time::from(due.from), Time::from(due.now));
    let free = timers::claimed_until.is_null().or(timers::claimed_until.le(now));
    let rows = timers::table
        .filter(timers::status.eq(Pending))
        .filter(timers::due_at.between(from, now))
        .filter(free)
        .order(timers::due_at)
        .limit(due.limit.into())
        // Looked at below, not filtered by: the key begins with it, and would be read instead of
        // the due times.
        .select((timers::entity_kind, timers::entity_id, timers::kind, timers::due_at));
    let found: Vec<(String, Uuid, String, Time)> = match until {
        // What another node is just claiming or moving is not waited for.
        Some(_) => rows.for_no_key_update().skip_locked().load(tx).await?,
        None => rows.load(tx).await?,
    };
    let mut due = Vec::with_capacity(found.len());
    for (entity, session, kind, due_at) in found {
        if entity != SESSION {
            continue; // an entity of a newer version of the engine: its own nodes fire it
        }
        due.push(DueTimer {
            tenant: tx.tenant(),
            session: SessionId::from_uuid(session),
            kind: TimerKind::read(&kind, TABLE)?,
            due_at: due_at.to_jiff(),
        });
    }
    if until.is_some() {
        let claimed = due.iter().map(|timer| ClaimedTimer {
            entity_kind: SESSION,
            entity_id: timer.session.into_uuid(),
            kind: timer.kind.word(),
            claimed_by: Some(node.into_uuid()),
            claimed_until: super::some(until),
        });
        bulk::send(tx, claimed.collect::<ClaimTimers>()).await?;
    }
    Ok(due)
}

/// Ends every claim of the tenant's timers.
pub(crate) async fn forget_leases(tx: &mut TenantTx) -> Result<usize, DbError> {
    let held = timers::table.filter(timers::claimed_until.is_not_null());
    let set = (timers::claimed_by.eq(None::<Uuid>), timers::claimed_until.eq(None::<Time>));
    Ok(diesel::update(held).set(set).execute(tx).await?)
}

/// Gives back the node's claims.
pub(crate) async fn release_leases(tx: &mut TenantTx, node: NodeId) -> Result<usize, DbError> {
    let held = timers::table.filter(timers::claimed_by.eq(node.into_uuid()));
    let set = (timers::claimed_by.eq(None::<Uuid>), timers::claimed_until.eq(None::<Time>));
    Ok(diesel::update(held).set(set).execute(tx).await?)
}
