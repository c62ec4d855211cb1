//! Appointments through the arbiters of their resources: on one node, on two, and through faults.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use forecourt_actors::{BookingDesk, BookingError, HoldWish};
use forecourt_core::{
    booking::{
        Block, BlockKind, Booking, BookingStatus, By, CodeRefused, Customer, Need, Refused,
        Resource, ResourceKind, Stretch, Terms, Why, letter::LetterKind,
    },
    hours::{OpeningHours, Span},
    id::{BlockId, OfferId, ResourceId, ServiceId, SessionId, TenantId},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
};
use forecourt_ports::{
    clock::Clock as _,
    store::{BookingFilter, Bookings as _, LetterStatus, NewTenant, TenantSnapshot},
};
use jiff::{SignedDuration, Timestamp, civil::time};
use uuid::Uuid;

use crate::support::{MEMBER, World, settings};

const GARAGE: TenantId = TenantId::from_uuid(Uuid::from_u128(0x2002));
const SERVICE: ServiceId = ServiceId::from_uuid(Uuid::from_u128(0x51));
const CAR: ResourceId = ResourceId::from_uuid(Uuid::from_u128(0x61));
const OLA: ResourceId = ResourceId::from_uuid(Uuid::from_u128(0x62));

/// A garage that is open every day from 8 to 18, with one service of an hour.
async fn open(capacity: u16) -> (World, BookingDesk) {
    let world = World::new().await;
    let mut settings = settings();
    let day = vec![Span { opens: time(8, 0, 0, 0), closes: time(18, 0, 0, 0) }];
    settings.hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
    let service = Service {
        id: SERVICE,
        name: Localized::from([(Lang::Nb, "Dekkskift")]),
        keywords: vec![],
        minutes: 60,
        price: None,
        notice_minutes: 0,
        capacity,
    };
    let snapshot =
        TenantSnapshot { id: GARAGE, slug: "verksted".into(), pack: "garage".into(), settings };
    world.store.seed_tenant(NewTenant {
        snapshot,
        name: "Verksted".into(),
        knowledge: Knowledge { services: vec![service], ..Knowledge::default() },
        busy: vec![],
        members: vec![],
    });
    let desk = world.engine.tenant("verksted").await.unwrap().unwrap().bookings();
    (world, desk)
}

/// Tomorrow and later, on the hour of the wall clock in Oslo.
fn at(day: i64, hour: i64) -> Timestamp {
    let midnight: Timestamp = "2026-11-21T23:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_hours(24 * day + hour)
}

fn wish(from: Timestamp, client_id: Option<&str>) -> HoldWish {
    HoldWish {
        service: SERVICE,
        from,
        resource: None,
        customer: Customer { email: Some("kari@example.no".into()), ..Customer::default() },
        notes: None,
        session: None,
        client_id: client_id.map(Into::into),
        lasts: None,
        by: By::Assistant,
    }
}

async fn booked(desk: &BookingDesk, from: Timestamp) -> Booking {
    let held = desk.hold(wish(from, None)).await.unwrap();
    desk.confirm(held.id, held.offer, By::Customer, None).await.unwrap()
}

/// Whether no unit is taken twice by what stands at `now`; answers how much stands.
async fn audit(world: &World, now: Timestamp) -> usize {
    let mut taken: HashMap<(ResourceId, u16), Vec<Stretch>> = HashMap::new();
    let mut after = None;
    loop {
        let filter = BookingFilter { limit: 500, after, ..BookingFilter::default() };
        let page = world.store.list_bookings(GARAGE, &filter).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.wish.from, last.id));
        for booking in page.iter().filter(|booking| booking.status_at(now).takes_place()) {
            for take in booking.takes() {
                taken.entry((take.resource, take.unit)).or_default().push(take.stretch);
            }
        }
    }
    let mut count = 0;
    for ((resource, unit), mut stretches) in taken {
        stretches.sort_unstable();
        count += stretches.len();
        for pair in stretches.windows(2) {
            assert!(!pair[0].touches(pair[1]), "{resource} {unit} is booked twice: {pair:?}");
        }
    }
    count
}

#[actix_rt::test]
async fn a_time_is_held_confirmed_moved_and_given_back() {
    let (world, desk) = open(1).await;
    let first = at(2, 10);
    let held = desk.hold(wish(first, Some("c-1"))).await.unwrap();
    assert_eq!(held.hold_until, world.clock.now() + SignedDuration::from_mins(5));
    let again = desk.hold(wish(first, Some("c-1"))).await.unwrap();
    assert_eq!(again.id, held.id, "the same wish is the same booking");
    let rival = desk.hold(wish(first, None)).await;
    assert!(
        matches!(&rival, Err(BookingError::NotFree(why)) if matches!(why[..], [Why::Held { .. }]))
    );
    let wrong =
        desk.confirm(held.id, OfferId::from_uuid(Uuid::from_u128(1)), By::Customer, None).await;
    assert_eq!(wrong, Err(Refused::AnotherOffer.into()));
    let booked = desk.confirm(held.id, held.offer, By::Customer, None).await.unwrap();
    assert_eq!(booked.status, BookingStatus::Booked);
    let twice = desk.confirm(held.id, held.offer, By::Customer, None).await.unwrap();
    assert_eq!(twice, booked, "a yes that is repeated is the same yes");

    let moved = desk.reschedule(held.id, at(2, 12), By::Member(MEMBER)).await.unwrap();
    assert_eq!((moved.id, moved.sequence, moved.wish.from), (held.id, 1, at(2, 12)));
    assert_eq!(desk.reschedule(held.id, at(2, 12), By::Customer).await.unwrap(), moved);
    assert!(desk.hold(wish(first, None)).await.is_ok(), "its old place is free");
    let shut = desk.reschedule(held.id, at(2, 19), By::Customer).await;
    assert_eq!(shut, Err(BookingError::NotFree(vec![Why::Closed])));

    desk.cancel(held.id, By::Customer, None).await.unwrap();
    assert!(desk.hold(wish(at(2, 12), None)).await.is_ok());
    let over = desk.reschedule(held.id, at(2, 14), By::Customer).await;
    assert_eq!(over, Err(Refused::Over.into()));
    let story = desk.find(held.id).await.unwrap();
    let kinds: Vec<_> = story.events.iter().map(|(_, event)| event.kind()).collect();
    assert_eq!(
        kinds,
        ["booking.held", "booking.confirmed", "booking.rescheduled", "booking.cancelled"]
    );
    let mut reminders = story.letters.iter().filter(|letter| letter.kind.is_reminder());
    assert!(reminders.all(|letter| letter.status == LetterStatus::Dropped), "{:?}", story.letters);
    let told = |kind| story.letters.iter().any(|letter| letter.kind == kind);
    assert!(told(LetterKind::Cancellation), "{:?}", story.letters);
}

#[actix_rt::test]
async fn a_hold_ends_by_itself_and_its_end_is_written_down() {
    let (world, desk) = open(1).await;
    let held = desk.hold(wish(at(2, 10), None)).await.unwrap();
    world.pass(4 * 60 + 59);
    assert!(desk.hold(wish(at(2, 10), None)).await.is_err());
    world.pass(1);
    let late = desk.confirm(held.id, held.offer, By::Customer, None).await;
    assert_eq!(late, Err(Refused::HoldIsOver.into()));
    let next = desk.hold(wish(at(2, 10), None)).await.unwrap();
    assert_ne!(next.id, held.id);
    world.pass(60);
    let written = async {
        while desk.find(held.id).await.unwrap().booking.status != BookingStatus::Expired {
            world.pass(30);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("nobody wrote it down");
}

#[actix_rt::test]
async fn the_agenda_of_an_answer_is_what_the_arbiters_would_grant() {
    let (world, desk) = open(1).await;
    let hours = OpeningHours {
        week: vec![vec![Span { opens: time(8, 0, 0, 0), closes: time(12, 0, 0, 0) }]; 7],
        exceptions: vec![],
    };
    let zone = jiff::tz::TimeZone::get("Europe/Oslo").unwrap();
    let day = zone.to_datetime(at(2, 10)).date();
    let free = async || {
        let (agenda, now) = (desk.agenda().await, world.clock.now());
        let found = agenda.free(SERVICE, None, &hours, &zone, now, day, 1, 100);
        found.iter().map(|time| time.from).collect::<Vec<_>>()
    };
    let half = SignedDuration::from_mins(30);
    let all = [at(2, 8), at(2, 8) + half, at(2, 9), at(2, 9) + half];
    let late = [at(2, 10), at(2, 10) + half, at(2, 11)];
    assert_eq!(free().await, [&all[..], &late[..]].concat());
    let one = desk.agenda().await;
    assert!(Arc::ptr_eq(&one, &desk.agenda().await), "nothing has changed");
    world.pass(3);
    assert!(Arc::ptr_eq(&one, &desk.agenda().await), "what was worked out of it stays known");
    // What this node stores is in the next answer, without a wait.
    let held = desk.hold(wish(at(2, 10), None)).await.unwrap();
    assert_eq!(free().await, [&all[..3], &late[2..]].concat());
    desk.cancel(held.id, By::Customer, None).await.unwrap();
    let block = Block {
        id: BlockId::from_uuid(Uuid::from_u128(7)),
        resource: forecourt_core::booking::terms::places_of(SERVICE),
        kind: BlockKind::Maintenance,
        label: None,
        starts_at: day.at(8, 0, 0, 0),
        zone: "Europe/Oslo".into(),
        minutes: 120,
        rule: None,
    };
    desk.block(block).await.unwrap();
    assert_eq!(free().await, late);
    let mut terms = desk.catalogue().await.unwrap().terms[0].clone();
    terms.horizon_days = 1;
    desk.put_terms(&terms).await.unwrap();
    assert_eq!(free().await, [], "beyond the horizon");
    world.store.set_unavailable(true);
    world.pass(3);
    assert_eq!(desk.agenda().await.terms, [], "what cannot be read is not offered");
    world.store.set_unavailable(false);
}

#[actix_rt::test]
async fn a_conversation_s_bookings_are_found_the_newest_first() {
    let (world, desk) = open(9).await;
    let session = SessionId::from_uuid(Uuid::from_u128(0x99));
    let mut made = vec![];
    for nth in 0..10_i64 {
        world.pass(1);
        let wish = HoldWish { session: Some(session), ..wish(at(12 - nth, 10), None) };
        made.insert(0, desk.hold(wish).await.unwrap().id);
    }
    desk.hold(wish(at(2, 12), None)).await.unwrap();
    let found = desk.of_session(session).await.unwrap();
    assert_eq!(found.iter().map(|booking| booking.id).collect::<Vec<_>>(), made[..8]);
}

#[actix_rt::test]
async fn a_test_drive_takes_the_car_and_a_person_and_says_who_is_missing() {
    let (world, desk) = open(1).await;
    let now = world.clock.now();
    let resource = |id, kind, name: &str| Resource {
        id,
        kind,
        name: name.into(),
        capacity: 1,
        buffer_before: 0,
        buffer_after: 0,
        vehicle: None,
        hours: None,
        active: true,
    };
    desk.put_resource(resource(CAR, ResourceKind::Vehicle, "Tesla")).await.unwrap();
    desk.put_resource(resource(OLA, ResourceKind::Person, "Ola")).await.unwrap();
    let catalogue = desk.catalogue().await.unwrap();
    let need = |kind| Need { kind, only: vec![] };
    let terms = Terms {
        needs: vec![need(ResourceKind::Vehicle), need(ResourceKind::Person)],
        ..catalogue.terms[0].clone()
    };
    desk.put_terms(&terms).await.unwrap();
    let first = desk.hold(wish(at(2, 10), None)).await.unwrap();
    assert_eq!(first.takes().len(), 2);
    let maintenance = Block {
        id: BlockId::from_uuid(Uuid::from_u128(1)),
        resource: CAR,
        kind: BlockKind::Maintenance,
        label: None,
        starts_at: "2026-11-24T08:00".parse().unwrap(),
        zone: "Europe/Oslo".into(),
        minutes: 600,
        rule: None,
    };
    desk.block(maintenance.clone()).await.unwrap();
    let day = "2026-11-24".parse().unwrap();
    let asked = desk.free(SERVICE, None, day, 1, 10).await.unwrap();
    assert_eq!(asked.times, []);
    let until = "2026-11-24T17:00:00Z".parse().unwrap();
    let kind = BlockKind::Maintenance;
    let repair = Why::Blocked { resource: CAR, kind, until };
    assert!(asked.why.iter().any(|(why, _)| *why == repair), "{:?}", asked.why);
    desk.unblock(CAR, maintenance.id).await.unwrap();
    assert_eq!(desk.free(SERVICE, Some(CAR), day, 1, 100).await.unwrap().times.len(), 16);
    let nobody = ResourceId::from_uuid(Uuid::from_u128(99));
    assert_eq!(desk.unblock(nobody, maintenance.id).await, Err(BookingError::NotFound));
    assert!(desk.ledger(nobody).await.is_err());
    assert_eq!(audit(&world, now).await, 2);
}

#[actix_rt::test]
async fn an_arbiter_that_dies_is_replaced_and_the_caller_is_served() {
    let (world, desk) = open(1).await;
    let panics = Arc::new(AtomicU32::new(1));
    let left = Arc::clone(&panics);
    world.store.set_hook(Some(Arc::new(move |call| {
        let dies = call == "load_ledger" && left.swap(0, Ordering::SeqCst) > 0;
        assert!(!dies, "a bug, on purpose");
        Box::pin(std::future::ready(()))
    })));
    assert!(desk.hold(wish(at(2, 10), None)).await.is_ok());
    assert_eq!(panics.load(Ordering::SeqCst), 0, "it did die");
}

#[actix_rt::test]
async fn a_lost_answer_is_found_again_by_the_same_wish() {
    let (world, desk) = open(1).await;
    world.store.commit_then_fail(1);
    assert!(desk.hold(wish(at(2, 10), Some("c-1"))).await.is_err());
    let again = desk.hold(wish(at(2, 10), Some("c-1"))).await.unwrap();
    world.store.commit_then_fail(1);
    assert!(desk.confirm(again.id, again.offer, By::Customer, None).await.is_err());
    let yes = desk.confirm(again.id, again.offer, By::Customer, None).await.unwrap();
    assert_eq!((yes.status, yes.version.0), (BookingStatus::Booked, 2));
    world.store.fail_next_commits(1);
    assert!(desk.hold(wish(at(3, 10), None)).await.is_err());
    assert!(desk.hold(wish(at(3, 10), None)).await.is_ok(), "nothing was kept of what failed");
}

#[actix_rt::test]
async fn a_caller_who_goes_away_leaves_the_seat() {
    let (world, desk) = open(1).await;
    let stuck = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&stuck);
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    world.store.set_hook(Some(Arc::new(move |call| {
        if call == "write_booking" && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            told.notify_one();
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    })));
    tokio::select! {
        _ = desk.hold(wish(at(2, 10), None)) => panic!("it was to wait for ever"),
        () = stuck.notified() => {}
    }
    let next = tokio::time::timeout(Duration::from_secs(5), desk.hold(wish(at(2, 10), None)));
    assert!(next.await.expect("the seat was kept").is_ok());
}

#[actix_rt::test]
async fn many_callers_at_once_are_served_one_after_the_other() {
    let (world, desk) = open(2).await;
    let holds = (0..60).map(|n| {
        let desk = desk.clone();
        async move { desk.hold(wish(at(2, 8 + n % 10), None)).await.is_ok() }
    });
    let won = futures_util::future::join_all(holds).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 20, "ten hours of two units");
    assert_eq!(audit(&world, world.clock.now()).await, 20);
}

/// A repeatable source of chance.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % sides
    }
}

/// R4: ten thousand random steps through two nodes, forty at a time, with the store answering in any
/// order, failing, and losing answers; the clock runs over holds.
#[actix_rt::test]
async fn ten_thousand_random_steps_on_two_nodes_book_nothing_twice() {
    const STEPS: u64 = 10_000;
    const AT_ONCE: u64 = 40;
    let (world, _) = open(2).await;
    let mut desks = Vec::new();
    for n in [11, 12] {
        let engine = world.beside(n);
        let desk = engine.tenant("verksted").await.unwrap().unwrap().bookings();
        desks.push((engine, desk));
    }
    let dice = Arc::new(Dice(AtomicU64::new(20_261_121)));
    let chance = Arc::clone(&dice);
    world.store.set_hook(Some(Arc::new(move |_| {
        let turns = chance.roll(4);
        Box::pin(async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        })
    })));
    let mine: Arc<std::sync::Mutex<Vec<Booking>>> = Arc::default();
    let (done, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    for round in 0..STEPS / AT_ONCE {
        if round % 10 == 3 {
            world.store.fail_next_commits(1);
        } else if round % 10 == 7 {
            world.store.commit_then_fail(1);
        }
        let steps = (0..AT_ONCE).map(|_| {
            let desk = desks[dice.roll(2) as usize].1.clone();
            let (mine, dice) = (Arc::clone(&mine), Arc::clone(&dice));
            async move {
                // Half hours of three days: what overlaps by half is tried too.
                let from = at(dice.roll(3).cast_signed() + 2, 8)
                    + SignedDuration::from_mins(30 * dice.roll(20).cast_signed());
                let some = {
                    let mine = mine.lock().unwrap();
                    let many = mine.len() as u64;
                    (many > 0).then(|| mine[dice.roll(many) as usize].clone())
                };
                let step = match (dice.roll(10), some) {
                    (0..4, _) | (_, None) => {
                        let held = desk.hold(wish(from, None)).await;
                        held.map(|held| mine.lock().unwrap().push(held))
                    }
                    (4..6, Some(b)) => {
                        desk.confirm(b.id, b.offer, By::Customer, None).await.map(drop)
                    }
                    (6..8, Some(b)) => desk.reschedule(b.id, from, By::Customer).await.map(drop),
                    (_, Some(b)) => desk.cancel(b.id, By::Customer, None).await.map(drop),
                };
                step.is_ok()
            }
        });
        for ok in futures_util::future::join_all(steps).await {
            (if ok { &done } else { &refused }).fetch_add(1, Ordering::Relaxed);
        }
        if round % 8 == 0 {
            world.pass(61);
        }
        if round % 25 == 0 {
            audit(&world, world.clock.now()).await;
        }
    }
    let stands = audit(&world, world.clock.now()).await;
    let (done, refused) = (done.into_inner(), refused.into_inner());
    println!("{STEPS} steps on two nodes: {done} done, {refused} refused, {stands} takes stand");
    assert!(done > STEPS / 10 && refused > STEPS / 10, "both must happen: {done}, {refused}");
    // Every story is whole: its events give its state again.
    let filter = BookingFilter { limit: 200, ..BookingFilter::default() };
    for booking in world.store.list_bookings(GARAGE, &filter).await.unwrap() {
        let found = world.store.find_booking(GARAGE, booking.id).await.unwrap().unwrap();
        // As it was found with them: a hold may have been written off since the list was read.
        assert_eq!(Booking::replay(booking.id, &found.events), Some(found.booking), "A3");
    }
}

#[actix_rt::test]
async fn staff_note_who_did_not_come_and_only_then() {
    let (world, desk) = open(1).await;
    let booking = booked(&desk, at(1, 10)).await;
    let early = desk.no_show(booking.id, By::Member(MEMBER)).await;
    assert_eq!(early, Err(Refused::NotYet.into()));
    world.pass(3 * 24 * 3_600);
    let noted = desk.no_show(booking.id, By::Member(MEMBER)).await.unwrap();
    assert_eq!(noted.status, BookingStatus::NoShow);
}

/// Lets time pass until so many letters have left.
async fn letters(world: &World, count: usize) -> Vec<String> {
    let sent = async {
        while world.letters().len() < count {
            world.pass(30);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sent).await.expect("the letters never left");
    world.letters()
}

/// The code that the last letter carries.
fn code_in(letters: &[String]) -> String {
    let digits = |word: &str| word.trim_end_matches('.').parse::<u32>().is_ok() && word.len() == 7;
    let last = letters.last().unwrap();
    last.split_whitespace().find(|word| digits(word)).unwrap().trim_end_matches('.').to_owned()
}

#[actix_rt::test]
async fn a_code_comes_by_mail_at_once_and_proves_whose_booking_it_is_once() {
    let (world, desk) = open(1).await;
    let session = |n| SessionId::from_uuid(Uuid::from_u128(n));
    let held = HoldWish { session: Some(session(1)), ..wish(at(2, 10), None) };
    let booking = desk.hold(held).await.unwrap().id;
    let sent = desk.send_code(booking, session(1)).await.unwrap();
    assert_eq!(sent.masked, "k•••@e•••");
    assert_eq!(sent.until, world.clock.now() + SignedDuration::from_mins(10));
    // Without a step of the clock: nobody waits for the next round.
    let sends = async {
        while world.letters().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sends).await.expect("the code never left");
    let code = code_in(&world.letters());
    let prove = async |n, code: &str| desk.prove_code(booking, session(n), code).await;
    let over = Err(BookingError::Code(CodeRefused::Over));
    assert_eq!(prove(2, &code).await, over, "it is for the conversation that asked");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let left = |left| Err(BookingError::Code(CodeRefused::Wrong { left }));
    assert_eq!(prove(1, wrong).await, left(4));
    assert_eq!(prove(1, "what code?").await, left(3));
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(prove(1, &spaced).await.unwrap().booking, booking);
    assert_eq!(prove(1, &code).await, over, "once");

    let strangers = desk.send_code(booking, session(2)).await.unwrap();
    assert_eq!(strangers.masked, "•••@•••");
    let mut nameless = wish(at(2, 12), None);
    nameless.customer.email = None;
    let nameless = desk.hold(nameless).await.unwrap().id;
    let nothing = desk.send_code(nameless, session(2)).await.unwrap();
    assert_eq!(nothing, strangers, "the answer is the same without an address");
    desk.send_code(booking, session(3)).await.unwrap();
    let enough = desk.send_code(booking, session(4)).await;
    assert_eq!(enough, Err(BookingError::Code(CodeRefused::TooMany)));
    letters(&world, 3).await;
    let last = code_in(&world.letters());
    world.pass(10 * 60);
    assert_eq!(prove(3, &last).await, over, "its time has passed");
}

#[actix_rt::test]
async fn a_customer_gets_each_letter_once_and_none_of_what_is_over() {
    let (world, desk) = open(1).await;
    let booking = booked(&desk, at(3, 10)).await;
    let first = letters(&world, 1).await;
    assert!(first[0].contains("10:00 (Europe/Oslo)"), "{}", first[0]);
    // A day before: the reminder.
    world.clock.advance(at(2, 10).duration_since(world.clock.now()));
    letters(&world, 2).await;
    desk.reschedule(booking.id, at(5, 12), By::Customer).await.unwrap();
    let moved = letters(&world, 3).await;
    assert!(moved[2].contains("12:00 (Europe/Oslo)"), "{}", moved[2]);
    desk.cancel(booking.id, By::Customer, None).await.unwrap();
    letters(&world, 4).await;
    // Past every reminder that there ever was: nothing more leaves.
    for _ in 0..5 {
        world.clock.advance(SignedDuration::from_hours(24));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.letters().len(), 4);
    let story = desk.find(booking.id).await.unwrap();
    let with = |status| story.letters.iter().filter(|l| l.status == status).count();
    assert_eq!((with(LetterStatus::Accepted), with(LetterStatus::Dropped)), (4, 3));
}
