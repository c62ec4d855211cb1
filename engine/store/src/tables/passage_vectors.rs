//! `passage_vectors`, `passage_work`, `vector_space`: where passages lie in a space of meaning, and whose lack a
//! place. They are there only with vectors switched on ([`crate::vectors`]), so [`crate::schema`] does not know
//! them.
//!
//! Vectors travel as text: their type has no name that Diesel knows.

use std::fmt::Write as _;

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Float4, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    id::{NodeId, PassageId},
    lang::Lang,
    search::FoundBy,
};
use forecourt_ports::{
    embedder::Space,
    store::{
        knowledge::Passage,
        vectors::{Placed, Unplaced},
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, number, passages::passage, some};
use crate::{TenantTx, error::DbError, schema::passages};

const TABLE: &str = "passage_work";
/// Rows of other languages of the same entries that are looked past.
const SPARE: i64 = 4;

diesel::table! {
    passage_vectors (tenant_id, passage_id) {
        tenant_id -> Uuid,
        passage_id -> Uuid,
        model -> Text,
    }
}

diesel::table! {
    passage_work (tenant_id) {
        tenant_id -> Uuid,
        next_at -> Nullable<Timestamptz>,
        failures -> Int4,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    vector_space (one) {
        one -> Bool,
        model -> Text,
        dims -> Int4,
    }
}

/// Whether the vectors that are stored are of this space.
pub(crate) async fn is_of(mut tx: &TenantTx, space: &Space) -> Result<bool, DbError> {
    let found: Option<(String, i32)> = vector_space::table
        .select((vector_space::model, vector_space::dims))
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.is_some_and(|(model, dims)| model == space.model && dims == i32::from(space.dims)))
}

/// Claims the tenant's work, if it is due and free; says how often it failed.
pub(crate) async fn claim(
    mut tx: &TenantTx,
    node: NodeId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<u32>, DbError> {
    use diesel::BoolExpressionMethods as _;
    let at = Time::from(now);
    let free = passage_work::claimed_until.is_null().or(passage_work::claimed_until.le(at));
    let due = passage_work::table.filter(passage_work::next_at.le(at)).filter(free);
    let set = (
        passage_work::claimed_by.eq(Some(node.into_uuid())),
        passage_work::claimed_until.eq(some(Some(until))),
    );
    let failures: Option<i32> = diesel::update(due)
        .set(set)
        .returning(passage_work::failures)
        .get_result(&mut tx)
        .await
        .optional()?;
    failures.map(|failures| number(failures, TABLE)).transpose()
}

/// Holds the claim until a later time; `false` when it is another's. Passages that come from now on come behind
/// the end of this transaction: their trigger waits for the row.
pub(crate) async fn renew(
    mut tx: &TenantTx,
    node: NodeId,
    until: Timestamp,
) -> Result<bool, DbError> {
    let held = passage_work::table.filter(passage_work::claimed_by.eq(node.into_uuid()));
    let set = passage_work::claimed_until.eq(some(Some(until)));
    Ok(diesel::update(held).set(set).execute(&mut tx).await? == 1)
}

/// Whether the claim is this node's. Takes no lock.
pub(crate) async fn holds(mut tx: &TenantTx, node: NodeId) -> Result<bool, DbError> {
    let held = passage_work::table
        .filter(passage_work::claimed_by.eq(node.into_uuid()))
        .select(passage_work::failures);
    Ok(held.first::<i32>(&mut tx).await.optional()?.is_some())
}

/// Gives the claim back: due again at `at`, or all done. `failed` counts one more, and nothing else starts over.
pub(crate) async fn give_back(
    mut tx: &TenantTx,
    node: NodeId,
    failed: bool,
    at: Option<Timestamp>,
) -> Result<(), DbError> {
    let held = passage_work::table.filter(passage_work::claimed_by.eq(node.into_uuid()));
    let freed =
        (passage_work::claimed_by.eq(None::<Uuid>), passage_work::claimed_until.eq(None::<Time>));
    let next = passage_work::next_at.eq(some(at));
    if failed {
        let more = passage_work::failures.eq(passage_work::failures + 1);
        diesel::update(held).set((freed, next, more)).execute(&mut tx).await?;
    } else {
        let none = passage_work::failures.eq(0);
        diesel::update(held).set((freed, next, none)).execute(&mut tx).await?;
    }
    Ok(())
}

/// What is embedded of a passage.
fn text(title: &str, hints: &str, body: &str) -> String {
    let mut text = title.to_owned();
    for part in [hints, body] {
        if !part.is_empty() && part != title {
            text.push('\n');
            text.push_str(part);
        }
    }
    text
}

/// Passages without a vector of the model.
pub(crate) async fn lacking(
    mut tx: &TenantTx,
    space: &Space,
    limit: u32,
) -> Result<Vec<Unplaced>, DbError> {
    type Row = (Uuid, String, String, String);
    let query = Without { model: space.model.clone(), limit: limit.into() };
    let found: Vec<Row> = query.load(&mut tx).await?;
    let unplaced = |(id, title, hints, body): Row| Unplaced {
        id: PassageId::from_uuid(id),
        text: text(&title, &hints, &body),
    };
    Ok(found.into_iter().map(unplaced).collect())
}

/// Keeps the vectors of texts that are still those of their passages.
///
/// The foreign key refuses one whose passage is deleted in this moment: the caller tries once more.
pub(crate) async fn put(
    mut tx: &TenantTx,
    space: &Space,
    placed: &[Placed],
) -> Result<(), DbError> {
    let ids: Vec<Uuid> = placed.iter().map(|one| one.id.into_uuid()).collect();
    let stand: Vec<(Uuid, String, String, String)> = passages::table
        .filter(passages::passage_id.eq_any(ids))
        .select((passages::passage_id, passages::title, passages::hints, passages::body))
        .load(&mut tx)
        .await?;
    for (id, title, hints, body) in stand {
        let text = text(&title, &hints, &body);
        let known = placed.iter().find(|one| one.id.into_uuid() == id && one.text == text);
        let Some(one) = known else { continue };
        let vector = one.vector.as_deref().map(written);
        Put { id, model: space.model.clone(), vector }.execute(&mut tx).await?;
    }
    Ok(())
}

/// `[1,0.5]`
fn written(vector: &[f32]) -> String {
    let mut out = String::with_capacity(2 + vector.len() * 12);
    for (at, part) in vector.iter().enumerate() {
        out.push(if at == 0 { '[' } else { ',' });
        // Cannot fail; and a part that is no number is refused by the server.
        let _written = write!(out, "{part}");
    }
    out.push(']');
    out
}

/// The nearest passages, each entry once: in `lang` where it has that language.
pub(crate) async fn near(
    mut tx: &TenantTx,
    space: &Space,
    vector: &[f32],
    lang: Lang,
    least: f32,
    limit: u8,
) -> Result<Vec<Passage>, DbError> {
    type Row = (Uuid, String, String, String, Option<String>, f32, Uuid, String);
    Deep.execute(&mut tx).await?;
    let (model, limit) = (space.model.clone(), usize::from(limit));
    let wanted = i64::try_from(limit).unwrap_or(0).saturating_mul(SPARE);
    let vector = written(vector);
    let found: Vec<Row> = Near { vector, model, least, limit: wanted }.load(&mut tx).await?;
    let mut kept: Vec<Row> = Vec::with_capacity(limit);
    for row in found {
        let is_page = row.1 == "page";
        match kept.iter_mut().find(|known| !is_page && known.6 == row.6) {
            // Further away only by the language it is written in: it keeps the place of the other.
            Some(known) if known.7 != lang.word() && row.7 == lang.word() => {
                let likeness = known.5;
                *known = row;
                known.5 = likeness;
            }
            Some(_) => {}
            None => kept.push(row),
        }
    }
    kept.truncate(limit);
    let shown = |(id, source, title, body, url, score, ..): Row| {
        passage((id, source, title, body, url, score), FoundBy::Meaning)
    };
    kept.into_iter().map(shown).collect()
}

/// How many passages have a vector of the model, and how many there are.
pub(crate) async fn count(mut tx: &TenantTx, space: &Space) -> Result<(u32, u32), DbError> {
    let placed = passage_vectors::table.filter(passage_vectors::model.eq(&space.model)).count();
    let placed: i64 = placed.get_result(&mut tx).await?;
    let all: i64 = passages::table.count().get_result(&mut tx).await?;
    Ok((number(placed, TABLE)?, number(all, TABLE)?))
}

macro_rules! cached {
    ($($query:ty),*) => {$(
        impl QueryId for $query {
            type QueryId = $query;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    )*};
}

cached!(Without, Put, Near, Deep);

struct Without {
    model: String,
    limit: i64,
}

impl Query for Without {
    type SqlType = (SqlUuid, Text, Text, Text);
}

impl QueryFragment<Pg> for Without {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT passage_id, title, hints, body FROM passages \
             WHERE NOT EXISTS (SELECT FROM passage_vectors AS known \
             WHERE known.tenant_id = passages.tenant_id AND known.passage_id = passages.passage_id \
             AND known.model = ",
        );
        out.push_bind_param::<Text, _>(&self.model)?;
        out.push_sql(") ORDER BY passage_id LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

struct Put {
    id: Uuid,
    model: String,
    vector: Option<String>,
}

impl QueryFragment<Pg> for Put {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO passage_vectors (passage_id, model, place) VALUES (");
        out.push_bind_param::<SqlUuid, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.model)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.vector)?;
        out.push_sql(
            "::text::vector) ON CONFLICT (tenant_id, passage_id) \
             DO UPDATE SET model = excluded.model, place = excluded.place",
        );
        Ok(())
    }
}

/// An index over all tenants goes on looking until it has found enough of this one's, the nearest first; a
/// tenant with few rows is read whole instead, as the planner finds.
struct Deep;

impl QueryFragment<Pg> for Deep {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT set_config('hnsw.iterative_scan', 'strict_order', true)");
        Ok(())
    }
}

struct Near {
    vector: String,
    model: String,
    least: f32,
    limit: i64,
}

impl Query for Near {
    type SqlType = (SqlUuid, Text, Text, Text, Nullable<Text>, Float4, SqlUuid, Text);
}

impl QueryFragment<Pg> for Near {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH asked AS MATERIALIZED (SELECT ");
        out.push_bind_param::<Text, _>(&self.vector)?;
        out.push_sql(
            "::text::vector AS place), near AS MATERIALIZED (\
             SELECT tenant_id, passage_id, place <=> (SELECT place FROM asked) AS distance \
             FROM passage_vectors WHERE place IS NOT NULL AND model = ",
        );
        out.push_bind_param::<Text, _>(&self.model)?;
        out.push_sql(" ORDER BY place <=> (SELECT place FROM asked) LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(
            ") SELECT passage_id, source, title, body, url, (1 - distance)::real, source_id, lang \
             FROM near JOIN passages USING (tenant_id, passage_id) WHERE 1 - distance >= ",
        );
        out.push_bind_param::<Float4, _>(&self.least)?;
        out.push_sql(" ORDER BY distance, passage_id");
        Ok(())
    }
}
