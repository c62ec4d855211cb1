//! Hello, replay, gaps, beats and goodbyes.

use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::Socket;
use crate::world::World;

#[actix_web::test]
async fn a_new_lead_is_told_with_its_whole_row_and_then_what_changed() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let welcome = socket.hello(None).await;
    assert_eq!((&welcome["resumed"], &welcome["seq"]), (&false.into(), &0.into()));
    let receipt = world.submit("kari@example.no", "Er bilen ledig?").await;
    let captured = socket.event("lead.captured").await;
    assert_eq!(captured["lead"]["lead_id"], receipt["lead_id"]);
    assert_eq!(captured["lead"]["email"], "kari@example.no");
    assert_eq!(captured["lead"]["excerpt"], "Er bilen ledig?");
    let posted = socket.event("message.posted").await;
    assert_eq!(posted["message"]["text"], "Er bilen ledig?");
    assert_eq!(posted["changes"]["excerpt"], "Er bilen ledig?");
    let mut row = captured["lead"].clone();
    loop {
        let changed = socket.event("lead.changed").await;
        assert_eq!(changed["lead"], Value::Null, "only what changed is told");
        for (field, value) in changed["changes"].as_object().unwrap() {
            row[field] = value.clone();
        }
        if changed["changes"]["promise"]["state"] == "kept" {
            assert_eq!(changed["changes"]["promise"]["by"], "model");
            break;
        }
    }
    // What was told, put together, is what the list says.
    let list: Value = world
        .get("/v1/leads")
        .header(header::COOKIE, &cookie)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(row, list["leads"][0]);
    // Somebody who is known comes back: the whole row is told again.
    world.submit("kari@example.no", "Og på tirsdag?").await;
    let again = socket.event("lead.repeated").await;
    assert_eq!((&again["lead"]["repeats"], &again["changes"]), (&1.into(), &Value::Null));
    world.stop().await;
}

#[actix_web::test]
async fn a_socket_resumes_after_any_event_and_an_unknown_place_is_a_gap() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let epoch = socket.hello(None).await["epoch"].clone();
    let mut seqs = Vec::new();
    world.submit("kari@example.no", "Er bilen ledig?").await;
    while seqs.len() < 6 {
        seqs.push(socket.frame().await["seq"].as_i64().unwrap());
    }
    assert!(seqs.is_sorted() && seqs[0] < seqs[5], "{seqs:?}");
    for at in 0..5 {
        let mut resumed = Socket::open(&world, &cookie).await;
        let welcome = resumed.hello(Some(&format!("{epoch}-{}", seqs[at]))).await;
        assert_eq!(welcome["resumed"], true);
        for seq in &seqs[at + 1..] {
            assert_eq!(resumed.frame().await["seq"], *seq);
        }
    }
    for cursor in ["999-1".to_owned(), format!("{epoch}-9999"), "x".into(), String::new()] {
        let mut lost = Socket::open(&world, &cookie).await;
        assert_eq!(lost.hello(Some(&cursor)).await["resumed"], false, "{cursor}");
        let gap = lost.frame().await;
        assert_eq!((&gap["type"], &gap["snapshot_url"]), (&"gap".into(), &"/v1/leads".into()));
        world.submit("kari@example.no", &format!("Og etter {cursor}?")).await;
        assert!(lost.event("lead.repeated").await["seq"].as_i64() > gap["seq"].as_i64());
    }
    world.stop().await;
}

#[actix_web::test]
async fn only_the_tenants_own_leads_are_told() {
    let world = World::start().await;
    let cookie = world.sign_in("fjord-auto", "ola@fjord.example").await;
    let mut foreign = Socket::open(&world, &cookie).await;
    foreign.hello(None).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    foreign.say(&json!({ "type": "ping", "ref": "9" })).await;
    let reply = foreign.frame().await;
    assert_eq!(
        (&reply["type"], &reply["ref"], &reply["ok"]),
        (&"reply".into(), &"9".into(), &true.into())
    );
    world.stop().await;
}

#[actix_web::test]
async fn signing_out_closes_the_sockets_of_that_sign_in_and_no_others() {
    let world = World::start().await;
    let (here, there) = (world.ola().await, world.ola().await);
    let mut first = Socket::open(&world, &here).await;
    first.hello(None).await;
    let mut other = Socket::open(&world, &there).await;
    other.hello(None).await;
    let out = world.post("/v1/logout").header(header::COOKIE, &here).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(first.closed().await.0, Some(4001));
    other.say(&json!({ "type": "ping", "ref": "1" })).await;
    assert_eq!(other.frame().await["ok"], true);
    // A sign-in that ends by itself is found within five seconds.
    world.clock.advance(jiff::SignedDuration::from_hours(13));
    assert_eq!(other.closed().await.0, Some(4001));
    world.stop().await;
}

#[actix_web::test]
async fn a_node_that_stops_says_so_and_takes_no_more() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    world.gateway.begin_stop();
    assert_eq!(socket.closed().await.0, Some(1001));
    let late = Socket::try_open(&world, &[("cookie", &cookie)]).await;
    assert_eq!(late.err(), Some(503));
    world.stop().await;
}

#[actix_web::test]
async fn a_room_that_the_bus_has_cut_sends_everybody_back_to_their_cursors() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    let epoch = socket.hello(None).await["epoch"].clone();
    world.submit("kari@example.no", "En").await;
    let seen = socket.event("message.posted").await["seq"].clone();
    world.bus.cut_all();
    assert_eq!(socket.closed().await.0, Some(4003));
    world.submit("kari@example.no", "To").await;
    let mut resumed = Socket::open(&world, &cookie).await;
    resumed.hello(Some(&format!("{epoch}-{seen}"))).await;
    loop {
        let frame = resumed.event("message.posted").await;
        if frame["message"]["text"] == "To" {
            break;
        }
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_quiet_socket_beats_with_the_place_that_was_told_last() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let mut socket = Socket::open(&world, &cookie).await;
    socket.hello(None).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let mut last = Value::Null;
    loop {
        let frame = socket.frame().await;
        if frame["type"] == "beat" {
            assert_eq!(frame["seq"], last);
            break;
        }
        last = frame["seq"].clone();
    }
    world.stop().await;
}
