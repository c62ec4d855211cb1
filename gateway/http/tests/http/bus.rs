//! A bus in memory, small enough to be seen through.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use forecourt_core::{
    event::{Event, Seq},
    id::{SessionId, TenantId},
};
use forecourt_ports::bus::{Bus, BusHealth, Draft, Published, Pushed, Subscription};
use tokio::sync::mpsc;

#[derive(Default)]
pub(crate) struct TestBus(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    tenants: HashMap<TenantId, Vec<mpsc::Sender<Pushed>>>,
    sessions: HashMap<SessionId, Vec<mpsc::Sender<Pushed>>>,
    drafts: HashMap<SessionId, Draft>,
    health: Option<BusHealth>,
}

/// Queued frames per listener.
const QUEUE: usize = 256;

fn push(listeners: Option<&mut Vec<mpsc::Sender<Pushed>>>, pushed: &Pushed) {
    if let Some(listeners) = listeners {
        listeners.retain(|listener| listener.try_send(pushed.clone()).is_ok());
    }
}

impl TestBus {
    pub(crate) fn set_health(&self, health: BusHealth) {
        self.0.lock().unwrap().health = Some(health);
    }

    /// Cuts every listener, as a bus does with slow ones.
    pub(crate) fn cut_all(&self) {
        let mut inner = self.0.lock().unwrap();
        inner.tenants.clear();
        inner.sessions.clear();
    }

    pub(crate) fn listeners(&self, session: SessionId) -> usize {
        let mut inner = self.0.lock().unwrap();
        let listeners = inner.sessions.entry(session).or_default();
        listeners.retain(|listener| !listener.is_closed());
        listeners.len()
    }
}

impl Bus for TestBus {
    fn health(&self) -> BusHealth {
        self.0.lock().unwrap().health.unwrap_or(BusHealth::Single)
    }

    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        let mut inner = self.0.lock().unwrap();
        for event in events {
            let session = event.record.session;
            let over = matches!(
                &event.record.event,
                Event::TurnFailed { .. } | Event::TurnCancelled { .. } | Event::Closed { .. }
            ) || matches!(&event.record.event, Event::MessagePosted(p) if p.origin.is_some());
            if over {
                inner.drafts.remove(&session);
            }
            let pushed = Pushed::Event(event);
            push(inner.sessions.get_mut(&session), &pushed);
            push(inner.tenants.get_mut(&tenant), &pushed);
        }
    }

    fn publish_draft(&self, _: TenantId, session: SessionId, draft: Draft) {
        let mut inner = self.0.lock().unwrap();
        match &draft {
            Draft::Discarded { .. } => {
                inner.drafts.remove(&session);
            }
            Draft::Delta { turn, text, .. } => {
                let held = inner.drafts.entry(session).or_insert_with(|| Draft::Delta {
                    turn: *turn,
                    offset: 0,
                    text: "".into(),
                });
                if let Draft::Delta { turn: of, text: so_far, .. } = held {
                    if of == turn {
                        *so_far = format!("{so_far}{text}").into();
                    } else {
                        (*of, *so_far) = (*turn, Arc::clone(text));
                    }
                }
            }
        }
        push(inner.sessions.get_mut(&session), &Pushed::Draft(draft));
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        let (sender, events) = mpsc::channel(QUEUE);
        self.0.lock().unwrap().tenants.entry(tenant).or_default().push(sender);
        Subscription { events, draft: None }
    }

    fn subscribe_session(&self, _: TenantId, session: SessionId) -> Subscription {
        let (sender, events) = mpsc::channel(QUEUE);
        let mut inner = self.0.lock().unwrap();
        inner.sessions.entry(session).or_default().push(sender);
        Subscription { events, draft: inner.drafts.get(&session).cloned() }
    }

    fn recent(&self, _: TenantId, _: Seq) -> Option<Vec<Arc<Published>>> {
        None // the journal answers
    }
}
