//! A store in memory before another one: a tenant is read there as it is, and nothing that happens gets there.
//!
//! What the tenant knows (settings, services, answers, vehicles, tools) is read through, so that a change of it
//! counts at once; what can be booked is taken over as it stood, for bookings change it. What models took is
//! the one thing that is passed on: it was really taken.
//!
//! # Invariants
//! - nothing of customers is taken over: no lead, no conversation, no name; of what is booked only the times;
//! - nothing is written to the store behind but what models took.

use std::sync::Arc;

use forecourt_core::{
    id::{NodeId, TenantId},
    knowledge::{Knowledge, Service},
    lang::Lang,
};
use jiff::Timestamp;

use super::{MemStore, TenantData, bookings, lock};
use crate::store::{
    Catalogue, NewMember, NewTenant, Store, StoreError, StoredLedger, Teammate, TenantSnapshot,
    knowledge::{PassageSource, Used},
};

/// What a tenant offers at one instant, and who works there.
#[derive(Clone, Debug)]
pub struct Offered {
    pub snapshot: TenantSnapshot,
    pub team: Vec<Teammate>,
    pub catalogue: Catalogue,
    pub ledgers: Vec<StoredLedger>,
}

impl Offered {
    /// Reads it; takes that ended before `since` are left out. `None` when there is no such tenant.
    pub async fn read(
        store: &dyn Store,
        tenant: TenantId,
        since: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(snapshot) = store.load_tenant(tenant).await? else { return Ok(None) };
        let team = store.team(tenant).await?;
        let catalogue = store.load_catalogue(tenant).await?;
        let mut ledgers = Vec::with_capacity(catalogue.resources.len());
        for resource in &catalogue.resources {
            ledgers.extend(store.load_ledger(tenant, resource.id, since).await?);
        }
        Ok(Some(Self { snapshot, team, catalogue, ledgers }))
    }
}

impl MemStore {
    /// A world of one tenant before the store it was read from.
    pub fn before(behind: Arc<dyn Store>, offered: Offered, node: NodeId) -> Self {
        let Offered { snapshot, team, catalogue, ledgers } = offered;
        let member = |one: Teammate| NewMember {
            member: one.member,
            lang: snapshot.settings.default_language(),
            password_hash: None,
        };
        let members = team.into_iter().map(member).collect();
        let (id, name) = (snapshot.id, snapshot.settings.brand.name.clone());
        let store = Self::new(node);
        let knowledge = Knowledge::default();
        store.seed_tenant(NewTenant { snapshot, name, knowledge, busy: Vec::new(), members });
        if let Some(data) = lock(&store.shared.world).tenants.get_mut(&id) {
            data.booking = bookings::Data::taken_over(catalogue, ledgers);
        }
        store.shared.behind.get_or_init(|| behind);
        store
    }

    pub(super) fn behind(&self) -> Option<Arc<dyn Store>> {
        self.shared.behind.get().cloned()
    }
}

impl TenantData {
    /// What an answer stood on, as the store behind has it.
    pub(super) fn ground_behind(
        &self,
        known: &Knowledge,
        used: Used,
    ) -> (String, String, String, Option<String>) {
        let row = match used {
            Used::Passage(id) => self.written.found.get(&id).map(|passage| {
                let (title, text) =
                    passage.text.split_once(" — ").unwrap_or((&passage.text, &passage.text));
                let url = match &passage.source {
                    PassageSource::Page { url, .. } => Some(url.clone()),
                    _ => None,
                };
                (passage.source.as_str().to_owned(), title.to_owned(), text.to_owned(), url)
            }),
            Used::Vehicle(id) => {
                let mut vehicles = known.vehicles.iter();
                let vehicle = vehicles.find(|vehicle| vehicle.id == id);
                vehicle.map(|one| ("vehicle".to_owned(), one.title(), String::new(), None))
            }
            Used::Service(id) => {
                let service = known.services.iter().find(|service| service.id == id);
                let title = |one: &Service| one.name.get(Lang::En).to_owned();
                service.map(|one| ("service".to_owned(), title(one), String::new(), None))
            }
        };
        row.unwrap_or_else(|| ("gone".to_owned(), String::new(), String::new(), None))
    }
}
