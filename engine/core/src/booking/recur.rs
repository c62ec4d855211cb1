//! Times that repeat: the part of RFC 5545's rules that blocks of a calendar need.
//!
//! Lives here: a [`Recurrence`] with its first time on a wall clock, read from and written as an
//! `RRULE`. Known are `FREQ` (`DAILY`, `WEEKLY`, `MONTHLY`), `INTERVAL`, `COUNT`, `UNTIL` and `BYDAY`
//! (with a number in months: `1MO`, `-1FR`). Everything else is refused, never passed over.
//!
//! # Invariants
//! - a time of a wall clock that a change skips moves with the clock, of a repeated hour the first
//!   is meant (RFC 5545, 3.3.5); a length is elapsed time;
//! - **A9** a rule gives at most [`Recurrence::MAX_TIMES`] times, whatever it says.

use std::fmt;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use super::Stretch;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Day,
    Week,
    Month,
}

/// A weekday of a rule; in months with its number, from the end when negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OnDay {
    nth: Option<i8>,
    day: Weekday,
}

/// When a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Never,
    After(u16),
    /// This instant included.
    At(Timestamp),
    /// This day on the wall clock included.
    On(Date),
}

/// A repeating rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    every: Every,
    interval: u16,
    days: Vec<OnDay>,
    ends: Ends,
}

/// Why a rule is not understood; the words are for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurError {
    #[error("`{0}` is not understood in a repeating rule")]
    Unknown(String),
    #[error("`{0}` has a value that is not understood")]
    Value(&'static str),
    #[error("`{0}` is missing, or there twice")]
    Count(&'static str),
    #[error("give COUNT or UNTIL, not both")]
    TwoEnds,
    #[error("a numbered weekday needs FREQ=MONTHLY")]
    Numbered,
}

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

impl Recurrence {
    /// The most times a rule gives.
    pub const MAX_TIMES: usize = 2_000;
    /// The longest rule, in bytes.
    pub const MAX_TEXT: usize = 500;
    /// Days, weeks or months that are looked at.
    const MAX_STEPS: u32 = 20_000;

    /// Reads an `RRULE`, with or without that word before it.
    pub fn parse(text: &str) -> Result<Self, RecurError> {
        if text.len() > Self::MAX_TEXT {
            return Err(RecurError::Value("RRULE"));
        }
        let text = text.trim();
        let text = text.strip_prefix("RRULE:").unwrap_or(text);
        let (mut every, mut interval, mut days, mut count, mut until) =
            (None, None, None, None, None);
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => once(&mut every, "FREQ", frequency(value))?,
                "INTERVAL" => once(&mut interval, "INTERVAL", between(value, 1, 1_000))?,
                "COUNT" => once(&mut count, "COUNT", between(value, 1, 2_000))?,
                "UNTIL" => once(&mut until, "UNTIL", ends(value))?,
                "BYDAY" => once(&mut days, "BYDAY", weekdays(value))?,
                // Weeks begin on Monday here, as RFC 5545 has it when nothing is said.
                "WKST" if value.eq_ignore_ascii_case("MO") => {}
                _ => return Err(unknown(name)),
            }
        }
        let every = every.ok_or(RecurError::Count("FREQ"))?;
        let days: Vec<OnDay> = days.unwrap_or_default();
        if every != Every::Month && days.iter().any(|day| day.nth.is_some()) {
            return Err(RecurError::Numbered);
        }
        let ends = match (count, until) {
            (None, None) => Ends::Never,
            (Some(count), None) => Ends::After(count),
            (None, Some(until)) => until,
            (Some(_), Some(_)) => return Err(RecurError::TwoEnds),
        };
        Ok(Self { every, interval: interval.unwrap_or(1), days, ends })
    }

    /// The starts on the wall clock, from `first` on, until `last`; `first` counts only if it fits,
    /// as a rule and its first time are asked to agree.
    fn starts(&self, first: DateTime, last: Date, zone: &TimeZone) -> Vec<DateTime> {
        let (mut found, mut step) = (Vec::new(), 0_u32);
        while step < Self::MAX_STEPS && found.len() < Self::MAX_TIMES {
            let Some(dates) = self.dates(first.date(), step) else { break };
            step += 1;
            let Some(earliest) = dates.0 else { break };
            if earliest > last {
                break;
            }
            for date in dates.1 {
                let at = date.to_datetime(first.time());
                if at < first || date > last {
                    continue;
                }
                let over = match self.ends {
                    Ends::Never => false,
                    Ends::After(count) => found.len() >= usize::from(count),
                    Ends::On(day) => date > day,
                    Ends::At(end) => zone
                        .to_ambiguous_timestamp(at)
                        .compatible()
                        .is_ok_and(|instant| instant > end),
                };
                if over || found.len() == Self::MAX_TIMES {
                    return found;
                }
                found.push(at);
            }
        }
        found
    }

    /// The dates of the step'th day, week or month, in order, and where that begins.
    fn dates(&self, first: Date, step: u32) -> Option<(Option<Date>, Vec<Date>)> {
        let ahead = i64::from(step) * i64::from(self.interval);
        match self.every {
            Every::Day => {
                let date = first.checked_add(ahead.days()).ok()?;
                let fits = self.days.is_empty() || self.has(date.weekday());
                Some((Some(date), if fits { vec![date] } else { vec![] }))
            }
            Every::Week => {
                let offset = i64::from(first.weekday().to_monday_zero_offset());
                let monday = first.checked_sub(offset.days()).ok()?;
                let monday = monday.checked_add(ahead.weeks()).ok()?;
                let dates = (0..7_i64).filter_map(|day| monday.checked_add(day.days()).ok());
                let fits = |date: &Date| {
                    if self.days.is_empty() {
                        date.weekday() == first.weekday()
                    } else {
                        self.has(date.weekday())
                    }
                };
                Some((Some(monday), dates.filter(fits).collect()))
            }
            Every::Month => {
                let month = first.first_of_month().checked_add(ahead.months()).ok()?;
                let mut dates: Vec<Date> = if self.days.is_empty() {
                    // The 31st is left out where a month has none.
                    Date::new(month.year(), month.month(), first.day()).ok().into_iter().collect()
                } else {
                    self.days.iter().flat_map(|on| on.in_month(month)).collect()
                };
                dates.sort_unstable();
                dates.dedup();
                Some((Some(month), dates))
            }
        }
    }

    fn has(&self, weekday: Weekday) -> bool {
        self.days.iter().any(|on| on.day == weekday)
    }
}

impl OnDay {
    fn in_month(self, month: Date) -> Vec<Date> {
        match self.nth {
            Some(nth) => month.nth_weekday_of_month(nth, self.day).ok().into_iter().collect(),
            None => (1..=5).filter_map(|n| month.nth_weekday_of_month(n, self.day).ok()).collect(),
        }
    }
}

/// The stretches of a time that begins at `first` on the clock of `zone`, lasts `minutes`, and
/// repeats by `rule` if there is one: those that touch `window`, in order.
pub fn stretches(
    first: DateTime,
    minutes: u32,
    rule: Option<&Recurrence>,
    zone: &TimeZone,
    window: Stretch,
) -> Vec<Stretch> {
    let Ok(last) = window.until.checked_add(SignedDuration::from_hours(24)) else { return vec![] };
    let last = zone.to_datetime(last).date();
    let starts = rule.map_or_else(|| vec![first], |rule| rule.starts(first, last, zone));
    let length = SignedDuration::from_mins(i64::from(minutes));
    let stretch = |at: DateTime| {
        let from = zone.to_ambiguous_timestamp(at).compatible().ok()?;
        Some(Stretch { from, until: from.checked_add(length).ok()? })
    };
    starts.into_iter().filter_map(stretch).filter(|stretch| stretch.touches(window)).collect()
}

fn unknown(text: &str) -> RecurError {
    RecurError::Unknown(text.chars().take(40).collect())
}

fn once<T>(place: &mut Option<T>, name: &'static str, value: Option<T>) -> Result<(), RecurError> {
    let value = value.ok_or(RecurError::Value(name))?;
    if place.replace(value).is_some() { Err(RecurError::Count(name)) } else { Ok(()) }
}

fn frequency(value: &str) -> Option<Every> {
    match value.to_ascii_uppercase().as_str() {
        "DAILY" => Some(Every::Day),
        "WEEKLY" => Some(Every::Week),
        "MONTHLY" => Some(Every::Month),
        _ => None,
    }
}

fn between(value: &str, least: u16, most: u16) -> Option<u16> {
    value.parse().ok().filter(|number| (least..=most).contains(number))
}

fn ends(value: &str) -> Option<Ends> {
    if value.len() == 8 {
        return Date::strptime("%Y%m%d", value).ok().map(Ends::On);
    }
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", value).ok()?;
    TimeZone::UTC.to_timestamp(at).ok().map(Ends::At)
}

fn weekdays(value: &str) -> Option<Vec<OnDay>> {
    let days: Option<Vec<OnDay>> = value.split(',').map(weekday).collect();
    days.filter(|days| days.len() <= 35)
}

fn weekday(text: &str) -> Option<OnDay> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let (_, day) = DAYS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    if number.is_empty() {
        return Some(OnDay { nth: None, day });
    }
    let nth = number.parse().ok().filter(|nth| (-5..=5).contains(nth) && *nth != 0)?;
    Some(OnDay { nth: Some(nth), day })
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.every {
            Every::Day => "FREQ=DAILY",
            Every::Week => "FREQ=WEEKLY",
            Every::Month => "FREQ=MONTHLY",
        })?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        for (index, on) in self.days.iter().enumerate() {
            f.write_str(if index == 0 { ";BYDAY=" } else { "," })?;
            if let Some(nth) = on.nth {
                write!(f, "{nth}")?;
            }
            let name = DAYS.iter().find(|(_, day)| *day == on.day).map_or("MO", |(name, _)| name);
            f.write_str(name)?;
        }
        match self.ends {
            Ends::Never => Ok(()),
            Ends::After(count) => write!(f, ";COUNT={count}"),
            Ends::On(day) => write!(f, ";UNTIL={}", day.strftime("%Y%m%d")),
            Ends::At(at) => write!(f, ";UNTIL={}", at.strftime("%Y%m%dT%H%M%SZ")),
        }
    }
}

impl Serialize for Recurrence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Recurrence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rule: &str, first: &str, until: &str) -> Vec<String> {
        let window = Stretch {
            from: "2020-01-01T00:00:00Z".parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let rule = Recurrence::parse(rule).unwrap();
        let zone = TimeZone::get("Europe/Oslo").unwrap();
        stretches(first.parse().unwrap(), 60, Some(&rule), &zone, window)
            .into_iter()
            .map(|stretch| stretch.from.strftime("%m-%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn rules_give_the_times_that_calendars_give() {
        // Rule, first time on the wall clock, end of the window, the starts in UTC.
        #[rustfmt::skip]
        let table: &[(&str, &str, &str, &[&str])] = &[
            ("FREQ=DAILY;COUNT=3", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-23 08:00", "11-24 08:00", "11-25 08:00"]),
            ("FREQ=DAILY;INTERVAL=10;UNTIL=20261213", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-23 08:00", "12-03 08:00", "12-13 08:00"]),
            ("FREQ=DAILY;UNTIL=20261124T080000Z", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-23 08:00", "11-24 08:00"]),
            ("FREQ=DAILY;UNTIL=20261124T075959Z", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-23 08:00"]),
            ("FREQ=DAILY;BYDAY=SA,SU;COUNT=3", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-28 08:00", "11-29 08:00", "12-05 08:00"]),
            ("FREQ=WEEKLY;COUNT=2", "2026-11-23T09:00", "2027-01-01T00:00:00Z", &["11-23 08:00", "11-30 08:00"]),
            // RFC 5545's own example: every other week, the week begins on Monday.
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;COUNT=4", "2026-08-04T09:00", "2027-01-01T00:00:00Z", &["08-04 07:00", "08-09 07:00", "08-18 07:00", "08-23 07:00"]),
            ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;WKST=MO", "2026-11-25T09:00", "2026-12-03T00:00:00Z", &["11-25 08:00", "11-30 08:00", "12-02 08:00"]),
            ("FREQ=MONTHLY;COUNT=3", "2027-01-31T09:00", "2028-01-01T00:00:00Z", &["01-31 08:00", "03-31 07:00", "05-31 07:00"]),
            ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", "2026-12-01T09:00", "2028-01-01T00:00:00Z", &["12-07 08:00", "01-04 08:00", "02-01 08:00"]),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-11-01T09:00", "2028-01-01T00:00:00Z", &["11-27 08:00", "12-25 08:00"]),
            ("FREQ=MONTHLY;BYDAY=5SU;COUNT=2", "2026-11-01T09:00", "2028-01-01T00:00:00Z", &["11-29 08:00", "01-31 08:00"]),
            ("FREQ=MONTHLY;BYDAY=MO;COUNT=5", "2026-11-01T09:00", "2028-01-01T00:00:00Z", &["11-02 08:00", "11-09 08:00", "11-16 08:00", "11-23 08:00", "11-30 08:00"]),
            ("FREQ=MONTHLY;INTERVAL=6;COUNT=2", "2026-11-15T09:00", "2028-01-01T00:00:00Z", &["11-15 08:00", "05-15 07:00"]),
        ];
        for (rule, first, until, expected) in table {
            assert_eq!(days(rule, first, until), *expected, "{rule}");
        }
    }

    #[test]
    fn a_block_stays_at_its_wall_clock_time_over_a_change_of_the_clock() {
        let found = days("FREQ=WEEKLY", "2026-10-18T02:30", "2026-11-02T00:00:00Z");
        assert_eq!(found, ["10-18 00:30", "10-25 00:30", "11-01 01:30"], "of two, the first");
        let found = days("FREQ=WEEKLY", "2027-03-21T02:30", "2027-04-05T00:00:00Z");
        assert_eq!(found, ["03-21 01:30", "03-28 01:30", "04-04 00:30"], "03:30 on the 28th");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "DAILY",
            "FREQ=YEARLY",
            "FREQ=DAILY;FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;COUNT=2001",
            "FREQ=DAILY;COUNT=2;UNTIL=20261213",
            "FREQ=DAILY;UNTIL=2026-12-13",
            "FREQ=DAILY;UNTIL=20261313",
            "FREQ=WEEKLY;BYDAY=1MO",
            "FREQ=MONTHLY;BYDAY=6MO",
            "FREQ=MONTHLY;BYDAY=0MO",
            "FREQ=MONTHLY;BYDAY=é",
            "FREQ=MONTHLY;BYMONTHDAY=3",
            "FREQ=WEEKLY;WKST=SU",
            &format!("FREQ=DAILY;{}", ";".repeat(600)),
        ] {
            assert!(Recurrence::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for text in [
            "FREQ=DAILY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10",
            "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231",
            "FREQ=DAILY;UNTIL=20261124T080000Z",
        ] {
            assert_eq!(Recurrence::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_rule_without_an_end_is_bounded() {
        let rule = Recurrence::parse("FREQ=DAILY").unwrap();
        let window = Stretch { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX };
        let far = "9000-01-01T00:00:00Z".parse().unwrap();
        let window = Stretch { until: far, ..window };
        let first = "1970-01-01T09:00".parse().unwrap();
        let found = stretches(first, 60, Some(&rule), &TimeZone::UTC, window);
        assert_eq!(found.len(), Recurrence::MAX_TIMES);
    }
}
