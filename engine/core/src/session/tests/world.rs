//! The session under test, its clock, ids and timers; each decision is checked as it is made.

use super::*;

/// A session under test: decides, checks what must always hold, then takes the new state.
pub(super) struct World {
    pub(super) settings: TenantSettings,
    pub(super) now: Timestamp,
    pub(super) start: Timestamp,
    pub(super) ids: u128,
    pub(super) state: LeadSession,
    pub(super) events: Vec<(Timestamp, Event)>,
    pub(super) decisions: Vec<replay::StoredDecision>,
    /// The timer rows, as effects made them.
    pub(super) timers: BTreeMap<TimerKind, Timestamp>,
    /// Ids of turns that may not speak any more.
    pub(super) over: Vec<TurnId>,
    /// What the circumstances say of the running turn.
    pub(super) turn_shows: bool,
}

impl World {
    pub(super) fn new() -> Self {
        let start = "2026-11-21T12:00:00Z".parse().unwrap();
        Self {
            settings: settings(),
            now: start,
            start,
            ids: 0,
            state: LeadSession::new(SessionId::from_uuid(Uuid::from_u128(1))),
            events: Vec::new(),
            decisions: Vec::new(),
            timers: BTreeMap::new(),
            over: Vec::new(),
            turn_shows: false,
        }
    }

    pub(super) fn captured() -> Self {
        let mut world = Self::new();
        world.submit("Er bilen ledig?").unwrap();
        world
    }

    pub(super) fn submit(&mut self, message: &str) -> Result<Decided, Rejection> {
        let contact = SubmittedContact {
            contact: ContactId::from_uuid(Uuid::from_u128(2)),
            new_contact: true,
            lead: LeadId::from_uuid(Uuid::from_u128(3)),
            source: Source::Website,
            same_phone_as: None,
        };
        self.run(Command::Submit { submission: submission(message), contact })
    }

    pub(super) fn run(&mut self, command: Command) -> Result<Decided, Rejection> {
        self.ids += 1 << 20;
        let circumstances = Circumstances {
            now: self.now,
            settings: &self.settings,
            fresh: Fresh(Uuid::from_u128(self.ids)),
            turn_shows: self.turn_shows,
        };
        let before = self.state.clone();
        let decided = self.state.decide(command.clone(), circumstances);
        let cause = replay::Cause {
            command: command.clone(),
            fresh: circumstances.fresh.0,
            turn_shows: circumstances.turn_shows,
            settings: self.settings.print(),
        };
        assert_eq!(decided, self.state.decide(command, circumstances), "A3: decided differently");
        assert_eq!(self.state, before, "A3: deciding changed the state");
        let decided = decided?;
        let events = &decided.decision.events;
        if !events.is_empty() {
            let version = Version(before.version.0 + 1);
            let (at, events) = (self.now, events.clone());
            let stored = replay::StoredDecision { version, at, cause: Some(cause), events };
            // As the journal keeps it: what JSON loses would be lost to the replay.
            let kept = serde_json::to_string(&stored).unwrap();
            self.decisions.push(serde_json::from_str(&kept).unwrap());
        }
        assert_eq!(decided.state.version.0, before.version.0 + events.len() as i64, "A2");
        let mut paused = before.pause.is_some();
        for event in events {
            match event {
                Event::TurnCancelled { turn } | Event::TurnFailed { turn, .. } => {
                    self.over.push(*turn);
                }
                Event::TurnStarted { rung, .. } => {
                    assert!(!paused, "began while a member types");
                    let awaited = before.attachments.iter().any(|one| {
                        let settled = events.iter().any(|event| {
                            matches!(event,
                            Event::AttachmentArrived { attachment, .. }
                            | Event::AttachmentFailed { attachment, .. } if *attachment == one.id)
                        });
                        one.state == AttachmentState::Arriving
                            && one.until.is_some_and(|until| until > self.now)
                            && !settled
                    });
                    assert!(*rung != Rung::Primary || !awaited, "began before a file that comes");
                }
                Event::AssistantPaused { .. } => paused = true,
                Event::AssistantResumed | Event::TakenOver { .. } | Event::Released { .. } => {
                    paused = false;
                }
                Event::MessagePosted(posted) => {
                    assert_eq!(posted.seq.0, self.messages() + 1, "C2: a gap in the messages");
                    if let Some(origin) = &posted.origin {
                        assert_eq!(
                            self.state.speaker,
                            Speaker::Assistant,
                            "A7: spoke over a person"
                        );
                        assert!(
                            !self.over.contains(&origin.turn),
                            "A7: a turn that was over spoke"
                        );
                        self.over.push(origin.turn);
                    }
                }
                _ => {}
            }
            self.events.push((self.now, event.clone()));
        }
        for effect in &decided.decision.effects {
            match effect {
                Effect::SetTimer { kind, due_at } => {
                    self.timers.insert(*kind, *due_at);
                }
                Effect::EndTimer { kind, .. } => {
                    assert!(self.timers.remove(kind).is_some(), "a timer ended that was not set");
                }
                _ => {}
            }
        }
        self.state = decided.state.clone();
        let replayed =
            LeadSession::replay(self.state.id, self.events.iter().map(|(at, e)| (*at, e)));
        assert_eq!(replayed, self.state, "A3: the journal does not give the state");
        assert_eq!(
            self.timers,
            self.state.timers(),
            "the rows of timers are not those of the state"
        );
        assert!(!self.state.somebody_waits() || !self.timers.is_empty(), "A11");
        assert!(self.state.gather.is_none() || self.state.turn.is_none(), "C1: gathers in a turn");
        assert!(
            self.state.pause.is_none() || self.state.gather.is_none(),
            "a burst is gathered while a member types"
        );
        if self.state.answer_is_owed() && !self.state.closed {
            assert!(self.timers.contains_key(&TimerKind::Promise), "A5: a pause stopped the clock");
        }
        Ok(decided)
    }

    pub(super) fn messages(&self) -> i64 {
        self.events.iter().filter(|(_, e)| matches!(e, Event::MessagePosted(_))).count() as i64
    }

    pub(super) fn turn(&self) -> TurnId {
        self.state.turn.expect("a turn runs").turn
    }

    pub(super) fn answer(&mut self) -> Result<Decided, Rejection> {
        let turn = self.turn();
        self.run(Command::EndTurn {
            turn,
            result: Ok(an_answer()),
            notes: crate::dialogue::TurnNotes::default(),
        })
    }

    /// Lets time pass, firing what is due on the way.
    pub(super) fn wait_until(&mut self, at: Timestamp) {
        while let Some((kind, due)) = self
            .timers
            .clone()
            .into_iter()
            .min_by_key(|(_, due)| *due)
            .filter(|(_, due)| *due <= at)
        {
            self.now = self.now.max(due);
            let turn_runs = self.state.turn.is_some();
            self.run(Command::FireTimer { kind, turn_runs }).unwrap();
        }
        self.now = at;
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.wait_until(self.now + SignedDuration::from_secs(seconds));
    }

    pub(super) fn rungs(&self) -> Vec<(i64, Rung)> {
        let rung = |(at, event): &(Timestamp, Event)| match event {
            Event::RungReached { rung, .. } => {
                Some((at.duration_since(self.start).as_secs(), *rung))
            }
            _ => None,
        };
        self.events.iter().filter_map(rung).collect()
    }

    /// Only the look after a silent customer is left of the timers.
    pub(super) fn owes_nothing(&self) -> bool {
        self.timers.keys().all(|kind| *kind == TimerKind::Idle)
    }

    pub(super) fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(_, event)| wanted(event))
    }

    pub(super) fn delivery(&self) -> DeliveryId {
        let is_answer =
            |(_, open): &(&DeliveryId, &OpenDelivery)| open.kind == DeliveryKind::Answer;
        *self.state.deliveries.iter().find(is_answer).expect("an answer is on its way").0
    }

    pub(super) fn report(
        &mut self,
        delivery: DeliveryId,
        report: DeliveryReport,
    ) -> Result<Decided, Rejection> {
        let attempt = self.state.deliveries[&delivery].attempts + 1;
        self.run(Command::ReportDelivery { delivery, attempt, report })
    }
}

pub(super) fn chat() -> World {
    let mut world = World::new();
    world.run(Command::Open { lang: Lang::Nb }).unwrap();
    world
}

impl World {
    pub(super) fn write(&mut self, text: &str) -> Result<Decided, Rejection> {
        self.write_with(text, &[])
    }

    pub(super) fn write_with(
        &mut self,
        text: &str,
        attachments: &[AttachmentId],
    ) -> Result<Decided, Rejection> {
        let client_id = format!("c{}", self.ids);
        self.run(Command::PostMessage {
            text: text.into(),
            client_id,
            page_url: None,
            pressed: None,
            attachments: attachments.to_vec(),
        })
    }

    pub(super) fn turns(&self) -> usize {
        self.events.iter().filter(|(_, e)| matches!(e, Event::TurnStarted { .. })).count()
    }
}
