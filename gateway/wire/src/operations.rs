//! What people see and handle of deliveries, timers and providers.
//!
//! No message's text is here; whom a letter goes to stands only in its own story.

use forecourt_core::{
    breaker::Shown,
    effect::{TimerEnd, TimerKind},
    event::{self, EventRecord},
    id::{DeliveryId, MemberId, NodeId, SessionId},
};
use forecourt_ports::store::{self, DeliveryHistory, DeliveryRecord, TimerRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::lead::HumanReason;

macro_rules! same_words {
    ($from:ty => $to:ident { $($variant:ident),* $(,)? }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                match value { $(<$from>::$variant => Self::$variant),* }
            }
        }
    };
}

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

/// Whether a person may have a letter sent once more, as its row tells; the conversation may still refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayChoice {
    /// It is no dead letter, or has been sent once more.
    No,
    Allowed,
    /// It may have left: only with `even_if_sent`.
    NeedsConfirmation,
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

/// Has one dead letter sent once more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDelivery {
    /// It may have left, and arrive twice: the person takes that upon themselves.
    #[serde(default)]
    pub even_if_sent: bool,
    /// The caller's own id of the wish, 1 to 100 printable characters: the same id gives the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_id: Option<String>,
}

/// The delivery that sends it once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeliveryReplayed {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
}

/// Which dead letters: `failed` or `uncertain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadStatus {
    Failed,
    Uncertain,
}

/// Has many dead letters sent once more: those of `ids`, or those of a status and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDeliveries {
    /// The caller's own id of the wish, 1 to 100 printable characters: the same id sends nothing twice.
    pub client_id: String,
    /// 1 to 500. Without them `status` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string[]")]
    #[schema(value_type = Option<Vec<String>>)]
    pub ids: Option<Vec<DeliveryId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<DeadStatus>,
    /// Queued at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Queued before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub even_if_sent: bool,
    /// Only says what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of one letter of many.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReplayOutcome {
    /// It is sent once more; in a dry run, it would be.
    Replayed,
    /// The same meaning is on its way.
    OnItsWay,
    /// It is no dead letter (any more): it has arrived, stayed in, or nobody waits for it.
    Over,
    /// It may have left: say `even_if_sent`.
    MayHaveLeft,
    /// The assistant wrote it, and somebody else speaks by now.
    Superseded,
    /// The conversation is closed.
    Closed,
    /// There is no such delivery.
    NotFound,
    /// It could not be stored now: ask again with the same `client_id`.
    Busy,
}

/// One letter of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplayResult {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    pub outcome: ReplayOutcome,
    /// What sends it once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub new_delivery_id: Option<DeliveryId>,
}

/// What became of them all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplayReport {
    pub dry_run: bool,
    /// How many were looked at.
    pub matched: usize,
    /// How many are, or would be, sent once more.
    pub replayed: usize,
    /// More are left than one call takes: ask again.
    pub more: bool,
    /// Oldest first; a dry run shows the first 50.
    pub results: Vec<ReplayResult>,
}

/// What a timer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimerName {
    /// The promise's next step: another model, the template, an alert, the deadline.
    Promise,
    /// Reminds people of a customer who waits for one.
    Handoff,
    /// Looks whether the assistant's answer is still being written.
    Turn,
    /// Answers once the customer has written the whole of it.
    Gather,
    /// The assistant goes on when no member types any more.
    Resume,
    /// The assistant speaks again, because a customer waits for a silent member.
    GiveBack,
    /// The next person is asked, because nobody has answered.
    Reroute,
    /// The customer may have gone: a chat is politely ended.
    Idle,
}

same_words!(TimerKind => TimerName {
    Promise, Handoff, Turn, Gather, Resume, GiveBack, Reroute, Idle,
});

/// Where a timer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimerStatus {
    Pending,
    Fired,
    /// What it waited for has come, or a person wanted it gone: `reason` tells.
    Cancelled,
}

/// One timer. Each conversation has at most one of a kind; it tells how it stands, or how it ended last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TimerEntry {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    pub kind: TimerName,
    pub status: TimerStatus,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub set_at: Timestamp,
    /// How often it was moved since it was set.
    pub moved: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub moved_at: Option<Timestamp>,
    /// How often it has fired in this conversation.
    pub fired: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub fired_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub fired_by: Option<NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// What set, moved or ended it last, such as `message_posted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
    /// Whether a person may end it: not while a customer waits for what it does.
    pub cancellable: bool,
}

/// A page of timers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TimerList {
    pub timers: Vec<TimerEntry>,
    /// Give it as `cursor` for the next page; none when this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// Whether letters leave through a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderState {
    /// It answers: letters leave.
    Closed,
    /// One probe finds out whether it answers again.
    HalfOpen,
    /// It does not answer: letters keep their place and wait.
    Open,
}

/// A provider as this node sees it, with the tenant's own figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ProviderEntry {
    pub name: String,
    pub state: ProviderState,
    /// Failures in a row.
    pub failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub open_until: Option<Timestamp>,
    /// Letters of the tenant that it took in the last minute.
    pub sent_last_minute: u32,
    /// Letters of the tenant that wait in this node's memory.
    pub waiting: usize,
}

/// The providers that letters leave through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ProviderList {
    pub providers: Vec<ProviderEntry>,
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

impl From<TimerRecord> for TimerEntry {
    fn from(row: TimerRecord) -> Self {
        Self {
            session_id: row.session,
            kind: row.kind.into(),
            status: match row.end {
                None => TimerStatus::Pending,
                Some(TimerEnd::Fired) => TimerStatus::Fired,
                Some(TimerEnd::Cancelled) => TimerStatus::Cancelled,
            },
            due_at: row.due_at,
            set_at: row.set_at,
            moved: row.moved,
            moved_at: row.moved_at,
            fired: row.fired,
            fired_at: row.fired_at,
            fired_by: row.fired_by,
            held: row.held.map(Held::from),
            ended_at: row.ended_at,
            reason: row.reason,
            cancellable: row.end.is_none() && row.kind == TimerKind::Handoff,
        }
    }
}

impl From<DeadStatus> for store::DeliveryStatus {
    fn from(status: DeadStatus) -> Self {
        match status {
            DeadStatus::Failed => Self::Failed,
            DeadStatus::Uncertain => Self::Uncertain,
        }
    }
}
