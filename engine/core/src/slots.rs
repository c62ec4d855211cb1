//! Free times of a service: opening hours, less what is booked, in the tenant's zone.
//!
//! # Invariants
//! - a slot lies wholly inside one open stretch, starts no earlier than `now` plus the service's
//!   notice, and overlaps fewer than `capacity` bookings of that service at every instant;
//! - wall-clock times that a change to summer time skips are not offered; of a repeated hour the
//!   first is meant;
//! - the cost is one sort of the service's bookings plus a constant per candidate: ninety days
//!   with a thousand bookings are answered in microseconds, inside an actor (P10).

use jiff::{
    Timestamp, ToSpan,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::{
    hours::{OpeningHours, Span},
    id::ServiceId,
    knowledge::{Busy, Service},
};

#[cfg(test)]
mod tests;

const DAY: i64 = 86_400;

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
/// hour use their own length as the grid. A service without length or capacity is never free.
#[expect(clippy::too_many_arguments, reason = "each is one thing the question depends on (A3)")]
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
    let mut slots = Vec::new();
    if service.minutes == 0 || service.capacity == 0 || limit == 0 {
        return slots;
    }
    let length = i64::from(service.minutes) * 60;
    let step = i64::from(service.minutes.clamp(5, 30)) * 60;
    let earliest = ceil_second(now).saturating_add(i64::from(service.notice_minutes) * 60);
    let mut full = Full::of(service, busy, earliest);
    let mut clock = WallClock::new(zone);
    let mut last = i64::MIN;
    let mut date = first;
    for _ in 0..days {
        let day = clock.day(date);
        for span in hours.on(date) {
            let closes = seconds(*span).1;
            let Some(closes_at) = day.last_instant(closes) else { continue };
            let mut start = seconds(*span).0;
            while start < closes {
                let starts_at = day.first_instant(start);
                start += step;
                let Some(starts_at) = starts_at else { continue };
                let ends_at = starts_at + length;
                if ends_at > closes_at {
                    // Later starts of this stretch end later still, except where an hour repeats.
                    if day.is_steady() {
                        break;
                    }
                    continue;
                }
                if starts_at < earliest || starts_at <= last || full.touches(starts_at, ends_at) {
                    continue;
                }
                let (Ok(from), Ok(until)) =
                    (Timestamp::from_second(starts_at), Timestamp::from_second(ends_at))
                else {
                    continue;
                };
                last = starts_at;
                slots.push(Slot { service: service.id, starts_at: from, ends_at: until });
                if slots.len() == limit {
                    return slots;
                }
            }
        }
        match date.tomorrow() {
            Ok(tomorrow) => date = tomorrow,
            Err(_) => break,
        }
    }
    slots
}

/// A stretch as seconds after midnight on the wall clock.
pub(crate) fn seconds(span: Span) -> (i64, i64) {
    let of = |time: jiff::civil::Time| {
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
    };
    (of(span.opens), of(span.closes))
}

pub(crate) fn ceil_second(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The stretches of time in which `capacity` bookings run at once: disjoint, in order, in seconds.
struct Full {
    stretches: Vec<(i64, i64)>,
    /// Where the last question ended; questions come in order, so this mostly moves forward.
    at: usize,
}

impl Full {
    fn of(service: &Service, busy: &[Busy], earliest: i64) -> Self {
        let mut taken: Vec<(i64, i64)> = busy
            .iter()
            .filter(|b| b.service == service.id && b.starts_at < b.ends_at)
            .map(|b| (b.starts_at.as_second(), ceil_second(b.ends_at)))
            .filter(|(_, until)| *until > earliest)
            .collect();
        taken.sort_unstable();
        let stretches =
            if service.capacity == 1 { merged(taken) } else { crowded(&taken, service.capacity) };
        Self { stretches, at: 0 }
    }

    /// Whether any full stretch overlaps `[from, until)`.
    fn touches(&mut self, from: i64, until: i64) -> bool {
        if self.at > 0 && self.stretches[self.at - 1].1 > from {
            self.at = 0;
        }
        while self.stretches.get(self.at).is_some_and(|(_, end)| *end <= from) {
            self.at += 1;
        }
        self.stretches.get(self.at).is_some_and(|(start, _)| *start < until)
    }
}

/// Overlapping stretches made one; `taken` is sorted.
fn merged(taken: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut stretches: Vec<(i64, i64)> = Vec::with_capacity(taken.len());
    for (from, until) in taken {
        match stretches.last_mut() {
            Some((_, end)) if from <= *end => *end = until.max(*end),
            _ => stretches.push((from, until)),
        }
    }
    stretches
}

/// The stretches in which at least `capacity` of `taken` run at once.
fn crowded(taken: &[(i64, i64)], capacity: u16) -> Vec<(i64, i64)> {
    let mut ends: Vec<i64> = taken.iter().map(|(_, until)| *until).collect();
    ends.sort_unstable();
    let mut ends = ends.into_iter().peekable();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    // Ends of the bookings that run now come out of `ends` in order; which booking it was is all one.
    let (mut running, mut since) = (0_usize, None);
    let capacity = usize::from(capacity);
    for (from, _) in taken {
        // An end at an instant comes before a start at it: bookings are half open.
        while let Some(end) = ends.next_if(|end| end <= from) {
            running -= 1;
            if let Some(began) = since.take_if(|_| running < capacity) {
                stretches.push((began, end));
            }
        }
        running += 1;
        if running >= capacity && since.is_none() {
            since = Some(*from);
        }
    }
    for end in ends {
        running -= 1;
        if let Some(began) = since.take_if(|_| running < capacity) {
            stretches.push((began, end));
        }
    }
    stretches
}

/// Turns wall-clock seconds of a day into instants; asks the zone's tables once per stretch of
/// steady offset instead of once per candidate.
pub(crate) struct WallClock<'a> {
    zone: &'a TimeZone,
    /// The offset, and between which instants it holds.
    steady: Option<(i64, i64, i64)>,
}

/// One day of a [`WallClock`].
pub(crate) enum Day<'a> {
    /// No change of the clock within a day of it: midnight as an instant.
    Steady(i64),
    Changing(&'a TimeZone, Date),
}

impl<'a> WallClock<'a> {
    pub(crate) fn new(zone: &'a TimeZone) -> Self {
        Self { zone, steady: None }
    }

    pub(crate) fn day(&mut self, date: Date) -> Day<'a> {
        // As if the zone were UTC; the true midnight is less than a day away from it.
        let midnight = jiff::tz::Offset::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .map_or(i64::MAX, Timestamp::as_second);
        if self.steady.is_none_or(|(_, _, until)| midnight > until.saturating_add(DAY)) {
            self.steady = Timestamp::from_second(midnight).ok().map(|at| self.steady_around(at));
        }
        match self.steady {
            Some((offset, from, until))
                if from.saturating_add(DAY) < midnight
                    && midnight < until.saturating_sub(2 * DAY) =>
            {
                Day::Steady(midnight - offset)
            }
            _ => Day::Changing(self.zone, date),
        }
    }

    fn steady_around(&self, at: Timestamp) -> (i64, i64, i64) {
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let from = self.zone.preceding(at).next().map_or(i64::MIN, |t| t.timestamp().as_second());
        let until = self.zone.following(at).next().map_or(i64::MAX, |t| t.timestamp().as_second());
        (offset, from, until)
    }
}

impl Day<'_> {
    pub(crate) fn is_steady(&self) -> bool {
        matches!(self, Self::Steady(_))
    }

    /// The instant of a wall-clock time; none where the clock skips it, the first where it repeats.
    pub(crate) fn first_instant(&self, second: i64) -> Option<i64> {
        match self {
            Self::Steady(midnight) => Some(midnight + second),
            Self::Changing(zone, date) => {
                let ambiguous = zone.to_ambiguous_timestamp(at(*date, second)?);
                match ambiguous.offset() {
                    AmbiguousOffset::Gap { .. } => None,
                    AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                        ambiguous.earlier().ok().map(Timestamp::as_second)
                    }
                }
            }
        }
    }

    /// The instant at which a stretch closes: a skipped closing is where the clock lands after it.
    pub(crate) fn last_instant(&self, second: i64) -> Option<i64> {
        match self {
            Self::Steady(midnight) => Some(midnight + second),
            Self::Changing(zone, date) => zone
                .to_ambiguous_timestamp(at(*date, second)?)
                .compatible()
                .ok()
                .map(Timestamp::as_second),
        }
    }
}

fn at(date: Date, second: i64) -> Option<jiff::civil::DateTime> {
    date.at(0, 0, 0, 0).checked_add(second.seconds()).ok()
}
