//! `session_drafts`: the reply that members write together, one per conversation.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{MemberId, SessionId};
use forecourt_ports::store::DraftRow;
use jiff::Timestamp;
use uuid::Uuid;

use super::Time;
use crate::{TenantTx, error::DbError, schema::session_drafts};

pub(crate) async fn find(
    mut tx: &TenantTx,
    session: SessionId,
) -> Result<Option<DraftRow>, DbError> {
    let found: Option<(i64, String, Option<Uuid>, Time)> = session_drafts::table
        .filter(session_drafts::session_id.eq(session.into_uuid()))
        .select((
            session_drafts::revision,
            session_drafts::text,
            session_drafts::member_id,
            session_drafts::updated_at,
        ))
        .get_result(&mut tx)
        .await
        .optional()?;
    Ok(found.map(|(revision, text, member, at)| DraftRow {
        revision,
        text,
        member: member.map(MemberId::from_uuid),
        at: Some(at.to_jiff()),
    }))
}

/// Saves `text` over `base`; says whether the draft was at `base`. Who is at 0 begins it.
pub(crate) async fn save(
    mut tx: &TenantTx,
    session: SessionId,
    text: &str,
    base: i64,
    member: MemberId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let (session, member) = (session.into_uuid(), member.into_uuid());
    let written = if base == 0 {
        let row = (
            session_drafts::session_id.eq(session),
            session_drafts::revision.eq(1),
            session_drafts::text.eq(text),
            session_drafts::member_id.eq(member),
            session_drafts::updated_at.eq(Time::from(now)),
        );
        let insert = diesel::insert_into(session_drafts::table).values(row);
        insert.on_conflict_do_nothing().execute(&mut tx).await?
    } else {
        let stands = session_drafts::table
            .filter(session_drafts::session_id.eq(session))
            .filter(session_drafts::revision.eq(base));
        let set = (
            session_drafts::revision.eq(session_drafts::revision + 1),
            session_drafts::text.eq(text),
            session_drafts::member_id.eq(member),
            session_drafts::updated_at.eq(Time::from(now)),
        );
        diesel::update(stands).set(set).execute(&mut tx).await?
    };
    Ok(written == 1)
}

/// A member's message was sent in these conversations: their drafts are over.
pub(crate) async fn end(
    mut tx: &TenantTx,
    sessions: Vec<Uuid>,
    at: Option<Timestamp>,
) -> QueryResult<usize> {
    let Some(at) = at.filter(|_| !sessions.is_empty()) else { return Ok(0) };
    let ended = session_drafts::table
        .filter(session_drafts::session_id.eq_any(sessions))
        .filter(session_drafts::text.ne(""));
    let set = (
        session_drafts::revision.eq(session_drafts::revision + 1),
        session_drafts::text.eq(""),
        session_drafts::member_id.eq(None::<Uuid>),
        session_drafts::updated_at.eq(Time::from(at)),
    );
    diesel::update(ended).set(set).execute(&mut tx).await
}
