//! `passages`: what the assistant searches.
//!
//! The words of each passage are stored in its own language's stems. There is no index over them: with
//! row-level security Postgres may compare words only after it has picked the tenant's rows, and those are
//! few thousand at most.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Float4, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    entry::{EntryBody, EntryKind},
    id::PassageId,
    lang::Lang,
    search::{self, FoundBy},
};
use forecourt_ports::store::knowledge::{Entry, Passage, PassageSource};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word};
use crate::{TenantTx, error::DbError, schema::passages};

const TABLE: &str = "passages";

/// One text that can be found.
pub(crate) struct NewPassage<'a> {
    pub(crate) id: PassageId,
    pub(crate) source: &'static str,
    pub(crate) source_id: Uuid,
    pub(crate) url: Option<&'a str>,
    pub(crate) position: i32,
    pub(crate) lang: Lang,
    pub(crate) title: &'a str,
    pub(crate) body: &'a str,
    pub(crate) hints: &'a str,
}

const fn source(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Service => "service",
        EntryKind::Faq => "faq",
        EntryKind::Policy => "policy",
    }
}

/// Writes what is found of an entry anew.
pub(crate) async fn of_entry(
    mut tx: &TenantTx,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), DbError> {
    let id = entry.id.into_uuid();
    diesel::delete(passages::table.filter(passages::source_id.eq(id))).execute(&mut tx).await?;
    if !entry.body.active || entry.deleted_at.is_some() {
        return Ok(());
    }
    let hints = entry.body.keywords.join(" ");
    let new: Vec<NewPassage<'_>> = entry
        .body
        .passages()
        .map(|(lang, title, body)| NewPassage {
            id: EntryBody::passage_id(entry.id, lang),
            source: source(entry.id.kind()),
            source_id: id,
            url: None,
            position: 0,
            lang,
            title,
            body,
            hints: &hints,
        })
        .collect();
    add(tx, &new, now).await
}

/// Adds passages; one that is there already stays as it is.
pub(crate) async fn add(
    mut tx: &TenantTx,
    new: &[NewPassage<'_>],
    now: Timestamp,
) -> Result<(), DbError> {
    for new in new.chunks(500) {
        let row = |new: &NewPassage<'_>| {
            let folded = search::fold(&format!("{} {} {}", new.title, new.hints, new.body));
            (
                passages::passage_id.eq(new.id.into_uuid()),
                passages::source.eq(new.source),
                passages::source_id.eq(new.source_id),
                passages::url.eq(new.url.map(ToOwned::to_owned)),
                passages::position.eq(new.position),
                passages::lang.eq(new.lang.word()),
                passages::title.eq(new.title.to_owned()),
                passages::body.eq(new.body.to_owned()),
                passages::hints.eq(new.hints.to_owned()),
                passages::folded.eq(folded.chars().take(20_000).collect::<String>()),
                passages::fetched_at.eq(Time::from(now)),
            )
        };
        let rows: Vec<_> = new.iter().map(row).collect();
        diesel::insert_into(passages::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(&mut tx)
            .await?;
    }
    Ok(())
}

/// Deletes all of a source.
pub(crate) async fn delete_of(mut tx: &TenantTx, source: Uuid) -> Result<(), DbError> {
    diesel::delete(passages::table.filter(passages::source_id.eq(source))).execute(&mut tx).await?;
    Ok(())
}

/// Deletes those of a source that are not among these.
pub(crate) async fn delete_others(
    mut tx: &TenantTx,
    source: Uuid,
    keep: &[Uuid],
) -> Result<(), DbError> {
    let others = passages::table
        .filter(passages::source_id.eq(source))
        .filter(passages::passage_id.ne_all(keep.to_vec()));
    diesel::delete(others).execute(&mut tx).await?;
    Ok(())
}

/// Source, title, text and address of a passage.
pub(crate) async fn find(
    mut tx: &TenantTx,
    id: PassageId,
) -> Result<Option<(String, String, String, Option<String>)>, DbError> {
    let found = passages::table
        .filter(passages::passage_id.eq(id.into_uuid()))
        .select((passages::source, passages::title, passages::body, passages::url))
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found)
}

/// Id, source, title, text, address and score.
pub(super) type Found = (Uuid, String, String, String, Option<String>, f32);

/// The passages that fit the words of a question best; with `nearly` also those whose words are only like them.
pub(crate) async fn search(
    mut tx: &TenantTx,
    words: &[String],
    lang: Lang,
    nearly: bool,
    limit: u8,
) -> Result<Vec<Passage>, DbError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let lang = lang.word();
    let found: Vec<Found> = if nearly {
        // Short words are like too many others, and each costs a comparison of every text.
        let long = |word: &&String| word.chars().count() >= 4;
        let words: Vec<String> = words.iter().filter(long).take(6).cloned().collect();
        AlmostRight { words, lang, limit: limit.into() }.load(&mut tx).await?
    } else {
        let any = words.join(" or ");
        Right { any, lang, limit: limit.into() }.load(&mut tx).await?
    };
    found.into_iter().map(|found| passage(found, FoundBy::Words)).collect()
}

/// A passage as it is shown.
pub(super) fn passage(found: Found, found_by: FoundBy) -> Result<Passage, DbError> {
    let (id, source, title, body, url, score) = found;
    let text = if title == body { body } else { format!("{title} — {body}") };
    let source = match (source.as_str(), url) {
        ("faq", _) => PassageSource::Faq,
        ("policy", _) => PassageSource::Policy,
        ("service", _) => PassageSource::Service,
        ("page", Some(url)) => PassageSource::Page { url, title },
        _ => return Err(DbError::Inconsistent { table: TABLE, what: "an unknown word" }),
    };
    let id = PassageId::from_uuid(id);
    Ok(Passage { id, source, text: search::shown(&text), score, found_by })
}

/// Any of the words, in the stems of each passage's own language; a passage in the customer's language
/// counts double.
struct Right {
    any: String,
    lang: &'static str,
    limit: i64,
}

impl QueryId for Right {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Right {
    type SqlType = (SqlUuid, Text, Text, Text, Nullable<Text>, Float4);
}

impl QueryFragment<Pg> for Right {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH asked AS MATERIALIZED (SELECT lang, websearch_to_tsquery(config, ");
        out.push_bind_param::<Text, _>(&self.any)?;
        out.push_sql(
            ") AS query FROM (VALUES ('nb', 'pg_catalog.norwegian'::regconfig), \
             ('fr', 'pg_catalog.french'), ('en', 'pg_catalog.english'), ('ar', 'pg_catalog.arabic')) \
             AS configs (lang, config)) \
             SELECT passage_id, source, title, body, url, \
             (ts_rank_cd('{0.1, 0.2, 0.4, 1.0}', words, query, 1) \
             * CASE WHEN passages.lang = ",
        );
        out.push_bind_param::<Text, _>(&self.lang)?;
        out.push_sql(
            " THEN 1.0 ELSE 0.5 END)::real AS score \
             FROM passages JOIN asked USING (lang) WHERE words @@ query \
             ORDER BY score DESC, passage_id LIMIT ",
        );
        out.push_bind_param::<diesel::sql_types::BigInt, _>(&self.limit)
    }
}

/// Passages with words that are like those asked for, by their threes of letters.
struct AlmostRight {
    words: Vec<String>,
    lang: &'static str,
    limit: i64,
}

impl QueryId for AlmostRight {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for AlmostRight {
    type SqlType = (SqlUuid, Text, Text, Text, Nullable<Text>, Float4);
}

impl QueryFragment<Pg> for AlmostRight {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT passage_id, source, title, body, url, (likeness * CASE WHEN lang = ");
        out.push_bind_param::<Text, _>(&self.lang)?;
        out.push_sql(
            " THEN 1.0 ELSE 0.5 END)::real AS score FROM passages, \
             LATERAL (SELECT sum(one) AS likeness FROM (SELECT word_similarity(word, folded) AS one FROM unnest(",
        );
        out.push_bind_param::<diesel::sql_types::Array<Text>, _>(&self.words)?;
        out.push_sql(
            ") AS word) AS likenesses WHERE one >= 0.5) AS like_it WHERE likeness IS NOT NULL \
             ORDER BY score DESC, passage_id LIMIT ",
        );
        out.push_bind_param::<diesel::sql_types::BigInt, _>(&self.limit)
    }
}
