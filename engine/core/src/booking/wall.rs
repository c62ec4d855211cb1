//! Wall-clock times of days as instants, fast enough to be asked for every start of ninety days.
//!
//! # Invariants
//! - a time that a change to summer time skips does not exist; of a repeated hour the first is meant;
//! - the zone's tables are asked once per stretch of steady offset, not once per candidate (P10).

use jiff::{
    Timestamp, ToSpan,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::hours::Span;

const DAY: i64 = 86_400;

/// A stretch as seconds after midnight on the wall clock.
pub(crate) fn seconds(span: Span) -> (i64, i64) {
    let of = |time: jiff::civil::Time| {
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
    };
    (of(span.opens), of(span.closes))
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
