//! Free times of a service: opening hours, less what is booked, in the tenant's zone.
//!
//! # Invariants
//! - a slot lies wholly inside one open stretch, starts no earlier than `now` plus the service's
//!   notice, and overlaps fewer than `capacity` bookings of that service at every instant;
//! - wall-clock times that a change to summer time skips are not offered; of a repeated hour the
//!   first is meant.

use jiff::{
    Span as Duration, Timestamp, ToSpan,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::{
    hours::OpeningHours,
    id::ServiceId,
    knowledge::{Busy, Service},
};

/// A time that is truly free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    pub service: ServiceId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// The free slots of `service` on `days` days from `first` (in the tenant's zone), in order, `limit` at most.
///
/// Starts lie on a grid of half hours counted from each opening; services shorter than half an
/// hour use their own length as the grid.
pub fn free(
    hours: &OpeningHours,
    zone: &TimeZone,
    service: &Service,
    busy: &[Busy],
    now: Timestamp,
    first: Date,
    days: u16,
    limit: usize,
) -> Vec<Slot> {
    let earliest = now.saturating_add(minutes(service.notice_minutes)).unwrap_or(Timestamp::MAX);
    let step = minutes(u32::from(service.minutes.clamp(5, 30)));
    let mut slots = Vec::new();
    for offset in 0..days {
        let Ok(date) = first.checked_add(i64::from(offset).days()) else { break };
        for span in hours.on(date) {
            let mut start = date.to_datetime(span.opens);
            let close = date.to_datetime(span.closes);
            while start < close {
                if slots.len() == limit {
                    return slots;
                }
                let next = start.checked_add(step);
                if let Some(slot) = slot_at(zone, service, start, close)
                    .filter(|slot| slot.starts_at >= earliest && is_free(slot, service, busy))
                {
                    slots.push(slot);
                }
                match next {
                    Ok(next) => start = next,
                    Err(_) => break,
                }
            }
        }
    }
    slots
}

/// The slot at a wall-clock start, unless it runs past `close` or the start is skipped by a change of the clock.
fn slot_at(
    zone: &TimeZone,
    service: &Service,
    start: jiff::civil::DateTime,
    close: jiff::civil::DateTime,
) -> Option<Slot> {
    let resolve = |at: jiff::civil::DateTime| {
        let ambiguous = zone.to_ambiguous_timestamp(at);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().ok()
            }
        }
    };
    let starts_at = resolve(start)?;
    let ends_at = starts_at.checked_add(minutes(u32::from(service.minutes))).ok()?;
    let closes_at = zone.to_ambiguous_timestamp(close).compatible().ok()?;
    (ends_at <= closes_at).then_some(Slot { service: service.id, starts_at, ends_at })
}

/// Whether fewer than `capacity` bookings run at every instant of the slot.
fn is_free(slot: &Slot, service: &Service, busy: &[Busy]) -> bool {
    let rivals: Vec<_> = busy
        .iter()
        .filter(|b| {
            b.service == slot.service && b.starts_at < slot.ends_at && slot.starts_at < b.ends_at
        })
        .collect();
    // The most bookings at once is reached at the start of the slot or of one of its rivals.
    let most = std::iter::once(slot.starts_at)
        .chain(rivals.iter().map(|b| b.starts_at.max(slot.starts_at)))
        .map(|at| rivals.iter().filter(|b| b.starts_at <= at && at < b.ends_at).count())
        .max()
        .unwrap_or(0);
    most < usize::from(service.capacity)
}

fn minutes(count: u32) -> Duration {
    i64::from(count).minutes()
}
