//! The document and the routes say the same; lists and public pages answer as documented.

use std::collections::BTreeSet;

use forecourt_http::openapi_document;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{World, problem};

#[actix_web::test]
async fn every_documented_operation_has_a_route_and_every_status_it_gave_is_documented() {
    let world = World::start().await;
    let receipt = world.submit("kari@example.no", "Er bilen ledig?").await;
    let visitor = world.open().await;
    let cookie = world.ola().await;
    for (path, item) in openapi_document()["paths"].as_object().unwrap() {
        let filled = path
            .replace("{tenant}", "nordlys-bil")
            .replace("{session}", &visitor.session)
            .replace("{lead}", receipt["lead_id"].as_str().unwrap())
            .replace("{token}", "x");
        let known: BTreeSet<String> =
            item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        for (method, operation) in item.as_object().unwrap() {
            if filled.ends_with("/events") {
                continue; // endless; followed in other tests
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for (headers, body) in [
                (vec![], None),
                (vec![("cookie", cookie.clone())], None),
                (vec![("authorization", format!("Bearer {}", visitor.token))], None),
                (vec![], Some(json!({}))),
                (vec![("cookie", cookie.clone())], Some(json!({ "x": 1 }))),
            ] {
                let mut request =
                    world.client.request(method.clone(), format!("{}{filled}", world.url));
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                if let Some(body) = body {
                    request = request.json(&body);
                }
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16().to_string();
                assert!(
                    operation["responses"].get(&status).is_some(),
                    "{method} {path} answered {status}, which is not documented"
                );
                assert_ne!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            }
        }
        // A method that this path does not have.
        let strange = if known.contains("PATCH") { Method::TRACE } else { Method::PATCH };
        let wrong = world.client.request(strange, format!("{}{filled}", world.url));
        let wrong = wrong.send().await.unwrap();
        let allow = wrong.headers()[header::ALLOW].to_str().unwrap().to_owned();
        problem(wrong, 405, "method-not-allowed").await;
        let allowed: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
        assert!(known.is_subset(&allowed), "{path}: {known:?} {allowed:?}");
    }
    world.stop().await;
}

#[actix_web::test]
async fn leads_are_listed_filtered_paged_and_opened() {
    let world = World::start().await;
    for nth in 0..5 {
        world.submit(&format!("kari{nth}@example.no"), "Er bilen ledig?").await;
    }
    let cookie = world.ola().await;
    let list = async |query: &str| {
        let request = world.get(&format!("/v1/leads{query}")).header(header::COOKIE, &cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        answer.json::<Value>().await.unwrap()
    };
    let page = list("?per_page=2&page=2&source=website&from=2026-11-21&to=2026-11-22&utm=x").await;
    assert_eq!((&page["total"], &page["pages"], &page["page"]), (&5.into(), &3.into(), &2.into()));
    assert_eq!(page["leads"].as_array().unwrap().len(), 2);
    assert!(page["epoch"].is_i64() && page["seq"].as_i64().unwrap() > 0);
    assert_eq!(list("?q=KARI3").await["total"], 1);
    assert_eq!(list("?source=widget").await["pages"], 1);
    let lead = page["leads"][0]["lead_id"].as_str().unwrap();
    let one = world
        .get(&format!("/v1/leads/{lead}"))
        .header(header::COOKIE, &cookie)
        .send()
        .await
        .unwrap();
    let one: Value = one.json().await.unwrap();
    assert_eq!(one["lead"]["lead_id"], lead);
    assert_eq!(one["messages"][0]["author"], "customer");
    assert_eq!(one["events"][0]["type"], "session.opened");
    world.stop().await;
}

#[actix_web::test]
async fn each_wrong_parameter_is_refused_under_its_name() {
    let world = World::start().await;
    let cookie = world.ola().await;
    let refused = async |query: &str| {
        let request = world.get(&format!("/v1/leads{query}")).header(header::COOKIE, &cookie);
        let told = problem(request.send().await.unwrap(), 400, "invalid").await;
        let names = told["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(",")
    };
    for (query, names) in [
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=99999999999999999999", "page"),
        ("?page=1.5", "page"),
        ("?page=%EF%BC%91", "page"),
        ("?per_page=101", "per_page"),
        ("?per_page=1e2", "per_page"),
        ("?status=NEW&source=mail", "status,source"),
        ("?from=yesterday&to=2026-02-30", "from,to"),
        ("?from=2026-11-21&to=2026-11-20", "to"),
        ("?q=%00", "q"),
        (&format!("?q={}", "x".repeat(101)), "q"),
        ("?page=1&page=2", "page"),
    ] {
        assert_eq!(refused(query).await, names, "{query}");
    }
    for query in ["?q=%FF", "?%C3=1", &"?a=1".repeat(200).replace("1?", "1&")] {
        let request = world.get(&format!("/v1/leads{query}")).header(header::COOKIE, &cookie);
        problem(request.send().await.unwrap(), 400, "malformed-query").await;
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_tenants_public_face_is_told_in_a_language_it_speaks() {
    let world = World::start().await;
    let page = world.get("/v1/public/tenant?slug=nordlys-bil&lang=fr").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let page: Value = page.json().await.unwrap();
    assert_eq!((&page["slug"], &page["languages"]), (&"nordlys-bil".into(), &json!(["nb", "en"])));
    assert_eq!(page["hours"].as_array().unwrap().len(), 7);
    let missing = world.get("/v1/public/tenant").send().await.unwrap();
    problem(missing, 400, "invalid").await;
    let unknown = world.get("/v1/public/tenant?slug=nobody").send().await.unwrap();
    problem(unknown, 404, "unknown-tenant").await;
    problem(world.get("/v1/public/demo").send().await.unwrap(), 404, "not-found").await;
    world.stop().await;
}

#[actix_web::test]
async fn a_conversation_opens_in_the_language_that_is_asked_for() {
    let world = World::start().await;
    for (asked, lang, greeting) in [
        (json!("en-GB"), "en", "Hi!"),
        (json!("nn"), "nb", "Hei!"),
        (json!("fr"), "nb", "Hei!"),
        (json!("🚗"), "nb", "Hei!"),
        (Value::Null, "nb", "Hei!"),
    ] {
        let body = json!({ "tenant": "nordlys-bil", "lang": asked });
        let opened = world.post("/v1/sessions").json(&body).send().await.unwrap();
        let opened: Value = opened.json().await.unwrap();
        assert_eq!(opened["lang"], lang, "{asked}");
        assert!(opened["greeting"].as_str().unwrap().starts_with(greeting), "{asked}");
    }
    world.stop().await;
}
