//! Whether a node may be given work, for load balancers and operators.

use forecourt_ports::bus::BusHealth;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `/readyz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    pub status: ReadyStatus,
    pub checks: ReadyChecks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadyStatus {
    /// It may be given work.
    Ok,
    /// It may be given work; something that is not needed for it is missing: `checks` says what.
    Degraded,
    /// It may not: 503.
    Unavailable,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyChecks {
    pub store: StoreCheck,
    pub node: NodeCheck,
    pub bus: BusCheck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreCheck {
    Ok,
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeCheck {
    Ok,
    /// It takes nothing new and lets what runs end.
    Stopping,
}

/// How the node stands towards others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BusCheck {
    /// There are no other nodes.
    Single,
    /// Nodes hear each other.
    Joined,
    /// Nodes cannot hear each other: each goes on alone, and what others store arrives a second later.
    Cut,
}

impl From<BusHealth> for BusCheck {
    fn from(health: BusHealth) -> Self {
        match health {
            BusHealth::Single => Self::Single,
            BusHealth::Joined => Self::Joined,
            BusHealth::Cut => Self::Cut,
        }
    }
}
