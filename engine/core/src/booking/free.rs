//! Free times of a service over the ledgers of what it needs, and why there is none.
//!
//! # Invariants
//! - a free time lies inside one open stretch of the tenant's hours, after the notice and before the
//!   horizon, and every need has a resource of its own that is free, buffers included;
//! - wall-clock times that a change to summer time skips are not offered; of a repeated hour the
//!   first is meant;
//! - what is offered here is what `grant` grants at the same instant.

use std::collections::BTreeMap;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use super::{
    Ledger, Need, Take, Terms, Why,
    ledger::{Stretch, is_open},
    wall::{WallClock, seconds},
};
use crate::{
    hours::OpeningHours,
    id::{BookingId, ServiceId},
};

const DAY: i64 = 86_400;

/// A time that can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FreeTime {
    pub service: ServiceId,
    #[serde(rename = "starts_at")]
    pub from: Timestamp,
    #[serde(rename = "ends_at")]
    pub until: Timestamp,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub terms: &'a Terms,
    /// The tenant's.
    pub hours: &'a OpeningHours,
    pub zone: &'a TimeZone,
    pub now: Timestamp,
    /// A booking that is to be moved, if one is.
    pub moving: Option<BookingId>,
}

impl Question<'_> {
    /// Days that one question looks at (A9).
    pub const MAX_DAYS: u16 = 92;

    /// Whether the service can be booked at `from`: the takes it would get, or every reason why not.
    pub fn grant(&self, ledgers: &[&Ledger], from: Timestamp) -> Result<Vec<Take>, Vec<Why>> {
        let stretch = self.stretch(from);
        self.in_time(from).map_err(|why| vec![why])?;
        // Its resources may keep hours of their own; without any, the tenant's hold.
        if !self.needs_keep_hours(ledgers) && !is_open(self.hours, self.zone, stretch) {
            return Err(vec![Why::Closed]);
        }
        self.takes(ledgers, stretch)
    }

    /// The free times on `days` days from `first` (in the tenant's zone), in order, `limit` at most.
    ///
    /// Starts lie on a grid of half hours counted from each opening; services shorter than half an
    /// hour use their own length as the grid.
    pub fn free(&self, ledgers: &[&Ledger], first: Date, days: u16, limit: usize) -> Vec<FreeTime> {
        let mut found = Vec::new();
        if limit == 0 || self.offered().is_err() {
            return found;
        }
        let needs = self.terms.needs();
        self.candidates(first, days, |from| {
            let stretch = self.stretch(from);
            if self.in_time(from).is_ok() && self.fits(&needs, ledgers, stretch) {
                let service = self.terms.service;
                found.push(FreeTime { service, from: stretch.from, until: stretch.until });
            }
            found.len() < limit
        });
        found
    }

    /// Why there is no free time on these days: every reason with how many times it ruled out, the
    /// commonest first. A day that is closed counts once.
    pub fn why_none(&self, ledgers: &[&Ledger], first: Date, days: u16) -> Vec<(Why, u32)> {
        let mut counts: BTreeMap<Why, u32> = BTreeMap::new();
        let mut note = |why| *counts.entry(why).or_default() += 1;
        if let Err(why) = self.offered() {
            return vec![(why, 1)];
        }
        let mut date = first;
        for _ in 0..days.min(Self::MAX_DAYS) {
            let mut any = false;
            self.candidates(date, 1, |from| {
                any = true;
                if let Err(reasons) = self.grant(ledgers, from) {
                    reasons.into_iter().for_each(&mut note);
                }
                true
            });
            if !any {
                note(Why::Closed);
            }
            let Ok(tomorrow) = date.tomorrow() else { break };
            date = tomorrow;
        }
        let mut told: Vec<(Why, u32)> = counts.into_iter().collect();
        told.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
        told.truncate(20);
        told
    }

    pub fn stretch(&self, from: Timestamp) -> Stretch {
        let length = SignedDuration::from_mins(i64::from(self.terms.minutes));
        Stretch { from, until: from.checked_add(length).unwrap_or(Timestamp::MAX) }
    }

    fn offered(&self) -> Result<(), Why> {
        if self.terms.active && self.terms.minutes > 0 { Ok(()) } else { Err(Why::NotOffered) }
    }

    fn in_time(&self, from: Timestamp) -> Result<(), Why> {
        self.offered()?;
        let notice = SignedDuration::from_mins(i64::from(self.terms.notice_minutes));
        let earliest = self.now.checked_add(notice).unwrap_or(Timestamp::MAX);
        if from < earliest {
            return Err(Why::TooSoon { earliest });
        }
        let horizon = SignedDuration::from_hours(24 * i64::from(self.terms.horizon_days));
        let latest = self.now.checked_add(horizon).unwrap_or(Timestamp::MAX);
        if from > latest {
            return Err(Why::TooFar { latest });
        }
        Ok(())
    }

    /// Whether some need is served only by resources with hours of their own.
    fn needs_keep_hours(&self, ledgers: &[&Ledger]) -> bool {
        self.terms.needs().iter().any(|need| {
            let mut suits =
                ledgers.iter().map(|l| l.resource()).filter(|r| need.suits(r)).peekable();
            suits.peek().is_some() && suits.all(|resource| resource.hours.is_some())
        })
    }

    fn fits(&self, needs: &[Need], ledgers: &[&Ledger], stretch: Stretch) -> bool {
        // The common case without an allocation: one need.
        if let [need] = needs {
            return ledgers.iter().any(|ledger| {
                need.suits(ledger.resource())
                    && ledger.ask(self.terms, stretch, self.moving, self.now).is_ok()
                    && ledger.works(self.hours, self.zone, stretch)
            });
        }
        self.takes(ledgers, stretch).is_ok()
    }

    /// One resource for each need, all different: the first choice that works out.
    fn takes(&self, ledgers: &[&Ledger], stretch: Stretch) -> Result<Vec<Take>, Vec<Why>> {
        let mut why = Vec::new();
        let mut choices: Vec<Vec<Take>> = Vec::new();
        for need in self.terms.needs() {
            let (takes, reasons) = self.choices(&need, ledgers, stretch);
            if takes.is_empty() {
                why.extend(reasons);
            }
            choices.push(takes);
        }
        if !why.is_empty() {
            return Err(why);
        }
        let mut chosen = Vec::with_capacity(choices.len());
        if distinct(&choices, &mut chosen) {
            Ok(chosen)
        } else {
            // Each need could be served alone, but not all at once: somebody is needed twice.
            let twice = choices.iter().flatten().next().map(|take| take.resource);
            Err(twice.map(|resource| Why::Booked { resource }).into_iter().collect())
        }
    }

    fn choices(&self, need: &Need, ledgers: &[&Ledger], stretch: Stretch) -> (Vec<Take>, Vec<Why>) {
        let (mut takes, mut why) = (Vec::new(), Vec::new());
        let mut suits: Vec<&&Ledger> =
            ledgers.iter().filter(|ledger| need.suits(ledger.resource())).collect();
        if suits.is_empty() {
            why.push(Why::Nothing { kind: need.kind });
        }
        let place = |ledger: &&&Ledger| {
            need.only.iter().position(|id| *id == ledger.resource().id).unwrap_or(usize::MAX)
        };
        suits.sort_by_key(place);
        for ledger in suits {
            let resource = ledger.resource().id;
            if !ledger.works(self.hours, self.zone, stretch) {
                why.push(if ledger.resource().hours.is_some() {
                    Why::OffDuty { resource }
                } else {
                    Why::Closed
                });
                continue;
            }
            match ledger.ask(self.terms, stretch, self.moving, self.now) {
                Ok(take) => takes.push(take),
                Err(reason) => why.push(reason),
            }
        }
        (takes, why)
    }

    /// Every start on the grid, in order, until `each` says to stop.
    fn candidates(&self, first: Date, days: u16, mut each: impl FnMut(Timestamp) -> bool) {
        let length = i64::from(self.terms.minutes) * 60;
        let step = i64::from(self.terms.minutes.clamp(5, 30)) * 60;
        let (mut clock, mut date, mut last) = (WallClock::new(self.zone), first, i64::MIN);
        // What is over cannot be booked: days before today are not walked through.
        let today = self.zone.to_datetime(self.now).date();
        for _ in 0..days.min(Self::MAX_DAYS) {
            let day = clock.day(date);
            let spans = if date < today { &[][..] } else { self.hours.on(date) };
            for span in spans {
                let (opens, closes) = seconds(*span);
                let Some(closes_at) = day.last_instant(closes) else { continue };
                let mut start = opens;
                while start < closes {
                    let begins = day.first_instant(start);
                    start += step;
                    let Some(begins) = begins else { continue };
                    if begins + length > closes_at {
                        if day.is_steady() {
                            break;
                        }
                        continue;
                    }
                    if begins <= last {
                        continue;
                    }
                    last = begins;
                    let Ok(at) = Timestamp::from_second(begins) else { continue };
                    if !each(at) {
                        return;
                    }
                }
            }
            match date.tomorrow() {
                Ok(tomorrow) => date = tomorrow,
                Err(_) => break,
            }
        }
        debug_assert!(last < i64::MAX - DAY, "a start is a time of this world");
    }
}

/// The instant that a wall-clock time of `zone` means: of a repeated hour the first; what the clock
/// skips does not exist.
pub fn on_the_clock(local: DateTime, zone: &TimeZone) -> Result<Timestamp, Why> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(Why::Skipped);
    }
    ambiguous.earlier().map_err(|_| Why::Skipped)
}

/// Picks one take of each list, no resource twice. The lists are short: [`Terms::MAX_NEEDS`].
fn distinct(choices: &[Vec<Take>], chosen: &mut Vec<Take>) -> bool {
    let Some((first, rest)) = choices.split_first() else { return true };
    for take in first {
        if chosen.iter().any(|other| other.resource == take.resource) {
            continue;
        }
        chosen.push(*take);
        if distinct(rest, chosen) {
            return true;
        }
        chosen.pop();
    }
    false
}

#[cfg(test)]
#[path = "free_tests.rs"]
mod tests;
