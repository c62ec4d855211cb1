//! `reply_ratings`: what members think of the assistant's messages.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{MemberId, MessageId, SessionId};
use forecourt_ports::store::replies::{MOST_RATINGS, ReplyRating};
use uuid::Uuid;

use super::{Time, Word};
use crate::{
    TenantTx,
    error::DbError,
    schema::{messages, reply_ratings as ratings},
};

const TABLE: &str = "reply_ratings";

type Row = (Uuid, Uuid, Uuid, String, Option<String>, Time);

const COLUMNS: (
    ratings::session_id,
    ratings::message_id,
    ratings::member_id,
    ratings::rating,
    ratings::reason,
    ratings::at,
) = (
    ratings::session_id,
    ratings::message_id,
    ratings::member_id,
    ratings::rating,
    ratings::reason,
    ratings::at,
);

fn record((session, message, member, rating, reason, at): Row) -> Result<ReplyRating, DbError> {
    Ok(ReplyRating {
        session: SessionId::from_uuid(session),
        message: MessageId::from_uuid(message),
        member: MemberId::from_uuid(member),
        rating: Word::read(&rating, TABLE)?,
        reason,
        at: at.to_jiff(),
    })
}

/// Whether a message of a conversation is the assistant's; `None` when there is no such message.
pub(crate) async fn is_assistants(
    mut tx: &TenantTx,
    session: SessionId,
    message: MessageId,
) -> Result<Option<bool>, DbError> {
    let author: Option<String> = messages::table
        .filter(messages::message_id.eq(message.into_uuid()))
        .filter(messages::session_id.eq(session.into_uuid()))
        .select(messages::author)
        .get_result(&mut tx)
        .await
        .optional()?;
    Ok(author.map(|author| author == "assistant"))
}

/// What a member thinks of a message so far.
pub(crate) async fn find(
    mut tx: &TenantTx,
    message: MessageId,
    member: MemberId,
) -> Result<Option<ReplyRating>, DbError> {
    let found: Option<Row> = ratings::table
        .filter(ratings::message_id.eq(message.into_uuid()))
        .filter(ratings::member_id.eq(member.into_uuid()))
        .select(COLUMNS)
        .get_result(&mut tx)
        .await
        .optional()?;
    found.map(record).transpose()
}

/// Stores a rating over the member's last one.
pub(crate) async fn put(mut tx: &TenantTx, one: &ReplyRating) -> Result<(), DbError> {
    let now = (
        ratings::rating.eq(one.rating.word()),
        ratings::reason.eq(one.reason.as_deref()),
        ratings::at.eq(Time::from(one.at)),
    );
    let row = (
        ratings::message_id.eq(one.message.into_uuid()),
        ratings::member_id.eq(one.member.into_uuid()),
        ratings::session_id.eq(one.session.into_uuid()),
        now,
    );
    diesel::insert_into(ratings::table)
        .values(row)
        .on_conflict((ratings::tenant_id, ratings::message_id, ratings::member_id))
        .do_update()
        .set(now)
        .execute(&mut tx)
        .await?;
    Ok(())
}

pub(crate) async fn delete(
    mut tx: &TenantTx,
    message: MessageId,
    member: MemberId,
) -> Result<(), DbError> {
    let theirs = ratings::table
        .filter(ratings::message_id.eq(message.into_uuid()))
        .filter(ratings::member_id.eq(member.into_uuid()));
    diesel::delete(theirs).execute(&mut tx).await?;
    Ok(())
}

/// Oldest first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    session: SessionId,
) -> Result<Vec<ReplyRating>, DbError> {
    let found: Vec<Row> = ratings::table
        .filter(ratings::session_id.eq(session.into_uuid()))
        .order((ratings::at, ratings::message_id, ratings::member_id))
        .limit(MOST_RATINGS as i64)
        .select(COLUMNS)
        .load(&mut tx)
        .await?;
    found.into_iter().map(record).collect()
}
