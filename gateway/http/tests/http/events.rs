//! The conversation and its event stream: live, resumed, with gaps told and drafts in mid-sentence.

use std::time::Duration;

use forecourt_core::{
    event::Event,
    id::{SessionId, TurnId},
};
use forecourt_http::Limits;
use forecourt_ports::{
    bus::{Bus as _, Draft},
    fake::{Script, Step},
    store::Journal as _,
};
use jiff::SignedDuration;
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{ANSWER, PATIENCE, Visitor, World, problem, tenant_id};

/// Reads a stream frame by frame.
pub(crate) struct Sse {
    response: Response,
    held: String,
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Sse {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, held: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        timeout(PATIENCE, self.read()).await.expect("no event came")
    }

    async fn read(&mut self) -> Option<Frame> {
        loop {
            while let Some((frame, rest)) = self.held.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.held = rest;
                let field = |name: &str| {
                    frame.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned))
                };
                if let Some(data) = field("data: ") {
                    let data: Value = serde_json::from_str(&data).unwrap();
                    let event = field("event: ").unwrap();
                    assert_eq!(data["type"], event.as_str());
                    return Some(Frame { id: field("id: "), event, data });
                }
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.held.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The names of the next events, up to one that ends with `last`.
    pub(crate) async fn until(&mut self, last: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.expect("the stream ended");
            let done = last(&frame);
            frames.push(frame);
            if done {
                return frames;
            }
        }
    }
}

fn by_assistant(frame: &Frame) -> bool {
    frame.data["message"]["author"] == "assistant"
}

pub(crate) fn events(world: &World, visitor: &Visitor, cursor: Option<&str>) -> RequestBuilder {
    let request =
        world.get(&format!("/v1/sessions/{}/events", visitor.session)).bearer_auth(&visitor.token);
    match cursor {
        Some(cursor) => request.header("last-event-id", cursor),
        None => request,
    }
}

pub(crate) fn session(visitor: &Visitor) -> SessionId {
    visitor.session.parse().unwrap()
}

/// The stored events of a stream, by their ids, without what cannot be replayed.
fn stored(frames: &[Frame]) -> Vec<String> {
    frames.iter().filter_map(|frame| frame.id.clone()).collect()
}

#[actix_web::test]
async fn a_conversation_is_opened_written_answered_and_read_back() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    let accepted = world.say(&visitor, "Hei, er Teslaen ledig?", "c-1").await;
    assert_eq!(accepted["seq"], 1);
    let frames = stream.until(by_assistant).await;
    let names: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(names[..2], ["message.posted", "turn.started"]);
    assert_eq!(frames[0].data["message"]["client_id"], "c-1");
    let answer = &frames.last().unwrap().data["message"];
    assert_eq!(answer["text"], ANSWER);
    // What was drafted is what was said.
    let drafted: String = frames
        .iter()
        .filter(|frame| frame.event == "draft.delta")
        .map(|frame| frame.data["text"].as_str().unwrap())
        .collect();
    assert!(drafted.is_empty() || drafted == ANSWER, "{drafted}");
    assert!(frames.iter().all(|frame| frame.id.is_some() != frame.event.starts_with("draft.")));
    let read = world.read(&visitor).await;
    assert_eq!(read["messages"].as_array().unwrap().len(), 2);
    assert_eq!((&read["status"], &read["draft"]), (&"open".into(), &Value::Null));
    world.stop().await;
}

#[actix_web::test]
async fn a_stream_resumes_after_any_event_without_gap_or_repeat() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    for nth in 0..3 {
        world.say(&visitor, "Hei!", &format!("c-{nth}")).await;
        stream.until(by_assistant).await;
    }
    let mut whole = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    let last = |frame: &Frame| by_assistant(frame) && frame.data["message"]["seq"] == 6;
    let ids = stored(&whole.until(last).await);
    assert_eq!(ids.len(), 9);
    for (at, id) in ids.iter().enumerate().take(ids.len() - 1) {
        let mut resumed = Sse::open(events(&world, &visitor, Some(id))).await;
        assert_eq!(stored(&resumed.until(last).await), ids[at + 1..], "after {id}");
        // The cursor in the address counts as well.
        let path = format!("/v1/sessions/{}/events?after={id}", visitor.session);
        let mut resumed = Sse::open(world.get(&path).bearer_auth(&visitor.token)).await;
        assert_eq!(stored(&resumed.until(last).await), ids[at + 1..], "after {id}");
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_cursor_of_another_log_is_answered_with_a_gap_and_live_events() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-0").await;
    for cursor in ["999-1", "1-999", "x", "1-", "-1-2", "1-1-1", "99999999999999999999-1"] {
        let mut stream = Sse::open(events(&world, &visitor, Some(cursor))).await;
        let gap = stream.next().await.unwrap();
        assert_eq!(gap.event, "gap", "{cursor}");
        assert_eq!(gap.id, None);
        assert_eq!(gap.data["snapshot_url"], format!("/v1/sessions/{}", visitor.session));
    }
    let mut stream = Sse::open(events(&world, &visitor, Some("999-1"))).await;
    assert_eq!(stream.next().await.unwrap().event, "gap");
    world.say(&visitor, "Hei igjen!", "c-1").await;
    let live = stream.until(|frame| frame.event == "message.posted").await;
    assert!(live.last().unwrap().id.is_some());
    world.stop().await;
}

#[actix_web::test]
async fn a_listener_that_comes_in_mid_sentence_gets_the_sentence_so_far() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.model.push(Script(vec![Step::Text("Hei".into()), Step::Hang]));
    let mut first = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "Hei!", "c-1").await;
    let frames = first.until(|frame| frame.event == "turn.started").await;
    let turn = frames.last().unwrap().data["draft_id"].as_str().unwrap().to_owned();
    let draft_id: TurnId = turn.parse().unwrap();
    let steps = first.until(|frame| frame.data["step"] == "thinking").await;
    assert!(steps.iter().all(|step| step.event == "draft.progress" && step.id.is_none()));
    assert_eq!(steps.last().unwrap().data["draft_id"], turn);
    let say = |offset, text: &str| {
        let delta = Draft::Delta { turn: draft_id, offset, text: text.into() };
        world.bus.publish_draft(tenant_id(1), session(&visitor), delta);
    };
    say(0, "Ja, ");
    say(4, "den ");
    let mut heard = String::new();
    while heard.chars().count() < 8 {
        let frame = first.next().await.unwrap();
        assert_eq!(frame.data["offset"], heard.chars().count());
        heard.push_str(frame.data["text"].as_str().unwrap());
    }
    let mut second = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    let frames = second.until(|frame| frame.event == "draft.delta").await;
    let draft = &frames.last().unwrap().data;
    assert_eq!((&draft["offset"], &draft["text"]), (&0.into(), &"Ja, den ".into()));
    assert_eq!(world.read(&visitor).await["draft"]["text"], "Ja, den ");
    say(8, "er ledig.");
    assert_eq!(second.next().await.unwrap().data["offset"], 8);
    // A draft of a turn that does not run is nobody's.
    let ghost = TurnId::from_uuid(uuid::Uuid::nil());
    let delta = Draft::Delta { turn: ghost, offset: 0, text: "Bu!".into() };
    world.bus.publish_draft(tenant_id(1), session(&visitor), delta);
    world.bus.publish_draft(tenant_id(1), session(&visitor), Draft::Discarded { turn: draft_id });
    assert_eq!(second.next().await.unwrap().event, "draft.discarded");
    world.stop().await;
}

#[actix_web::test]
async fn a_listener_that_was_cut_is_told_and_misses_nothing() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "En", "c-1").await;
    let seen = stored(&stream.until(by_assistant).await);
    world.bus.cut_all();
    let told = stream.next().await.unwrap();
    assert_eq!(
        (told.event.as_str(), &told.data["problem"]["code"]),
        ("error", &"slow-listener".into())
    );
    assert!(stream.next().await.is_none());
    world.say(&visitor, "To", "c-2").await;
    let mut resumed = Sse::open(events(&world, &visitor, seen.last().map(String::as_str))).await;
    let frame = resumed.next().await.unwrap();
    assert_eq!(frame.data["message"]["text"], "To");
    world.stop().await;
}

#[actix_web::test]
async fn a_message_can_be_posted_and_its_answer_streamed_in_one_request() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut listener = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "Først", "c-0").await;
    listener.until(by_assistant).await;
    let post = |client_id: &str| {
        world
            .post(&format!("/v1/sessions/{}/messages", visitor.session))
            .bearer_auth(&visitor.token)
            .header(header::ACCEPT, "text/event-stream")
            .json(&json!({ "text": "Hei!", "client_id": client_id }))
    };
    let mut stream = Sse::open(post("c-1")).await;
    let frames = stream.until(by_assistant).await;
    assert_eq!(frames[0].data["message"]["client_id"], "c-1");
    assert!(stream.next().await.is_none(), "it ends with the answer");
    // The same again: the same message, the same answer, nothing new.
    let mut again = Sse::open(post("c-1")).await;
    let repeated = again.until(by_assistant).await;
    assert_eq!(repeated[0].data, frames[0].data);
    assert_eq!(repeated.last().unwrap().data, frames.last().unwrap().data);
    let rest = again.next().await;
    assert!(rest.is_none(), "{:?}", rest.map(|frame| (frame.event, frame.data)));
    world.stop().await;
}

#[actix_web::test]
async fn an_answer_that_is_read_already_when_a_message_is_posted_is_not_taken_for_its_own() {
    let world = World::start().await;
    let visitor = world.open().await;
    let first = Script(vec![Step::Text("Hei! ".into()), Step::Wait(Duration::from_secs(3))]);
    world.model.push(first.then(Step::Text("Hva gjelder det?".into())));
    let mut listener = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "Hei!", "c-0").await;
    listener.until(|frame| frame.event == "draft.delta").await;
    let post = || {
        let post = world.post(&format!("/v1/sessions/{}/messages", visitor.session));
        let post = post.bearer_auth(&visitor.token).header(header::ACCEPT, "text/event-stream");
        Sse::open(post.json(&json!({ "text": "Er Teslaen ledig?", "client_id": "c-1" })))
    };
    let mut stream = post().await;
    let mut frames = stream.until(|frame| frame.event == "message.posted").await;
    world.clock.advance(SignedDuration::from_secs(3));
    frames.extend(stream.until(by_assistant).await);
    assert_eq!(frames[0].data["message"]["client_id"], "c-1");
    assert_eq!(frames.last().unwrap().data["message"]["text"], "Hei! Hva gjelder det?");
    let own = stream.until(by_assistant).await;
    assert_eq!(own.last().unwrap().data["message"]["text"], ANSWER);
    assert!(stream.next().await.is_none(), "it ends with the answer");
    let mut again = post().await;
    let mut repeated = again.until(by_assistant).await;
    repeated.extend(again.until(by_assistant).await);
    assert_eq!(stored(&repeated), [stored(&frames), stored(&own)].concat());
    assert!(again.next().await.is_none());
    world.stop().await;
}

#[actix_web::test]
async fn while_a_person_answers_a_turn_stream_ends_with_the_customers_own_message() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-0").await;
    let cookie = world.ola().await;
    let path = format!("/v1/sessions/{}/takeover", visitor.session);
    let taken = world.post(&path).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.read(&visitor).await["status"], "with_human");
    let post = world
        .post(&format!("/v1/sessions/{}/messages", visitor.session))
        .bearer_auth(&visitor.token)
        .header(header::ACCEPT, "text/event-stream")
        .json(&json!({ "text": "Er du der?", "client_id": "c-1" }));
    let mut stream = Sse::open(post).await;
    assert_eq!(stream.next().await.unwrap().data["message"]["text"], "Er du der?");
    assert!(stream.next().await.is_none());
    world.stop().await;
}

#[actix_web::test]
async fn a_members_message_reaches_the_customer_with_the_members_name() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-0").await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    stream.until(by_assistant).await;
    let cookie = world.ola().await;
    let post = world
        .post(&format!("/v1/sessions/{}/messages", visitor.session))
        .header(header::COOKIE, &cookie)
        .json(&json!({ "text": "Hei, Ola her.", "client_id": "m-1" }));
    assert_eq!(post.send().await.unwrap().status(), StatusCode::ACCEPTED);
    let frames = stream.until(|frame| frame.data["message"]["author"] == "member").await;
    assert!(frames.iter().any(|frame| frame.data["status"] == "with_human"));
    assert_eq!(frames.last().unwrap().data["message"]["member_name"], "Ola");
    let path = format!("/v1/sessions/{}/release", visitor.session);
    let released = world.post(&path).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(released.status(), StatusCode::NO_CONTENT);
    let status = stream.until(|frame| frame.event == "session.status").await;
    assert_eq!(status.last().unwrap().data["by"], "assistant");
    world.stop().await;
}

#[actix_web::test]
async fn the_same_client_id_gets_the_same_answer_however_late() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    let first = world.say(&visitor, "Hei!", "c-1").await;
    stream.until(by_assistant).await;
    world.clock.advance(SignedDuration::from_secs(3));
    world.say(&visitor, "Og?", "c-2").await;
    assert_eq!(world.say(&visitor, "Hei!", "c-1").await, first);
    let (a, b) = tokio::join!(world.say(&visitor, "x", "c-3"), world.say(&visitor, "x", "c-3"));
    assert_eq!(a["message_id"], b["message_id"]);
    world.stop().await;
}

#[actix_web::test]
async fn a_stream_ends_with_its_token_and_with_the_node_and_says_so() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-0").await;
    let mut expiring = Sse::open(events(&world, &visitor, None)).await;
    world.clock.advance(SignedDuration::from_hours(24));
    let told = expiring.until(|frame| frame.event == "error").await;
    assert_eq!(told.last().unwrap().data["problem"]["code"], "token-expired");
    assert!(expiring.next().await.is_none());
    let refused = events(&world, &visitor, None).send().await.unwrap();
    problem(refused, 401, "token-expired").await;

    let other = world.open().await;
    let mut stopping = Sse::open(events(&world, &other, None)).await;
    world.gateway.begin_stop();
    let told = stopping.next().await.unwrap();
    assert_eq!(told.data["problem"]["code"], "stopping");
    assert!(stopping.next().await.is_none());
    world.stop().await;
}

#[actix_web::test]
async fn the_streams_of_a_conversation_are_bounded_and_a_closed_one_makes_room() {
    let limits = Limits { streams_per_session: 2, ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let visitor = world.open().await;
    let first = Sse::open(events(&world, &visitor, None)).await;
    let _second = Sse::open(events(&world, &visitor, None)).await;
    let third = events(&world, &visitor, None).send().await.unwrap();
    problem(third, 429, "too-many-requests").await;
    drop(first);
    // The place is given back when the server notices: at its next write, which a message makes.
    let room = async {
        let mut nth = 0;
        while world.bus.listeners(session(&visitor)) > 1 {
            nth += 1;
            world.say(&visitor, "Hei!", &format!("c-{nth}")).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, room).await.expect("a closed stream keeps its place");
    Sse::open(events(&world, &visitor, None)).await;
    world.stop().await;
}

#[actix_web::test]
async fn a_quiet_stream_says_every_ten_seconds_that_it_is_alive() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut response = events(&world, &visitor, None).send().await.unwrap();
    let first = timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(&first[..], b"retry: 2000\n\n");
    let beat = timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(&beat[..], b": hb\n\n");
    world.stop().await;
}

#[actix_web::test]
async fn an_event_that_another_node_published_unheard_is_fetched_from_the_journal() {
    let world = World::start().await;
    let visitor = world.open().await;
    let mut stream = Sse::open(events(&world, &visitor, Some(&visitor.cursor))).await;
    world.say(&visitor, "En", "c-1").await;
    let mut ids = stored(&stream.until(by_assistant).await);
    // What the other node stores reaches this one's bus without its beginning.
    let silent = world.bus.subscribe_session(tenant_id(1), session(&visitor));
    drop(silent);
    world.say(&visitor, "To", "c-2").await;
    ids.extend(stored(&stream.until(|f| by_assistant(f) && f.data["message"]["seq"] == 4).await));
    let records = world
        .store
        .replay_session(tenant_id(1), session(&visitor), forecourt_core::event::Version(0), 1_000)
        .await
        .unwrap();
    let last = records.iter().rfind(|r| matches!(r.event, Event::MessagePosted(_))).unwrap();
    let hole = forecourt_ports::bus::Published::new(forecourt_core::event::EventRecord {
        version: forecourt_core::event::Version(last.version.0 + 5),
        ..last.clone()
    });
    world.bus.publish(tenant_id(1), vec![hole]);
    let frame = stream.next().await.unwrap();
    assert_eq!(frame.data["seq"], last.version.0 + 5, "what is nowhere is not waited for");
    let numbers: Vec<i64> =
        ids.iter().map(|id| id.split_once('-').unwrap().1.parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    world.stop().await;
}
