//! The assistant's tools in a conversation: what is offered, held and booked, on whose word, and what a
//! model cannot do.

use std::{collections::BTreeSet, sync::Arc};

use forecourt_actors::{BookingDesk, TenantHandle};
use forecourt_core::{
    booking::{Booking, BookingStatus},
    dialogue::Pressed,
    entry::{EntryBody, EntryId, EntryKind},
    event::{Author, Event, MessagePosted},
    hours::{OpeningHours, Span},
    id::{BookingId, OfferId, ServiceId, SessionId, TenantId, VehicleId},
    inventory::{Body, Details, Fuel, Vehicle, VehicleStatus, Vin},
    knowledge::{Knowledge, Localized, Service},
    lang::Lang,
    money::{Currency, Money},
    session::LeadSession,
    settings::TenantSettings,
    tools::{MOST_ROUNDS, Outcome, Receipt, ToolName, results},
};
use forecourt_ports::{
    clock::Clock as _,
    fake::{Script, Step},
    model::{Ask, Choice, ModelError},
    store::{
        Journal as _, NewTenant, TenantSnapshot,
        knowledge::{EntryChange, EntryWrite, KnowledgeBase as _, Used},
    },
};
use jiff::civil::time;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, settings};

const DEALER: TenantId = TenantId::from_uuid(Uuid::from_u128(0x3003));
const DRIVE: ServiceId = ServiceId::from_uuid(Uuid::from_u128(0x71));

/// A dealer that is open every day from 8 to 18, and a chat with a customer of theirs.
struct Chat {
    world: World,
    tenant: TenantHandle,
    session: SessionId,
    written: u32,
}

impl Chat {
    async fn new() -> Self {
        Self::with(settings()).await
    }

    async fn with(settings: TenantSettings) -> Self {
        Self::of_stock(settings, vec![]).await
    }

    async fn of_stock(mut settings: TenantSettings, vehicles: Vec<Vehicle>) -> Self {
        let world = World::new().await;
        let day = vec![Span { opens: time(8, 0, 0, 0), closes: time(18, 0, 0, 0) }];
        settings.hours = OpeningHours { week: vec![day; 7], exceptions: vec![] };
        settings.dialogue.most_messages = 200;
        settings.gather.shortest_ms = 0;
        settings.gather.longest_ms = 0;
        let drive = Service {
            id: DRIVE,
            name: Localized::from([(Lang::Nb, "Prøvekjøring")]),
            keywords: vec![],
            minutes: 30,
            price: Some(Money { minor: 50_000, currency: Currency::Nok }),
            notice_minutes: 0,
            capacity: 1,
        };
        let (id, slug, pack) = (DEALER, "fjord-bil".to_owned(), "dealer".to_owned());
        world.store.seed_tenant(NewTenant {
            snapshot: TenantSnapshot { id, slug, pack, settings },
            name: "Fjord Bil".into(),
            knowledge: Knowledge { services: vec![drive], vehicles, ..Knowledge::default() },
            busy: vec![],
            members: vec![],
        });
        let tenant = world.engine.tenant("fjord-bil").await.unwrap().unwrap();
        let session = tenant.open_session(Lang::Nb).await.unwrap();
        Self { world, tenant, session, written: 0 }
    }

    fn desk(&self) -> BookingDesk {
        self.tenant.bookings()
    }

    /// The customer writes, or presses, and the assistant's answer is stored.
    async fn say(&mut self, text: &str, pressed: Option<Pressed>) -> String {
        self.written += 1;
        let (text, client_id) = (text.to_owned(), format!("c{}", self.written));
        self.tenant.press(self.session, text, client_id, None, pressed).await.unwrap();
        self.answered().await
    }

    /// The next answer of the assistant's, when it is stored.
    async fn answered(&self) -> String {
        let nth = self.written as usize;
        let wait = async {
            loop {
                if let Some(text) = self.answers().await.get(nth - 1) {
                    return text.clone();
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        let Ok(text) = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await else {
            panic!("no answer: {:#?}", self.events().await)
        };
        text
    }

    async fn answers(&self) -> Vec<String> {
        let is_answer = |event: Event| match event {
            Event::MessagePosted(MessagePosted { author: Author::Assistant, text, .. }) => {
                Some(text)
            }
            _ => None,
        };
        self.events().await.into_iter().filter_map(is_answer).collect()
    }

    async fn events(&self) -> Vec<Event> {
        let log = self.world.store.replay(DEALER, forecourt_core::event::Seq(0), 10_000).await;
        let mine = log.unwrap().into_iter().filter(|record| record.session == self.session);
        mine.map(|record| record.event).collect()
    }

    async fn state(&self) -> LeadSession {
        self.world.store.load(DEALER, self.session).await.unwrap().unwrap().state
    }

    async fn bookings(&self) -> Vec<Booking> {
        self.desk().of_session(self.session).await.unwrap()
    }

    fn model(&self, script: Script) {
        self.world.primary.push(script);
    }

    fn last_ask(&self) -> Ask {
        self.world.primary.asks().pop().unwrap()
    }

    /// What the last results were, and whether they were errors.
    fn results(&self) -> Vec<(bool, Value)> {
        let rounds = self.last_ask().toolbox.rounds;
        let results = rounds.last().map(|round| round.results.clone()).unwrap_or_default();
        results
            .iter()
            .map(|result| (result.is_error, serde_json::from_str(&result.content).unwrap()))
            .collect()
    }

    /// The code of the newest letter that has one, when it has left.
    async fn code(&self) -> String {
        let digits = |text: &String| {
            let mut runs = text.split(|c: char| !c.is_ascii_digit());
            runs.find(|run| run.len() == 6).map(str::to_owned)
        };
        for _ in 0..2_000 {
            if let Some(code) = self.world.letters().iter().rev().find_map(digits) {
                return code;
            }
            self.world.pass(1);
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        panic!("no letter has a code")
    }

    /// A customer who was offered a time, had it held, and is known by name and mail.
    async fn with_hold() -> (Self, BookingId, OfferId) {
        let mut chat = Self::new().await;
        chat.model(Script(vec![
            Step::Call(
                "capture_contact".into(),
                json!({ "name": "Kari", "email": "kari@example.no" }),
            ),
            Step::Call("hold_slot".into(), hold("10:00")),
        ]));
        chat.say("Jeg er Kari, kari@example.no. Kan jeg prøve den mandag kl. 10?", None).await;
        let held = chat.bookings().await.remove(0);
        (chat, held.id, held.offer)
    }
}

fn hold(time: &str) -> Value {
    json!({ "service_id": DRIVE, "date": "2026-11-23", "time": time })
}

#[actix_rt::test]
async fn a_time_is_proposed_picked_held_and_booked_on_the_customers_yes() {
    let mut chat = Chat::new().await;
    let from = json!({ "service_id": DRIVE, "from_date": "2026-11-23", "days": 2 });
    chat.model(Script::call("propose_slots", from));
    chat.say("Når kan jeg prøve den?", None).await;
    let (is_error, slots) = chat.results().remove(0);
    assert!(!is_error, "{slots}");
    let slots: results::Slots = serde_json::from_value(slots).unwrap();
    assert_eq!(slots.slots.len(), 4, "two of each day: {slots:?}");
    let state = chat.state().await;
    assert_eq!(state.dialogue.offers.len(), 4, "the session knows what was offered");
    let offered = state.dialogue.offers[0];

    chat.model(Script::call("capture_contact", json!({ "name": "Kari", "phone": "91234567" })));
    let pick = Pressed::Pick { service: DRIVE, from: offered.from, resource: None };
    chat.say("Mandag kl. 08:00. Kari, 91234567", Some(pick)).await;
    let held = chat.bookings().await.remove(0);
    assert_eq!((held.status, held.wish.from), (BookingStatus::Held, offered.from));
    assert_eq!(chat.last_ask().toolbox.rounds[0].calls[0].name, "hold_slot", "the engine's own");
    let known = chat.state().await.dialogue.bookings[0].clone();
    assert!(known.shown.is_some() && known.accepted.is_none());

    chat.say("Ja takk!", None).await;
    let booked = chat.bookings().await.remove(0);
    assert_eq!(booked.status, BookingStatus::Booked);
    assert_eq!(booked.wish.customer.phone.as_deref(), Some("+4791234567"));
    let ask = chat.last_ask();
    assert_eq!(ask.toolbox.rounds[0].calls[0].name, "create_booking");
    let receipt = ask.grounding.receipts.iter().find_map(|receipt| match receipt {
        Receipt::Booking(booking) => Some(booking.status),
        _ => None,
    });
    assert_eq!(receipt, Some(BookingStatus::Booked));
    let noted = chat.state().await.dialogue.bookings[0].news.status;
    assert_eq!(noted, BookingStatus::Booked);
    let uses = |event: Event| match event {
        Event::TurnNoted { notes, .. } => notes.uses,
        _ => vec![],
    };
    let used: Vec<String> =
        chat.events().await.into_iter().flat_map(uses).map(|used| used.tool).collect();
    assert_eq!(used, ["propose_slots", "hold_slot", "capture_contact", "create_booking"]);
}

#[actix_rt::test]
async fn without_a_yes_nothing_is_booked_whatever_the_model_calls() {
    let (mut chat, booking, _) = Chat::with_hold().await;
    chat.model(Script::call("create_booking", json!({ "booking_id": booking })));
    chat.say("Hva koster den?", None).await;
    let (is_error, failed) = chat.results().remove(0);
    assert!(is_error);
    assert_eq!(failed["error"], "no_yes");
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Held);
}

#[actix_rt::test]
async fn a_model_that_says_booked_without_a_booking_is_not_heard() {
    let mut chat = Chat::new().await;
    for model in [&chat.world.primary, &chat.world.second] {
        for _ in 0..4 {
            model.push(Script::say("Prøvekjøringen er booket mandag kl. 10."));
        }
    }
    chat.written = 1;
    chat.tenant
        .post_message(chat.session, "Book mandag kl. 10".into(), "c1".into(), None)
        .await
        .unwrap();
    for _ in 0..90 {
        chat.world.pass(1);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let text = chat.answered().await;
    assert!(!text.contains("booket"), "{text}");
    assert!(chat.bookings().await.is_empty());
    let withheld = chat.events().await.into_iter().find_map(|event| match event {
        Event::TurnNoted { notes, .. } => notes.withheld.into_iter().next(),
        _ => None,
    });
    assert!(withheld.unwrap().text.contains("booket"), "staff see what was kept back");
}

#[actix_rt::test]
async fn a_yes_is_booked_and_told_also_when_every_model_is_down() {
    let (mut chat, _, offer) = Chat::with_hold().await;
    for model in [&chat.world.primary, &chat.world.second] {
        for _ in 0..4 {
            model.push(Script::fail(ModelError::Refused));
        }
    }
    let text = chat.say("Ja", Some(Pressed::Accept { offer })).await;
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Booked);
    assert!(text.contains("er booket: mandag 23. november kl. 10:00"), "{text}");
}

#[actix_rt::test]
async fn a_second_model_that_holds_again_gets_the_same_booking() {
    let mut chat = Chat::new().await;
    chat.model(Script::call("hold_slot", hold("10:00")));
    chat.model(Script::fail(ModelError::Refused));
    chat.world.second.push(Script::call("hold_slot", hold("10:00")));
    chat.say("Mandag kl. 10?", None).await;
    let bookings = chat.bookings().await;
    assert_eq!(bookings.len(), 1);
    let asks = chat.world.second.asks();
    let results = &asks.last().unwrap().toolbox.rounds[0].results[0];
    let held: results::HeldRow = serde_json::from_str(&results.content).unwrap();
    assert_eq!(held.booking_id, bookings[0].id);
}

#[actix_rt::test]
async fn another_time_lets_go_of_what_was_held_before() {
    let (mut chat, first, _) = Chat::with_hold().await;
    chat.model(Script::call("hold_slot", hold("12:00")));
    chat.say("Heller klokka tolv", None).await;
    let bookings = chat.bookings().await;
    let held: Vec<_> = bookings.iter().filter(|b| b.status == BookingStatus::Held).collect();
    assert_eq!(held.len(), 1);
    assert_ne!(held[0].id, first);
}

#[actix_rt::test]
async fn a_taken_time_is_refused_with_times_that_are_free() {
    let (chat, ..) = Chat::with_hold().await;
    let other = chat.tenant.open_session(Lang::Nb).await.unwrap();
    let mut chat = Chat { session: other, written: 0, ..chat };
    chat.model(Script::call("hold_slot", hold("10:00")));
    chat.say("Mandag kl. 10?", None).await;
    let (is_error, failed) = chat.results().remove(0);
    assert!(is_error && failed["error"] == "not_free", "{failed}");
    assert!(!failed["near"].as_array().unwrap().is_empty());
    assert!(chat.bookings().await.is_empty());
    assert!(!chat.state().await.dialogue.offers.is_empty(), "what may be offered instead");
}

#[actix_rt::test]
async fn nothing_is_booked_for_somebody_who_cannot_be_reached() {
    let mut chat = Chat::new().await;
    chat.model(Script::call("hold_slot", hold("10:00")));
    chat.say("Mandag kl. 10?", None).await;
    chat.say("Ja", None).await;
    let round = &chat.last_ask().toolbox.rounds[0];
    let failed: results::Failed = serde_json::from_str(&round.results[0].content).unwrap();
    assert_eq!(failed.error, results::Code::ContactMissing);
    assert_eq!(failed.missing, ["name", "email"]);
    // The yes stands: with the contact data it is booked at once.
    let booking = chat.bookings().await[0].id;
    chat.model(Script(vec![
        Step::Call("capture_contact".into(), json!({ "name": "Kari", "email": "kari@example.no" })),
        Step::Call("create_booking".into(), json!({ "booking_id": booking })),
    ]));
    chat.say("Kari, kari@example.no", None).await;
    assert!(chat.results().iter().all(|(is_error, _)| !is_error), "{:?}", chat.results());
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Booked);
}

#[actix_rt::test]
async fn bad_arguments_of_every_tool_change_nothing_and_tell_the_model_what_to_mend() {
    let (mut chat, booking, _) = Chat::with_hold().await;
    let bad = [
        json!({ "nonsense": true }),
        json!({ "service_id": 7, "vehicle_id": [], "booking_id": {}, "query": 1, "email": [], "reason": 0 }),
        json!({ "booking_id": "'; drop table bookings; --", "service_id": "srv_1", "date": "tomorrow", "time": "25:61" }),
        json!({ "query": "x".repeat(2_000), "reason": "y".repeat(2_000), "name": "\u{0}" }),
    ];
    let before = (chat.bookings().await, chat.state().await.dialogue.bookings);
    let events_before: BTreeSet<&str> = chat.events().await.iter().map(Event::kind).collect();
    let grants = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::ToolGranted { .. })).count()
    };
    let granted = grants(&chat.events().await);
    for tool in ToolName::ALL {
        for args in &bad {
            chat.model(Script::call(tool.as_str(), args.clone()));
            chat.say("Hei", None).await;
            let (is_error, failed) = chat.results().remove(0);
            assert!(is_error, "{} took {args}: {failed}", tool.as_str());
            assert_eq!(failed["error"], "bad_arguments", "{}: {failed}", tool.as_str());
            let text = failed["say"].as_str().unwrap();
            assert!(!text.is_empty() && text.chars().count() < 300, "{text}");
        }
    }
    chat.model(Script::call("drop_table", json!({ "booking_id": booking })));
    chat.say("Hei", None).await;
    assert_eq!(chat.results()[0].1["error"], "unknown_tool");
    assert_eq!((chat.bookings().await, chat.state().await.dialogue.bookings), before);
    let events = chat.events().await;
    assert_eq!(grants(&events), granted, "nothing was granted");
    let after: BTreeSet<&str> = events.iter().map(Event::kind).collect();
    let new: Vec<_> = after.difference(&events_before).collect();
    assert!(new.is_empty(), "{new:?}");
}

#[actix_rt::test]
async fn a_model_that_only_calls_is_told_to_answer_and_then_given_up() {
    let mut chat = Chat::new().await;
    for _ in 0..=MOST_ROUNDS {
        chat.model(Script::call("get_services", json!({})));
    }
    chat.say("Hei", None).await;
    let asks = chat.world.primary.asks();
    assert_eq!(asks.len(), MOST_ROUNDS as usize + 1);
    assert_eq!(asks.last().unwrap().toolbox.choice, Choice::None);
    let outcomes: Vec<Outcome> = chat
        .events()
        .await
        .into_iter()
        .find_map(|event| match event {
            Event::TurnNoted { notes, .. } => Some(notes.uses),
            _ => None,
        })
        .unwrap()
        .iter()
        .map(|used| used.outcome)
        .collect();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done));
}

#[actix_rt::test]
async fn a_flood_of_calls_runs_no_more_than_it_may() {
    let mut chat = Chat::new().await;
    let call = || Step::Call("hold_slot".into(), hold("10:00"));
    chat.model(Script((0..16).map(|_| call()).collect()));
    chat.say("Mandag?", None).await;
    let done = chat.results().iter().filter(|(is_error, _)| !is_error).count();
    assert_eq!(done, ToolName::HoldSlot.budget() as usize);
    assert_eq!(chat.bookings().await.len(), 1);
}

#[actix_rt::test]
async fn what_is_booked_is_cancelled_only_with_the_code_that_was_sent() {
    let (mut chat, booking, offer) = Chat::with_hold().await;
    chat.say("Ja", Some(Pressed::Accept { offer })).await;
    let cancel = || Script::call("cancel_booking", json!({ "booking_id": booking }));
    chat.model(cancel());
    chat.say("Jeg vil avbestille", None).await;
    let (is_error, failed) = chat.results().remove(0);
    assert!(is_error && failed["error"] == "no_code", "{failed}");
    assert!(failed["code_sent_to"].as_str().unwrap().starts_with('k'), "{failed}");
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Booked);
    // A wrong code proves nothing, and no other code is sent for it.
    chat.model(cancel());
    chat.say("000000", None).await;
    let rounds = chat.last_ask().toolbox.rounds;
    assert_eq!(rounds[0].calls[0].name, results::GIVE_CODE);
    assert!(rounds[0].calls[0].args.is_empty(), "no model sees a code");
    assert!(rounds.iter().all(|round| round.results[0].is_error), "{rounds:?}");
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Booked);
    // The right one, as the letter has it.
    let code = chat.code().await;
    chat.model(cancel());
    chat.say(&format!("Koden er {code}"), None).await;
    assert_eq!(chat.bookings().await[0].status, BookingStatus::Cancelled);
}

#[actix_rt::test]
async fn a_person_is_called_once_and_the_customer_may_be_told() {
    let mut chat = Chat::new().await;
    chat.model(Script::call("escalate_to_human", json!({ "reason": "wants a trade-in" })));
    chat.say("Hva får jeg i innbytte?", None).await;
    let called = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::HandoffRequested { .. })).count()
    };
    assert_eq!(called(&chat.events().await), 1);
    assert!(chat.last_ask().grounding.receipts.contains(&Receipt::Escalated));
    chat.model(Script::call("escalate_to_human", json!({ "reason": "again" })));
    chat.say("Og vinterdekk?", None).await;
    assert_eq!(called(&chat.events().await), 1);
}

#[actix_rt::test]
async fn a_turn_without_tools_stores_and_reads_no_more_than_before() {
    let mut chat = Chat::new().await;
    let reads = Arc::new(std::sync::Mutex::new(Vec::<&'static str>::new()));
    let seen = Arc::clone(&reads);
    chat.world.store.set_hook(Some(Arc::new(move |call| {
        seen.lock().unwrap().push(call);
        Box::pin(async {})
    })));
    chat.say("Hei", None).await;
    let reads = reads.lock().unwrap().clone();
    assert!(!reads.contains(&"list_bookings") && !reads.contains(&"booking_of"), "{reads:?}");
    let kinds: Vec<&str> = chat.events().await.iter().map(Event::kind).collect();
    assert!(!kinds.contains(&"turn_noted") && !kinds.contains(&"tool_granted"), "{kinds:?}");
}

/// Waits for what is kept beside an answer.
async fn until<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    for _ in 0..2_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("it was never kept")
}

#[actix_rt::test]
async fn what_was_looked_up_may_be_said_and_is_kept_beside_the_answer() {
    let mut chat = Chat::new().await;
    let body = EntryBody {
        title: [(Lang::Nb, "Har dere dekkhotell?")].into(),
        text: [(Lang::Nb, "Ja, det koster 900 kroner per sesong.")].into(),
        active: true,
        ..EntryBody::default()
    };
    let write = EntryWrite {
        id: EntryId::of(EntryKind::Faq, Uuid::from_u128(0x51)),
        change: EntryChange::Put(body),
        expected: 0,
        by: None,
        now: chat.world.clock.now(),
    };
    chat.world.store.write_entry(DEALER, &write).await.unwrap();
    chat.model(Script::call("search_knowledge", json!({ "query": "dekkhotell" })));
    chat.say("Tilbyr dere dekkhotell?", None).await;
    let (is_error, found) = chat.results().remove(0);
    assert!(!is_error && found["passages"][0]["text"].as_str().unwrap().contains("900"), "{found}");
    let stands_on =
        |receipt: &Receipt| matches!(receipt, Receipt::Text(text) if text.contains("900"));
    assert!(chat.last_ask().grounding.receipts.iter().any(stands_on));
    let grounds = until(|| async {
        let grounds = chat.world.store.grounds(DEALER, chat.session).await.unwrap();
        (!grounds.is_empty()).then_some(grounds)
    })
    .await;
    assert_eq!(grounds.len(), 1);
    assert!(matches!(grounds[0].used, Used::Passage(_)), "{grounds:?}");
    assert!(chat.world.store.unanswered(DEALER, 10).await.unwrap().is_empty());
}

#[actix_rt::test]
async fn a_question_that_nothing_answers_is_counted_and_one_that_a_tool_answers_is_not() {
    let mut chat = Chat::new().await;
    let search = || Step::Call("search_knowledge".into(), json!({ "query": "hestehenger" }));
    chat.model(Script(vec![search(), Step::Call("get_services".into(), json!({}))]));
    chat.say("Hva kan jeg bestille av hestehenger?", None).await;
    chat.model(Script(vec![search()]));
    chat.say("Leier dere ut hestehenger?", None).await;
    let open = until(|| async {
        let open = chat.world.store.unanswered(DEALER, 10).await.unwrap();
        (!open.is_empty()).then_some(open)
    })
    .await;
    assert_eq!(open.len(), 1);
    assert!(open[0].text.contains("Leier"), "{open:?}");
}

fn car(n: u128, model: &str, kroner: i64, details: Details) -> Vehicle {
    Vehicle {
        id: VehicleId::from_uuid(Uuid::from_u128(n)),
        make: "Tesla".into(),
        model: model.into(),
        variant: None,
        year: 2021,
        price: Money { minor: kroner * 100, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 40_000,
        status: VehicleStatus::Available,
        details,
    }
}

/// A suv with all that is known of it, a car that nobody knows more of, and a suv that is sold.
async fn with_stock() -> Chat {
    let suv = Details {
        vin: Some(Vin::parse("WVWZZZ1JZXW000001").unwrap()),
        body: Some(Body::Suv),
        seats: Some(7),
        range_km: Some(507),
        description: Localized::from([(Lang::Nb, "Hengerfeste og vinterhjul.")]),
        ..Details::default()
    };
    let mut sold = car(3, "Model X", 300_000, suv.clone());
    sold.status = VehicleStatus::Sold;
    let stock =
        vec![car(1, "Model Y", 399_900, suv), car(2, "Model 3", 289_900, Details::default()), sold];
    Chat::of_stock(settings(), stock).await
}

#[actix_rt::test]
async fn what_fits_is_found_with_its_score_and_reasons_and_what_is_sold_is_not() {
    let mut chat = with_stock().await;
    for (asked, wanted) in [
        (json!({ "body": "suv", "max_price": 400_000 }), vec![1]),
        (json!({ "body": "stasjonsvogn", "min_seats": 5 }), vec![]),
        (json!({ "max_price": 300_000 }), vec![2]),
        (json!({ "max_price": 100_000 }), vec![]),
        (json!({ "model": "Model Y Long Range" }), vec![1, 2]),
        (json!({ "make": "BMW" }), vec![]),
        (json!({ "min_year": 2022, "fuel": "electric" }), vec![1, 2]),
        (json!({ "fuel": "diesel" }), vec![]),
        (json!({}), vec![1, 2]),
    ] {
        chat.model(Script::call("search_inventory", asked.clone()));
        chat.say("Hva har dere?", None).await;
        let (is_error, found) = chat.results().remove(0);
        assert!(!is_error, "{asked}: {found}");
        let found: results::Vehicles = serde_json::from_value(found).unwrap();
        let mut ids: Vec<u128> =
            found.vehicles.iter().map(|row| row.vehicle_id.as_uuid().as_u128()).collect();
        if asked == json!({ "model": "Model Y Long Range" }) {
            assert_eq!(ids[0], 1, "the one with more of the words is first");
        }
        ids.sort_unstable();
        assert_eq!(ids, wanted, "{asked}");
        for row in found.vehicles {
            assert!(row.score.is_some() && !row.reasons.is_empty(), "{asked}: {row:?}");
        }
    }
    chat.model(Script::call("search_inventory", json!({ "body": "suv", "max_price": 400_000 })));
    chat.say("En suv under 400 000?", None).await;
    let (_, found) = chat.results().remove(0);
    assert_eq!(found["vehicles"][0]["score"], 100, "{found}");
    let reasons = found["vehicles"][0]["reasons"].to_string();
    assert!(reasons.contains("Innenfor budsjettet: 399\u{a0}900\u{a0}kr."), "{reasons}");
}

#[actix_rt::test]
async fn all_of_one_vehicle_is_told_but_its_number() {
    let mut chat = with_stock().await;
    let id = VehicleId::from_uuid(Uuid::from_u128(1));
    chat.model(Script::call("get_vehicle", json!({ "vehicle_id": id })));
    chat.say("Fortell om den", None).await;
    let (is_error, found) = chat.results().remove(0);
    assert!(!is_error, "{found}");
    assert!(!found.to_string().contains("WVWZZZ1JZXW000001"), "{found}");
    let found: results::Vehicles = serde_json::from_value(found).unwrap();
    let more = found.vehicles[0].more.clone().unwrap();
    assert_eq!((more.details.seats, more.details.range_km), (Some(7), Some(507)));
    assert_eq!((more.kilometres, more.text.as_str()), (40_000, "Hengerfeste og vinterhjul."));

    let nobody = VehicleId::from_uuid(Uuid::from_u128(99));
    chat.model(Script::call("get_vehicle", json!({ "vehicle_id": nobody })));
    chat.say("Og den andre?", None).await;
    assert_eq!(chat.results()[0].1["error"], "not_found");
}
