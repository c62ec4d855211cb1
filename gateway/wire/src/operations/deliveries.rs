//! Deliveries: where each stands, and what happened to it.

use forecourt_core::{
    breaker::Shown,
    event::{self, EventRecord},
    id::{DeliveryId, MemberId, NodeId, SessionId},
};
use forecourt_ports::store::{self, DeliveryHistory, DeliveryRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::ReplayChoice;
use crate::{lead::HumanReason, words::same_words};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It waits for its time.
    Pending,
    /// It is being handed over; the provider's word is awaited.
    HandingOver,
    Accepted,
    /// The provider said no for good, or the last try failed: a dead letter.
    Failed,
    /// Nobody knows whether it left: a dead letter.
    Uncertain,
    /// Somebody else spoke before it left: it stayed in.
    Refused,
}

same_words!(store::DeliveryStatus => DeliveryStatus {
    Pending, HandingOver, Accepted, Failed, Uncertain, Refused,
});

/// What a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// To the customer.
    Answer,
    /// To the tenant's own people.
    Alert,
}

/// A node that works on it, and until when the others leave it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Held {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub node_id: NodeId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// One delivery in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryEntry {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    pub kind: DeliveryKind,
    /// Why people are alerted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<HumanReason>,
    pub status: DeliveryStatus,
    /// Tries that have ended.
    pub attempts: u32,
    /// When the next try is due, of what waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// The end of the promise that it was to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub held: Option<Held>,
    /// The provider's last code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// The dead letter that it sends once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub replay_of: Option<DeliveryId>,
    /// The newest delivery that sends it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub replayed_by: Option<DeliveryId>,
    pub replay: ReplayChoice,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryList {
    pub deliveries: Vec<DeliveryEntry>,
    /// Give it as `cursor` for the next page; none when this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// Why a delivery has not left yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Waits {
    /// Its next try is due then.
    NextTry {
        #[ts(type = "string")]
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// A node works on it; when it is not done by then, another node may.
    Held {
        #[ts(type = "string")]
        #[schema(value_type = String)]
        node_id: NodeId,
        #[ts(type = "string")]
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
    /// The provider does not answer; it is left alone until then, save one probe.
    ProviderOpen {
        #[ts(type = "string")]
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
    /// A probe finds out whether the provider answers again.
    ProviderProbed,
    /// It is due: the next sweep takes it up.
    Due,
}

/// One thing that happened to a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryStep {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `queued`, `retried`, `accepted`, `failed`, `uncertain`, `refused` or `replayed`.
    pub what: String,
    /// The number of the try that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub attempt: Option<u32>,
    /// The provider's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// When the next try was due then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// The member who had it sent once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub by: Option<MemberId>,
    /// The delivery that is spoken of, where it is not this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub other: Option<DeliveryId>,
}

/// A delivery with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryStory {
    pub delivery: DeliveryEntry,
    /// Whom it goes to.
    pub to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waits: Option<Waits>,
    /// Oldest first.
    pub history: Vec<DeliveryStep>,
}

impl From<store::Held> for Held {
    fn from(held: store::Held) -> Self {
        Self { node_id: held.by, until: held.until }
    }
}

impl From<DeliveryRecord> for DeliveryEntry {
    fn from(row: DeliveryRecord) -> Self {
        let (kind, reason) = match row.kind {
            event::DeliveryKind::Answer => (DeliveryKind::Answer, None),
            event::DeliveryKind::Alert { reason } => (DeliveryKind::Alert, Some(reason.into())),
        };
        let replay = match (row.status, row.replayed_by) {
            (store::DeliveryStatus::Failed, None) => ReplayChoice::Allowed,
            (store::DeliveryStatus::Uncertain, None) => ReplayChoice::NeedsConfirmation,
            _ => ReplayChoice::No,
        };
        Self {
            delivery_id: row.delivery,
            session_id: row.session,
            kind,
            reason,
            status: row.status.into(),
            attempts: row.attempts,
            next_at: (row.status == store::DeliveryStatus::Pending).then_some(row.next_at),
            deadline: row.deadline,
            held: row.held.map(Held::from),
            code: row.code,
            replay_of: row.replay_of,
            replayed_by: row.replayed_by,
            replay,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl DeliveryStep {
    /// What an event tells of `delivery`; `None` when it is the replay's own first event, which the
    /// event before it has told already.
    fn of(record: &EventRecord, delivery: DeliveryId) -> Option<Self> {
        use event::Event;
        let kind = record.event.kind();
        let what = kind.strip_prefix("delivery_").unwrap_or(kind).to_owned();
        let step = Self {
            at: record.at,
            what,
            attempt: None,
            code: None,
            next_at: None,
            by: None,
            other: None,
        };
        Some(match &record.event {
            Event::DeliveryQueued(queued) if queued.delivery != delivery => return None,
            Event::DeliveryRetried { attempt, code, next_at, .. } => Self {
                attempt: Some(*attempt),
                code: Some(code.clone()),
                next_at: Some(*next_at),
                ..step
            },
            Event::DeliveryFailed { code, .. } | Event::DeliveryUncertain { code, .. } => {
                Self { code: Some(code.clone()), ..step }
            }
            Event::DeliveryReplayed { of, delivery: new, by, .. } => {
                let other = if *of == delivery { *new } else { *of };
                Self { by: Some(*by), other: Some(other), ..step }
            }
            _ => step,
        })
    }
}

impl DeliveryStory {
    /// `provider` is the state of the provider that it leaves through, on this node.
    pub fn of(found: DeliveryHistory, provider: Option<Shown>, now: Timestamp) -> Self {
        let delivery = found.row.delivery;
        Self {
            waits: Waits::of(&found.row, provider, now),
            history: found
                .events
                .iter()
                .filter_map(|record| DeliveryStep::of(record, delivery))
                .collect(),
            to: found.to,
            delivery: found.row.into(),
        }
    }
}

impl Waits {
    fn of(row: &DeliveryRecord, provider: Option<Shown>, now: Timestamp) -> Option<Self> {
        let held = row.held.filter(|held| held.until > now);
        match (row.status, held, provider) {
            (store::DeliveryStatus::Pending, _, Some(Shown::Open { until })) if until > now => {
                Some(Self::ProviderOpen { until: until.max(row.next_at) })
            }
            (store::DeliveryStatus::Pending, None, _) if row.next_at > now => {
                Some(Self::NextTry { at: row.next_at })
            }
            (store::DeliveryStatus::Pending, _, Some(Shown::HalfOpen)) => {
                Some(Self::ProviderProbed)
            }
            (
                store::DeliveryStatus::Pending | store::DeliveryStatus::HandingOver,
                Some(held),
                _,
            ) => Some(Self::Held { node_id: held.by, until: held.until }),
            (store::DeliveryStatus::Pending | store::DeliveryStatus::HandingOver, None, _) => {
                Some(Self::Due)
            }
            _ => None,
        }
    }
}
