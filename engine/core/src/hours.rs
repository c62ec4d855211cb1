//! Opening hours in the tenant's zone: split days, and exceptions such as holidays.

use jiff::civil::{Date, Time, Weekday};
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

impl OpeningHours {
    /// The open stretches of a day, in order.
    pub fn on(&self, date: Date) -> &[Span] {
        if let Some(exception) = self.exceptions.iter().rev().find(|e| e.date == date) {
            return &exception.spans;
        }
        self.on_weekday(date.weekday())
    }

    /// The open stretches of an ordinary weekday.
    pub fn on_weekday(&self, weekday: Weekday) -> &[Span] {
        let index = usize::from(weekday.to_monday_zero_offset().unsigned_abs());
        self.week.get(index).map_or(&[], Vec::as_slice)
    }
}
