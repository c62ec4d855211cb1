//! One conversation of one contact with one tenant: the rules that turn a [`Command`] into events and effects.
//!
//! Lives here: the state, how events change it, and what it owes. [`decide`](LeadSession::decide) is in
//! `decide/`, what can be asked in `command.rs`.
//!
//! # Invariants
//! - **A3** the state is the fold of its events;
//! - **A7** a turn, delivery or timer of an older fence or id changes nothing;
//! - **A11** a customer who waits owns a live timer: the timers are derived from the state, and every
//!   decision settles the difference;
//! - **C1** at most one turn runs, and none while a burst is gathered;
//! - **C2** message `seq` grows by one, without gaps;
//! - **C3** a closed session never changes again, save for the fate of deliveries on their way.

mod command;
mod dead;
mod decide;
mod people;
pub mod replay;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    command::{
        Answer, Circumstances, Command, DeliveryReport, Fresh, NotGranted, Rejection,
        SubmittedContact,
    },
    dead::DeadLetter,
    decide::Decided,
    people::{Hold, Pause, Reroute, SeenUpTo, Talk, Voices},
};
use crate::{
    attachment::{AttachmentState, Attachments},
    callback::{Callback, CallbackDesk},
    contact::{Email, Phone},
    delivery::Intent,
    dialogue::{CodeState, Dialogue},
    effect::{Effect, TimerKind},
    event::{
        AlertReason, AnsweredBy, Author, Channel, ContactLearned, DeliveryKind, DeliveryQueued,
        Event, Fence, MessageSeq, Version,
    },
    gather::Gather,
    id::{ContactId, DeliveryId, LeadId, MemberId, MessageId, SessionId, TurnId},
    lang::Lang,
    promise::{PromiseSettings, Rung},
};

/// How long a turn is taken to run before somebody looks whether it does.
const TURN_LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How many client ids and fingerprints a session remembers.
const REMEMBERED: usize = 32;
/// How many deliveries a thread names (RFC 5322 `References`).
const MAX_THREAD: usize = 20;

/// The state of a lead session; stored as a snapshot beside its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadSession {
    pub id: SessionId,
    pub version: Version,
    pub fence: Fence,
    pub channel: Channel,
    pub lang: Lang,
    pub speaker: Speaker,
    pub closed: bool,
    pub lead: Option<LeadId>,
    pub contact: Option<ContactId>,
    pub customer_name: Option<String>,
    pub customer_email: Option<Email>,
    pub vehicle_interest: Option<String>,
    pub promise_settings: PromiseSettings,
    /// Oldest first. An answer covers every promise that has none yet. None outlives its deadline.
    pub promises: Vec<Promise>,
    pub turn: Option<RunningTurn>,
    /// A burst of the customer's that no turn answers yet.
    #[serde(default)]
    pub gather: Option<Gather>,
    pub handoff: Option<HandoffWait>,
    /// Those not yet ended.
    pub deliveries: BTreeMap<DeliveryId, OpenDelivery>,
    /// Those that failed, or of which nobody knows whether they left; the newest ones. A person may
    /// have them sent once more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dead: BTreeMap<DeliveryId, DeadLetter>,
    /// Answers sent, oldest first, for threading.
    pub thread: Vec<DeliveryId>,
    pub last_message: MessageSeq,
    /// The customer's last text, shortened, for alerts.
    pub last_customer_text: String,
    pub remembered: VecDeque<Remembered>,
    /// Whose conversation it is, whoever speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<MemberId>,
    /// A member types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// How long the member who has taken over has been silent; none while the assistant speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    #[serde(default, skip_serializing_if = "SeenUpTo::is_empty")]
    pub seen: SeenUpTo,
    #[serde(default)]
    pub voices: Voices,
    /// What was said since a person last answered.
    #[serde(default, skip_serializing_if = "Talk::is_empty")]
    pub talk: Talk,
    /// Whether a phone number of the customer's is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_phone: bool,
    /// The number, unless it came before it was kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_phone: Option<Phone>,
    /// Whether text messages are welcome.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sms_consent: bool,
    #[serde(default, skip_serializing_if = "Dialogue::is_empty")]
    pub dialogue: Dialogue,
    /// When a person calls the customer, or may.
    #[serde(default, skip_serializing_if = "CallbackDesk::is_empty")]
    pub callback: CallbackDesk,
    #[serde(default, skip_serializing_if = "Attachments::is_empty")]
    pub attachments: Attachments,
}

/// Who speaks for the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Assistant,
    Member(MemberId),
}

/// A customer waits for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    pub message: MessageId,
    /// Place of the message in the conversation.
    #[serde(default)]
    pub seq: MessageSeq,
    pub since: Timestamp,
    /// The last rung that was reached.
    pub rung: Rung,
    /// The delivery that carries the answer, once there is one.
    pub answer: Option<DeliveryId>,
    pub by: Option<AnsweredBy>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningTurn {
    pub turn: TurnId,
    pub rung: Rung,
    pub fence: Fence,
    /// Until when nobody else may think the turn lost.
    pub leased_until: Timestamp,
    /// The last message it has read; what came later it does not answer.
    #[serde(default = "all_messages")]
    pub covers: MessageSeq,
}

/// A turn of before turns knew what they cover, and a template, cover everything.
const fn all_messages() -> MessageSeq {
    MessageSeq(i64::MAX)
}

/// A customer waits for a person; reminders run until one writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffWait {
    pub since: Timestamp,
    pub reason: AlertReason,
    pub reminders: u32,
    /// The place of its request in the session's log: tells one hand-off from the next.
    #[serde(default)]
    pub began: Version,
    /// When it goes to the next person, unless somebody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reroute: Option<Reroute>,
    /// When a call-back is offered whoever is there; none once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDelivery {
    pub kind: DeliveryKind,
    pub fence: Option<Fence>,
    pub deadline: Option<Timestamp>,
    pub attempts: u32,
    /// Tries made on the long ladder, after the promise.
    pub ladder: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// None, as the intent, when it was queued before there was a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Email>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

/// A message that came in, by the sender's own id or by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub key: String,
    pub message: MessageId,
    pub seq: MessageSeq,
    pub at: Timestamp,
}

impl LeadSession {
    /// A session of which nothing is known yet.
    pub fn new(id: SessionId) -> Self {
        Self {
            id,
            version: Version(0),
            fence: Fence(0),
            channel: Channel::Widget,
            lang: Lang::En,
            speaker: Speaker::Assistant,
            closed: false,
            lead: None,
            contact: None,
            customer_name: None,
            customer_email: None,
            vehicle_interest: None,
            promise_settings: PromiseSettings::default(),
            promises: Vec::new(),
            turn: None,
            gather: None,
            handoff: None,
            deliveries: BTreeMap::new(),
            dead: BTreeMap::new(),
            thread: Vec::new(),
            last_message: MessageSeq(0),
            last_customer_text: String::new(),
            remembered: VecDeque::new(),
            assignee: None,
            pause: None,
            hold: None,
            seen: SeenUpTo::default(),
            voices: Voices::default(),
            talk: Talk::default(),
            has_phone: false,
            customer_phone: None,
            sms_consent: false,
            dialogue: Dialogue::default(),
            callback: CallbackDesk::default(),
            attachments: Attachments::default(),
        }
    }

    /// Rebuilds a session from its events; replaying is how A3 is checked.
    pub fn replay<'a>(
        id: SessionId,
        events: impl IntoIterator<Item = (Timestamp, &'a Event)>,
    ) -> Self {
        let mut state = Self::new(id);
        for (at, event) in events {
            state.apply(event, at);
        }
        state
    }

    /// Whether anything was ever stored of it.
    pub const fn exists(&self) -> bool {
        self.version.0 > 0
    }

    /// Whether a customer waits for a text that nobody has written yet.
    pub fn answer_is_owed(&self) -> bool {
        self.promises.iter().any(|promise| promise.answer.is_none())
    }

    /// Whether a customer waits, for an answer, for a person, or to be called (A11).
    pub const fn somebody_waits(&self) -> bool {
        !self.promises.is_empty() || self.handoff.is_some() || self.callback.agreed.is_some()
    }

    /// Every timer the state needs, with its due time. There are no others (A11).
    pub fn timers(&self) -> BTreeMap<TimerKind, Timestamp> {
        let mut timers = BTreeMap::new();
        if let Some((_, _, due)) = self.next_rung() {
            timers.insert(TimerKind::Promise, due);
        }
        if let Some(handoff) = &self.handoff {
            timers.insert(TimerKind::Handoff, handoff.next_reminder());
        }
        if let Some(turn) = &self.turn {
            timers.insert(TimerKind::Turn, turn.leased_until);
        }
        if let Some(gather) = &self.gather {
            let awaited = self.attachments.awaited_until();
            timers.insert(TimerKind::Gather, awaited.unwrap_or(gather.until).max(gather.until));
        }
        if let Some(pause) = &self.pause {
            timers.insert(TimerKind::Resume, pause.until);
        }
        if let Some(due) = self.gives_back_at() {
            timers.insert(TimerKind::GiveBack, due);
        }
        if let Some(due) = self.dialogue.idle_at.filter(|_| !self.closed) {
            timers.insert(TimerKind::Idle, due);
        }
        if let Some(due) = self.passes_on_at() {
            timers.insert(TimerKind::Reroute, due);
        }
        if let Some(due) = self.callback_due() {
            timers.insert(TimerKind::Callback, due);
        }
        timers
    }

    /// The promise whose next rung is due first: its place, the rung, and when.
    pub(crate) fn next_rung(&self) -> Option<(usize, Rung, Timestamp)> {
        let rung_of = |promise: &Promise| {
            let answered_by_person = matches!(self.speaker, Speaker::Member(_));
            let mut rung = promise.rung.next()?;
            // A person answers, or an answer is on its way: the rungs of the models are not theirs.
            if (answered_by_person || promise.answer.is_some()) && rung < Rung::Alert {
                rung = Rung::Alert;
            }
            Some((rung, self.promise_settings.due(promise.since, rung)))
        };
        self.promises
            .iter()
            .enumerate()
            .filter_map(|(index, promise)| rung_of(promise).map(|(rung, due)| (index, rung, due)))
            .min_by_key(|(index, _, due)| (*due, *index))
    }

    /// What is still owed after a reload: a turn that ran when the process ended runs again (A4).
    ///
    /// Timers and deliveries need no word here: their rows are claimed by whoever is alive.
    pub fn owed(&self) -> Vec<Effect> {
        self.turn
            .iter()
            .map(|turn| Effect::StartTurn { turn: turn.turn, rung: turn.rung, fence: turn.fence })
            .collect()
    }

    /// Until when a turn of this rung is worth waiting for.
    pub fn turn_until(&self, rung: Rung) -> Option<Timestamp> {
        let promise = self.promises.iter().find(|promise| promise.answer.is_none())?;
        let end = if rung == Rung::Primary { Rung::Second } else { Rung::ModelsEnd };
        Some(self.promise_settings.due(promise.since, end))
    }

    /// Where a message with this client id or fingerprint went, if it came before.
    pub fn find_remembered(&self, key: &str) -> Option<&Remembered> {
        self.remembered.iter().rev().find(|remembered| remembered.key == key)
    }

    /// Applies a stored event. Never fails: an event is a fact.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        self.version.0 += 1;
        match event {
            Event::SessionOpened { channel, lang } => {
                (self.channel, self.lang) = (*channel, *lang);
            }
            Event::LanguageChanged { lang } => self.lang = *lang,
            Event::LeadCaptured(captured) => {
                self.lead = Some(captured.lead);
                self.contact = Some(captured.contact);
                self.customer_name.clone_from(&captured.name);
                self.customer_email.clone_from(&captured.email);
                self.vehicle_interest.clone_from(&captured.vehicle_interest);
                self.has_phone = captured.phone.is_some();
                self.customer_phone.clone_from(&captured.phone);
            }
            // The second is of a booking's own stream, never of a session's.
            Event::HandoffNoted { .. } | Event::BookingTold(_) => {}
            Event::ToolGranted { tool, .. } => {
                *self.dialogue.granted.entry(*tool).or_default() += 1;
            }
            Event::CustomToolGranted { tool, .. } => {
                *self.dialogue.custom_granted.entry(tool.clone()).or_default() += 1;
            }
            Event::TurnNoted { notes, .. } => {
                if !notes.offers.is_empty() {
                    self.dialogue.offers.clone_from(&notes.offers);
                }
            }
            Event::BookingNoted(news) => self.dialogue.note_booking(*news),
            Event::SlotPicked(pick) => self.dialogue.picked = Some(*pick),
            Event::OfferAnswered { booking, accepted } => {
                let message = accepted.then_some(self.last_message);
                self.dialogue.note_verdict(*booking, message);
            }
            Event::CodeNoted { booking, proven_until } => {
                let (booking, proven_until) = (*booking, *proven_until);
                self.dialogue.code = Some(CodeState { booking, proven_until });
            }
            Event::ContactLearned(learned) => self.learn(learned),
            Event::IdleChecked { until } => self.dialogue.idle_at = *until,
            Event::SubmissionRepeated | Event::HumanAlerted { .. } => {
                if let (Event::HumanAlerted { .. }, Some(handoff)) = (event, &mut self.handoff) {
                    // Late::Shift: one reminder stands for all that were missed.
                    while handoff.next_reminder() <= at {
                        handoff.reminders += 1;
                    }
                }
            }
            Event::LeadRepeated { vehicle_interest, .. } => {
                if vehicle_interest.is_some() {
                    self.vehicle_interest.clone_from(vehicle_interest);
                }
            }
            Event::MessagePosted(posted) => self.apply_message(posted, at),
            Event::AttachmentAnnounced { attachment, client_id, bytes } => {
                self.attachments.note_announced(*attachment, client_id, *bytes);
            }
            Event::AttachmentsPosted { message, seq, attachments, until } => {
                self.attachments.note_posted(attachments, *message, *seq, *until);
            }
            Event::AttachmentArrived { attachment, kind, bytes, .. } => {
                let state = AttachmentState::Arrived { kind: *kind };
                self.attachments.note_settled(*attachment, state, *bytes);
            }
            Event::AttachmentFailed { attachment, reason, bytes, .. } => {
                let state = AttachmentState::Failed { reason: *reason };
                self.attachments.note_settled(*attachment, state, *bytes);
            }
            Event::PromiseMade { message, since, settings } => {
                self.promise_settings = *settings;
                self.promises.push(Promise {
                    message: *message,
                    seq: self.last_message,
                    since: *since,
                    rung: Rung::Primary,
                    answer: None,
                    by: None,
                });
            }
            Event::RungReached { message, rung } => {
                for promise in self.promises.iter_mut().filter(|p| p.message == *message) {
                    promise.rung = *rung;
                }
            }
            Event::TurnStarted { turn, rung, fence } => {
                let leased_until = at.saturating_add(TURN_LEASE).unwrap_or(Timestamp::MAX);
                let (turn, rung, fence) = (*turn, *rung, *fence);
                let covers = self.last_message;
                self.turn = Some(RunningTurn { turn, rung, fence, leased_until, covers });
                self.gather = None;
            }
            Event::Gathering { until } => {
                let since = self.gather.map_or(at, |gather| gather.since);
                self.gather = Some(Gather { since, until: *until });
            }
            Event::TurnYielded { .. } => {
                if let Some(turn) = &mut self.turn {
                    turn.leased_until = at;
                }
            }
            Event::TurnKept { .. } => {
                if let Some(turn) = &mut self.turn {
                    turn.leased_until = at.saturating_add(TURN_LEASE).unwrap_or(Timestamp::MAX);
                }
            }
            Event::TurnFailed { .. } | Event::TurnCancelled { .. } => self.turn = None,
            Event::DeliveryQueued(queued) => self.apply_queued(queued),
            Event::DeliveryAccepted { delivery, .. } => {
                let open = self.deliveries.remove(delivery);
                self.settle(open.as_ref());
                if open.is_some_and(|open| open.kind == DeliveryKind::Answer) {
                    self.thread.push(*delivery);
                    if self.thread.len() > MAX_THREAD {
                        self.thread.remove(1); // the first and the newest matter (RFC 5322 3.6.4)
                    }
                }
            }
            Event::DeliveryRetried { delivery, attempt, .. } => {
                if let Some(open) = self.deliveries.get_mut(delivery) {
                    open.attempts = *attempt;
                    open.ladder += u32::from(open.deadline.is_none_or(|deadline| deadline <= at));
                }
            }
            Event::DeliveryFailed { delivery, .. } => self.bury(*delivery, false),
            Event::DeliveryUncertain { delivery, .. } => self.bury(*delivery, true),
            Event::DeliveryReplayed { of, delivery, client_id, .. } => {
                self.note_replay(*of, *delivery, client_id.as_deref());
            }
            Event::DeliveryRefused { delivery } => {
                self.deliveries.remove(delivery);
                for promise in &mut self.promises {
                    if promise.answer == Some(*delivery) {
                        (promise.answer, promise.by) = (None, None);
                    }
                }
            }
            Event::PromiseKept { message, .. } | Event::PromiseBroken { message, .. } => {
                self.promises.retain(|promise| promise.message != *message);
            }
            Event::HandoffRequested { reason, reroute_ms, callback_ms } => {
                let (reason, began) = (*reason, self.version);
                let reroute = reroute_ms.map(|after_ms| Reroute::begin(at, after_ms, self.handoff));
                let callback_at = people::offers_callback_at(at, *callback_ms, self.handoff);
                self.handoff = Some(HandoffWait {
                    since: at,
                    reason,
                    reminders: 0,
                    began,
                    reroute,
                    callback_at,
                });
                if reason == AlertReason::Quarantined {
                    self.gather = None;
                }
            }
            Event::RemindersStopped { .. } => self.handoff = None,
            Event::CallbackSought => {
                if let Some(handoff) = &mut self.handoff {
                    handoff.callback_at = None;
                }
            }
            Event::CallbackOffered { times, why } => {
                self.callback.withdraw();
                (self.callback.offered, self.callback.why) = (times.clone(), Some(*why));
            }
            Event::CallbackWanted { at } => self.callback.wanted = Some(*at),
            Event::CallbackAgreed { at, minutes, member, .. } => {
                self.callback.withdraw();
                let (at, minutes, member) = (*at, *minutes, *member);
                self.callback.agreed = Some(Callback { at, minutes, member, rang: None });
                self.handoff = None;
            }
            Event::CallbackRang { .. } => {
                if let Some(agreed) = &mut self.callback.agreed {
                    agreed.rang = Some(at);
                }
            }
            Event::CallbackEnded { .. } => self.callback.agreed = None,
            Event::HandoffPassedOn { .. } => {
                if let Some(reroute) = self.handoff.as_mut().and_then(|wait| wait.reroute.as_mut())
                {
                    reroute.pass_on(at);
                }
            }
            Event::Assigned { member, .. } => {
                self.assignee = *member;
                self.begin_reroute_anew(at);
            }
            Event::AssistantPaused { member, until } => {
                self.pause = Some(Pause { member: *member, until: *until });
                self.gather = None;
            }
            Event::AssistantResumed => self.pause = None,
            Event::Seen { by, upto } => self.seen.note(*by, *upto),
            Event::TakenOver { member, fence, give_back_ms } => {
                (self.speaker, self.fence) = (Speaker::Member(*member), *fence);
                self.hold = give_back_ms.map(|after_ms| Hold { since: at, after_ms });
                (self.gather, self.pause) = (None, None);
                self.begin_reroute_anew(at);
            }
            Event::Released { fence, .. } => {
                (self.speaker, self.fence) = (Speaker::Assistant, *fence);
                (self.hold, self.pause) = (None, None);
            }
            Event::Closed { fence } => {
                (self.closed, self.fence) = (true, *fence);
                (self.turn, self.gather, self.handoff) = (None, None, None);
                (self.hold, self.pause) = (None, None);
                self.callback = CallbackDesk::default();
                self.promises.clear();
            }
        }
    }

    fn apply_message(&mut self, posted: &crate::event::MessagePosted, at: Timestamp) {
        self.voices.note(posted.author, self.last_message);
        self.talk.note(posted.author, &posted.text);
        self.last_message = posted.seq;
        if let Some(key) = &posted.client_id {
            if self.remembered.len() == REMEMBERED {
                self.remembered.pop_front();
            }
            self.remembered.push_back(Remembered {
                key: key.clone(),
                message: posted.message,
                seq: posted.seq,
                at,
            });
        }
        match posted.author {
            Author::Customer => self.dialogue.note_customer(at),
            Author::Assistant => self.dialogue.note_answer(posted.seq, at),
            Author::Member { .. } => self.dialogue.note_member(),
        }
        match posted.author {
            Author::Customer => {
                self.last_customer_text = crate::text::excerpt(&posted.text, 200);
            }
            Author::Assistant => {
                let by = posted.origin.as_ref().map(|origin| match origin.model.as_str() {
                    decide::TEMPLATE => AnsweredBy::Template,
                    model => AnsweredBy::Model { model: model.to_owned() },
                });
                let speaks = posted.origin.as_ref().map(|origin| origin.turn);
                let turn = self.turn.take().filter(|turn| Some(turn.turn) == speaks);
                let covers = turn.map_or(all_messages(), |turn| turn.covers);
                self.gather = self.gather.filter(|_| turn.is_some());
                let covered = |p: &&mut Promise| p.answer.is_none() && p.seq <= covers;
                for promise in self.promises.iter_mut().filter(covered) {
                    promise.by.clone_from(&by);
                }
            }
            Author::Member { member } => {
                (self.handoff, self.pause) = (None, None);
                self.callback.withdraw();
                if let Some(hold) = &mut self.hold {
                    hold.since = at;
                }
                for promise in self.promises.iter_mut().filter(|p| p.answer.is_none()) {
                    promise.by = Some(AnsweredBy::Member { member });
                }
            }
        }
    }

    fn learn(&mut self, learned: &ContactLearned) {
        let ContactLearned { name, email, phone, company: _, sms_consent, answers } = learned;
        if name.is_some() {
            self.customer_name.clone_from(name);
        }
        if email.is_some() {
            self.customer_email.clone_from(email);
        }
        if phone.is_some() {
            self.customer_phone.clone_from(phone);
            self.has_phone = true;
        }
        self.sms_consent = sms_consent.unwrap_or(self.sms_consent);
        self.dialogue.note_answers(answers);
    }

    fn apply_queued(&mut self, queued: &DeliveryQueued) {
        self.deliveries.insert(
            queued.delivery,
            OpenDelivery {
                kind: queued.kind,
                fence: queued.fence,
                deadline: queued.deadline,
                attempts: 0,
                ladder: 0,
                message: queued.message,
                to: Some(queued.to.clone()),
                intent: queued.intent.clone(),
            },
        );
        if queued.kind == DeliveryKind::Answer && queued.replay_of.is_none() {
            // Those that the message it carries answers.
            let answered = |p: &&mut Promise| p.answer.is_none() && p.by.is_some();
            for promise in self.promises.iter_mut().filter(answered) {
                promise.answer = Some(queued.delivery);
            }
        }
    }
}

impl HandoffWait {
    /// 15 min after the start, then after pauses that double, up to a day.
    pub fn next_reminder(&self) -> Timestamp {
        let minutes: i64 = (0..=self.reminders).map(|n| (15_i64 << n.min(7)).min(24 * 60)).sum();
        self.since.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
    }
}
