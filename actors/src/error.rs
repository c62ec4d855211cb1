//! How the engine says no to the gateway.

use std::time::Duration;

use forecourt_core::session::Rejection;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// An answer of the rules.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A queue is full: nothing was stored, try again.
    #[error("too much at once")]
    Busy { retry_after: Duration },
    /// The store, or the engine itself, cannot take it now. It may have been stored: a repeat with the
    /// same client id or content finds out.
    #[error("unavailable for now")]
    Unavailable { retry_after: Duration },
}

impl EngineError {
    pub(crate) const BUSY: Self = Self::Busy { retry_after: Duration::from_secs(1) };
    pub(crate) const UNAVAILABLE: Self = Self::Unavailable { retry_after: Duration::from_secs(2) };
}

impl From<forecourt_ports::store::StoreError> for EngineError {
    fn from(error: forecourt_ports::store::StoreError) -> Self {
        tracing::warn!(%error, "the store refused");
        Self::UNAVAILABLE
    }
}
