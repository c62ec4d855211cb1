//! Operators see how the actors stand; nobody else does, and no customer is seen by it.

use reqwest::{StatusCode, header};
use serde_json::Value;

use crate::world::{World, problem};

/// The canaries of a customer: none of it may be told.
const CANARIES: [&str; 4] = ["Kari", "kari.canary", "example.no", "Er bilen"];

#[actix_web::test]
async fn how_the_actors_stand_is_told_to_programs_without_personal_data() {
    let world = World::start().await;
    world.submit("kari.canary@example.no", "Er bilen ledig?").await;
    let visitor = world.open().await;
    let answer = world.get("/debug/actors?top=10&order=time").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.unwrap();
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["sessions_awake"], 2);
    assert_eq!(told["tenants"][0]["slug"], "nordlys-bil");
    let sessions = told["sessions"].as_array().unwrap();
    let opened = sessions.iter().find(|told| told["session_id"] == visitor.session.as_str());
    let opened = opened.expect("the session of the chat");
    assert_eq!((&opened["commands"], &opened["restarts"]), (&1.into(), &0.into()));
    assert!(opened["handler_longest_ms"].as_f64().unwrap() > 0.0);
    let one = format!("/debug/actors?session={}", visitor.session);
    let one: Value = world.get(&one).send().await.unwrap().json().await.unwrap();
    assert_eq!(one["sessions"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[actix_web::test]
async fn a_person_gets_a_page_that_looks_again_and_runs_no_script() {
    let world = World::start().await;
    world.submit("kari.canary@example.no", "Er bilen ledig?").await;
    let page = world
        .get("/debug/actors?refresh=5")
        .header(header::ACCEPT, "text/html,application/xhtml+xml")
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()[header::REFRESH], "5");
    assert!(page.headers()[header::VARY].to_str().unwrap().contains("Accept"));
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.contains("nordlys-bil") && html.contains("ses_") && !html.contains("<script"));
    for canary in CANARIES {
        assert!(!html.contains(canary), "{canary}");
    }
    world.stop().await;
}

#[actix_web::test]
async fn from_elsewhere_only_the_platforms_token_opens_it() {
    let world = World::with(|config| {
        config.platform_token = Some("s3cret".into());
        config.metrics_token = Some("metrics".into());
    })
    .await;
    let with = |path: &str, token: &str| {
        world.get(path).header("x-forwarded-for", "192.0.2.1").bearer_auth(token).send()
    };
    assert_eq!(with("/debug/actors", "s3cret").await.unwrap().status(), StatusCode::OK);
    assert_eq!(with("/metrics", "s3cret").await.unwrap().status(), StatusCode::OK);
    for wrong in ["", "s3cre", "metrics", "s3cretx"] {
        let refused = with("/debug/actors", wrong).await.unwrap();
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer", "{wrong}");
        problem(refused, 401, "unauthorised").await;
    }
    let anonymous = world.get("/debug/actors").header("via", "1.1 proxy").send().await.unwrap();
    problem(anonymous, 401, "unauthorised").await;
    world.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_asked_for_is_named() {
    let world = World::start().await;
    for (query, name) in [
        ("tenant=nordlys", "tenant"),
        ("session=x", "session"),
        ("order=size", "order"),
        ("top=501", "top"),
        ("refresh=0", "refresh"),
    ] {
        let answer = world.get(&format!("/debug/actors?{query}")).send().await.unwrap();
        let told = problem(answer, 400, "invalid").await;
        assert_eq!(told["errors"][0]["pointer"], name);
    }
    world.stop().await;
}
