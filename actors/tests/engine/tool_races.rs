//! A7 under fire, with tools: a member takes over while a turn writes a name down and holds a time.
//!
//! Each takeover starts at another point of its turn (before it is asked, when its first or second tool was granted,
//! when the time is held), and then after some more steps of the runtime, so that every order of the two comes about.

use std::{collections::HashMap, sync::Arc, time::Duration};

use forecourt_core::{
    booking::BookingStatus,
    event::{Author, Event, MessagePosted, Seq},
    hours::{OpeningHours, Span},
    id::{ServiceId, SessionId, TenantId},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
    session::Speaker,
    tools::ToolName,
};
use forecourt_ports::{
    bus::{Bus as _, Pushed},
    clock::Clock as _,
    fake::{Script, Step},
    store::{BookingFilter, Bookings as _, Journal as _, NewTenant, TenantSnapshot},
};
use futures_util::future::join_all;
use jiff::{SignedDuration, civil::time, tz::TimeZone};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    fences::doubles::{mix, reach, reached, yields},
    support::{IO, MEMBER, World, settings},
};

const DEALER: TenantId = TenantId::from_uuid(Uuid::from_u128(0x4004));
const DRIVE: ServiceId = ServiceId::from_uuid(Uuid::from_u128(0x72));
/// Chats that race at once; a world is as many.
const AT_ONCE: usize = 50;

/// What came of the races.
#[derive(Debug, Default)]
struct Outcomes {
    races: usize,
    /// Sessions in which a time was granted, in which only the name was, and in which nothing was.
    granted: usize,
    halfway: usize,
    silenced: usize,
    holds: usize,
    /// Held after the takeover, and let go.
    let_go: usize,
    names: usize,
}

/// The points of a chat's turn that takeovers wait for.
struct Points([Semaphore; 4]);

impl Points {
    const TURN: usize = 0;
    const FIRST_TOOL: usize = 1;
    const SECOND_TOOL: usize = 2;
    const HELD: usize = 3;
}

/// One world of chats whose models call two tools each, and a member who takes each of them over.
async fn race(nth: usize, outcomes: &mut Outcomes) {
    let world = World::new().await;
    let mut settings = settings();
    let day = vec![Span { opens: time(0, 0, 0, 0), closes: time(23, 30, 0, 0) }];
    settings.hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
    (settings.gather.shortest_ms, settings.gather.longest_ms) = (0, 0);
    settings.handoff.give_back_after_ms = 0;
    let drive = Service {
        id: DRIVE,
        name: Localized::from([(Lang::Nb, "Prøvekjøring")]),
        keywords: vec![],
        minutes: 30,
        price: None,
        notice_minutes: 0,
        capacity: AT_ONCE as u16,
    };
    let (id, slug, pack) = (DEALER, "elv-bil".to_owned(), "dealer".to_owned());
    world.store.seed_tenant(NewTenant {
        snapshot: TenantSnapshot { id, slug, pack, settings },
        name: "Elv Bil".into(),
        knowledge: Knowledge { services: vec![drive], ..Knowledge::default() },
        busy: vec![],
        members: vec![],
    });
    let tenant = world.engine.tenant("elv-bil").await.unwrap().unwrap();
    let day = TimeZone::UTC.to_datetime(world.clock.now() + SignedDuration::from_hours(48));
    let wish = json!({ "service_id": DRIVE, "date": day.date().to_string(), "time": "10:00" });
    let chats: Vec<SessionId> = join_all((0..AT_ONCE).map(|_| tenant.open_session(Lang::Nb)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for _ in &chats {
        world.primary.push(Script(vec![
            Step::Call("capture_contact".into(), json!({ "name": "Kari Nordmann" })),
            Step::Call("hold_slot".into(), wish.clone()),
        ]));
    }
    let points = watched(&world, &chats);
    let racing = chats.iter().enumerate().map(|(n, session)| {
        let (tenant, session, point) = (tenant.clone(), *session, Arc::clone(&points[session]));
        let random = mix((nth * AT_ONCE + n) as u64);
        let (start, wait) = ((random % 5) as usize, (random >> 8) as u32 % 60);
        IO.spawn(async move {
            let text = "Jeg er Kari Nordmann. Kan jeg prøve den klokka ti?".to_owned();
            tenant.post_message(session, text, "c1".into(), None).await.unwrap();
            if let Some(point) = point.0.get(start) {
                reached(point).await;
            }
            yields(wait).await;
            tenant.take_over(session, MEMBER).await.unwrap();
        })
    });
    let raced = tokio::time::timeout(Duration::from_secs(30), join_all(racing)).await;
    raced.expect("every point is reached").into_iter().for_each(Result::unwrap);
    // What was granted before may still be finished: it ends before the engine does.
    assert!(world.engine.stop(Duration::from_secs(10)).await, "what runs ends");
    audit(&world, &chats, outcomes).await;
}

/// Watches the tenant's events, and tells of the points that each chat's turn reaches.
fn watched(world: &World, chats: &[SessionId]) -> HashMap<SessionId, Arc<Points>> {
    let point = |session: &SessionId| {
        (*session, Arc::new(Points(std::array::from_fn(|_| Semaphore::new(0)))))
    };
    let points: HashMap<SessionId, Arc<Points>> = chats.iter().map(point).collect();
    let (told, mut heard) = (points.clone(), world.bus.subscribe_tenant(DEALER));
    IO.spawn(async move {
        while let Some(pushed) = heard.events.recv().await {
            let Pushed::Event(event) = pushed else { continue };
            let at = match &event.record.event {
                Event::TurnStarted { .. } => Points::TURN,
                Event::ToolGranted { tool: ToolName::CaptureContact, .. } => Points::FIRST_TOOL,
                Event::ToolGranted { tool: ToolName::HoldSlot, .. } => Points::SECOND_TOOL,
                Event::BookingNoted(_) => Points::HELD,
                _ => continue,
            };
            reach(&told[&event.record.session].0[at]);
        }
    });
    points
}

async fn audit(world: &World, chats: &[SessionId], outcomes: &mut Outcomes) {
    let log = world.store.replay(DEALER, Seq(0), 100_000).await.unwrap();
    let mut told: HashMap<SessionId, Vec<Event>> = HashMap::new();
    for record in log {
        told.entry(record.session).or_default().push(record.event);
    }
    let now = world.clock.now();
    for session in chats {
        let events = &told[session];
        let taken = events.iter().position(|event| matches!(event, Event::TakenOver { .. }));
        let (before, after) = events.split_at(taken.expect("every chat was taken over"));
        assert_eq!(after.iter().find(|event| is_an_act(event)), None, "A7: after the takeover");
        let granted = |tool: ToolName| {
            let is = |event: &&Event| matches!(event, Event::ToolGranted { tool: of, .. } if *of == tool);
            before.iter().filter(is).count()
        };
        let filter = BookingFilter { session: Some(*session), limit: 10, ..Default::default() };
        let bookings = world.store.list_bookings(DEALER, &filter).await.unwrap();
        assert!(bookings.len() <= granted(ToolName::HoldSlot), "held, and nobody granted it");
        let held = bookings.iter().filter(|one| one.status_at(now) == BookingStatus::Held).count();
        // The conversation knows how each of them stands.
        for booking in &bookings {
            let known = events.iter().rev().find_map(|event| match event {
                Event::BookingNoted(news) if news.booking == booking.id => Some(news.status),
                _ => None,
            });
            assert_eq!(known, Some(booking.status_at(now)), "the conversation was not told");
        }
        let state = world.store.load(DEALER, *session).await.unwrap().unwrap().state;
        assert_eq!((state.speaker, state.turn), (Speaker::Member(MEMBER), None));
        let names = before.iter().filter(|event| matches!(event, Event::ContactLearned(_))).count();
        assert!(names <= granted(ToolName::CaptureContact), "written down, and nobody granted it");
        outcomes.races += 1;
        outcomes.holds += held;
        outcomes.let_go += bookings.len() - held;
        outcomes.names += names;
        *match (granted(ToolName::CaptureContact), granted(ToolName::HoldSlot)) {
            (_, 1..) => &mut outcomes.granted,
            (1.., 0) => &mut outcomes.halfway,
            (0, 0) => &mut outcomes.silenced,
        } += 1;
    }
}

/// What only a turn of the assistant's does.
fn is_an_act(event: &Event) -> bool {
    match event {
        Event::ToolGranted { .. }
        | Event::ContactLearned(_)
        | Event::TurnStarted { .. }
        | Event::TurnNoted { .. } => true,
        Event::MessagePosted(MessagePosted { author, .. }) => *author == Author::Assistant,
        _ => false,
    }
}

async fn races(worlds: usize) {
    let mut outcomes = Outcomes::default();
    for nth in 0..worlds {
        race(nth, &mut outcomes).await;
    }
    println!("takeover against tools: {outcomes:?}");
    assert_eq!(outcomes.races, AT_ONCE * worlds);
    let least = outcomes.races / 50;
    assert!(outcomes.granted > least, "no time was ever granted: {outcomes:?}");
    assert!(outcomes.halfway > least, "never between two tools: {outcomes:?}");
    assert!(outcomes.silenced > least, "the turn was always faster: {outcomes:?}");
    assert!(outcomes.holds > least && outcomes.names > least, "{outcomes:?}");
}

#[actix_rt::test]
async fn a_takeover_against_a_turn_with_tools_a_thousand_times_and_no_older_tool_runs() {
    races(20).await;
}

/// `cargo test --release -p forecourt-actors --test engine ten_thousand_times_and_no_older -- --ignored --nocapture`
#[actix_rt::test]
#[ignore = "ten times the test before it: half a minute in a debug build"]
async fn a_takeover_against_a_turn_with_tools_ten_thousand_times_and_no_older_tool_runs() {
    races(200).await;
}
