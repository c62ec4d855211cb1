//! Members and the assistant in one conversation: typing, two answers at once, routing, the queue.

use std::{sync::Arc, time::Duration};

use forecourt_actors::{EngineError, QueuePlace};
use forecourt_core::{
    event::{AnsweredBy, AssignReason, Event, EventRecord, MessageSeq, Reader, ReleaseReason},
    id::{MemberId, SessionId},
    lang::Lang,
    routing::Reason,
    session::Rejection,
};
use forecourt_ports::{
    bus::Bus as _,
    fake::Script,
    model::ModelError,
    presence::{Availability, Person},
    store::{Member, NewMember, Role},
};
use uuid::Uuid;

use crate::support::{MEMBER, TENANT, World};

const OTHER: MemberId = MemberId::from_uuid(Uuid::from_u128(8));

fn person(member: MemberId) -> Person {
    Person { member, name: Arc::from("Noen") }
}

/// A world with two sellers and a chat in which the customer has asked.
async fn asked() -> (World, SessionId) {
    let world = World::new().await;
    world.store.seed_member(NewMember {
        member: Member {
            tenant: TENANT,
            member: OTHER,
            name: "Åse Selger".into(),
            email: "aase@nordlys.example".into(),
            role: Role::Seller,
        },
        lang: Lang::Nb,
        password_hash: None,
    });
    let session = world.tenant.open_session(Lang::Nb).await.unwrap();
    write(&world, session, "Er den ledig?", "c1").await;
    (world, session)
}

async fn write(world: &World, session: SessionId, text: &str, id: &str) {
    world.tenant.post_message(session, text.into(), id.into(), None).await.unwrap();
}

/// The same in which no model answers, and a person is needed.
async fn needs_a_person() -> (World, SessionId) {
    let (mut world, session) = asked().await;
    for _ in 0..20 {
        world.primary.push(Script::fail(ModelError::Transport));
        world.second.push(Script::fail(ModelError::Transport));
    }
    wait_for_hand_off(&mut world).await;
    (world, session)
}

/// Lets time pass until an event that a timer far away brings: such a timer waits in its row, and a sweep
/// looks every second.
async fn later(
    world: &mut World,
    seconds: i64,
    what: &str,
    wanted: impl Fn(&Event) -> bool,
) -> EventRecord {
    world.pass(seconds);
    for _ in 0..10 {
        if world.journal().await.iter().any(&wanted) {
            break;
        }
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.until(what, wanted).await
}

async fn wait_for_hand_off(world: &mut World) {
    let mut asked = false;
    for _ in 0..70 {
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(3)).await;
        asked = world.journal().await.iter().any(|e| matches!(e, Event::HandoffRequested { .. }));
        if asked {
            break;
        }
    }
    assert!(asked, "a person is needed");
}

#[actix_rt::test]
async fn a_member_who_types_is_waited_for_and_then_the_assistant_answers() {
    let (mut world, session) = asked().await;
    world.tenant.member_typing(session, MEMBER).await.unwrap();
    world.tenant.member_typing(session, MEMBER).await.unwrap();
    let pauses = |events: Vec<Event>| {
        events.iter().filter(|e| matches!(e, Event::AssistantPaused { .. })).count()
    };
    assert_eq!(pauses(world.journal().await), 1, "few events for many keys");
    world.pass(8);
    world.until("the pause ends", |e| matches!(e, Event::AssistantResumed)).await;
    let kept = world.until_answered().await;
    assert!(matches!(kept.event, Event::PromiseKept { by: AnsweredBy::Model { .. }, .. }));
}

#[actix_rt::test]
async fn of_two_members_who_answer_at_once_one_is_told_that_the_other_did() {
    for round in 0..20 {
        let (world, session) = asked().await;
        let seen = Some(MessageSeq(1));
        let says = |member, id: &str| {
            world.tenant.post_member_message(session, member, "Ja!".into(), id.into(), seen)
        };
        let (one, other) = tokio::join!(says(MEMBER, "a"), says(OTHER, "b"));
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(won.unwrap().seq, MessageSeq(2), "round {round}");
        let conflict = Rejection::Conflict { newest: MessageSeq(2) };
        assert!(matches!(lost, Err(EngineError::Rejected(no)) if no == conflict), "round {round}");
        // Whoever won and repeats because the answer was lost is answered as before.
        let (one, other) = tokio::join!(says(MEMBER, "a"), says(OTHER, "b"));
        assert_eq!([one, other].iter().filter(|said| said.is_ok()).count(), 1);
    }
}

#[actix_rt::test]
async fn a_hand_off_goes_to_who_is_there_and_on_to_the_next_who_then_answers() {
    let (mut world, session) = asked().await;
    for member in [MEMBER, OTHER] {
        world.bus.set_member(TENANT, &person(member), true);
    }
    world.bus.set_availability(TENANT, &person(OTHER), Availability::Busy);
    for _ in 0..20 {
        world.primary.push(Script::fail(ModelError::Transport));
        world.second.push(Script::fail(ModelError::Transport));
    }
    wait_for_hand_off(&mut world).await;
    let first = world.until("an assignment", |e| matches!(e, Event::Assigned { .. })).await;
    let reasons = vec![Reason::Online, Reason::OnlyOne];
    let why = AssignReason::Routed(reasons.clone());
    assert_eq!(first.event, Event::Assigned { member: Some(MEMBER), by: None, why });

    // The other has time now; the first does not answer.
    world.bus.set_availability(TENANT, &person(OTHER), Availability::Online);
    let passed_on = |e: &Event| matches!(e, Event::HandoffPassedOn { from: Some(MEMBER) });
    later(&mut world, 180, "it is passed on", passed_on).await;
    let next = world.until("an assignment", |e| matches!(e, Event::Assigned { .. })).await;
    let why = AssignReason::PassedOn(reasons);
    assert_eq!(next.event, Event::Assigned { member: Some(OTHER), by: None, why });
    let text = "Jeg er her.".to_owned();
    world.tenant.post_member_message(session, OTHER, text, "m".into(), None).await.unwrap();
    world.pass(600);
    assert!(world.tenant.queue_place(session).await.unwrap().is_none(), "nobody waits");
}

#[actix_rt::test]
async fn with_nobody_there_the_tenants_address_is_told_and_the_hand_off_is_still_passed_on() {
    let (mut world, session) = needs_a_person().await;
    let passed_on = |e: &Event| matches!(e, Event::HandoffPassedOn { from: None });
    later(&mut world, 180, "it is passed on", passed_on).await;
    for _ in 0..200 {
        if world.alerts() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(world.alerts() > 0, "the address was told");
    let nobody = MemberId::from_uuid(Uuid::from_u128(99));
    let refused = world.tenant.assign(session, Some(nobody), MEMBER).await;
    assert!(matches!(refused, Err(EngineError::Rejected(Rejection::NotAReceiver))));
    world.tenant.assign(session, Some(OTHER), MEMBER).await.unwrap();
    world.tenant.assign(session, Some(OTHER), MEMBER).await.unwrap(); // it is theirs already
}

#[actix_rt::test]
async fn a_silent_member_loses_the_conversation_to_the_assistant_which_answers() {
    let (mut world, session) = asked().await;
    world.tenant.take_over(session, MEMBER).await.unwrap();
    world.pass(91);
    world.until("the promise is broken", |e| matches!(e, Event::PromiseBroken { .. })).await;
    let back =
        later(&mut world, 809, "the give-back", |e| matches!(e, Event::Released { .. })).await;
    assert!(matches!(back.event, Event::Released { why: ReleaseReason::TimedOut, .. }));
    let kept = world.until_answered().await;
    assert!(matches!(kept.event, Event::PromiseKept { by: AnsweredBy::Model { .. }, .. }));
}

#[actix_rt::test]
async fn who_waits_for_a_person_is_told_their_place_and_reading_is_told_once() {
    let (world, first) = needs_a_person().await;
    world.pass(5);
    let second = world.tenant.open_session(Lang::Nb).await.unwrap();
    write(&world, second, "Hallo?", "c2").await;
    assert_eq!(world.tenant.queue_place(second).await.unwrap(), None, "the assistant is asked");
    for _ in 0..70 {
        world.pass(1);
        tokio::time::sleep(Duration::from_millis(3)).await;
        if world.tenant.queue_place(second).await.unwrap().is_some() {
            break;
        }
    }
    let place = world.tenant.queue_place(second).await.unwrap();
    assert_eq!(place, Some(QueuePlace { ahead: 1, estimate_s: None }), "nobody was answered yet");
    let place = world.tenant.queue_place(first).await.unwrap();
    assert_eq!(place.map(|place| place.ahead), Some(0));

    let text = "Jeg er her.".to_owned();
    world.tenant.post_member_message(first, MEMBER, text, "m".into(), None).await.unwrap();
    for _ in 0..2 {
        world.tenant.seen(first, Reader::Customer, MessageSeq(3)).await.unwrap();
    }
    world.tenant.close(first, MEMBER).await.unwrap();
    world.tenant.seen(first, Reader::Member(OTHER), MessageSeq(3)).await.unwrap();
    let seen = |event: &&Event| matches!(event, Event::Seen { .. });
    assert_eq!(world.journal().await.iter().filter(seen).count(), 1);
}
