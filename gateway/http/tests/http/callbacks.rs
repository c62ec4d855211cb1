//! Calls that customers wait for, over HTTP.

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{World, problem};

async fn ask(world: &World, cookie: &str, method: Method, path: &str, body: Value) -> Response {
    let url = format!("{}/v1/sessions/{path}", world.url);
    let request = world.client.request(method.clone(), url).header(header::COOKIE, cookie);
    let request = if method == Method::GET { request } else { request.json(&body) };
    request.send().await.unwrap()
}

#[actix_web::test]
async fn a_call_is_agreed_only_at_a_free_time_by_the_own_tenants_members() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-1").await;
    let (session, ola) = (&visitor.session, world.ola().await);
    let (times, call, end) =
        (format!("{session}/call/times"), format!("{session}/call"), format!("{session}/call/end"));
    let free = ask(&world, &ola, Method::GET, &times, Value::Null).await;
    assert_eq!(free.status(), StatusCode::OK);
    let free: Value = free.json().await.unwrap();
    assert_eq!(free, json!({ "times": [], "zone": "Europe/Oslo" }), "it never opens");
    let at = "2026-11-23T08:00:00Z";
    let agree = |body: Value| ask(&world, &ola, Method::PUT, &call, body);
    problem(agree(json!({ "at": at, "phone": "91234567" })).await, 409, "no-such-time").await;
    for (body, pointer) in [
        (json!({}), "/at"),
        (json!({ "at": "tomorrow" }), "/at"),
        (json!({ "at": at, "phone": "12" }), "/phone"),
        (json!({ "at": at, "member_id": "7" }), "/member_id"),
        (json!({ "at": at, "who": "me" }), "/who"),
    ] {
        let refused = problem(agree(body).await, 400, "invalid").await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let nobody = "mem_01923456789a7bcd8ef0123456789abc";
    let refused = agree(json!({ "at": at, "member_id": nobody, "phone": "91234567" })).await;
    problem(refused, 409, "not-a-receiver").await;
    let over = json!({ "at": at, "outcome": "done" });
    problem(ask(&world, &ola, Method::POST, &end, over.clone()).await, 409, "stale").await;
    let missed = json!({ "at": at, "outcome": "missed" });
    problem(ask(&world, &ola, Method::POST, &end, missed).await, 400, "invalid").await;
    let stranger = world.sign_in("fjord-auto", "ola@fjord.example").await;
    problem(ask(&world, &stranger, Method::GET, &times, Value::Null).await, 404, "not-found").await;
    let wish = json!({ "at": at, "phone": "91234567" });
    problem(ask(&world, &stranger, Method::PUT, &call, wish).await, 404, "not-found").await;
    problem(ask(&world, &stranger, Method::POST, &end, over).await, 404, "not-found").await;
    problem(ask(&world, "", Method::GET, &times, Value::Null).await, 401, "unauthorised").await;
    world.stop().await;
}
