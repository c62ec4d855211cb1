//! Tables and properties of the lead session; the names of invariants are those of the architecture.

mod dialogue;
mod people;
mod replays;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{replay::Verdict, *};
use crate::{
    capture::{RawSubmission, Submission},
    effect::TimerEnd,
    event::{AssignReason, Reader, Source, TurnFailure},
    gather::GatherSettings,
    settings::{Brand, MailSettings, TenantSettings},
};

fn settings() -> TenantSettings {
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: crate::hours::OpeningHours::default(),
        promise: PromiseSettings::default(),
        gather: GatherSettings::default(),
        handoff: crate::handoff::HandoffSettings::default(),
        dialogue: crate::dialogue::DialogueSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "post@nordlys.example".into(),
            reply_to: None,
            alert_to: vec!["vakt@nordlys.example".into()],
        },
        allowed_origins: Vec::new(),
        models: crate::models::ModelSettings::default(),
    }
}

fn submission(message: &str) -> Submission {
    RawSubmission {
        name: Some("Kari Nordmann".into()),
        email: Some("kari@example.no".into()),
        message: Some(message.into()),
        ..RawSubmission::default()
    }
    .parse("NO")
    .unwrap()
}

/// A session under test: decides, checks what must always hold, then takes the new state.
struct World {
    settings: TenantSettings,
    now: Timestamp,
    start: Timestamp,
    ids: u128,
    state: LeadSession,
    events: Vec<(Timestamp, Event)>,
    decisions: Vec<replay::StoredDecision>,
    /// The timer rows, as effects made them.
    timers: BTreeMap<TimerKind, Timestamp>,
    /// Ids of turns that may not speak any more.
    over: Vec<TurnId>,
    /// What the circumstances say of the running turn.
    turn_shows: bool,
}

impl World {
    fn new() -> Self {
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

    fn captured() -> Self {
        let mut world = Self::new();
        world.submit("Er bilen ledig?").unwrap();
        world
    }

    fn submit(&mut self, message: &str) -> Result<Decided, Rejection> {
        let contact = SubmittedContact {
            contact: ContactId::from_uuid(Uuid::from_u128(2)),
            new_contact: true,
            lead: LeadId::from_uuid(Uuid::from_u128(3)),
            source: Source::Website,
            same_phone_as: None,
        };
        self.run(Command::Submit { submission: submission(message), contact })
    }

    fn run(&mut self, command: Command) -> Result<Decided, Rejection> {
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
                Event::TurnStarted { .. } => assert!(!paused, "began while a member types"),
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

    fn messages(&self) -> i64 {
        self.events.iter().filter(|(_, e)| matches!(e, Event::MessagePosted(_))).count() as i64
    }

    fn turn(&self) -> TurnId {
        self.state.turn.expect("a turn runs").turn
    }

    fn answer(&mut self) -> Result<Decided, Rejection> {
        let turn = self.turn();
        self.run(Command::EndTurn {
            turn,
            result: Ok(an_answer()),
            notes: crate::dialogue::TurnNotes::default(),
        })
    }

    /// Lets time pass, firing what is due on the way.
    fn wait_until(&mut self, at: Timestamp) {
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

    fn wait(&mut self, seconds: i64) {
        self.wait_until(self.now + SignedDuration::from_secs(seconds));
    }

    fn rungs(&self) -> Vec<(i64, Rung)> {
        let rung = |(at, event): &(Timestamp, Event)| match event {
            Event::RungReached { rung, .. } => {
                Some((at.duration_since(self.start).as_secs(), *rung))
            }
            _ => None,
        };
        self.events.iter().filter_map(rung).collect()
    }

    /// Only the look after a silent customer is left of the timers.
    fn owes_nothing(&self) -> bool {
        self.timers.keys().all(|kind| *kind == TimerKind::Idle)
    }

    fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(_, event)| wanted(event))
    }

    fn delivery(&self) -> DeliveryId {
        let is_answer =
            |(_, open): &(&DeliveryId, &OpenDelivery)| open.kind == DeliveryKind::Answer;
        *self.state.deliveries.iter().find(is_answer).expect("an answer is on its way").0
    }

    fn report(
        &mut self,
        delivery: DeliveryId,
        report: DeliveryReport,
    ) -> Result<Decided, Rejection> {
        let attempt = self.state.deliveries[&delivery].attempts + 1;
        self.run(Command::ReportDelivery { delivery, attempt, report })
    }
}

fn an_answer() -> Answer {
    Answer { text: "Ja, den er ledig.".into(), model: "house".into(), prompt: "house@1".into() }
}

fn give_back(n: u128) -> Command {
    Command::Release { member: member(n), manager: false }
}

fn member(n: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(n))
}

#[test]
fn a_captured_lead_is_answered_and_the_promise_is_proven_by_the_provider() {
    let mut world = World::captured();
    assert_eq!(world.state.lang, Lang::Nb);
    world.wait(3);
    world.answer().unwrap();
    assert!(
        !world.has(|e| matches!(e, Event::PromiseKept { .. })),
        "kept before the provider spoke"
    );
    world.wait(1);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(
        e,
        Event::PromiseKept { after_ms: 4_000, by: AnsweredBy::Model { .. }, .. }
    )));
    assert!(world.timers.is_empty());
}

#[test]
fn a_silent_model_climbs_every_rung_and_the_template_goes_out() {
    let mut world = World::captured();
    world.wait(59);
    assert_eq!(world.rungs(), [(30, Rung::Second), (55, Rung::ModelsEnd)]);
    world.wait(2);
    assert!(world.has(|e| matches!(e, Event::HumanAlerted { reason: AlertReason::NoModelAnswer })));
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(e, Event::PromiseKept { by: AnsweredBy::Template, .. })));
    assert!(world.timers.contains_key(&TimerKind::Handoff), "A11: a person must still come");
}

#[test]
fn a_provider_that_is_down_alerts_a_person_and_breaks_the_promise_in_the_open() {
    let mut world = World::captured();
    world.answer().unwrap();
    let delivery = world.delivery();
    for _ in 0..30 {
        let code = "connect-refused".to_owned();
        world.report(delivery, DeliveryReport::Temporary { code, retry_after: None }).unwrap();
        world.wait(5);
        if world.now >= world.start + SignedDuration::from_secs(91) {
            break;
        }
    }
    assert_eq!(world.rungs(), [(75, Rung::Alert), (90, Rung::Deadline)]);
    assert!(world.has(|e| matches!(e, Event::PromiseBroken { .. })));
    assert!(world.state.deliveries.contains_key(&delivery), "the letter is still tried");
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
}

#[test]
fn failing_models_fall_to_the_template_without_waiting_for_their_slices() {
    let mut world = World::captured();
    for _ in 0..2 {
        let turn = world.turn();
        world
            .run(Command::EndTurn {
                turn,
                result: Err(TurnFailure::Model),
                notes: crate::dialogue::TurnNotes::default(),
            })
            .unwrap();
    }
    assert_eq!(world.rungs(), [(0, Rung::Second), (0, Rung::Template)]);
    assert!(world.state.turn.is_none());
}

#[test]
fn a_process_that_died_with_a_turn_leaves_a_lease_that_ends() {
    let mut world = World::captured();
    let lost = world.turn();
    assert_eq!(world.state.owed().len(), 1);
    world.now += SignedDuration::from_secs(15);
    world.run(Command::FireTimer { kind: TimerKind::Turn, turn_runs: false }).unwrap();
    assert_ne!(world.turn(), lost);
    let late = world.run(Command::EndTurn {
        turn: lost,
        result: Ok(an_answer()),
        notes: crate::dialogue::TurnNotes::default(),
    });
    assert_eq!(late, Err(Rejection::Stale));
}

#[test]
fn the_same_form_within_five_minutes_is_one_lead_and_one_answer() {
    let mut world = World::captured();
    world.wait(200);
    let again = world.submit("Er bilen ledig?").unwrap();
    assert_eq!(again.decision.events, [Event::SubmissionRepeated]);
    let other = world.submit("Og hva koster den?").unwrap();
    assert!(matches!(other.decision.events[0], Event::LeadRepeated { .. }));
    world.wait(301);
    let late = world.submit("Er bilen ledig?").unwrap();
    assert!(matches!(late.decision.events[0], Event::LeadRepeated { .. }));
}

#[test]
fn a_repeated_chat_message_finds_its_first_place() {
    let mut world = World::new();
    world.run(Command::Open { lang: Lang::En }).unwrap();
    let post = |text: &str, id: &str| Command::PostMessage {
        text: text.into(),
        client_id: id.into(),
        page_url: None,
        pressed: None,
    };
    world.run(post("Hi", "a")).unwrap();
    world.wait(2);
    assert!(matches!(
        world.run(post("Hi", "a")),
        Err(Rejection::AlreadyPosted { seq: MessageSeq(1), .. })
    ));
    let first = world.turn();
    world.run(post("Is the Model 3 still available?", "b")).unwrap();
    world.wait(1);
    assert_ne!(world.turn(), first, "newer text begins a new turn");
    assert_eq!(world.state.promises.len(), 1, "the clock runs from the first message");
    world.answer().unwrap();
    assert!(
        world.has(|e| matches!(e, Event::PromiseKept { .. })),
        "stored on the stream is proven"
    );
    assert!(world.state.promises.is_empty());
}

#[test]
fn a_takeover_silences_the_assistant_and_the_waiting_customer_keeps_a_timer() {
    let mut world = World::captured();
    let turn = world.turn();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert_eq!(
        world.run(Command::EndTurn {
            turn,
            result: Ok(an_answer()),
            notes: crate::dialogue::TurnNotes::default()
        }),
        Err(Rejection::Stale)
    );
    assert!(world.timers.contains_key(&TimerKind::Promise));
    world.wait(76);
    assert_eq!(world.rungs(), [(75, Rung::Alert)], "the rungs of models are not a person's");
    assert_eq!(world.run(give_back(8)), Err(Rejection::NotYours));
    let text = "Hei, jeg ringer deg.".to_owned();
    world
        .run(Command::PostMemberMessage {
            member: member(7),
            text,
            client_id: "m1".into(),
            seen: None,
        })
        .unwrap();
    let delivery = world.delivery();
    assert_eq!(
        world.state.deliveries[&delivery].fence, None,
        "a person's words leave whatever follows"
    );
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    assert!(world.has(|e| matches!(e, Event::PromiseKept { by: AnsweredBy::Member { .. }, .. })));
    assert!(!world.state.somebody_waits());
}

#[test]
fn an_answer_that_the_fence_held_back_is_answered_by_whoever_speaks_next() {
    let mut world = World::captured();
    world.answer().unwrap();
    let delivery = world.delivery();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.run(give_back(7)).unwrap();
    world.report(delivery, DeliveryReport::Refused).unwrap();
    assert!(world.state.turn.is_some(), "the assistant begins anew");
}

#[test]
fn an_uncertain_or_refused_letter_is_flagged_and_never_repeated() {
    for report in [
        DeliveryReport::Uncertain { code: "lost".into() },
        DeliveryReport::Permanent { code: "smtp-550".into() },
    ] {
        let mut world = World::captured();
        world.answer().unwrap();
        let delivery = world.delivery();
        world.report(delivery, report.clone()).unwrap();
        assert!(!world.state.deliveries.contains_key(&delivery));
        assert!(world.state.handoff.is_some());
        let late = Command::ReportDelivery { delivery, attempt: 9, report };
        assert_eq!(world.run(late), Err(Rejection::Stale));
    }
}

#[test]
fn a_closed_session_takes_nothing_new() {
    let mut world = World::captured();
    world.run(Command::Close { member: member(7) }).unwrap();
    assert!(world.timers.is_empty());
    assert_eq!(world.submit("Noe nytt"), Err(Rejection::Closed));
    assert_eq!(
        world.submit("Er bilen ledig?").unwrap().decision.events,
        [Event::SubmissionRepeated]
    );
    assert_eq!(world.run(Command::TakeOver { member: member(7) }), Err(Rejection::Closed));
}

#[test]
fn reminders_of_a_waiting_customer_come_at_growing_pauses_and_do_not_end() {
    let mut world = World::captured();
    world.wait(60);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    let before = world.timers[&TimerKind::Handoff];
    let mut pauses = Vec::new();
    let mut last = before;
    for _ in 0..9 {
        world.wait_until(last);
        let next = world.timers[&TimerKind::Handoff];
        pauses.push(next.duration_since(last).as_mins());
        last = next;
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440]);
    assert!(matches!(
        world.run(Command::FireTimer { kind: TimerKind::Handoff, turn_runs: false }),
        Err(Rejection::Stale)
    ));
}

fn chat() -> World {
    let mut world = World::new();
    world.run(Command::Open { lang: Lang::Nb }).unwrap();
    world
}

impl World {
    fn write(&mut self, text: &str) -> Result<Decided, Rejection> {
        let client_id = format!("c{}", self.ids);
        self.run(Command::PostMessage {
            text: text.into(),
            client_id,
            page_url: None,
            pressed: None,
        })
    }

    fn turns(&self) -> usize {
        self.events.iter().filter(|(_, e)| matches!(e, Event::TurnStarted { .. })).count()
    }
}

#[test]
fn a_burst_is_answered_by_one_turn_and_never_waited_for_longer_than_set() {
    let mut world = chat();
    for text in ["Hei", "jeg lurte på", "den blå Golfen", "er den", "fortsatt"] {
        world.write(text).unwrap();
        world.wait_until(world.now + SignedDuration::from_millis(900));
    }
    assert_eq!(world.turns(), 1, "4 s after its first text the burst is over");
    assert_eq!(world.state.turn.unwrap().covers, MessageSeq(5));
    let waited = world.events.iter().rev().find(|(_, e)| matches!(e, Event::TurnStarted { .. }));
    assert_eq!(waited.unwrap().0.duration_since(world.start).as_millis(), 4_000);
    let mut world = chat();
    world.write("Hei").unwrap();
    world.wait(1);
    assert_eq!(world.turns(), 0, "the text does not look finished");
    world.write("Er den blå Golfen ledig?").unwrap();
    world.wait(1);
    assert_eq!(world.turns(), 1);
}

#[test]
fn newer_text_cancels_a_turn_that_shows_nothing_and_waits_for_one_that_does() {
    let mut world = chat();
    world.write("Er den ledig?").unwrap();
    world.wait(1);
    world.write("Den blå, mener jeg.").unwrap();
    assert!(world.state.turn.is_none(), "nothing was seen of it");
    world.wait(1);
    world.turn_shows = true;
    let shows = world.turn();
    world.write("Og hva koster den?").unwrap();
    assert_eq!(world.turn(), shows, "the customer reads it already");
    assert_eq!(world.state.promises.len(), 2, "the newer text is a promise of its own");
    world.answer().unwrap();
    world.turn_shows = false;
    assert_eq!(world.state.promises.len(), 1, "what it had not read it does not answer");
    assert!(world.timers.contains_key(&TimerKind::Gather));
    world.wait(1);
    world.answer().unwrap();
    assert!(world.state.promises.is_empty());
    assert!(world.owes_nothing());
}

#[test]
fn a_takeover_ends_the_gathering_and_zero_turns_it_off() {
    let mut world = chat();
    world.write("Hei").unwrap();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.wait(5);
    assert_eq!(world.turns(), 0, "a person speaks");
    let mut world = chat();
    world.settings.gather.shortest_ms = 0;
    world.write("Hei").unwrap();
    assert_eq!(world.turns(), 1);
}

#[test]
fn a_turn_that_is_yielded_is_due_at_once_for_whoever_lives() {
    let mut world = World::captured();
    let yielded = world.turn();
    world.run(Command::YieldTurn { turn: yielded }).unwrap();
    assert_eq!(world.timers[&TimerKind::Turn], world.now);
    world.run(Command::FireTimer { kind: TimerKind::Turn, turn_runs: false }).unwrap();
    assert_ne!(world.turn(), yielded);
    assert_eq!(world.run(Command::YieldTurn { turn: yielded }), Err(Rejection::Stale));
}

#[test]
fn a_night_without_the_engine_ends_in_one_reminder_and_not_in_a_dozen() {
    let mut world = World::captured();
    world.wait(60);
    let delivery = world.delivery();
    world.report(delivery, DeliveryReport::Accepted { reference: None }).unwrap();
    let alerts = |world: &World| {
        world.events.iter().filter(|(_, e)| matches!(e, Event::HumanAlerted { .. })).count()
    };
    let before = alerts(&world);
    world.now += SignedDuration::from_hours(10);
    world.run(Command::FireTimer { kind: TimerKind::Handoff, turn_runs: false }).unwrap();
    assert_eq!(alerts(&world), before + 1);
    assert!(world.timers[&TimerKind::Handoff] > world.now, "the next one lies ahead");
}

#[test]
fn a_replay_tells_a_changed_rule_a_forgotten_cause_and_forgotten_settings() {
    let mut world = World::captured();
    world.wait(3);
    world.answer().unwrap();
    let settings = [world.settings.clone()];
    let verdicts = |decisions: &[replay::StoredDecision], settings: &[TenantSettings]| {
        let (steps, _) = replay::replay(world.state.id, decisions, settings);
        steps.into_iter().map(|step| step.verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&world.decisions, &settings), [Verdict::Same, Verdict::Same]);
    assert_eq!(verdicts(&world.decisions, &[]), [Verdict::NoSettings, Verdict::NoSettings]);
    let mut changed = world.decisions.clone();
    changed[0].cause = None;
    let Some(Event::MessagePosted(posted)) = changed[1].events.first_mut() else { panic!() };
    posted.text = "Nei.".into();
    assert!(matches!(
        verdicts(&changed, &settings)[..],
        [Verdict::NoCause, Verdict::Differs { .. }]
    ));
    let mut stale = world.decisions.clone();
    stale.push(stale[1].clone());
    let last = verdicts(&stale, &settings).pop();
    assert_eq!(last, Some(Verdict::Refused { rejection: Rejection::Stale }));
}

#[derive(Clone, Debug)]
enum Step {
    Submit(u8),
    Post(u8),
    Answer,
    Fail,
    StaleAnswer(u8),
    Fire(u8),
    Yield,
    Shows(bool),
    Report(u8, u8),
    TakeOver(u8),
    Release(u8, bool),
    MemberPost(u8),
    CompareAndPost(u8, u8),
    Typing(u8),
    Assign(u8),
    Route(u8),
    Seen(u8, u8),
    Close,
    Quarantine,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8).prop_map(Step::Submit),
        3 => any::<u8>().prop_map(Step::Post),
        4 => Just(Step::Answer),
        2 => Just(Step::Fail),
        2 => any::<u8>().prop_map(Step::StaleAnswer),
        3 => (0..TimerKind::ALL.len() as u8).prop_map(Step::Fire),
        1 => Just(Step::Yield),
        2 => any::<bool>().prop_map(Step::Shows),
        4 => (any::<u8>(), 0..5_u8).prop_map(|(n, r)| Step::Report(n, r)),
        1 => (1..3_u8).prop_map(Step::TakeOver),
        1 => (1..3_u8, any::<bool>()).prop_map(|(who, manager)| Step::Release(who, manager)),
        1 => (1..3_u8).prop_map(Step::MemberPost),
        1 => (1..3_u8, 0..3_u8).prop_map(|(who, behind)| Step::CompareAndPost(who, behind)),
        2 => (1..3_u8).prop_map(Step::Typing),
        1 => (0..3_u8).prop_map(Step::Assign),
        1 => (1..3_u8).prop_map(Step::Route),
        1 => (0..3_u8, 0..6_u8).prop_map(|(who, upto)| Step::Seen(who, upto)),
        1 => Just(Step::Quarantine),
        4 => (0..40_000_u16).prop_map(Step::Wait),
        1 => prop_oneof![9 => Just(Step::Wait(1)), 1 => Just(Step::Close)],
    ]
}

impl World {
    /// Takes a step of a random walk; what cannot be is refused, and [`World::run`] checks what is not.
    fn step(&mut self, n: usize, step: &Step) {
        let _refused = match step {
            Step::Submit(text) => self.submit(["En", "To", "Tre", "Fire"][usize::from(*text)]),
            Step::Post(id) => self.run(Command::PostMessage {
                text: format!("Hei {n}"),
                client_id: format!("c{id}"),
                page_url: None,
                pressed: None,
            }),
            Step::Answer => match self.state.turn {
                Some(running) => self.run(Command::EndTurn {
                    turn: running.turn,
                    result: Ok(an_answer()),
                    notes: crate::dialogue::TurnNotes::default(),
                }),
                None => return,
            },
            Step::Fail => match self.state.turn {
                Some(running) => {
                    let result = Err(TurnFailure::Stream);
                    self.run(Command::EndTurn {
                        turn: running.turn,
                        result,
                        notes: crate::dialogue::TurnNotes::default(),
                    })
                }
                None => return,
            },
            Step::StaleAnswer(which) => {
                let Some(turn) = self.over.get(usize::from(*which) % self.over.len().max(1)) else {
                    return;
                };
                let command = Command::EndTurn {
                    turn: *turn,
                    result: Ok(an_answer()),
                    notes: crate::dialogue::TurnNotes::default(),
                };
                assert!(self.run(command).is_err(), "A7: a turn that was over was heard");
                return;
            }
            Step::Fire(kind) => self.run(Command::FireTimer {
                kind: TimerKind::ALL[usize::from(*kind)],
                turn_runs: n.is_multiple_of(2),
            }),
            Step::Yield => match self.state.turn {
                Some(running) => self.run(Command::YieldTurn { turn: running.turn }),
                None => return,
            },
            Step::Shows(shows) => {
                self.turn_shows = *shows;
                return;
            }
            Step::Report(which, report) => {
                let open: Vec<_> = self.state.deliveries.keys().copied().collect();
                let Some(delivery) = open.get(usize::from(*which) % open.len().max(1)) else {
                    return;
                };
                let code = "code".to_owned();
                self.report(
                    *delivery,
                    match report {
                        0 => DeliveryReport::Accepted { reference: None },
                        1 => DeliveryReport::Temporary { code, retry_after: None },
                        2 => DeliveryReport::Permanent { code },
                        3 => DeliveryReport::Uncertain { code },
                        _ => DeliveryReport::Refused,
                    },
                )
            }
            Step::TakeOver(who) => self.run(Command::TakeOver { member: member(u128::from(*who)) }),
            Step::Release(who, manager) => {
                self.run(Command::Release { member: member(u128::from(*who)), manager: *manager })
            }
            Step::MemberPost(who) => self.run(Command::PostMemberMessage {
                member: member(u128::from(*who)),
                text: "Hei".into(),
                client_id: format!("m{n}"),
                seen: None,
            }),
            Step::CompareAndPost(who, behind) => {
                let seen = MessageSeq(self.state.last_message.0 - i64::from(*behind));
                let who = member(u128::from(*who));
                let others = self.state.newest_not_by(Author::Member { member: who });
                let posted = self.run(Command::PostMemberMessage {
                    member: who,
                    text: "Hei".into(),
                    client_id: format!("s{n}"),
                    seen: Some(seen),
                });
                assert!(posted.is_err() || others <= seen, "spoke past somebody");
                posted
            }
            Step::Typing(who) => {
                self.run(Command::MemberTyping { member: member(u128::from(*who)) })
            }
            Step::Assign(who) => self.run(Command::Assign {
                member: (*who > 0).then(|| member(u128::from(*who))),
                by: Some(member(1)),
                why: AssignReason::ByHand,
            }),
            Step::Route(who) => self.run(Command::Assign {
                member: Some(member(u128::from(*who))),
                by: None,
                why: AssignReason::Routed(vec![crate::routing::Reason::Online]),
            }),
            Step::Seen(who, upto) => {
                let by = match who {
                    0 => Reader::Customer,
                    who => Reader::Member(member(u128::from(*who))),
                };
                self.run(Command::Seen { by, upto: MessageSeq(i64::from(*upto)) })
            }
            Step::Close => self.run(Command::Close { member: member(1) }),
            Step::Quarantine => self.run(Command::Quarantine),
            Step::Wait(ms) => {
                let to = self.now + SignedDuration::from_millis(i64::from(*ms));
                self.wait_until(to);
                return;
            }
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A2, A3, A7, A11 and C1–C3 are asserted at every step, in [`World::run`].
    #[test]
    fn a_random_walk_keeps_every_invariant(
        widget in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        if widget {
            world.run(Command::Open { lang: Lang::Fr }).unwrap();
        } else {
            world.submit("Hei").unwrap();
        }
        for (n, step) in steps.iter().enumerate() {
            world.step(n, step);
        }
        let settings = [world.settings.clone()];
        let (again, state) = replay::replay(world.state.id, &world.decisions, &settings);
        prop_assert_eq!(&state, &world.state);
        for step in again {
            prop_assert_eq!(&step.verdict, &Verdict::Same, "A3: {:?}", step.stored);
            prop_assert!(!step.because.is_empty(), "nobody can say why: {:?}", step.stored.cause);
        }
        // A5: nobody waits past a deadline unnoticed, whatever happened before.
        world.wait(91);
        prop_assert!(world.state.promises.is_empty(), "A5: a promise outlived its deadline");
        let made = world.events.iter().filter(|(_, e)| matches!(e, Event::PromiseMade { .. })).count();
        let ended = world.events.iter().filter(|(_, e)| matches!(e, Event::PromiseKept { .. } | Event::PromiseBroken { .. })).count();
        prop_assert!(ended == made || world.state.closed, "a promise vanished: {made} made, {ended} ended");
    }
}

#[test]
fn a_timer_that_fired_ends_as_fired_and_one_no_longer_needed_as_cancelled() {
    let mut world = World::captured();
    let decided = world.answer().unwrap();
    let ends: Vec<_> = decided
        .decision
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::EndTimer { kind, end } => Some((*kind, *end)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(TimerKind::Turn, TimerEnd::Cancelled)]);
}
