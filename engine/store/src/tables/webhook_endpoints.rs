//! `webhook_endpoints`: addresses of integrators, and where each stands in its tenant's log.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    event::Seq,
    id::{EndpointId, MemberId, NodeId},
    webhook::{PauseReason, Topic},
};
use forecourt_ports::store::{
    DueNotice, EndpointRecord, NewEndpoint, NoticeStatus, Paused, Work, WorkAsk,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, some};
use crate::{TenantTx, error::DbError, schema::webhook_endpoints as endpoints};

const TABLE: &str = "webhook_endpoints";
pub(crate) const ACTIVE: &str = "active";
pub(crate) const PAUSED: &str = "paused";
pub(crate) const DELETED: &str = "deleted";

#[derive(Queryable, Selectable)]
#[diesel(table_name = endpoints, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Stored {
    endpoint_id: Uuid,
    url: String,
    description: Option<String>,
    topics: Vec<String>,
    old_secret_until: Option<Time>,
    paused_why: Option<String>,
    paused_at: Option<Time>,
    notice: Option<String>,
    cursor: i64,
    failing_since: Option<Time>,
    accepted_at: Option<Time>,
    created_by: Uuid,
    created_at: Time,
    updated_at: Time,
}

impl Stored {
    pub(crate) fn id(&self) -> Uuid {
        self.endpoint_id
    }

    /// The row as people see it; `head` is the end of the tenant's log.
    pub(crate) fn record(self, pending: u64, head: Seq) -> Result<EndpointRecord, DbError> {
        let why = self.paused_why.map(|why| PauseReason::read(&why, TABLE)).transpose()?;
        let notice = self.notice.map(|notice| NoticeStatus::read(&notice, TABLE)).transpose()?;
        let time = |time: Option<Time>| time.map(Time::to_jiff);
        Ok(EndpointRecord {
            endpoint: EndpointId::from_uuid(self.endpoint_id),
            url: self.url,
            description: self.description,
            topics: read_topics(&self.topics),
            paused: why.zip(time(self.paused_at)).map(|(why, since)| Paused { why, since }),
            notice,
            failing_since: time(self.failing_since),
            accepted_at: time(self.accepted_at),
            old_secret_until: time(self.old_secret_until),
            pending,
            behind: u64::try_from(head.0 - self.cursor).unwrap_or(0),
            created_by: MemberId::from_uuid(self.created_by),
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}

/// A topic that this version does not know is passed over: a newer engine beside us may have stored it.
fn read_topics(words: &[String]) -> Vec<Topic> {
    words.iter().filter_map(|word| Topic::parse(word)).collect()
}

fn words(topics: &[Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.as_str()).collect()
}

/// A tenant's endpoints, oldest first, the deleted ones apart.
pub(crate) async fn list(mut tx: &TenantTx) -> Result<Vec<Stored>, DbError> {
    let query = endpoints::table
        .filter(endpoints::status.ne(DELETED))
        .order(endpoints::endpoint_id)
        .limit(1_000)
        .select(Stored::as_select());
    Ok(query.load(&mut tx).await?)
}

pub(crate) async fn find(
    mut tx: &TenantTx,
    endpoint: EndpointId,
) -> Result<Option<Stored>, DbError> {
    let query = endpoints::table
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .filter(endpoints::status.ne(DELETED))
        .select(Stored::as_select());
    Ok(query.first(&mut tx).await.optional()?)
}

pub(crate) async fn count(mut tx: &TenantTx) -> Result<i64, DbError> {
    let query = endpoints::table.filter(endpoints::status.ne(DELETED)).count();
    Ok(query.get_result(&mut tx).await?)
}

/// Adds an endpoint that hears of everything after `cursor`.
pub(crate) async fn insert(
    mut tx: &TenantTx,
    new: &NewEndpoint,
    cursor: Seq,
) -> Result<(), DbError> {
    let at = Time::from(new.at);
    let row = (
        endpoints::endpoint_id.eq(new.endpoint.into_uuid()),
        endpoints::url.eq(&new.url),
        endpoints::description.eq(&new.description),
        endpoints::topics.eq(words(&new.topics)),
        endpoints::secret.eq(&new.secret),
        endpoints::status.eq(ACTIVE),
        endpoints::cursor.eq(cursor.0),
        endpoints::created_by.eq(new.by.into_uuid()),
        endpoints::created_at.eq(at),
        endpoints::updated_at.eq(at),
    );
    diesel::insert_into(endpoints::table).values(row).execute(&mut tx).await?;
    Ok(())
}

/// Locks an endpoint that is there; says whether it is active.
pub(crate) async fn lock(mut tx: &TenantTx, endpoint: EndpointId) -> Result<Option<bool>, DbError> {
    let status: Option<String> = endpoints::table
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .filter(endpoints::status.ne(DELETED))
        .select(endpoints::status)
        .for_no_key_update()
        .first(&mut tx)
        .await
        .optional()?;
    Ok(status.map(|status| status == ACTIVE))
}

macro_rules! set {
    ($tx:expr, $endpoint:expr, $values:expr) => {{
        let mut tx = $tx;
        diesel::update(endpoints::table)
            .filter(endpoints::endpoint_id.eq($endpoint.into_uuid()))
            .set($values)
            .execute(&mut tx)
            .await?
    }};
}

pub(crate) async fn set(
    tx: &TenantTx,
    endpoint: EndpointId,
    (url, description, topics): (&Option<String>, &Option<String>, &Option<Vec<Topic>>),
    now: Timestamp,
) -> Result<(), DbError> {
    set!(
        tx,
        endpoint,
        (
            url.as_ref().map(|url| endpoints::url.eq(url)),
            description.as_ref().map(|text| {
                endpoints::description.eq(Some(text.as_str()).filter(|text| !text.is_empty()))
            }),
            topics.as_ref().map(|topics| endpoints::topics.eq(words(topics))),
            endpoints::updated_at.eq(Time::from(now)),
        )
    );
    Ok(())
}

/// Pauses an endpoint; for any reason but a member's own will, people are to be told.
pub(crate) async fn pause(
    tx: &TenantTx,
    endpoint: EndpointId,
    why: PauseReason,
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    let told = why != PauseReason::Member;
    set!(
        tx,
        endpoint,
        (
            endpoints::status.eq(PAUSED),
            endpoints::paused_why.eq(why.word()),
            endpoints::paused_at.eq(now),
            endpoints::notice.eq(told.then(|| NoticeStatus::Due.word())),
            endpoints::notice_at.eq(told.then_some(now)),
            endpoints::claimed_by.eq(None::<Uuid>),
            endpoints::claimed_until.eq(None::<Time>),
            endpoints::updated_at.eq(now),
        )
    );
    Ok(())
}

/// Makes an endpoint active; with `cursor`, it hears only of what comes after that.
pub(crate) async fn resume(
    tx: &TenantTx,
    endpoint: EndpointId,
    cursor: Option<Seq>,
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Time::from(now);
    set!(
        tx,
        endpoint,
        (
            (
                endpoints::status.eq(ACTIVE),
                endpoints::paused_why.eq(None::<String>),
                endpoints::paused_at.eq(None::<Time>),
                endpoints::notice.eq(None::<String>),
                endpoints::notice_at.eq(None::<Time>),
            ),
            endpoints::failing_since.eq(None::<Time>),
            cursor.map(|cursor| endpoints::cursor.eq(cursor.0)),
            endpoints::next_at.eq(now),
            endpoints::updated_at.eq(now),
        )
    );
    Ok(())
}

/// A new secret; the one before signs until `old_until`.
pub(crate) async fn rotate(
    tx: &TenantTx,
    endpoint: EndpointId,
    secret: &[u8],
    old_until: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    set!(
        tx,
        endpoint,
        (
            endpoints::old_secret.eq(NullableExpressionMethods::nullable(endpoints::secret)),
            endpoints::old_secret_until.eq(Time::from(old_until)),
            endpoints::secret.eq(secret),
            endpoints::updated_at.eq(Time::from(now)),
        )
    );
    Ok(())
}

/// Takes an endpoint away; its row goes with its last call.
pub(crate) async fn delete(
    tx: &TenantTx,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), DbError> {
    set!(
        tx,
        endpoint,
        (
            (
                endpoints::status.eq(DELETED),
                endpoints::url.eq(""),
                endpoints::description.eq(None::<String>),
                endpoints::secret.eq(Vec::new()),
                endpoints::old_secret.eq(None::<Vec<u8>>),
            ),
            endpoints::paused_why.eq(None::<String>),
            endpoints::paused_at.eq(None::<Time>),
            endpoints::notice.eq(None::<String>),
            endpoints::claimed_by.eq(None::<Uuid>),
            endpoints::claimed_until.eq(None::<Time>),
            endpoints::updated_at.eq(Time::from(now)),
        )
    );
    Ok(())
}

/// Removes the rows of deleted endpoints without calls.
pub(crate) async fn bury(mut tx: &TenantTx, with_calls: &[Uuid]) -> Result<usize, DbError> {
    let dead = endpoints::table
        .filter(endpoints::status.eq(DELETED))
        .filter(endpoints::endpoint_id.ne_all(with_calls.to_vec()));
    Ok(diesel::delete(dead).execute(&mut tx).await?)
}

/// Deleted endpoints whose rows are still there.
pub(crate) async fn deleted(mut tx: &TenantTx) -> Result<Vec<Uuid>, DbError> {
    let query = endpoints::table
        .filter(endpoints::status.eq(DELETED))
        .limit(100)
        .select(endpoints::endpoint_id);
    Ok(query.load(&mut tx).await?)
}

/// Numbers for `count` more calls; answers the one before the first. The caller holds the row's lock.
pub(crate) async fn number(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    count: i64,
) -> Result<i64, DbError> {
    let last: i64 = diesel::update(endpoints::table)
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .set(endpoints::last_number.eq(endpoints::last_number + count))
        .returning(endpoints::last_number)
        .get_result(&mut tx)
        .await?;
    Ok(last - count)
}

/// Somebody must look at its calls at once.
pub(crate) async fn wake(
    tx: &TenantTx,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), DbError> {
    set!(tx, endpoint, endpoints::next_at.eq(Time::from(now)));
    Ok(())
}

// ---- claims ----

/// A claimed endpoint, as its worker needs it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = endpoints, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Claimed {
    url: String,
    topics: Vec<String>,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    old_secret_until: Option<Time>,
    cursor: i64,
}

impl Claimed {
    pub(crate) fn cursor(&self) -> Seq {
        Seq(self.cursor)
    }

    pub(crate) fn wants(&self, topic: Topic) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|word| word == topic.as_str())
    }

    pub(crate) fn work(self, now: Timestamp) -> Work {
        let old = self.old_secret_until.is_some_and(|until| now < until.to_jiff());
        Work {
            url: self.url,
            secret: self.secret,
            old_secret: self.old_secret.filter(|_| old),
            calls: Vec::new(),
            next_at: None,
            behind: false,
        }
    }
}

/// Locks an active endpoint that `ask.node` holds, and renews its claim.
pub(crate) async fn hold(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    ask: &WorkAsk<'_>,
) -> Result<Option<Claimed>, DbError> {
    let until = ask.now.saturating_add(ask.lease).unwrap_or(Timestamp::MAX);
    let held = diesel::update(endpoints::table)
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .filter(endpoints::status.eq(ACTIVE))
        .filter(endpoints::claimed_by.eq(ask.node.into_uuid()))
        .set(endpoints::claimed_until.eq(Time::from(until)))
        .returning(Claimed::as_returning())
        .get_result(&mut tx)
        .await
        .optional()?;
    Ok(held)
}

/// Moves the cursor; the caller holds the row's lock.
pub(crate) async fn move_cursor(
    tx: &TenantTx,
    endpoint: EndpointId,
    cursor: Seq,
) -> Result<(), DbError> {
    set!(tx, endpoint, endpoints::cursor.eq(cursor.0));
    Ok(())
}

/// Claims those of `ids` that are active and that nobody holds.
pub(crate) async fn claim(
    mut tx: &TenantTx,
    ids: &[Uuid],
    node: NodeId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<EndpointId>, DbError> {
    let free = endpoints::claimed_until.is_null().or(endpoints::claimed_until.le(Time::from(now)));
    let claimed: Vec<Uuid> = diesel::update(endpoints::table)
        .filter(endpoints::endpoint_id.eq_any(ids.to_vec()))
        .filter(endpoints::status.eq(ACTIVE))
        .filter(free)
        .set((
            endpoints::claimed_by.eq(node.into_uuid()),
            endpoints::claimed_until.eq(Time::from(until)),
        ))
        .returning(endpoints::endpoint_id)
        .get_results(&mut tx)
        .await?;
    Ok(claimed.into_iter().map(EndpointId::from_uuid).collect())
}

/// Gives a claim back, and says when the calls have to be looked at.
pub(crate) async fn leave(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    node: NodeId,
    next_at: Option<Timestamp>,
) -> Result<(), DbError> {
    diesel::update(endpoints::table)
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .filter(endpoints::claimed_by.eq(node.into_uuid()))
        .set((
            endpoints::claimed_by.eq(None::<Uuid>),
            endpoints::claimed_until.eq(None::<Time>),
            endpoints::next_at.eq(some(next_at)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// Ends every claim of the tenant.
pub(crate) async fn forget_claims(mut tx: &TenantTx) -> Result<(), DbError> {
    diesel::update(endpoints::table)
        .filter(endpoints::claimed_until.is_not_null())
        .set((
            endpoints::claimed_by.eq(None::<Uuid>),
            endpoints::claimed_until.eq(None::<Time>),
            // What its worker knew of the times of its calls went with it.
            endpoints::next_at.eq(Time::from(Timestamp::UNIX_EPOCH)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

// ---- what tries lead to ----

/// Since when there is nothing but failures; `None` when there is no such endpoint.
pub(crate) async fn failing_since(
    mut tx: &TenantTx,
    endpoint: EndpointId,
) -> Result<Option<Option<Timestamp>>, DbError> {
    let since: Option<Option<Time>> = endpoints::table
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .select(endpoints::failing_since)
        .for_no_key_update()
        .first(&mut tx)
        .await
        .optional()?;
    Ok(since.map(|since| since.map(Time::to_jiff)))
}

pub(crate) async fn accepted(
    tx: &TenantTx,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), DbError> {
    set!(
        tx,
        endpoint,
        (endpoints::failing_since.eq(None::<Time>), endpoints::accepted_at.eq(Time::from(now)),)
    );
    Ok(())
}

pub(crate) async fn failed(
    tx: &TenantTx,
    endpoint: EndpointId,
    since: Timestamp,
) -> Result<(), DbError> {
    set!(tx, endpoint, endpoints::failing_since.eq(Time::from(since)));
    Ok(())
}

// ---- notices ----

/// Takes the pauses that have to be told, until `until`.
pub(crate) async fn claim_notices(
    mut tx: &TenantTx,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<DueNotice>, DbError> {
    let taken: Vec<(Uuid, String, Option<String>, Option<Time>)> = diesel::update(endpoints::table)
        .filter(endpoints::status.eq(PAUSED))
        .filter(endpoints::notice.eq(NoticeStatus::Due.word()))
        .filter(endpoints::notice_at.le(Time::from(now)))
        .set(endpoints::notice_at.eq(Time::from(until)))
        .returning((
            endpoints::endpoint_id,
            endpoints::url,
            endpoints::paused_why,
            endpoints::paused_at,
        ))
        .get_results(&mut tx)
        .await?;
    let notice = |(id, url, why, since): (Uuid, String, Option<String>, Option<Time>)| {
        let missing = || DbError::Inconsistent { table: TABLE, what: "a pause" };
        Ok(DueNotice {
            tenant: tx.tenant(),
            endpoint: EndpointId::from_uuid(id),
            url,
            why: PauseReason::read(&why.ok_or_else(missing)?, TABLE)?,
            since: since.ok_or_else(missing)?.to_jiff(),
        })
    };
    taken.into_iter().map(notice).collect()
}

/// Writes down how a notice stands; false when there is none in a state before that.
pub(crate) async fn note_notice(
    mut tx: &TenantTx,
    endpoint: EndpointId,
    status: NoticeStatus,
    next_at: Timestamp,
) -> Result<bool, DbError> {
    let before: &[&str] = match status {
        NoticeStatus::Begun => &["due"],
        NoticeStatus::Due | NoticeStatus::Sent | NoticeStatus::Failed => &["due", "begun"],
    };
    let changed = diesel::update(endpoints::table)
        .filter(endpoints::endpoint_id.eq(endpoint.into_uuid()))
        .filter(endpoints::status.eq(PAUSED))
        .filter(endpoints::notice.eq_any(before.to_vec()))
        .set((endpoints::notice.eq(status.word()), endpoints::notice_at.eq(Time::from(next_at))))
        .execute(&mut tx)
        .await?;
    Ok(changed == 1)
}
