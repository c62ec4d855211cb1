//! `webhook_calls` and `webhook_tries`: one event for one endpoint, and every try to tell it.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
    dsl::{count_star, exists, min, not},
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::Seq,
    id::{EndpointId, SessionId},
    webhook::{Outcome, Topic},
};
use forecourt_ports::store::{
    CallFilter, CallRecord, CallReport, CallStatus, DueCall, Replay, TryRecord,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Pending, Time, Word, number};
use crate::{
    TenantTx,
    error::DbError,
    schema::{webhook_calls as calls, webhook_tries as tries},
};

const TABLE: &str = "webhook_calls";

/// A call to be written.
pub(crate) struct NewCall<'a> {
    pub(crate) number: i64,
    pub(crate) entity: Uuid,
    pub(crate) seq: Option<Seq>,
    pub(crate) topic: Topic,
    pub(crate) event_id: String,
    pub(crate) body: &'a str,
}

pub(crate) async fn insert(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    new: &[NewCall<'_>],
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    let rows: Vec<_> = new
        .iter()
        .map(|new| {
            (
                calls::endpoint_id.eq(endpoint.into_uuid()),
                calls::number.eq(new.number),
                calls::entity_id.eq(new.entity),
                calls::seq.eq(new.seq.map(|seq| seq.0)),
                calls::topic.eq(new.topic.as_str()),
                calls::event_id.eq(&new.event_id),
                calls::body.eq(new.body),
                calls::status.eq(CallStatus::Pending.word()),
                calls::next_at.eq(now),
                calls::created_at.eq(now),
                calls::updated_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(calls::table).values(rows).execute(&mut tx).await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls, check_for_backend(diesel::pg::Pg))]
struct Stored {
    number: i64,
    entity_id: Uuid,
    seq: Option<i64>,
    topic: String,
    event_id: String,
    status: String,
    tries: i32,
    next_at: Time,
    last: Option<String>,
    created_at: Time,
    updated_at: Time,
}

impl Stored {
    fn record(self) -> Result<CallRecord, DbError> {
        let unknown = DbError::Inconsistent { table: TABLE, what: "an unknown word" };
        let topic = Topic::parse(&self.topic).ok_or(unknown)?;
        let of_session = self.seq.is_some() && !topic.is_of_booking();
        Ok(CallRecord {
            number: self.number,
            topic,
            event_id: self.event_id,
            seq: self.seq.map(Seq),
            session: of_session.then(|| SessionId::from_uuid(self.entity_id)),
            status: CallStatus::read(&self.status, TABLE)?,
            tries: number(self.tries, TABLE)?,
            next_at: self.next_at.to_jiff(),
            last: self.last,
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}

/// A page of an endpoint's calls, newest first.
pub(crate) async fn list(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    filter: &CallFilter,
    limit: u32,
) -> Result<Vec<CallRecord>, DbError> {
    let mut query = calls::table
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .order(calls::number.desc())
        .limit(limit.into())
        .select(Stored::as_select())
        .into_boxed();
    query = match filter.status {
        None => query,
        Some(CallStatus::Pending) => query.filter(calls::status.eq(Pending)),
        Some(status) => query.filter(calls::status.eq(status.word())),
    };
    if let Some(since) = filter.since {
        query = query.filter(calls::created_at.ge(Time::from(since)));
    }
    if let Some(until) = filter.until {
        query = query.filter(calls::created_at.lt(Time::from(until)));
    }
    if let Some(before) = filter.before {
        query = query.filter(calls::number.lt(before));
    }
    let found: Vec<Stored> = query.load(&mut tx).await?;
    found.into_iter().map(Stored::record).collect()
}

/// One call with its body.
pub(crate) async fn find(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    number: i64,
) -> Result<Option<(CallRecord, String)>, DbError> {
    let found: Option<(Stored, String)> = calls::table
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::number.eq(number))
        .select((Stored::as_select(), calls::body))
        .first(&mut tx)
        .await
        .optional()?;
    found.map(|(stored, body)| Ok((stored.record()?, body))).transpose()
}

type StoredTry = (i32, Time, i32, Option<i16>, Option<String>, String);

/// The newest tries of a call, oldest first.
pub(crate) async fn tries_of(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    call: i64,
) -> Result<Vec<TryRecord>, DbError> {
    let found: Vec<StoredTry> = tries::table
        .filter(tries::endpoint_id.eq(endpoint.into_uuid()))
        .filter(tries::number.eq(call))
        .order(tries::attempt.desc())
        .limit(100)
        .select((
            tries::attempt,
            tries::at,
            tries::took_ms,
            tries::status,
            tries::code,
            tries::beginning,
        ))
        .load(&mut tx)
        .await?;
    let read = |(attempt, at, took_ms, status, code, beginning): StoredTry| {
        Ok(TryRecord {
            number: number(attempt, "webhook_tries")?,
            at: at.to_jiff(),
            took_ms: number(took_ms, "webhook_tries")?,
            status: status.map(|status| number(status, "webhook_tries")).transpose()?,
            code,
            beginning,
        })
    };
    found.into_iter().rev().map(read).collect()
}

/// How many calls of each endpoint are pending.
pub(crate) async fn pending(mut tx: &TenantTx) -> Result<HashMap<Uuid, u64>, DbError> {
    let counts: Vec<(Uuid, i64)> = calls::table
        .filter(calls::status.eq(Pending))
        .group_by(calls::endpoint_id)
        .select((calls::endpoint_id, count_star()))
        .load(&mut tx)
        .await?;
    counts.into_iter().map(|(id, count)| Ok((id, number(count, TABLE)?))).collect()
}

pub(crate) async fn pending_of(mut tx: &TenantTx, endpoint: EndpointId) -> Result<u64, DbError> {
    let count: i64 = calls::table
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::status.eq(Pending))
        .count()
        .get_result(&mut tx)
        .await?;
    number(count, TABLE)
}

diesel::alias!(calls as earlier: Earlier);

/// The oldest pending call of each conversation, as far as the worker does not have it.
macro_rules! heads {
    ($endpoint:expr, $busy:expr) => {
        calls::table
            .filter(calls::endpoint_id.eq($endpoint.into_uuid()))
            .filter(calls::status.eq(Pending))
            .filter(calls::number.ne_all($busy.to_vec()))
            .filter(not(exists(
                earlier
                    .filter(earlier.field(calls::tenant_id).eq(calls::tenant_id))
                    .filter(earlier.field(calls::endpoint_id).eq(calls::endpoint_id))
                    .filter(earlier.field(calls::entity_id).eq(calls::entity_id))
                    .filter(earlier.field(calls::status).eq(Pending))
                    .filter(earlier.field(calls::number).lt(calls::number)),
            )))
    };
}

/// What is due, oldest first; of each conversation the oldest pending call alone.
pub(crate) async fn due(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    now: Timestamp,
    busy: &[i64],
    room: u32,
) -> Result<Vec<DueCall>, DbError> {
    let found: Vec<(i64, Uuid, String, String)> = heads!(endpoint, busy)
        .filter(calls::next_at.le(Time::from(now)))
        .order(calls::number)
        .limit(room.into())
        .select((calls::number, calls::entity_id, calls::event_id, calls::body))
        .load(&mut tx)
        .await?;
    let call = |(number, entity, event_id, body)| DueCall { number, entity, event_id, body };
    Ok(found.into_iter().map(call).collect())
}

/// When the first of those falls due that are not due yet and that the worker does not have.
pub(crate) async fn next_at(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    after: Timestamp,
    busy: &[i64],
) -> Result<Option<Timestamp>, DbError> {
    let next: Option<Time> = heads!(endpoint, busy)
        .filter(calls::next_at.gt(Time::from(after)))
        .select(min(calls::next_at))
        .get_result(&mut tx)
        .await?;
    Ok(next.map(Time::to_jiff))
}

/// Where a pending call stands: its conversation, all its tries, and those of this run. Locks it.
pub(crate) async fn lock_pending(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    call: i64,
) -> Result<Option<(Uuid, u32, u32)>, DbError> {
    let found: Option<(Uuid, i32, i32)> = calls::table
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::number.eq(call))
        .filter(calls::status.eq(Pending))
        .select((calls::entity_id, calls::tries, calls::run))
        .for_no_key_update()
        .first(&mut tx)
        .await
        .optional()?;
    let read = |(entity, tries, run)| Ok((entity, number(tries, TABLE)?, number(run, TABLE)?));
    found.map(read).transpose()
}

/// How a call stands after a try.
pub(crate) struct After {
    pub(crate) status: CallStatus,
    /// The number of the try.
    pub(crate) tries: u32,
    pub(crate) run: u32,
    pub(crate) next_at: Timestamp,
}

pub(crate) async fn report(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    report: &CallReport,
    after: &After,
) -> Result<(), DbError> {
    let (status, code) = match report.outcome {
        Outcome::Answered { status } => (i16::try_from(status).ok(), None),
        Outcome::Failed { code } => (None, Some(code)),
    };
    let last = status.map_or_else(|| code.unwrap_or("?").to_owned(), |status| status.to_string());
    let attempt: i32 = number(after.tries, TABLE)?;
    let run: i32 = number(after.run, TABLE)?;
    let row = (
        tries::endpoint_id.eq(endpoint.into_uuid()),
        tries::number.eq(report.number),
        tries::attempt.eq(attempt),
        tries::at.eq(Time::from(report.at)),
        tries::took_ms.eq(i32::try_from(report.took.as_millis()).unwrap_or(i32::MAX)),
        tries::status.eq(status),
        tries::code.eq(code),
        tries::beginning.eq(&report.beginning),
    );
    diesel::insert_into(tries::table).values(row).execute(&mut tx).await?;
    diesel::update(calls::table)
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::number.eq(report.number))
        .set((
            calls::status.eq(after.status.word()),
            calls::tries.eq(attempt),
            calls::run.eq(run),
            calls::next_at.eq(Time::from(after.next_at)),
            calls::last.eq(last),
            calls::updated_at.eq(Time::from(report.now)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Numbers of the calls that a replay means, oldest first, `limit` at most.
pub(crate) async fn meant(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    which: &Replay,
    limit: u32,
) -> Result<Vec<i64>, DbError> {
    let mut query = calls::table
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::status.ne(CallStatus::Pending.word()))
        .order(calls::number)
        .limit(limit.into())
        .select(calls::number)
        .into_boxed();
    match which {
        Replay::Numbers(numbers) => query = query.filter(calls::number.eq_any(numbers.clone())),
        Replay::Range { status, since, until } => {
            query = query.filter(calls::status.eq(status.word()));
            if let Some(since) = since {
                query = query.filter(calls::created_at.ge(Time::from(*since)));
            }
            if let Some(until) = until {
                query = query.filter(calls::created_at.lt(Time::from(*until)));
            }
        }
    }
    Ok(query.load(&mut tx).await?)
}

/// Queues ended calls anew, on a new ladder.
pub(crate) async fn replay(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    numbers: &[i64],
    now: Timestamp,
) -> Result<usize, DbError> {
    let now = Time::from(now);
    Ok(diesel::update(calls::table)
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::number.eq_any(numbers.to_vec()))
        .filter(calls::status.ne(CallStatus::Pending.word()))
        .set((
            calls::status.eq(CallStatus::Pending.word()),
            calls::run.eq(0),
            calls::next_at.eq(now),
            calls::updated_at.eq(now),
        ))
        .execute(&mut tx)
        .await?)
}

/// Has everything pending tried at once, on a new ladder; or leaves it out.
pub(crate) async fn resume(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    skip: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let status = if skip { CallStatus::Skipped } else { CallStatus::Pending };
    let now = Time::from(now);
    diesel::update(calls::table)
        .filter(calls::endpoint_id.eq(endpoint.into_uuid()))
        .filter(calls::status.eq(Pending))
        .set((
            calls::status.eq(status.word()),
            calls::run.eq(0),
            calls::next_at.eq(now),
            calls::updated_at.eq(now),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Forgets calls that ended before `before`, and all of the endpoints in `gone`.
pub(crate) async fn prune(
    mut tx: &TenantTx,
    before: Timestamp,
    gone: &[Uuid],
    limit: u32,
) -> Result<usize, DbError> {
    let old =
        calls::status.ne(CallStatus::Pending.word()).and(calls::updated_at.lt(Time::from(before)));
    let found: Vec<(Uuid, i64)> = calls::table
        .filter(old.or(calls::endpoint_id.eq_any(gone.to_vec())))
        .limit(limit.into())
        .select((calls::endpoint_id, calls::number))
        .load(&mut tx)
        .await?;
    let mut by_endpoint: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for (endpoint, number) in found {
        by_endpoint.entry(endpoint).or_default().push(number);
    }
    let mut count = 0;
    for (endpoint, numbers) in by_endpoint {
        let dead = calls::table
            .filter(calls::endpoint_id.eq(endpoint))
            .filter(calls::number.eq_any(numbers));
        count += diesel::delete(dead).execute(&mut tx).await?;
    }
    Ok(count)
}

/// Which of these endpoints still have calls.
pub(crate) async fn with_calls(mut tx: &TenantTx, ids: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    let query = calls::table
        .filter(calls::endpoint_id.eq_any(ids.to_vec()))
        .select(calls::endpoint_id)
        .distinct();
    Ok(query.load(&mut tx).await?)
}
