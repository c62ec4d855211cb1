//! Sees every commit as it is stored, and keeps what must follow from it in books of its own.
//!
//! The books are built from events alone, so that they cannot share a mistake with the store: the
//! state of each session by replay, its timers by its effects, each letter by its events.

use std::collections::{BTreeMap, BTreeSet};

use forecourt_core::{
    capture::REPEAT_WINDOW,
    contact::Email,
    effect::{Effect, TimerKind},
    event::{
        AnsweredBy, Author, DeliveryKind, DeliveryQueued, Event, EventRecord, Fence, MessagePosted,
        MessageSeq,
    },
    id::{DeliveryId, LeadId, MessageId, SessionId, TenantId, TurnId},
    promise::Rung,
    session::{Command, LeadSession, Speaker},
};
use forecourt_ports::store::{Append, Appended};
use jiff::Timestamp;

use super::{model::LIE, world::World};

/// A state that is larger, as JSON, has grown with something (A9).
const LARGEST_STATE: usize = 32 * 1024;

/// Everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Witness {
    pub(super) tenants: BTreeMap<TenantId, i64>,
    /// How the addresses of a tenant's customers end.
    pub(super) homes: BTreeMap<TenantId, String>,
    pub(super) sessions: BTreeMap<SessionId, Seen>,
    pub(super) letters: BTreeMap<DeliveryId, Letter>,
    pub(super) leads: BTreeMap<LeadId, SessionId>,
    /// Timers that are set, by the time their session gave them.
    pub(super) timers: BTreeSet<(Timestamp, SessionId, TimerKind)>,
    /// Letters that are not over, by their next try.
    pub(super) open_letters: BTreeSet<(Timestamp, DeliveryId)>,
    /// Promises that run, by their deadline.
    pub(super) owed: BTreeSet<(Timestamp, SessionId, MessageId)>,
    /// Where a submission's content came in last.
    submitted: BTreeMap<(TenantId, String), (SessionId, Timestamp)>,
    /// Sessions with something new since the last look into the store.
    pub(super) touched: BTreeSet<SessionId>,
    /// What was acked to somebody: must be found for ever.
    pub(super) acked: Vec<(SessionId, MessageId)>,
    /// Answers whose provider took them, by message.
    pub(super) taken: BTreeMap<MessageId, DeliveryId>,
}

impl Seen {
    /// Whether a customer of it waits for a text.
    pub(super) fn waits(&self) -> bool {
        !self.promises.is_empty()
    }
}

/// A session by its events.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) tenant: TenantId,
    pub(super) state: LeadSession,
    pub(super) turns: BTreeSet<TurnId>,
    pub(super) messages: BTreeMap<MessageId, MessageSeq>,
    timers: BTreeMap<TimerKind, Timestamp>,
    promises: BTreeMap<MessageId, (Timestamp, Timestamp)>,
    pub(super) keys: BTreeMap<String, (MessageId, Timestamp)>,
    /// How often a member gave the conversation back.
    pub(super) releases: u32,
}

/// A letter by its events and by what the provider saw.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) tenant: TenantId,
    pub(super) session: SessionId,
    pub(super) kind: DeliveryKind,
    pub(super) message: Option<MessageId>,
    pub(super) fence: Option<Fence>,
    pub(super) to: String,
    pub(super) next_at: Timestamp,
    /// How its last recorded handover went on.
    pub(super) handover: Handover,
    /// How often the provider took it.
    pub(super) taken: u32,
    /// How the journal says it ended.
    pub(super) end: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handover {
    /// None is recorded.
    None,
    /// Recorded; the body has not left.
    Recorded,
    /// The body leaves, or left, and nobody knows more.
    Leaving,
    /// The provider said no.
    Refused,
    Taken,
}

impl Witness {
    /// The next try of an open letter is due then.
    pub(super) fn put_off(&mut self, delivery: DeliveryId, until: Timestamp) {
        let Some(letter) = self.letters.get_mut(&delivery).filter(|letter| letter.end.is_none())
        else {
            return;
        };
        self.open_letters.remove(&(letter.next_at, delivery));
        letter.next_at = until;
        self.open_letters.insert((until, delivery));
    }
}

impl World {
    /// A tenant's appends were stored.
    pub(super) fn committed(
        &mut self,
        node: usize,
        tenant: TenantId,
        appends: &[Append],
        appended: &[Appended],
    ) {
        self.check("A2", appends.len() == appended.len(), None, || "answers are missing".into());
        for (append, appended) in appends.iter().zip(appended) {
            match appended {
                Appended::Stored { first } => self.stored(node, tenant, append, first.0),
                Appended::Conflict => self.count("commits that lost a race"),
                Appended::Taken => self.count("captures that lost a race"),
                Appended::Unstorable => {
                    self.check("R8", false, Some(append.session), || "unstorable".into());
                }
            }
        }
    }

    /// Steps of bookings that were put into a tenant's log.
    pub(super) fn told(&mut self, tenant: TenantId, records: &[EventRecord]) {
        for record in records {
            let last = self.witness.tenants.insert(tenant, record.seq.0).unwrap_or(0);
            self.check("A2", record.seq.0 == last + 1, None, || {
                format!("sequence {} follows {last}", record.seq.0)
            });
        }
    }

    fn stored(&mut self, node: usize, tenant: TenantId, append: &Append, first: i64) {
        let session = append.session;
        let kinds: Vec<_> = append.events.iter().map(Event::kind).collect();
        self.count("commits");
        self.step(
            Some(session),
            format!("node {node} stored v{} {}", append.expected.0, kinds.join(" ")),
        );
        let count = append.events.len() as i64;
        let last = self.witness.tenants.insert(tenant, first + count - 1).unwrap_or(0);
        self.check("A2", first == last + 1, Some(session), || {
            format!("sequence {first} follows {last}")
        });

        let mut seen = self.witness.sessions.remove(&session).unwrap_or_else(|| Seen {
            tenant,
            state: LeadSession::new(session),
            turns: BTreeSet::new(),
            messages: BTreeMap::new(),
            timers: BTreeMap::new(),
            promises: BTreeMap::new(),
            keys: BTreeMap::new(),
            releases: 0,
        });
        self.check("A8", seen.tenant == tenant, Some(session), || {
            "a session was written by another tenant".into()
        });
        self.check("A2", seen.state.version == append.expected, Some(session), || {
            format!("written from {} while at {}", append.expected.0, seen.state.version.0)
        });
        if let Some(Command::PostMemberMessage { member, seen: Some(read), .. }) =
            append.cause.as_ref().map(|cause| &cause.command)
        {
            self.count("messages that were sent only because nothing newer was there");
            let newest = seen.state.newest_not_by(Author::Member { member: *member });
            self.check("A7", newest <= *read, Some(session), || {
                "a member spoke past what somebody else had written".into()
            });
        }
        for event in &append.events {
            self.before(session, &seen, event);
            seen.state.apply(event, append.at);
            self.after(session, &mut seen, event, append.at);
        }
        self.check("A3", seen.state == append.state, Some(session), || {
            "the stored state is not the fold of the events".into()
        });
        // Whoever is let down is told of to people, in the same decision or before (A5, R1).
        if append.events.iter().any(|event| self.lets_down(event)) {
            let told = seen.state.handoff.is_some() || seen.state.closed;
            self.check("A5", told, Some(session), || "let down, and nobody was told".into());
        }
        for effect in &append.effects {
            self.row(session, &mut seen, effect);
        }
        self.check("A11", seen.timers == seen.state.timers(), Some(session), || {
            "the rows of timers are not those of the state".into()
        });
        self.check(
            "A11",
            !seen.state.somebody_waits() || !seen.timers.is_empty(),
            Some(session),
            || "somebody waits without a timer".into(),
        );
        let size = serde_json::to_vec(&seen.state).map_or(0, |json| json.len());
        self.check("A9", size < LARGEST_STATE, Some(session), || format!("a state of {size} B"));
        self.witness.touched.insert(session);
        self.witness.sessions.insert(session, seen);
    }

    /// What an event must not do to the state it meets.
    fn before(&mut self, session: SessionId, seen: &Seen, event: &Event) {
        if let Event::MessagePosted(MessagePosted { author, seq, text, .. }) = event {
            let next = seen.state.last_message.0 + 1;
            self.check("A2", seq.0 == next, Some(session), || {
                format!("message {} where {next} is next", seq.0)
            });
            if *author == Author::Assistant {
                self.check("A7", seen.state.speaker == Speaker::Assistant, Some(session), || {
                    "the assistant spoke where a person has taken over".into()
                });
                self.check("A6", !text.contains(LIE), Some(session), || {
                    "an invented price was stored".into()
                });
            }
        }
        if matches!(event, Event::TurnStarted { .. }) {
            self.check("A7", seen.state.pause.is_none(), Some(session), || {
                "the assistant began while a member typed".into()
            });
        }
        if seen.state.closed {
            let kind = event.kind();
            // The fate of letters on their way, and a word to people about it.
            let harmless = kind.starts_with("delivery_")
                || ["submission_repeated", "human_alerted"].contains(&kind);
            self.check("A2", harmless, Some(session), || format!("closed, and then {kind}"));
        }
    }

    fn after(&mut self, session: SessionId, seen: &mut Seen, event: &Event, at: Timestamp) {
        let now = self.time.now();
        match event {
            Event::LeadCaptured(captured) => {
                self.count("leads");
                let before = self.witness.leads.insert(captured.lead, session);
                self.check("R6", before.is_none(), Some(session), || "a lead twice".into());
                let to = captured.email.as_ref().map_or("", Email::as_str);
                let home = self.witness.homes.get(&seen.tenant);
                let ours = to.is_empty() || home.is_some_and(|home| to.ends_with(home.as_str()));
                self.check("A8", ours, Some(session), || "another tenant's customer".into());
            }
            Event::MessagePosted(posted) => self.message(session, seen, posted, at),
            Event::TurnStarted { turn, .. } => {
                self.count("turns");
                seen.turns.insert(*turn);
            }
            Event::TurnFailed { reason, .. } => self.count(format!("turn failed: {reason:?}")),
            Event::TurnCancelled { .. } => self.count("turns cancelled"),
            Event::PromiseMade { message, since, settings } => {
                self.count("promises");
                let due = settings.due(*since, Rung::Deadline);
                seen.promises.insert(*message, (now, due));
                self.witness.owed.insert((due, session, *message));
            }
            Event::PromiseKept { message, by, .. } => {
                let by = match by {
                    AnsweredBy::Model { .. } => "a model",
                    AnsweredBy::Template => "the template",
                    AnsweredBy::Member { .. } => "a person",
                };
                self.count(format!("kept by {by}"));
                if let Some((made, _)) = self.end_promise(session, seen, *message) {
                    self.answered_ms.push(now.duration_since(made).as_millis() as i64);
                }
            }
            Event::PromiseBroken { message, .. } => {
                self.count("broken in the open");
                self.end_promise(session, seen, *message);
            }
            Event::Closed { .. } => {
                for message in seen.promises.keys().copied().collect::<Vec<_>>() {
                    self.count("closed by a person");
                    self.end_promise(session, seen, message);
                }
            }
            Event::DeliveryQueued(queued) => self.queued(session, seen.tenant, queued, at),
            Event::DeliveryAccepted { delivery, .. } => {
                let taken = self.witness.letters.get(delivery).map_or(0, |letter| letter.taken);
                self.check("R1", taken == 1, Some(session), || {
                    format!("{delivery} stands as accepted and was taken {taken} times")
                });
                self.letter_ends(*delivery, "accepted");
            }
            Event::DeliveryFailed { delivery, .. } => {
                let taken = self.witness.letters.get(delivery).map_or(0, |letter| letter.taken);
                self.check("R1", taken == 0, Some(session), || {
                    format!("{delivery} stands as failed and was taken")
                });
                self.letter_ends(*delivery, "failed");
            }
            Event::DeliveryUncertain { delivery, .. } => {
                self.letter_ends(*delivery, "uncertain");
            }
            Event::DeliveryRefused { delivery } => self.letter_ends(*delivery, "refused"),
            Event::DeliveryRetried { delivery, next_at, .. } => {
                self.witness.put_off(*delivery, *next_at);
                self.count("letters tried again");
            }
            Event::HandoffRequested { reason, .. } => self.count(format!("hand-off: {reason:?}")),
            Event::TakenOver { .. } => self.count("take-overs"),
            Event::Released { .. } => {
                self.count("releases");
                seen.releases += 1;
            }
            Event::AssistantPaused { .. } => self.count("pauses for members who type"),
            Event::HandoffPassedOn { .. } => self.count("hand-offs passed on"),
            Event::Assigned { by: None, .. } => self.count("hand-offs routed"),
            Event::Seen { .. } => self.count("readings told"),
            Event::RemindersStopped { .. } => self.count("reminders stopped by people"),
            Event::DeliveryReplayed { of, even_if_sent, .. } => {
                self.replayed(session, *of, *even_if_sent);
            }
            _ => {}
        }
    }

    fn message(
        &mut self,
        session: SessionId,
        seen: &mut Seen,
        posted: &MessagePosted,
        at: Timestamp,
    ) {
        let by = match posted.author {
            Author::Customer => "customers",
            Author::Assistant => "the assistant",
            Author::Member { .. } => "people",
        };
        self.count(format!("messages of {by}"));
        seen.messages.insert(posted.message, posted.seq);
        let Some(key) = &posted.client_id else { return };
        let fresh = |before: &Timestamp| at.duration_since(*before) > REPEAT_WINDOW;
        let before = seen.keys.insert(key.clone(), (posted.message, at));
        let form = key.starts_with("fp:");
        let window = before.as_ref().is_some_and(|(_, before)| fresh(before));
        // A form may say the same again after five minutes; a client's own id is once for ever.
        let once = before.is_none() || (form && window);
        self.check("R6", once, Some(session), || "the same message was stored twice".into());
        if form {
            let place = (seen.tenant, key.clone());
            let elsewhere = self.witness.submitted.insert(place, (session, at));
            let once = elsewhere.is_none_or(|(other, at)| other == session || fresh(&at));
            self.check("R6", once, Some(session), || "one submission, two conversations".into());
        }
    }

    fn queued(
        &mut self,
        session: SessionId,
        tenant: TenantId,
        queued: &DeliveryQueued,
        at: Timestamp,
    ) {
        let what = if queued.kind == DeliveryKind::Answer { "letters" } else { "alerts" };
        self.count(what);
        let letter = Letter {
            tenant,
            session,
            kind: queued.kind,
            message: queued.message,
            fence: queued.fence,
            to: queued.to.as_str().to_owned(),
            next_at: at,
            handover: Handover::None,
            taken: 0,
            end: None,
        };
        self.witness.open_letters.insert((at, queued.delivery));
        let twice = self.witness.letters.insert(queued.delivery, letter);
        self.check("R1", twice.is_none(), Some(session), || "a letter was queued twice".into());
    }

    /// A dead letter is sent once more because a person said so.
    fn replayed(&mut self, session: SessionId, of: DeliveryId, even_if_sent: bool) {
        self.count("dead letters sent again by people");
        let letter = self.witness.letters.get(&of);
        let message = letter.and_then(|letter| letter.message);
        let dead = letter.is_some_and(|letter| {
            letter.session == session
                && (letter.end == Some("failed")
                    || (letter.end == Some("uncertain") && even_if_sent))
        });
        self.check("R1", dead, Some(session), || format!("{of} is sent again, and is not dead"));
        if let Some(message) = message.filter(|_| even_if_sent) {
            self.witness.taken.remove(&message); // that it may arrive twice was said
        }
    }

    fn lets_down(&self, event: &Event) -> bool {
        match event {
            Event::PromiseBroken { .. } => true,
            Event::DeliveryUncertain { delivery, .. } => {
                let letter = self.witness.letters.get(delivery);
                letter.is_some_and(|letter| letter.kind == DeliveryKind::Answer)
            }
            _ => false,
        }
    }

    fn letter_ends(&mut self, delivery: DeliveryId, end: &'static str) {
        self.count(format!("letters {end}"));
        if let Some(letter) = self.witness.letters.get_mut(&delivery) {
            self.witness.open_letters.remove(&(letter.next_at, delivery));
            letter.end = Some(end);
        }
    }

    fn end_promise(
        &mut self,
        session: SessionId,
        seen: &mut Seen,
        message: MessageId,
    ) -> Option<(Timestamp, Timestamp)> {
        let promise = seen.promises.remove(&message);
        self.check("A5", promise.is_some(), Some(session), || "a promise ended twice".into());
        let (made, due) = promise?;
        self.witness.owed.remove(&(due, session, message));
        Some((made, due))
    }

    fn row(&mut self, session: SessionId, seen: &mut Seen, effect: &Effect) {
        match effect {
            Effect::SetTimer { kind, due_at } => {
                if let Some(before) = seen.timers.insert(*kind, *due_at) {
                    self.witness.timers.remove(&(before, session, *kind));
                }
                self.witness.timers.insert((*due_at, session, *kind));
            }
            Effect::EndTimer { kind, .. } => {
                if let Some(before) = seen.timers.remove(kind) {
                    self.witness.timers.remove(&(before, session, *kind));
                }
            }
            _ => {}
        }
    }

    /// Looks for what is overdue by the nodes' own clocks, although everything has worked for a while.
    pub(super) fn look_for_overdue(&mut self) {
        let Some(before) = self.overdue_before() else { return };
        let owed = self.witness.owed.first().copied();
        let late = owed.filter(|(due, ..)| *due < before);
        self.check("A5", late.is_none(), late.map(|(_, session, _)| session), || {
            format!("a promise due at {} has not ended", late.map_or(before, |(due, ..)| due))
        });
        if let Some(late) = late {
            self.witness.owed.remove(&late); // told once
        }
        let timer = self.witness.timers.first().copied();
        let late = timer.filter(|(due, ..)| *due < before);
        self.check("A11", late.is_none(), late.map(|(_, session, _)| session), || {
            let (due, kind) = late.map_or((before, ""), |(due, _, kind)| (due, kind.as_str()));
            format!("the timer {kind} due at {due} was not fired")
        });
        if let Some(late) = late {
            self.witness.timers.remove(&late);
        }
        let letter = self.witness.open_letters.first().copied();
        let late = letter.filter(|(due, _)| *due < before);
        let session = late
            .and_then(|(_, delivery)| self.witness.letters.get(&delivery))
            .map(|letter| letter.session);
        self.check("R1", late.is_none(), session, || {
            format!("a letter due at {} is forgotten", late.map_or(before, |(due, _)| due))
        });
        if let Some(late) = late {
            self.witness.open_letters.remove(&late);
        }
    }
}
