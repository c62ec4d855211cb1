//! The bus of one process, with what tests want besides: to cut everybody, and to stand as they say.

use std::sync::{Arc, Mutex};

use forecourt_bus::LocalBus;
use forecourt_core::{
    event::Seq,
    id::{SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, BusHealth, Draft, Published, Subscription},
    presence::{
        Availability, MemberPresence, Person, Presence, PresenceChange, Rated, SharedDraft, Typist,
    },
};
use tokio::sync::mpsc;

use crate::world::tenant_id;

#[derive(Default)]
pub(crate) struct TestBus {
    local: Mutex<Arc<LocalBus>>,
    health: Mutex<Option<BusHealth>>,
}

impl TestBus {
    fn local(&self) -> Arc<LocalBus> {
        Arc::clone(&self.local.lock().unwrap())
    }

    pub(crate) fn set_health(&self, health: BusHealth) {
        *self.health.lock().unwrap() = Some(health);
    }

    /// Cuts every listener, as a bus does with slow ones.
    pub(crate) fn cut_all(&self) {
        *self.local.lock().unwrap() = Arc::default();
    }

    /// Listeners of a session of either tenant.
    pub(crate) fn listeners(&self, session: SessionId) -> usize {
        [1, 2].map(|tenant| self.local().listeners(tenant_id(tenant), session)).iter().sum()
    }
}

impl Bus for TestBus {
    fn health(&self) -> BusHealth {
        self.health.lock().unwrap().unwrap_or(BusHealth::Single)
    }

    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        self.local().publish(tenant, events);
    }

    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft) {
        self.local().publish_draft(tenant, session, draft);
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        self.local().subscribe_tenant(tenant)
    }

    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription {
        self.local().subscribe_session(tenant, session)
    }

    fn recent(&self, _: TenantId, _: Seq) -> Option<Vec<Arc<Published>>> {
        None // the journal answers
    }

    fn presence(&self, tenant: TenantId, session: SessionId) -> Presence {
        self.local().presence(tenant, session)
    }

    fn presences(&self, tenant: TenantId, most: usize) -> Vec<(SessionId, Arc<Presence>)> {
        self.local().presences(tenant, most)
    }

    fn members(&self, tenant: TenantId) -> Vec<MemberPresence> {
        self.local().members(tenant)
    }

    fn subscribe_presence(&self, tenant: TenantId) -> mpsc::Receiver<PresenceChange> {
        self.local().subscribe_presence(tenant)
    }

    fn set_viewer(&self, tenant: TenantId, session: SessionId, who: &Person, on: bool) {
        self.local().set_viewer(tenant, session, who, on);
    }

    fn set_typing(&self, tenant: TenantId, session: SessionId, who: Typist, on: bool) {
        self.local().set_typing(tenant, session, who, on);
    }

    fn set_customer(&self, tenant: TenantId, session: SessionId, on: bool) {
        self.local().set_customer(tenant, session, on);
    }

    fn set_member(&self, tenant: TenantId, who: &Person, on: bool) {
        self.local().set_member(tenant, who, on);
    }

    fn set_availability(&self, tenant: TenantId, who: &Person, availability: Availability) {
        self.local().set_availability(tenant, who, availability);
    }

    fn publish_shared_draft(&self, tenant: TenantId, session: SessionId, draft: SharedDraft) {
        self.local().publish_shared_draft(tenant, session, draft);
    }

    fn publish_rated(&self, tenant: TenantId, session: SessionId, rated: Rated) {
        self.local().publish_rated(tenant, session, rated);
    }
}
