//! `deliveries`: letters on their way, from the decision to the proof.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper, sql_types,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::{AlertReason, DeliveryKind},
    id::{DeliveryId, MessageId, NodeId, SessionId},
};
use forecourt_ports::store::{DeliveryRow, HandOver};
use futures_util::try_join;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    HandingOver, Pending, Time, Word,
    bulk::{self, bulk},
    each::{each, wanted},
    number, sessions as session_rows,
};
use crate::{
    TenantTx,
    error::DbError,
    schema::{deliveries, sessions},
};

const TABLE: &str = "deliveries";
pub(crate) const PENDING: &str = "pending";
const HANDING_OVER: &str = "handing_over";
pub(crate) const ANSWER: &str = "answer";
pub(crate) const ALERT: &str = "alert";

bulk! {
    /// A delivery that is new with this commit, as it stands after it.
    insert NewDeliveries of NewDelivery into deliveries {
        delivery_id: Uuid,
        session_id: Uuid,
        kind: &'static str,
        reason: Option<&'static str>,
        message_id: Option<Uuid>,
        fence: Option<i64>,
        to_address: String,
        status: &'static str,
        attempts: i32,
        next_at: Time,
        deadline: Option<Time>,
        claimed_by: Option<Uuid>,
        claimed_until: Option<Time>,
        code: Option<String>,
        reference: Option<String>,
        created_at: Time,
        updated_at: Time,
        intent: Option<String>,
        replay_of: Option<Uuid>,
    }
    ""
}

bulk! {
    /// A dead letter that a person has sent once more.
    update MarkReplayed of ReplayedDelivery in deliveries {
        delivery_id: Uuid,
        replayed_by: Option<Uuid>,
    }
    "replayed_by = new.replayed_by"
    where "old.delivery_id = new.delivery_id"
}

bulk! {
    /// A try that is put off. `attempts` is how many have ended, `claimed_by` who puts it off.
    update PostponeDeliveries of PostponedDelivery in deliveries {
        delivery_id: Uuid,
        attempts: i32,
        next_at: Time,
        claimed_by: Option<Uuid>,
        updated_at: Time,
    }
    "next_at = new.next_at, claimed_by = NULL, claimed_until = NULL, updated_at = new.updated_at"
    where "old.delivery_id = new.delivery_id AND old.status = 'pending' \
     AND old.attempts = new.attempts AND (old.claimed_by IS NULL \
     OR old.claimed_by = new.claimed_by OR old.claimed_until <= new.updated_at)"
}

bulk! {
    /// What became of a delivery that was queued earlier. `attempts` is how many more have ended.
    update MoveDeliveries of MovedDelivery in deliveries {
        delivery_id: Uuid,
        status: &'static str,
        attempts: i32,
        next_at [maybe]: Option<Time>,
        code: Option<String>,
        reference: Option<String>,
        updated_at: Time,
    }
    "status = new.status, attempts = old.attempts + new.attempts, \
     next_at = COALESCE(new.next_at, old.next_at), claimed_by = NULL, claimed_until = NULL, \
     code = new.code, reference = new.reference, updated_at = new.updated_at"
    where "old.delivery_id = new.delivery_id"
}

/// A delivery that a sweep has found.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Found {
    delivery_id: Uuid,
    session_id: Uuid,
    kind: String,
    reason: Option<String>,
    message_id: Option<Uuid>,
    to_address: String,
    status: String,
    attempts: i32,
    next_at: Time,
    deadline: Option<Time>,
    claimed_until: Option<Time>,
}

impl Found {
    pub(crate) fn delivery(&self) -> DeliveryId {
        DeliveryId::from_uuid(self.delivery_id)
    }

    pub(crate) fn session(&self) -> SessionId {
        SessionId::from_uuid(self.session_id)
    }

    pub(crate) fn message(&self) -> Option<MessageId> {
        self.message_id.map(MessageId::from_uuid)
    }

    pub(crate) fn to(&self) -> &str {
        &self.to_address
    }

    /// Whether its handover was begun and never ended.
    pub(crate) fn is_lost(&self) -> bool {
        self.status == HANDING_OVER
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.deadline.map(Time::to_jiff)
    }

    /// Since when it is due.
    pub(crate) fn due_since(&self) -> Timestamp {
        let lost = self.claimed_until.filter(|_| self.is_lost());
        lost.unwrap_or(self.next_at).to_jiff()
    }

    pub(crate) fn attempt(&self) -> Result<u32, DbError> {
        number(self.attempts.saturating_add(1), TABLE)
    }

    pub(crate) fn kind(&self) -> Result<DeliveryKind, DbError> {
        kind_of(&self.kind, self.reason.as_deref())
    }
}

/// What the two columns say together.
pub(super) fn kind_of(kind: &str, reason: Option<&str>) -> Result<DeliveryKind, DbError> {
    match (kind, reason) {
        (ANSWER, None) => Ok(DeliveryKind::Answer),
        (ALERT, Some(reason)) => {
            Ok(DeliveryKind::Alert { reason: AlertReason::read(reason, TABLE)? })
        }
        _ => Err(DbError::Inconsistent { table: TABLE, what: "a kind" }),
    }
}

/// Claims what is due and what was begun by a node that is gone; oldest first.
pub(crate) async fn claim(
    tx: &mut TenantTx,
    now: Timestamp,
    node: NodeId,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Found>, DbError> {
    let at = Time::from(now);
    let free = || deliveries::claimed_until.is_null().or(deliveries::claimed_until.le(at));
    let begun: Vec<Found> = deliveries::table
        .filter(deliveries::status.eq(HandingOver))
        .filter(free())
        .order(deliveries::claimed_until)
        .limit(limit.into())
        .for_no_key_update()
        .skip_locked()
        .select(Found::as_select())
        .load(tx)
        .await?;
    let mut found: Vec<Found> = deliveries::table
        .filter(deliveries::status.eq(Pending))
        .filter(deliveries::next_at.le(at))
        .filter(free())
        .order(deliveries::next_at)
        .limit(limit.into())
        .for_no_key_update()
        .skip_locked()
        .select(Found::as_select())
        .load(tx)
        .await?;
    found.extend(begun);
    found.sort_by_key(|row| (row.due_since(), row.delivery_id));
    found.truncate(limit as usize);
    let ids: Vec<Uuid> = found.iter().map(|row| row.delivery_id).collect();
    let set = (
        deliveries::claimed_by.eq(Some(node.into_uuid())),
        deliveries::claimed_until.eq(Some(Time::from(until))),
    );
    let claimed = deliveries::table.filter(deliveries::delivery_id.eq_any(ids));
    diesel::update(claimed).set(set).execute(tx).await?;
    Ok(found)
}

/// A try that wants to pass the point of no return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) delivery: DeliveryId,
    pub(crate) attempt: u32,
    pub(crate) node: NodeId,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

/// Records that a try is handed over, if it still may.
///
/// The session's row is locked before the delivery's, in the order in which a commit writes them. A
/// takeover that was answered before this began is seen, and one that commits after this waits (A7).
pub(crate) async fn hand_over(tx: &mut TenantTx, try_: Try) -> Result<HandOver, DbError> {
    type Standing = (String, i32, Option<Uuid>, Option<Time>, Option<i64>, i64);
    let of_session = sessions::tenant_id
        .eq(deliveries::tenant_id)
        .and(sessions::session_id.eq(deliveries::session_id));
    let standing: Option<Standing> = sessions::table
        .inner_join(deliveries::table.on(of_session))
        .filter(deliveries::delivery_id.eq(try_.delivery.into_uuid()))
        .select((
            deliveries::status,
            deliveries::attempts,
            deliveries::claimed_by,
            deliveries::claimed_until,
            deliveries::fence,
            sessions::fence,
        ))
        .for_no_key_update()
        .get_result(tx)
        .await
        .optional()?;
    let Some((status, attempts, claimed_by, claimed_until, carried, fence)) = standing else {
        return Ok(HandOver::Stale);
    };
    let held_by_another = claimed_by.is_some_and(|holder| holder != try_.node.into_uuid())
        && claimed_until.is_some_and(|until| until.to_jiff() > try_.now);
    let due = i64::from(attempts) + 1 == i64::from(try_.attempt);
    if status != PENDING || !due || held_by_another {
        return Ok(HandOver::Stale);
    }
    if carried.is_some_and(|carried| carried < fence) {
        return Ok(HandOver::Refused);
    }
    let this = deliveries::table.filter(deliveries::delivery_id.eq(try_.delivery.into_uuid()));
    let set = (
        deliveries::status.eq(HANDING_OVER),
        deliveries::claimed_by.eq(Some(try_.node.into_uuid())),
        deliveries::claimed_until.eq(Some(Time::from(try_.until))),
        deliveries::updated_at.eq(Time::from(try_.now)),
    );
    diesel::update(this).set(set).execute(tx).await?;
    Ok(HandOver::Go)
}

/// Records those tries that may still be handed over; one answer each, in order.
///
/// The rules are those of [`hand_over`]; here all sessions are locked first and then all deliveries, each kind
/// in the order of its ids, as a commit does: two of them wait for each other in one direction only.
pub(crate) async fn hand_over_all(
    tx: &TenantTx,
    tries: &[(SessionId, Try)],
) -> Result<Vec<HandOver>, DbError> {
    // Sorted: in the order in which commits write them.
    let of_sessions: BTreeSet<Uuid> =
        tries.iter().map(|(session, _)| session.into_uuid()).collect();
    let of_sessions: Vec<Uuid> = of_sessions.into_iter().collect();
    let letters: BTreeSet<Uuid> = tries.iter().map(|(_, try_)| try_.delivery.into_uuid()).collect();
    let letters: Vec<Uuid> = letters.into_iter().collect();
    let (fences, standing) =
        try_join!(session_rows::lock_fences(tx, &of_sessions), lock_standing(tx, &letters))?;
    let fences: BTreeMap<SessionId, i64> = fences.into_iter().collect();
    let mut standing: BTreeMap<DeliveryId, Option<Standing>> = standing.into_iter().collect();
    let (mut answers, mut go) = (Vec::with_capacity(tries.len()), Vec::new());
    for (session, try_) in tries {
        let found = standing.get_mut(&try_.delivery).and_then(Option::take);
        let fence = fences.get(session).copied();
        let (Some(found), Some(fence)) = (found, fence) else {
            answers.push(HandOver::Stale);
            continue;
        };
        let answer = found.may_leave(*session, *try_, fence);
        if answer == HandOver::Go {
            go.push(BegunDelivery {
                delivery_id: try_.delivery.into_uuid(),
                claimed_by: Some(try_.node.into_uuid()),
                claimed_until: Some(try_.until.into()),
                updated_at: try_.now.into(),
            });
        } else {
            // The next try of the same letter may be the one that is due.
            standing.insert(try_.delivery, Some(found));
        }
        answers.push(answer);
    }
    bulk::send(tx, go.into_iter().collect::<BeginDeliveries>()).await?;
    Ok(answers)
}

bulk! {
    /// A delivery whose handover begins.
    update BeginDeliveries of BegunDelivery in deliveries {
        delivery_id: Uuid,
        claimed_by: Option<Uuid>,
        claimed_until: Option<Time>,
        updated_at: Time,
    }
    "status = 'handing_over', claimed_by = new.claimed_by, claimed_until = new.claimed_until, \
     updated_at = new.updated_at"
    where "old.delivery_id = new.delivery_id"
}

/// How a delivery stands that wants to leave.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
struct Standing {
    session_id: Uuid,
    status: String,
    attempts: i32,
    claimed_by: Option<Uuid>,
    claimed_until: Option<Time>,
    fence: Option<i64>,
}

impl Standing {
    fn may_leave(&self, session: SessionId, try_: Try, fence: i64) -> HandOver {
        let held_by_another = self.claimed_by.is_some_and(|holder| holder != try_.node.into_uuid())
            && self.claimed_until.is_some_and(|until| until.to_jiff() > try_.now);
        let due = i64::from(self.attempts) + 1 == i64::from(try_.attempt);
        let of_session = self.session_id == session.into_uuid();
        if self.status != PENDING || !due || held_by_another || !of_session {
            HandOver::Stale
        } else if self.fence.is_some_and(|carried| carried < fence) {
            HandOver::Refused
        } else {
            HandOver::Go
        }
    }
}

/// Locks deliveries until the end of the transaction, in the order of `ids`.
async fn lock_standing(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<(DeliveryId, Option<Standing>)>, DbError> {
    let one = deliveries::table
        .filter(deliveries::delivery_id.eq(wanted::<sql_types::Uuid>()))
        .select((deliveries::delivery_id, Standing::as_select()))
        .for_no_key_update();
    let found: Vec<(Uuid, Standing)> =
        each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    Ok(found.into_iter().map(|(id, row)| (DeliveryId::from_uuid(id), Some(row))).collect())
}

/// Ends every claim of the tenant's deliveries; what was being handed over is lost then.
pub(crate) async fn forget_leases(tx: &mut TenantTx) -> Result<usize, DbError> {
    let held = deliveries::table.filter(deliveries::claimed_until.is_not_null());
    let set = (deliveries::claimed_by.eq(None::<Uuid>), deliveries::claimed_until.eq(None::<Time>));
    Ok(diesel::update(held).set(set).execute(tx).await?)
}

/// Gives back the node's claims on what it has not begun to hand over.
pub(crate) async fn release_leases(tx: &mut TenantTx, node: NodeId) -> Result<usize, DbError> {
    let held = deliveries::table
        .filter(deliveries::claimed_by.eq(node.into_uuid()))
        .filter(deliveries::status.eq("pending"));
    let set = (deliveries::claimed_by.eq(None::<Uuid>), deliveries::claimed_until.eq(None::<Time>));
    Ok(diesel::update(held).set(set).execute(tx).await?)
}

/// A session's newest deliveries, oldest first.
pub(crate) async fn newest(
    mut tx: &TenantTx,
    session: SessionId,
    limit: u32,
) -> Result<Vec<DeliveryRow>, DbError> {
    type Stored = (Uuid, String, String, i32, Option<String>, Time);
    let found: Vec<Stored> = deliveries::table
        .filter(deliveries::session_id.eq(session.into_uuid()))
        .order((deliveries::created_at.desc(), deliveries::delivery_id.desc()))
        .limit(limit.into())
        .select((
            deliveries::delivery_id,
            deliveries::kind,
            deliveries::status,
            deliveries::attempts,
            deliveries::code,
            deliveries::updated_at,
        ))
        .load(&mut tx)
        .await?;
    let row = |(id, kind, status, attempts, code, updated_at): Stored| {
        Ok(DeliveryRow {
            delivery: DeliveryId::from_uuid(id),
            kind,
            status,
            attempts: number(attempts, TABLE)?,
            code,
            updated_at: updated_at.to_jiff(),
        })
    };
    found.into_iter().rev().map(row).collect()
}
