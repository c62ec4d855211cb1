//! What a customer's page tells of itself and is told of others, and the long poll for networks without streams.

use forecourt_core::{event::Event, id::MemberId};
use forecourt_ports::{
    bus::Bus as _,
    fake::Script,
    model::ModelError,
    presence::{Person, Typist},
    store::Journal as _,
};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::{sync::oneshot::error::TryRecvError, time::timeout};
use uuid::Uuid;

use crate::{
    events::{Sse, events, session},
    world::{ANSWER, PATIENCE, Visitor, World, problem, tenant_id},
};

/// One long poll after a cursor.
async fn poll(world: &World, visitor: &Visitor, cursor: &str) -> Value {
    let path = format!("/v1/sessions/{}/events?poll=1&after={cursor}", visitor.session);
    let asked = world.get(&path).bearer_auth(&visitor.token).send();
    let answer = timeout(PATIENCE, asked).await.expect("the poll was not answered").unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.json().await.unwrap()
}

async fn tell(world: &World, visitor: &Visitor, what: &str, body: Value) -> StatusCode {
    let path = format!("/v1/sessions/{}/{what}", visitor.session);
    let asked = world.post(&path).bearer_auth(&visitor.token).json(&body).send();
    asked.await.unwrap().status()
}

fn ola() -> Person {
    Person { member: MemberId::from_uuid(Uuid::from_u128(101)), name: "Ola".into() }
}

#[actix_web::test]
async fn polls_tell_what_the_stream_tells_once_and_in_order() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei, er Teslaen ledig?", "c-1").await;
    let (mut cursor, mut seqs, mut texts) = (visitor.cursor.clone(), Vec::new(), Vec::new());
    while texts.len() < 2 {
        let told = poll(&world, &visitor, &cursor).await;
        cursor = told["cursor"].as_str().unwrap().to_owned();
        for event in told["events"].as_array().unwrap() {
            seqs.extend(event["seq"].as_i64());
            if event["type"] == "message.posted" {
                texts.push(event["message"]["text"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(texts, ["Hei, er Teslaen ledig?", ANSWER]);
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    // What is told is not told again: the next poll waits for what comes.
    let waiting = poll(&world, &visitor, &cursor);
    let writing = world.say(&visitor, "Takk!", "c-2");
    let (told, _) = tokio::join!(waiting, writing);
    let first = &told["events"][0];
    assert_eq!(
        (&first["type"], &first["message"]["text"]),
        (&"message.posted".into(), &"Takk!".into())
    );
    world.stop().await;
}

#[actix_web::test]
async fn a_poll_with_a_cursor_of_nowhere_is_told_of_the_gap() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-1").await;
    for cursor in ["77-1", "1-999999", "rubbish"] {
        let told = poll(&world, &visitor, cursor).await;
        assert_eq!(told["events"][0]["type"], "gap", "{cursor}: {told}");
        assert!(told["cursor"].as_str().is_some());
    }
    let path = format!("/v1/sessions/{}/events?poll=2", visitor.session);
    let refused = world.get(&path).bearer_auth(&visitor.token).send().await.unwrap();
    let told = problem(refused, 400, "invalid").await;
    assert_eq!(told["errors"][0]["pointer"], "poll");
    world.stop().await;
}

#[actix_web::test]
async fn the_customer_sees_a_member_type_and_nothing_of_who_only_looks() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-1").await;
    let mut stream = Sse::open(events(&world, &visitor, None)).await;
    let (tenant, of) = (tenant_id(1), session(&visitor));
    world.bus.set_viewer(tenant, of, &ola(), true);
    world.bus.set_typing(tenant, of, Typist::Member(ola()), true);
    let frames = stream.until(|frame| frame.event == "typing").await;
    let told = &frames.last().unwrap().data;
    assert_eq!((&told["by"], &told["member_name"]), (&"member".into(), &"Ola".into()));
    world.bus.set_typing(tenant, of, Typist::Member(ola()), false);
    let frames = stream.until(|frame| frame.event == "typing").await;
    assert_eq!(frames.last().unwrap().data, json!({ "type": "typing" }));
    assert!(frames.last().unwrap().id.is_none());
    world.stop().await;
}

#[actix_web::test]
async fn staff_see_that_the_customer_is_there_types_and_has_read() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-1").await;
    let (tenant, of) = (tenant_id(1), session(&visitor));
    assert!(!world.bus.presence(tenant, of).customer_online);
    let stream = Sse::open(events(&world, &visitor, None)).await;
    assert!(world.bus.presence(tenant, of).customer_online);
    assert_eq!(tell(&world, &visitor, "typing", json!({ "on": true })).await, 204);
    assert!(world.bus.presence(tenant, of).customer_typing);
    assert_eq!(tell(&world, &visitor, "typing", json!({ "on": false })).await, 204);
    assert!(!world.bus.presence(tenant, of).customer_typing);
    drop(stream);

    for _ in 0..2 {
        assert_eq!(tell(&world, &visitor, "seen", json!({ "seq": 1 })).await, 204);
    }
    // What does not exist cannot have been seen, and is no error either.
    assert_eq!(tell(&world, &visitor, "seen", json!({ "seq": 999 })).await, 204);
    assert_eq!(tell(&world, &visitor, "seen", json!({ "seq": -1 })).await, 204);
    let log = world.store.replay(tenant, forecourt_core::event::Seq(0), 1_000).await.unwrap();
    let seen = log.iter().filter(|record| matches!(record.event, Event::Seen { .. })).count();
    assert_eq!(seen, 1, "a receipt is stored once");
    world.stop().await;
}

#[actix_web::test]
async fn the_customer_is_told_that_a_member_has_read() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-1").await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    let desk = world.engine.tenant_by_id(tenant_id(1)).await.unwrap().unwrap();
    let by = forecourt_core::event::Reader::Member(ola().member);
    desk.seen(session(&visitor), by, forecourt_core::event::MessageSeq(1)).await.unwrap();
    let frames = stream.until(|frame| frame.event == "messages.seen").await;
    let told = frames.last().unwrap();
    assert_eq!(told.data["upto"], 1);
    assert!(told.id.is_some(), "it is stored, and has its place");
    world.stop().await;
}

#[actix_web::test]
async fn who_waits_for_a_person_is_told_their_place_and_who_comes() {
    let world = World::start().await;
    let visitor = world.open().await;
    for _ in 0..10 {
        world.model.push(Script::fail(ModelError::Transport));
    }
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "Hei, er bilen ledig?", "c-1").await;
    // The models are asked until the template's time comes, on the world's own clock.
    let (clock, over) = (world.clock.clone(), tokio::sync::oneshot::channel::<()>());
    let passing = async move {
        let mut over = over.1;
        while over.try_recv().is_err_and(|error| error == TryRecvError::Empty) {
            clock.advance(jiff::SignedDuration::from_secs(1));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let waiting = async {
        let frames = stream.until(|frame| frame.event == "queue").await;
        drop(over.0);
        frames
    };
    let (frames, ()) = tokio::join!(waiting, passing);
    let place = frames.last().unwrap();
    assert_eq!((place.id.as_ref(), &place.data["ahead"]), (None, &json!(0)));

    let cookie = world.ola().await;
    let path = format!("/v1/sessions/{}/takeover", visitor.session);
    let taken = world.post(&path).header(header::COOKIE, cookie).send().await.unwrap();
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    let frames = stream.until(|frame| frame.event == "session.status").await;
    let told = &frames.last().unwrap().data;
    assert_eq!((&told["by"], &told["member_name"]), (&"member".into(), &"Ola".into()));
    assert_eq!(world.read(&visitor).await["member_name"], "Ola");
    world.stop().await;
}

#[actix_web::test]
async fn bad_notices_are_told_what_is_wrong_and_whose_conversation_it_is() {
    let world = World::start().await;
    let (visitor, other) = (world.open().await, world.open_at("fjord-auto").await);
    for (what, body) in [
        ("typing", json!({})),
        ("typing", json!({ "on": "yes" })),
        ("typing", json!({ "on": true, "who": "me" })),
        ("seen", json!({ "seq": "1" })),
        ("seen", json!({ "seq": 1.5 })),
        ("seen", json!([])),
    ] {
        let status = tell(&world, &visitor, what, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what} {body}");
    }
    let path = format!("/v1/sessions/{}/typing", visitor.session);
    let strange = world.post(&path).bearer_auth(&other.token).json(&json!({ "on": true })).send();
    problem(strange.await.unwrap(), 404, "not-found").await;
    world.stop().await;
}
