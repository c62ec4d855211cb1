//! `faqs`: questions that customers ask, with the tenant's answers.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::knowledge::Faq;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time};
use crate::{TenantTx, error::DbError, schema::faqs};

const TABLE: &str = "faqs";
const MOST: i64 = 500;

pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Faq>, DbError> {
    let found: Vec<(Doc, Doc, Vec<String>)> = faqs::table
        .filter(faqs::active)
        .filter(faqs::deleted_at.is_null())
        .order((faqs::position, faqs::faq_id))
        .limit(MOST)
        .select((faqs::question, faqs::answer, faqs::keywords))
        .load(&mut tx)
        .await?;
    let faq = |(question, answer, keywords): (Doc, Doc, Vec<String>)| {
        Ok(Faq { question: question.parse(TABLE)?, answer: answer.parse(TABLE)?, keywords })
    };
    found.into_iter().map(faq).collect()
}

pub(crate) async fn insert(tx: &mut TenantTx, new: &[Faq], now: Timestamp) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(new.len());
    for (position, faq) in (0_i32..).zip(new) {
        // A question comes without an id of its own: one that is the tenant's and the place's.
        let id = tx.tenant().as_uuid().as_u128() ^ (1 + position as u128);
        rows.push((
            faqs::faq_id.eq(Uuid::from_u128(id)),
            faqs::position.eq(position),
            faqs::question.eq(Doc::of(&faq.question)?),
            faqs::answer.eq(Doc::of(&faq.answer)?),
            faqs::keywords.eq(&faq.keywords),
            faqs::created_at.eq(Time::from(now)),
        ));
    }
    diesel::insert_into(faqs::table).values(rows).execute(tx).await?;
    Ok(())
}
