//! The bus of one node, with the others at its far end: what nodes tell each other may be lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use forecourt_bus::LocalBus;
use forecourt_core::{
    event::Seq,
    id::{SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, BusHealth, Draft, Published, Subscription},
    presence::MemberPresence,
};
use tokio::sync::mpsc;

use super::{clock::Pulse, faults::Fault, world::Shared};

/// Events of others that may wait for a node.
const QUEUE: usize = 4_096;

/// What connects the nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Vec<Peer>>>);

#[derive(Debug)]
struct Peer {
    node: usize,
    pulse: Pulse,
    ear: mpsc::Sender<Arc<Published>>,
}

#[derive(Debug)]
pub(super) struct NodeBus {
    local: LocalBus,
    node: usize,
    pulse: Pulse,
    world: Shared,
    wire: Wire,
    alone: bool,
    foreign: Mutex<Option<mpsc::Receiver<Arc<Published>>>>,
    published: Mutex<BTreeMap<TenantId, i64>>,
}

impl NodeBus {
    pub(super) fn new(world: Shared, wire: Wire, node: usize, pulse: Pulse, alone: bool) -> Self {
        let (ear, foreign) = mpsc::channel(QUEUE);
        let mut peers = wire.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| !peer.pulse.is_dead());
        peers.push(Peer { node, pulse: pulse.clone(), ear });
        drop(peers);
        Self {
            local: LocalBus::default(),
            node,
            pulse,
            world,
            wire,
            alone,
            foreign: Mutex::new(Some(foreign)),
            published: Mutex::default(),
        }
    }

    /// Nothing is published before its commit, and nothing out of order (A1).
    fn check(&self, tenant: TenantId, events: &[Arc<Published>]) {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let last = published.entry(tenant).or_default();
        let mut world = self.world.lock();
        let stored = world.witness.tenants.get(&tenant).copied().unwrap_or(0);
        for event in events {
            let (seq, session) = (event.record.seq.0, Some(event.record.session));
            world.check("A1", seq <= stored && seq > *last, session, || {
                format!("event {seq} is published after {last}, and {stored} are stored")
            });
            world.check("A8", event.record.tenant == tenant, session, || {
                "an event is published to another tenant".into()
            });
            *last = seq;
        }
    }
}

impl Bus for NodeBus {
    fn health(&self) -> BusHealth {
        if self.alone { BusHealth::Single } else { BusHealth::Joined }
    }

    fn foreign(&self) -> Option<mpsc::Receiver<Arc<Published>>> {
        if self.alone {
            return None;
        }
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        if self.pulse.is_dead() {
            return;
        }
        self.check(tenant, &events);
        let peers = self.wire.0.lock().unwrap_or_else(PoisonError::into_inner);
        for peer in peers.iter().filter(|peer| peer.node != self.node && !peer.pulse.is_dead()) {
            if self.world.strikes(Fault::BusLost) {
                continue;
            }
            for event in &events {
                let _full = peer.ear.try_send(Arc::clone(event)); // then it is lost too
            }
        }
        drop(peers);
        self.local.publish(tenant, events);
    }

    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft) {
        if !self.pulse.is_dead() {
            self.local.publish_draft(tenant, session, draft);
        }
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        self.local.subscribe_tenant(tenant)
    }

    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription {
        self.local.subscribe_session(tenant, session)
    }

    fn members(&self, tenant: TenantId) -> Vec<MemberPresence> {
        self.world.lock().staff.get(&tenant).cloned().unwrap_or_default()
    }

    fn recent(&self, tenant: TenantId, after: Seq) -> Option<Vec<Arc<Published>>> {
        self.local.recent(tenant, after)
    }
}
