//! Many rows in one statement: each column is sent as one array.
//!
//! The text of the statement does not depend on how many rows there are, so it is prepared once per
//! connection; a list of row values would be parsed and planned anew for each number of rows. What a
//! column may hold is checked against [`crate::schema`] when this is compiled.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use diesel_async::RunQueryDsl as _;

use crate::TenantTx;

/// Rows that wait to be sent; see [`bulk!`].
pub(crate) trait Bulk: QueryFragment<Pg> + QueryId + Send {
    fn is_empty(&self) -> bool;
}

/// Sends rows, unless there are none; says how many were written.
///
/// Takes a shared transaction, so that statements which do not need each other's rows can share a
/// round trip.
pub(crate) async fn send(tx: &TenantTx, rows: impl Bulk) -> QueryResult<usize> {
    if rows.is_empty() {
        return Ok(0);
    }
    let mut tx = tx;
    rows.execute(&mut tx).await
}

/// Declares a row, a collection of such rows, and the statement that writes them all.
///
/// `insert` needs only what follows the rows; `update` writes the rest of the statement around them.
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
            @rows $(#[$doc])* $name $row $table { $first: $first_type $(, $column $([$maybe])?: $type)* }
            concat!("UPDATE ", stringify!($table), " AS old SET ", $set, " FROM unnest("),
            concat!(
                ") AS new (", stringify!($first) $(, ", ", stringify!($column))*,
                ") WHERE ", $matched
            )
        }
    };
    (
        @rows $(#[$doc:meta])* $name:ident $row:ident $table:ident
        { $first:ident: $first_type:ty $(, $column:ident $([$maybe:ident])?: $type:ty)* }
        $before:expr, $after:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $row {
            pub(crate) $first: $first_type,
            $(pub(crate) $column: $type,)*
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
            fn is_empty(&self) -> bool {
                self.$first.is_empty()
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

    use crate::tables::timers::{EndTimers, SetTimers};

    #[test]
    fn the_statement_is_the_same_for_any_number_of_rows() {
        let none = debug_query::<Pg, _>(&SetTimers::default()).to_string();
        let (statement, _) = none.split_once(" -- binds").unwrap();
        assert!(
            statement.starts_with(
                "INSERT INTO timers (entity_kind, entity_id, kind, due_at, status, set_at, \
                 ended_at, reason, written_by) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, \
                 $8, $9) ON CONFLICT (tenant_id, entity_kind, entity_id, kind) DO UPDATE SET \
                 due_at = EXCLUDED.due_at, status = EXCLUDED.status, "
            ),
            "{statement}"
        );
        let none = debug_query::<Pg, _>(&EndTimers::default()).to_string();
        assert!(none.starts_with(
            "UPDATE timers AS old SET status = new.status, ended_at = new.ended_at, \
             claimed_by = NULL, claimed_until = NULL, reason = new.reason, "
        ));
        assert!(none.contains(
            " FROM unnest($1, $2, $3, $4, $5, $6, $7) AS new (entity_kind, entity_id, kind, status, \
             ended_at, reason, written_by) WHERE "
        ));
    }
}
