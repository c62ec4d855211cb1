//! `unanswered`: questions that had no answer, counted.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{FaqId, QuestionId, SessionId},
    lang::Lang,
};
use forecourt_ports::store::knowledge::{QuestionEnd, QuestionRecord};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, number};
use crate::{TenantTx, error::DbError, schema::unanswered};

const TABLE: &str = "unanswered";
const OPEN: &str = "open";
const ANSWERED: &str = "answered";

/// Counts a question that is known already; `false` when it is not. One that had an answer comes back.
pub(crate) async fn count_again(
    mut tx: &TenantTx,
    key: [u8; 32],
    session: SessionId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let known = unanswered::table.filter(unanswered::key.eq(key.as_slice()));
    let found: Option<String> =
        known.select(unanswered::status).for_no_key_update().first(&mut tx).await.optional()?;
    let Some(status) = found else { return Ok(false) };
    let status = if status == ANSWERED { OPEN.to_owned() } else { status };
    let set = (
        unanswered::times.eq(unanswered::times + 1),
        unanswered::session_id.eq(session.into_uuid()),
        unanswered::status.eq(status),
        unanswered::last_at.eq(Time::from(now)),
    );
    diesel::update(known).set(set).execute(&mut tx).await?;
    Ok(true)
}

/// How many are open.
pub(crate) async fn count_open(mut tx: &TenantTx) -> Result<i64, DbError> {
    let open = unanswered::table.filter(unanswered::status.eq(OPEN));
    Ok(open.count().get_result(&mut tx).await?)
}

/// Adds a question; one that somebody else added meanwhile stays as it is.
pub(crate) async fn add(
    mut tx: &TenantTx,
    question: &QuestionRecord,
    key: [u8; 32],
) -> Result<(), DbError> {
    let row = (
        unanswered::question_id.eq(question.id.into_uuid()),
        unanswered::lang.eq(question.lang.word()),
        unanswered::key.eq(key.as_slice()),
        unanswered::text.eq(&question.text),
        unanswered::times.eq(number::<_, i32>(question.times, TABLE)?),
        unanswered::session_id.eq(question.session.into_uuid()),
        unanswered::status.eq(OPEN),
        unanswered::first_at.eq(Time::from(question.first_at)),
        unanswered::last_at.eq(Time::from(question.last_at)),
    );
    let insert = diesel::insert_into(unanswered::table).values(row);
    insert.on_conflict_do_nothing().execute(&mut tx).await?;
    Ok(())
}

/// Open ones, the most asked first.
pub(crate) async fn list(mut tx: &TenantTx, limit: u32) -> Result<Vec<QuestionRecord>, DbError> {
    type Row = (Uuid, String, String, i32, Uuid, Time, Time);
    let found: Vec<Row> = unanswered::table
        .filter(unanswered::status.eq(OPEN))
        .order((unanswered::times.desc(), unanswered::last_at.desc(), unanswered::question_id))
        .limit(limit.into())
        .select((
            unanswered::question_id,
            unanswered::lang,
            unanswered::text,
            unanswered::times,
            unanswered::session_id,
            unanswered::first_at,
            unanswered::last_at,
        ))
        .load(&mut tx)
        .await?;
    let record = |(id, lang, text, times, session, first_at, last_at): Row| {
        Ok(QuestionRecord {
            id: QuestionId::from_uuid(id),
            lang: Lang::read(&lang, TABLE)?,
            text,
            times: number(times, TABLE)?,
            session: SessionId::from_uuid(session),
            first_at: first_at.to_jiff(),
            last_at: last_at.to_jiff(),
        })
    };
    found.into_iter().map(record).collect()
}

pub(crate) async fn settle(
    mut tx: &TenantTx,
    id: QuestionId,
    end: QuestionEnd,
) -> Result<bool, DbError> {
    let (status, faq) = match end {
        QuestionEnd::Dismissed => ("dismissed", None),
        QuestionEnd::Answered(faq) => (ANSWERED, Some(faq)),
        QuestionEnd::Open => (OPEN, None),
    };
    let known = unanswered::table.filter(unanswered::question_id.eq(id.into_uuid()));
    let set = (unanswered::status.eq(status), unanswered::faq_id.eq(faq.map(FaqId::into_uuid)));
    Ok(diesel::update(known).set(set).execute(&mut tx).await? == 1)
}
