//! Pages, mails, health and the headers that every answer carries.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use forecourt_http::Limits;
use forecourt_ports::{
    bus::BusHealth,
    links::Links as _,
    mailbox::{DevMailbox, MailId, MailSummary, StoredMail},
};
use forecourt_wire::DemoLogin;
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::world::{World, problem, tenant_id};

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::start().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/app/"),
        (Method::GET, "/app/leads/x"),
        (Method::GET, "/demo/nordlys-bil"),
        (Method::GET, "/widget.js"),
        (Method::GET, "/widget-later.js"),
        (Method::GET, "/widget-files.js"),
        (Method::GET, "/sdk.js"),
        (Method::GET, "/docs"),
        (Method::GET, "/openapi.json"),
        (Method::GET, "/problems/invalid"),
        (Method::GET, "/healthz"),
        (Method::GET, "/nowhere"),
        (Method::POST, "/v1/login"),
        (Method::DELETE, "/v1/leads"),
        (Method::OPTIONS, "/v1/sessions"),
        (Method::GET, "/v1/me"),
    ] {
        let answer =
            world.client.request(method, format!("{}{path}", world.url)).send().await.unwrap();
        let headers = answer.headers();
        for name in [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "x-frame-options",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "cache-control",
            "x-request-id",
        ] {
            assert!(headers.contains_key(name), "{path} has no {name}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_page_has_a_fresh_nonce_each_time_and_files_are_packed_and_known_again() {
    let world = World::start().await;
    let policy = async || {
        let page = world.get("/app/").send().await.unwrap();
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(!page.text().await.unwrap().contains("__CSP_NONCE__"));
        policy
    };
    assert_ne!(policy().await, policy().await);
    let script = world.get("/widget.js").send().await.unwrap();
    assert_eq!(script.headers()["cross-origin-resource-policy"], "cross-origin");
    assert!(script.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
    let tag = script.headers()[header::ETAG].clone();
    let again = world.get("/widget.js").header(header::IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/package.json",
        "/app/assets/none.js",
        "/index.html",
        "/.env",
        "/assets/.git",
    ] {
        let answer = world.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let head = world.client.head(format!("{}/docs", world.url)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    let moved = world.get("/app").send().await.unwrap();
    assert_eq!(moved.headers()[header::LOCATION], "/app/");
    problem(world.get("/demo/nobody").send().await.unwrap(), 404, "unknown-tenant").await;
    world.stop().await;
}

#[actix_web::test]
async fn readiness_follows_the_store_and_the_node() {
    let world = World::start().await;
    let ready = async || {
        let answer = world.get("/readyz").send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["checks"].clone())
    };
    let (status, checks) = ready().await;
    assert_eq!((status, &checks["bus"]), (200, &"single".into()));
    world.bus.set_health(BusHealth::Cut);
    let answer = world.get("/readyz").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "alone it works too");
    let body = answer.json::<Value>().await.unwrap();
    assert_eq!((&body["status"], &body["checks"]["bus"]), (&"degraded".into(), &"cut".into()));
    world.store.set_unavailable(true);
    let (status, checks) = ready().await;
    assert_eq!((status, &checks["store"]), (503, &"unavailable".into()));
    assert_eq!(world.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
    world.store.set_unavailable(false);
    world.gateway.begin_stop();
    let (status, checks) = ready().await;
    assert_eq!((status, &checks["node"]), (503, &"stopping".into()));
    world.stop().await;
}

#[actix_web::test]
async fn metrics_are_for_this_machine_or_for_who_has_the_token() {
    let world = World::with(|config| {
        config.metrics = Arc::new(|| "forecourt_undone 0\n".to_owned());
        config.metrics_token = Some("s3cret".into());
    })
    .await;
    assert_eq!(
        world.get("/metrics").send().await.unwrap().text().await.unwrap(),
        "forecourt_undone 0\n"
    );
    for name in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let forwarded = world.get("/metrics").header(name, "192.0.2.1").send().await.unwrap();
        problem(forwarded, 404, "not-found").await;
    }
    let with = |token: &str| {
        world.get("/metrics").header("x-forwarded-for", "192.0.2.1").bearer_auth(token).send()
    };
    assert_eq!(with("s3cret").await.unwrap().status(), StatusCode::OK);
    problem(with("s3cre").await.unwrap(), 404, "not-found").await;
    world.stop().await;
}

#[actix_web::test]
async fn reading_an_unsubscribe_link_changes_nothing_and_posting_it_does() {
    let world = World::start().await;
    world.submit("kari@example.no", "Er bilen ledig?").await;
    let cookie = world.ola().await;
    let leads = world.get("/v1/leads").header(header::COOKIE, &cookie).send().await.unwrap();
    let leads: Value = leads.json().await.unwrap();
    let session = leads["leads"][0]["session_id"].as_str().unwrap().parse().unwrap();
    let called = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&called);
    world.store.set_hook(Some(Arc::new(move |call| {
        seen.fetch_or(call == "unsubscribe", Ordering::Relaxed);
        Box::pin(async {})
    })));
    let link = world.links.unsubscribe(tenant_id(1), session).unwrap();
    let alert = world.links.conversation(tenant_id(1), session);
    let lead = leads["leads"][0]["lead_id"].as_str().unwrap();
    let led = world.client.get(&alert).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(led.headers()[header::LOCATION], format!("/app/?lead={lead}"));
    assert_eq!(world.client.get(&alert).send().await.unwrap().status(), StatusCode::OK);
    let page = world.client.get(&link).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let text = page.text().await.unwrap();
    assert!(
        text.contains("<form method=\"post\">") && text.contains("nordlys-bil &amp; Sønner"),
        "{text}"
    );
    assert!(!called.load(Ordering::Relaxed));
    let click =
        world.client.post(&link).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let done = click.body("List-Unsubscribe=One-Click").send().await.unwrap();
    assert_eq!(done.status(), StatusCode::OK);
    assert!(called.load(Ordering::Relaxed));
    for token in ["x", "u1.x.y", &link[link.len() - 20..]] {
        for method in [Method::GET, Method::POST] {
            let answer = world
                .client
                .request(method, format!("{}/u/{token}", world.url))
                .send()
                .await
                .unwrap();
            problem(answer, 404, "not-found").await;
        }
    }
    world.stop().await;
}

struct Mailbox;

impl DevMailbox for Mailbox {
    fn list(&self, _: usize) -> Vec<MailSummary> {
        self.find(MailId(7)).map(|mail| mail.summary).into_iter().collect()
    }

    fn find(&self, id: MailId) -> Option<StoredMail> {
        (id == MailId(7)).then(|| StoredMail {
            summary: MailSummary {
                id,
                at: "2026-11-21T12:00:00Z".parse().unwrap(),
                from: "Nordlys <post@nordlys.example>".into(),
                to: vec!["kari@example.no".into()],
                subject: "<script>alert(1)</script>".into(),
                excerpt: "Hei!".into(),
                delivery: None,
                size: 10,
            },
            text: Some("Hei & <b>hå</b>".into()),
            html: Some("<script>alert(1)</script><p style=\"color:red\">Hei</p>".into()),
            headers: vec![("Subject".into(), "<x>".into())],
            raw: b"Subject: x\r\n\r\nHei".to_vec(),
        })
    }
}

#[actix_web::test]
async fn caught_mails_are_shown_where_there_is_a_mailbox_and_their_html_stays_in_a_sandbox() {
    let world = World::start().await;
    for path in ["/dev/mail", "/dev/mail.json", "/dev/mail/7", "/dev/mail/7/html"] {
        problem(world.get(path).send().await.unwrap(), 404, "not-found").await;
    }
    world.stop().await;
    let world = World::with(|config| {
        config.limits = Limits::unlimited();
        config.dev_mailbox = Some(Arc::new(Mailbox));
        config.demo =
            Some(DemoLogin { tenant: "a".into(), email: "b".into(), password: "c".into() });
    })
    .await;
    let demo: Value = world.get("/v1/public/demo").send().await.unwrap().json().await.unwrap();
    assert_eq!(demo["password"], "c");
    for path in ["/dev/mail", "/dev/mail/7"] {
        let page = world.get(path).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    }
    let html = world.get("/dev/mail/7/html").send().await.unwrap();
    let policy = html.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    assert_eq!(html.headers()[header::X_FRAME_OPTIONS], "SAMEORIGIN");
    let raw = world.get("/dev/mail/7/raw").send().await.unwrap();
    assert!(raw.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let list: Value = world.get("/dev/mail.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(list[0]["id"], 7);
    for id in ["8", "-1", "x", "99999999999999999999"] {
        problem(world.get(&format!("/dev/mail/{id}")).send().await.unwrap(), 404, "not-found")
            .await;
    }
    world.stop().await;
}
