//! What members do over the socket: write, take over, give back, assign, close; each frame answered once.

use forecourt_http::{Limits, Rate};
use serde_json::{Value, json};

use super::Socket;
use crate::world::{World, tenant_id};

fn member(nth: u128) -> String {
    forecourt_core::id::MemberId::from_uuid(uuid::Uuid::from_u128(100 + nth)).to_string()
}

fn send(session: &str, text: &str, client_id: &str) -> Value {
    json!({ "type": "send", "session_id": session, "text": text, "client_id": client_id })
}

fn about(kind: &str, session: &str) -> Value {
    json!({ "type": kind, "session_id": session })
}

/// Ola and Eva of the same business, and a conversation whose customer was answered.
async fn inbox(world: &World) -> (Socket, Socket, String) {
    let all = json!({ "topics": ["leads", "messages"] });
    let mut ola = Socket::of(world, "nordlys-bil", "ola@nordlys.example", all.clone()).await;
    let eva = Socket::of(world, "nordlys-bil", "eva@nordlys.example", all).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let answered = ola.until(|frame| frame["message"]["author"] == "assistant").await;
    (ola, eva, answered["session_id"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn a_message_is_stored_once_however_often_it_is_sent() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    let message = send(&session, "Ja. Lørdag kl. 12?\n\u{1F697}", "c-1");
    let first = ola.done(message.clone()).await["accepted"].clone();
    assert_eq!((&first["seq"], first["version"].as_i64() > Some(0)), (&3.into(), true));
    assert_eq!(ola.done(message.clone()).await["accepted"], first);
    assert_eq!(eva.done(message).await["accepted"], first, "by whichever socket");
    let posted = eva.until(|frame| frame["message"]["author"] == "member").await;
    assert_eq!(posted["message"]["message_id"], first["message_id"]);
    assert_eq!(posted["message"]["client_id"], "c-1");
    ola.done(send(&session, "Eller søndag?", "c-2")).await;
    let next = eva.until(|frame| frame["message"]["author"] == "member").await;
    assert_eq!(
        (&next["message"]["seq"], &next["message"]["text"]),
        (&4.into(), &"Eller søndag?".into())
    );
    world.stop().await;
}

#[actix_web::test]
async fn who_has_not_seen_a_colleagues_answer_is_shown_it_before_the_second_one_leaves() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    let seen = |text: &str, id: &str, seq: i64| {
        let mut frame = send(&session, text, id);
        frame["seen_seq"] = seq.into();
        frame
    };
    ola.done(seen("Ja, den er ledig.", "ola-1", 2)).await;
    let refused = eva.refused(seen("Nei, solgt.", "eva-1", 2), "conflict").await;
    assert_eq!((&refused["problem"]["status"], &refused["accepted"]), (&409.into(), &Value::Null));
    let newer = refused["newer"].as_array().unwrap();
    assert_eq!(newer.len(), 1);
    assert_eq!((&newer[0]["text"], &newer[0]["seq"]), (&"Ja, den er ledig.".into(), &3.into()));
    assert_eq!(newer[0]["member_name"], "Ola");
    // Nothing left; having seen it, she may; and the one who wrote last does not collide with himself.
    eva.done(seen("Og jeg holder den av.", "eva-1", 3)).await;
    ola.refused(seen("Fint.", "ola-2", 3), "conflict").await;
    // The answer to the first try was lost: it is no conflict, for it is stored.
    ola.done(seen("Ja, den er ledig.", "ola-1", 2)).await;
    ola.done(send(&session, "Jeg sender likevel.", "ola-2")).await;
    world.stop().await;
}

#[actix_web::test]
async fn a_conversation_is_taken_over_given_back_given_away_and_closed() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    ola.done(about("take_over", &session)).await;
    eva.until_each(&[&|frame| frame["changes"]["session_status"] == "with_human", &|frame| {
        frame["changes"]["assignee"] == member(1)
    }])
    .await;
    ola.done(about("take_over", &session)).await; // once more is the same
    eva.done(about("give_back", &session)).await; // a manager may, for somebody else
    let back = ola.until(|frame| frame["changes"]["session_status"] == "open").await;
    assert_eq!(back["event"], "lead.changed");
    let assign = |to: Value| json!({ "type": "assign", "session_id": session, "member_id": to });
    ola.done(assign(member(2).into())).await;
    ola.until(|frame| frame["changes"]["assignee"] == member(2)).await;
    ola.done(assign(Value::Null)).await;
    let nobodys = |frame: &Value| frame["changes"].get("assignee") == Some(&Value::Null);
    ola.until(nobodys).await;
    let stranger = ola.refused(assign(member(7).into()), "invalid").await;
    assert_eq!(stranger["problem"]["errors"][0]["pointer"], "/member_id");
    ola.done(about("close", &session)).await;
    eva.until(|frame| frame["changes"]["session_status"] == "closed").await;
    ola.refused(send(&session, "Hei?", "late"), "conversation-closed").await;
    world.stop().await;
}

#[actix_web::test]
async fn only_who_has_a_conversation_or_a_manager_gives_it_back() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    eva.done(about("take_over", &session)).await;
    ola.refused(about("give_back", &session), "not-yours").await;
    eva.done(about("give_back", &session)).await;
    world.stop().await;
}

#[actix_web::test]
async fn what_was_seen_is_told_and_only_grows() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    let seen = |seq: i64| json!({ "type": "seen", "session_id": session, "seq": seq });
    ola.done(seen(2)).await;
    let told = eva.event("messages.seen").await;
    assert_eq!(told["seen"], json!({ "member_id": member(1), "seq": 2 }));
    ola.done(seen(2)).await;
    ola.done(seen(1)).await;
    ola.done(seen(i64::MAX)).await; // there is no such message: it changes nothing
    eva.done(seen(1)).await;
    let next = ola.until(|frame| frame["seen"]["member_id"] == member(2)).await;
    assert_eq!(next["seen"]["seq"], 1);
    world.stop().await;
}

#[actix_web::test]
async fn another_business_conversation_is_answered_as_if_it_were_not_there() {
    let world = World::start().await;
    let (_ola, _eva, session) = inbox(&world).await;
    let mut stranger =
        Socket::of(&world, "fjord-auto", "eva@fjord.example", json!({ "topics": [] })).await;
    let nobody = "ses_00000000000000000000000000000009";
    for session in [session.as_str(), nobody] {
        for mut frame in [
            send(session, "Hei", "c-1"),
            about("view", session),
            about("take_over", session),
            about("give_back", session),
            about("close", session),
            json!({ "type": "typing", "session_id": session, "on": true }),
            json!({ "type": "assign", "session_id": session, "member_id": null }),
            json!({ "type": "seen", "session_id": session, "seq": 1 }),
            json!({ "type": "draft", "session_id": session, "text": "x", "revision": 0 }),
        ] {
            frame["session_id"] = session.into();
            stranger.refused(frame, "not-found").await;
        }
    }
    assert!(forecourt_ports::bus::Bus::presences(&*world.bus, tenant_id(2), 10).is_empty());
    world.stop().await;
}

#[actix_web::test]
async fn every_frame_has_one_reply_in_the_order_of_the_frames() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    let mut wanted = Vec::new();
    for nth in 0..30 {
        let mut frame = match nth % 5 {
            0 => send(&session, &format!("Hei {nth}"), &format!("c-{nth}")),
            1 => json!({ "type": "ping" }),
            2 => about("view", &session),
            3 => json!({ "type": "dance" }),
            _ => json!({ "type": "typing", "session_id": session, "on": false }),
        };
        frame["ref"] = format!("r{nth}").into();
        wanted.push(format!("r{nth}"));
        ola.say(&frame).await;
    }
    let mut replies = Vec::new();
    let mut texts = Vec::new();
    while replies.len() < wanted.len() {
        let reply = ola.until(|frame| frame["type"] == "reply").await;
        let reference = reply["ref"].as_str().unwrap().to_owned();
        assert_eq!(reply["ok"], !matches!(replies.len() % 5, 3), "{reply}");
        replies.push(reference);
    }
    assert_eq!(replies, wanted);
    while texts.len() < 6 {
        let posted = eva.until(|frame| frame["message"]["author"] == "member").await;
        texts.push(posted["message"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, ["Hei 0", "Hei 5", "Hei 10", "Hei 15", "Hei 20", "Hei 25"]);
    world.stop().await;
}

#[actix_web::test]
async fn who_sends_too_many_messages_is_told_when_to_try_again() {
    let limits = Limits { message_session: Rate::new(60, 3), ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let (mut ola, _eva, session) = inbox(&world).await;
    for nth in 0..3 {
        ola.done(send(&session, "Hei", &format!("c-{nth}"))).await;
    }
    let refused = ola.refused(send(&session, "Hei", "c-9"), "too-many-requests").await;
    assert!(refused["problem"]["retry_after_s"].as_u64() >= Some(1));
    ola.done(json!({ "type": "ping" })).await;
    world.stop().await;
}

#[actix_web::test]
async fn only_the_conversations_that_were_asked_for_are_told_and_the_place_moves_on() {
    let world = World::start().await;
    let (mut ola, mut eva, session) = inbox(&world).await;
    let only = |only: Value| json!({ "topics": [], "only": only });
    let of = |hello| Socket::of(&world, "nordlys-bil", "eva@nordlys.example", hello);
    let mut mine = of(only(json!({ "assignee": member(1) }))).await;
    let mut this = of(only(json!({ "session_ids": [session] }))).await;
    let mut messages = of(json!({ "topics": ["messages"] })).await;
    world.submit("per@example.no", "Og denne?").await;
    let other = ola.until(|frame| frame["message"]["text"] == "Og denne?").await;
    let other = other["session_id"].as_str().unwrap().to_owned();
    ola.until(|frame| frame["message"]["author"] == "assistant" && frame["session_id"] == *other)
        .await;
    ola.done(send(&session, "Hei, Kari.", "c-1")).await;
    let event = |frame: &Value| frame["type"] == "event";
    let first = this.until(event).await;
    assert_eq!(first["session_id"], session, "nothing of the other one was told");
    let first = messages.until(event).await;
    assert_eq!(first["event"], "message.posted");
    // It became his by his answer: from then on its events are among his own, and hers are not.
    mine.until(|frame| frame["changes"]["assignee"] == member(1)).await;
    mine.until(|frame| frame["message"]["text"] == "Hei, Kari.").await;
    eva.done(send(&other, "Hei, Per.", "c-2")).await;
    ola.done(send(&session, "Hei igjen, Kari.", "c-3")).await;
    let told = mine.until(|frame| event(frame) && frame["event"] == "message.posted").await;
    assert_eq!(told["message"]["text"], "Hei igjen, Kari.");
    // What was not told moves the place on all the same.
    eva.done(send(&other, "Ha det.", "c-4")).await;
    let last = ola.until(|frame| frame["message"]["text"] == "Ha det.").await["seq"].as_i64();
    let beat = messages.until(|frame| frame["type"] == "beat").await;
    assert!(beat["seq"].as_i64() >= last);
    let beat = this.until(|frame| frame["type"] == "beat").await;
    assert!(beat["seq"].as_i64() >= last, "{beat} {last:?}");
    world.stop().await;
}
