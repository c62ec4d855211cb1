//! A dealer in memory: its tools hold, book, move and cancel, and write results as the engine does.

use std::sync::Arc;

use forecourt_core::{
    booking::{Agenda, BookingStatus, Stretch, Why},
    calendar,
    contact::Email,
    dialogue::{BookingNews, CodeState, Dialogue, KnownBooking, Offer, Question},
    gate::Gate,
    id::{BookingId, OfferId, ServiceId, SessionId, TurnId},
    knowledge::{Grounding, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    settings::TenantSettings,
    tools::{
        BookingReceipt, MOST_ROUNDS, Receipt, Request, ToolName,
        results::{
            self, BookingRow, Bookings, Called, Code, Failed, GIVE_CODE, HeldRow, Kept, Passage,
            Passages, Proven, ServiceRow, Services, SlotRow, Slots, VehicleRow, Vehicles,
        },
    },
    utterance::{Reply, hear},
};
use forecourt_models::house::HouseResponder;
use forecourt_ports::model::{
    Allowance, Ask, Call, Choice, Delta, Line, Medium, Model as _, Round, Task, Tool, ToolResult,
    Toolbox, Who,
};
use futures_util::StreamExt as _;
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use uuid::Uuid;

use super::dealer::{knowledge, localized, settings};

/// The one code there is.
const CODE: &str = "123456";

pub(crate) struct World {
    lang: Lang,
    medium: Medium,
    settings: Arc<TenantSettings>,
    knowledge: Arc<Knowledge>,
    zone: TimeZone,
    now: Timestamp,
    transcript: Vec<Line>,
    dialogue: Dialogue,
    receipts: Vec<Receipt>,
    name: Option<String>,
    email: Option<String>,
    clock_ahead: Option<i64>,
    next: u128,
    /// Where what was moved last was before.
    moved_from: Option<Timestamp>,
    code_tries: u32,
    pub(crate) answer: String,
    pub(crate) called: Vec<String>,
}

pub(crate) struct Turn {
    pub(crate) answer: String,
    pub(crate) called: Vec<String>,
    pub(crate) withheld: Vec<String>,
    pub(crate) repeats: bool,
}

impl World {
    pub(crate) fn new(lang: Lang) -> Self {
        Self {
            lang,
            medium: Medium::Chat,
            settings: Arc::new(settings()),
            knowledge: Arc::new(knowledge()),
            zone: TimeZone::get("Europe/Oslo").unwrap(),
            // Tuesday noon in Oslo.
            now: "2026-11-24T11:00:00Z".parse().unwrap(),
            transcript: Vec::new(),
            dialogue: Dialogue::default(),
            receipts: Vec::new(),
            name: None,
            email: None,
            clock_ahead: None,
            next: 100,
            moved_from: None,
            code_tries: 0,
            answer: String::new(),
            called: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, what: &str) {
        match what.split_once(' ').unwrap_or((what, "")) {
            ("known", _) => {
                self.name = Some("Kari".into());
                self.email = Some("kari@example.no".into());
            }
            ("mail", _) => self.medium = Medium::Mail,
            ("clock", minutes) => self.clock_ahead = minutes.trim_start_matches('+').parse().ok(),
            ("wait", minutes) => {
                let minutes: i64 = minutes.parse().unwrap();
                self.now += SignedDuration::from_mins(minutes);
            }
            ("question", text) => {
                let mut settings = (*self.settings).clone();
                settings.dialogue.questions.push(Question {
                    key: format!("q{}", settings.dialogue.questions.len()),
                    text: Localized::from([(self.lang, text)]),
                    service: None,
                });
                self.settings = Arc::new(settings);
            }
            other => panic!("no such setting: {other:?}"),
        }
    }

    /// How the bookings stand: `booked Test drive 11-28 14:00, …`.
    pub(crate) fn bookings(&self) -> String {
        let status = |known: &KnownBooking| match known.news.status {
            BookingStatus::Held if !known.news.is_held_at(self.now) => None,
            BookingStatus::Held => Some("held"),
            BookingStatus::Booked => Some("booked"),
            _ => None,
        };
        let stands = self.dialogue.bookings.iter().filter_map(|known| {
            let at = self.zone.to_datetime(known.news.from);
            let (date, time) = (at.date(), at.time());
            Some(format!(
                "{} {} {:02}-{:02} {:02}:{:02}",
                status(known)?,
                self.service(known.news.service).name.get(Lang::En),
                date.month(),
                date.day(),
                time.hour(),
                time.minute(),
            ))
        });
        let stands: Vec<String> = stands.collect();
        if stands.is_empty() { "none".to_owned() } else { stands.join(", ") }
    }

    /// How many bookings stand.
    pub(crate) fn booked(&self) -> usize {
        let booked = |known: &&KnownBooking| known.news.status == BookingStatus::Booked;
        self.dialogue.bookings.iter().filter(booked).count()
    }

    fn service(&self, id: ServiceId) -> &Service {
        self.knowledge.services.iter().find(|service| service.id == id).unwrap()
    }

    fn agenda(&self) -> Agenda {
        let standing = self.dialogue.bookings.iter().filter(|known| {
            known.news.is_held_at(self.now) || known.news.status == BookingStatus::Booked
        });
        let taken: Vec<_> = standing
            .map(|known| {
                let stretch = Stretch { from: known.news.from, until: known.news.until };
                (known.news.service, stretch)
            })
            .chain([(
                self.knowledge.services[0].id,
                Stretch {
                    from: "2026-11-28T09:00:00Z".parse().unwrap(),
                    until: "2026-11-28T12:00:00Z".parse().unwrap(),
                },
            )])
            .collect();
        let until = self.now + SignedDuration::from_hours(24 * 200);
        Agenda::of_places(&self.knowledge.services, &taken, Stretch { from: self.now, until })
    }

    fn grounding(&self) -> Arc<Grounding> {
        Arc::new(Grounding {
            settings: Arc::clone(&self.settings),
            knowledge: Arc::clone(&self.knowledge),
            agenda: Arc::new(self.agenda()),
            now: self.now,
            receipts: self.receipts.clone().into(),
        })
    }

    /// The customer writes, and is answered.
    pub(crate) fn says(&mut self, text: &str) -> Turn {
        self.transcript.push(Line { who: Who::Customer, text: text.to_owned() });
        self.accept(text);
        self.called.clear();
        let mut rounds: Vec<Round> = Vec::new();
        let mut offers: Vec<Offer> = Vec::new();
        self.own_steps(text, &mut rounds);
        // As the engine hands it: the dialogue as it stood when the turn began, yes included.
        let dialogue = Arc::new(self.dialogue.clone());
        let answer = loop {
            assert!(rounds.len() <= MOST_ROUNDS as usize, "too many rounds: {:?}", self.called);
            let ask = self.ask(&dialogue, rounds.clone());
            let deltas: Vec<Delta> = futures_util::FutureExt::now_or_never(
                HouseResponder.answer(ask).map(Result::unwrap).collect::<Vec<_>>(),
            )
            .unwrap();
            let mut said = String::new();
            let mut calls = Vec::new();
            for delta in deltas {
                match delta {
                    Delta::Text(text) => said += &text,
                    Delta::Call(call) => calls.push(call),
                    Delta::Done(_) => {}
                }
            }
            if calls.is_empty() {
                break said;
            }
            let mut results = Vec::new();
            for call in &calls {
                let tool = ToolName::parse(&call.name).expect("a known tool");
                let request = Request::parse(tool, &call.args)
                    .unwrap_or_else(|error| panic!("{}: {error}", call.name));
                self.called.push(format!(
                    "{} {}",
                    call.name,
                    serde_json::to_string(&call.args).unwrap()
                ));
                let content = self.run(request, &mut offers);
                let is_error = content.contains("\"error\"");
                results.push(ToolResult { id: call.id.clone(), content, is_error });
            }
            rounds.push(Round { text: String::new(), calls, results, carry: None });
        };
        let repeats = self
            .transcript
            .iter()
            .rev()
            .find(|line| line.who == Who::Assistant)
            .is_some_and(|line| line.text == answer);
        let released = Gate::check(&self.grounding(), self.lang, &answer);
        let withheld = released.withheld.iter();
        let withheld = withheld.map(|w| format!("{:?} {}", w.reason, w.text)).collect();
        if !offers.is_empty() {
            offers.truncate(6);
            self.dialogue.offers = offers;
        }
        let shown = forecourt_core::event::MessageSeq(1);
        for known in &mut self.dialogue.bookings {
            known.shown = known.shown.or(Some(shown));
        }
        self.transcript.push(Line { who: Who::Assistant, text: answer.clone() });
        self.answer.clone_from(&answer);
        Turn { answer, called: self.called.clone(), withheld, repeats }
    }

    fn ask(&self, dialogue: &Arc<Dialogue>, rounds: Vec<Round>) -> Ask {
        let tool = |name: ToolName| Tool {
            name: name.as_str().to_owned(),
            description: name.description().to_owned(),
            schema: name.schema(),
            takes_contacts: name.takes_contacts(),
        };
        Ask {
            turn: TurnId::from_uuid(Uuid::nil()),
            session: SessionId::from_uuid(Uuid::nil()),
            lang: self.lang,
            medium: self.medium,
            customer_name: None,
            vehicle_interest: None,
            transcript: self.transcript.iter().rev().take(20).rev().cloned().collect(),
            grounding: self.grounding(),
            task: Task::default(),
            allowance: Allowance::default(),
            dialogue: Arc::clone(dialogue),
            toolbox: Toolbox {
                offered: ToolName::ALL.map(tool).to_vec().into(),
                choice: Choice::Auto,
                rounds,
            },
        }
    }

    /// The session's part: what the text means for what is held.
    fn accept(&mut self, text: &str) {
        let (now, zone) = (self.now, self.zone.clone());
        let today = zone.to_datetime(now).date();
        for known in self.dialogue.bookings.iter_mut().filter(|known| known.news.is_held_at(now)) {
            let at = zone.to_datetime(known.news.from);
            let minute = at.time().hour() as u16 * 60 + at.time().minute() as u16;
            let heard = hear(text, today);
            if known.shown.is_some() && heard.accepts(at.date(), minute) {
                known.accepted = known.shown;
            } else if heard.corrects
                || heard.names_a_time()
                || matches!(heard.reply, Some(Reply::No | Reply::Cancel | Reply::Move))
            {
                known.accepted = None;
            }
        }
    }

    /// The engine's own steps before a model is asked: it books what was accepted, and tries a code.
    fn own_steps(&mut self, text: &str, rounds: &mut Vec<Round>) {
        if let Some(known) = self.dialogue.accepted(self.now) {
            let booking = known.news.booking;
            let content = self.create(booking);
            rounds.push(own(
                "create_booking",
                &serde_json::json!({ "booking_id": booking }),
                content,
            ));
            self.called.push("create_booking".to_owned());
        }
        let text = forecourt_core::reading::fold(text);
        let code: Vec<&str> =
            text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6).collect();
        if let (Some(booking), [code]) = (self.dialogue.waits_for_code(), code.as_slice()) {
            self.code_tries += 1;
            let content = if *code == CODE {
                let proven_until = Some(self.now + SignedDuration::from_mins(15));
                self.dialogue.code = Some(CodeState { booking, proven_until });
                results::write(&Proven { proven: booking })
            } else {
                results::write(&Failed::new(Code::WrongCode, "wrong"))
            };
            rounds.push(own(GIVE_CODE, &serde_json::json!({}), content));
        }
    }

    fn run(&mut self, request: Request, offers: &mut Vec<Offer>) -> String {
        match request {
            Request::GetBusinessInfo => "{}".to_owned(),
            Request::GetServices => {
                let row = |service: &Service| ServiceRow {
                    service_id: service.id,
                    name: service.name.get(self.lang).to_owned(),
                    minutes: service.minutes,
                    price: None,
                };
                let services = self.knowledge.services.iter().map(row).collect();
                results::write(&Services { services })
            }
            Request::SearchKnowledge(search) => {
                let query = search.query.to_lowercase();
                let text = ["garanti", "warranty", "ضمان"].iter().any(|word| query.contains(word));
                let passages = if text {
                    let text = localized([
                        "Alle bruktbiler har tre måneders garanti.",
                        "Toutes nos occasions ont trois mois de garantie.",
                        "All used cars come with a three-month warranty.",
                        "جميع السيارات المستعملة عليها ضمان ثلاثة أشهر.",
                    ])
                    .get(self.lang)
                    .to_owned();
                    self.receipts.push(Receipt::Text(text.clone()));
                    vec![Passage { text, source: "FAQ".into() }]
                } else {
                    vec![]
                };
                results::write(&Passages { passages })
            }
            Request::SearchInventory(wish) => {
                let fits = |vehicle: &&Vehicle| {
                    let whole = u64::try_from(vehicle.price.minor / 100).unwrap();
                    vehicle.status == VehicleStatus::Available
                        && wish.max_price.is_none_or(|most| whole <= most)
                        && wish.min_price.is_none_or(|least| whole >= least)
                        && wish.fuel.is_none_or(|fuel| vehicle.fuel == fuel)
                        && wish.min_year.is_none_or(|year| vehicle.year >= year)
                        && wish.max_kilometres.is_none_or(|km| vehicle.kilometres <= km)
                        && wish.make.as_ref().is_none_or(|make| *make == vehicle.make)
                        && wish.model.as_ref().is_none_or(|model| *model == vehicle.model)
                };
                let mut found: Vec<&Vehicle> =
                    self.knowledge.vehicles.iter().filter(fits).collect();
                found.sort_by_key(|vehicle| std::cmp::Reverse(vehicle.price.minor));
                let row = |vehicle: &Vehicle| VehicleRow {
                    vehicle_id: vehicle.id,
                    title: vehicle.title(),
                    price: vehicle.price.display(self.lang).to_string(),
                    status: vehicle.status,
                    score: Some(80),
                    reasons: vec![],
                    more: None,
                };
                results::write(&Vehicles { vehicles: found.into_iter().map(row).collect() })
            }
            Request::GetVehicle(_) => results::write(&Vehicles::default()),
            Request::CheckAvailability(check) => {
                let mut slots = self.free(check.service_id, check.date, 1, None, None);
                let at = check.time.map(|time| self.instant(check.date, time));
                let free =
                    at.map_or(!slots.is_empty(), |at| self.grant(check.service_id, at).is_ok());
                let mut why = Vec::new();
                if !free {
                    let sentence = |why: Why| why.sentence(self.lang, &self.zone, self.now);
                    why = match at {
                        Some(at) => self.grant(check.service_id, at).unwrap_err(),
                        None => self.why_none(check.service_id, check.date),
                    }
                    .into_iter()
                    .map(sentence)
                    .collect();
                    why.dedup();
                    if slots.is_empty() {
                        slots = self.free(check.service_id, check.date, 14, None, None);
                    }
                }
                offers.extend(slots.iter().map(|row| self.offer(check.service_id, row)));
                self.write_slots(slots, Some(free), why)
            }
            Request::ProposeSlots(propose) => {
                let from = propose.from_date.unwrap_or_else(|| self.today());
                let days = propose.days.unwrap_or(14);
                let slots =
                    self.free(propose.service_id, from, days, propose.after, propose.before);
                offers.extend(slots.iter().map(|row| self.offer(propose.service_id, row)));
                self.write_slots(slots, None, vec![])
            }
            Request::HoldSlot(hold) => {
                let from = self.instant(hold.date, hold.time);
                if self.grant(hold.service_id, from).is_err() {
                    let near = self.free(hold.service_id, hold.date, 1, None, None);
                    offers.extend(near.iter().map(|row| self.offer(hold.service_id, row)));
                    let failed = Failed { near, ..Failed::new(Code::NotFree, "not free") };
                    return results::write(&failed);
                }
                let minutes = i64::from(self.service(hold.service_id).minutes);
                let (booking, offer) = (self.id(), self.id());
                let news = BookingNews {
                    booking: BookingId::from_uuid(booking),
                    offer: OfferId::from_uuid(offer),
                    status: BookingStatus::Held,
                    service: hold.service_id,
                    from,
                    until: from + SignedDuration::from_mins(minutes),
                    hold_until: self.now + SignedDuration::from_mins(10),
                };
                // One hold at a time: the customer chose another.
                let now = self.now;
                self.dialogue.bookings.retain(|known| !known.news.is_held_at(now));
                self.dialogue.bookings.push(KnownBooking { news, shown: None, accepted: None });
                self.note(news);
                results::write(&HeldRow {
                    booking_id: news.booking,
                    offer_id: Some(news.offer),
                    date: hold.date,
                    time: hold.time,
                    hold_until: news.hold_until,
                    service: self.service(hold.service_id).name.get(self.lang).to_owned(),
                    missing: self.missing(),
                })
            }
            Request::CreateBooking(of) => self.create(of.booking_id),
            Request::RescheduleBooking(to) => {
                if let Some(failed) = self.without_code(to.booking_id) {
                    return failed;
                }
                let from = self.instant(to.date, to.time);
                let news = self.dialogue.booking(to.booking_id).unwrap().news;
                let service = news.service;
                if self.grant(service, from).is_err() {
                    let near = self.free(service, to.date, 1, None, None);
                    return results::write(&Failed {
                        near,
                        ..Failed::new(Code::NotFree, "not free")
                    });
                }
                self.moved_from = Some(news.from);
                self.change(to.booking_id, |news| {
                    news.until = from + news.until.duration_since(news.from);
                    news.from = from;
                })
            }
            Request::CancelBooking(of) => match self.without_code(of.booking_id) {
                Some(failed) => failed,
                None => self.change(of.booking_id, |news| news.status = BookingStatus::Cancelled),
            },
            Request::GetBookingDetails(_) => {
                let bookings =
                    self.dialogue.bookings.iter().map(|known| self.row(known.news)).collect();
                results::write(&Bookings { bookings })
            }
            Request::CaptureContact(said) => {
                let mut kept = Kept::default();
                if let Some(name) = said.name {
                    self.name = Some(name);
                    kept.kept.push("name".into());
                }
                match said.email.map(|email| (Email::parse(&email).is_ok(), email)) {
                    Some((true, email)) => {
                        self.email = Some(email);
                        kept.kept.push("email".into());
                    }
                    Some((false, _)) => kept.refused.push("email".into()),
                    None => {}
                }
                kept.kept.extend(said.phone.map(|_| "phone".to_owned()));
                for answered in said.answers {
                    self.dialogue.answers.insert(answered.question, answered.answer);
                }
                results::write(&kept)
            }
            Request::EscalateToHuman(_) => {
                self.receipts.push(Receipt::Escalated);
                results::write(&Called { called: true })
            }
        }
    }

    fn create(&mut self, booking: BookingId) -> String {
        let now = self.now;
        let known = self.dialogue.booking(booking);
        if !known.is_some_and(|known| known.news.is_held_at(now)) {
            return results::write(&Failed::new(Code::NotHeld, "the hold has ended"));
        }
        if known.is_none_or(|known| known.accepted.is_none()) {
            return results::write(&Failed::new(Code::NoYes, "no yes"));
        }
        let missing = self.missing();
        if !missing.is_empty() {
            let failed = Failed { missing, ..Failed::new(Code::ContactMissing, "missing") };
            return results::write(&failed);
        }
        self.dialogue.offers.clear();
        self.change(booking, |news| news.status = BookingStatus::Booked)
    }

    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.name.is_none() {
            missing.push("name".to_owned());
        }
        if self.email.is_none() {
            missing.push("email".to_owned());
        }
        missing
    }

    fn without_code(&mut self, booking: BookingId) -> Option<String> {
        if self.dialogue.is_proven(booking, self.now) {
            return None;
        }
        self.dialogue.code = Some(CodeState { booking, proven_until: None });
        let mut failed = Failed::new(Code::NoCode, "a code was sent");
        failed.code_sent_to = Some("k•••@example.no".into());
        Some(results::write(&failed))
    }

    fn change(&mut self, booking: BookingId, with: impl Fn(&mut BookingNews)) -> String {
        let known = self.dialogue.bookings.iter_mut().find(|known| known.news.booking == booking);
        let Some(known) = known else {
            return results::write(&Failed::new(Code::NotFound, "no such booking"));
        };
        with(&mut known.news);
        let news = known.news;
        self.note(news);
        results::write(&self.row(news))
    }

    /// The receipt of a booking as it is now.
    fn note(&mut self, news: BookingNews) {
        let of =
            |receipt: &Receipt| matches!(receipt, Receipt::Booking(b) if b.booking == news.booking);
        self.receipts.retain(|receipt| !of(receipt));
        self.receipts.push(Receipt::Booking(BookingReceipt {
            booking: news.booking,
            status: news.status,
            service: news.service,
            from: news.from,
            until: news.until,
            hold_until: news.hold_until,
            price: None,
            resources: vec![],
            moved_from: self.moved_from,
        }));
    }

    fn row(&self, news: BookingNews) -> BookingRow {
        let at = self.zone.to_datetime(news.from);
        BookingRow {
            booking_id: news.booking,
            status: news.status,
            date: at.date(),
            time: at.time(),
            service: self.service(news.service).name.get(self.lang).to_owned(),
            mail_sent: self.email.is_some(),
        }
    }

    fn id(&mut self) -> Uuid {
        self.next += 1;
        Uuid::from_u128(self.next)
    }

    fn today(&self) -> Date {
        self.zone.to_datetime(self.now).date()
    }

    fn instant(&self, date: Date, time: Time) -> Timestamp {
        date.to_datetime(time).to_zoned(self.zone.clone()).unwrap().timestamp()
    }

    fn grant(&self, service: ServiceId, from: Timestamp) -> Result<(), Vec<Why>> {
        let hours = &self.settings.hours;
        self.agenda().grant(service, None, hours, &self.zone, self.now, from).map(|_| ())
    }

    fn why_none(&self, service: ServiceId, date: Date) -> Vec<Why> {
        let hours = &self.settings.hours;
        let why = self.agenda().why_none(service, None, hours, &self.zone, self.now, date, 1);
        why.into_iter().map(|(why, _)| why).collect()
    }

    fn free(
        &self,
        service: ServiceId,
        from: Date,
        days: u16,
        after: Option<Time>,
        before: Option<Time>,
    ) -> Vec<SlotRow> {
        let hours = &self.settings.hours;
        let free = self.agenda().free(service, None, hours, &self.zone, self.now, from, days, 500);
        let row = |at: Timestamp| {
            let local = self.zone.to_datetime(at);
            SlotRow {
                date: local.date(),
                weekday: calendar::weekday(self.lang, local.weekday()).to_owned(),
                time: local.time(),
                starts_at: at,
                customer_time: self.clock_ahead.map(|ahead| {
                    let there = local.checked_add(ahead.minutes()).unwrap().time();
                    format!("{:02}:{:02}", there.hour(), there.minute())
                }),
            }
        };
        free.into_iter()
            .map(|free| row(free.from))
            .filter(|row| after.is_none_or(|after| row.time >= after))
            .filter(|row| before.is_none_or(|before| row.time <= before))
            .take(results::MOST_SLOTS)
            .collect()
    }

    fn offer(&self, service: ServiceId, row: &SlotRow) -> Offer {
        let minutes = i64::from(self.service(service).minutes);
        let until = row.starts_at + SignedDuration::from_mins(minutes);
        Offer { service, from: row.starts_at, until, resource: None }
    }

    fn write_slots(&self, slots: Vec<SlotRow>, free: Option<bool>, why: Vec<String>) -> String {
        results::write(&Slots { slots, zone: self.settings.zone.clone(), free, why })
    }
}

fn own(name: &str, args: &serde_json::Value, content: String) -> Round {
    let is_error = content.contains("\"error\"");
    let id = format!("own-{name}");
    let args = args.as_object().cloned().unwrap_or_default();
    let call = Call { id: id.clone(), name: name.to_owned(), args };
    let results = vec![ToolResult { id, content, is_error }];
    Round { text: String::new(), calls: vec![call], results, carry: None }
}
