//! Words that stand in a statement as they are, not as parameters.
//!
//! The partial indexes of the work tables are used only where the planner sees the very word of
//! their predicate; behind a parameter, a cached plan cannot.

use diesel::{
    AppearsOnTable, Expression, QueryResult, SelectableExpression,
    expression::ValidGrouping,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::Text,
};

macro_rules! literals {
    ($($name:ident = $word:literal;)*) => {$(
        #[doc = concat!("`", $word, "`.")]
        #[derive(Clone, Copy, Debug, QueryId)]
        pub(crate) struct $name;

        impl Expression for $name {
            type SqlType = Text;
        }

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql(concat!("'", $word, "'"));
                Ok(())
            }
        }

        impl<GroupBy> ValidGrouping<GroupBy> for $name {
            type IsAggregate = diesel::expression::is_aggregate::Never;
        }

        impl<From> SelectableExpression<From> for $name {}
        impl<From> AppearsOnTable<From> for $name {}
    )*};
}

literals! {
    Pending = "pending";
    HandingOver = "handing_over";
    Held = "held";
    Over = "over";
    Accepted = "accepted";
    Failed = "failed";
    Refused = "refused";
    Uncertain = "uncertain";
    Active = "active";
    Deleted = "deleted";
    Due = "due";
    Assistant = "assistant";
}
