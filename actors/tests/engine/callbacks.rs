//! Customers who are called back: offered when nobody is there, one member and time for one of them, rung, over.

use std::sync::Arc;

use forecourt_actors::{EngineError, TenantHandle};
use forecourt_core::{
    callback::{CallTime, CallbackEnd, OfferReason},
    dialogue::Pressed,
    event::{Event, Version},
    hours::{OpeningHours, Span},
    id::{MemberId, SessionId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
    session::Rejection,
};
use forecourt_ports::{
    bus::Bus as _,
    clock::Clock as _,
    presence::Person,
    store::{Journal as _, Member, NewMember, NewTenant, People as _, Role, TenantSnapshot},
};
use jiff::{SignedDuration, Timestamp, civil::time};
use uuid::Uuid;

use crate::support::{World, settings};

const SHOP: TenantId = TenantId::from_uuid(Uuid::from_u128(0x3003));
const OLA: MemberId = MemberId::from_uuid(Uuid::from_u128(0x31));

/// A shop that is always open, with one seller who is not there.
async fn shop() -> World {
    let mut world = World::new().await;
    let mut settings = settings();
    let day = vec![Span { opens: time(0, 0, 0, 0), closes: time(23, 59, 0, 0) }];
    settings.hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
    let ola = NewMember {
        member: Member {
            tenant: SHOP,
            member: OLA,
            name: "Ola Selger".into(),
            email: "ola@butikk.example".into(),
            role: Role::Seller,
        },
        lang: Lang::Nb,
        password_hash: None,
    };
    let snapshot =
        TenantSnapshot { id: SHOP, slug: "butikk".into(), pack: "dealer".into(), settings };
    world.store.seed_tenant(NewTenant {
        snapshot,
        name: "Butikk".into(),
        knowledge: Knowledge::default(),
        busy: vec![],
        members: vec![ola],
    });
    world.tenant = world.engine.tenant("butikk").await.unwrap().expect("the shop");
    world
}

/// A chat in which the customer asks for a person.
async fn asks(world: &World) -> SessionId {
    let session = world.tenant.open_session(Lang::Nb).await.unwrap();
    let text = "Jeg vil snakke med et menneske".to_owned();
    world.tenant.post_message(session, text, "a".into(), None).await.unwrap();
    session
}

async fn says(world: &World, session: SessionId, text: &str, pressed: Option<Pressed>) {
    let id = format!("{text}-{pressed:?}").replace(' ', "_");
    let id = id.chars().filter(char::is_ascii_graphic).take(90).collect();
    world.tenant.press(session, text.into(), id, None, pressed).await.unwrap();
}

/// Waits until the conversation's events say `wanted`.
async fn until<T>(
    world: &World,
    session: SessionId,
    what: &str,
    wanted: impl Fn(&Event) -> Option<T>,
) -> T {
    for _ in 0..600 {
        let page = world.store.replay_session(SHOP, session, Version(0), 500).await;
        let found = page.unwrap().iter().rev().find_map(|record| wanted(&record.event));
        if let Some(found) = found {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

async fn offered(world: &World, session: SessionId, wanted: OfferReason) -> Vec<CallTime> {
    until(world, session, "times are offered", |event| match event {
        Event::CallbackOffered { times, why } if *why == wanted => Some(times.clone()),
        _ => None,
    })
    .await
}

async fn agreed(world: &World, session: SessionId) -> (Timestamp, MemberId) {
    until(world, session, "a call is agreed", |event| match event {
        Event::CallbackAgreed { at, member, .. } => Some((*at, *member)),
        _ => None,
    })
    .await
}

#[actix_rt::test]
async fn who_finds_nobody_is_called_and_of_two_who_want_the_same_time_one_gets_another() {
    let world = shop().await;
    let (one, other) = (asks(&world).await, asks(&world).await);
    let times = offered(&world, one, OfferReason::NobodyThere).await;
    assert_eq!(offered(&world, other, OfferReason::NobodyThere).await, times, "both may choose");
    let first = times[0].at;
    for session in [one, other] {
        says(&world, session, "Ring meg da", Some(Pressed::CallMe { at: first })).await;
    }
    // Both are asked for their number, and answer at once.
    let (a, b) = (says(&world, one, "91 23 45 67", None), says(&world, other, "92345678", None));
    tokio::join!(a, b);
    let is_mine = async |session| {
        until(&world, session, "an answer", |event| match event {
            Event::CallbackAgreed { .. } => Some(true),
            Event::CallbackOffered { why: OfferReason::Taken, .. } => Some(false),
            _ => None,
        })
        .await
    };
    let (mine, theirs) = (is_mine(one).await, is_mine(other).await);
    assert!(mine != theirs, "one seller calls one customer at a time");
    let (won, lost) = if mine { (one, other) } else { (other, one) };
    assert_eq!(agreed(&world, won).await, (first, OLA));
    let left = offered(&world, lost, OfferReason::Taken).await;
    assert!(left.iter().all(|time| time.at != first));
    says(&world, lost, "Da heller", Some(Pressed::CallMe { at: left[0].at })).await;
    assert_eq!(agreed(&world, lost).await, (left[0].at, OLA));
    assert_eq!(world.store.callbacks(SHOP, world.clock.now()).await.unwrap().len(), 2);

    // It is time; nobody calls; the customer is told and waits for a person again.
    let until_then = first.duration_since(world.clock.now()).as_secs();
    world.pass(until_then + 1);
    for _ in 0..5 {
        world.pass(1);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let rang = |event: &Event| matches!(event, Event::CallbackRang { member: OLA }).then_some(());
    until(&world, won, "it rings", rang).await;
    let session = won;
    assert_eq!(
        world.tenant.end_call(session, left[0].at, CallbackEnd::Done, OLA).await,
        Err(EngineError::Rejected(Rejection::Stale)),
        "that is the other one's"
    );
    world.tenant.end_call(session, first, CallbackEnd::Unreached, OLA).await.unwrap();
    let again = offered(&world, session, OfferReason::Again).await;
    assert!(!again.is_empty());
}

#[actix_rt::test]
async fn a_member_agrees_a_call_moves_it_and_is_told_when_the_time_is_not_free() {
    let world = shop().await;
    world.bus.set_member(SHOP, &Person { member: OLA, name: Arc::from("Ola") }, true);
    let session = asks(&world).await;
    let times = world.tenant.call_times(session).await.unwrap();
    let (first, second) = (times[0].at, times[1].at);
    let agree = async |tenant: &TenantHandle, session, at| {
        let phone = forecourt_core::contact::Phone::parse("91234567", "NO").ok();
        tenant.agree_call(session, at, None, OLA, phone).await
    };
    let no_phone = world.tenant.agree_call(session, first, None, OLA, None).await;
    assert_eq!(no_phone, Err(EngineError::Rejected(Rejection::NoPhone)));
    agree(&world.tenant, session, first).await.unwrap();
    agree(&world.tenant, session, first).await.unwrap(); // the answer was lost
    let other = asks(&world).await;
    let taken = agree(&world.tenant, other, first).await;
    assert_eq!(taken, Err(EngineError::Rejected(Rejection::NoSuchTime)));
    agree(&world.tenant, session, second).await.unwrap();
    agree(&world.tenant, other, first).await.unwrap();
    let moved = |event: &Event| match event {
        Event::CallbackAgreed { moved_from: Some(from), .. } => Some(*from),
        _ => None,
    };
    assert_eq!(until(&world, session, "it was moved", moved).await, first);
    let nobody = MemberId::from_uuid(Uuid::from_u128(0x99));
    let unknown = world.tenant.agree_call(other, times[2].at, Some(nobody), OLA, None).await;
    assert_eq!(unknown, Err(EngineError::Rejected(Rejection::NotAReceiver)));
}

#[actix_rt::test]
async fn who_waits_too_long_is_offered_a_call() {
    let world = shop().await;
    world.bus.set_member(SHOP, &Person { member: OLA, name: Arc::from("Ola") }, true);
    let session = asks(&world).await;
    world.pass(301);
    // One timer after the other, each as soon as it is set.
    let clock = world.clock.clone();
    let passing = tokio::spawn(async move {
        loop {
            clock.advance(SignedDuration::from_secs(30));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    // By then the seller may count as gone; that a long wait is reason enough is the core's rule and test.
    let times = until(&world, session, "times are offered", |event| match event {
        Event::CallbackOffered { times, why: OfferReason::LongWait | OfferReason::NobodyThere } => {
            Some(times.clone())
        }
        _ => None,
    })
    .await;
    assert!(!times.is_empty());
    passing.abort();
}
