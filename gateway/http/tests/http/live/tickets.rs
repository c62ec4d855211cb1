//! Tickets: for programs whose sockets carry no cookie.

use jiff::SignedDuration;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::Socket;
use crate::world::{World, problem};

async fn ticket(world: &World, cookie: &str) -> String {
    let answer = world.post("/v1/live/ticket").header(header::COOKIE, cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let body: Value = answer.json().await.unwrap();
    let expires: jiff::Timestamp = body["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.as_second(), 1_795_262_430, "30 seconds from now");
    body["ticket"].as_str().unwrap().to_owned()
}

/// Comes with a ticket and without a cookie; the answer names the protocol alone.
async fn come(world: &World, ticket: &str) -> Socket {
    let offered = format!("forecourt.v1, ticket.{ticket}");
    Socket::try_open(world, &[("sec-websocket-protocol", &offered)]).await.unwrap()
}

#[actix_web::test]
async fn a_program_without_cookies_comes_in_with_a_ticket_once() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let ticket = ticket(&world, &cookie).await;
    let mut socket = come(&world, &ticket).await;
    socket.hello(None).await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    socket.event("lead.captured").await;
    let mut again = come(&world, &ticket).await;
    assert_eq!(again.closed().await, (Some(4001), 0));
    socket.say(&json!({ "type": "ping", "ref": "9" })).await;
    assert_eq!(socket.reply("9").await["ok"], true, "the first one stays");
    world.stop().await;
}

#[actix_web::test]
async fn of_many_who_come_with_one_ticket_at_once_one_is_let_in() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let ticket = ticket(&world, &cookie).await;
    let sockets = (0..8).map(|_| async {
        let mut socket = come(&world, &ticket).await;
        let hello = json!({ "type": "hello", "ref": "1", "after": null, "topics": ["leads"] });
        socket.say(&hello).await;
        match socket.next().await {
            Some(Ok(message)) if message.is_text() => 1,
            _ => 0,
        }
    });
    let let_in: i32 = futures_util::future::join_all(sockets).await.into_iter().sum();
    assert_eq!(let_in, 1);
    world.stop().await;
}

#[actix_web::test]
async fn a_ticket_is_over_after_thirty_seconds_and_with_its_sign_in() {
    let world = World::start().await;
    let (here, there) = (world.ola().await, world.ola().await);
    let (late, orphan) = (ticket(&world, &there).await, ticket(&world, &here).await);
    let in_time = ticket(&world, &there).await;
    let out = world.post("/v1/logout").header(header::COOKIE, &here).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(come(&world, &orphan).await.closed().await, (Some(4001), 0));
    world.clock.advance(SignedDuration::from_secs(29));
    let mut socket = come(&world, &in_time).await;
    socket.hello(None).await;
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(come(&world, &late).await.closed().await, (Some(4001), 0));
    // The socket hangs on the sign-in of its ticket.
    let out = world.post("/v1/logout").header(header::COOKIE, &there).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(socket.closed().await.0, Some(4001));
    world.stop().await;
}

#[actix_web::test]
async fn what_is_no_ticket_lets_nobody_in_and_opens_nothing_else() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let good = ticket(&world, &cookie).await;
    let (signed, mac) = good.rsplit_once('.').unwrap();
    let visitor = world.open().await;
    for wrong in [
        String::new(),
        "x".into(),
        format!("{signed}."),
        format!("{signed}.{}", mac.chars().rev().collect::<String>()),
        visitor.token.replace('=', ""),
        "l1.AAAA.BBBB".into(),
        "a".repeat(5_000),
    ] {
        assert_eq!(come(&world, &wrong).await.closed().await, (Some(4001), 0), "{wrong}");
        // A wrong ticket is no sign-in, whatever cookie stands beside it.
        let offered = format!("forecourt.v1, ticket.{wrong}");
        let headers = [("sec-websocket-protocol", offered.as_str()), ("cookie", &cookie)];
        let mut socket = Socket::try_open(&world, &headers).await.unwrap();
        assert_eq!(socket.closed().await, (Some(4001), 0), "{wrong}");
    }
    // It is good for a socket alone, not as a cookie or a bearer.
    let tenant = cookie.split_once('=').unwrap().1.split_once('.').unwrap().0;
    for secret in [good.as_str(), mac] {
        let cookie = format!("forecourt={tenant}.{secret}");
        let me = world.get("/v1/me").header(header::COOKIE, cookie).send().await.unwrap();
        problem(me, 401, "unauthorised").await;
    }
    let address = format!("/v1/sessions/{}", visitor.session);
    problem(world.get(&address).bearer_auth(&good).send().await.unwrap(), 401, "unauthorised")
        .await;
    let mut socket = come(&world, &good).await;
    socket.hello(None).await;
    world.stop().await;
}

#[actix_web::test]
async fn tickets_are_for_members_on_our_own_pages_and_not_without_end() {
    let tickets = forecourt_http::Rate::new(60, 3);
    let limits =
        forecourt_http::Limits { live_tickets: tickets, ..forecourt_http::Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let stranger = world.post("/v1/live/ticket").send().await.unwrap();
    problem(stranger, 401, "unauthorised").await;
    let cookie = world.ola().await;
    let foreign = world
        .post("/v1/live/ticket")
        .header(header::COOKIE, &cookie)
        .header(header::ORIGIN, "https://evil.example");
    problem(foreign.send().await.unwrap(), 403, "origin-not-allowed").await;
    let good = ticket(&world, &cookie).await;
    let offered = format!("forecourt.v1, ticket.{good}");
    let headers =
        [("sec-websocket-protocol", offered.as_str()), ("origin", "https://evil.example")];
    assert_eq!(Socket::try_open(&world, &headers).await.err(), Some(403));
    for _ in 0..2 {
        ticket(&world, &cookie).await;
    }
    let more = world.post("/v1/live/ticket").header(header::COOKIE, &cookie).send().await.unwrap();
    problem(more, 429, "too-many-requests").await;
    world.stop().await;
}
