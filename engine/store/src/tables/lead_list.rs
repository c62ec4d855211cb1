//! Leads with their contacts and sessions, as the list shows them.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl,
    OptionalExtension, QueryDsl, SelectableHelper, TextExpressionMethods,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    contact::Email,
    id::{LeadId, MemberId, SessionId},
    lang::Lang,
};
use forecourt_ports::store::{LeadFilter, LeadRecord, LeadRow, Needle, Whose};
use uuid::Uuid;

use super::{
    Time, Word,
    leads::StoredLead,
    number,
    sessions::{CLOSED, WITH_HUMAN},
};
use crate::{
    TenantTx,
    error::DbError,
    schema::{contacts, leads, sessions},
};

#[diesel::dsl::auto_type]
fn of_contact() -> _ {
    contacts::tenant_id.eq(leads::tenant_id).and(contacts::contact_id.eq(leads::contact_id))
}

#[diesel::dsl::auto_type]
fn joined() -> _ {
    let of_session =
        sessions::tenant_id.eq(leads::tenant_id).and(sessions::session_id.eq(leads::session_id));
    leads::table
        .inner_join(contacts::table.on(of_contact()))
        .inner_join(sessions::table.on(of_session))
}

type Columns = (
    diesel::dsl::AsSelect<StoredLead, diesel::pg::Pg>,
    contacts::name,
    contacts::email,
    contacts::phone,
    sessions::lang,
    sessions::status,
);
type Stored = (StoredLead, Option<String>, Option<String>, Option<String>, String, String);

fn columns() -> Columns {
    (
        StoredLead::as_select(),
        contacts::name,
        contacts::email,
        contacts::phone,
        sessions::lang,
        sessions::status,
    )
}

fn row((lead, name, email, phone, lang, status): Stored) -> Result<LeadRow, DbError> {
    let record = lead.into_record()?;
    Ok(LeadRow {
        lead: record.lead,
        session: record.session,
        name,
        email,
        phone,
        vehicle_interest: record.vehicle_interest,
        source: record.source,
        source_url: record.source_url,
        status: record.status,
        lang: Lang::read(&lang, "sessions")?,
        created_at: record.created_at,
        updated_at: record.updated_at,
        excerpt: record.excerpt,
        repeats: record.repeats,
        promise: record.promise,
        needs_human: record.needs_human,
        assignee: record.assignee,
        callback: record.callback,
        with_human: status == WITH_HUMAN,
        closed: status == CLOSED,
    })
}

/// Narrows a query that has `leads` to what a filter asks of them.
macro_rules! narrowed {
    ($query:expr, $filter:expr) => {{
        let mut query = $query.into_boxed();
        if let Some(status) = $filter.status {
            query = query.filter(leads::status.eq(status.word()));
        }
        if let Some(source) = $filter.source {
            query = query.filter(leads::source.eq(source.word()));
        }
        query = match $filter.whose {
            None => query,
            Some(Whose::Member(member)) => query.filter(leads::assignee.eq(member.into_uuid())),
            Some(Whose::Nobody) => query.filter(leads::assignee.is_null()),
        };
        query = match $filter.callback {
            None => query,
            Some(true) => query.filter(leads::callback_until.is_not_null()),
            Some(false) => query.filter(leads::callback_until.is_null()),
        };
        if let Some(from) = $filter.from {
            query = query.filter(leads::created_at.ge(Time::from(from)));
        }
        if let Some(to) = $filter.to {
            query = query.filter(leads::created_at.lt(Time::from(to)));
        }
        query
    }};
}

/// A pattern that finds `text` anywhere, its wildcards taken as letters.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// How many leads a filter lets through.
pub(crate) async fn count(mut tx: &TenantTx, filter: &LeadFilter) -> Result<u64, DbError> {
    let count: i64 = match filter.needle() {
        Needle::Nothing => 0,
        // Nothing but the leads themselves needs to be read.
        Needle::Everything => narrowed!(leads::table, filter).count().get_result(&mut tx).await?,
        Needle::Text(text) => {
            let found = contacts::search.like(containing(&text)).escape('\\');
            let with_contacts = leads::table.inner_join(contacts::table.on(of_contact()));
            narrowed!(with_contacts, filter).filter(found).count().get_result(&mut tx).await?
        }
    };
    number(count, "leads")
}

/// A page of the leads that a filter lets through, newest first.
pub(crate) async fn page(mut tx: &TenantTx, filter: &LeadFilter) -> Result<Vec<LeadRow>, DbError> {
    let mut query = narrowed!(joined(), filter);
    match filter.needle() {
        Needle::Nothing => return Ok(Vec::new()),
        Needle::Everything => {}
        Needle::Text(text) => {
            query = query.filter(contacts::search.like(containing(&text)).escape('\\'));
        }
    }
    let (per_page, before) = filter.window();
    let found: Vec<Stored> = query
        .order((leads::created_at.desc(), leads::lead_id.desc()))
        .limit(per_page.into())
        .offset(i64::try_from(before).unwrap_or(i64::MAX))
        .select(columns())
        .load(&mut tx)
        .await?;
    found.into_iter().map(row).collect()
}

pub(crate) async fn find(mut tx: &TenantTx, lead: LeadId) -> Result<Option<LeadRow>, DbError> {
    let found: Option<Stored> = joined()
        .filter(leads::lead_id.eq(lead.into_uuid()))
        .select(columns())
        .get_result(&mut tx)
        .await
        .optional()?;
    found.map(row).transpose()
}

/// The leads of these sessions.
pub(crate) async fn of_sessions(
    mut tx: &TenantTx,
    ids: &[SessionId],
) -> Result<Vec<LeadRow>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.into_uuid()).collect();
    let found: Vec<Stored> =
        joined().filter(leads::session_id.eq_any(ids)).select(columns()).load(&mut tx).await?;
    found.into_iter().map(row).collect()
}

/// How many conversations are whose and not closed.
pub(crate) async fn open_by_assignee(mut tx: &TenantTx) -> Result<HashMap<MemberId, u64>, DbError> {
    let of_session =
        sessions::tenant_id.eq(leads::tenant_id).and(sessions::session_id.eq(leads::session_id));
    let found: Vec<(Option<Uuid>, i64)> = leads::table
        .inner_join(sessions::table.on(of_session))
        .filter(leads::assignee.is_not_null())
        .filter(sessions::status.ne(CLOSED))
        .group_by(leads::assignee)
        .select((leads::assignee, diesel::dsl::count_star()))
        .load(&mut tx)
        .await?;
    let open = found.into_iter().filter_map(|(member, open)| Some((member?, open)));
    open.map(|(member, open)| Ok((MemberId::from_uuid(member), number(open, "leads")?))).collect()
}

/// The newest lead of somebody.
pub(crate) struct Newest {
    pub(crate) record: LeadRecord,
    pub(crate) closed: bool,
}

/// The newest lead of the contact with this mail address.
pub(crate) async fn newest_of(mut tx: &TenantTx, email: &Email) -> Result<Option<Newest>, DbError> {
    let found: Option<(StoredLead, String)> = joined()
        .filter(contacts::email_key.eq(email.key()))
        .order((leads::created_at.desc(), leads::lead_id.desc()))
        .select((StoredLead::as_select(), sessions::status))
        .first(&mut tx)
        .await
        .optional()?;
    let newest = |(lead, status): (StoredLead, String)| {
        Ok(Newest { record: lead.into_record()?, closed: status == CLOSED })
    };
    found.map(newest).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_are_letters() {
        assert_eq!(containing("åse"), "%åse%");
        assert_eq!(containing(r"100%_\"), r"%100\%\_\\%");
    }
}
