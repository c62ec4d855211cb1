//! Providers: which are in use, and which are left alone for a while.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

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
