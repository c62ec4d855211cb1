//! The tool that writes down what the customer said of themselves.

use std::collections::BTreeMap;

use forecourt_core::{
    contact::{Email, Phone},
    event::{Channel, ContactLearned},
    session::Command,
    text,
    tools::{Receipt, ToolName, request::CaptureContact, results::Kept},
};

use super::{Found, No, Tools};

/// Characters of a name or a company.
const NAME: usize = 200;
/// Characters of an answer to a question of the tenant's.
const ANSWER: usize = 500;

impl Tools {
    pub(super) async fn capture_contact(&mut self, asked: CaptureContact) -> Result<Found, No> {
        let learned = self.learned(asked)?;
        self.grant(ToolName::CaptureContact, None).await?;
        let (turn, contact) = (self.facts.turn, learned.clone());
        self.dispatch(Command::LearnContact { turn, contact }).await?;
        let customer = &mut self.facts.customer;
        let ContactLearned { name, email, phone, company, sms_consent, answers } = learned;
        let (mut said, mut kept): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        if let Some(name) = name {
            said.push(name.clone());
            kept.push("name".into());
            customer.name = Some(name);
        }
        if let Some(email) = email {
            said.push(email.as_str().to_owned());
            kept.push("email".into());
            customer.email = Some(email.as_str().to_owned());
        }
        if let Some(phone) = phone {
            said.push(phone.as_str().to_owned());
            kept.push("phone".into());
            customer.phone = Some(phone.as_str().to_owned());
        }
        if let Some(company) = company {
            said.push(company);
            kept.push("company".into());
        }
        if let Some(consent) = sms_consent {
            customer.sms_consent = consent;
            kept.push("sms_consent".into());
        }
        for (question, answer) in answers {
            said.push(answer);
            kept.push(question);
        }
        let receipts = said.into_iter().map(Receipt::Contact).collect();
        Ok(Found { receipts, ..Found::of(&Kept { kept, refused: Vec::new() }) })
    }

    /// What was said, as it is kept; what cannot be read is for the customer to write again.
    pub(super) fn learned(&self, asked: CaptureContact) -> Result<ContactLearned, No> {
        let CaptureContact { name, email, phone, company, sms_consent, answers } = asked;
        let wrong = |field: &str, error: &dyn std::fmt::Display| {
            No::bad(format!("`{field}` {error}; ask the customer for it"))
        };
        let line = |field: &'static str, said: Option<String>, most: usize| match said {
            None => Ok(None),
            Some(said) => match text::line(&said, most) {
                Ok(said) => Ok(Some(said)),
                Err(text::TextError::Empty) => Ok(None),
                Err(error) => Err(wrong(field, &error)),
            },
        };
        let email = line("email", email, Email::MAX_CHARS)?
            .map(|email| Email::parse(&email).map_err(|error| wrong("email", &error)))
            .transpose()?;
        let phone = line("phone", phone, 40)?
            .map(|phone| {
                Phone::parse(&phone, &self.settings.country).map_err(|error| wrong("phone", &error))
            })
            .transpose()?;
        let mut kept = BTreeMap::new();
        for answered in answers {
            let asked = &self.settings.dialogue.questions;
            if !asked.iter().any(|question| question.key == answered.question) {
                let keys: Vec<&str> = asked.iter().map(|question| question.key.as_str()).collect();
                return Err(No::bad(format!("the questions are: {}", keys.join(", "))));
            }
            if let Some(answer) = line("answer", Some(answered.answer), ANSWER)? {
                kept.insert(answered.question, answer);
            }
        }
        let learned = ContactLearned {
            name: line("name", name, NAME)?,
            // A conversation by mail stays with the address it is held with.
            email: email.filter(|_| self.facts.channel == Channel::Widget),
            phone,
            company: line("company", company, NAME)?,
            sms_consent,
            answers: kept,
        };
        if learned == ContactLearned::default() {
            return Err(No::bad("nothing was said that could be written down"));
        }
        Ok(learned)
    }
}
