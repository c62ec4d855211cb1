//! Opening hours in the tenant's zone: split days, and exceptions such as holidays.
//!
//! Lives here: what is open on a day, whether it is open now, when it opens again. What is *free*
//! inside the opening hours is [`crate::booking`]'.
//!
//! # Invariants
//! - hours that passed [`OpeningHours::check`] have ordered stretches that do not touch, so the
//!   answers here name each stretch once.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// When a business is open, in wall-clock time of its own zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningHours {
    /// Seven entries from Monday to Sunday; an empty list is a closed day. Missing days are closed.
    pub week: Vec<Vec<Span>>,
    /// Days that differ from the week; the last entry of a date wins.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// One stretch of a day, from `opens` (included) to `closes` (not included); never over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub opens: Time,
    pub closes: Time,
}

/// A day with hours of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    pub date: Date,
    /// Empty when closed.
    pub spans: Vec<Span>,
}

/// Why opening hours cannot be kept; the words are for the person who set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error("a week has seven days at most")]
    TooManyDays,
    #[error("a day has {} stretches at most", OpeningHours::MAX_SPANS)]
    TooManySpans,
    #[error("there are {} days with hours of their own at most", OpeningHours::MAX_EXCEPTIONS)]
    TooManyExceptions,
    #[error("a stretch must close after it opens, on the same day")]
    ClosesFirst,
    #[error("the stretches of a day must be in order and must not touch")]
    Overlap,
}

/// Whether a business is open at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Open until this time of the same day.
    Open { closes: Time },
    /// Closed; opens on this day at this time, when it opens within four weeks at all.
    Closed { opens: Option<(Date, Time)> },
}

impl OpeningHours {
    pub const MAX_SPANS: usize = 6;
    pub const MAX_EXCEPTIONS: usize = 400;

    /// Whether these hours may be kept (A9: bounded; ordered, so that nothing is named twice).
    pub fn check(&self) -> Result<(), HoursError> {
        if self.week.len() > 7 {
            return Err(HoursError::TooManyDays);
        }
        if self.exceptions.len() > Self::MAX_EXCEPTIONS {
            return Err(HoursError::TooManyExceptions);
        }
        let days = self.week.iter().chain(self.exceptions.iter().map(|e| &e.spans));
        for spans in days {
            if spans.len() > Self::MAX_SPANS {
                return Err(HoursError::TooManySpans);
            }
            if spans.iter().any(|span| span.closes <= span.opens) {
                return Err(HoursError::ClosesFirst);
            }
            if spans.windows(2).any(|pair| pair[1].opens <= pair[0].closes) {
                return Err(HoursError::Overlap);
            }
        }
        Ok(())
    }

    /// The open stretches of a day, in order.
    pub fn on(&self, date: Date) -> &[Span] {
        match self.exception(date) {
            Some(exception) => &exception.spans,
            None => self.on_weekday(date.weekday()),
        }
    }

    /// The open stretches of an ordinary weekday.
    pub fn on_weekday(&self, weekday: Weekday) -> &[Span] {
        let index = usize::from(weekday.to_monday_zero_offset().unsigned_abs());
        self.week.get(index).map_or(&[], Vec::as_slice)
    }

    /// The entry that makes `date` differ from its weekday, if there is one.
    pub fn exception(&self, date: Date) -> Option<&Exception> {
        self.exceptions.iter().rev().find(|e| e.date == date)
    }

    /// Whether it is open at `now`, and until or from when.
    pub fn doors(&self, zone: &TimeZone, now: Timestamp) -> Doors {
        let local = zone.to_datetime(now);
        let (today, time) = (local.date(), local.time());
        let spans = self.on(today);
        if let Some(span) = spans.iter().find(|span| span.opens <= time && time < span.closes) {
            return Doors::Open { closes: span.closes };
        }
        let later = spans.iter().find(|span| span.opens > time).map(|span| (today, span.opens));
        let opens = later.or_else(|| {
            (1..=28).find_map(|offset: i64| {
                let date = today.checked_add(offset.days()).ok()?;
                self.on(date).first().map(|span| (date, span.opens))
            })
        });
        Doors::Closed { opens }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn span(opens: i8, closes: i8) -> Span {
        Span { opens: time(opens, 0, 0, 0), closes: time(closes, 0, 0, 0) }
    }

    /// Monday to Friday 9–12 and 13–17, Saturday 10–15; closed on Christmas Day 2026, a Friday.
    fn hours() -> OpeningHours {
        let mut week = vec![vec![span(9, 12), span(13, 17)]; 5];
        week.push(vec![span(10, 15)]);
        OpeningHours {
            week,
            exceptions: vec![Exception { date: date(2026, 12, 25), spans: vec![] }],
        }
    }

    #[test]
    fn a_day_has_the_hours_of_its_weekday_unless_it_is_an_exception() {
        assert_eq!(hours().on(date(2026, 11, 23)), [span(9, 12), span(13, 17)]);
        assert_eq!(hours().on(date(2026, 11, 28)), [span(10, 15)]);
        assert_eq!(hours().on(date(2026, 11, 29)), []);
        assert_eq!(hours().on(date(2026, 12, 25)), []);
        let mut twice = hours();
        twice.exceptions.push(Exception { date: date(2026, 12, 25), spans: vec![span(11, 12)] });
        assert_eq!(twice.on(date(2026, 12, 25)), [span(11, 12)], "the last entry wins");
    }

    #[test]
    fn the_doors_are_open_from_the_opening_to_just_before_the_closing() {
        let oslo = TimeZone::get("Europe/Oslo").unwrap();
        let doors = |at: &str| hours().doors(&oslo, at.parse().unwrap());
        let open = |hour| Doors::Open { closes: time(hour, 0, 0, 0) };
        let closed =
            |day, hour| Doors::Closed { opens: Some((date(2026, 11, day), time(hour, 0, 0, 0))) };
        assert_eq!(doors("2026-11-23T07:59:59Z"), closed(23, 9));
        assert_eq!(doors("2026-11-23T08:00:00Z"), open(12));
        assert_eq!(doors("2026-11-23T11:00:00Z"), closed(23, 13), "the break at noon");
        assert_eq!(doors("2026-11-23T16:00:00Z"), closed(24, 9));
        assert_eq!(doors("2026-11-28T14:00:00Z"), closed(30, 9), "over the Sunday");
        let never = OpeningHours::default().doors(&oslo, "2026-11-23T08:00:00Z".parse().unwrap());
        assert_eq!(never, Doors::Closed { opens: None });
    }

    #[test]
    fn hours_that_could_not_be_told_are_refused() {
        let with = |spans: Vec<Span>| OpeningHours { week: vec![spans], exceptions: vec![] };
        assert_eq!(hours().check(), Ok(()));
        assert_eq!(with(vec![span(17, 9)]).check(), Err(HoursError::ClosesFirst));
        assert_eq!(with(vec![span(9, 12), span(12, 17)]).check(), Err(HoursError::Overlap));
        assert_eq!(with(vec![span(13, 17), span(9, 12)]).check(), Err(HoursError::Overlap));
        assert_eq!(with(vec![span(9, 10); 7]).check(), Err(HoursError::TooManySpans));
        let long = OpeningHours { week: vec![vec![]; 8], exceptions: vec![] };
        assert_eq!(long.check(), Err(HoursError::TooManyDays));
        let exception = Exception { date: date(2026, 12, 24), spans: vec![span(12, 9)] };
        let odd = OpeningHours { week: vec![], exceptions: vec![exception] };
        assert_eq!(odd.check(), Err(HoursError::ClosesFirst));
    }
}
