//! When somebody can call, and who does.
//!
//! # Invariants
//! - a time lies inside one open stretch of the tenant's hours, after the notice, within the days that are
//!   offered; wall-clock times that a change to summer time skips are not offered;
//! - somebody of the team has nothing else to call at that time, and it is theirs who is chosen;
//! - the same team in any order gives the same choice (A3).

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{CallTime, CallbackSettings};
use crate::{
    booking::wall::{WallClock, seconds},
    hours::OpeningHours,
    id::MemberId,
    routing::Reason,
};

/// A call-back that is agreed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub member: MemberId,
    pub at: Timestamp,
    pub until: Timestamp,
}

impl Taken {
    fn meets(&self, member: MemberId, time: CallTime) -> bool {
        self.member == member && self.at < time.until() && time.at < self.until
    }
}

/// Somebody who can call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub member: MemberId,
    /// Conversations that are theirs and not closed.
    pub open: u64,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub settings: CallbackSettings,
    /// The tenant's.
    pub hours: &'a OpeningHours,
    pub zone: &'a TimeZone,
    pub now: Timestamp,
    pub team: &'a [Caller],
    pub taken: &'a [Taken],
}

impl Question<'_> {
    /// The free times in order: `a_day` of each day at most, `most` in all.
    pub fn free(&self, a_day: usize, most: usize) -> Vec<CallTime> {
        let mut found = Vec::new();
        let (mut clock, mut date) = (WallClock::new(self.zone), self.today());
        for _ in 0..self.settings.days {
            let day = clock.day(date);
            let mut today = 0;
            for span in self.hours.on(date) {
                let (opens, closes) = seconds(*span);
                let Some(closes_at) = day.last_instant(closes) else { continue };
                let mut start = opens;
                while start < closes && today < a_day && found.len() < most {
                    let begins = day.first_instant(start);
                    start += self.length();
                    let at = begins.and_then(|second| Timestamp::from_second(second).ok());
                    let Some(at) = at.filter(|at| at.as_second() + self.length() <= closes_at)
                    else {
                        continue;
                    };
                    let time = CallTime { at, minutes: self.settings.minutes };
                    let is_new = found.last().is_none_or(|last: &CallTime| last.until() <= at);
                    if is_new && at >= self.earliest() && self.who(time).next().is_some() {
                        found.push(time);
                        today += 1;
                    }
                }
            }
            match date.tomorrow() {
                Ok(tomorrow) => date = tomorrow,
                Err(_) => break,
            }
        }
        found
    }

    /// The time that begins at `at`, when it is one that is free.
    pub fn at(&self, at: Timestamp) -> Option<CallTime> {
        // A day has no more quarters of an hour than this: nothing is cut off.
        self.free(usize::MAX, usize::MAX).into_iter().find(|time| time.at == at)
    }

    /// Who calls at a time: whose conversation it is, else who has the fewest calls, then the fewest open
    /// conversations. `None` when nobody has time.
    pub fn choose(
        &self,
        time: CallTime,
        owner: Option<MemberId>,
    ) -> Option<(MemberId, Vec<Reason>)> {
        let can: Vec<&Caller> = self.who(time).collect();
        if let Some(owner) = can.iter().find(|one| owner == Some(one.member)) {
            return Some((owner.member, vec![Reason::Owner]));
        }
        let load = |one: &Caller| (self.calls(one.member), one.open);
        let best = can.iter().min_by_key(|one| (load(one), one.member))?;
        let why = match can.iter().filter(|one| load(one) == load(best)).count() {
            _ if can.len() == 1 => Reason::OnlyOne,
            1 => Reason::FewestOpen,
            _ => Reason::Order,
        };
        Some((best.member, vec![why]))
    }

    fn who(&self, time: CallTime) -> impl Iterator<Item = &Caller> {
        self.team
            .iter()
            .filter(move |one| !self.taken.iter().any(|taken| taken.meets(one.member, time)))
    }

    fn calls(&self, member: MemberId) -> usize {
        self.taken.iter().filter(|taken| taken.member == member).count()
    }

    fn today(&self) -> jiff::civil::Date {
        self.zone.to_datetime(self.now).date()
    }

    fn length(&self) -> i64 {
        i64::from(self.settings.minutes.max(10)) * 60
    }

    fn earliest(&self) -> Timestamp {
        let notice = SignedDuration::from_mins(i64::from(self.settings.notice_minutes));
        self.now.saturating_add(notice).unwrap_or(Timestamp::MAX)
    }
}
