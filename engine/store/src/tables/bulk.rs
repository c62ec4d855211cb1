//! Many rows at once: new rows in one statement, each column as one array; changes row by row, all in
//! one round trip.
//!
//! The text of a statement does not depend on how many rows there are, so it is prepared once per
//! connection; a list of row values would be parsed and planned anew for each number of rows. Changes are
//! not joined to their rows: while Postgres takes a tenant for small it reads all of the tenant's rows and
//! compares each with every change, and a prepared statement keeps that plan. What a column may hold is
//! checked against [`crate::schema`] when this is compiled.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
};
use diesel_async::RunQueryDsl as _;
use futures_util::future::try_join_all;

use crate::TenantTx;

/// Rows that wait to be sent; see [`bulk!`].
pub(crate) trait Bulk {
    type Statement: QueryFragment<Pg> + QueryId + Send;

    /// What is sent for them; nothing when there are none.
    fn statements(self) -> impl Iterator<Item = Self::Statement>;
}

/// Sends rows, unless there are none; says how many were written.
///
/// Takes a shared transaction, so that statements which do not need each other's rows can share a
/// round trip.
pub(crate) async fn send(tx: &TenantTx, rows: impl Bulk) -> QueryResult<usize> {
    let sent = rows.statements().map(async |statement| {
        let mut tx = tx;
        statement.execute(&mut tx).await
    });
    let written = try_join_all(sent).await?;
    Ok(written.into_iter().sum())
}

/// New rows of several tables in one statement: what it costs Postgres and the connection to take a statement up is
/// paid once. None of the tables may need to see what the others get, save by checks at the end of the transaction.
#[derive(Default)]
pub(crate) struct Writes(Vec<Box<dyn QueryFragment<Pg> + Send>>);

impl Writes {
    /// Adds rows, unless there are none.
    pub(crate) fn add<Rows, Row>(&mut self, rows: impl IntoIterator<Item = Row>)
    where
        Rows: Bulk + FromIterator<Row>,
        Rows::Statement: 'static,
    {
        for statement in rows.into_iter().collect::<Rows>().statements() {
            self.0.push(Box::new(statement));
        }
    }

    pub(crate) async fn send(self, tx: &TenantTx) -> QueryResult<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut tx = tx;
        self.execute(&mut tx).await.map(drop)
    }
}

/// Prepared by its text: there are as many as ways in which tables come together, which are few.
impl QueryId for Writes {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Writes {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, others)) = self.0.split_last() else { return Ok(()) };
        for (n, write) in others.iter().enumerate() {
            out.push_sql(if n == 0 { "WITH " } else { ", " });
            out.push_sql(NAMES.get(n).copied().unwrap_or("w"));
            out.push_sql(" AS (");
            write.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        if !others.is_empty() {
            out.push_sql(" ");
        }
        last.walk_ast(out.reborrow())
    }
}

/// What parts of a statement are called; two of one name are refused when it is prepared.
const NAMES: [&str; 12] =
    ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10", "w11"];

/// Declares a row, a collection of such rows, and what writes them all: of an `insert` what follows the
/// rows, of an `update` what is set and where.
/// A column marked `[maybe]` may be empty in a row although it is never empty in the table.
macro_rules! bulk {
    (
        $(#[$doc:meta])*
        insert $name:ident of $row:ident into $table:ident
        { $first:ident: $first_type:ty $(, $column:ident $([$maybe:ident])?: $type:ty)* $(,)? }
        $after:literal
    ) => {
        $crate::tables::bulk::bulk! {
            @rows $(#[$doc])* $name $row $table { $first: $first_type $(, $column $([$maybe])?: $type)* }
            concat!(
                "INSERT INTO ", stringify!($table), " (",
                stringify!($first) $(, ", ", stringify!($column))*,
                ") SELECT * FROM unnest("
            ),
            concat!(") ", $after)
        }
    };
    (
        $(#[$doc:meta])*
        update $name:ident of $row:ident in $table:ident
        { $first:ident: $first_type:ty $(, $column:ident $([$maybe:ident])?: $type:ty)* $(,)? }
        $set:literal where $matched:literal
    ) => {
        $crate::tables::bulk::bulk! {
            @row $(#[$doc])* $row { $first: $first_type $(, $column: $type)* }
        }

        #[doc = concat!("Changes of [`", stringify!($row), "`], row by row.")]
        #[derive(Debug, Default)]
        pub(crate) struct $name(Vec<$row>);

        impl FromIterator<$row> for $name {
            fn from_iter<Rows: IntoIterator<Item = $row>>(rows: Rows) -> Self {
                Self(rows.into_iter().collect())
            }
        }

        impl $crate::tables::bulk::Bulk for $name {
            type Statement = $row;

            fn statements(self) -> impl Iterator<Item = $row> {
                self.0.into_iter()
            }
        }

        impl diesel::query_builder::QueryId for $row {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $row {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use diesel::dsl::SqlTypeOf;
                out.push_sql(concat!(
                    "UPDATE ", stringify!($table), " AS old SET ", $set, " FROM (SELECT "
                ));
                out.push_bind_param::<SqlTypeOf<$crate::schema::$table::$first>, _>(&self.$first)?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<
                        $crate::tables::bulk::sql_type!($table $column $($maybe)?), _
                    >(&self.$column)?;
                )*
                out.push_sql(concat!(
                    ") AS new (", stringify!($first) $(, ", ", stringify!($column))*,
                    ") WHERE ", $matched
                ));
                Ok(())
            }
        }
    };
    (@row $(#[$doc:meta])* $row:ident { $($column:ident: $type:ty),* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $row {
            $(pub(crate) $column: $type,)*
        }
    };
    (
        @rows $(#[$doc:meta])* $name:ident $row:ident $table:ident
        { $first:ident: $first_type:ty $(, $column:ident $([$maybe:ident])?: $type:ty)* }
        $before:expr, $after:expr
    ) => {
        $crate::tables::bulk::bulk! {
            @row $(#[$doc])* $row { $first: $first_type $(, $column: $type)* }
        }

        #[doc = concat!("Rows of [`", stringify!($row), "`], column by column.")]
        #[derive(Debug, Default)]
        pub(crate) struct $name {
            $first: Vec<$first_type>,
            $($column: Vec<$type>,)*
        }

        impl FromIterator<$row> for $name {
            fn from_iter<Rows: IntoIterator<Item = $row>>(rows: Rows) -> Self {
                let mut columns = Self::default();
                for row in rows {
                    columns.$first.push(row.$first);
                    $(columns.$column.push(row.$column);)*
                }
                columns
            }
        }

        impl $crate::tables::bulk::Bulk for $name {
            type Statement = Self;

            fn statements(self) -> impl Iterator<Item = Self> {
                let none = self.$first.is_empty();
                (!none).then_some(self).into_iter()
            }
        }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use diesel::{dsl::SqlTypeOf, sql_types::Array};
                out.push_sql($before);
                out.push_bind_param::<Array<SqlTypeOf<$crate::schema::$table::$first>>, _>(
                    &self.$first,
                )?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<
                        Array<$crate::tables::bulk::sql_type!($table $column $($maybe)?)>, _
                    >(&self.$column)?;
                )*
                out.push_sql($after);
                Ok(())
            }
        }
    };
}
pub(crate) use bulk;

/// The SQL type of a column of [`bulk!`].
macro_rules! sql_type {
    ($table:ident $column:ident) => { SqlTypeOf<$crate::schema::$table::$column> };
    ($table:ident $column:ident maybe) => {
        diesel::sql_types::Nullable<SqlTypeOf<$crate::schema::$table::$column>>
    };
}
pub(crate) use sql_type;

#[cfg(test)]
mod tests {
    use diesel::{debug_query, pg::Pg};

    use crate::tables::{deliveries::ReplayedDelivery, timers::SetTimers};

    #[test]
    fn the_statement_is_the_same_for_any_number_of_rows() {
        let none = debug_query::<Pg, _>(&SetTimers::default()).to_string();
        let (statement, _) = none.split_once(" -- binds").unwrap();
        assert!(
            statement.starts_with(
                "INSERT INTO timers (entity_kind, entity_id, kind, due_at, status, set_at, \
                 ended_at, reason, written_by) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, \
                 $8, $9) ON CONFLICT (tenant_id, entity_kind, entity_id, kind) DO UPDATE SET "
            ),
            "{statement}"
        );
    }

    #[test]
    fn a_change_names_one_row_and_joins_nothing() {
        let change = ReplayedDelivery { delivery_id: uuid::Uuid::nil(), replayed_by: None };
        let statement = debug_query::<Pg, _>(&change).to_string();
        assert!(
            statement.starts_with(
                "UPDATE deliveries AS old SET replayed_by = new.replayed_by FROM (SELECT $1, $2) AS \
                 new (delivery_id, replayed_by) WHERE old.delivery_id = new.delivery_id"
            ),
            "{statement}"
        );
    }
}
