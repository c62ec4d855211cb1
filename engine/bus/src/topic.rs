//! Listeners of one topic, and the ring of a tenant's newest events.

use std::{collections::VecDeque, sync::Arc};

use forecourt_core::event::Seq;
use forecourt_ports::{
    bus::{Published, Pushed},
    inbox::{Inbox, Teller, inbox},
};
use tokio::sync::mpsc::error::TrySendError;

use crate::names;

/// Events kept per tenant for resume from memory.
const RING: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Topic {
    listeners: Vec<Teller<Pushed>>,
}

impl Topic {
    pub(crate) fn subscribe(&mut self, queue: usize) -> Inbox<Pushed> {
        let (teller, inbox) = inbox(queue);
        self.listeners.retain(|listener| !listener.is_closed());
        self.listeners.push(teller);
        inbox
    }

    /// Gives a frame to every listener; those that are gone or full are cut. How something stands now is no
    /// reason to cut anybody: the next frame tells it all again.
    pub(crate) fn push(&mut self, frame: &Pushed) {
        let snapshot = matches!(frame, Pushed::Ephemeral(..));
        self.listeners.retain(|listener| match listener.try_send(frame.clone()) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) if snapshot => {
                metrics::counter!(names::DROPPED, "what" => "presence").increment(1);
                true
            }
            Err(TrySendError::Full(_)) => {
                metrics::counter!(names::LISTENERS_CUT).increment(1);
                false
            }
        });
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.listeners.iter().any(|listener| !listener.is_closed())
    }

    pub(crate) fn listeners(&self) -> usize {
        self.listeners.iter().filter(|listener| !listener.is_closed()).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}

/// The newest events of a tenant, without gaps.
#[derive(Debug, Default)]
pub(crate) struct Ring(VecDeque<Arc<Published>>);

impl Ring {
    pub(crate) fn push(&mut self, event: Arc<Published>) {
        // Another node's events are not here: what would leave a gap starts the ring anew.
        if self.0.back().is_some_and(|last| last.record.seq.0 + 1 != event.record.seq.0) {
            self.0.clear();
        }
        if self.0.len() == RING {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    /// What came after `after`, if the ring reaches back so far.
    pub(crate) fn after(&self, after: Seq) -> Option<Vec<Arc<Published>>> {
        let first = self.0.front()?.record.seq.0;
        let skip = usize::try_from(after.0 + 1 - first).ok()?;
        (skip <= self.0.len()).then(|| self.0.iter().skip(skip).cloned().collect())
    }
}
