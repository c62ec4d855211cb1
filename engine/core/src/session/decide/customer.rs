//! What comes in: a form, a chat, a customer's message.

use super::Deciding;
use crate::{
    attachment::PostedAttachment,
    capture::{REPEAT_WINDOW, Submission},
    dialogue::Pressed,
    event::{Author, Channel, Event, LeadCaptured, MessagePosted, MessageSeq, Source},
    id::{AttachmentId, ContactId, LeadId, MemberId, MessageId},
    lang::Lang,
    promise::Rung,
    session::{Rejection, Speaker, SubmittedContact},
};

impl Deciding<'_> {
    pub(super) fn submit(
        &mut self,
        form: Submission,
        contact: SubmittedContact,
    ) -> Result<(), Rejection> {
        let key = format!("fp:{}", form.fingerprint());
        if let Some(before) = self.state.find_remembered(&key)
            && self.now.now.duration_since(before.at) <= REPEAT_WINDOW
        {
            self.because("guard: the same submission within five minutes is one");
            self.emit(Event::SubmissionRepeated);
            return Ok(());
        }
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if self.state.exists() {
            self.because("rule: the same person within seven days keeps the lead");
            self.emit(Event::LeadRepeated {
                source: contact.source,
                vehicle_interest: form.vehicle_interest,
                source_url: form.source_url,
            });
        } else {
            let lang = self.now.settings.language_or_default(Lang::detect(&form.message));
            self.because("rule: a form of somebody new is a new lead");
            self.emit(Event::SessionOpened { channel: Channel::Mail, lang });
            self.emit(Event::LeadCaptured(LeadCaptured {
                lead: contact.lead,
                contact: contact.contact,
                new_contact: contact.new_contact,
                source: contact.source,
                name: Some(form.name),
                email: Some(form.email),
                phone: form.phone,
                vehicle_interest: form.vehicle_interest,
                source_url: form.source_url,
                fingerprint: Some(key.clone()),
                same_phone_as: contact.same_phone_as,
            }));
        }
        self.customer_wrote(&form.message, key, None, Vec::new());
        Ok(())
    }

    pub(super) fn open(&mut self, lang: Lang) -> Result<(), Rejection> {
        if self.state.exists() {
            return Err(Rejection::Stale);
        }
        let lang = self.now.settings.language_or_default(Some(lang));
        self.because("rule: a visitor opens a conversation");
        self.emit(Event::SessionOpened { channel: Channel::Widget, lang });
        Ok(())
    }

    pub(super) fn post_message(
        &mut self,
        text: &str,
        client_id: String,
        page_url: Option<String>,
        pressed: Option<Pressed>,
        attachments: &[AttachmentId],
    ) -> Result<(), Rejection> {
        self.refuse_repeat(&client_id)?;
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let attachments = self.posted_with(attachments)?;
        if self.state.lead.is_none() {
            let captured = LeadCaptured {
                lead: LeadId::from_uuid(self.id()),
                contact: ContactId::from_uuid(self.id()),
                new_contact: true,
                source: Source::Widget,
                name: None,
                email: None,
                phone: None,
                vehicle_interest: None,
                source_url: page_url,
                fingerprint: None,
                same_phone_as: None,
            };
            self.emit(Event::LeadCaptured(captured));
        }
        self.customer_wrote(text, client_id, pressed, attachments);
        Ok(())
    }

    pub(super) fn post_member_message(
        &mut self,
        member: MemberId,
        text: String,
        client_id: String,
        seen: Option<MessageSeq>,
    ) -> Result<(), Rejection> {
        self.refuse_repeat(&client_id)?;
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        if let Some(seen) = seen {
            let newest = self.state.newest_not_by(Author::Member { member });
            if newest > seen {
                return Err(Rejection::Conflict { newest });
            }
            self.because("guard: the sender has seen what everybody else wrote");
        }
        if self.state.speaker != Speaker::Member(member) {
            self.take_over(member)?;
        }
        self.because("rule: what a person writes goes out, whatever follows");
        self.post(Author::Member { member }, text, Some(client_id), None);
        Ok(())
    }

    pub(super) fn refuse_repeat(&self, client_id: &str) -> Result<(), Rejection> {
        match self.state.find_remembered(client_id) {
            Some(before) => {
                Err(Rejection::AlreadyPosted { message: before.message, seq: before.seq })
            }
            None => Ok(()),
        }
    }

    /// The customer waits now: a promise runs, and the assistant begins anew unless a person speaks.
    pub(super) fn customer_wrote(
        &mut self,
        text: &str,
        key: String,
        pressed: Option<Pressed>,
        attachments: Vec<PostedAttachment>,
    ) {
        let lang = Lang::detect(text).filter(|lang| self.now.settings.languages.contains(lang));
        if let Some(lang) = lang.filter(|lang| *lang != self.state.lang) {
            self.because("rule: the customer writes in another of the tenant's languages");
            self.emit(Event::LanguageChanged { lang });
        }
        let message = MessageId::from_uuid(self.id());
        let seq = MessageSeq(self.state.last_message.0 + 1);
        self.emit(Event::MessagePosted(MessagePosted {
            message,
            seq,
            author: Author::Customer,
            text: text.to_owned(),
            client_id: Some(key),
            origin: None,
        }));
        self.weigh(text, pressed);
        // What the customer already reads is not taken away: that turn ends, and the next one answers this.
        let turn_stays = self.now.turn_shows && self.state.turn.is_some();
        if turn_stays {
            self.because("guard: an answer that the customer reads already is let finish");
        } else {
            if self.state.turn.is_some() {
                self.because("rule: newer text replaces an answer of which nothing was seen");
            }
            self.cancel_turn();
        }
        // Text that comes while an answer is still owed joins that promise: the clock runs from the first.
        if !self.state.answer_is_owed() || turn_stays {
            let settings = self.now.settings.promise;
            self.because("rule: a customer who waits is promised an answer");
            self.emit(Event::PromiseMade { message, since: self.now.now, settings });
        } else {
            self.because("rule: the clock runs from the first text that is not answered");
        }
        self.post_attachments(message, seq, attachments, turn_stays);
        if !turn_stays && self.speaks_of_a_call(text, pressed) {
            return;
        }
        if self.calls_a_person(text) {
            return;
        }
        if self.state.speaker == Speaker::Assistant && !turn_stays {
            match self.state.channel {
                Channel::Widget => self.gather(text),
                Channel::Mail => self.start_turn(Rung::Primary), // a form is a whole message
            }
        }
    }

    /// Waits for the rest of a burst, so that one turn answers all of it.
    pub(super) fn gather(&mut self, text: &str) {
        if self.state.pause.is_some() {
            self.because("guard: a member types, the assistant waits");
            return; // what is owed is answered when the pause ends
        }
        let settings = self.now.settings.gather;
        let since = self.state.gather.map_or(self.now.now, |gather| gather.since);
        let until = settings.until(since, self.now.now, text);
        if until <= self.now.now && !self.awaits_attachments() {
            self.start_turn(Rung::Primary);
        } else {
            self.because("rule: more text may come, one turn answers the whole burst");
            self.emit(Event::Gathering { until });
        }
    }
}
