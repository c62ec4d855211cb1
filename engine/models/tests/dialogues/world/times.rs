//! What is free at a dealer in memory, and why nothing is.

use forecourt_core::{
    booking::Why,
    calendar,
    dialogue::Offer,
    id::ServiceId,
    tools::{
        request::{CheckAvailability, ProposeSlots},
        results::{self, SlotRow, Slots},
    },
};
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time},
};

use super::World;

impl World {
    pub(super) fn availability(
        &self,
        check: &CheckAvailability,
        offers: &mut Vec<Offer>,
    ) -> String {
        let mut slots = self.free(check.service_id, check.date, 1, None, None);
        let at = check.time.map(|time| self.instant(check.date, time));
        let free = at.map_or(!slots.is_empty(), |at| self.grant(check.service_id, at).is_ok());
        let mut why = Vec::new();
        if !free {
            let sentence = |why: Why| why.sentence(self.lang, &self.zone, self.now);
            why = match at {
                Some(at) => self.grant(check.service_id, at).unwrap_err(),
                None => self.why_none(check.service_id, check.date),
            }
            .into_iter()
            .map(sentence)
            .collect();
            why.dedup();
            if slots.is_empty() {
                slots = self.free(check.service_id, check.date, 14, None, None);
            }
        }
        offers.extend(slots.iter().map(|row| self.offer(check.service_id, row)));
        self.write_slots(slots, Some(free), why)
    }

    pub(super) fn proposed(&self, propose: &ProposeSlots, offers: &mut Vec<Offer>) -> String {
        let from = propose.from_date.unwrap_or_else(|| self.today());
        let days = propose.days.unwrap_or(14);
        let slots = self.free(propose.service_id, from, days, propose.after, propose.before);
        offers.extend(slots.iter().map(|row| self.offer(propose.service_id, row)));
        self.write_slots(slots, None, vec![])
    }

    pub(super) fn today(&self) -> Date {
        self.zone.to_datetime(self.now).date()
    }

    pub(super) fn instant(&self, date: Date, time: Time) -> Timestamp {
        date.to_datetime(time).to_zoned(self.zone.clone()).unwrap().timestamp()
    }

    pub(super) fn grant(&self, service: ServiceId, from: Timestamp) -> Result<(), Vec<Why>> {
        let hours = &self.settings.hours;
        self.agenda().grant(service, None, hours, &self.zone, self.now, from).map(|_| ())
    }

    pub(super) fn why_none(&self, service: ServiceId, date: Date) -> Vec<Why> {
        let hours = &self.settings.hours;
        let why = self.agenda().why_none(service, None, hours, &self.zone, self.now, date, 1);
        why.into_iter().map(|(why, _)| why).collect()
    }

    pub(super) fn free(
        &self,
        service: ServiceId,
        from: Date,
        days: u16,
        after: Option<Time>,
        before: Option<Time>,
    ) -> Vec<SlotRow> {
        let hours = &self.settings.hours;
        let free = self.agenda().free(service, None, hours, &self.zone, self.now, from, days, 500);
        let row = |at: Timestamp| {
            let local = self.zone.to_datetime(at);
            SlotRow {
                date: local.date(),
                weekday: calendar::weekday(self.lang, local.weekday()).to_owned(),
                time: local.time(),
                starts_at: at,
                customer_time: self.clock_ahead.map(|ahead| {
                    let there = local.checked_add(ahead.minutes()).unwrap().time();
                    format!("{:02}:{:02}", there.hour(), there.minute())
                }),
            }
        };
        free.into_iter()
            .map(|free| row(free.from))
            .filter(|row| after.is_none_or(|after| row.time >= after))
            .filter(|row| before.is_none_or(|before| row.time <= before))
            .take(results::MOST_SLOTS)
            .collect()
    }

    pub(super) fn offer(&self, service: ServiceId, row: &SlotRow) -> Offer {
        let minutes = i64::from(self.service(service).minutes);
        let until = row.starts_at + SignedDuration::from_mins(minutes);
        Offer { service, from: row.starts_at, until, resource: None }
    }

    pub(super) fn write_slots(
        &self,
        slots: Vec<SlotRow>,
        free: Option<bool>,
        why: Vec<String>,
    ) -> String {
        results::write(&Slots { slots, zone: self.settings.zone.clone(), free, why })
    }
}
