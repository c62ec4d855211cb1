//! External calendars, as members connect them and see how they are.

use forecourt_core::{
    external::{self, CalendarStatus},
    id::{CalendarId, ResourceId},
    webhook::target::{Loopback, Target},
};
use forecourt_ports::{calendar::Choice, store::CalendarRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Whose calendar it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarProvider {
    CalCom,
    CalDav,
    Google,
    Microsoft,
}

impl From<external::Provider> for CalendarProvider {
    fn from(provider: external::Provider) -> Self {
        match provider {
            external::Provider::CalCom => Self::CalCom,
            external::Provider::CalDav => Self::CalDav,
            external::Provider::Google => Self::Google,
            external::Provider::Microsoft => Self::Microsoft,
        }
    }
}

impl From<CalendarProvider> for external::Provider {
    fn from(provider: CalendarProvider) -> Self {
        match provider {
            CalendarProvider::CalCom => Self::CalCom,
            CalendarProvider::CalDav => Self::CalDav,
            CalendarProvider::Google => Self::Google,
            CalendarProvider::Microsoft => Self::Microsoft,
        }
    }
}

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarState {
    /// A calendar and a resource are still to be chosen.
    Choosing,
    Working,
    /// The last call failed; it is tried again by itself, and nothing is lost meanwhile.
    Failing,
    /// The credentials are not good any more: connect it again.
    Refused,
}

/// What opens a calendar: with `cal_com` a key, with `cal_dav` an address, a user and a password. Never
/// answered again.
#[derive(Clone, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectCalendar {
    pub provider: CalendarProvider,
    /// Of Cal.com: `cal_live_…`.
    #[serde(default)]
    #[ts(optional)]
    pub key: Option<String>,
    /// Of the CalDAV server: its address, or the calendar's own.
    #[serde(default)]
    #[ts(optional)]
    pub url: Option<String>,
    #[serde(default)]
    #[ts(optional)]
    pub user: Option<String>,
    #[serde(default)]
    #[ts(optional)]
    pub password: Option<String>,
}

impl std::fmt::Debug for ConnectCalendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectCalendar").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// A connected calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CalendarView {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub calendar_id: CalendarId,
    pub provider: CalendarProvider,
    /// The host of the tenant's own server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server: Option<String>,
    /// Which calendar, in the provider's words; empty until one was chosen.
    pub calendar: String,
    pub name: String,
    /// What it closes, and whose bookings it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub resource_id: Option<ResourceId>,
    pub state: CalendarState,
    /// Why the last call failed: `auth`, `not_found`, `rate_limited`, `conflict`, `unavailable`, `protocol`,
    /// `not_configured`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When its busy times were read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// Times to come that it closes.
    pub busy: u32,
    /// Bookings that are still to be written into it, or taken out.
    pub pending: u32,
    /// Bookings that it refused.
    pub failed: u32,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<CalendarRecord> for CalendarView {
    fn from(record: CalendarRecord) -> Self {
        let state = match record.status {
            CalendarStatus::Choosing => CalendarState::Choosing,
            CalendarStatus::Refused => CalendarState::Refused,
            CalendarStatus::Active if record.failing_since.is_some() => CalendarState::Failing,
            CalendarStatus::Active => CalendarState::Working,
        };
        // The rest of the address may hold a secret (A14).
        let server = record.url.and_then(|url| Target::parse(&url, Loopback::Allowed).ok());
        Self {
            calendar_id: record.calendar,
            provider: record.provider.into(),
            server: server.map(|url| url.host().to_owned()),
            calendar: record.external,
            name: record.name,
            resource_id: record.resource,
            state,
            last_error: record.last_error,
            failing_since: record.failing_since,
            read_at: record.read_at,
            busy: record.busy,
            pending: record.pending,
            failed: record.failed,
            created_at: record.created_at,
        }
    }
}

/// The tenant's calendars, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CalendarList {
    pub calendars: Vec<CalendarView>,
    /// What can be connected here.
    pub providers: Vec<CalendarProvider>,
}

/// A calendar that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CalendarChoice {
    pub calendar: String,
    pub name: String,
    pub writable: bool,
}

impl From<Choice> for CalendarChoice {
    fn from(choice: Choice) -> Self {
        Self { calendar: choice.calendar, name: choice.name, writable: choice.writable }
    }
}

/// A connection, asked just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CalendarChecked {
    pub calendar: CalendarView,
    pub choices: Vec<CalendarChoice>,
    /// Where Cal.com tells us of changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hook_url: Option<String>,
    /// With which secret it signs them. Answered when it is connected, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hook_secret: Option<String>,
}

/// Which calendar is which resource's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseCalendar {
    pub calendar: String,
    pub resource_id: String,
}

/// Whose consent page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskConsent {
    pub provider: CalendarProvider,
}

/// Where a person lets us into their calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ConsentPage {
    pub url: String,
}
