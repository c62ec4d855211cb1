//! Holidays and bookings: right dates, inside the hours, with free times left.

use std::collections::HashSet;

use forecourt_core::booking::{Agenda, Stretch};
use jiff::{SignedDuration, civil::date, tz::TimeZone};

use super::{super::*, assert_distinct, instants, tenants};

#[test]
fn easter_is_when_the_church_has_it() {
    for (year, month, day) in [
        (1818, 3, 22),
        (1943, 4, 25),
        (1954, 4, 18),
        (1981, 4, 19),
        (2000, 4, 23),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2028, 4, 16),
        (2038, 4, 25),
        (2049, 4, 18),
        (2076, 4, 19),
    ] {
        assert_eq!(easter_sunday(year), Some(date(year, month, day)));
    }
}

#[test]
fn public_holidays_are_closed_in_the_year_of_the_seeding_and_the_next() {
    let tenants = tenants();
    let closed = |tenant: &NewTenant, year: i16| -> Vec<(i8, i8)> {
        let days = tenant.snapshot.settings.hours.exceptions.iter();
        days.filter(|day| day.date.year() == year && day.spans.is_empty())
            .map(|day| (day.date.month(), day.date.day()))
            .collect()
    };
    let (oslo, lyon) = (&tenants[0], &tenants[1]);
    let norway_2026 =
        [(1, 1), (4, 2), (4, 3), (4, 6), (5, 1), (5, 14), (5, 17), (5, 25), (12, 25), (12, 26)];
    assert_eq!(closed(oslo, 2026), norway_2026);
    // Whit Monday of 2027 is the seventeenth of May.
    let norway_2027 =
        [(1, 1), (3, 25), (3, 26), (3, 29), (5, 1), (5, 6), (5, 17), (12, 25), (12, 26)];
    assert_eq!(closed(oslo, 2027), norway_2027);
    let france_2027 = [
        (1, 1),
        (3, 29),
        (5, 1),
        (5, 6),
        (5, 8),
        (5, 17),
        (7, 14),
        (8, 15),
        (11, 1),
        (11, 11),
        (12, 25),
    ];
    assert_eq!(closed(lyon, 2027), france_2027);
    for tenant in &tenants {
        let hours = &tenant.snapshot.settings.hours;
        for (year, day) in [(2026, 24), (2026, 31), (2027, 24), (2027, 31)] {
            let [span] = hours.on(date(year, 12, day)) else { panic!("open once") };
            assert!(span.closes <= Time::constant(14, 0, 0, 0));
        }
        // A Sunday: short hours do not open it.
        assert!(hours.on(date(2028, 12, 24)).is_empty());
        assert_distinct(hours.exceptions.iter().map(|day| day.date));
    }
}

#[test]
fn bookings_are_ahead_inside_the_hours_and_never_more_than_the_capacity() {
    for now in instants() {
        for NewTenant { snapshot, knowledge, busy, .. } in &demo(now, "hash") {
            let zone = snapshot.settings.time_zone();
            for Busy { booking, service, starts_at, ends_at } in busy {
                let (from, until) = (zone.to_datetime(*starts_at), zone.to_datetime(*ends_at));
                let spans = snapshot.settings.hours.on(from.date());
                let open = spans.iter().any(|s| s.opens <= from.time() && until.time() <= s.closes);
                assert!(open && from.date() == until.date(), "{booking}: {from} to {until}");
                assert!(*ends_at > now);
                let kind = knowledge.services.iter().find(|s| s.id == *service).unwrap();
                assert_eq!(ends_at.duration_since(*starts_at).as_mins(), i64::from(kind.minutes));
                let at_once = busy.iter().filter(|other| {
                    other.service == *service
                        && other.starts_at <= *starts_at
                        && *starts_at < other.ends_at
                });
                assert!(at_once.count() <= usize::from(kind.capacity), "{booking}: {from}");
            }
        }
    }
}

#[test]
fn a_later_seeding_has_the_same_bookings_where_both_reach() {
    let (first, later): (Timestamp, Timestamp) =
        ("2026-12-15T11:00:00Z".parse().unwrap(), "2026-12-22T14:00:00Z".parse().unwrap());
    for (one, two) in demo(first, "hash").iter().zip(&demo(later, "hash")) {
        let last = one.busy.iter().map(|busy| busy.starts_at).max().unwrap();
        let both: Vec<_> = one.busy.iter().filter(|b| b.ends_at > later).collect();
        let same: Vec<_> = two.busy.iter().filter(|b| b.starts_at <= last).collect();
        assert_eq!(both, same);
        assert!(two.busy.len() > same.len());
    }
}

/// The starts of a service on a day, with or without the bookings.
fn starts(
    tenant: &NewTenant,
    service: &Service,
    busy: &[Busy],
    now: Timestamp,
    first: Date,
    days: u16,
) -> HashSet<Timestamp> {
    let settings = &tenant.snapshot.settings;
    let zone = settings.time_zone();
    let window = Stretch { from: now, until: now + SignedDuration::from_hours(24 * 120) };
    let taken = busy
        .iter()
        .map(|busy| (busy.service, Stretch { from: busy.starts_at, until: busy.ends_at }));
    let taken: Vec<_> = taken.collect();
    let agenda = Agenda::of_places(std::slice::from_ref(service), &taken, window);
    let free = agenda.free(service.id, None, &settings.hours, &zone, now, first, days, 10_000);
    free.into_iter().map(|time| time.from).collect()
}

#[test]
fn the_main_service_has_free_times_and_holes_on_each_open_day_of_two_weeks() {
    for now in instants() {
        for tenant in &demo(now, "hash") {
            let settings = &tenant.snapshot.settings;
            let (main, busy) = (&tenant.knowledge.services[0], &tenant.busy);
            let today = settings.time_zone().to_datetime(now).date();
            let mut open = 0;
            for offset in 1..=14 {
                let day = today.checked_add(i64::from(offset).days()).unwrap();
                if settings.hours.on(day).is_empty() {
                    continue;
                }
                open += 1;
                let free = starts(tenant, main, busy, now, day, 1);
                let all = starts(tenant, main, &[], now, day, 1);
                assert!(!free.is_empty(), "{}: nothing free on {day}", settings.brand.name);
                assert!(free.len() < all.len(), "{}: no hole on {day}", settings.brand.name);
                assert!(free.is_subset(&all));
            }
            assert!(open >= 8, "{open} open days after {now}");
        }
    }
}

#[test]
fn every_service_has_free_times_and_holes_within_a_week() {
    for now in instants() {
        for tenant in &demo(now, "hash") {
            let zone = tenant.snapshot.settings.time_zone();
            let today = zone.to_datetime(now).date();
            for service in &tenant.knowledge.services {
                let free = starts(tenant, service, &tenant.busy, now, today, 7);
                let all = starts(tenant, service, &[], now, today, 7);
                assert!(free.len() >= 8, "{:?} at {now}: {}", service.name, free.len());
                assert!(free.len() < all.len(), "{:?} at {now}", service.name);
            }
        }
    }
}

#[test]
fn a_change_of_the_clock_leaves_bookings_at_their_time_of_day() {
    let oslo = TimeZone::get("Europe/Oslo").unwrap();
    for (now, utc) in [("2027-03-25T08:00:00Z", "09:00"), ("2027-10-28T08:00:00Z", "10:00")] {
        let tenant = demo(now.parse().unwrap(), "hash").swap_remove(0);
        let first = oslo.to_datetime(now.parse().unwrap()).date();
        // The first Wednesday after the change has a test drive at eleven, in weeks of every kind.
        let wednesday = first.nth_weekday(1, Weekday::Wednesday).unwrap();
        let eleven = wednesday.at(11, 0, 0, 0).to_zoned(oslo.clone()).unwrap().timestamp();
        assert!(eleven.to_string().contains(&format!("T{utc}:")), "{eleven}");
        let there = |busy: &&Busy| busy.starts_at == eleven;
        assert_eq!(tenant.busy.iter().filter(there).count(), 2);
    }
}
