//! Who may do what: every documented operation, by every kind of caller; signing in and out.

use forecourt_http::{Limits, Rate, openapi_document};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{PASSWORD, Visitor, World, problem};

/// Every documented operation: method, path template, least role.
fn operations() -> Vec<(Method, String, String)> {
    let mut operations = Vec::new();
    for (path, item) in openapi_document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let least = operation["x-min-role"].as_str().unwrap().to_owned();
            operations.push((method, path.clone(), least));
        }
    }
    operations
}

fn filled(path: &str, visitor: &Visitor, lead: &str) -> String {
    path.replace("{tenant}", "nordlys-bil")
        .replace("{session}", &visitor.session)
        .replace("{lead}", lead)
        .replace("{token}", "x")
}

fn body_for(path: &str) -> Option<Value> {
    match path {
        "/v1/sessions/{session}/messages" => Some(json!({ "text": "x", "client_id": "c" })),
        _ => None,
    }
}

#[actix_web::test]
async fn whoever_is_not_named_by_an_operation_is_refused_by_it() {
    let world = World::start().await;
    let receipt = world.submit("kari@example.no", "Er bilen ledig?").await;
    let lead = receipt["lead_id"].as_str().unwrap();
    let (mine, other) = (world.open().await, world.open().await);
    let foreign = world.open_at("fjord-auto").await;
    let staff = world.ola().await;
    let stranger = world.sign_in("fjord-auto", "ola@fjord.example").await;
    let forged = {
        let (signed, mac) = mine.token.rsplit_once('.').unwrap();
        format!("{signed}.{}", mac.chars().rev().collect::<String>())
    };
    let mut checked = 0;
    for (method, path, least) in operations() {
        let url = format!("{}{}", world.url, filled(&path, &mine, lead));
        let name = format!("{method} {path}");
        let call = |headers: Vec<(&'static str, String)>| {
            let mut request = world.client.request(method.clone(), &url);
            for (header, value) in headers {
                request = request.header(header, value);
            }
            if let Some(body) = body_for(&path) {
                request = request.json(&body);
            }
            async move { request.send().await.unwrap() }
        };
        let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
        let cookie = |cookie: &str| vec![("cookie", cookie.to_owned())];
        let refused: Vec<(Vec<_>, u16)> = match least.as_str() {
            "anonymous" => continue,
            // From this machine an operator needs nothing: seen from elsewhere.
            "platform" => {
                let elsewhere = |mut headers: Vec<(&'static str, String)>| {
                    headers.push(("x-forwarded-for", "192.0.2.1".to_owned()));
                    headers
                };
                vec![
                    (elsewhere(vec![]), 401),
                    (elsewhere(bearer("")), 401),
                    (elsewhere(bearer(&mine.token)), 401),
                    (elsewhere(cookie(&staff)), 401),
                ]
            }
            "visitor" => vec![
                (vec![], 401),
                (bearer(""), 401),
                (bearer("x.y.z"), 401),
                (bearer(&forged), 401),
                (bearer(&other.token), 404),
                (bearer(&foreign.token), 404),
                (vec![("authorization", format!("Basic {}", mine.token))], 401),
                (cookie("forecourt=x"), 401),
            ],
            _ => vec![
                (vec![], 401),
                (bearer(&mine.token), 401),
                (cookie("forecourt=x"), 401),
                (cookie(&staff.replace("000001.", "000002.")), 401),
                (cookie(&format!("{staff}A")), 401),
                (cookie(&staff.replace('.', ".x")), 401),
            ],
        };
        for (headers, status) in refused {
            let answer = call(headers.clone()).await;
            assert_eq!(answer.status().as_u16(), status, "{name} {headers:?}");
            checked += 1;
        }
        // A member of another tenant sees nothing of this one.
        if path.contains("{lead}")
            || path.ends_with("takeover")
            || path.ends_with("release")
            || path.ends_with("}/messages")
        {
            let answer = call(cookie(&stranger)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
    assert!(checked > 40, "{checked}");
    world.stop().await;
}

#[actix_web::test]
async fn signing_in_sets_a_cookie_that_scripts_cannot_read_and_signing_out_ends_it() {
    let world = World::start().await;
    let login =
        json!({ "tenant": "nordlys-bil", "email": "EVA@nordlys.example", "password": PASSWORD });
    let answer = world.post("/v1/login").json(&login).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["forecourt=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = world.get("/v1/me").header(header::COOKIE, &cookie).send().await.unwrap();
    let me: Value = me.json().await.unwrap();
    assert_eq!((&me["name"], &me["role"]), (&"Eva".into(), &"owner".into()));
    assert_eq!(me["tenant"]["promise"]["deadline_ms"], 90_000);
    let out = world.post("/v1/logout").header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(out.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let after = world.get("/v1/me").header(header::COOKIE, &cookie).send().await.unwrap();
    problem(after, 401, "unauthorised").await;
    world.stop().await;
}

#[actix_web::test]
async fn behind_tls_the_cookie_is_bound_to_the_host() {
    let world = World::with(|config| {
        config.limits = Limits::unlimited();
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let login =
        json!({ "tenant": "nordlys-bil", "email": "ola@nordlys.example", "password": PASSWORD });
    let request = world.post("/v1/login").header("x-forwarded-proto", "https").json(&login);
    let answer = request.send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-forecourt=") && cookie.contains("Secure"), "{cookie}");
    assert!(answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let cookie = cookie.split(';').next().unwrap();
    let me = |cookie: String| {
        world
            .get("/v1/me")
            .header("x-forwarded-proto", "https")
            .header(header::COOKIE, cookie)
            .send()
    };
    assert_eq!(me(cookie.to_owned()).await.unwrap().status(), StatusCode::OK);
    let tossed = me(cookie.replace("__Host-", "")).await.unwrap();
    assert_eq!(tossed.status(), StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[actix_web::test]
async fn whatever_is_wrong_with_a_sign_in_is_answered_alike() {
    let world = World::start().await;
    let mut answers = Vec::new();
    let long = "x".repeat(5_000);
    for (tenant, email, password) in [
        ("nordlys-bil", "ola@nordlys.example", "wrong"),
        ("nordlys-bil", "nobody@nordlys.example", PASSWORD),
        ("nobody", "ola@nordlys.example", PASSWORD),
        ("fjord-auto", "ola@nordlys.example", PASSWORD),
        ("nordlys-bil\0", "ola@nordlys.example", PASSWORD),
        ("nordlys-bil", "ola@nordlys.example", ""),
        ("nordlys-bil", "ola@nordlys.example", &long),
    ] {
        let login = json!({ "tenant": tenant, "email": email, "password": password });
        let answer = world.post("/v1/login").json(&login).send().await.unwrap();
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
        let mut told = problem(answer, 401, "bad-credentials").await;
        told["instance"].take();
        answers.push(told);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    world.stop().await;
}

#[actix_web::test]
async fn passwords_cannot_be_tried_for_ever() {
    let limits = Limits { login_account: Rate::new(1, 3), ..Limits::unlimited() };
    let world = World::with(|config| config.limits = limits).await;
    let login = |email: &str, password: &str| {
        let body = json!({ "tenant": "nordlys-bil", "email": email, "password": password });
        world.post("/v1/login").json(&body).send()
    };
    for _ in 0..3 {
        problem(login("ola@nordlys.example", "wrong").await.unwrap(), 401, "bad-credentials").await;
    }
    // Not with the right one either, and not in another spelling.
    let answer = login(" OLA@nordlys.example", PASSWORD).await.unwrap();
    problem(answer, 429, "too-many-requests").await;
    assert_eq!(
        login("eva@nordlys.example", PASSWORD).await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    world.stop().await;
}

#[actix_web::test]
async fn a_cookie_changes_nothing_for_a_foreign_page() {
    let world = World::start().await;
    let visitor = world.open().await;
    world.say(&visitor, "Hei!", "c-0").await;
    let cookie = world.ola().await;
    let path = format!("/v1/sessions/{}/takeover", visitor.session);
    let call = |header: &'static str, value: String| {
        world.post(&path).header(header::COOKIE, &cookie).header(header, value).send()
    };
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "https://nordlys.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = call(header, value.to_owned()).await.unwrap();
        problem(answer, 403, "origin-not-allowed").await;
    }
    assert_eq!(world.read(&visitor).await["status"], "open");
    let own = call("origin", world.url.clone()).await.unwrap();
    assert_eq!(own.status(), StatusCode::NO_CONTENT);
    for path in ["/v1/login", "/v1/logout"] {
        let foreign = world
            .post(path)
            .header("origin", "https://evil.example")
            .json(&json!({ "tenant": "a", "email": "b", "password": "c" }));
        problem(foreign.send().await.unwrap(), 403, "origin-not-allowed").await;
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_visitors_token_is_bound_to_the_page_it_was_given_to() {
    let world = World::start().await;
    let open = |origin: &'static str| {
        world
            .post("/v1/sessions")
            .header(header::ORIGIN, origin)
            .json(&json!({ "tenant": "nordlys-bil" }))
            .send()
    };
    problem(open("https://evil.example").await.unwrap(), 403, "origin-not-allowed").await;
    let opened = open("https://nordlys.example").await.unwrap();
    assert_eq!(opened.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://nordlys.example");
    let opened: Value = opened.json().await.unwrap();
    let path = format!("/v1/sessions/{}", opened["session_id"].as_str().unwrap());
    let read = |origin: Option<&'static str>| {
        let request = world.get(&path).bearer_auth(opened["token"].as_str().unwrap());
        origin
            .map_or(request.try_clone().unwrap(), |origin| request.header(header::ORIGIN, origin))
            .send()
    };
    assert_eq!(read(Some("https://nordlys.example")).await.unwrap().status(), StatusCode::OK);
    assert_eq!(read(None).await.unwrap().status(), StatusCode::OK);
    let stolen = read(Some("https://evil.example")).await.unwrap();
    assert!(!stolen.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    problem(stolen, 403, "origin-not-allowed").await;
    world.stop().await;
}

#[actix_web::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let limits = Limits { open_ip: Rate::new(1, 1), ..Limits::unlimited() };
    let open = async |world: &World, forwarded: &str| {
        let body = json!({ "tenant": "nordlys-bil" });
        let request = world.post("/v1/sessions").header("x-forwarded-for", forwarded).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let world = World::with(|config| config.limits = limits).await;
    assert_eq!(open(&world, "192.0.2.1").await, 201);
    assert_eq!(open(&world, "192.0.2.2").await, 429, "the header of a stranger is ignored");
    world.stop().await;
    let world = World::with(|config| {
        config.limits = limits;
        config.trusted_proxies =
            vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    })
    .await;
    assert_eq!(open(&world, "192.0.2.1").await, 201);
    assert_eq!(open(&world, "192.0.2.2, 10.1.1.1").await, 201);
    assert_eq!(open(&world, "198.51.100.9, 192.0.2.1").await, 429, "the last stranger counts");
    world.stop().await;
}
