//! The live socket of the dashboard: subprotocol `forecourt.v1`, one JSON object per text message.
//!
//! Three words are kept apart: a *push* tells of something, a *reply* answers the client frame with
//! the same `ref`, a *beat* says that the line is alive and how far the log has been told.

use forecourt_core::id::SessionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{lead::Lead, problem::Problem, session::Message};

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame, within five seconds.
    Hello(HelloFrame),
    Ping(PingFrame),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HelloFrame {
    /// At most 64 characters; the welcome carries it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The cursor of the last event seen, `<epoch>-<seq>`; null to begin with now.
    #[serde(default)]
    pub after: Option<String>,
    /// What to tell; empty means everything.
    #[serde(default)]
    pub topics: Vec<Topic>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Leads,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PingFrame {
    #[serde(rename = "ref")]
    pub reference: String,
}

/// What the server sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    Welcome(WelcomeFrame),
    Gap(GapFrame),
    Reply(ReplyFrame),
    Event(Box<EventFrame>),
    Beat(BeatFrame),
}

/// The answer to hello. When `resumed`, every event after the given cursor follows, up to `seq` and on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WelcomeFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    #[ts(type = "number")]
    pub epoch: i64,
    /// Where the log stands.
    #[ts(type = "number")]
    pub seq: i64,
    pub resumed: bool,
}

/// Events are missing: read the snapshot. Live events after `seq` follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct GapFrame {
    pub snapshot_url: String,
    #[ts(type = "number")]
    pub epoch: i64,
    #[ts(type = "number")]
    pub seq: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReplyFrame {
    #[serde(rename = "ref")]
    pub reference: String,
    pub ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<Problem>,
}

/// A change of a lead, with the whole fresh row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct EventFrame {
    /// Its place in the tenant's log.
    #[ts(type = "number")]
    pub seq: i64,
    pub event: LeadEventName,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    pub lead: Lead,
    /// With `message.posted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub enum LeadEventName {
    #[serde(rename = "lead.captured")]
    Captured,
    #[serde(rename = "lead.repeated")]
    Repeated,
    /// Its status, its promise, or who speaks.
    #[serde(rename = "lead.changed")]
    Changed,
    #[serde(rename = "message.posted")]
    MessagePosted,
}

/// Every 15 seconds. Everything up to `seq` has been told, or is not of the topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BeatFrame {
    #[ts(type = "number")]
    pub seq: i64,
}

impl LeadEventName {
    /// What the dashboard calls a stored event; `None` when it changes no lead.
    pub const fn of(event: &forecourt_core::event::Event) -> Option<Self> {
        use forecourt_core::event::Event;
        match event {
            Event::LeadCaptured(_) => Some(Self::Captured),
            Event::LeadRepeated { .. } | Event::SubmissionRepeated => Some(Self::Repeated),
            Event::MessagePosted(_) => Some(Self::MessagePosted),
            Event::LanguageChanged { .. }
            | Event::PromiseMade { .. }
            | Event::PromiseKept { .. }
            | Event::PromiseBroken { .. }
            | Event::DeliveryAccepted { .. }
            | Event::DeliveryFailed { .. }
            | Event::DeliveryUncertain { .. }
            | Event::HandoffRequested { .. }
            | Event::HumanAlerted { .. }
            | Event::RemindersStopped { .. }
            | Event::TakenOver { .. }
            | Event::Released { .. }
            | Event::Closed { .. } => Some(Self::Changed),
            Event::SessionOpened { .. }
            | Event::RungReached { .. }
            | Event::TurnStarted { .. }
            | Event::Gathering { .. }
            | Event::TurnKept { .. }
            | Event::TurnYielded { .. }
            | Event::TurnFailed { .. }
            | Event::TurnCancelled { .. }
            | Event::DeliveryQueued(_)
            | Event::DeliveryRetried { .. }
            | Event::DeliveryReplayed { .. }
            | Event::DeliveryRefused { .. } => None,
        }
    }
}
