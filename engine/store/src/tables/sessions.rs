//! `sessions`: conversations, each with the state after its last event.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, sql_types};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::Version,
    id::SessionId,
    session::{LeadSession, Speaker},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Doc, Time, Word,
    bulk::bulk,
    each::{each, wanted},
    some,
};
use crate::{TenantTx, error::DbError, schema::sessions};

bulk! {
    /// A session after its last event of this commit.
    insert PutSessions of SessionRow into sessions {
        session_id: Uuid,
        version: i64,
        fence: i64,
        channel: &'static str,
        lang: &'static str,
        status: &'static str,
        waiting_since: Option<Time>,
        waits_for: Option<&'static str>,
        state: Doc,
        created_at: Time,
        updated_at: Time,
    }
    "ON CONFLICT (tenant_id, session_id) DO UPDATE SET version = EXCLUDED.version, \
     fence = EXCLUDED.fence, channel = EXCLUDED.channel, lang = EXCLUDED.lang, \
     status = EXCLUDED.status, waiting_since = EXCLUDED.waiting_since, \
     waits_for = EXCLUDED.waits_for, state = EXCLUDED.state, updated_at = EXCLUDED.updated_at"
}

impl SessionRow {
    /// The row of a state that was reached at `at`.
    pub(crate) fn of(state: &LeadSession, at: Timestamp) -> Result<Self, DbError> {
        let status = match (state.closed, state.speaker) {
            (true, _) => CLOSED,
            (false, Speaker::Member(_)) => WITH_HUMAN,
            (false, Speaker::Assistant) => OPEN,
        };
        let answer = state.promises.as_slice().first().map(|promise| (promise.since, "answer"));
        let waiting = answer.or(state.handoff.map(|handoff| (handoff.since, "person")));
        Ok(Self {
            session_id: state.id.into_uuid(),
            version: state.version.0,
            fence: state.fence.0,
            channel: state.channel.word(),
            lang: state.lang.word(),
            status,
            waiting_since: some(waiting.map(|(since, _)| since)),
            waits_for: waiting.map(|(_, what)| what),
            state: Doc::of(state)?,
            created_at: at.into(),
            updated_at: at.into(),
        })
    }
}

const OPEN: &str = "open";
pub(crate) const WITH_HUMAN: &str = "with_human";
pub(crate) const CLOSED: &str = "closed";

/// The versions of sessions; those that do not exist are left out.
pub(crate) async fn versions(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<(SessionId, Version)>, DbError> {
    let one = sessions::table
        .filter(sessions::session_id.eq(wanted::<sql_types::Uuid>()))
        .select((sessions::session_id, sessions::version));
    let found: Vec<(Uuid, i64)> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    let version = |(id, version)| (SessionId::from_uuid(id), Version(version));
    Ok(found.into_iter().map(version).collect())
}

/// Which of these sessions are closed.
pub(crate) async fn closed(mut tx: &TenantTx, ids: &[Uuid]) -> Result<Vec<SessionId>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let one = sessions::table
        .filter(sessions::session_id.eq(wanted::<sql_types::Uuid>()))
        .select((sessions::session_id, sessions::status));
    let found: Vec<(Uuid, String)> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    let closed = found.into_iter().filter(|(_, status)| status == CLOSED);
    Ok(closed.map(|(id, _)| SessionId::from_uuid(id)).collect())
}

/// Locks sessions until the end of the transaction, in the order of `ids`, and says their fences; those that do not
/// exist are left out.
pub(crate) async fn lock_fences(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<(SessionId, i64)>, DbError> {
    let one = sessions::table
        .filter(sessions::session_id.eq(wanted::<sql_types::Uuid>()))
        .select((sessions::session_id, sessions::fence))
        .for_no_key_update();
    let found: Vec<(Uuid, i64)> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    Ok(found.into_iter().map(|(id, fence)| (SessionId::from_uuid(id), fence)).collect())
}

/// The snapshot of a session with its version.
pub(crate) async fn find(
    mut tx: &TenantTx,
    session: SessionId,
) -> Result<Option<(Version, Doc)>, DbError> {
    let found = sessions::table
        .filter(sessions::session_id.eq(session.into_uuid()))
        .select((sessions::version, sessions::state))
        .get_result::<(i64, Doc)>(&mut tx)
        .await
        .optional()?;
    Ok(found.map(|(version, state)| (Version(version), state)))
}

/// The snapshots of several sessions.
pub(crate) async fn list(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<(SessionId, Doc)>, DbError> {
    let one = sessions::table
        .filter(sessions::session_id.eq(wanted::<sql_types::Uuid>()))
        .select((sessions::session_id, sessions::state));
    let found: Vec<(Uuid, Doc)> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    Ok(found.into_iter().map(|(id, state)| (SessionId::from_uuid(id), state)).collect())
}

/// How many have waited for a person since before `since`.
pub(crate) async fn count_queued_before(
    tx: &mut TenantTx,
    since: Timestamp,
) -> Result<u64, DbError> {
    let count: i64 = sessions::table
        .filter(sessions::waits_for.eq("person"))
        .filter(sessions::waiting_since.lt(Time::from(since)))
        .count()
        .get_result(tx)
        .await?;
    super::number(count, "sessions")
}

/// How many sessions wait although no timer of theirs is pending (A11: none).
pub(crate) async fn count_waiting_without_timer(tx: &mut TenantTx) -> Result<u64, DbError> {
    use diesel::dsl::{exists, not};

    use super::Pending;
    use crate::schema::timers;

    let pending = timers::table
        .filter(timers::entity_kind.eq(super::timers::SESSION))
        .filter(timers::entity_id.eq(sessions::session_id))
        .filter(timers::status.eq(Pending));
    let count: i64 = sessions::table
        .filter(sessions::waiting_since.is_not_null())
        .filter(not(exists(pending)))
        .count()
        .get_result(tx)
        .await?;
    super::number(count, "sessions")
}
