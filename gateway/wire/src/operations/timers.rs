//! Timers: what is to happen, and when.

use forecourt_core::{
    effect::{TimerEnd, TimerKind},
    id::{NodeId, SessionId},
};
use forecourt_ports::store::TimerRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::Held;
use crate::words::same_words;

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
    /// A call-back: it is offered, it is time, or nobody has called.
    Callback,
}

same_words!(TimerKind => TimerName {
    Promise, Handoff, Turn, Gather, Resume, GiveBack, Reroute, Idle, Callback,
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
