//! `/v1/preview`: a conversation with the assistant over the tenant's own data, in which nothing is real.
//!
//! A preview is a stage of its own: an engine over a store in memory that reads what the tenant knows where it is
//! stored, and keeps all that happens to itself ([`forecourt_ports::fake::MemStore::before`]). Who makes one is
//! behind the port [`Stages`]; [`keep`] counts them and ends them, [`told`] says how one stands, [`ready`] what is
//! still missing before customers come, [`staff`] answers.
//!
//! # Invariants
//! - nothing of a preview reaches leads, bookings, mail, reports or metrics; what models took is real, and counted;
//! - **A8** a preview is one member's of one tenant: its address has no id that could be another's;
//! - **A9** so many previews of a tenant and of a node, messages of each, and minutes.

mod keep;
mod ready;
pub(crate) mod staff;
mod told;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use forecourt_core::id::{TenantId, TurnId};
use forecourt_ports::{
    bus::Bus,
    fake::RecordingSender,
    model::Round,
    store::{Store, StoreError},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::keep::Previews;
use crate::{desk::Desk, gateway::lock};

/// Makes stages for previews.
#[async_trait]
pub trait Stages: Send + Sync {
    /// Whether there are models besides the house responder.
    fn has_models(&self) -> bool;

    /// A stage of a tenant, as it offers itself now; with `house` no model is asked.
    async fn open(&self, tenant: TenantId, house: bool) -> Result<Stage, NoStage>;
}

/// A running engine in which nothing is real.
pub struct Stage {
    pub desk: Arc<dyn Desk>,
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    /// What would have been sent.
    pub post: Arc<RecordingSender>,
    pub heard: Heard,
    /// Cancelled when the stage is no longer needed: its engine ends.
    pub end: CancellationToken,
}

/// Why there is no stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStage {
    #[error("there is no such tenant")]
    NoTenant,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the stage did not start")]
    NotStarted,
}

/// What models called, and what they were told, by turn.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<BTreeMap<TurnId, Vec<Round>>>>);

impl Heard {
    /// The rounds of a turn so far: each is asked with all before it.
    pub fn note(&self, turn: TurnId, rounds: &[Round]) {
        if !rounds.is_empty() {
            lock(&self.0).insert(turn, rounds.to_vec());
        }
    }

    fn rounds(&self, turn: TurnId) -> Vec<Round> {
        lock(&self.0).get(&turn).cloned().unwrap_or_default()
    }
}
