//! The policy: what an answer with tools does next. One question at a time; nothing is booked without a
//! yes; what was named together is done one after the other.
//!
//! Lives here: who goes first among contact data (`contact`), a person, a booking that there is
//! (`appointments`), a new one (`times`, `offers`), and what is told without one (`informs`).

use forecourt_core::{
    booking::BookingStatus,
    dialogue::KnownBooking,
    escalation::{Call, call_in},
    knowledge::Knowledge,
    template,
    tools::{
        ToolName,
        request::EscalateToHuman,
        results::{BookingRow, Called, Code},
    },
    utterance::Reply,
};
use forecourt_ports::model::{Ask, Medium};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    compose::Writer,
    rounds::{Got, Rounds, Step},
    say::{Asked, Say},
    thread::{Said, Task, Thread, follow, is_change_of_parts},
};

/// What an answer with tools does next.
pub(super) fn step(ask: &Ask) -> Step {
    let zone = ask.grounding.settings.time_zone();
    let today = zone.to_datetime(ask.grounding.now).date();
    let (before, said, text) = follow(ask, &zone, today);
    let say = Say { lang: ask.lang, zone: &zone, today, last: &before.last };
    let asked = say.asked();
    let mut thread = before.clone();
    thread.take(&said, asked, ask);
    let rounds = Rounds::of(ask);
    let plan =
        Plan { ask, say, zone: &zone, today, before: &before, thread, said, text, asked, rounds };
    match plan.answer() {
        Ok(parts) => Step::Say(plan.put_together(parts)),
        Err(step) => step,
    }
}

pub(super) struct Plan<'a> {
    pub(super) ask: &'a Ask,
    pub(super) say: Say<'a>,
    pub(super) zone: &'a TimeZone,
    pub(super) today: Date,
    /// Before the last text, and with it.
    pub(super) before: &'a Thread,
    pub(super) thread: Thread,
    pub(super) said: Said,
    pub(super) text: String,
    pub(super) asked: Option<Asked>,
    pub(super) rounds: Rounds<'a>,
}

/// The parts of an answer, or a call that is needed first.
pub(super) type Parts = Result<Vec<String>, Step>;

impl Plan<'_> {
    pub(super) fn knowledge(&self) -> &std::sync::Arc<Knowledge> {
        &self.ask.grounding.knowledge
    }

    pub(super) fn service_name(&self, service: usize) -> &str {
        self.knowledge().services.get(service).map_or("", |one| one.name.get(self.ask.lang))
    }

    pub(super) fn reply(&self) -> Option<Reply> {
        self.said.heard.reply
    }

    pub(super) fn is_yes(&self) -> bool {
        self.reply() == Some(Reply::Yes)
    }

    /// What is held for the customer now.
    pub(super) fn held(&self) -> Option<&KnownBooking> {
        self.ask.dialogue.held(self.ask.grounding.now).last()
    }

    /// Whether something is held that is neither taken nor given up.
    fn waits_for_yes(&self) -> bool {
        let made = self.rounds.last::<BookingRow>(ToolName::CreateBooking.as_str());
        self.held().is_some_and(|held| held.accepted.is_none()) && made.is_none()
    }

    fn answer(&self) -> Parts {
        let mut parts = Vec::new();
        if self.ask.medium == Medium::Mail && !self.before.earlier {
            parts.push(Writer::new(self.ask).thanks_for_writing());
        }
        if let Some(created) = self.rounds.last::<BookingRow>(ToolName::CreateBooking.as_str()) {
            let missing = matches!(&created, Err(failed) if failed.error == Code::ContactMissing);
            if !missing || self.said.contact.is_empty() {
                parts.extend(self.created(created)?);
                return Ok(parts);
            }
        }
        if let Some(kept) = self.keep()? {
            parts.extend(kept);
            if self.only_contact() {
                parts.extend(self.after_contact()?);
                return Ok(parts);
            }
        }
        if self.wants_person() {
            parts.extend(self.call_person("the customer asked for a person")?);
            return Ok(parts);
        }
        if let Some(done) = self.changes()? {
            parts.extend(done);
            return Ok(parts);
        }
        if let Some(done) = self.about_hold()? {
            parts.extend(done);
            return Ok(parts);
        }
        let (told, closing) = self.vehicles()?;
        let has_told = !told.is_empty();
        parts.extend(told);
        if let Some(booking) = self.books()? {
            parts.extend(booking);
            return Ok(parts);
        }
        if has_told {
            parts.extend(closing);
            return Ok(parts);
        }
        parts.extend(self.informs()?);
        Ok(parts)
    }

    // ---- a person ----

    pub(super) fn wants_person(&self) -> bool {
        call_in(&self.text) == Some(Call::Person)
            || self.asked == Some(Asked::Person) && self.is_yes()
    }

    fn call_person(&self, reason: &str) -> Parts {
        let args = EscalateToHuman { reason: reason.to_owned() };
        let called: Got<Called> = self.rounds.need(ToolName::EscalateToHuman, &args)?;
        let brand = &self.ask.grounding.settings.brand;
        Ok(match called {
            Some(Ok(Called { called: true })) => {
                vec![template::calling_a_person(self.ask.lang, brand)]
            }
            _ => vec![template::last_rung(self.ask.lang, brand)],
        })
    }

    /// The parts as one text. What was said in the last answer word by word is left out, as long as
    /// something remains.
    fn put_together(&self, mut parts: Vec<String>) -> String {
        parts.retain(|part| !part.trim().is_empty());
        // While a time is held, a yes is a yes to it: nothing else may be asked that a yes answers (A6).
        let waits = self.waits_for_yes();
        if waits {
            parts.retain(|part| !self.say.asks_yes_of_else(part));
            if parts.is_empty() {
                parts = self.confirm();
            }
        }
        let said_last = |part: &String| !self.before.last.contains(part.as_str());
        if parts.iter().any(said_last) {
            parts.retain(said_last);
        } else {
            // All of it was said: whoever hears the same twice needs somebody else.
            parts = if waits { vec![self.say.ask(Asked::Yes)] } else { self.not_understood() };
        }
        parts.join(if self.ask.medium == Medium::Mail { "\n\n" } else { " " })
    }

    /// Whether a service is booked, or cancelled, in this conversation.
    pub(super) fn is_booked(&self, service: usize) -> bool {
        let Some(service) = self.knowledge().services.get(service) else { return false };
        let booked = |known: &KnownBooking| {
            known.news.service == service.id && known.news.status == BookingStatus::Booked
        };
        self.ask.dialogue.bookings.iter().any(booked)
    }

    /// What is to be done with an appointment that there is.
    pub(super) fn task(&self) -> Option<Task> {
        match self.reply() {
            Some(Reply::Cancel) => return Some(Task::Cancel),
            Some(Reply::Move) if !is_change_of_parts(&self.said, self.ask) => {
                return Some(Task::Move);
            }
            _ => {}
        }
        let goes_on = matches!(self.asked, Some(Asked::Code | Asked::When | Asked::WhichTime))
            || self
                .rounds
                .last::<serde_json::Value>(forecourt_core::tools::results::GIVE_CODE)
                .is_some();
        let began = self.before.task.is_none() && self.thread.task.is_some();
        self.thread.task.filter(|_| goes_on || began)
    }
}
