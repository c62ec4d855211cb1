//! Replay: takes a session's decisions again, from what was kept of them, and tells whether they are the same (A3).
//!
//! With every decision its [`Cause`] is stored: the command, the fresh id, what the actor knew beside the
//! state, and which settings held. Nothing else goes into a decision, so the same cause on the same
//! state must give the same events, bit for bit; where it does not, the rules have changed since, or
//! something impure has crept in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Circumstances, Command, Fresh, LeadSession, Rejection};
use crate::{
    event::{Event, Version},
    id::SessionId,
    settings::TenantSettings,
};

/// What led to a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    #[serde(flatten)]
    pub command: Command,
    pub fresh: Uuid,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub turn_shows: bool,
    /// [`TenantSettings::print`] of the settings that held.
    pub settings: String,
}

/// A decision as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredDecision {
    /// Place of its first event.
    pub version: Version,
    pub at: Timestamp,
    /// `None` for what was stored before causes were.
    pub cause: Option<Cause>,
    /// Never empty.
    pub events: Vec<Event>,
}

/// A decision taken again.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    pub stored: &'a StoredDecision,
    /// The rules, timers and guards behind it, in the order they were asked.
    pub because: Vec<&'static str>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Decided as it was.
    Same,
    /// Its cause was not kept; its events are taken as they are.
    NoCause,
    /// The settings that held are not known any more; its events are taken as they are.
    NoSettings,
    /// Decided otherwise.
    Differs { decided: Vec<Event> },
    /// Refused now.
    Refused { rejection: Rejection },
}

impl Verdict {
    /// Whether the replay contradicts the journal.
    pub const fn is_wrong(&self) -> bool {
        matches!(self, Self::Differs { .. } | Self::Refused { .. })
    }
}

/// A session as it was recorded: what a test needs to take its decisions again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// What is in it, for who finds the file.
    pub note: String,
    pub session: SessionId,
    /// The settings that its causes name.
    pub settings: Vec<TenantSettings>,
    pub decisions: Vec<StoredDecision>,
}

impl Recorded {
    /// [`replay`] of what was recorded.
    pub fn replay(&self) -> (Vec<Step<'_>>, LeadSession) {
        replay(self.session, &self.decisions, &self.settings)
    }
}

/// Takes every decision again, each from the state that the stored events give; so one that differs
/// does not hide the next. Answers the steps and the state in the end.
pub fn replay<'a>(
    id: SessionId,
    decisions: &'a [StoredDecision],
    settings: &[TenantSettings],
) -> (Vec<Step<'a>>, LeadSession) {
    let known: Vec<(String, &TenantSettings)> =
        settings.iter().map(|settings| (settings.print(), settings)).collect();
    let mut state = LeadSession::new(id);
    let mut steps = Vec::with_capacity(decisions.len());
    for stored in decisions {
        let (because, verdict) = again(&state, stored, &known);
        for event in &stored.events {
            state.apply(event, stored.at);
        }
        steps.push(Step { stored, because, verdict });
    }
    (steps, state)
}

fn again(
    state: &LeadSession,
    stored: &StoredDecision,
    known: &[(String, &TenantSettings)],
) -> (Vec<&'static str>, Verdict) {
    let Some(cause) = &stored.cause else { return (Vec::new(), Verdict::NoCause) };
    let Some((_, settings)) = known.iter().find(|(print, _)| *print == cause.settings) else {
        return (Vec::new(), Verdict::NoSettings);
    };
    let Cause { fresh, turn_shows, .. } = *cause;
    let now = Circumstances { now: stored.at, settings, fresh: Fresh(fresh), turn_shows };
    match state.decide(cause.command.clone(), now) {
        Ok(decided) if decided.decision.events == stored.events => (decided.because, Verdict::Same),
        Ok(decided) => {
            let verdict = Verdict::Differs { decided: decided.decision.events };
            (decided.because, verdict)
        }
        Err(rejection) => (Vec::new(), Verdict::Refused { rejection }),
    }
}

/// Groups a session's events into its decisions: each begins with the event that has a cause.
pub fn group(
    rows: impl IntoIterator<Item = (Version, Timestamp, Event, Option<Cause>)>,
) -> Vec<StoredDecision> {
    let mut decisions: Vec<StoredDecision> = Vec::new();
    for (version, at, event, cause) in rows {
        match decisions.last_mut() {
            Some(last) if cause.is_none() && last.at == at => last.events.push(event),
            _ => decisions.push(StoredDecision { version, at, cause, events: vec![event] }),
        }
    }
    decisions
}
