//! A dealer in memory: its tools hold, book, move and cancel, and write results as the engine does.

mod bookings;
mod times;
mod tools;

use std::sync::Arc;

use forecourt_core::{
    booking::{Agenda, BookingStatus, Stretch},
    dialogue::{CodeState, Dialogue, KnownBooking, Offer, Question},
    gate::Gate,
    id::{ServiceId, SessionId, TurnId},
    knowledge::{Grounding, Knowledge, Localized, Service},
    lang::Lang,
    settings::TenantSettings,
    tools::{
        MOST_ROUNDS, Receipt, Request, ToolName,
        results::{self, Code, Failed, GIVE_CODE, Proven},
    },
    utterance::{Reply, hear},
};
use forecourt_models::house::HouseResponder;
use forecourt_ports::model::{
    Allowance, Ask, Call, Choice, Delta, Line, Medium, Model as _, Round, Task, Tool, ToolResult,
    Toolbox, Who,
};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::dealer::{knowledge, settings};

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
            files: forecourt_core::attachment::SentFiles::default(),
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
}

fn own(name: &str, args: &serde_json::Value, content: String) -> Round {
    let is_error = content.contains("\"error\"");
    let id = format!("own-{name}");
    let args = args.as_object().cloned().unwrap_or_default();
    let call = Call { id: id.clone(), name: name.to_owned(), args };
    let results = vec![ToolResult { id, content, is_error }];
    Round { text: String::new(), calls: vec![call], results, carry: None }
}
