//! Free times against tables of known answers and against a slow, plain reading of the rules.

use jiff::{
    ToSpan,
    civil::{date, time},
    tz::AmbiguousOffset,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    hours::{Exception, Span},
    knowledge::Localized,
};

type Busy = (ServiceId, Stretch);

fn service(minutes: u16, capacity: u16, notice_minutes: u32) -> Service {
    Service {
        id: ServiceId::from_uuid(Uuid::from_u128(1)),
        name: Localized::default(),
        keywords: vec![],
        minutes,
        price: None,
        notice_minutes,
        capacity,
    }
}

fn span(opens: (i8, i8), closes: (i8, i8)) -> Span {
    Span { opens: time(opens.0, opens.1, 0, 0), closes: time(closes.0, closes.1, 0, 0) }
}

/// Every day from `opens` to `closes`.
fn daily(opens: (i8, i8), closes: (i8, i8)) -> OpeningHours {
    OpeningHours { week: vec![vec![span(opens, closes)]; 7], exceptions: vec![] }
}

fn booked(from: &str, until: &str) -> Busy {
    let when = Stretch { from: from.parse().unwrap(), until: until.parse().unwrap() };
    (service(60, 1, 0).id, when)
}

/// A year and a half, so that nothing of it is the horizon's doing.
fn agenda(service: &Service, busy: &[Busy]) -> Agenda {
    let window = Stretch {
        from: "2025-12-01T00:00:00Z".parse().unwrap(),
        until: "2027-06-01T00:00:00Z".parse().unwrap(),
    };
    let mut agenda = Agenda::of_places(std::slice::from_ref(service), busy, window);
    agenda.terms[0].horizon_days = Terms::MAX_HORIZON;
    agenda
}

#[expect(clippy::too_many_arguments, reason = "as the question has them")]
fn free(
    hours: &OpeningHours,
    zone: &TimeZone,
    service: &Service,
    busy: &[Busy],
    now: Timestamp,
    first: Date,
    days: u16,
    limit: usize,
) -> Vec<FreeTime> {
    agenda(service, busy).free(service.id, None, hours, zone, now, first, days, limit)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The starts on one day, as UTC times.
fn starts(
    hours: &OpeningHours,
    zone: &TimeZone,
    service: &Service,
    busy: &[Busy],
    day: Date,
) -> Vec<String> {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    free(hours, zone, service, busy, now, day, 1, 100)
        .into_iter()
        .map(|slot| slot.from.strftime("%d %H:%M").to_string())
        .collect()
}

#[test]
fn summer_time_begins_and_ends_inside_the_opening_hours() {
    // Zone, day, opening, closing, minutes, the starts in UTC.
    type Row = (&'static str, Date, (i8, i8), (i8, i8), u16, &'static [&'static str]);
    #[rustfmt::skip]
    let table: &[Row] = &[
        // 02:00 becomes 03:00: two wall-clock starts do not exist, and the stretch is an hour shorter.
        ("Europe/Oslo", date(2026, 3, 29), (1, 0), (5, 0), 60, &["29 00:00", "29 00:30", "29 01:00", "29 01:30", "29 02:00"]),
        // 03:00 becomes 02:00: the repeated hour is offered once, in its first run.
        ("Europe/Oslo", date(2026, 10, 25), (1, 0), (4, 0), 60, &["24 23:00", "24 23:30", "25 00:00", "25 00:30", "25 02:00"]),
        ("Europe/Oslo", date(2026, 3, 29), (9, 0), (11, 0), 60, &["29 07:00", "29 07:30", "29 08:00"]),
        ("Europe/Oslo", date(2026, 3, 28), (9, 0), (11, 0), 60, &["28 08:00", "28 08:30", "28 09:00"]),
        ("Europe/Oslo", date(2026, 10, 25), (9, 0), (11, 0), 60, &["25 08:00", "25 08:30", "25 09:00"]),
        ("America/New_York", date(2026, 3, 8), (1, 0), (4, 0), 60, &["08 06:00", "08 06:30", "08 07:00"]),
        ("America/New_York", date(2026, 11, 1), (0, 30), (3, 0), 30, &["01 04:30", "01 05:00", "01 05:30", "01 07:00", "01 07:30"]),
        // Cairo changes at midnight: the day begins at 01:00, and another ends an hour late.
        ("Africa/Cairo", date(2026, 4, 24), (0, 0), (2, 0), 30, &["23 22:00", "23 22:30"]),
        ("Africa/Cairo", date(2026, 10, 29), (22, 0), (23, 30), 30, &["29 19:00", "29 19:30", "29 20:00"]),
        ("Asia/Riyadh", date(2026, 3, 29), (9, 0), (11, 0), 60, &["29 06:00", "29 06:30", "29 07:00"]),
        ("Asia/Riyadh", date(2026, 10, 25), (9, 0), (11, 0), 60, &["25 06:00", "25 06:30", "25 07:00"]),
    ];
    for (name, day, opens, closes, minutes, expected) in table {
        let hours = daily(*opens, *closes);
        let found = starts(&hours, &zone(name), &service(*minutes, 1, 0), &[], *day);
        assert_eq!(found, *expected, "{name} {day} {minutes} min");
    }
}

#[test]
fn a_day_is_cut_at_its_break_and_a_service_must_fit_before_the_closing() {
    let hours = OpeningHours {
        week: vec![vec![span((9, 0), (12, 0)), span((13, 15), (15, 0))]; 7],
        exceptions: vec![],
    };
    let found = starts(&hours, &TimeZone::UTC, &service(90, 1, 0), &[], date(2026, 11, 23));
    assert_eq!(found, ["23 09:00", "23 09:30", "23 10:00", "23 10:30", "23 13:15"]);
}

#[test]
fn short_services_have_their_own_length_as_the_grid() {
    let found = starts(
        &daily((9, 0), (10, 0)),
        &TimeZone::UTC,
        &service(20, 1, 0),
        &[],
        date(2026, 11, 23),
    );
    assert_eq!(found, ["23 09:00", "23 09:20", "23 09:40"]);
    let found =
        starts(&daily((9, 0), (9, 10)), &TimeZone::UTC, &service(1, 1, 0), &[], date(2026, 11, 23));
    assert_eq!(found, ["23 09:00", "23 09:05"]);
}

#[test]
fn a_booking_takes_the_times_it_touches_and_no_other() {
    let hours = daily((9, 0), (12, 0));
    let busy = [booked("2026-11-23T10:00:00Z", "2026-11-23T10:30:00Z")];
    let found = starts(&hours, &TimeZone::UTC, &service(30, 1, 0), &busy, date(2026, 11, 23));
    assert_eq!(found, ["23 09:00", "23 09:30", "23 10:30", "23 11:00", "23 11:30"]);
    let other = Service { id: ServiceId::from_uuid(Uuid::from_u128(2)), ..service(30, 1, 0) };
    assert_eq!(starts(&hours, &TimeZone::UTC, &other, &busy, date(2026, 11, 23)).len(), 6);
}

#[test]
fn a_service_with_room_for_two_is_full_only_where_two_run_at_once() {
    let hours = daily((9, 0), (12, 0));
    // One after the other is never two at once.
    let busy = [
        booked("2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"),
        booked("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"),
        booked("2026-11-23T10:30:00Z", "2026-11-23T11:30:00Z"),
    ];
    let found = starts(&hours, &TimeZone::UTC, &service(60, 2, 0), &busy, date(2026, 11, 23));
    assert_eq!(found, ["23 09:00", "23 09:30", "23 11:00"]);
    assert_eq!(
        starts(&hours, &TimeZone::UTC, &service(60, 3, 0), &busy, date(2026, 11, 23)).len(),
        5
    );
    assert!(starts(&hours, &TimeZone::UTC, &service(60, 0, 0), &[], date(2026, 11, 23)).is_empty());
    assert!(starts(&hours, &TimeZone::UTC, &service(0, 1, 0), &[], date(2026, 11, 23)).is_empty());
}

#[test]
fn nothing_is_offered_before_the_notice_is_over() {
    let hours = daily((9, 0), (12, 0));
    let now = "2026-11-23T08:15:00.5Z".parse().unwrap();
    let first = |notice| {
        free(&hours, &TimeZone::UTC, &service(60, 1, notice), &[], now, date(2026, 11, 23), 5, 1)
            .first()
            .map(|slot| slot.from.to_string())
    };
    assert_eq!(
        first(45).as_deref(),
        Some("2026-11-23T09:30:00Z"),
        "half a second too late for nine"
    );
    assert_eq!(first(44).as_deref(), Some("2026-11-23T09:00:00Z"));
    assert_eq!(first(24 * 60).as_deref(), Some("2026-11-24T09:00:00Z"));
    assert_eq!(first(u32::MAX), None);
}

#[test]
fn a_holiday_has_no_times_and_a_long_day_has_more() {
    let mut hours = daily((9, 0), (10, 0));
    hours.exceptions = vec![
        Exception { date: date(2026, 12, 24), spans: vec![] },
        Exception { date: date(2026, 12, 23), spans: vec![span((9, 0), (11, 0))] },
    ];
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let found =
        free(&hours, &TimeZone::UTC, &service(60, 1, 0), &[], now, date(2026, 12, 22), 4, 100);
    let found: Vec<_> = found.iter().map(|s| s.from.strftime("%d %H:%M").to_string()).collect();
    assert_eq!(found, ["22 09:00", "23 09:00", "23 09:30", "23 10:00", "25 09:00"]);
}

#[test]
fn no_more_than_the_limit_are_given_and_the_ends_of_time_are_harmless() {
    let hours = daily((0, 0), (23, 59));
    let all = |first, days, limit| {
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        free(&hours, &zone("Europe/Oslo"), &service(30, 1, 0), &[], now, first, days, limit)
    };
    assert_eq!(all(date(2026, 11, 23), 90, 7).len(), 7);
    assert!(all(date(2026, 11, 23), 90, 0).is_empty());
    assert!(all(date(2026, 11, 23), 0, 7).is_empty());
    assert!(all(Date::MAX, u16::MAX, 100).len() <= 100);
    assert!(all(Date::MIN, 3, 100).len() <= 100);
}

/// The rules read word by word, one zone lookup and one walk over all bookings per candidate.
fn plainly_free(
    hours: &OpeningHours,
    zone: &TimeZone,
    service: &Service,
    busy: &[Busy],
    now: Timestamp,
    first: Date,
    days: u16,
) -> Vec<FreeTime> {
    let minutes = |count: u32| i64::from(count).minutes();
    let earliest = now.saturating_add(minutes(service.notice_minutes)).unwrap();
    let step = minutes(u32::from(service.minutes.clamp(5, 30)));
    let mut slots = Vec::new();
    // Each booking sits in the first place that nobody before it is in.
    let mut sorted = busy.to_vec();
    sorted.sort_by_key(|(_, b)| (b.from, b.until));
    let mut placed: Vec<(Busy, u16)> = vec![];
    for (of, b) in sorted.into_iter().filter(|(of, _)| *of == service.id) {
        let is_free = |unit: &u16| placed.iter().all(|((_, p), u)| u != unit || !p.touches(b));
        let unit = (0_u16..100).find(is_free).unwrap();
        placed.push(((of, b), unit));
    }
    for date in first.series(1.day()).take(usize::from(days)) {
        for span in hours.on(date) {
            let closes_at =
                zone.to_ambiguous_timestamp(date.to_datetime(span.closes)).compatible().unwrap();
            let mut start = date.to_datetime(span.opens);
            while start < date.to_datetime(span.closes) {
                let ambiguous = zone.to_ambiguous_timestamp(start);
                let skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
                let starts_at = ambiguous.earlier().unwrap();
                let ends_at = starts_at + minutes(u32::from(service.minutes));
                let some_place_is_free = (0..service.capacity).any(|unit| {
                    let of_unit = placed.iter().filter(|(_, place)| *place == unit);
                    of_unit.clone().all(|((_, b), _)| ends_at <= b.from || b.until <= starts_at)
                });
                if !skipped && ends_at <= closes_at && starts_at >= earliest && some_place_is_free {
                    slots.push(FreeTime { service: service.id, from: starts_at, until: ends_at });
                }
                start = start.checked_add(step).unwrap();
            }
        }
    }
    slots
}

proptest! {
    #[test]
    fn the_fast_answer_is_the_plain_one(
        zone_name in prop::sample::select(vec!["Europe/Oslo", "America/New_York", "Africa/Cairo", "Asia/Riyadh", "Australia/Lord_Howe", "UTC"]),
        opens in 0_i8..12, length in 1_i8..11, minutes in 1_u16..200, capacity in 1_u16..4, notice in 0_u32..3000,
        day in 0_i32..365,
        bookings in prop::collection::vec((0_i64..20_000, 5_i64..300), 0..60),
    ) {
        let zone = zone(zone_name);
        let hours = daily((opens, 0), (opens + length, 30));
        let first = date(2026, 1, 1).checked_add(day.days()).unwrap();
        let now: Timestamp = zone.to_timestamp(first.at(8, 20, 0, 0)).unwrap();
        let service = service(minutes, capacity, notice);
        let busy: Vec<Busy> = bookings
            .into_iter()
            .map(|(after, length)| {
                let (from, until) = (now + after.minutes(), now + (after + length).minutes());
                (service.id, Stretch { from, until })
            })
            .collect();
        let fast = free(&hours, &zone, &service, &busy, now, first, 14, usize::MAX);
        prop_assert_eq!(fast, plainly_free(&hours, &zone, &service, &busy, now, first, 14));
    }
}

#[test]
fn a_time_is_free_only_if_all_that_the_service_needs_is() {
    let offered = service(60, 1, 0);
    let need = |kind, only| crate::booking::Need { kind, only };
    let resource = |n: u128, kind| crate::booking::ledger::tests::resource(n, kind, 1);
    let (car, other, eva) = (
        resource(10, ResourceKind::Vehicle),
        resource(11, ResourceKind::Vehicle),
        resource(20, ResourceKind::Person),
    );
    let when = |from: &str, until: &str| crate::booking::ledger::tests::stretch(from, until);
    let taken =
        |n, from, until| [crate::booking::ledger::tests::taken(n, 0, 1, when(from, until), None)];
    let window = crate::booking::ledger::tests::window();
    let ledger =
        |of: &Resource, there: &[TakenBy]| Arc::new(Ledger::new(of.clone(), there, &[], window));
    let mut agenda = agenda(&offered, &[]);
    agenda.terms[0].needs =
        vec![need(ResourceKind::Vehicle, vec![]), need(ResourceKind::Person, vec![])];
    agenda.ledgers = vec![
        ledger(&car, &taken(10, "23T09:00", "23T10:00")),
        ledger(&other, &[]),
        ledger(&eva, &taken(20, "23T10:00", "23T11:00")),
    ];
    let hours = daily((9, 0), (12, 0));
    let now = "2026-11-21T08:00:00Z".parse().unwrap();
    let day = date(2026, 11, 23);
    let ask = |agenda: &Agenda, only: Option<&Resource>| -> Vec<String> {
        let only = only.map(|resource| resource.id);
        let found = agenda.free(offered.id, only, &hours, &TimeZone::UTC, now, day, 1, 9);
        found.iter().map(|time| time.from.strftime("%H:%M").to_string()).collect()
    };
    assert_eq!(ask(&agenda, None), ["09:00", "11:00"]);
    assert_eq!(ask(&agenda, Some(&car)), ["11:00"]);
    let stranger = resource(99, ResourceKind::Vehicle);
    assert_eq!(ask(&agenda, Some(&stranger)), Vec::<String>::new());
    assert_eq!(
        ask(&Agenda::default(), None),
        Vec::<String>::new(),
        "nothing known is nothing free"
    );
    let why =
        |agenda: &Agenda| agenda.why_none(offered.id, None, &hours, &TimeZone::UTC, now, day, 1);
    assert_eq!(why(&Agenda::default()), [(Why::NotOffered, 1)]);
    let at = |agenda: &Agenda, from: &str| {
        let from = crate::booking::ledger::tests::at(from);
        agenda.grant(offered.id, None, &hours, &TimeZone::UTC, now, from)
    };
    assert_eq!(at(&agenda, "23T09:00").unwrap()[0].resource, other.id);
    assert_eq!(at(&agenda, "23T10:00"), Err(vec![Why::Booked { resource: eva.id }]));
    assert!(agenda.is_same(&agenda.clone()));
    let mut changed = agenda.clone();
    changed.ledgers[2] = ledger(&eva, &[]);
    assert!(!agenda.is_same(&changed));
}
