//! A seller connects their calendar: where they are busy nobody can book, and bookings appear in it, move and go.
//! The provider is away for a while, and nothing is lost.

use std::time::Duration;

use forecourt_core::booking::Stretch;
use forecourt_loadtest::calendar_sim::{CalendarSim, CalendarSimConfig, Held, Side};
use forecourt_tests::{
    Forecourt, eventually,
    people::person,
    process::{OTHER, Options, TENANT},
};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const CALENDARS: &str = "/v1/calendars";

struct Owner {
    cookie: String,
}

impl Owner {
    async fn ask(
        &self,
        engine: &Forecourt,
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = engine
            .http
            .request(method, engine.at(path))
            .header("cookie", &self.cookie)
            .header("origin", &engine.url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn act(&self, engine: &Forecourt, at: (Method, &str), body: Option<Value>) -> Value {
        let path = at.1.to_owned();
        let (status, answer) = self.ask(engine, at, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn calendar(&self, engine: &Forecourt, id: &str) -> Value {
        self.act(engine, (Method::GET, &format!("{CALENDARS}/{id}")), None).await
    }

    /// Books a time for a customer, as staff do on the telephone.
    async fn book(
        &self,
        engine: &Forecourt,
        (service, at): (&str, Timestamp),
        story: &str,
    ) -> String {
        let kari = person("nb", story);
        let wish = json!({
            "service_id": service, "starts_at": at.to_string(), "client_id": story,
            "customer": { "name": kari.name, "email": kari.email, "phone": kari.phone },
        });
        let held = self.act(engine, (Method::POST, "/v1/bookings"), Some(wish)).await;
        let id = held["booking_id"].as_str().unwrap().to_owned();
        let yes = json!({ "offer_id": held["offer_id"] });
        let path = format!("/v1/bookings/{id}/confirm");
        let booked = self.act(engine, (Method::POST, &path), Some(yes)).await;
        assert_eq!(booked["status"], "booked");
        id
    }

    async fn step(&self, engine: &Forecourt, booking: &str, step: &str, body: Value) {
        let path = format!("/v1/bookings/{booking}/{step}");
        self.act(engine, (Method::POST, &path), Some(body)).await;
    }
}

/// The first service of the tenant: its id is also that of its own places.
async fn service(engine: &Forecourt, owner: &Owner) -> (String, String) {
    let all = owner.act(engine, (Method::GET, "/v1/services"), None).await;
    let one = all["services"][0]["service_id"].as_str().unwrap().to_owned();
    let places = one.replace("srv_", "res_");
    (one, places)
}

async fn slots(engine: &Forecourt, service: &str) -> Vec<Timestamp> {
    let asked = engine
        .http
        .get(engine.at("/v1/public/slots"))
        .query(&[("tenant", TENANT), ("service", service), ("limit", "200")])
        .send()
        .await
        .unwrap();
    let free: Value = asked.json().await.unwrap();
    let slots = free["slots"].as_array().unwrap_or_else(|| panic!("{free}"));
    slots.iter().map(|slot| slot["starts_at"].as_str().unwrap().parse().unwrap()).collect()
}

fn half_hour(from: Timestamp) -> Stretch {
    Stretch { from, until: from + Duration::from_mins(30) }
}

/// The entry of a booking.
fn of(sim: &CalendarSim, side: Side, booking: &str) -> Option<Held> {
    let mut ours = sim.held(side).into_iter().filter(|held| held.mark.as_deref() == Some(booking));
    let one = ours.next();
    assert!(ours.next().is_none(), "there are two entries of one booking");
    one
}

async fn engine(sim: &CalendarSim) -> Forecourt {
    let options = Options::default()
        .env("FORECOURT_CALENDAR_LOOPBACK", "true")
        .env("FORECOURT_CALENDAR_EVERY_S", "2")
        .env("CAL_COM_BASE_URL", sim.url(Side::CalCom));
    Forecourt::start(options).await
}

/// Connects a calendar, and makes it that of a resource.
async fn connect(engine: &Forecourt, owner: &Owner, with: &Value, resource: &str) -> String {
    let connected = owner.act(engine, (Method::POST, CALENDARS), Some(with.clone())).await;
    let id = connected["calendar"]["calendar_id"].as_str().unwrap().to_owned();
    assert_eq!(connected["calendar"]["state"], "choosing");
    let choice =
        json!({ "calendar": connected["choices"][0]["calendar"], "resource_id": resource });
    let path = format!("{CALENDARS}/{id}");
    let chosen = owner.act(engine, (Method::PUT, &path), Some(choice)).await;
    assert_eq!(chosen["state"], "working", "{chosen}");
    id
}

#[tokio::test]
async fn over_caldav() {
    let sim = CalendarSim::start(&CalendarSimConfig::default()).unwrap();
    let engine = engine(&sim).await;
    let owner = Owner { cookie: engine.sign_in(TENANT).await };
    let (service, places) = service(&engine, &owner).await;
    let free = slots(&engine, &service).await;
    assert!(free.len() > 20, "{free:?}");
    let early = owner.book(&engine, (&service, free[2]), "cal-early").await;

    let with = |password: &str| json!({ "provider": "cal_dav", "url": sim.url(Side::CalDav), "user": "nordlys", "password": password });
    let (status, refused) =
        owner.ask(&engine, (Method::POST, CALENDARS), Some(with("wr0ng-pass"))).await;
    assert_eq!((status.as_u16(), refused["code"].as_str()), (409, Some("calendar-refused")));
    let id = connect(&engine, &owner, &with("secret"), &places).await;

    // What was booked before stands in it as well.
    let written =
        eventually("the booking of before", async || of(&sim, Side::CalDav, &early)).await;
    assert_eq!(written.from, free[2]);

    // The seller is busy: the public slots lack the time, until they are free again.
    let busy = half_hour(free[10]);
    sim.occupy(Side::CalDav, "dentist", busy.from, busy.until);
    eventually("the time is closed", async || {
        (!slots(&engine, &service).await.contains(&busy.from)).then_some(())
    })
    .await;
    let calendar = owner.calendar(&engine, &id).await;
    assert_eq!((&calendar["busy"], &calendar["state"]), (&json!(1), &json!("working")));
    sim.vacate(Side::CalDav, "dentist");
    eventually("the time is open", async || {
        slots(&engine, &service).await.contains(&busy.from).then_some(())
    })
    .await;

    // A booking appears, moves, and goes.
    let booking = owner.book(&engine, (&service, free[6]), "cal-dav").await;
    let find = || of(&sim, Side::CalDav, &booking);
    let shown = eventually("the booking appears", async || find()).await;
    assert_eq!((shown.from, shown.sequence), (free[6], 0));
    owner.step(&engine, &booking, "reschedule", json!({ "starts_at": free[14].to_string() })).await;
    let moved = eventually("it moves", async || find().filter(|held| held.from == free[14])).await;
    assert!(moved.sequence > shown.sequence);
    owner.step(&engine, &booking, "cancel", json!({})).await;
    eventually("it goes", async || find().is_none().then_some(())).await;

    // The provider is away: bookings go on, and are caught up with.
    sim.set(&["reset"]).unwrap();
    let meanwhile = owner.book(&engine, (&service, free[8]), "cal-away").await;
    owner.step(&engine, &early, "cancel", json!({})).await;
    let failing = eventually("it is told", async || {
        let calendar = owner.calendar(&engine, &id).await;
        (calendar["state"] == "failing" && calendar["pending"] == 2).then_some(calendar)
    })
    .await;
    assert_eq!(failing["last_error"], "unavailable");
    sim.set(&[]).unwrap();
    // It is looked for by itself; who has mended it need not wait.
    let checked =
        owner.act(&engine, (Method::POST, &format!("{CALENDARS}/{id}/check")), None).await;
    assert_eq!(checked["choices"][0]["name"], "Work & løp");
    eventually("everything is caught up with", async || {
        let calendar = owner.calendar(&engine, &id).await;
        let gone = of(&sim, Side::CalDav, &early).is_none();
        let there = of(&sim, Side::CalDav, &meanwhile).is_some();
        (calendar["state"] == "working" && gone && there).then_some(())
    })
    .await;

    // Nobody else sees it; disconnected, nothing of it is left here.
    let stranger = Owner { cookie: engine.sign_in(OTHER).await };
    for (method, path) in [(Method::GET, ""), (Method::POST, "/check"), (Method::DELETE, "")] {
        let path = format!("{CALENDARS}/{id}{path}");
        assert_eq!(stranger.ask(&engine, (method, &path), None).await.0, 404, "{path}");
    }
    owner.act(&engine, (Method::DELETE, &format!("{CALENDARS}/{id}")), None).await;
    let all = owner.act(&engine, (Method::GET, CALENDARS), None).await;
    assert_eq!(all["calendars"], json!([]));
    let mut secrets = person("nb", "cal-dav").secrets();
    secrets.extend(["wr0ng-pass".to_owned(), "Basic ".to_owned()]);
    engine.assert_logs_are_silent_about(&secrets);
}

#[tokio::test]
async fn over_cal_com() {
    let sim = CalendarSim::start(&CalendarSimConfig::default()).unwrap();
    let mut engine = engine(&sim).await;
    let mut owner = Owner { cookie: engine.sign_in(TENANT).await };
    let (service, places) = service(&engine, &owner).await;
    let with = json!({ "provider": "cal_com", "key": "cal_live_s3cret" });
    let connected = owner.act(&engine, (Method::POST, CALENDARS), Some(with.clone())).await;
    let hook_secret = connected["hook_secret"].as_str().unwrap().to_owned();
    let id = connected["calendar"]["calendar_id"].as_str().unwrap().to_owned();
    let choice = json!({ "calendar": "7", "resource_id": places });
    let path = format!("{CALENDARS}/{id}");
    owner.act(&engine, (Method::PUT, &path), Some(choice)).await;

    // Outside of the hours that Cal.com offers nothing is free.
    let within = |at: &Timestamp| {
        let hour = jiff::tz::TimeZone::UTC.to_datetime(*at).hour();
        (8..18).contains(&hour)
    };
    let free = eventually("its hours are kept", async || {
        let free = slots(&engine, &service).await;
        let read = owner.calendar(&engine, &id).await["busy"].as_u64() > Some(0);
        (read && free.iter().all(within)).then_some(free)
    })
    .await;
    let booking = owner.book(&engine, (&service, free[6]), "cal-com").await;
    let find = || of(&sim, Side::CalCom, &booking);
    let shown = eventually("the booking appears", async || find()).await;
    assert_eq!(shown.from, free[6]);

    // The answer to the move is lost and the engine is killed: it is moved once.
    sim.set(&["lost_answer;times=1;path=reschedule"]).unwrap();
    owner.step(&engine, &booking, "reschedule", json!({ "starts_at": free[12].to_string() })).await;
    eventually("the move arrives", async || find().filter(|h| h.from == free[12])).await;
    engine.crash();
    engine.start_again().await;
    owner.cookie = engine.sign_in(TENANT).await;
    eventually("it is settled", async || {
        let calendar = owner.calendar(&engine, &id).await;
        (calendar["pending"] == 0 && calendar["state"] == "working").then_some(())
    })
    .await;
    assert_eq!(find().unwrap().from, free[12], "one entry");
    assert_eq!(sim.calls("/reschedule"), 1, "moved once");

    // The customer cancels at Cal.com, which tells us: believed under its signature, twice as well as once.
    let uid = find().unwrap().id;
    let body = json!({
        "triggerEvent": "BOOKING_CANCELLED", "createdAt": "2026-11-21T09:30:00Z",
        "payload": { "uid": uid, "metadata": { "forecourt": booking } },
    })
    .to_string();
    let hook = format!("/v1/hooks/cal/{id}");
    let tell = async |signature: &str| {
        let call = engine.http.post(engine.at(&hook)).header("x-cal-signature-256", signature);
        call.header("content-type", "application/json").body(body.clone()).send().await.unwrap()
    };
    let signed = signature(&hook_secret, body.as_bytes());
    for wrong in ["no-secret-provided", "", &signature("other", body.as_bytes())] {
        assert_eq!(tell(wrong).await.status(), 404);
    }
    let status = async || {
        let path = format!("/v1/bookings/{booking}");
        owner.act(&engine, (Method::GET, &path), None).await["booking"]["status"].clone()
    };
    // Somebody repeats an old call while the entry is there: nothing is cancelled.
    assert_eq!(tell(&signed).await.status(), 204);
    assert_eq!(status().await, "booked");
    sim.vacate(Side::CalCom, &uid);
    for _ in 0..2 {
        assert_eq!(tell(&signed).await.status(), 204);
        assert_eq!(status().await, "cancelled");
    }
    let mut secrets = person("nb", "cal-com").secrets();
    secrets.extend(["cal_live_s3cret".to_owned(), hook_secret]);
    engine.assert_logs_are_silent_about(&secrets);
}

/// As Cal.com signs: the HMAC-SHA256 of the body, in hexadecimal digits.
fn signature(secret: &str, body: &[u8]) -> String {
    use hmac::Mac as _;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
