//! What a node remembers of what a tenant may say.
//!
//! # Invariants
//! - it is of the version it is kept under, or of a later one: the version is asked for before it is read;
//! - read anew and found the same, it stays the same snapshot, and what was worked out of it stays known;
//! - however many ask at once, one reads.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forecourt_core::knowledge::Knowledge;
use jiff::{SignedDuration, Timestamp};

use tokio::sync::MutexGuard;

use crate::{engine::lock, error::EngineError};

/// How long it is good for while nobody can say whether it has changed.
const LATELY: SignedDuration = SignedDuration::from_secs(2);
/// How long somebody waits for who reads.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Remembered {
    kept: Mutex<Option<Kept>>,
    reading: tokio::sync::Mutex<()>,
}

struct Kept {
    /// When it was last known to be as it is stored.
    known_at: Timestamp,
    version: i64,
    /// Whether this node has changed it since: it is only compared with what is read next.
    stale: bool,
    knowledge: Arc<Knowledge>,
}

impl Remembered {
    /// What is known at `version`, which was asked for at `now`.
    pub(crate) fn at(&self, version: i64, now: Timestamp) -> Option<Arc<Knowledge>> {
        let mut kept = lock(&self.kept);
        let kept = kept.as_mut().filter(|kept| kept.version >= version && !kept.stale)?;
        kept.known_at = kept.known_at.max(now);
        Some(Arc::clone(&kept.knowledge))
    }

    /// What was known lately, whatever it is now.
    pub(crate) fn lately(&self, now: Timestamp) -> Option<Arc<Knowledge>> {
        let kept = lock(&self.kept);
        let kept = kept.as_ref()?;
        let young = now.duration_since(kept.known_at) < LATELY && !kept.stale;
        young.then(|| Arc::clone(&kept.knowledge))
    }

    /// Waits until nobody else reads, not for ever: a store that hangs is tried by one at a time.
    pub(crate) async fn reading(&self) -> Result<MutexGuard<'_, ()>, EngineError> {
        let reading = tokio::time::timeout(PATIENCE, self.reading.lock()).await;
        reading.map_err(|_| EngineError::UNAVAILABLE)
    }

    /// Keeps what was read after the version was `version`.
    pub(crate) fn keep(&self, version: i64, read: Knowledge, now: Timestamp) -> Arc<Knowledge> {
        let mut kept = lock(&self.kept);
        let knowledge = match kept.take() {
            Some(old) if *old.knowledge == read => old.knowledge,
            _ => Arc::new(read),
        };
        let kept_now = Arc::clone(&knowledge);
        *kept = Some(Kept { known_at: now, version, stale: false, knowledge });
        kept_now
    }

    /// It was changed here: whoever asks from now on is told of it.
    pub(crate) fn forget(&self) {
        if let Some(kept) = lock(&self.kept).as_mut() {
            kept.stale = true;
        }
    }
}
