//! Leads on Postgres: known persons, the list and the detail.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use forecourt_core::{
    capture::{Known, KnownContact, KnownLead},
    contact::{Email, Phone},
    id::{LeadId, SessionId, TenantId},
};
use forecourt_ports::store::{
    LeadDetail, LeadFilter, LeadPage, LeadRecord, LeadRow, LeadStatus, Leads, Needle, StoreError,
};
use futures_util::try_join;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{
        contacts, deliveries, journal, lead_list, leads,
        local::{self, Local},
        messages, sessions, tenants,
    },
};

/// How much of a lead's past its detail shows.
const MESSAGES: u32 = 200;
const EVENTS: u32 = 500;
const DELIVERIES: u32 = 100;

#[async_trait]
impl Leads for PgStore {
    async fn known(
        &self,
        tenant: TenantId,
        email: &Email,
        phone: Option<&Phone>,
    ) -> Result<Known, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (contact, newest, by_phone) = try_join!(
                contacts::find_by_email(tx, email),
                lead_list::newest_of(tx, email),
                contacts::find_by_phone(tx, phone),
            )?;
            let lead = newest.map(|newest| known_lead(&newest.record, newest.closed));
            Ok(Known { by_email: contact.map(|contact| KnownContact { contact, lead }), by_phone })
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn known_all(
        &self,
        tenant: TenantId,
        persons: &[(Email, Option<Phone>)],
    ) -> Result<Vec<Known>, StoreError> {
        let read = async |tx: &TenantTx| known_all(tx, persons).await;
        self.app.tenant_at_once(tenant, read).await.map_err(store_error)
    }

    async fn list_leads(
        &self,
        tenant: TenantId,
        filter: &LeadFilter,
    ) -> Result<LeadPage, StoreError> {
        // All three see the same instant.
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let (head, total) = try_join!(tenants::head(tx), lead_list::count(tx, filter))?;
            // A search for something rare would go through all of them in order.
            if filter.needle() == Needle::Everything {
                local::set(tx, Local::InOrder).await?;
            }
            let leads = lead_list::page(tx, filter).await?;
            Ok(LeadPage { leads, total, head })
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_lead(
        &self,
        tenant: TenantId,
        lead: LeadId,
    ) -> Result<Option<LeadDetail>, StoreError> {
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let Some(row) = lead_list::find(tx, lead).await? else { return Ok(None) };
            let (messages, events, deliveries) = try_join!(
                messages::newest(tx, row.session, MESSAGES),
                journal::newest_of_session(tx, row.session, EVENTS),
                deliveries::newest(tx, row.session, DELIVERIES),
            )?;
            Ok(Some(LeadDetail { row, messages, events, deliveries }))
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn lead_rows(
        &self,
        tenant: TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<LeadRow>, StoreError> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let read = async |tx: &mut TenantTx| lead_list::of_sessions(tx, sessions).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }
}

/// What is known of several persons. Strangers, as most are, take one round trip.
async fn known_all(
    tx: &TenantTx,
    persons: &[(Email, Option<Phone>)],
) -> Result<Vec<Known>, DbError> {
    let keys: BTreeSet<String> = persons.iter().map(|(email, _)| email.key()).collect();
    let phones = persons.iter().filter_map(|(_, phone)| phone.as_ref());
    let phones: BTreeSet<String> = phones.map(|phone| phone.as_str().to_owned()).collect();
    let (keys, phones): (Vec<_>, Vec<_>) =
        (keys.into_iter().collect(), phones.into_iter().collect());
    let (by_key, by_phone) =
        try_join!(contacts::with_keys(tx, &keys), contacts::newest_with_phones(tx, &phones))?;
    let ids: Vec<_> = by_key.iter().map(|known| known.contact.into_uuid()).collect();
    let newest = leads::newest_of_contacts(tx, &ids).await?;
    let ids: Vec<_> = newest.iter().map(|lead| lead.session.into_uuid()).collect();
    let closed: HashSet<SessionId> = sessions::closed(tx, &ids).await?.into_iter().collect();
    let mut leads: HashMap<_, _> = newest
        .into_iter()
        .map(|lead| (lead.contact, known_lead(&lead, closed.contains(&lead.session))))
        .collect();
    let by_key: HashMap<_, _> = by_key
        .into_iter()
        .filter_map(|known| {
            let lead = leads.remove(&known.contact);
            Some((known.email_key?, KnownContact { contact: known.contact, lead }))
        })
        .collect();
    let by_phone: HashMap<_, _> = by_phone.into_iter().collect();
    let known = |(email, phone): &(Email, Option<Phone>)| Known {
        by_email: by_key.get(&email.key()).cloned(),
        by_phone: phone.as_ref().and_then(|phone| by_phone.get(phone.as_str()).copied()),
    };
    Ok(persons.iter().map(known).collect())
}

fn known_lead(record: &LeadRecord, closed: bool) -> KnownLead {
    KnownLead {
        lead: record.lead,
        session: record.session,
        open: !closed && !matches!(record.status, LeadStatus::Won | LeadStatus::Lost),
        last_inbound_at: record.last_inbound_at,
        last_fingerprint: record.last_fingerprint.clone(),
    }
}
