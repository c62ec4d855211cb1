//! Free times against tables of known answers and against a slow, plain reading of the rules.

use jiff::civil::{date, time};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    booking::{
        Block, BlockKind, ResourceKind,
        ledger::tests::{at, resource, stretch, taken, terms, window},
        terms::places_of,
    },
    hours::{Exception, Span},
    id::BlockId,
};

fn span(opens: (i8, i8), closes: (i8, i8)) -> Span {
    Span { opens: time(opens.0, opens.1, 0, 0), closes: time(closes.0, closes.1, 0, 0) }
}

fn daily(opens: (i8, i8), closes: (i8, i8)) -> OpeningHours {
    OpeningHours { week: vec![vec![span(opens, closes)]; 7], exceptions: vec![] }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn ask<'a>(
    terms: &'a Terms,
    hours: &'a OpeningHours,
    zone: &'a TimeZone,
    now: &str,
) -> Question<'a> {
    Question { terms, hours, zone, now: at(now), moving: None }
}

fn starts(free: &[FreeTime]) -> Vec<String> {
    free.iter().map(|slot| slot.from.strftime("%d %H:%M").to_string()).collect()
}

#[test]
fn every_changeover_is_offered_as_the_wall_clock_shows_it() {
    // Zone, day, opening, closing, the starts in UTC.
    type Row = (&'static str, Date, (i8, i8), (i8, i8), &'static [&'static str]);
    #[rustfmt::skip]
    let table: &[Row] = &[
        // 02:00 becomes 03:00: two wall-clock starts do not exist, and the stretch is an hour shorter.
        ("Europe/Oslo", date(2026, 3, 29), (1, 0), (5, 0), &["29 00:00", "29 00:30", "29 01:00", "29 01:30", "29 02:00"]),
        // 03:00 becomes 02:00: the repeated hour is offered once, in its first run.
        ("Europe/Oslo", date(2026, 10, 25), (1, 0), (4, 0), &["24 23:00", "24 23:30", "25 00:00", "25 00:30", "25 02:00"]),
        ("Europe/Paris", date(2026, 3, 28), (9, 0), (11, 0), &["28 08:00", "28 08:30", "28 09:00"]),
        ("Europe/Paris", date(2026, 3, 29), (9, 0), (11, 0), &["29 07:00", "29 07:30", "29 08:00"]),
        ("Europe/Paris", date(2026, 10, 25), (9, 0), (11, 0), &["25 08:00", "25 08:30", "25 09:00"]),
        ("Europe/Paris", date(2026, 3, 29), (1, 0), (5, 0), &["29 00:00", "29 00:30", "29 01:00", "29 01:30", "29 02:00"]),
        ("Europe/Paris", date(2026, 10, 25), (1, 0), (4, 0), &["24 23:00", "24 23:30", "25 00:00", "25 00:30", "25 02:00"]),
        // Half an hour is skipped, and half an hour is repeated.
        ("Australia/Lord_Howe", date(2026, 10, 4), (1, 0), (4, 0), &["03 14:30", "03 15:00", "03 15:30", "03 16:00"]),
        ("Australia/Lord_Howe", date(2026, 4, 5), (1, 0), (4, 0), &["04 14:00", "04 14:30", "04 15:30", "04 16:00", "04 16:30"]),
        ("Asia/Dubai", date(2026, 3, 29), (9, 0), (11, 0), &["29 05:00", "29 05:30", "29 06:00"]),
        ("Asia/Dubai", date(2026, 10, 25), (9, 0), (11, 0), &["25 05:00", "25 05:30", "25 06:00"]),
        ("America/New_York", date(2026, 3, 8), (1, 0), (4, 0), &["08 06:00", "08 06:30", "08 07:00"]),
        ("America/New_York", date(2026, 11, 1), (0, 0), (3, 0), &["01 04:00", "01 04:30", "01 05:00", "01 05:30", "01 07:00"]),
        // Morocco goes back an hour for Ramadan, and forward again after it.
        ("Africa/Casablanca", date(2026, 2, 14), (9, 0), (11, 0), &["14 08:00", "14 08:30", "14 09:00"]),
        ("Africa/Casablanca", date(2026, 2, 15), (2, 0), (4, 0), &["15 01:00", "15 01:30", "15 03:00"]),
        ("Africa/Casablanca", date(2026, 2, 16), (9, 0), (11, 0), &["16 09:00", "16 09:30", "16 10:00"]),
        ("Africa/Casablanca", date(2026, 3, 22), (1, 0), (4, 0), &["22 01:00", "22 01:30", "22 02:00"]),
        ("Africa/Casablanca", date(2026, 3, 23), (9, 0), (11, 0), &["23 08:00", "23 08:30", "23 09:00"]),
        ("Asia/Riyadh", date(2026, 3, 29), (9, 0), (11, 0), &["29 06:00", "29 06:30", "29 07:00"]),
        ("Asia/Riyadh", date(2026, 10, 25), (9, 0), (11, 0), &["25 06:00", "25 06:30", "25 07:00"]),
    ];
    let year = Stretch {
        from: "2025-12-01T00:00:00Z".parse().unwrap(),
        until: "2027-02-01T00:00:00Z".parse().unwrap(),
    };
    for (name, day, opens, closes, expected) in table {
        let (hours, zone) = (daily(*opens, *closes), zone(name));
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let terms = Terms { horizon_days: 400, ..terms(60) };
        let question = Question { terms: &terms, hours: &hours, zone: &zone, now, moving: None };
        let ledger = Ledger::new(resource(1, ResourceKind::Service, 1), &[], &[], year);
        let free = question.free(&[&ledger], *day, 1, 100);
        assert_eq!(starts(&free), *expected, "{name} {day}");
        for slot in free {
            assert!(question.grant(&[&ledger], slot.from).is_ok(), "{name} {day} {}", slot.from);
        }
    }
}

#[test]
fn a_test_drive_needs_its_vehicle_and_one_of_the_people() {
    let car = resource(10, ResourceKind::Vehicle, 1);
    let (ola, eva) = (resource(20, ResourceKind::Person, 1), resource(21, ResourceKind::Person, 1));
    let need = |kind, only| Need { kind, only };
    let needs = vec![need(ResourceKind::Vehicle, vec![car.id]), need(ResourceKind::Person, vec![])];
    let terms = Terms { needs, ..terms(60) };
    let hours = daily((9, 0), (12, 0));
    let car_taken = [taken(10, 0, 1, stretch("23T09:00", "23T10:00"), None)];
    let ola_taken = [taken(20, 0, 2, stretch("23T10:00", "23T12:00"), None)];
    let eva_taken = [taken(21, 0, 3, stretch("23T11:00", "23T12:00"), None)];
    let ledgers = [
        Ledger::new(car, &car_taken, &[], window()),
        Ledger::new(ola.clone(), &ola_taken, &[], window()),
        Ledger::new(eva.clone(), &eva_taken, &[], window()),
    ];
    let ledgers: Vec<&Ledger> = ledgers.iter().collect();
    let utc = TimeZone::UTC;
    let question = ask(&terms, &hours, &utc, "21T08:00");
    let free = question.free(&ledgers, date(2026, 11, 23), 1, 10);
    assert_eq!(starts(&free), ["23 10:00"]);
    let takes = question.grant(&ledgers, at("23T10:00")).unwrap();
    assert_eq!(takes[1].resource, eva.id, "Ola is taken, so it is Eva");
    let why = question.grant(&ledgers, at("23T11:00")).unwrap_err();
    assert_eq!(why, [Why::Booked { resource: ola.id }, Why::Booked { resource: eva.id }]);
}

#[test]
fn two_needs_of_one_kind_are_two_different_resources() {
    let need = Need { kind: ResourceKind::Person, only: vec![] };
    let terms = Terms { needs: vec![need.clone(), need], ..terms(60) };
    let (hours, utc) = (daily((9, 0), (12, 0)), TimeZone::UTC);
    let question = ask(&terms, &hours, &utc, "21T08:00");
    let one = Ledger::new(resource(1, ResourceKind::Person, 3), &[], &[], window());
    let two = Ledger::new(resource(2, ResourceKind::Person, 1), &[], &[], window());
    assert!(question.grant(&[&one], at("23T10:00")).is_err());
    let takes = question.grant(&[&one, &two], at("23T10:00")).unwrap();
    assert_ne!(takes[0].resource, takes[1].resource);
}

#[test]
fn a_person_works_their_own_hours_and_not_the_house_s() {
    let mut late = resource(1, ResourceKind::Person, 1);
    late.hours = Some(daily((17, 0), (20, 0)));
    let terms =
        Terms { needs: vec![Need { kind: ResourceKind::Person, only: vec![] }], ..terms(60) };
    let (hours, utc) = (daily((9, 0), (18, 0)), TimeZone::UTC);
    let question = ask(&terms, &hours, &utc, "21T08:00");
    let ledger = Ledger::new(late.clone(), &[], &[], window());
    assert_eq!(
        question.grant(&[&ledger], at("23T10:00")),
        Err(vec![Why::OffDuty { resource: late.id }])
    );
    assert!(question.grant(&[&ledger], at("23T17:00")).is_ok());
    assert_eq!(starts(&question.free(&[&ledger], date(2026, 11, 23), 1, 9)), ["23 17:00"]);
}

#[test]
fn why_there_is_no_slot_is_told_with_every_reason() {
    let hours = OpeningHours {
        week: vec![vec![span((9, 0), (11, 0))]; 7],
        exceptions: vec![Exception { date: date(2026, 11, 24), spans: vec![] }],
    };
    let terms = Terms { notice_minutes: 49 * 60, horizon_days: 4, ..terms(60) };
    let there = [
        taken(1, 0, 1, stretch("23T10:00", "23T11:00"), None),
        taken(1, 0, 2, stretch("25T09:00", "25T10:00"), Some(at("21T08:05"))),
        taken(1, 0, 3, stretch("25T10:00", "25T11:00"), None),
    ];
    let blocks = [Block {
        id: BlockId::from_uuid(Uuid::from_u128(1)),
        resource: places_of(terms.service),
        kind: BlockKind::Maintenance,
        label: None,
        starts_at: "2026-11-23T09:00".parse().unwrap(),
        zone: "UTC".into(),
        minutes: 45,
        rule: None,
    }];
    let ledger = Ledger::new(resource(1, ResourceKind::Service, 1), &there, &blocks, window());
    let utc = TimeZone::UTC;
    let question = ask(&terms, &hours, &utc, "21T08:00");
    assert_eq!(question.free(&[&ledger], date(2026, 11, 22), 6, 9), []);
    let why = question.why_none(&[&ledger], date(2026, 11, 22), 6);
    let resource = places_of(terms.service);
    let told = |why_not: Why| why.iter().find(|(why, _)| *why == why_not).map(|(_, n)| *n);
    assert_eq!(told(Why::Closed), Some(1), "the exception");
    assert_eq!(told(Why::TooSoon { earliest: at("23T09:00") }), Some(3));
    assert_eq!(told(Why::TooFar { latest: at("25T08:00") }), Some(9));
    let kind = BlockKind::Maintenance;
    let until = at("23T09:45");
    assert_eq!(told(Why::Blocked { resource, kind, until }), Some(2));
    assert_eq!(told(Why::Booked { resource }), Some(1));
    assert!(why.windows(2).all(|pair| pair[0].1 >= pair[1].1), "the commonest first: {why:?}");
    let gone = Terms { active: false, ..terms };
    let question = ask(&gone, &hours, &utc, "21T08:00");
    assert_eq!(question.why_none(&[&ledger], date(2026, 11, 22), 1), [(Why::NotOffered, 1)]);
}

#[test]
fn a_time_that_the_clock_skips_is_refused_and_of_two_the_first_is_meant() {
    let oslo = zone("Europe/Oslo");
    let local = |text: &str| on_the_clock(text.parse().unwrap(), &oslo).map(|at| at.to_string());
    assert_eq!(local("2027-03-28T02:30"), Err(Why::Skipped));
    assert_eq!(local("2027-03-28T03:00"), Ok("2027-03-28T01:00:00Z".into()));
    assert_eq!(local("2026-10-25T02:30"), Ok("2026-10-25T00:30:00Z".into()));
}

#[test]
fn a_question_is_bounded_whatever_it_asks() {
    let (terms, hours, utc) =
        (Terms { horizon_days: 400, ..terms(5) }, daily((0, 0), (23, 59)), TimeZone::UTC);
    let ledger = Ledger::new(resource(1, ResourceKind::Service, 1), &[], &[], window());
    let question = ask(&terms, &hours, &utc, "21T08:00");
    let free = question.free(&[&ledger], date(2026, 11, 21), u16::MAX, usize::MAX);
    assert!(free.len() <= 93 * 288, "{}", free.len());
    assert_eq!(question.free(&[&ledger], Date::MAX, 10, 10), []);
    assert_eq!(question.free(&[&ledger], Date::MIN, 10, 10), []);
}

/// What the rules say, read plainly: minute by minute.
fn plainly(ledger: &[(i64, i64, u16)], units: u16, from: i64, until: i64) -> bool {
    (0..units).any(|unit| {
        ledger.iter().filter(|(_, _, u)| *u == unit).all(|(f, u, _)| *u <= from || until <= *f)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_granted_never_overlaps_and_what_is_free_is_granted(
        wishes in prop::collection::vec((0_i64..600, 1_u16..120, 0_u8..4), 1..60),
        units in 1_u16..4,
        before in 0_u16..30,
        after in 0_u16..30,
    ) {
        let base = at("23T08:00");
        let minutes = |n: i64| base + SignedDuration::from_mins(n);
        let mut ledger = Ledger::new(resource(1, ResourceKind::Bay, units), &[], &[], window());
        let mut plain: Vec<(i64, i64, u16)> = Vec::new();
        for (n, (start, length, what)) in (1_u128..).zip(wishes) {
            let terms = Terms { buffer_before: before, buffer_after: after, ..terms(length) };
            let stretch = Stretch { from: minutes(start), until: minutes(start + i64::from(length)) };
            let (from, until) = (start - i64::from(before), start + i64::from(length) + i64::from(after));
            let asked = ledger.ask(&terms, stretch, None, at("21T08:00"));
            prop_assert_eq!(asked.is_ok(), plainly(&plain, units, from, until));
            if let Ok(take) = asked {
                let booking = crate::booking::ledger::tests::booking(n);
                ledger.settle(booking, &[take], None, at("21T08:00"));
                if what == 0 {
                    ledger.settle(booking, &[], None, at("21T08:00"));
                } else {
                    plain.push((from, until, take.unit));
                }
            }
        }
        let taken: Vec<_> = ledger.taken(at("21T08:00")).collect();
        prop_assert_eq!(taken.len(), plain.len());
        for (n, one) in taken.iter().enumerate() {
            for other in &taken[n + 1..] {
                prop_assert!(one.take.unit != other.take.unit || !one.take.stretch.touches(other.take.stretch));
            }
        }
    }
}

/// P10: `cargo test --release -p forecourt-core -- --ignored --nocapture free_on_tuesday`.
#[test]
#[ignore = "a measurement, to be run in a release build"]
fn free_on_tuesday_takes_microseconds_in_a_full_ledger() {
    let start = at("23T07:00");
    let there: Vec<_> = (0..1_000_i64)
        .map(|n| {
            // Eleven a day on ninety days: some forty minutes each, with gaps between.
            let from = start + SignedDuration::from_mins(n / 11 * 1_440 + n % 11 * 50);
            let until = from + SignedDuration::from_mins(40);
            taken(1, 0, u128::from(n.unsigned_abs()) + 1, Stretch { from, until }, None)
        })
        .collect();
    let ledger = Ledger::new(resource(1, ResourceKind::Service, 1), &there, &[], window());
    let (terms, hours) = (Terms { horizon_days: 120, ..terms(30) }, daily((7, 0), (20, 0)));
    let oslo = zone("Europe/Oslo");
    let question = ask(&terms, &hours, &oslo, "21T08:00");
    for (name, first, days) in [
        ("one day, in the middle", date(2027, 1, 5), 1_u16),
        ("all ninety days", date(2026, 11, 23), 90),
    ] {
        let rounds: u32 = if days == 1 { 20_000 } else { 500 };
        let began = std::time::Instant::now();
        let mut found = 0;
        for _ in 0..rounds {
            found += question.free(&[&ledger], std::hint::black_box(first), days, 10_000).len();
        }
        let each = began.elapsed() / rounds;
        println!("{name}: {each:?} a question, {} free times", found / rounds as usize);
        assert!(days > 1 || each < std::time::Duration::from_micros(50), "P10: {each:?}");
    }
}
