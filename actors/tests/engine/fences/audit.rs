//! Reads every session from its first event on, and says what must never be found there.
//!
//! Versions without gaps, A3 (replay gives the state), A7 (nothing of an older fence), A11 (who waits
//! owns a live timer, in the state and in the rows), C1–C3.

use std::collections::{BTreeMap, HashMap};

use forecourt_core::{
    effect::TimerKind,
    event::{Author, DeliveryKind, DeliveryQueued, Event, EventRecord, Fence},
    id::{DeliveryId, SessionId},
    session::{LeadSession, Speaker},
};
use forecourt_ports::{
    fake::{MemStore, RecordingSender},
    store::Journal as _,
};

use crate::support::TENANT;

/// What the races came to; a race that always ends the same way is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) sessions: usize,
    /// The assistant's words were out before anybody stepped in.
    pub(crate) turn_won: usize,
    /// The running turn fell silent.
    pub(crate) turn_silenced: usize,
    /// The turn had ended, and its letter was stopped at the exit.
    pub(crate) letter_refused: usize,
    pub(crate) promises_kept: usize,
    pub(crate) promises_broken: usize,
    /// Customers who wait in the end.
    pub(crate) waiting: usize,
    pub(crate) drafts_after_commit: usize,
    /// Events that never reached the other node.
    pub(crate) lost: usize,
}

impl std::ops::AddAssign for Outcomes {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.turn_won += other.turn_won;
        self.turn_silenced += other.turn_silenced;
        self.letter_refused += other.letter_refused;
        self.promises_kept += other.promises_kept;
        self.promises_broken += other.promises_broken;
        self.waiting += other.waiting;
        self.drafts_after_commit += other.drafts_after_commit;
        self.lost += other.lost;
    }
}

pub(crate) async fn audit(
    records: Vec<EventRecord>,
    store: &MemStore,
    sender: &RecordingSender,
) -> Outcomes {
    let mut sent: HashMap<DeliveryId, usize> = HashMap::new();
    for letter in sender.sent() {
        *sent.entry(letter.outgoing.delivery).or_default() += 1;
    }
    let mut sessions: BTreeMap<SessionId, Vec<EventRecord>> = BTreeMap::new();
    for record in records {
        sessions.entry(record.session).or_default().push(record);
    }
    let mut rows: BTreeMap<SessionId, BTreeMap<TimerKind, jiff::Timestamp>> = BTreeMap::new();
    for row in store.timers(TENANT).into_iter().filter(|row| row.end.is_none()) {
        rows.entry(row.session).or_default().insert(row.kind, row.due_at);
    }
    let mut outcomes = Outcomes::default();
    for (session, records) in sessions {
        let mut walk = Walk::new(session, &sent);
        for record in &records {
            walk.step(record);
        }
        let stored = store.load(TENANT, session).await.unwrap().unwrap().state;
        assert_eq!(walk.state, stored, "A3: the events give another state");
        let waits = stored.somebody_waits();
        assert!(!waits || !stored.timers().is_empty(), "A11: nobody watches over {session}");
        assert_eq!(rows.remove(&session).unwrap_or_default(), stored.timers(), "A11: rows");
        walk.count(&mut outcomes);
    }
    outcomes
}

struct Walk<'a> {
    state: LeadSession,
    sent: &'a HashMap<DeliveryId, usize>,
    queued: HashMap<DeliveryId, DeliveryQueued>,
    stepped_in: bool,
    spoke_first: bool,
    cancelled: usize,
    refused: usize,
    kept: usize,
    broken: usize,
}

impl<'a> Walk<'a> {
    fn new(session: SessionId, sent: &'a HashMap<DeliveryId, usize>) -> Self {
        Self {
            state: LeadSession::new(session),
            sent,
            queued: HashMap::new(),
            stepped_in: false,
            spoke_first: false,
            cancelled: 0,
            refused: 0,
            kept: 0,
            broken: 0,
        }
    }

    fn step(&mut self, record: &EventRecord) {
        let (state, event) = (&self.state, &record.event);
        assert_eq!(record.version.0, state.version.0 + 1, "a gap in the versions");
        assert!(!state.closed || may_follow_a_close(event), "C3: {event:?} after the close");
        match event {
            Event::TurnStarted { fence, .. } => {
                assert_eq!(state.turn, None, "C1: two turns at once");
                assert_eq!(*fence, state.fence, "A7: a turn of an older fence");
                assert_eq!(state.speaker, Speaker::Assistant, "A7: a turn beside a person");
            }
            Event::MessagePosted(posted) => {
                assert_eq!(posted.seq.0, state.last_message.0 + 1, "C2: a gap in the messages");
                if posted.author == Author::Assistant {
                    assert_eq!(state.speaker, Speaker::Assistant, "A7: over a person");
                    let origin = posted.origin.as_ref().unwrap();
                    let turn = state.turn.filter(|turn| turn.turn == origin.turn);
                    assert!(
                        origin.model == "template" || turn.is_some(),
                        "A7: a turn that is over"
                    );
                    assert!(turn.is_none_or(|turn| turn.fence == state.fence), "A7: old fence");
                    self.spoke_first |= !self.stepped_in;
                }
            }
            Event::TakenOver { fence, .. }
            | Event::Released { fence, .. }
            | Event::Closed { fence } => {
                assert_eq!(*fence, Fence(state.fence.0 + 1), "A7: fences rise one by one");
                self.stepped_in = true;
            }
            Event::TurnCancelled { .. } => self.cancelled += 1,
            Event::DeliveryQueued(queued) => {
                self.queued.insert(queued.delivery, queued.clone());
            }
            Event::DeliveryAccepted { delivery, .. } => {
                assert_eq!(self.sent.get(delivery), Some(&1), "sent once");
            }
            Event::DeliveryRefused { delivery } => {
                let carried = self.queued[delivery].fence.unwrap();
                assert!(carried < state.fence, "A7: refused though its fence holds");
                assert_eq!(self.sent.get(delivery), None, "A7: it left all the same");
                self.refused += 1;
            }
            Event::DeliveryUncertain { .. } | Event::DeliveryFailed { .. } => {
                panic!("nothing was to go wrong: {event:?}")
            }
            Event::PromiseKept { .. } => self.kept += 1,
            Event::PromiseBroken { .. } => self.broken += 1,
            _ => {}
        }
        self.state.apply(event, record.at);
        if matches!(event, Event::DeliveryRefused { .. }) && !self.state.closed {
            assert!(self.state.answer_is_owed(), "A11: the customer is forgotten");
            assert!(self.state.timers().contains_key(&TimerKind::Promise), "A11: no clock runs");
        }
    }

    fn count(self, outcomes: &mut Outcomes) {
        outcomes.sessions += 1;
        outcomes.turn_won += usize::from(self.spoke_first && self.refused == 0);
        outcomes.turn_silenced += self.cancelled.min(1);
        outcomes.letter_refused += self.refused.min(1);
        outcomes.promises_kept += self.kept;
        outcomes.promises_broken += self.broken;
        outcomes.waiting += usize::from(self.state.somebody_waits());
        let times = |delivery| self.sent.get(delivery).copied().unwrap_or(0);
        assert!(self.queued.keys().all(|delivery| times(delivery) <= 1), "a letter left twice");
    }
}

/// The fate of what was on its way, and the people who are told.
fn may_follow_a_close(event: &Event) -> bool {
    match event {
        Event::DeliveryAccepted { .. }
        | Event::DeliveryRetried { .. }
        | Event::DeliveryRefused { .. }
        | Event::HumanAlerted { .. }
        | Event::SubmissionRepeated => true,
        Event::DeliveryQueued(queued) => queued.kind != DeliveryKind::Answer,
        _ => false,
    }
}
