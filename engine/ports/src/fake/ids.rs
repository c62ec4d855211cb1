//! Ids that come in the same order in every run: UUIDs of version 7 that count milliseconds.
//!
//! # Invariants
//! - two ids are further apart than any decision takes consecutive ones from a fresh id
//!   ([`Fresh::nth`](forecourt_core::session::Fresh::nth)): the gap is 2⁸⁰;
//! - two lanes never give the same id: nodes of one simulation have a lane each.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::ids::Ids;

/// 2026-01-01 in milliseconds.
const START: u64 = 1_767_225_600_000;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct SeqIds {
    lane: u16,
    given: AtomicU64,
}

impl SeqIds {
    pub fn new() -> Self {
        Self::default()
    }

    /// The ids of one of 4,096 lanes.
    pub fn lane(lane: u16) -> Self {
        Self { lane: lane & 0xfff, given: AtomicU64::new(0) }
    }
}

impl Ids for SeqIds {
    fn uuid(&self) -> Uuid {
        let n = u128::from(START + self.given.fetch_add(1, Ordering::Relaxed));
        Uuid::from_u128(n << 80 | 0x7 << 76 | u128::from(self.lane) << 64 | 0b10 << 62)
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::session::Fresh;

    use super::*;

    #[test]
    fn ids_rise_are_of_version_seven_and_leave_room_for_a_decision() {
        let ids = SeqIds::lane(7);
        let (first, second) = (ids.uuid(), ids.uuid());
        assert_eq!((first.get_version_num(), first.get_variant()), (7, uuid::Variant::RFC4122));
        assert!(Fresh(first).nth(u32::MAX) < second);
        assert_ne!(SeqIds::lane(8).uuid(), first);
        assert_eq!(SeqIds::lane(7).uuid(), first, "the same in every run");
    }
}
