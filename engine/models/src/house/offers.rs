//! Which times are offered: those that suit, or why none does and what is near.

use forecourt_core::{
    tools::{
        ToolName,
        request::{CheckAvailability, ProposeSlots},
        results::{SlotRow, Slots},
    },
    utterance::{Choice, Window},
};
use jiff::{
    ToSpan as _,
    civil::{Date, Time},
};

use super::{
    plan::{Parts, Plan},
    rounds::Got,
    say::Asked,
    times::clock,
};

/// Times that are offered at once.
const OFFERED: usize = 4;
/// Days that are asked about one by one.
const DAYS: usize = 3;
/// How far days are looked for when some are ruled out.
const AHEAD: i32 = 14;

impl Plan<'_> {
    /// Looks for times that suit, and offers some.
    pub(super) fn propose(&self, service: usize) -> Parts {
        let Some(id) = self.knowledge().services.get(service).map(|one| one.id) else {
            return Ok(self.not_understood());
        };
        let vehicle_id = self.vehicle_for(service);
        let choices: &[Choice] = if self.said.heard.soonest { &[] } else { &self.thread.choices };
        let not_days = &self.thread.not_days;
        let mut days: Vec<Date> = choices.iter().flat_map(|choice| choice.days.clone()).collect();
        days.retain(|day| !not_days.contains(day) && *day >= self.today);
        days.sort_unstable();
        days.dedup();
        let windows: Vec<Window> = choices.iter().flat_map(|choice| choice.times.clone()).collect();
        let after =
            windows.iter().map(|window| window.from).min().filter(|from| *from > 0).map(clock);
        let before =
            windows.iter().map(|w| w.until).max().filter(|until| *until < 24 * 60).map(clock);
        let ask_day = |day: Date| ProposeSlots {
            service_id: id,
            vehicle_id,
            from_date: Some(day),
            days: Some(1),
            after,
            before: before.filter(|before| Some(*before) != after),
        };
        let check = |date: Date| CheckAvailability { service_id: id, vehicle_id, date, time: None };
        if days.is_empty() && !not_days.is_empty() {
            days = (0..AHEAD)
                .filter_map(|ahead| self.today.checked_add(ahead.days()).ok())
                .filter(|day| !not_days.contains(day) && !self.hours_on(*day).is_empty())
                .take(DAYS)
                .collect();
        }
        let mut found = Slots::default();
        let mut asked = true;
        match days.as_slice() {
            [] => {
                let args = ProposeSlots {
                    service_id: id,
                    vehicle_id,
                    from_date: None,
                    days: None,
                    after,
                    // A clock time is asked for from then on, and looked for among what comes.
                    before: before.filter(|before| Some(*before) != after),
                };
                found = flat(self.rounds.need(ToolName::ProposeSlots, &args)?);
            }
            [day] if windows.is_empty() => {
                found = flat(self.rounds.need(ToolName::CheckAvailability, &check(*day))?);
                asked = found.slots.iter().any(|row| row.date == *day);
            }
            several => {
                let open: Vec<Date> =
                    several.iter().copied().filter(|day| !self.hours_on(*day).is_empty()).collect();
                let wanted: Vec<ProposeSlots> =
                    open.iter().take(DAYS).map(|day| ask_day(*day)).collect();
                for got in self.rounds.need_each(ToolName::ProposeSlots, &wanted)? {
                    let got = flat(got);
                    found.slots.extend(got.slots);
                    found.zone = got.zone;
                }
            }
        }
        let suits = |row: &SlotRow| {
            let minute = u16::from(row.time.hour().unsigned_abs()) * 60
                + u16::from(row.time.minute().unsigned_abs());
            (days.is_empty() || days.contains(&row.date))
                && !not_days.contains(&row.date)
                && (windows.is_empty() || windows.iter().any(|window| window.holds(minute)))
        };
        let mut rows: Vec<SlotRow> = found.slots.iter().filter(|row| suits(row)).cloned().collect();
        let mut parts = Vec::new();
        if rows.is_empty() {
            asked = false;
            // Why, and what is near.
            let day = days.first().copied();
            if let Some(day) = day {
                found = flat(self.rounds.need(ToolName::CheckAvailability, &check(day))?);
            } else if !windows.is_empty() {
                let args = ProposeSlots {
                    service_id: id,
                    vehicle_id,
                    from_date: None,
                    days: None,
                    after: None,
                    before: None,
                };
                found = flat(self.rounds.need(ToolName::ProposeSlots, &args)?);
            }
            rows =
                found.slots.iter().filter(|row| !not_days.contains(&row.date)).cloned().collect();
        }
        if !asked {
            parts.extend(self.why_not(&found, rows.is_empty()));
        }
        if rows.is_empty() {
            parts.push(self.say.ask(Asked::Person));
            return Ok(parts);
        }
        parts.extend(self.rows(service, &rows));
        parts.push(self.say.ask(Asked::WhichTime));
        Ok(parts)
    }

    /// A clock time that is not free: why, and what is near it.
    pub(super) fn not_free(
        &self,
        service: usize,
        date: Date,
        time: Time,
        near: &[SlotRow],
    ) -> Parts {
        let Some(id) = self.knowledge().services.get(service).map(|one| one.id) else {
            return Ok(self.not_understood());
        };
        let vehicle_id = self.vehicle_for(service);
        let args = CheckAvailability { service_id: id, vehicle_id, date, time: Some(time) };
        let found: Slots = flat(self.rounds.need(ToolName::CheckAvailability, &args)?);
        let near = if near.is_empty() { &found.slots } else { near };
        let mut parts = self.why_not(&found, near.is_empty());
        if near.is_empty() {
            parts.push(self.say.ask(Asked::When));
        } else {
            parts.extend(self.rows(service, near));
            parts.push(self.say.ask(Asked::WhichTime));
        }
        Ok(parts)
    }

    fn why_not(&self, found: &Slots, nothing: bool) -> Vec<String> {
        // A sentence for the customer begins like one; a note for models does not, and is in no language.
        let is_sentence = |why: &&String| {
            let arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c);
            why.chars().next().is_some_and(|c| c.is_uppercase() || arabic(c))
        };
        let mut parts: Vec<String> =
            found.why.iter().filter(is_sentence).take(2).cloned().collect();
        if parts.is_empty() {
            parts.push(if nothing { self.say.nothing_free() } else { self.say.not_then() });
        }
        if !nothing {
            parts.push(self.say.instead());
        }
        parts
    }

    fn hours_on(&self, day: Date) -> &[forecourt_core::hours::Span] {
        self.ask.grounding.settings.hours.on(day)
    }

    /// Some of the times, by day; of two days at most.
    pub(super) fn rows(&self, service: usize, rows: &[SlotRow]) -> Vec<String> {
        let mut days: Vec<(Date, Vec<&SlotRow>)> = Vec::new();
        for row in rows {
            match days.iter_mut().find(|(date, _)| *date == row.date) {
                Some((_, of_day)) => of_day.push(row),
                None => days.push((row.date, vec![row])),
            }
        }
        days.truncate(2);
        let each = OFFERED / days.len().max(1);
        let name = self.service_name(service);
        let mut parts = Vec::new();
        let mut shift = None;
        for (date, of_day) in &days {
            let soonest = self.said.heard.soonest;
            let picked = if soonest { first(of_day, each) } else { spread(of_day, each) };
            let times: Vec<Time> = picked.iter().map(|row| row.time).collect();
            shift = shift.or_else(|| picked.iter().find_map(|row| minutes_ahead(row)));
            parts.push(self.say.free(name, *date, &times));
        }
        if let Some(shift) = shift.filter(|shift| *shift != 0) {
            let zone = &self.ask.grounding.settings.zone;
            let city = zone.rsplit('/').next().unwrap_or(zone).replace('_', " ");
            parts.push(self.say.zone_of_business(&city, shift));
        }
        parts
    }
}

fn flat(got: Got<Slots>) -> Slots {
    match got {
        Some(Ok(slots)) => slots,
        Some(Err(failed)) => Slots { slots: failed.near, ..Slots::default() },
        None => Slots::default(),
    }
}

fn first<'a>(rows: &[&'a SlotRow], most: usize) -> Vec<&'a SlotRow> {
    rows.iter().copied().take(most).collect()
}

/// Early, late and between: at most `most` of a day's times.
fn spread<'a>(rows: &[&'a SlotRow], most: usize) -> Vec<&'a SlotRow> {
    if rows.len() <= most || most < 2 {
        return first(rows, most);
    }
    (0..most).map(|nth| rows[nth * (rows.len() - 1) / (most - 1)]).collect()
}

/// How far the customer's clock is ahead of the business's, in minutes.
fn minutes_ahead(row: &SlotRow) -> Option<i32> {
    let said = row.customer_time.as_deref()?;
    let clock = said.split_whitespace().rev().find_map(|word| word.parse::<Time>().ok())?;
    let minutes = |time: Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let ahead = (minutes(clock) - minutes(row.time)).rem_euclid(24 * 60);
    Some(if ahead > 14 * 60 { ahead - 24 * 60 } else { ahead })
}
