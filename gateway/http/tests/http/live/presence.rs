//! How things stand now: who looks, who types, what the assistant says word by word, what is drafted together.

use forecourt_core::{
    event::EventRecord,
    id::{SessionId, TurnId},
};
use forecourt_ports::{
    bus::{Bus as _, Draft, Published},
    fake::{Script, Step},
    presence::Typist,
};
use serde_json::{Value, json};

use super::Socket;
use crate::world::{World, tenant_id};

const QUIET: &str = "seen_nothing";

fn view(session: &str) -> Value {
    json!({ "type": "view", "session_id": session })
}

fn typing(session: &str, on: bool) -> Value {
    json!({ "type": "typing", "session_id": session, "on": on })
}

/// A socket of a member of nordlys-bil that hears of nothing it does not view.
async fn of(world: &World, who: &str, topics: Value) -> Socket {
    let email = format!("{who}@nordlys.example");
    let nothing = json!({ "session_ids": [] });
    Socket::of(world, "nordlys-bil", &email, json!({ "topics": topics, "only": nothing })).await
}

/// A conversation that the customer has opened and written to, and that was answered.
async fn chat(world: &World) -> String {
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "v-1").await;
    let until = tokio::time::Instant::now() + crate::world::PATIENCE;
    while world.read(&visitor).await["messages"].as_array().unwrap().len() < 2 {
        assert!(tokio::time::Instant::now() < until, "nobody answers");
    }
    visitor.session
}

async fn presence(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    socket.until(|frame| frame["type"] == "presence" && wanted(frame)).await
}

fn names(frame: &Value) -> Vec<&str> {
    let viewers = frame["viewers"].as_array().unwrap();
    viewers.iter().map(|viewer| viewer["name"].as_str().unwrap()).collect()
}

fn types(frame: &Value, name: &str) -> bool {
    let viewers = frame["viewers"].as_array().unwrap();
    viewers.iter().any(|viewer| viewer["name"] == name && viewer["typing"] == true)
}

#[actix_web::test]
async fn who_looks_at_a_conversation_sees_who_else_does_and_who_types() {
    let world = World::start().await;
    let session = chat(&world).await;
    let mut ola = of(&world, "ola", json!(["members"])).await;
    let mut eva = of(&world, "eva", json!(["members"])).await;
    ola.done(view(&session)).await;
    let first = presence(&mut ola, |_| true).await;
    assert_eq!((names(&first), &first["assistant"]), (vec!["Ola"], &"idle".into()));
    eva.done(view(&session)).await;
    presence(&mut ola, |frame| names(frame) == ["Ola", "Eva"]).await;
    presence(&mut eva, |frame| names(frame) == ["Ola", "Eva"]).await;
    ola.done(typing(&session, true)).await;
    presence(&mut eva, |frame| types(frame, "Ola") && !types(frame, "Eva")).await;
    ola.done(typing(&session, false)).await;
    presence(&mut eva, |frame| !types(frame, "Ola")).await;
    let customer: SessionId = session.parse().unwrap();
    world.bus.set_typing(tenant_id(1), customer, Typist::Customer, true);
    world.bus.set_customer(tenant_id(1), customer, true);
    presence(&mut eva, |frame| {
        frame["customer_typing"] == true && frame["customer_online"] == true
    })
    .await;
    // Whoever looks elsewhere, or whose line breaks, is gone; a message ends the typing.
    ola.done(typing(&session, true)).await;
    presence(&mut eva, |frame| types(frame, "Ola")).await;
    let send = json!({ "type": "send", "session_id": session, "text": "Hei", "client_id": "c" });
    ola.done(send).await;
    presence(&mut eva, |frame| !types(frame, "Ola")).await;
    ola.done(json!({ "type": "view", "session_id": null })).await;
    presence(&mut eva, |frame| names(frame) == ["Eva"]).await;
    ola.done(view(&session)).await;
    presence(&mut eva, |frame| names(frame) == ["Eva", "Ola"]).await;
    drop(ola);
    presence(&mut eva, |frame| names(frame) == ["Eva"]).await;
    world.stop().await;
}

#[actix_web::test]
async fn who_falls_silent_types_no_longer_after_six_seconds() {
    let world = World::start().await;
    let session = chat(&world).await;
    let mut ola = of(&world, "ola", json!(["members"])).await;
    ola.done(view(&session)).await;
    let since = std::time::Instant::now();
    ola.done(typing(&session, true)).await;
    presence(&mut ola, |frame| types(frame, "Ola")).await;
    presence(&mut ola, |frame| !types(frame, "Ola")).await;
    assert!(since.elapsed() >= std::time::Duration::from_millis(5_900), "{:?}", since.elapsed());
    world.stop().await;
}

#[actix_web::test]
async fn the_assistants_answer_is_read_word_by_word_by_who_looks_from_whenever_they_look() {
    let world = World::start().await;
    let visitor = world.open().await;
    let session: SessionId = visitor.session.parse().unwrap();
    world.model.push(Script(vec![Step::Text("Hei".into()), Step::Hang]));
    world.say(&visitor, "Hei!", "v-1").await;
    let mut ola = of(&world, "ola", json!(["members"])).await;
    ola.done(view(&visitor.session)).await;
    presence(&mut ola, |frame| frame["assistant"] == "composing").await;
    let step = ola.until(|frame| frame["step"] == "thinking").await;
    assert_eq!(step["type"], "progress");
    let turn: TurnId = step["draft_id"].as_str().unwrap().parse().unwrap();
    let say = |offset, text: &str| {
        let delta = Draft::Delta { turn, offset, text: text.into() };
        world.bus.publish_draft(tenant_id(1), session, delta);
    };
    say(0, "Ja, ");
    say(4, "på ");
    say(7, "lørdag ");
    let mut heard = String::new();
    while heard != "Ja, på lørdag " {
        let piece = ola.until(|frame| frame["type"] == "tokens").await;
        assert_eq!(
            (&piece["offset"], &piece["draft_id"]),
            (&heard.chars().count().into(), &step["draft_id"])
        );
        heard.push_str(piece["text"].as_str().unwrap());
    }
    let mut eva = of(&world, "eva", json!(["members"])).await;
    eva.done(view(&visitor.session)).await;
    let whole = eva.until(|frame| frame["type"] == "tokens").await;
    assert_eq!((&whole["offset"], &whole["text"]), (&0.into(), &"Ja, på lørdag ".into()));
    say(14, "\u{1F697}!");
    for socket in [&mut ola, &mut eva] {
        let rest = socket.until(|frame| frame["type"] == "tokens").await;
        assert_eq!((&rest["offset"], &rest["text"]), (&14.into(), &"\u{1F697}!".into()));
    }
    // Who takes over silences the assistant: what was shown is taken back.
    ola.done(json!({ "type": "take_over", "session_id": visitor.session })).await;
    for socket in [&mut ola, &mut eva] {
        socket
            .until_each(&[
                &|frame| {
                    frame["type"] == "draft_discarded" && frame["draft_id"] == step["draft_id"]
                },
                &|frame| frame["assistant"] == "idle",
            ])
            .await;
    }
    world.stop().await;
}

#[actix_web::test]
async fn an_answer_that_became_a_message_leaves_no_ghost_behind() {
    let world = World::start().await;
    let session = chat(&world).await;
    let mut ola = of(&world, "ola", json!(["members"])).await;
    ola.done(view(&session)).await;
    let turn = TurnId::from_uuid(uuid::Uuid::from_u128(77));
    let of: SessionId = session.parse().unwrap();
    let delta = Draft::Delta { turn, offset: 0, text: "Ja.".into() };
    world.bus.publish_draft(tenant_id(1), of, delta);
    ola.until(|frame| frame["type"] == "tokens").await;
    let posted = forecourt_core::event::MessagePosted {
        message: forecourt_core::id::MessageId::from_uuid(uuid::Uuid::from_u128(78)),
        seq: forecourt_core::event::MessageSeq(3),
        author: forecourt_core::event::Author::Assistant,
        text: "Ja.".into(),
        client_id: None,
        origin: Some(forecourt_core::event::Origin {
            turn,
            model: "house".into(),
            prompt: "reply@1".into(),
        }),
    };
    let record = EventRecord {
        tenant: tenant_id(1),
        session: of,
        seq: forecourt_core::event::Seq(1_000),
        version: forecourt_core::event::Version(1_000),
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        event: forecourt_core::event::Event::MessagePosted(posted),
    };
    world.bus.publish(tenant_id(1), vec![Published::new(record)]);
    let gone = ola.until(|frame| frame["type"] == "draft_discarded").await;
    assert_eq!(gone["draft_id"], turn.to_string());
    // Who looks from now on sees nothing of it.
    let mut eva = self::of(&world, "eva", json!(["members"])).await;
    eva.done(view(&session)).await;
    let shown = eva.until(|frame| frame["type"] == "draft" || frame["type"] == "tokens").await;
    assert_eq!(shown["type"], "draft");
    world.stop().await;
}

#[actix_web::test]
async fn members_write_a_draft_together_and_it_goes_out_with_the_message() {
    let world = World::start().await;
    let session = chat(&world).await;
    let mut ola = of(&world, "ola", json!(["members"])).await;
    let mut eva = of(&world, "eva", json!(["members"])).await;
    for socket in [&mut ola, &mut eva] {
        socket.done(view(&session)).await;
        let none = socket.until(|frame| frame["type"] == "draft").await;
        assert_eq!((&none["revision"], &none["text"]), (&0.into(), &"".into()));
    }
    let save = |text: &str, revision: i64| json!({ "type": "draft", "session_id": session, "text": text, "revision": revision });
    let saved = ola.done(save("Ja, den står ", 0)).await;
    assert_eq!(
        (&saved["draft"]["revision"], &saved["draft"]["text"]),
        (&1.into(), &"Ja, den står ".into())
    );
    let told = eva.until(|frame| frame["type"] == "draft").await;
    assert_eq!((&told["revision"], &told["text"]), (&1.into(), &"Ja, den står ".into()));
    assert!(told["member_id"].is_string());
    let refused = eva.refused(save("Nei", 0), "conflict").await;
    assert_eq!(refused["draft"]["text"], "Ja, den står ");
    eva.done(save("Ja, den står her.", 1)).await;
    let send = json!({ "type": "send", "session_id": session, "text": "Ja, den står her.", "client_id": "c" });
    eva.done(send).await;
    let over = ola.until(|frame| frame["type"] == "draft" && frame["text"] == "").await;
    assert!(over["revision"].as_i64() > Some(2));
    world.stop().await;
}

#[actix_web::test]
async fn with_topic_presence_all_conversations_are_told_and_with_members_who_is_there() {
    let world = World::start().await;
    let (one, two) = (chat(&world).await, chat(&world).await);
    let mut ola = of(&world, "ola", json!(["members"])).await;
    ola.done(view(&one)).await;
    // Eva comes later: she is told all there is.
    let mut eva = of(&world, "eva", json!(["presence", "members"])).await;
    let told = presence(&mut eva, |frame| frame["session_id"] == *one).await;
    assert_eq!(names(&told), ["Ola"]);
    let here = ola.until(|frame| frame["type"] == "member" && frame["name"] == "Eva").await;
    assert_eq!(here["availability"], "online");
    ola.done(view(&two)).await;
    presence(&mut eva, |frame| frame["session_id"] == *two && names(frame) == ["Ola"]).await;
    ola.done(json!({ "type": "availability", "availability": "busy" })).await;
    let busy = eva.until(|frame| frame["availability"] == "busy").await;
    assert_eq!(busy["name"], "Ola");
    drop(ola);
    eva.until_each(&[
        &|frame| frame["name"] == "Ola" && frame["availability"] == "away",
        &|frame| frame["session_id"] == *two && names(frame).is_empty(),
    ])
    .await;
    world.stop().await;
}

#[actix_web::test]
async fn another_business_sees_nothing_of_it() {
    let world = World::start().await;
    let session = chat(&world).await;
    let all = json!({ "topics": [] });
    let mut stranger = Socket::of(&world, "fjord-auto", "ola@fjord.example", all).await;
    let mut ola = of(&world, "ola", json!(["presence"])).await;
    ola.done(view(&session)).await;
    ola.done(typing(&session, true)).await;
    presence(&mut ola, |frame| types(frame, "Ola")).await;
    stranger.say(&json!({ "type": "ping", "ref": QUIET })).await;
    loop {
        let frame = stranger.frame().await;
        if frame["type"] == "reply" {
            break;
        }
        assert_eq!(frame["type"], "member", "{frame}");
        assert_eq!(
            frame["member_id"],
            forecourt_core::id::MemberId::from_uuid(uuid::Uuid::from_u128(201)).to_string()
        );
    }
    world.stop().await;
}

#[actix_web::test]
async fn who_does_not_read_loses_snapshots_first_and_is_told_how_it_stands_once_it_reads() {
    let world = World::start().await;
    let session = chat(&world).await;
    let id: SessionId = session.parse().unwrap();
    let mut slow = of(&world, "ola", json!(["presence"])).await;
    slow.done(view(&session)).await;
    let mut quick = of(&world, "eva", json!(["members"])).await;
    quick.done(view(&session)).await;
    let turn = TurnId::from_uuid(uuid::Uuid::from_u128(77));
    let piece = "å".repeat(1_000);
    let mut offset = 0;
    // Far more than a socket's buffers hold, and the slow one reads none of it.
    for _ in 0..400 {
        for _ in 0..20 {
            let delta = Draft::Delta { turn, offset: offset % 20_000, text: piece.as_str().into() };
            world.bus.publish_draft(tenant_id(1), id, delta);
            offset += 1_000;
        }
        let end = |frame: &Value| {
            let chars = frame["text"].as_str().map_or(0, |text| text.chars().count());
            frame["type"] == "tokens" && frame["offset"].as_u64() == Some(20_000 - chars as u64)
        };
        quick.until(end).await;
        let over = Draft::Discarded { turn };
        world.bus.publish_draft(tenant_id(1), id, over);
        quick.until(|frame| frame["type"] == "draft_discarded").await;
    }
    let last = Draft::Delta { turn, offset: 0, text: "Til slutt.".into() };
    world.bus.publish_draft(tenant_id(1), id, last);
    let mut frames = 0;
    slow.until(|frame| {
        frames += 1;
        frame["type"] == "tokens" && frame["offset"] == 0 && frame["text"] == "Til slutt."
    })
    .await;
    assert!(frames < 400 * 4, "{frames} frames were not let go");
    slow.done(json!({ "type": "ping" })).await;
    world.stop().await;
}
