//! Random walks: whatever comes in whatever order, what must always hold does.

use super::{attachments::attachment, *};
use crate::{
    callback::{CallTime, CallbackBy, CallbackEnd, OfferReason},
    contact::Phone,
    dialogue::Pressed,
};

#[derive(Clone, Debug)]
pub(super) enum Step {
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
    Announce(u8),
    PostWith(u8, u8),
    Settle(u8, u8),
    Close,
    Quarantine,
    OfferCall(u8),
    WantCall(u8, u8),
    AgreeCall(u8),
    EndCall(u8),
    Wait(u16),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
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
        2 => (0..6_u8).prop_map(Step::Announce),
        2 => (any::<u8>(), 0..6_u8).prop_map(|(id, file)| Step::PostWith(id, file)),
        2 => (0..6_u8, 0..3_u8).prop_map(|(file, how)| Step::Settle(file, how)),
        1 => Just(Step::Quarantine),
        2 => any::<u8>().prop_map(Step::OfferCall),
        2 => (any::<u8>(), 0..4_u8).prop_map(|(n, what)| Step::WantCall(n, what)),
        2 => any::<u8>().prop_map(Step::AgreeCall),
        1 => (0..4_u8).prop_map(Step::EndCall),
        4 => (0..40_000_u16).prop_map(Step::Wait),
        1 => prop_oneof![9 => Just(Step::Wait(1)), 1 => Just(Step::Close)],
    ]
}

impl World {
    /// A time to be called at, some seconds from now.
    fn call_time(&self, k: u8) -> CallTime {
        let ahead = SignedDuration::from_secs(i64::from(k % 60) - 2);
        CallTime { at: self.now + ahead, minutes: 10 }
    }

    /// Takes a step of a random walk; what cannot be is refused, and [`World::run`] checks what is not.
    pub(super) fn step(&mut self, n: usize, step: &Step) {
        let _refused = match step {
            Step::Submit(text) => self.submit(["En", "To", "Tre", "Fire"][usize::from(*text)]),
            Step::Post(id) => self.run(Command::PostMessage {
                text: format!("Hei {n}"),
                client_id: format!("c{id}"),
                page_url: None,
                pressed: None,
                attachments: Vec::new(),
            }),
            Step::Announce(file) => self.announce(*file),
            Step::PostWith(id, file) => self.run(Command::PostMessage {
                text: format!("Se her {n}"),
                client_id: format!("c{id}"),
                page_url: None,
                pressed: None,
                attachments: vec![attachment(*file)],
            }),
            Step::Settle(file, how) => self.settle(*file, *how),
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
            Step::OfferCall(k) => {
                let why = [OfferReason::Closed, OfferReason::Taken, OfferReason::Again];
                let why = why[usize::from(*k) % 3];
                let times = (0..*k % 4).map(|n| self.call_time(k.wrapping_add(n))).collect();
                self.run(Command::OfferCallback { times, why })
            }
            Step::WantCall(k, what) => {
                let at = match self.state.callback.offered.get(usize::from(*k) % 3) {
                    Some(time) => time.at,
                    None => self.call_time(*k).at,
                };
                let pressed = [Pressed::CallMe { at }, Pressed::CallLater, Pressed::DoNotCall];
                self.run(Command::PostMessage {
                    text: if k.is_multiple_of(2) { "91 23 45 67" } else { "ja" }.into(),
                    client_id: format!("w{n}"),
                    page_url: None,
                    pressed: pressed.get(usize::from(*what)).copied(),
                    attachments: Vec::new(),
                })
            }
            Step::AgreeCall(k) => {
                let wanted = self.state.callback.wanted;
                let who = member(u128::from(*k % 3) + 1);
                let by = match wanted {
                    Some(_) => CallbackBy::Customer,
                    None => CallbackBy::Member { member: who },
                };
                let time = wanted.map_or(self.call_time(*k), |at| CallTime { at, minutes: 10 });
                let phone = k.is_multiple_of(2).then(|| Phone::parse("91234567", "NO").unwrap());
                let why = Vec::new();
                self.run(Command::AgreeCallback { time, member: who, why, by, phone })
            }
            Step::EndCall(how) => {
                let Some(agreed) = self.state.callback.agreed else { return };
                let ends = [
                    CallbackEnd::Done,
                    CallbackEnd::Unreached,
                    CallbackEnd::Missed,
                    CallbackEnd::Cancelled,
                ];
                let (end, member) = (ends[usize::from(*how)], agreed.member);
                self.run(Command::EndCallback { at: agreed.at, end, member })
            }
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
