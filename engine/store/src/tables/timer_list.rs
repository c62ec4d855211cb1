//! `timers` as people see them: what will fire next, or how each ended last.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    effect::{TimerEnd, TimerKind},
    id::{NodeId, SessionId},
};
use forecourt_ports::store::{Held, TimerFilter, TimerRecord};
use uuid::Uuid;

use super::{
    Pending, Time, Word, number,
    timers::{PENDING, SESSION},
};
use crate::{TenantTx, error::DbError, schema::timers};

const TABLE: &str = "timers";

#[derive(Queryable, Selectable)]
#[diesel(table_name = timers, check_for_backend(diesel::pg::Pg))]
struct Stored {
    entity_id: Uuid,
    kind: String,
    due_at: Time,
    status: String,
    claimed_by: Option<Uuid>,
    claimed_until: Option<Time>,
    set_at: Time,
    ended_at: Option<Time>,
    reason: Option<String>,
    moved: i32,
    moved_at: Option<Time>,
    fired: i32,
    fired_at: Option<Time>,
    fired_by: Option<Uuid>,
}

impl Stored {
    fn record(self) -> Result<TimerRecord, DbError> {
        let at = |time: Option<Time>| time.map(Time::to_jiff);
        let held = self.claimed_by.zip(self.claimed_until);
        Ok(TimerRecord {
            session: SessionId::from_uuid(self.entity_id),
            kind: TimerKind::read(&self.kind, TABLE)?,
            due_at: self.due_at.to_jiff(),
            set_at: self.set_at.to_jiff(),
            moved: number(self.moved, TABLE)?,
            moved_at: at(self.moved_at),
            fired: number(self.fired, TABLE)?,
            fired_at: at(self.fired_at),
            fired_by: self.fired_by.map(NodeId::from_uuid),
            held: held
                .map(|(by, until)| Held { by: NodeId::from_uuid(by), until: until.to_jiff() }),
            end: match self.status.as_str() {
                PENDING => None,
                ended => Some(TimerEnd::read(ended, TABLE)?),
            },
            ended_at: at(self.ended_at),
            reason: self.reason,
        })
    }
}

/// A page of the tenant's timers.
pub(crate) async fn list(
    mut tx: &TenantTx,
    filter: &TimerFilter,
    limit: u32,
) -> Result<Vec<TimerRecord>, DbError> {
    let mut query = timers::table
        .filter(timers::entity_kind.eq(SESSION))
        .limit(limit.into())
        .select(Stored::as_select())
        .into_boxed();
    if let Some(session) = filter.session {
        query = query.filter(timers::entity_id.eq(session.into_uuid()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(timers::kind.eq(kind.word()));
    }
    let after = filter.after.map(|after| (after, after.session.into_uuid(), after.kind.word()));
    query = if filter.ended {
        // By the key: the ids of sessions rise with time.
        let query = query
            .filter(timers::status.ne(Pending))
            .order((timers::entity_id.desc(), timers::kind.asc()));
        match after {
            Some((_, session, kind)) => query.filter(timers::entity_id.le(session)).filter(
                timers::entity_id
                    .lt(session)
                    .or(timers::entity_id.eq(session).and(timers::kind.gt(kind))),
            ),
            None => query,
        }
    } else {
        let query = query.filter(timers::status.eq(Pending)).order((
            timers::due_at,
            timers::entity_id,
            timers::kind,
        ));
        match after {
            Some((place, session, kind)) => {
                let due_at = Time::from(place.due_at);
                let same_session = timers::entity_id.eq(session).and(timers::kind.gt(kind));
                let same_time =
                    timers::due_at.eq(due_at).and(timers::entity_id.gt(session).or(same_session));
                query
                    .filter(timers::due_at.ge(due_at))
                    .filter(timers::due_at.gt(due_at).or(same_time))
            }
            None => query,
        }
    };
    let found: Vec<Stored> = query.load(&mut tx).await?;
    found.into_iter().map(Stored::record).collect()
}
