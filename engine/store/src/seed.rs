//! Demo content: two invented businesses, whole, to try the engine with.
//!
//! Lives here: the values only, read from the data files in `seed/`; how a tenant is stored is
//! [`crate::pg`]'s. May depend on: `core`, `ports`. Names, addresses and numbers are invented:
//! domains end in `.example`, phone numbers belong to nobody.
//!
//! # Invariants
//! - **A3** the same instant and hash always give the same tenants: ids stand in the data files or
//!   are worked out of them, and a booking has the same id whenever it is seeded, so that a later
//!   seeding adds days and never doubles a booking;
//! - bookings lie inside the opening hours and leave free times on every open day;
//! - **A9** bookings reach [`DAYS_AHEAD`] days ahead, closed days [`YEARS_AHEAD`] years.

use std::collections::HashMap;

use forecourt_core::{
    hours::{Exception, Span},
    id::{BookingId, MemberId, ServiceId, TenantId},
    knowledge::{Faq, Knowledge, Service, Vehicle},
    lang::Lang,
    settings::TenantSettings,
};
use forecourt_ports::store::{Busy, Member, NewMember, NewTenant, Role, TenantSnapshot};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
};
use serde::Deserialize;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// The data files, in the order in which the tenants are made.
const FILES: [&str; 2] =
    [include_str!("../seed/nordlys-bil.json"), include_str!("../seed/garage-lumiere.json")];

/// How many days have bookings, today included.
const DAYS_AHEAD: i64 = 42;
/// For how many years public holidays are entered, this year included.
const YEARS_AHEAD: i16 = 3;

/// A business as its data file tells it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Business {
    tenant: TenantId,
    slug: String,
    pack: String,
    name: String,
    /// Without the days that are closed every year; those follow from `yearly`.
    settings: TenantSettings,
    yearly: Vec<Yearly>,
    members: Vec<Person>,
    services: Vec<Service>,
    vehicles: Vec<Vehicle>,
    faqs: Vec<Faq>,
    bookings: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    member: MemberId,
    name: String,
    email: String,
    role: Role,
    lang: Lang,
}

/// A day that has hours of its own every year. (Its `name` in the data file is for the reader.)
#[derive(Deserialize)]
struct Yearly {
    day: Feast,
    /// Nothing when closed.
    #[serde(default)]
    open: Vec<Span>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Feast {
    /// A month and a day of it.
    Fixed(i8, i8),
    /// So many days after Easter Sunday.
    Easter(i64),
}

/// Bookings of one service that come again every week, or every other week.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    service: ServiceId,
    /// From 1 for Monday to 7 for Sunday.
    days: Vec<i8>,
    #[serde(default)]
    weeks: Weeks,
    /// Starts in the tenant's zone; one that stands twice is booked twice.
    at: Vec<Time>,
}

/// The weeks of a rule, by their ISO 8601 number.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Weeks {
    #[default]
    Every,
    Even,
    Odd,
}

/// The demo tenants as of `now`: `nordlys-bil`, then `garage-lumiere`.
///
/// Every member signs in with the password of `password_hash`, a PHC string.
pub fn demo(now: Timestamp, password_hash: &str) -> Vec<NewTenant> {
    FILES.map(|file| Business::read(file).into_tenant(now, password_hash)).into()
}

impl Business {
    fn read(file: &str) -> Self {
        serde_json::from_str(file).expect("the file is part of the binary, and the tests read it")
    }

    fn into_tenant(mut self, now: Timestamp, password_hash: &str) -> NewTenant {
        let today = self.settings.time_zone().to_datetime(now).date();
        let closed = self.days_of_their_own(today.year());
        self.settings.hours.exceptions = closed;
        let mut busy = self.bookings(today);
        busy.retain(|busy| busy.ends_at > now);
        let member = |person: Person| NewMember {
            member: Member {
                tenant: self.tenant,
                member: person.member,
                name: person.name,
                email: person.email,
                role: person.role,
            },
            lang: person.lang,
            password_hash: Some(password_hash.to_owned()),
        };
        NewTenant {
            members: self.members.into_iter().map(member).collect(),
            snapshot: TenantSnapshot {
                id: self.tenant,
                slug: self.slug,
                pack: self.pack,
                settings: self.settings,
            },
            name: self.name,
            knowledge: Knowledge {
                services: self.services,
                faqs: self.faqs,
                vehicles: self.vehicles,
                tools: Vec::new(),
            },
            busy,
        }
    }

    /// Each date once, in order: a feast that closes wins over one that opens for a while, and
    /// short hours do not open a day that is closed anyway.
    fn days_of_their_own(&self, first: i16) -> Vec<Exception> {
        let mut days: Vec<Exception> = (first..first.saturating_add(YEARS_AHEAD))
            .flat_map(|year| self.yearly.iter().map(move |yearly| (year, yearly)))
            .filter_map(|(year, yearly)| {
                Some(Exception { date: yearly.day.of(year)?, spans: yearly.open.clone() })
            })
            .filter(|day| {
                let usual = self.settings.hours.on_weekday(day.date.weekday());
                day.spans.is_empty() || !usual.is_empty()
            })
            .collect();
        days.sort_by_key(|day| (day.date, day.spans.len()));
        days.dedup_by_key(|day| day.date);
        days
    }

    /// The bookings of the days from `today`, in order of days and rules; `settings` are whole.
    fn bookings(&self, today: Date) -> Vec<Busy> {
        let mut busy = Vec::new();
        for offset in 0..DAYS_AHEAD {
            let Ok(date) = today.checked_add(offset.days()) else { break };
            let mut taken = HashMap::new();
            for rule in self.bookings.iter().filter(|rule| rule.is_on(date)) {
                let place = self.services.iter().position(|service| service.id == rule.service);
                let Some(place) = place else { continue };
                for time in &rule.at {
                    let Some((starts_at, ends_at)) = self.stretch(place, date, *time) else {
                        continue;
                    };
                    let nth: &mut u8 = taken.entry((place, *time)).or_default();
                    *nth += 1;
                    busy.push(Busy {
                        booking: booking_id(self.tenant, place, *nth, date, *time),
                        service: rule.service,
                        starts_at,
                        ends_at,
                    });
                }
            }
        }
        busy
    }

    /// When a booking starts and ends; `None` when the business is not open all that time.
    fn stretch(&self, place: usize, date: Date, time: Time) -> Option<(Timestamp, Timestamp)> {
        let minutes = i64::from(self.services.get(place)?.minutes);
        let ends = time.checked_add(minutes.minutes()).ok()?;
        let spans = self.settings.hours.on(date);
        if !spans.iter().any(|span| span.opens <= time && time < ends && ends <= span.closes) {
            return None;
        }
        let zone = self.settings.time_zone();
        let at = |time: Time| zone.to_timestamp(date.to_datetime(time)).ok();
        at(time).zip(at(ends))
    }
}

impl Feast {
    fn of(self, year: i16) -> Option<Date> {
        match self {
            Self::Fixed(month, day) => Date::new(year, month, day).ok(),
            Self::Easter(days) => easter_sunday(year)?.checked_add(days.days()).ok(),
        }
    }
}

impl Rule {
    fn is_on(&self, date: Date) -> bool {
        let even = date.iso_week_date().week() % 2 == 0;
        let this_week = match self.weeks {
            Weeks::Every => true,
            Weeks::Even => even,
            Weeks::Odd => !even,
        };
        this_week && self.days.contains(&date.weekday().to_monday_one_offset())
    }
}

/// Easter Sunday of a year of the Gregorian calendar: the Sunday after the full moon that the
/// church reckons on or next after 21 March.
fn easter_sunday(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (golden, century) = (y % 19, y / 100);
    // How many days after 21 March the reckoned moon is full.
    let leaps_left_out = century - century / 4;
    let moon_drift = (8 * century + 13) / 25;
    let moon = (19 * golden + leaps_left_out - moon_drift + 15) % 30;
    // Two late moons are reckoned a day earlier, so that Easter is never after 25 April.
    let moon = moon - i32::from(moon == 29 || moon == 28 && golden > 10);
    let full = Date::new(year, 3, 21).ok()?.checked_add(i64::from(moon).days()).ok()?;
    full.nth_weekday(1, Weekday::Sunday).ok()
}

/// The tenant's id with the place of the service, the booking's number, and the date and time in
/// its last digits: `…7004-8<service><nn>-<yyyymmddhhmm>`.
fn booking_id(tenant: TenantId, place: usize, nth: u8, date: Date, time: Time) -> BookingId {
    let digits = format!(
        "{}{nth:02}{:04}{:02}{:02}{:02}{:02}",
        place % 10,
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
    );
    // Decimal digits, each as one digit of the id.
    let shown = digits.bytes().fold(0, |id, digit| id << 4 | u128::from(digit - b'0'));
    let kind = 0x0004_u128 << 64;
    BookingId::from_uuid(Uuid::from_u128(tenant.as_uuid().as_u128() | kind | shown))
}
