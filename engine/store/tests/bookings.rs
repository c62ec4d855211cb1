//! Appointments on a real Postgres: rivals on two nodes, and what a question costs there.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use forecourt_core::{
    booking::{
        Booking, BookingCommand, BookingSettings, By, Customer, Question, Requested, Stretch,
        Terms, state::HOLD,
    },
    hours::{OpeningHours, Span},
    id::{BookingId, DeliveryId, OfferId, ServiceId, TenantId},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
};
use forecourt_ports::{
    contract::{Ground as _, new_tenant},
    fake::SeqIds,
    store::{BookingWrite, Bookings as _, Busy, Written},
};
use forecourt_store::{PgStore, testing::uuid};
use jiff::{SignedDuration, Timestamp, civil::time, tz::TimeZone};

mod ground;
use ground::{Postgres, postgres};

fn monday() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A tenant with one service of some places, and what is booked already.
async fn garage(ground: &Postgres, capacity: u16, busy: Vec<(i64, i64)>) -> (TenantId, ServiceId) {
    let service = ServiceId::from_uuid(uuid());
    let mut new = new_tenant("verksted", &SeqIds::new());
    let offered = Service {
        id: service,
        name: Localized::from([(Lang::Nb, "Dekkskift")]),
        keywords: vec![],
        minutes: 30,
        price: None,
        notice_minutes: 0,
        capacity,
    };
    let booked = |(from, until): (i64, i64)| Busy {
        booking: BookingId::from_uuid(uuid()),
        service,
        starts_at: monday() + SignedDuration::from_mins(from),
        ends_at: monday() + SignedDuration::from_mins(until),
    };
    new.busy = busy.into_iter().map(booked).collect();
    new.knowledge = Knowledge { services: vec![offered], ..Knowledge::default() };
    let tenant = new.snapshot.id;
    ground.add_tenant(new).await;
    (tenant, service)
}

/// One try of a node: reads the ledger, decides, stores.
async fn attempt(store: &PgStore, tenant: TenantId, terms: &Terms, roll: u64) -> Written {
    let places = forecourt_core::booking::terms::places_of(terms.service);
    let now = monday();
    let stored = store.load_ledger(tenant, places, now).await.unwrap().unwrap();
    let window = Stretch { from: now, until: now + SignedDuration::from_hours(24 * 30) };
    let ledger = stored.ledger(window);
    let from = now + SignedDuration::from_mins(15 * (1 + roll % 40).cast_signed());
    let until = from + SignedDuration::from_mins(30);
    // Every fourth moves or cancels what stands first.
    if roll.is_multiple_of(4)
        && let Some(first) = ledger.taken(now).next()
    {
        let found = store.find_booking(tenant, first.booking).await.unwrap().unwrap().booking;
        let asked = ledger.ask(terms, Stretch { from, until }, Some(found.id), now);
        let command = match asked {
            Ok(take) if roll.is_multiple_of(8) => {
                let takes = vec![take];
                BookingCommand::Reschedule { from, until, takes, by: By::Engine }
            }
            _ => BookingCommand::Cancel { by: By::Engine, reason: None },
        };
        let Ok(event) = found.decide(command, now) else { return Written::Conflict };
        let mut booking = found;
        booking.apply(&event, now);
        let ledgers = vec![(places, stored.version)];
        let write = BookingWrite { booking, event, ledgers, letters: vec![], now };
        return store.write_booking(tenant, &write).await.unwrap();
    }
    let Ok(take) = ledger.ask(terms, Stretch { from, until }, None, now) else {
        return Written::Conflict;
    };
    let wish = Requested {
        service: terms.service,
        from,
        until,
        zone: "Europe/Oslo".into(),
        takes: vec![take],
        price: None,
        customer: Customer::default(),
        notes: None,
        session: None,
        client_id: None,
    };
    let (id, offer) = (BookingId::from_uuid(uuid()), OfferId::from_uuid(uuid()));
    let (booking, event) = Booking::hold(id, offer, wish, HOLD, By::Engine, now);
    let letters = booking.reminders(&BookingSettings::default(), now);
    let letters = letters.into_iter().map(|owed| (owed, DeliveryId::from_uuid(uuid()))).collect();
    let ledgers = vec![(places, stored.version)];
    let write = BookingWrite { booking, event, ledgers, letters, now };
    store.write_booking(tenant, &write).await.unwrap()
}

/// R4, without the arbiters: what stands behind them holds alone, and nobody waits for ever.
#[tokio::test]
async fn rivals_on_two_nodes_never_take_a_unit_twice_and_never_deadlock() {
    const RIVALS: u64 = 12;
    const TRIES: u64 = 40;
    let ground = postgres().await;
    let (tenant, _) = garage(&ground, 2, vec![]).await;
    let (_, one) = ground.store(1);
    let (_, two) = ground.store(2);
    let terms = one.load_catalogue(tenant).await.unwrap().terms.remove(0);
    let stored = Arc::new(AtomicU64::new(0));
    let rivals = (0..RIVALS).map(|n| {
        let (store, terms) = (if n % 2 == 0 { &one } else { &two }, &terms);
        let stored = Arc::clone(&stored);
        async move {
            for nth in 0..TRIES {
                let roll = (n * TRIES + nth).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                let written = attempt(store, tenant, terms, roll).await;
                assert_ne!(
                    written,
                    Written::Taken,
                    "the version told before the constraint had to"
                );
                stored.fetch_add(u64::from(written == Written::Stored), Ordering::Relaxed);
            }
        }
    });
    futures_util::future::join_all(rivals).await;
    let stored = stored.load(Ordering::Relaxed);
    assert!(stored > RIVALS * 2, "{stored}");
    let raw = ground.db.raw(&ground.db.superuser()).await;
    let twice = "SELECT a.booking_id::text FROM booking_takes a JOIN booking_takes b
        USING (tenant_id, resource_id, unit) WHERE a.booking_id < b.booking_id
        AND a.takes_from < b.takes_until AND b.takes_from < a.takes_until";
    assert_eq!(raw.texts(twice).await.unwrap(), Vec::<String>::new());
    let deadlocks =
        "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(raw.texts(deadlocks).await.unwrap(), ["0"]);
    let orphans = "SELECT booking_id::text FROM bookings b WHERE status IN ('held', 'booked')
        AND NOT EXISTS (SELECT FROM booking_takes t WHERE t.booking_id = b.booking_id)";
    assert_eq!(raw.texts(orphans).await.unwrap(), Vec::<String>::new());
}

/// P10: `cargo test --release -p forecourt-store --test bookings -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement, to be run in a release build on a quiet machine"]
async fn free_on_tuesday_costs_less_in_memory_than_in_sql() {
    let ground = postgres().await;
    // Eleven a day on ninety days: forty minutes each, with gaps between.
    let busy =
        (0..1_000).map(|n| (n / 11 * 1_440 + n % 11 * 50, n / 11 * 1_440 + n % 11 * 50 + 40));
    let (tenant, service) = garage(&ground, 1, busy.collect()).await;
    let (_, store) = ground.store(1);
    let mut terms = store.load_catalogue(tenant).await.unwrap().terms.remove(0);
    terms.horizon_days = 120;
    let places = forecourt_core::booking::terms::places_of(service);
    let stored = store.load_ledger(tenant, places, monday()).await.unwrap().unwrap();
    let until = monday() + SignedDuration::from_hours(24 * 130);
    let ledger = stored.ledger(Stretch { from: monday(), until });
    assert_eq!(ledger.taken(monday()).count(), 1_000);
    let day = vec![Span { opens: time(8, 0, 0, 0), closes: time(18, 0, 0, 0) }];
    let hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
    let zone = TimeZone::get("Europe/Oslo").unwrap();
    let question =
        Question { terms: &terms, hours: &hours, zone: &zone, now: monday(), moving: None };
    let tuesday = jiff::civil::date(2027, 1, 5);
    let rounds = 20_000_u32;
    let began = Instant::now();
    let mut found = 0;
    for _ in 0..rounds {
        found = question.free(&[&ledger], std::hint::black_box(tuesday), 1, 1_000).len();
    }
    let memory = began.elapsed() / rounds;
    let raw = ground.db.raw(&ground.db.superuser()).await;
    raw.run("ANALYZE").await.unwrap();
    let query = format!(
        "SELECT s::text FROM generate_series('2027-01-05T08:00 Europe/Oslo'::timestamptz,
             '2027-01-05T17:30 Europe/Oslo'::timestamptz, '30 minutes') s
         WHERE NOT EXISTS (SELECT FROM booking_takes t WHERE t.tenant_id = '{}'
             AND t.resource_id = '{}' AND t.takes_until > s
             AND t.takes_from < s + interval '30 minutes')",
        tenant.as_uuid(),
        places.as_uuid()
    );
    let rounds = 500_u32;
    let mut in_sql = 0;
    let began = Instant::now();
    for _ in 0..rounds {
        in_sql = raw.texts(&query).await.unwrap().len();
    }
    let sql = began.elapsed() / rounds;
    assert_eq!(found, in_sql, "both find the same times");
    println!("free on Tuesday, {found} times: {memory:?} in memory, {sql:?} in SQL");
}
