//! What the customer says of themselves, and their answers to the tenant's own questions.

use forecourt_core::{
    tools::{
        ToolName,
        request::{Answered, CaptureContact},
        results::{Code, Kept},
    },
    utterance::Reply,
};

use super::{
    plan::{Parts, Plan},
    rounds::{Got, Step},
    say::Asked,
};

/// Characters of an answer to one of the tenant's own questions.
const ANSWER_CHARS: usize = 300;

impl Plan<'_> {
    /// Writes down what the customer said of themselves, or what they answered to a question of the
    /// tenant's. `None` when there is nothing of the kind.
    pub(super) fn keep(&self) -> Result<Option<Vec<String>>, Step> {
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
            Some(Err(failed)) if failed.error == Code::BadArguments => {
                if contact.phone.is_some() && contact.email.is_none() {
                    vec![self.say.bad_phone()]
                } else {
                    vec![self.say.bad_email(), self.say.ask(Asked::Email)]
                }
            }
            Some(Err(_)) | None => vec![self.say.did_not_work()],
        }))
    }

    /// Whether the text was about contact data alone.
    pub(super) fn only_contact(&self) -> bool {
        let said = &self.said;
        if self.asked_question().is_some() && self.is_plain_answer() {
            return true;
        }
        let asks_else = said.search.is_some()
            || !said.wanted.services.is_empty()
            || !said.wish.vehicles.is_empty()
            || said.heard.names_a_time()
            || self.task().is_some()
            || self.wants_person();
        !asks_else
    }

    pub(super) fn after_contact(&self) -> Parts {
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
}
