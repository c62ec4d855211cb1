//! What this node holds of one tenant, and how it lets things out to the listeners.

use std::sync::Arc;

use forecourt_core::id::TenantId;
use forecourt_ports::bus::{Bus as _, Draft, Published};
use tokio::time::Instant;

use super::{
    Outgoing, Shared,
    drafts::{Drafts, Take},
    sequencer::{Origin, Out, Sequencer},
};
use crate::{ends_draft, names};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) sequencer: Sequencer,
    pub(super) drafts: Drafts,
    /// Whether a task reads what is missing: never two at once.
    pub(super) repairing: bool,
    /// The log's epoch, once it is known.
    pub(super) epoch: Option<i64>,
    /// When this node last told its part of who is where to one who asked.
    pub(super) told: Option<Instant>,
    /// When it was last published to or listened to.
    pub(super) used: Instant,
}

impl Tenant {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            sequencer: Sequencer::default(),
            drafts: Drafts::default(),
            repairing: false,
            epoch: None,
            told: None,
            used: now,
        }
    }

    /// Gives everything to the listeners, in its order.
    pub(super) fn let_out(&mut self, shared: &Shared, id: TenantId, out: Vec<Out>, now: Instant) {
        let mut events: Vec<Arc<Published>> = Vec::new();
        for one in out {
            match one {
                Out::Event(event, origin) => {
                    let record = &event.record;
                    if ends_draft(&record.event) {
                        self.drafts.follow(record.session, &record.event);
                    }
                    if origin == Origin::Foreign {
                        shared.tell_engine(Arc::clone(&event));
                    }
                    events.push(event);
                }
                Out::Draft(piece) => {
                    if !events.is_empty() {
                        shared.local.publish(id, std::mem::take(&mut events));
                    }
                    let session = piece.session;
                    match self.drafts.take(piece, now) {
                        Take::Show(draft) => shared.local.publish_draft(id, session, draft),
                        Take::Anew(draft) => {
                            if let Draft::Delta { turn, .. } = &draft {
                                let old = Draft::Discarded { turn: *turn };
                                shared.local.publish_draft(id, session, old);
                            }
                            shared.local.publish_draft(id, session, draft);
                        }
                        Take::Ask => {
                            shared.send(Outgoing::Ask(id, session));
                        }
                        Take::Drop => {
                            metrics::counter!(names::DROPPED, "what" => "draft").increment(1);
                        }
                    }
                }
            }
        }
        if !events.is_empty() {
            shared.local.publish(id, events);
        }
    }
}
