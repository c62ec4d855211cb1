//! The policy: what an answer with tools does next. One question at a time; nothing is booked without a
//! yes; what was named together is done one after the other.
//!
//! Lives here: who goes first among contact data, a person, a booking that there is, vehicles, a new
//! booking, questions, and courtesy. Bookings themselves are in `appointments`, free times in `times`.

use forecourt_core::{
    booking::BookingStatus,
    dialogue::KnownBooking,
    knowledge::Knowledge,
    template,
    tools::{
        ToolName,
        request::{Answered, CaptureContact, EscalateToHuman, SearchKnowledge},
        results::{BookingRow, Called, Code, Kept, Passages, Vehicles},
    },
    utterance::Reply,
};
use forecourt_ports::model::{Ask, Medium};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    compose::Writer,
    rounds::{Got, Rounds, Step},
    say::{Asked, Say},
    services::{Family, of_family},
    thread::{Said, Task, Thread, follow, is_change_of_parts},
};

/// Characters of an answer to one of the tenant's own questions, and of a passage that is said.
const ANSWER_CHARS: usize = 300;
const PASSAGE_CHARS: usize = 700;

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

    fn is_yes(&self) -> bool {
        self.reply() == Some(Reply::Yes)
    }

    /// What is held for the customer now.
    pub(super) fn held(&self) -> Option<&KnownBooking> {
        self.ask.dialogue.held(self.ask.grounding.now).last()
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

    // ---- contact data ----

    /// Writes down what the customer said of themselves, or what they answered to a question of the
    /// tenant's. `None` when there is nothing of the kind.
    fn keep(&self) -> Result<Option<Vec<String>>, Step> {
        let contact = &self.said.contact;
        let mut capture = CaptureContact {
            name: contact.name.clone(),
            email: contact.email.clone(),
            phone: contact.phone.clone(),
            ..CaptureContact::default()
        };
        if let Some(key) = self.asked_question().filter(|_| self.is_plain_answer()) {
            let answer = forecourt_core::text::excerpt(&self.text, ANSWER_CHARS);
            capture.answers.push(Answered { question: key.to_owned(), answer });
        }
        if capture == CaptureContact::default() {
            if !contact.is_unclear() {
                return Ok(None);
            }
            let ask_again = if contact.bad_email {
                vec![self.say.bad_email(), self.say.ask(Asked::Email)]
            } else {
                vec![self.say.bad_phone()]
            };
            return Ok(Some(ask_again));
        }
        let kept: Got<Kept> = self.rounds.need(ToolName::CaptureContact, &capture)?;
        Ok(Some(match kept {
            Some(Ok(kept)) if kept.refused.iter().any(|field| field == "email") => {
                vec![self.say.bad_email(), self.say.ask(Asked::Email)]
            }
            Some(Ok(kept)) if kept.refused.iter().any(|field| field == "phone") => {
                vec![self.say.bad_phone()]
            }
            Some(Ok(_)) if contact.bad_email && contact.email.is_none() => {
                vec![self.say.noted(), self.say.bad_email(), self.say.ask(Asked::Email)]
            }
            Some(Ok(_)) => vec![self.say.noted()],
            Some(Err(_)) | None => vec![self.say.did_not_work()],
        }))
    }

    /// Whether the text was about contact data alone.
    fn only_contact(&self) -> bool {
        let said = &self.said;
        if self.asked_question().is_some() && self.is_plain_answer() {
            return true;
        }
        let asks_else = said.search.is_some()
            || !said.wanted.services.is_empty()
            || !said.wish.vehicles.is_empty()
            || said.heard.names_a_time()
            || self.task().is_some()
            || self.reply() == Some(Reply::Person);
        !asks_else
    }

    fn after_contact(&self) -> Parts {
        let unclear = self.said.contact.is_unclear();
        if unclear {
            return Ok(Vec::new());
        }
        let asks_contact =
            matches!(self.asked, Some(Asked::Name | Asked::Email | Asked::NameAndEmail));
        let knows_name = self.thread.has_name || self.ask.customer_name.is_some();
        if asks_contact && !self.thread.has_email && self.asked != Some(Asked::Name) {
            return Ok(vec![self.say.ask(Asked::Email)]);
        }
        if asks_contact && !knows_name {
            return Ok(vec![self.say.ask(Asked::Name)]);
        }
        if self.held().is_some() {
            if self.ask.dialogue.accepted(self.ask.grounding.now).is_some() {
                return self.create();
            }
            return Ok(self.confirm());
        }
        Ok(vec![match (self.thread.services.is_empty(), self.ask.dialogue.offers.is_empty()) {
            (_, false) => self.say.ask(Asked::WhichTime),
            (false, true) => self.say.ask(Asked::When),
            (true, true) => self.say.ask(Asked::Topic),
        }])
    }

    /// The tenant's question that was asked last.
    fn asked_question(&self) -> Option<&str> {
        let questions = &self.ask.grounding.settings.dialogue.questions;
        let was_asked = |text: &str| !text.is_empty() && self.before.last.contains(text);
        let asked = questions.iter().find(|one| was_asked(one.text.get(self.ask.lang)));
        asked
            .filter(|one| !self.ask.dialogue.answers.contains_key(&one.key))
            .map(|one| one.key.as_str())
    }

    /// Whether a text may be the answer to a question, and is not another wish.
    fn is_plain_answer(&self) -> bool {
        !matches!(self.reply(), Some(Reply::Cancel | Reply::Move | Reply::Person))
            && !self.said.heard.corrects
            && self.said.words > 0
            && !self.text.trim_end().ends_with(['?', '؟'])
    }

    /// The tenant's next question that was not answered yet.
    pub(super) fn next_question(&self, service: Option<usize>) -> Option<String> {
        let service = service.and_then(|at| self.knowledge().services.get(at)).map(|one| one.id);
        let mut dialogue = (*self.ask.dialogue).clone();
        if let Some(key) = self.asked_question().filter(|_| self.is_plain_answer()) {
            dialogue.answers.insert(key.to_owned(), String::new());
        }
        let settings = &self.ask.grounding.settings.dialogue;
        let next = dialogue.next_question(settings, service)?;
        Some(next.text.get(self.ask.lang).to_owned())
    }

    // ---- a person ----

    fn wants_person(&self) -> bool {
        self.reply() == Some(Reply::Person) || self.asked == Some(Asked::Person) && self.is_yes()
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

    // ---- vehicles ----

    /// What is said of vehicles, and the question that follows when nothing else does.
    fn vehicles(&self) -> Result<(Vec<String>, Vec<String>), Step> {
        let said = &self.said;
        let writer = Writer::new(self.ask);
        let mut told = Vec::new();
        let mut one_fits = false;
        let about_stock =
            said.wish.search.is_some() && !said.asks_slot && said.wanted.services.is_empty();
        if let Some(search) = &said.search {
            let found: Got<Vehicles> = self.rounds.need(ToolName::SearchInventory, search)?;
            match found {
                Some(Ok(found)) if found.vehicles.is_empty() && !said.wish.vehicles.is_empty() => {
                    // Named, and not to be had like that: how it stands is the answer.
                    told.push(writer.vehicles(&said.wish.vehicles));
                }
                Some(Ok(found)) => {
                    told.extend(self.found(&found, &writer));
                    one_fits = !found.vehicles.is_empty();
                }
                Some(Err(_)) | None => {
                    told.extend(said.wish.search.map(|search| writer.search(search)));
                }
            }
        } else if !said.wish.vehicles.is_empty() && self.names_vehicles() {
            told.push(writer.vehicles(&said.wish.vehicles));
            one_fits = writer.any_available(&said.wish.vehicles);
        } else if said.wish.unknown_vehicle {
            told.push(writer.not_in_stock());
        } else if about_stock
            && let Some(search) = said.wish.search
            && (!said.asks || self.passage()?.is_none())
        {
            told.push(writer.search(search));
            one_fits = true;
        }
        let drive = of_family(self.knowledge(), Family::Drive);
        let closing = if one_fits && drive.is_some() {
            vec![self.say.ask(Asked::Drive)]
        } else if told.is_empty() {
            vec![]
        } else {
            vec![self.say.ask(Asked::Topic)]
        };
        Ok((told, closing))
    }

    /// Whether the text itself names vehicles; the form's wish counts in the first answer alone.
    fn names_vehicles(&self) -> bool {
        let of_form = self.ask.vehicle_interest.is_some();
        !of_form || !self.before.earlier || self.before.vehicles != self.said.wish.vehicles
    }

    fn found(&self, found: &Vehicles, writer: &Writer<'_>) -> Vec<String> {
        if found.vehicles.is_empty() {
            return vec![writer.no_vehicle_fits()];
        }
        let stock = &self.knowledge().vehicles;
        let mut told = Vec::new();
        for row in found.vehicles.iter().take(3) {
            // The stock itself is newer than any list of it.
            let Some(at) = stock.iter().position(|one| one.id == row.vehicle_id) else { continue };
            let mut line = writer.vehicles(&[at]);
            let reasons: Vec<&str> =
                row.reasons.iter().map(|r| r.trim().trim_end_matches('.')).take(3).collect();
            if !reasons.is_empty() {
                line = format!("{line} {}.", super::compose::capitalised(&reasons.join("; ")));
            }
            told.push(line);
        }
        if told.is_empty() { vec![writer.no_vehicle_fits()] } else { told }
    }

    // ---- questions and courtesy ----

    fn informs(&self) -> Parts {
        let said = &self.said;
        let writer = Writer::new(self.ask);
        let mut parts = Vec::new();
        if said.asks_price
            && let Some(service) = said.wanted.services.first()
            && let Some(service) = self.knowledge().services.get(*service)
        {
            parts.extend(writer.service_price(service));
            if !parts.is_empty() {
                parts.push(self.say.ask(Asked::FindTime));
                return Ok(parts);
            }
        }
        if said.wish.hours {
            parts.push(writer.hours(&said.wish.days));
        }
        if said.wish.contact && said.contact.is_empty() {
            parts.extend(writer.contact());
        }
        if !parts.is_empty() {
            parts.extend(self.reminder());
            return Ok(parts);
        }
        if let Some(courtesy) = self.courtesy() {
            return Ok(courtesy);
        }
        if said.asks || said.words >= 2 || said.wish.faq.is_some() {
            let passage = self.passage()?;
            let own = || {
                let faq = self.knowledge().faqs.get(said.wish.faq?)?;
                Some(faq.answer.get(self.ask.lang).to_owned())
            };
            if let Some(text) = passage.or_else(own) {
                parts.push(whole_sentences(&text));
                parts.extend(self.reminder());
                return Ok(parts);
            }
            if said.asks && said.words >= 2 {
                return Ok(vec![
                    self.say.not_known(),
                    self.say.colleague_knows(),
                    self.say.ask(Asked::Person),
                ]);
            }
        }
        Ok(self.not_understood())
    }

    /// What the tenant's own knowledge says to the text, word by word.
    fn passage(&self) -> Result<Option<String>, Step> {
        let query = SearchKnowledge { query: forecourt_core::text::excerpt(&self.text, 500) };
        let found: Got<Passages> = self.rounds.need(ToolName::SearchKnowledge, &query)?;
        let passages = found.and_then(Result::ok).unwrap_or_default().passages;
        let best = passages.into_iter().next().map(|passage| passage.text);
        Ok(best.filter(|text| !text.trim().is_empty()))
    }

    fn courtesy(&self) -> Option<Vec<String>> {
        let say = self.say;
        match self.reply() {
            Some(Reply::Thanks) if self.said.leaves => {
                return Some(vec![say.welcome(), say.goodbye()]);
            }
            Some(Reply::Thanks) => return Some([vec![say.welcome()], self.reminder()].concat()),
            Some(Reply::No) => {
                let open = self.said.leaves
                    || matches!(self.asked, Some(Asked::Topic) | None) && self.before.earlier;
                return Some(if open {
                    vec![say.alright(), say.goodbye()]
                } else {
                    vec![say.alright(), say.ask(Asked::Topic)]
                });
            }
            Some(Reply::Yes) if self.said.words <= 6 => {
                return Some(vec![say.ask(Asked::Topic)]);
            }
            _ => {}
        }
        if self.said.leaves {
            return Some(vec![say.goodbye()]);
        }
        let only_greets =
            self.said.greets && self.said.words <= 4 && !self.text.contains(['?', '؟']);
        only_greets.then(|| {
            if self.before.earlier || self.ask.medium == Medium::Mail {
                vec![say.ask(Asked::Topic)]
            } else {
                vec![template::greeting(self.ask.lang, &self.ask.grounding.settings.brand)]
            }
        })
    }

    /// The question that still waits for its answer, asked once more after something else was answered.
    fn reminder(&self) -> Vec<String> {
        if self.held().is_some() {
            return vec![self.say.ask(Asked::Yes)];
        }
        match self.asked {
            Some(asked @ (Asked::When | Asked::WhichTime | Asked::Code)) => {
                vec![self.say.ask(asked)]
            }
            _ => vec![],
        }
    }

    pub(super) fn not_understood(&self) -> Vec<String> {
        let again = if self.before.misunderstood >= 1 {
            Asked::Person
        } else {
            self.asked.filter(|asked| *asked != Asked::Service).unwrap_or(Asked::Topic)
        };
        vec![self.say.misunderstood(), self.say.ask(again)]
    }

    /// The parts as one text. What was said in the last answer word by word is left out, as long as
    /// something remains.
    fn put_together(&self, mut parts: Vec<String>) -> String {
        parts.retain(|part| !part.trim().is_empty());
        let said_last = |part: &String| !self.before.last.contains(part.as_str());
        if parts.iter().any(said_last) {
            parts.retain(said_last);
        } else {
            // All of it was said: whoever hears the same twice needs somebody else.
            parts = self.not_understood();
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

/// The beginning of a passage, in whole sentences.
fn whole_sentences(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= PASSAGE_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(PASSAGE_CHARS).collect();
    let end = cut
        .rfind(['.', '!', '?', '؟', '\n'])
        .map_or(cut.len(), |end| end + cut[end..].chars().next().map_or(1, char::len_utf8));
    cut[..end].trim_end().to_owned()
}
