//! `contacts`: customers as a tenant knows them. The mail address decides who somebody is.

use diesel::{
    ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types,
};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    contact::{Email, Phone},
    id::{ContactId, SessionId},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Time,
    bulk::{Bulk, bulk},
    each::{each, wanted},
};
use crate::{
    TenantTx,
    error::DbError,
    schema::{contacts, leads},
};

bulk! {
    /// A contact that is new with this commit.
    insert NewContacts of NewContact into contacts {
        contact_id: Uuid,
        name: Option<String>,
        email: Option<String>,
        email_key: Option<String>,
        phone: Option<String>,
        search: String,
        created_at: Time,
        updated_at: Time,
    }
    ""
}

bulk! {
    /// What a known contact said of themselves this time; what they left out stays.
    update TellContacts of ToldContact in contacts {
        contact_id: Uuid,
        name: Option<String>,
        phone: Option<String>,
        search [maybe]: Option<String>,
        updated_at: Time,
    }
    "name = COALESCE(new.name, old.name), phone = COALESCE(new.phone, old.phone), \
     search = COALESCE(new.search, old.search), updated_at = new.updated_at"
    where "old.contact_id = new.contact_id"
}

/// What the customer of a session told of themselves; what they did not say stays.
///
/// Written for whoever has the lead of the session; when the address is another contact's, the lead is that
/// contact's from now on, and the one it had stays as it is. So no address is ever taken twice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LearnedContact {
    pub(crate) session_id: Uuid,
    pub(crate) name: Option<String>,
    /// The name as it is searched: in lower case.
    pub(crate) folded: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) email_key: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) updated_at: Time,
}

/// Changes of [`LearnedContact`], row by row.
#[derive(Debug, Default)]
pub(crate) struct LearnContacts(Vec<LearnedContact>);

impl FromIterator<LearnedContact> for LearnContacts {
    fn from_iter<Rows: IntoIterator<Item = LearnedContact>>(rows: Rows) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl Bulk for LearnContacts {
    type Statement = LearnedContact;

    fn statements(self) -> impl Iterator<Item = LearnedContact> {
        self.0.into_iter()
    }
}

impl QueryId for LearnedContact {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for LearnedContact {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        type MaybeText = sql_types::Nullable<sql_types::Text>;
        out.push_sql("WITH own AS (SELECT lead_id, contact_id FROM leads WHERE session_id = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.session_id)?;
        out.push_sql(
            "), whose AS (SELECT own.lead_id, COALESCE((SELECT contact_id FROM contacts WHERE email_key = ",
        );
        out.push_bind_param::<MaybeText, _>(&self.email_key)?;
        out.push_sql(
            "), own.contact_id) AS contact_id FROM own), \
             moved AS (UPDATE leads SET contact_id = whose.contact_id FROM whose \
             WHERE leads.lead_id = whose.lead_id AND leads.contact_id <> whose.contact_id) \
             UPDATE contacts AS old SET name = COALESCE(new.name, old.name), \
             email = COALESCE(new.email, old.email), \
             email_key = COALESCE(new.email_key, old.email_key), \
             phone = COALESCE(new.phone, old.phone), \
             search = COALESCE(new.folded, split_part(old.search, E'\\n', 1)) || E'\\n' \
             || COALESCE(new.email_key, split_part(old.search, E'\\n', 2)), \
             updated_at = new.updated_at FROM whose, (SELECT ",
        );
        out.push_bind_param::<MaybeText, _>(&self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeText, _>(&self.folded)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeText, _>(&self.email)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeText, _>(&self.email_key)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeText, _>(&self.phone)?;
        out.push_sql(", ");
        out.push_bind_param::<sql_types::Timestamptz, _>(&self.updated_at)?;
        out.push_sql(
            ") AS new (name, folded, email, email_key, phone, updated_at) \
             WHERE old.contact_id = whose.contact_id",
        );
        Ok(())
    }
}

/// What is known of a contact that an append speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownContact {
    pub(crate) contact: ContactId,
    pub(crate) email_key: Option<String>,
}

/// The contacts with one of these mail addresses.
pub(crate) async fn with_keys(
    mut tx: &TenantTx,
    keys: &[String],
) -> Result<Vec<KnownContact>, DbError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let one = contacts::table
        .filter(contacts::email_key.eq(wanted::<sql_types::Text>().nullable()))
        .select((contacts::contact_id, contacts::email_key));
    let found = each::<sql_types::Text, _, _>(keys, one).load(&mut tx).await?;
    Ok(known(found))
}

/// The contacts with one of these ids.
pub(crate) async fn with_ids(
    mut tx: &TenantTx,
    ids: &[Uuid],
) -> Result<Vec<KnownContact>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let one = contacts::table
        .filter(contacts::contact_id.eq(wanted::<sql_types::Uuid>()))
        .select((contacts::contact_id, contacts::email_key));
    let found = each::<sql_types::Uuid, _, _>(ids, one).load(&mut tx).await?;
    Ok(known(found))
}

fn known(found: Vec<(Uuid, Option<String>)>) -> Vec<KnownContact> {
    let known = |(id, email_key)| KnownContact { contact: ContactId::from_uuid(id), email_key };
    found.into_iter().map(known).collect()
}

pub(crate) async fn find_by_email(
    mut tx: &TenantTx,
    email: &Email,
) -> Result<Option<ContactId>, DbError> {
    let found = contacts::table
        .filter(contacts::email_key.eq(email.key()))
        .select(contacts::contact_id)
        .get_result(&mut tx)
        .await
        .optional()?;
    Ok(found.map(ContactId::from_uuid))
}

/// The newest contact with this phone number.
pub(crate) async fn find_by_phone(
    mut tx: &TenantTx,
    phone: Option<&Phone>,
) -> Result<Option<ContactId>, DbError> {
    let Some(phone) = phone else { return Ok(None) };
    let found = contacts::table
        .filter(contacts::phone.eq(phone.as_str()))
        .order((contacts::created_at.desc(), contacts::contact_id.desc()))
        .select(contacts::contact_id)
        .first(&mut tx)
        .await
        .optional()?;
    Ok(found.map(ContactId::from_uuid))
}

/// The newest contact with each of these phone numbers.
pub(crate) async fn newest_with_phones(
    mut tx: &TenantTx,
    phones: &[String],
) -> Result<Vec<(String, ContactId)>, DbError> {
    if phones.is_empty() {
        return Ok(Vec::new());
    }
    let one = contacts::table
        .filter(contacts::phone.eq(wanted::<sql_types::Text>().nullable()))
        .order((contacts::created_at.desc(), contacts::contact_id.desc()))
        .select((contacts::phone.assume_not_null(), contacts::contact_id));
    let found: Vec<(String, Uuid)> =
        each::<sql_types::Text, _, _>(phones, one).load(&mut tx).await?;
    Ok(found.into_iter().map(|(phone, id)| (phone, ContactId::from_uuid(id))).collect())
}

/// Marks the contact of a session; the first time stays. Says whether the session has one.
pub(crate) async fn unsubscribe(
    tx: &mut TenantTx,
    session: SessionId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let contact = leads::table
        .filter(leads::session_id.eq(session.into_uuid()))
        .select(leads::contact_id)
        .get_result::<Uuid>(tx)
        .await
        .optional()?;
    let Some(contact) = contact else { return Ok(false) };
    let new = contacts::table
        .filter(contacts::contact_id.eq(contact))
        .filter(contacts::unsubscribed_at.is_null());
    let now = Time::from(now);
    let set = (contacts::unsubscribed_at.eq(Some(now)), contacts::updated_at.eq(now));
    diesel::update(new).set(set).execute(tx).await?;
    Ok(true)
}
