//! Figures over the assistant's `messages`: how often, how rated, and what became of their conversations.
//!
//! Each statement counts one thing by prompt and model; [`crate::pg`] puts them together.

use diesel::{
    AggregateExpressionMethods, BoolExpressionMethods, ExpressionMethods, JoinOnDsl,
    NullableExpressionMethods, QueryDsl,
    dsl::{count, count_star, exists, not},
};
use diesel_async::RunQueryDsl;
use forecourt_ports::store::replies::{MOST_FIGURES, Rating};
use jiff::Timestamp;

use super::{Assistant, Time, Word as _, number};
use crate::{
    TenantTx,
    error::DbError,
    schema::{bookings, journal, messages, reply_ratings, sessions},
};

const TABLE: &str = "messages";

/// A time: from the first until before the second.
pub(crate) type Span = (Timestamp, Timestamp);
/// Where replies came from, prompt and model, and how many of something there are.
type Row<T> = (Option<String>, Option<String>, T);
pub(crate) type Origin = (String, String);

/// The replies of a time that came from a prompt, narrowed.
macro_rules! replies {
    ($span:expr $(, $narrowed:expr)*) => {
        messages::table
            .filter(messages::author.eq(Assistant))
            .filter(messages::at.ge(Time::from($span.0)))
            .filter(messages::at.lt(Time::from($span.1)))
            .filter(messages::prompt.is_not_null())
            $(.filter($narrowed))*
            .group_by((messages::prompt, messages::model))
    };
}

/// Something of the conversation is booked, or was when its time came.
macro_rules! booked {
    () => {
        exists(
            bookings::table
                .filter(bookings::session_id.eq(messages::session_id.nullable()))
                .filter(bookings::status.eq_any(["booked", "no_show"])),
        )
    };
}

/// A person was needed in the conversation, or took it over.
macro_rules! handed_over {
    () => {
        exists(
            journal::table
                .filter(journal::session_id.eq(messages::session_id))
                .filter(journal::kind.eq_any(["handoff_requested", "taken_over"])),
        )
    };
}

fn rows<T>(found: Vec<Row<T>>) -> Vec<(Origin, T)> {
    let named = |(prompt, model, found): Row<T>| Some(((prompt?, model?), found));
    found.into_iter().filter_map(named).collect()
}

fn numbers(found: Vec<Row<i64>>) -> Result<Vec<(Origin, u64)>, DbError> {
    let read = |(origin, count)| Ok((origin, number(count, TABLE)?));
    rows(found).into_iter().map(read).collect()
}

/// Replies and the conversations they stand in, the most replies first.
pub(crate) async fn counted(
    mut tx: &TenantTx,
    span: Span,
) -> Result<Vec<(Origin, (u64, u64))>, DbError> {
    let found: Vec<(Option<String>, Option<String>, i64, i64)> = replies!(span)
        .select((
            messages::prompt,
            messages::model,
            count_star(),
            count(messages::session_id).aggregate_distinct(),
        ))
        .order((count_star().desc(), messages::prompt, messages::model))
        .limit(MOST_FIGURES as i64)
        .load(&mut tx)
        .await?;
    let found = found.into_iter().map(|(prompt, model, all, talks)| (prompt, model, (all, talks)));
    let read = |(origin, (all, talks))| Ok((origin, (number(all, TABLE)?, number(talks, TABLE)?)));
    rows(found.collect()).into_iter().map(read).collect()
}

/// Conversations in which something is booked.
pub(crate) async fn booked(mut tx: &TenantTx, span: Span) -> Result<Vec<(Origin, u64)>, DbError> {
    let columns =
        (messages::prompt, messages::model, count(messages::session_id).aggregate_distinct());
    numbers(replies!(span, booked!()).select(columns).load(&mut tx).await?)
}

/// Conversations in which nothing is booked, and that went to a person.
pub(crate) async fn handed_over(
    mut tx: &TenantTx,
    span: Span,
) -> Result<Vec<(Origin, u64)>, DbError> {
    let columns =
        (messages::prompt, messages::model, count(messages::session_id).aggregate_distinct());
    let narrowed = replies!(span, not(booked!()), handed_over!());
    numbers(narrowed.select(columns).load(&mut tx).await?)
}

/// Conversations that ended without either.
pub(crate) async fn closed(mut tx: &TenantTx, span: Span) -> Result<Vec<(Origin, u64)>, DbError> {
    let columns =
        (messages::prompt, messages::model, count(messages::session_id).aggregate_distinct());
    let over = exists(
        sessions::table
            .filter(sessions::session_id.eq(messages::session_id))
            .filter(sessions::status.eq("closed")),
    );
    let narrowed = replies!(span, over, not(booked!()), not(handed_over!()));
    numbers(narrowed.select(columns).load(&mut tx).await?)
}

/// Ratings of one kind.
pub(crate) async fn rated(
    mut tx: &TenantTx,
    span: Span,
    rating: Rating,
) -> Result<Vec<(Origin, u64)>, DbError> {
    let of = reply_ratings::tenant_id
        .eq(messages::tenant_id)
        .and(reply_ratings::message_id.eq(messages::message_id));
    let found = messages::table
        .inner_join(reply_ratings::table.on(of))
        .filter(messages::author.eq(Assistant))
        .filter(messages::at.ge(Time::from(span.0)))
        .filter(messages::at.lt(Time::from(span.1)))
        .filter(reply_ratings::rating.eq(rating.word()))
        .group_by((messages::prompt, messages::model))
        .select((messages::prompt, messages::model, count_star()))
        .load(&mut tx)
        .await?;
    numbers(found)
}
