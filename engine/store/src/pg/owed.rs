//! What a commit leaves to be done, as rows: timers and deliveries (A4).

use forecourt_core::{
    effect::{DeliveryEnd, Effect, TimerEnd, TimerKind},
    event::{DeliveryKind, DeliveryQueued},
    id::{DeliveryId, MessageId, NodeId, SessionId},
};
use forecourt_ports::store::{Append, reason_of};
use jiff::{SignedDuration, Timestamp};

use super::plan::Plan;
use crate::tables::{
    Word,
    deliveries::{self, MovedDelivery, NewDelivery, ReplayedDelivery},
    some,
    timers::{self, TimerRow},
};

/// How long a commit holds the deliveries it queued for its own node, which sends them from memory.
const OWN_DELIVERIES: SignedDuration = SignedDuration::from_secs(15);
/// The longest code or reference of a provider that a row keeps, in characters.
const PROVIDER_WORD: usize = 200;

impl Plan {
    /// Adds what a durable effect is, or changes.
    pub(super) fn keep(&mut self, effect: &Effect, append: &Append, node: NodeId) {
        let (session, at) = (append.session, append.at);
        match effect {
            Effect::SetTimer { kind, due_at } => {
                let row = TimerRow {
                    entity_kind: timers::SESSION,
                    entity_id: session.into_uuid(),
                    kind: kind.word(),
                    due_at: (*due_at).into(),
                    status: timers::PENDING,
                    set_at: at.into(),
                    ended_at: None,
                    reason: reason_of(&append.events).map(str::to_owned),
                    written_by: Some(node.into_uuid()),
                };
                self.timers.insert((session, *kind), row);
            }
            Effect::EndTimer { kind, end } => self.end_timer(append, *kind, *end, node),
            Effect::QueueDelivery(queued) => {
                let row = new_delivery(queued, session, at, node);
                self.new_deliveries.insert(queued.delivery, row);
                if let Some(of) = queued.replay_of {
                    let row = ReplayedDelivery {
                        delivery_id: of.into_uuid(),
                        replayed_by: Some(queued.delivery.into_uuid()),
                    };
                    self.replayed_deliveries.insert(of, row);
                }
            }
            Effect::RetryDelivery { delivery, next_at, code } => {
                let moved = MovedDelivery {
                    delivery_id: delivery.into_uuid(),
                    status: deliveries::PENDING,
                    attempts: 1,
                    next_at: some(Some(*next_at)),
                    code: Some(cut(code)),
                    reference: None,
                    updated_at: at.into(),
                };
                self.move_delivery(*delivery, moved);
            }
            Effect::EndDelivery { delivery, end } => {
                let (status, code, reference) = match end {
                    DeliveryEnd::Accepted { reference } => {
                        ("accepted", None, reference.as_deref().map(cut))
                    }
                    DeliveryEnd::Failed { code } => ("failed", Some(cut(code)), None),
                    DeliveryEnd::Uncertain { code } => ("uncertain", Some(cut(code)), None),
                    DeliveryEnd::Refused => ("refused", None, None),
                };
                let moved = MovedDelivery {
                    delivery_id: delivery.into_uuid(),
                    status,
                    attempts: i32::from(*end != DeliveryEnd::Refused),
                    next_at: None,
                    code,
                    reference,
                    updated_at: at.into(),
                };
                self.move_delivery(*delivery, moved);
            }
            // What runs after the commit is no row.
            Effect::StartTurn { .. } | Effect::CancelTurn { .. } => {}
        }
    }

    fn end_timer(&mut self, append: &Append, kind: TimerKind, end: TimerEnd, node: NodeId) {
        let (session, at) = (append.session, append.at);
        let reason = reason_of(&append.events).map(str::to_owned);
        if let Some(set) = self.timers.get_mut(&(session, kind)) {
            (set.status, set.ended_at, set.reason) = (end.word(), some(Some(at)), reason);
            return;
        }
        let row = TimerRow {
            entity_kind: timers::SESSION,
            entity_id: session.into_uuid(),
            kind: kind.word(),
            // The row that stands knows better; there is one, or nothing could end.
            due_at: at.into(),
            status: end.word(),
            set_at: at.into(),
            ended_at: some(Some(at)),
            reason,
            written_by: Some(node.into_uuid()),
        };
        self.timers.insert((session, kind), row);
    }

    fn move_delivery(&mut self, id: DeliveryId, moved: MovedDelivery) {
        if let Some(new) = self.new_deliveries.get_mut(&id) {
            new.status = moved.status;
            new.attempts += moved.attempts;
            new.next_at = moved.next_at.unwrap_or(new.next_at);
            (new.claimed_by, new.claimed_until) = (None, None);
            (new.code, new.reference) = (moved.code, moved.reference);
            new.updated_at = moved.updated_at;
            return;
        }
        let before = self.moved_deliveries.remove(&id);
        let attempts = moved.attempts + before.as_ref().map_or(0, |before| before.attempts);
        let next_at = moved.next_at.or(before.and_then(|before| before.next_at));
        self.moved_deliveries.insert(id, MovedDelivery { attempts, next_at, ..moved });
    }
}

fn new_delivery(
    queued: &DeliveryQueued,
    session: SessionId,
    at: Timestamp,
    node: NodeId,
) -> NewDelivery {
    let (kind, reason) = match queued.kind {
        DeliveryKind::Answer => (deliveries::ANSWER, None),
        DeliveryKind::Alert { reason } => (deliveries::ALERT, Some(reason.word())),
    };
    NewDelivery {
        delivery_id: queued.delivery.into_uuid(),
        session_id: session.into_uuid(),
        kind,
        reason,
        message_id: queued.message.map(MessageId::into_uuid),
        fence: queued.fence.map(|fence| fence.0),
        to_address: queued.to.as_str().to_owned(),
        status: deliveries::PENDING,
        attempts: 0,
        next_at: at.into(),
        deadline: some(queued.deadline),
        claimed_by: Some(node.into_uuid()),
        claimed_until: some(at.saturating_add(OWN_DELIVERIES).ok()),
        code: None,
        reference: None,
        created_at: at.into(),
        updated_at: at.into(),
        intent: queued.intent.as_ref().map(|intent| intent.as_str().to_owned()),
        replay_of: queued.replay_of.map(DeliveryId::into_uuid),
    }
}

fn cut(word: &str) -> String {
    word.chars().take(PROVIDER_WORD).collect()
}
