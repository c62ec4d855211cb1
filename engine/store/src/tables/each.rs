//! One row per key, for many keys in one statement, each found by its index.
//!
//! `key = ANY($1)` would be shorter. But before the first statistics of a young table are there,
//! Postgres takes a tenant for few rows, and reads all of the tenant's rows to compare each with all
//! keys; and a prepared statement keeps that plan. A look-up of one key by a unique index has no
//! worse plan than that index, however little is known of the table.

use std::marker::PhantomData;

use diesel::{
    AppearsOnTable, Expression, QueryResult, SelectableExpression,
    expression::ValidGrouping,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, HasSqlType, SingleValue},
};

/// The key that a query inside [`Each`] looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<ST>(PhantomData<ST>);

pub(crate) fn wanted<ST>() -> Wanted<ST> {
    Wanted(PhantomData)
}

impl<ST: SingleValue> Expression for Wanted<ST> {
    type SqlType = ST;
}

impl<ST: 'static> QueryId for Wanted<ST> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<ST> QueryFragment<Pg> for Wanted<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("wanted.key");
        Ok(())
    }
}

impl<ST, GroupBy> ValidGrouping<GroupBy> for Wanted<ST> {
    type IsAggregate = diesel::expression::is_aggregate::Never;
}

impl<ST: SingleValue, From> SelectableExpression<From> for Wanted<ST> {}
impl<ST: SingleValue, From> AppearsOnTable<From> for Wanted<ST> {}

/// What `query` finds for each of `keys`; at most one row for each.
#[derive(Debug)]
pub(crate) struct Each<'a, ST, Key, Find> {
    keys: &'a [Key],
    query: Find,
    key_type: PhantomData<ST>,
}

/// `query` finds one row by a unique key that it compares with [`wanted`].
pub(crate) fn each<ST, Key, Find>(keys: &[Key], query: Find) -> Each<'_, ST, Key, Find> {
    Each { keys, query, key_type: PhantomData }
}

impl<ST, Key, Find: Query> Query for Each<'_, ST, Key, Find> {
    type SqlType = Find::SqlType;
}

impl<ST: 'static, Key: 'static, Find: QueryId> QueryId for Each<'_, ST, Key, Find> {
    type QueryId = Each<'static, ST, Key, Find::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Find::HAS_STATIC_QUERY_ID;
}

impl<ST, Key, Find> QueryFragment<Pg> for Each<'_, ST, Key, Find>
where
    Pg: HasSqlType<ST>,
    ST: 'static,
    [Key]: ToSql<Array<ST>, Pg>,
    Find: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT found.* FROM unnest(");
        out.push_bind_param::<Array<ST>, [Key]>(self.keys)?;
        out.push_sql(") AS wanted (key) CROSS JOIN LATERAL (");
        self.query.walk_ast(out.reborrow())?;
        // Not merged into a join, which could be planned the other way round.
        out.push_sql(" LIMIT 1) AS found");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diesel::{ExpressionMethods, QueryDsl, debug_query, sql_types};

    use super::*;
    use crate::schema::sessions;

    #[test]
    fn each_key_is_looked_up_on_its_own() {
        let keys = [uuid::Uuid::nil()];
        let query = sessions::table
            .filter(sessions::session_id.eq(wanted::<sql_types::Uuid>()))
            .select(sessions::version);
        let sql = debug_query::<Pg, _>(&each::<sql_types::Uuid, _, _>(&keys, query)).to_string();
        let (sql, _) = sql.split_once(" -- binds").unwrap();
        assert_eq!(
            sql,
            "SELECT found.* FROM unnest($1) AS wanted (key) CROSS JOIN LATERAL (SELECT \
             \"sessions\".\"version\" FROM \"sessions\" WHERE (\"sessions\".\"session_id\" = \
             wanted.key) LIMIT 1) AS found"
        );
    }
}
