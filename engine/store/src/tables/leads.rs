//! `leads`: wishes of contacts, as the list shows them. What a row says follows from events
//! ([`LeadRecord`]); here it only becomes columns.

use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper, sql_types};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    callback::times::Taken,
    event::{AlertReason, AnsweredBy, Source},
    id::{ContactId, LeadId, MemberId, MessageId, SessionId},
};
use forecourt_ports::store::{LeadRecord, LeadStatus, PromiseRow, PromiseState};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Time, Word,
    bulk::bulk,
    each::{each, wanted},
    number, some,
};
use crate::{TenantTx, error::DbError, schema::leads};

const TABLE: &str = "leads";

bulk! {
    /// A lead after the last event of this commit.
    insert PutLeads of LeadColumns into leads {
        lead_id: Uuid,
        contact_id: Uuid,
        session_id: Uuid,
        same_phone_as: Option<Uuid>,
        source: &'static str,
        source_url: Option<String>,
        vehicle_interest: Option<String>,
        status: &'static str,
        excerpt: String,
        repeats: i32,
        last_inbound_at: Time,
        last_fingerprint: Option<String>,
        first_response_ms: Option<i64>,
        promise_state: &'static str,
        promise_message_id: Option<Uuid>,
        promise_since: Option<Time>,
        promise_deadline: Option<Time>,
        promise_answered_after_ms: Option<i64>,
        promise_by: Option<&'static str>,
        promise_by_model: Option<String>,
        promise_by_member_id: Option<Uuid>,
        needs_human: Option<&'static str>,
        created_at: Time,
        updated_at: Time,
        assignee: Option<Uuid>,
        callback_member: Option<Uuid>,
        callback_at: Option<Time>,
        callback_until: Option<Time>,
    }
    "ON CONFLICT (tenant_id, lead_id) DO UPDATE SET source_url = EXCLUDED.source_url, \
     vehicle_interest = EXCLUDED.vehicle_interest, status = EXCLUDED.status, \
     excerpt = EXCLUDED.excerpt, repeats = EXCLUDED.repeats, \
     last_inbound_at = EXCLUDED.last_inbound_at, last_fingerprint = EXCLUDED.last_fingerprint, \
     first_response_ms = EXCLUDED.first_response_ms, promise_state = EXCLUDED.promise_state, \
     promise_message_id = EXCLUDED.promise_message_id, promise_since = EXCLUDED.promise_since, \
     promise_deadline = EXCLUDED.promise_deadline, \
     promise_answered_after_ms = EXCLUDED.promise_answered_after_ms, \
     promise_by = EXCLUDED.promise_by, promise_by_model = EXCLUDED.promise_by_model, \
     promise_by_member_id = EXCLUDED.promise_by_member_id, needs_human = EXCLUDED.needs_human, \
     updated_at = EXCLUDED.updated_at, assignee = EXCLUDED.assignee, \
     callback_member = EXCLUDED.callback_member, callback_at = EXCLUDED.callback_at, \
     callback_until = EXCLUDED.callback_until"
}

impl LeadColumns {
    pub(crate) fn of(record: LeadRecord) -> Self {
        let (by, model, member) = match record.promise.by {
            None => (None, None, None),
            Some(AnsweredBy::Model { model }) => (Some("model"), Some(model), None),
            Some(AnsweredBy::Template) => (Some("template"), None, None),
            Some(AnsweredBy::Member { member }) => (Some("member"), None, Some(member)),
        };
        Self {
            lead_id: record.lead.into_uuid(),
            contact_id: record.contact.into_uuid(),
            session_id: record.session.into_uuid(),
            same_phone_as: record.same_phone_as.map(ContactId::into_uuid),
            source: record.source.word(),
            source_url: record.source_url,
            vehicle_interest: record.vehicle_interest,
            status: record.status.word(),
            excerpt: record.excerpt,
            repeats: i32::try_from(record.repeats).unwrap_or(i32::MAX),
            last_inbound_at: record.last_inbound_at.into(),
            last_fingerprint: record.last_fingerprint,
            first_response_ms: record.first_response_ms,
            promise_state: record.promise.state.word(),
            promise_message_id: record.promise_of.map(MessageId::into_uuid),
            promise_since: some(record.promise.since),
            promise_deadline: some(record.promise.deadline),
            promise_answered_after_ms: record.promise.answered_after_ms,
            promise_by: by,
            promise_by_model: model,
            promise_by_member_id: member.map(MemberId::into_uuid),
            needs_human: record.needs_human.map(Word::word),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            assignee: record.assignee.map(MemberId::into_uuid),
            callback_member: record.callback.map(|call| call.member.into_uuid()),
            callback_at: record.callback.map(|call| call.at.into()),
            callback_until: record.callback.map(|call| call.until.into()),
        }
    }
}

/// A lead as it is stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = leads, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StoredLead {
    lead_id: Uuid,
    contact_id: Uuid,
    session_id: Uuid,
    same_phone_as: Option<Uuid>,
    source: String,
    source_url: Option<String>,
    vehicle_interest: Option<String>,
    status: String,
    excerpt: String,
    repeats: i32,
    last_inbound_at: Time,
    last_fingerprint: Option<String>,
    first_response_ms: Option<i64>,
    promise_state: String,
    promise_message_id: Option<Uuid>,
    promise_since: Option<Time>,
    promise_deadline: Option<Time>,
    promise_answered_after_ms: Option<i64>,
    promise_by: Option<String>,
    promise_by_model: Option<String>,
    promise_by_member_id: Option<Uuid>,
    needs_human: Option<String>,
    created_at: Time,
    updated_at: Time,
    assignee: Option<Uuid>,
    callback_member: Option<Uuid>,
    callback_at: Option<Time>,
    callback_until: Option<Time>,
}

impl StoredLead {
    pub(crate) fn into_record(self) -> Result<LeadRecord, DbError> {
        let by =
            match (self.promise_by.as_deref(), self.promise_by_model, self.promise_by_member_id) {
                (None, None, None) => None,
                (Some("template"), None, None) => Some(AnsweredBy::Template),
                (Some("model"), Some(model), None) => Some(AnsweredBy::Model { model }),
                (Some("member"), None, Some(member)) => {
                    Some(AnsweredBy::Member { member: MemberId::from_uuid(member) })
                }
                _ => return Err(DbError::Inconsistent { table: TABLE, what: "who answered" }),
            };
        let needs_human = self.needs_human.as_deref().map(|word| AlertReason::read(word, TABLE));
        Ok(LeadRecord {
            lead: LeadId::from_uuid(self.lead_id),
            contact: ContactId::from_uuid(self.contact_id),
            session: SessionId::from_uuid(self.session_id),
            same_phone_as: self.same_phone_as.map(ContactId::from_uuid),
            source: Source::read(&self.source, TABLE)?,
            source_url: self.source_url,
            vehicle_interest: self.vehicle_interest,
            status: LeadStatus::read(&self.status, TABLE)?,
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
            excerpt: self.excerpt,
            repeats: number(self.repeats, TABLE)?,
            last_inbound_at: self.last_inbound_at.to_jiff(),
            last_fingerprint: self.last_fingerprint,
            first_response_ms: self.first_response_ms,
            promise_of: self.promise_message_id.map(MessageId::from_uuid),
            promise: PromiseRow {
                state: PromiseState::read(&self.promise_state, TABLE)?,
                since: self.promise_since.map(Time::to_jiff),
                deadline: self.promise_deadline.map(Time::to_jiff),
                answered_after_ms: self.promise_answered_after_ms,
                by,
            },
            needs_human: needs_human.transpose()?,
            assignee: self.assignee.map(MemberId::from_uuid),
            callback: taken(self.callback_member, self.callback_at, self.callback_until),
        })
    }
}

/// An agreed call; the table holds all of it or nothing.
fn taken(member: Option<Uuid>, at: Option<Time>, until: Option<Time>) -> Option<Taken> {
    let member = MemberId::from_uuid(member?);
    Some(Taken { member, at: at?.to_jiff(), until: until?.to_jiff() })
}

/// The agreed calls that are over after `from`, in order, so many at most.
pub(crate) async fn callbacks(
    mut tx: &TenantTx,
    from: Timestamp,
    most: usize,
) -> Result<Vec<Taken>, DbError> {
    let found: Vec<(Option<Uuid>, Option<Time>, Option<Time>)> = leads::table
        .filter(leads::callback_until.gt(Time::from(from)))
        .order((leads::callback_at, leads::callback_member))
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select((leads::callback_member, leads::callback_at, leads::callback_until))
        .load(&mut tx)
        .await?;
    Ok(found.into_iter().filter_map(|(member, at, until)| taken(member, at, until)).collect())
}

/// The leads of sessions.
pub(crate) async fn of_sessions(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<LeadRecord>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let one = leads::table
        .filter(leads::session_id.eq(wanted::<sql_types::Uuid>()))
        .select(StoredLead::as_select());
    let found: Vec<StoredLead> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    found.into_iter().map(StoredLead::into_record).collect()
}

/// The newest lead of each of these contacts.
pub(crate) async fn newest_of_contacts(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<LeadRecord>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let one = leads::table
        .filter(leads::contact_id.eq(wanted::<sql_types::Uuid>()))
        .order((leads::created_at.desc(), leads::lead_id.desc()))
        .select(StoredLead::as_select());
    let found: Vec<StoredLead> = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    found.into_iter().map(StoredLead::into_record).collect()
}
