//! Where this node left each tenant's log: what a commit may take for granted instead of reading it.
//!
//! Only a guess: another node may have written since. The commit that relies on it carries a fence, which refuses
//! the whole transaction when the log is not there any more.
//!
//! # Invariants
//! - **A9** as many tenants as [`MOST`]; more, and all are forgotten and read again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use forecourt_core::{event::Seq, id::TenantId};

const MOST: usize = 100_000;
/// Commits that read, after a guess was wrong: another node writes for the same tenant.
const WARY: u8 = 16;

#[derive(Clone, Debug, Default)]
pub(super) struct Heads(Arc<Mutex<HashMap<TenantId, Known>>>);

#[derive(Clone, Copy, Debug)]
struct Known {
    last: Option<Seq>,
    wary: u8,
}

impl Heads {
    /// Where the log stands, if this node was the last to write.
    pub(super) fn guess(&self, tenant: TenantId) -> Option<Seq> {
        self.lock().get(&tenant).filter(|known| known.wary == 0)?.last
    }

    /// This node has moved the log to here.
    pub(super) fn moved(&self, tenant: TenantId, last: Seq) {
        let mut heads = self.lock();
        if heads.len() >= MOST && !heads.contains_key(&tenant) {
            heads.clear();
        }
        let known = heads.entry(tenant).or_insert(Known { last: None, wary: 0 });
        *known = Known { last: Some(last), wary: known.wary.saturating_sub(1) };
    }

    /// The guess was wrong, or a key was taken that this node did not know of.
    pub(super) fn was_wrong(&self, tenant: TenantId) {
        if let Some(known) = self.lock().get_mut(&tenant) {
            *known = Known { last: None, wary: WARY };
        }
    }

    /// Nobody knows what was stored.
    pub(super) fn forget(&self, tenant: TenantId) {
        self.lock().remove(&tenant);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_guess_makes_wary_for_a_while() {
        let (heads, tenant) = (Heads::default(), TenantId::from_uuid(uuid::Uuid::nil()));
        assert_eq!(heads.guess(tenant), None);
        heads.moved(tenant, Seq(4));
        assert_eq!(heads.guess(tenant), Some(Seq(4)));
        heads.was_wrong(tenant);
        for seq in 5..5 + i64::from(WARY) {
            assert_eq!(heads.guess(tenant), None);
            heads.moved(tenant, Seq(seq));
        }
        assert_eq!(heads.guess(tenant), Some(Seq(4 + i64::from(WARY))));
        heads.forget(tenant);
        assert_eq!(heads.guess(tenant), None);
    }
}
