//! Appointments over HTTP: by staff, and by the customer who holds the link.

use forecourt_core::{
    hours::{OpeningHours, Span},
    id::ServiceId,
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
};
use jiff::{SignedDuration, civil::time};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, problem, tenant};

/// A garage that is open from 8 to 18, with one service of an hour, and a signed-in manager.
struct Garage {
    world: World,
    cookie: String,
    service: ServiceId,
}

impl Garage {
    async fn open() -> Self {
        let world = World::start().await;
        let mut new = tenant(5, "verksted", "verksted.example");
        let day = vec![Span { opens: time(8, 0, 0, 0), closes: time(18, 0, 0, 0) }];
        new.snapshot.settings.hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
        let service = ServiceId::from_uuid(Uuid::from_u128(0x51));
        let offered = Service {
            id: service,
            name: Localized::from([(Lang::Nb, "Dekkskift"), (Lang::En, "Tyre change")]),
            keywords: vec![],
            minutes: 60,
            price: None,
            notice_minutes: 60,
            capacity: 1,
        };
        new.knowledge = Knowledge { services: vec![offered], ..Knowledge::default() };
        world.store.seed_tenant(new);
        let cookie = world.sign_in("verksted", "eva@verksted.example").await;
        Self { world, cookie, service }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}{path}", self.world.url);
        let mut request = self.world.client.request(method, url);
        request = request.header(header::COOKIE, &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path, Some(body)).await
    }

    fn wish(&self, starts_at: &str, client_id: &str) -> Value {
        json!({
            "service_id": self.service,
            "starts_at": starts_at,
            "client_id": client_id,
            "customer": {
                "name": "Kari Nordmann", "email": "kari@example.no", "phone": "22 00 00 00",
                "lang": "fr", "zone": "Europe/London",
            },
        })
    }

    async fn held(&self, starts_at: &str, client_id: &str) -> Value {
        let answer = self.post("/v1/bookings", self.wish(starts_at, client_id)).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.unwrap()
    }

    async fn slots(&self, query: &str) -> Value {
        let path = format!("/v1/public/slots?tenant=verksted&service={}&{query}", self.service);
        let answer = self.world.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        answer.json().await.unwrap()
    }

    /// The customer's own link of a booking.
    async fn link(&self, booking: &Value) -> String {
        let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
        let detail = self.get(&path).await;
        format!("/v1/public/bookings/{}", detail["customer_token"].as_str().unwrap())
    }
}

#[actix_web::test]
async fn staff_hold_confirm_move_and_cancel_with_their_reasons_told() {
    let garage = Garage::open().await;
    let held = garage.held("2026-11-24T14:00", "c-1").await;
    assert_eq!(held["starts_at"], "2026-11-24T13:00:00Z", "the tenant's wall clock was meant");
    assert_eq!(held["local"], "2026-11-24T14:00:00");
    assert_eq!(held["customer_local"], "2026-11-24T13:00:00", "the customer is in London");
    assert_eq!(held["customer"]["phone"], "+4722000000");
    assert_eq!(held["hold_until"], "2026-11-21T12:05:00Z");
    let again = garage.held("2026-11-24T14:00", "c-1").await;
    assert_eq!(again["booking_id"], held["booking_id"]);

    let rival = garage.post("/v1/bookings", garage.wish("2026-11-24T13:30:00Z", "c-2")).await;
    let told = problem(rival, 409, "not-free").await;
    assert_eq!(told["errors"][0]["code"], "booking.why.held");
    let night = garage.post("/v1/bookings", garage.wish("2026-11-24T23:00", "c-3")).await;
    let told = problem(night, 409, "not-free").await;
    assert_eq!(told["errors"][0]["detail"], "Da er det stengt.");
    let skipped = garage.post("/v1/bookings", garage.wish("2027-03-28T02:30", "c-4")).await;
    let told = problem(skipped, 409, "not-free").await;
    assert_eq!(told["errors"][0]["code"], "booking.why.skipped");

    let path = format!("/v1/bookings/{}", held["booking_id"].as_str().unwrap());
    let wrong = json!({ "offer_id": format!("ofr_{}", "0".repeat(32)) });
    problem(garage.post(&format!("{path}/confirm"), wrong).await, 409, "another-offer").await;
    let yes = json!({ "offer_id": held["offer_id"] });
    let booked: Value = garage.post(&format!("{path}/confirm"), yes).await.json().await.unwrap();
    assert_eq!(booked["status"], "booked");
    let to = json!({ "starts_at": "2026-11-25T09:00" });
    let moved: Value = garage.post(&format!("{path}/reschedule"), to).await.json().await.unwrap();
    assert_eq!((&moved["booking_id"], &moved["sequence"]), (&held["booking_id"], &json!(1)));
    let early = garage.ask(Method::POST, &format!("{path}/no-show"), None).await;
    problem(early, 409, "booking-over").await;
    let cancelled = garage.post(&format!("{path}/cancel"), json!({ "reason": "Syk" })).await;
    assert_eq!(cancelled.status(), StatusCode::OK);

    let detail = garage.get(&path).await;
    let what: Vec<&str> =
        detail["history"].as_array().unwrap().iter().map(|s| s["what"].as_str().unwrap()).collect();
    assert_eq!(
        what,
        ["booking.held", "booking.confirmed", "booking.rescheduled", "booking.cancelled"]
    );
    assert_eq!(detail["history"][0]["by"], "member");
    let page = garage.get("/v1/bookings?status=cancelled&limit=1").await;
    assert_eq!(page["bookings"][0]["booking_id"], held["booking_id"]);
    let next = garage.get(&format!("/v1/bookings?cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!(next["bookings"], json!([]));
    garage.world.stop().await;
}

#[actix_web::test]
async fn customers_see_free_times_on_both_clocks_and_why_there_is_none() {
    let garage = Garage::open().await;
    let free = garage.slots("from=2026-11-24&to=2026-11-24&zone=Africa/Casablanca").await;
    let slots = free["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 19, "from eight to five, each half hour");
    assert_eq!(slots[0]["local"], "2026-11-24T08:00:00");
    assert_eq!(slots[0]["customer_local"], "2026-11-24T08:00:00");
    assert_eq!(free["zone"], "Europe/Oslo");
    let first = slots[0]["starts_at"].as_str().unwrap();
    garage.held(first, "c-1").await;
    let left = garage.slots("from=2026-11-24&to=2026-11-24").await;
    assert_eq!(left["slots"].as_array().unwrap().len(), 17);
    let why = garage.slots("from=2027-11-24&to=2027-11-24&lang=en").await;
    assert_eq!(why["slots"], json!([]));
    assert_eq!(why["why"][0]["key"], "booking.why.too_far");
    let sentence = why["why"][0]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("That is too far ahead."), "{sentence}");
    assert!(why["why"][0].get("resource").is_none(), "no ids for strangers");

    for (query, code) in [
        ("tenant=verksted", "invalid"),
        ("tenant=nobody&service=srv_00000000000000000000000000000051", "unknown-tenant"),
        ("tenant=verksted&service=x", "invalid"),
        ("tenant=nordlys-bil&service=srv_00000000000000000000000000000051", "not-found"),
        (
            "tenant=verksted&service=srv_00000000000000000000000000000051&from=-009999-01-01",
            "invalid",
        ),
        ("tenant=verksted&service=srv_00000000000000000000000000000051&zone=Mars/Base", "invalid"),
        (
            "tenant=verksted&service=srv_00000000000000000000000000000051&from=2026-11-24&to=2026-11-23",
            "invalid",
        ),
        (
            "tenant=verksted&service=srv_00000000000000000000000000000051&from=2026-01-01&to=2026-12-31",
            "invalid",
        ),
    ] {
        let answer = garage.world.get(&format!("/v1/public/slots?{query}")).send().await.unwrap();
        let status = if code == "invalid" { 400 } else { 404 };
        problem(answer, status, code).await;
    }
    garage.world.stop().await;
}

#[actix_web::test]
async fn the_holder_of_the_link_moves_and_cancels_and_nobody_else() {
    let garage = Garage::open().await;
    let held = garage.held("2026-11-24T14:00", "c-1").await;
    let path = format!("/v1/bookings/{}", held["booking_id"].as_str().unwrap());
    let yes = json!({ "offer_id": held["offer_id"] });
    assert_eq!(garage.post(&format!("{path}/confirm"), yes).await.status(), StatusCode::OK);
    let link = garage.link(&held).await;
    let world = &garage.world;
    let mine: Value = world.get(&link).send().await.unwrap().json().await.unwrap();
    assert_eq!((&mine["service"], &mine["status"]), (&json!("Tyre change"), &json!("booked")));
    assert!(mine.get("customer").is_none(), "a link that got lost tells nobody who came");
    let calendar = world.get(&format!("{link}/invitation.ics")).send().await.unwrap();
    let kind = calendar.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/calendar; method=REQUEST; charset=utf-8");
    let text = calendar.text().await.unwrap();
    assert!(text.contains("DTSTART:20261124T130000Z\r\n"), "{text}");

    let to = json!({ "starts_at": "2026-11-25T10:00" });
    let moved = world.post(&format!("{link}/reschedule")).json(&to).send().await.unwrap();
    let moved: Value = moved.json().await.unwrap();
    assert_eq!(moved["local"], "2026-11-25T10:00:00");
    let over = world.post(&format!("{link}/cancel")).json(&json!({})).send().await.unwrap();
    assert_eq!(over.status(), StatusCode::OK);
    let twice = world.post(&format!("{link}/cancel")).json(&json!({})).send().await.unwrap();
    assert_eq!(twice.status(), StatusCode::OK, "what is cancelled is cancelled");
    let late = world.post(&format!("{link}/reschedule")).json(&to).send().await.unwrap();
    problem(late, 409, "booking-over").await;
    let calendar = world.get(&format!("{link}/invitation.ics")).send().await.unwrap();
    assert!(calendar.text().await.unwrap().contains("METHOD:CANCEL\r\n"));

    let id = held["booking_id"].as_str().unwrap();
    for token in [id, "b1.x.y", "x", &format!("{}A", link.rsplit('/').next().unwrap())] {
        let path = format!("/v1/public/bookings/{token}");
        problem(world.get(&path).send().await.unwrap(), 404, "not-found").await;
        let cancel = world.post(&format!("{path}/cancel")).json(&json!({})).send().await.unwrap();
        problem(cancel, 404, "not-found").await;
    }
    garage.world.stop().await;
}

#[actix_web::test]
async fn a_customer_without_the_link_finds_their_bookings_by_a_code_and_a_stranger_learns_nothing()
{
    let garage = Garage::open().await;
    let first = garage.held("2026-11-24T14:00", "c-1").await;
    let second = garage.held("2026-11-25T14:00", "c-2").await;
    for held in [&first, &second] {
        let path = format!("/v1/bookings/{}/confirm", held["booking_id"].as_str().unwrap());
        let yes = json!({ "offer_id": held["offer_id"] });
        assert_eq!(garage.post(&path, yes).await.status(), StatusCode::OK);
    }
    let world = &garage.world;
    let find = async |body: Value| world.post("/v1/public/bookings/find").json(&body).send().await;
    let asked = find(json!({ "tenant": "verksted", "email": "Kari@Example.no" })).await.unwrap();
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let asked: Value = asked.json().await.unwrap();
    assert_eq!(asked["until"], "2026-11-21T12:10:00Z");
    let nobody = find(json!({ "tenant": "verksted", "email": "ola@example.no" })).await.unwrap();
    assert_eq!(nobody.status(), StatusCode::ACCEPTED);
    let nobody: Value = nobody.json().await.unwrap();
    let keys = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&nobody), &nobody["until"]), (keys(&asked), &asked["until"]));

    let code = world.code_by_mail().await;
    let bring = async |find: &Value, code: &str| {
        let body = json!({ "tenant": "verksted", "find": find["find"], "code": code });
        world.post("/v1/public/bookings/code").json(&body).send().await.unwrap()
    };
    problem(bring(&nobody, &code).await, 409, "code-over").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let told = problem(bring(&asked, wrong).await, 409, "wrong-code").await;
    assert!(told["detail"].as_str().unwrap().contains('4'), "{told}");
    let own: Value = bring(&asked, &code).await.json().await.unwrap();
    problem(bring(&asked, &code).await, 409, "code-over").await;
    let times: Vec<&str> = own["bookings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["booking"]["starts_at"].as_str().unwrap())
        .collect();
    assert_eq!(times, ["2026-11-24T13:00:00Z", "2026-11-25T13:00:00Z"]);
    let link = format!("/v1/public/bookings/{}", own["bookings"][1]["token"].as_str().unwrap());
    let cancel = world.post(&format!("{link}/cancel")).json(&json!({})).send().await.unwrap();
    let cancelled: Value = cancel.json().await.unwrap();
    assert_eq!(cancelled["status"], "cancelled");
    world.clock.advance(SignedDuration::from_mins(31));
    problem(world.get(&link).send().await.unwrap(), 404, "not-found").await;

    for body in [
        json!({ "tenant": "verksted" }),
        json!({ "tenant": "verksted", "email": "no address" }),
        json!({ "tenant": "verksted", "phone": "12" }),
        json!({ "tenant": "verksted", "email": "a@b.no", "reference": "x" }),
    ] {
        problem(find(body).await.unwrap(), 400, "invalid").await;
    }
    let unknown = find(json!({ "tenant": "nobody", "email": "a@b.no" })).await.unwrap();
    problem(unknown, 404, "unknown-tenant").await;
    let body = json!({ "tenant": "verksted", "find": "x", "code": code });
    let odd = world.post("/v1/public/bookings/code").json(&body).send().await.unwrap();
    problem(odd, 400, "invalid").await;
    garage.world.stop().await;
}

#[actix_web::test]
async fn managers_keep_resources_and_terms_and_sellers_keep_blocks() {
    let garage = Garage::open().await;
    let seller = garage.world.sign_in("verksted", "ola@verksted.example").await;
    let bay = json!({ "kind": "bay", "name": "Bukk 1", "capacity": 2 });
    let by_seller = garage.world.post("/v1/resources").header(header::COOKIE, &seller);
    problem(by_seller.json(&bay).send().await.unwrap(), 403, "forbidden").await;
    let made: Value = garage.post("/v1/resources", bay).await.json().await.unwrap();
    let id = made["resource_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/resources/{id}");

    let terms = json!({
        "minutes": 90, "buffer_before_minutes": 0, "buffer_after_minutes": 15,
        "notice_minutes": 0, "horizon_days": 30, "capacity": 1,
        "needs": [{ "kind": "bay", "only": [id] }],
    });
    let services = garage.get("/v1/services").await;
    let service = services["services"][0]["service_id"].as_str().unwrap().to_owned();
    assert_eq!(services["services"][0]["name"], "Dekkskift");
    let put = Some(terms.clone());
    let stored = garage.ask(Method::PUT, &format!("/v1/services/{service}/terms"), put).await;
    assert_eq!(stored.status(), StatusCode::NO_CONTENT);
    let held = garage.held("2026-11-24T09:00", "c-1").await;
    assert_eq!(held["ends_at"], "2026-11-24T09:30:00Z");
    assert_eq!(held["resource_ids"], json!([id]));

    let block = json!({
        "kind": "maintenance", "label": "Årskontroll", "starts_at": "2026-11-25T08:00",
        "minutes": 600, "rule": "FREQ=WEEKLY;COUNT=2",
    });
    let by_seller = garage.world.post(&format!("{path}/blocks")).header(header::COOKIE, &seller);
    let blocked = by_seller.json(&block).send().await.unwrap();
    assert_eq!(blocked.status(), StatusCode::CREATED);
    let block_id = blocked.json::<Value>().await.unwrap()["block_id"].as_str().unwrap().to_owned();
    let ledger = garage.get(&path).await;
    let entries = ledger["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert_eq!(entries[0]["until"], "2026-11-24T09:45:00Z", "its buffer is the service's");
    assert_eq!(entries[1]["blocked"], "maintenance");
    let taken = garage.post("/v1/bookings", garage.wish("2026-11-25T12:00", "c-2")).await;
    let told = problem(taken, 409, "not-free").await;
    assert_eq!(told["errors"][0]["code"], "booking.why.maintenance");
    let gone = garage.ask(Method::DELETE, &format!("{path}/blocks/{block_id}"), None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    garage.held("2026-11-25T12:00", "c-2").await;

    let other = garage.world.sign_in("fjord-auto", "eva@fjord.example").await;
    let foreign = garage.world.get(&path).header(header::COOKIE, &other).send().await.unwrap();
    problem(foreign, 404, "not-found").await;
    let name = "x".repeat(201);
    for (method, path, body) in [
        (Method::POST, "/v1/resources".to_owned(), json!({ "kind": "bay", "name": "" })),
        (Method::POST, "/v1/resources".into(), json!({ "kind": "bay", "name": name })),
        (Method::POST, "/v1/resources".into(), json!({ "kind": "bay", "name": "a\u{0}b" })),
        (Method::POST, "/v1/resources".into(), json!({ "kind": "service", "name": "x" })),
        (
            Method::POST,
            "/v1/resources".into(),
            json!({ "kind": "bay", "name": "x", "capacity": 65 }),
        ),
        (
            Method::POST,
            "/v1/resources".into(),
            json!({ "kind": "bay", "name": "x", "hours": [[{ "opens": "17:00", "closes": "08:00" }]] }),
        ),
        (Method::PUT, path.clone(), json!({ "kind": "room", "name": "x" })),
        (
            Method::POST,
            format!("{path}/blocks"),
            json!({ "kind": "block", "starts_at": "soon", "minutes": 10 }),
        ),
        (
            Method::POST,
            format!("{path}/blocks"),
            json!({ "kind": "block", "starts_at": "2026-11-25T08:00", "minutes": 0 }),
        ),
        (
            Method::POST,
            format!("{path}/blocks"),
            json!({ "kind": "block", "starts_at": "2026-11-25T08:00", "minutes": 9, "rule": "FREQ=HOURLY" }),
        ),
        (
            Method::POST,
            "/v1/bookings".into(),
            json!({ "service_id": service, "starts_at": "2026-11-24T09:00", "client_id": "a b" }),
        ),
        (
            Method::POST,
            "/v1/bookings".into(),
            json!({ "service_id": service, "starts_at": "-009999-01-02T00:00:00Z", "client_id": "c-9" }),
        ),
        (
            Method::POST,
            "/v1/bookings".into(),
            json!({ "service_id": service, "starts_at": "2026-11-24T09:00", "client_id": "c-9",
                    "customer": { "email": "no address" } }),
        ),
    ] {
        let text = body.to_string();
        let answer = garage.ask(method, &path, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {text}");
    }
    garage.world.stop().await;
}
