//! The lead list in memory: filtered and sorted at each call.

use async_trait::async_trait;
use forecourt_core::{
    capture::{Known, KnownContact, KnownLead},
    contact::{Email, Phone},
    id::{LeadId, SessionId, TenantId},
    session::Speaker,
};

use super::{MemStore, TenantData};
use crate::store::{
    DeliveryRow, LeadDetail, LeadFilter, LeadPage, LeadRecord, LeadRow, LeadStatus, Leads, Needle,
    StoreError, search_text,
};

/// How much of a lead's past its detail shows.
const MESSAGES: usize = 200;
const EVENTS: usize = 500;
const DELIVERIES: usize = 100;

#[async_trait]
impl Leads for MemStore {
    async fn known(
        &self,
        tenant: TenantId,
        email: &Email,
        phone: Option<&Phone>,
    ) -> Result<Known, StoreError> {
        let world = self.enter("known").await?;
        let data = world.tenant(tenant)?;
        let key = Some(email.key());
        let by_email = data.contacts.iter().find(|(_, contact)| contact.email_key == key);
        let by_email = by_email.map(|(id, _)| {
            let leads = data.leads.values().filter(|lead| lead.contact == *id);
            let newest = leads.max_by_key(|lead| (lead.created_at, lead.lead));
            KnownContact { contact: *id, lead: newest.map(|lead| data.known_lead(lead)) }
        });
        let phone = phone.map(|phone| phone.as_str().to_owned());
        let same_phone = data.contacts.iter().filter(|(_, c)| phone.is_some() && c.phone == phone);
        let by_phone = same_phone.max_by_key(|(id, c)| (c.created_at, **id)).map(|(id, _)| *id);
        Ok(Known { by_email, by_phone })
    }

    async fn list_leads(
        &self,
        tenant: TenantId,
        filter: &LeadFilter,
    ) -> Result<LeadPage, StoreError> {
        let world = self.enter("list_leads").await?;
        let data = world.tenant(tenant)?;
        let needle = filter.needle();
        let mut found: Vec<_> =
            data.leads.values().filter(|lead| data.matches(lead, filter, &needle)).collect();
        found.sort_by_key(|lead| std::cmp::Reverse((lead.created_at, lead.lead)));
        let (per_page, before) = filter.window();
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let page = found.iter().skip(before).take(per_page as usize);
        Ok(LeadPage {
            leads: page.map(|lead| data.row(lead)).collect(),
            total: found.len() as u64,
            head: data.head(),
        })
    }

    async fn find_lead(
        &self,
        tenant: TenantId,
        lead: LeadId,
    ) -> Result<Option<LeadDetail>, StoreError> {
        let world = self.enter("find_lead").await?;
        let data = world.tenant(tenant)?;
        let Some(lead) = data.leads.get(&lead) else { return Ok(None) };
        let messages = data.sessions.get(&lead.session).map_or(&[][..], |found| &found.messages);
        let mut events: Vec<_> =
            data.journal.iter().rev().filter(|e| e.session == lead.session).take(EVENTS).collect();
        events.reverse();
        let mut deliveries: Vec<_> =
            data.deliveries.iter().filter(|(_, row)| row.session == lead.session).collect();
        deliveries.sort_by_key(|(id, row)| (row.created_at, **id));
        let oldest = deliveries.len().saturating_sub(DELIVERIES);
        let deliveries = deliveries.into_iter().skip(oldest).map(|(id, row)| DeliveryRow {
            delivery: *id,
            kind: super::deliveries::kind_word(row.queued.kind).to_owned(),
            status: row.status.to_owned(),
            attempts: row.attempts,
            code: row.code.clone(),
            updated_at: row.updated_at,
        });
        Ok(Some(LeadDetail {
            row: data.row(lead),
            messages: data.named(messages.iter().rev().take(MESSAGES).rev()),
            events: events.into_iter().cloned().collect(),
            deliveries: deliveries.collect(),
        }))
    }

    async fn lead_rows(
        &self,
        tenant: TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<LeadRow>, StoreError> {
        let world = self.enter("lead_rows").await?;
        let data = world.tenant(tenant)?;
        let wanted = data.leads.values().filter(|lead| sessions.contains(&lead.session));
        Ok(wanted.map(|lead| data.row(lead)).collect())
    }
}

impl TenantData {
    fn known_lead(&self, lead: &LeadRecord) -> KnownLead {
        let closed = self.sessions.get(&lead.session).is_some_and(|found| found.state.closed);
        KnownLead {
            lead: lead.lead,
            session: lead.session,
            open: !closed && !matches!(lead.status, LeadStatus::Won | LeadStatus::Lost),
            last_inbound_at: lead.last_inbound_at,
            last_fingerprint: lead.last_fingerprint.clone(),
        }
    }

    fn matches(&self, lead: &LeadRecord, filter: &LeadFilter, needle: &Needle) -> bool {
        let contact = self.contacts.get(&lead.contact);
        let (name, email) =
            contact.map_or((None, None), |c| (c.name.as_deref(), c.email.as_deref()));
        filter.status.is_none_or(|status| lead.status == status)
            && filter.source.is_none_or(|source| lead.source == source)
            && filter.whose.is_none_or(|whose| whose.is(lead.assignee))
            && filter.callback.is_none_or(|agreed| agreed == lead.callback.is_some())
            && filter.from.is_none_or(|from| from <= lead.created_at)
            && filter.to.is_none_or(|to| lead.created_at < to)
            && match needle {
                Needle::Everything => true,
                Needle::Nothing => false,
                Needle::Text(text) => search_text(name, email).contains(text),
            }
    }

    pub(super) fn row(&self, lead: &LeadRecord) -> LeadRow {
        let state = self.sessions.get(&lead.session).map(|found| &found.state);
        let contact = self.contacts.get(&lead.contact).cloned();
        let (name, email, phone) =
            contact.map_or((None, None, None), |c| (c.name, c.email, c.phone));
        LeadRow {
            lead: lead.lead,
            session: lead.session,
            name,
            email,
            phone,
            vehicle_interest: lead.vehicle_interest.clone(),
            source: lead.source,
            source_url: lead.source_url.clone(),
            status: lead.status,
            lang: state.map_or(forecourt_core::lang::Lang::En, |state| state.lang),
            created_at: lead.created_at,
            updated_at: lead.updated_at,
            excerpt: lead.excerpt.clone(),
            repeats: lead.repeats,
            promise: lead.promise.clone(),
            needs_human: lead.needs_human,
            assignee: lead.assignee,
            callback: lead.callback,
            with_human: state.is_some_and(|s| !s.closed && s.speaker != Speaker::Assistant),
            closed: state.is_some_and(|state| state.closed),
        }
    }
}
