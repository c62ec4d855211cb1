//! Leads on Postgres: known persons, the list and the detail.

use async_trait::async_trait;
use forecourt_core::{
    capture::{Known, KnownContact, KnownLead},
    contact::{Email, Phone},
    id::{LeadId, SessionId, TenantId},
};
use forecourt_ports::store::{
    LeadDetail, LeadFilter, LeadPage, LeadRow, LeadStatus, Leads, Needle, StoreError,
};
use futures_util::try_join;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{
        contacts, deliveries, journal, lead_list,
        local::{self, Local},
        messages, tenants,
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
            let lead = newest.map(|newest| KnownLead {
                lead: newest.record.lead,
                session: newest.record.session,
                open: !newest.closed
                    && !matches!(newest.record.status, LeadStatus::Won | LeadStatus::Lost),
                last_inbound_at: newest.record.last_inbound_at,
                last_fingerprint: newest.record.last_fingerprint,
            });
            Ok(Known { by_email: contact.map(|contact| KnownContact { contact, lead }), by_phone })
        };
        self.app.read(tenant, read).await.map_err(store_error)
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
