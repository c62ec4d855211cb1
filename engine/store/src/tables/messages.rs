//! `messages`: what was said, in order and without gaps; append-only.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    sql_types,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::{Author, MessagePosted, MessageSeq},
    id::{MemberId, MessageId, SessionId},
};
use forecourt_ports::store::StoredMessage;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Time,
    bulk::bulk,
    each::{each, wanted},
};
use crate::{
    TenantTx,
    error::DbError,
    schema::{members, messages},
};

const TABLE: &str = "messages";

bulk! {
    /// A message with what it came from.
    insert Messages of MessageRow into messages {
        session_id: Uuid,
        seq: i64,
        message_id: Uuid,
        author: &'static str,
        member_id: Option<Uuid>,
        text: String,
        client_id: Option<String>,
        turn_id: Option<Uuid>,
        model: Option<String>,
        prompt: Option<String>,
        at: Time,
    }
    ""
}

impl MessageRow {
    pub(crate) fn of(session: SessionId, posted: &MessagePosted, at: Timestamp) -> Self {
        let (author, member) = match posted.author {
            Author::Customer => ("customer", None),
            Author::Assistant => ("assistant", None),
            Author::Member { member } => ("member", Some(member)),
        };
        let origin = posted.origin.as_ref();
        Self {
            session_id: session.into_uuid(),
            seq: posted.seq.0,
            message_id: posted.message.into_uuid(),
            author,
            member_id: member.map(MemberId::into_uuid),
            text: posted.text.clone(),
            client_id: posted.client_id.clone(),
            turn_id: origin.map(|origin| origin.turn.into_uuid()),
            model: origin.map(|origin| origin.model.clone()),
            prompt: origin.map(|origin| origin.prompt.clone()),
            at: at.into(),
        }
    }
}

type Stored = (Uuid, i64, String, Option<Uuid>, Option<String>, String, Option<String>, Time);

fn message(row: Stored) -> Result<StoredMessage, DbError> {
    let (id, seq, author, member, member_name, text, client_id, at) = row;
    let author = match (author.as_str(), member) {
        ("customer", None) => Author::Customer,
        ("assistant", None) => Author::Assistant,
        ("member", Some(member)) => Author::Member { member: MemberId::from_uuid(member) },
        _ => return Err(DbError::Inconsistent { table: TABLE, what: "an author" }),
    };
    Ok(StoredMessage {
        message: MessageId::from_uuid(id),
        seq: MessageSeq(seq),
        author,
        member_name,
        text,
        client_id,
        at: at.to_jiff(),
    })
}

/// Messages with the names of the members who wrote them.
#[diesel::dsl::auto_type]
fn named() -> _ {
    let wrote = members::tenant_id
        .eq(messages::tenant_id)
        .and(members::member_id.nullable().eq(messages::member_id));
    let columns: Columns = (
        messages::message_id,
        messages::seq,
        messages::author,
        messages::member_id,
        members::name.nullable(),
        messages::text,
        messages::client_id,
        messages::at,
    );
    messages::table.left_join(members::table.on(wrote)).select(columns)
}

type Columns = (
    messages::message_id,
    messages::seq,
    messages::author,
    messages::member_id,
    diesel::dsl::Nullable<members::name>,
    messages::text,
    messages::client_id,
    messages::at,
);

/// A session's messages after `after`, oldest first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    session: SessionId,
    after: MessageSeq,
    limit: u32,
) -> Result<Vec<StoredMessage>, DbError> {
    let found: Vec<Stored> = named()
        .filter(messages::session_id.eq(session.into_uuid()))
        .filter(messages::seq.gt(after.0))
        .order(messages::seq)
        .limit(limit.into())
        .load(&mut tx)
        .await?;
    found.into_iter().map(message).collect()
}

/// A session's newest messages, oldest first.
pub(crate) async fn newest(
    mut tx: &TenantTx,
    session: SessionId,
    limit: u32,
) -> Result<Vec<StoredMessage>, DbError> {
    let mut found: Vec<Stored> = named()
        .filter(messages::session_id.eq(session.into_uuid()))
        .order(messages::seq.desc())
        .limit(limit.into())
        .load(&mut tx)
        .await?;
    found.reverse();
    found.into_iter().map(message).collect()
}

/// Messages by their ids.
pub(crate) async fn list_by_id(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<StoredMessage>, DbError> {
    let one = named().filter(messages::message_id.eq(wanted::<sql_types::Uuid>()));
    let found: Vec<Stored> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    found.into_iter().map(message).collect()
}
