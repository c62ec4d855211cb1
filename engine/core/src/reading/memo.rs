//! What is worked out of a tenant's knowledge once, and used by every answer that stands on it.
//!
//! Knowledge is a snapshot behind an `Arc`: it never changes, it is replaced. So what follows from it
//! alone (its vehicles' names, the phrases of its services, what its own answers say) is the same for as
//! long as it lives. Remembering it changes no result (A3), only when it is worked out.
//!
//! # Invariants
//! - an entry dies with its snapshot: the memo keeps no knowledge alive, and what it keeps must hold none;
//! - **A9** there are at most twice as many entries as snapshots lived when it was last swept.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::knowledge::Knowledge;

/// Below so many entries nobody looks for dead ones.
const FEW: usize = 64;

/// One value per living snapshot of knowledge.
#[derive(Debug)]
pub struct Memo<T> {
    entries: Mutex<Entries<T>>,
}

#[derive(Debug)]
struct Entries<T> {
    /// By the snapshot's address, which nothing else can have while the entry holds its `Weak`.
    by_address: BTreeMap<usize, (Weak<Knowledge>, Arc<T>)>,
    sweep_at: usize,
}

impl<T> Memo<T> {
    #[expect(clippy::new_without_default, reason = "made for statics, which need a const fn")]
    pub const fn new() -> Self {
        let entries = Entries { by_address: BTreeMap::new(), sweep_at: FEW };
        Self { entries: Mutex::new(entries) }
    }

    /// What `work_out` says of `knowledge`; asked once per snapshot, or twice by two who ask at once.
    pub fn of(&self, knowledge: &Arc<Knowledge>, work_out: impl FnOnce(&Knowledge) -> T) -> Arc<T> {
        let address = Arc::as_ptr(knowledge).addr();
        let lock = || self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().by_address.get(&address) {
            return Arc::clone(known);
        }
        let known = Arc::new(work_out(knowledge));
        let mut entries = lock();
        if entries.by_address.len() >= entries.sweep_at {
            entries.by_address.retain(|_, (snapshot, _)| snapshot.strong_count() > 0);
            entries.sweep_at = (2 * entries.by_address.len()).max(FEW);
        }
        let entry = (Arc::downgrade(knowledge), Arc::clone(&known));
        entries.by_address.insert(address, entry);
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_worked_out_once_and_forgotten_after_its_end() {
        let memo = Memo::new();
        let first = Arc::new(Knowledge::default());
        let mut asked = 0;
        for _ in 0..3 {
            let known = memo.of(&first, |_| {
                asked += 1;
                "first"
            });
            assert_eq!(*known, "first");
        }
        assert_eq!(asked, 1);
        // Equal, but another snapshot.
        assert_eq!(*memo.of(&Arc::new(Knowledge::default()), |_| "second"), "second");
        for _ in 0..10 * FEW {
            memo.of(&Arc::new(Knowledge::default()), |_| "short-lived");
        }
        assert!(memo.entries.lock().unwrap().by_address.len() <= 2 * FEW);
        assert_eq!(*memo.of(&first, |_| "worked out again"), "first");
    }
}
