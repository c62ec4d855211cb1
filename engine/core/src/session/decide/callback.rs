//! A customer whom nobody can answer now is called instead: offered, wanted, agreed, rung, over.
//!
//! The times come from outside (who is there, who has what to call); here is what they lead to. What a customer
//! presses or writes only *wants* a time: it is theirs when the engine has found who calls, in a decision of
//! its own, so that a rival for the last place costs nobody their message.
//!
//! # Invariants
//! - **A5**, **A11** a promise runs on whatever is offered or wanted; an agreed call owns a timer until it is over;
//! - **A7** a text about a call is the assistant's: while a person speaks nothing is said;
//! - one call at a time: a new one takes the place of the old one.

use jiff::Timestamp;

use super::Deciding;
use crate::{
    callback::{CallTime, CallbackBy, CallbackEnd, MOST_OFFERED, OfferReason, Stage},
    contact::Phone,
    dialogue::Pressed,
    event::{AlertReason, AssignReason, Channel, ContactLearned, DeliveryKind, Event},
    id::MemberId,
    routing,
    session::{Rejection, Speaker},
    template::callback as words,
    utterance,
};

impl Deciding<'_> {
    /// After how long a wait a call-back is offered; only a chat can show one.
    pub(super) fn offers_callback_after(&self) -> Option<u32> {
        let after = self.now.settings.handoff.callback.after();
        after.filter(|_| self.state.channel == Channel::Widget)
    }

    pub(super) fn offer_callback(
        &mut self,
        mut times: Vec<CallTime>,
        why: OfferReason,
    ) -> Result<(), Rejection> {
        let desk = &self.state.callback;
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let asked = matches!(why, OfferReason::Taken | OfferReason::Again);
        let waits = self.state.handoff.is_some() && desk.agreed.is_none();
        if self.state.channel != Channel::Widget
            || self.state.speaker != Speaker::Assistant
            || !(waits || asked)
        {
            return Err(Rejection::Stale);
        }
        times.retain(|time| time.at > self.now.now);
        times.truncate(MOST_OFFERED);
        let taken = why == OfferReason::Taken && desk.wanted.is_some();
        if !taken && (times.is_empty() || times == desk.offered) {
            return Err(Rejection::Stale);
        }
        self.because(match why {
            OfferReason::Closed => "rule: out of hours the customer may choose a call",
            OfferReason::NobodyThere => "rule: when nobody is there the customer may choose a call",
            OfferReason::LongWait => "rule: who has waited long may choose a call",
            OfferReason::Taken => {
                "guard: the time was taken meanwhile (one call per member and time)"
            }
            OfferReason::Again => "rule: another time may be chosen",
        });
        self.emit(Event::CallbackOffered { times, why });
        if taken {
            self.say_of_the_call(words::taken(self.state.lang));
        }
        Ok(())
    }

    /// Somebody has the time free: it is the customer's.
    pub(super) fn agree_callback(
        &mut self,
        time: CallTime,
        (member, why): (MemberId, Vec<routing::Reason>),
        by: CallbackBy,
        phone: Option<Phone>,
    ) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let before = self.state.callback.agreed;
        if before.is_some_and(|agreed| agreed.time() == time && agreed.member == member)
            || by == CallbackBy::Customer && self.state.callback.wanted != Some(time.at)
        {
            return Err(Rejection::Stale);
        }
        if time.at <= self.now.now {
            return Err(Rejection::NoSuchTime);
        }
        if phone.is_none() && !self.state.has_phone {
            return Err(Rejection::NoPhone);
        }
        self.learn_phone(phone);
        self.because("rule: a call that is agreed takes the customer out of the queue");
        let (CallTime { at, minutes }, moved_from) = (time, before.map(|agreed| agreed.at));
        self.emit(Event::CallbackAgreed { at, minutes, member, by, moved_from });
        if self.state.assignee != Some(member) {
            let (member, why) = (Some(member), AssignReason::Routed(why));
            self.emit(Event::Assigned { member, by: None, why });
        }
        let (when, today) = (self.wall(at), self.wall(self.now.now).date());
        let settings = self.now.settings;
        let text = words::agreed(self.state.lang, &settings.brand, when, today, &settings.zone);
        self.say_of_the_call(text);
        Ok(())
    }

    /// A member tells how it went, or that it will not be.
    pub(super) fn end_callback(
        &mut self,
        at: Timestamp,
        end: CallbackEnd,
        member: MemberId,
    ) -> Result<(), Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let agreed = self.state.callback.agreed.filter(|agreed| agreed.at == at);
        agreed.ok_or(Rejection::Stale)?;
        self.because("rule: a member says how a call went");
        self.emit(Event::CallbackEnded { at, end, by: Some(CallbackBy::Member { member }) });
        let lang = self.state.lang;
        match end {
            CallbackEnd::Done => {}
            CallbackEnd::Unreached => self.say_of_the_call(words::unreached(lang)),
            CallbackEnd::Missed => self.missed(),
            CallbackEnd::Cancelled => self.say_of_the_call(words::cancelled_by_us(lang)),
        }
        Ok(())
    }

    /// A conversation that is closed is not called from.
    pub(super) fn close_callback(&mut self, member: MemberId) {
        if let Some(agreed) = self.state.callback.agreed {
            let by = Some(CallbackBy::Member { member });
            let (at, end) = (agreed.at, CallbackEnd::Cancelled);
            self.emit(Event::CallbackEnded { at, end, by });
            self.say_of_the_call(words::cancelled_by_us(self.state.lang));
        }
    }

    /// The timer: it is time to call, nobody has called, or the customer has waited long.
    pub(super) fn callback_is_due(&mut self) {
        match self.state.callback.agreed {
            None => {
                self.because("timer: the customer has waited long for a person");
                self.emit(Event::CallbackSought);
            }
            Some(agreed) if agreed.stage() == Stage::Ahead => {
                self.because("timer: it is time to call the customer");
                self.emit(Event::CallbackRang { member: agreed.member });
                self.alert(AlertReason::CallbackDue);
            }
            Some(agreed) => {
                self.because("timer: nobody said that they called");
                let (at, end) = (agreed.at, CallbackEnd::Missed);
                self.emit(Event::CallbackEnded { at, end, by: None });
                self.missed();
            }
        }
    }

    /// The customer is told, and waits for a person again.
    fn missed(&mut self) {
        self.say_of_the_call(words::missed(self.state.lang));
        self.hand_off(AlertReason::CallbackMissed);
    }

    /// Whether the customer's message is about a call, and the assistant need not answer it.
    pub(super) fn speaks_of_a_call(&mut self, text: &str, pressed: Option<Pressed>) -> bool {
        if self.state.channel != Channel::Widget || self.state.speaker != Speaker::Assistant {
            return false;
        }
        match pressed {
            Some(Pressed::CallMe { at }) => self.wants_call(at, text),
            Some(Pressed::CallLater) if self.state.callback.agreed.is_some() => {
                self.because("rule: who wants to be called at another time may choose one");
                self.emit(Event::CallbackSought);
                self.post_text(words::choose(self.state.lang));
                true
            }
            Some(Pressed::DoNotCall) => self.wants_no_call(),
            Some(_) => false,
            None => self.names_a_call(text),
        }
    }

    /// In words: one of the offered times, or the number for the time that was chosen.
    fn names_a_call(&mut self, text: &str) -> bool {
        let desk = &self.state.callback;
        if desk.offered.is_empty() {
            return false;
        }
        let today = self.wall(self.now.now).date();
        let said = utterance::hear(text, today);
        let named = desk.named(&said, |at| {
            let wall = self.wall(at);
            (wall.date(), minute_of(wall.time()))
        });
        match (named, desk.wanted) {
            (Some(time), _) => self.wants_call(time.at, text),
            (None, Some(at)) if self.heard_phone(text).is_some() => self.wants_call(at, text),
            _ => false,
        }
    }

    fn wants_call(&mut self, at: Timestamp, text: &str) -> bool {
        if !self.state.callback.offered.iter().any(|time| time.at == at) {
            return false; // an old button: the assistant answers what it says
        }
        let phone = self.heard_phone(text);
        self.learn_phone(phone);
        self.because("rule: the time that the customer chose is sought for them");
        self.emit(Event::CallbackWanted { at });
        if !self.state.has_phone {
            self.because("rule: who is to be called is asked for their number");
            self.post_text(words::ask_number(self.state.lang));
        }
        true
    }

    fn wants_no_call(&mut self) -> bool {
        let Some(agreed) = self.state.callback.agreed else { return false };
        self.because("rule: a customer need not be called");
        let (at, by) = (agreed.at, Some(CallbackBy::Customer));
        self.emit(Event::CallbackEnded { at, end: CallbackEnd::Cancelled, by });
        self.say_of_the_call(words::cancelled_by_you(self.state.lang));
        true
    }

    fn heard_phone(&self, text: &str) -> Option<Phone> {
        let country = &self.now.settings.country;
        let said = utterance::hear_contact(text, country, false);
        said.phone.and_then(|phone| Phone::parse(&phone, country).ok())
    }

    fn learn_phone(&mut self, phone: Option<Phone>) {
        if phone.is_some() && phone != self.state.customer_phone {
            self.emit(Event::ContactLearned(ContactLearned { phone, ..ContactLearned::default() }));
        }
    }

    /// Told in the chat, and by mail when an address is known. While a person speaks, what happened is only shown.
    fn say_of_the_call(&mut self, text: String) {
        if self.state.speaker != Speaker::Assistant {
            return;
        }
        self.cancel_turn();
        self.post_text(text);
        let told = self.decision.events.iter().rev().find_map(|event| match event {
            Event::MessagePosted(posted) => Some(posted.message),
            _ => None,
        });
        if let (Channel::Widget, Some(message), Some(to)) =
            (self.state.channel, told, self.state.customer_email.clone())
        {
            // What was agreed stays so whoever speaks next: no fence holds it back.
            self.queue(DeliveryKind::Answer, Some(message), to, None, None);
        }
    }

    fn wall(&self, at: Timestamp) -> jiff::civil::DateTime {
        self.now.settings.time_zone().to_datetime(at)
    }
}

fn minute_of(time: jiff::civil::Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}
