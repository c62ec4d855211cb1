//! Members who type, take over, answer at once, fall silent, and pass a conversation on.

use super::*;
use crate::{event::ReleaseReason, handoff::Missing};

fn says(who: u128, id: &str, seen: Option<i64>) -> Command {
    let (text, client_id) = ("Hei, jeg heter Åse.".to_owned(), id.to_owned());
    let seen = seen.map(MessageSeq);
    Command::PostMemberMessage { member: member(who), text, client_id, seen }
}

fn types(who: u128) -> Command {
    Command::MemberTyping { member: member(who) }
}

fn seen(by: Reader, upto: i64) -> Command {
    Command::Seen { by, upto: MessageSeq(upto) }
}

fn assign(to: Option<u128>, why: AssignReason) -> Command {
    Command::Assign { member: to.map(member), by: None, why }
}

/// A chat in which the customer has asked and the assistant answers.
fn asked() -> World {
    let mut world = chat();
    world.write("Er den ledig?").unwrap();
    world.wait(1);
    world
}

#[test]
fn an_answer_to_a_question_that_a_colleague_has_answered_is_refused() {
    let mut world = asked();
    world.answer().unwrap();
    world.run(says(7, "a", Some(2))).unwrap();
    // The second has the first two messages on the screen.
    let newest = MessageSeq(3);
    assert_eq!(world.run(says(8, "b", Some(2))), Err(Rejection::Conflict { newest }));
    assert_eq!(world.state.speaker, Speaker::Member(member(7)), "nobody was pushed aside");
    // A repeat of what was stored is answered as before, whatever has been written since.
    world.write("Takk!").unwrap();
    assert!(matches!(
        world.run(says(7, "a", Some(2))),
        Err(Rejection::AlreadyPosted { seq: MessageSeq(3), .. })
    ));
    let newest = MessageSeq(4);
    assert_eq!(world.run(says(7, "c", Some(3))), Err(Rejection::Conflict { newest }));
    world.run(says(7, "d", Some(4))).unwrap();
    world.run(says(7, "e", Some(4))).unwrap(); // what I wrote myself is no news to me
    world.run(says(8, "f", None)).unwrap(); // who does not ask is not told
}

#[test]
fn a_member_who_types_holds_the_assistant_back_and_then_the_assistant_answers() {
    let mut world = asked();
    let silent = world.turn();
    world.run(types(7)).unwrap();
    assert!(world.state.turn.is_none(), "nothing was seen of it");
    assert_eq!(world.run(types(7)), Err(Rejection::Stale), "five seconds are left");
    world.wait(5);
    world.run(types(8)).unwrap();
    world.write("Hallo?").unwrap();
    world.wait(7);
    assert_eq!(world.turns(), 1, "the assistant waits");
    world.wait(1);
    assert_ne!(world.turn(), silent);
    assert_eq!(world.state.turn.unwrap().covers, MessageSeq(2), "it answers both");
    world.answer().unwrap();
    assert!(world.owes_nothing());
}

#[test]
fn an_answer_that_the_customer_reads_is_let_finish_while_a_member_types() {
    let mut world = asked();
    world.turn_shows = true;
    world.run(types(7)).unwrap();
    world.answer().unwrap();
    world.turn_shows = false;
    world.wait(8);
    assert!(world.owes_nothing());
}

#[test]
fn typing_for_ever_neither_stops_the_promise_clock_nor_keeps_the_template_back() {
    let mut world = asked();
    for _ in 0..20 {
        let _still = world.run(types(7));
        world.wait(4);
    }
    assert_eq!(world.rungs(), [(30, Rung::Second), (55, Rung::ModelsEnd), (60, Rung::Template)]);
    assert_eq!(world.turns(), 1, "no turn began while somebody typed");
    assert!(world.has(|e| matches!(e, Event::PromiseKept { by: AnsweredBy::Template, .. })), "A5");
}

#[test]
fn a_pause_that_ends_after_the_first_models_time_asks_the_second() {
    let mut world = asked();
    world.wait(25);
    world.run(types(7)).unwrap();
    world.wait(8);
    assert_eq!(world.state.turn.map(|turn| turn.rung), Some(Rung::Second));
}

#[test]
fn taking_over_ends_a_pause_and_makes_the_conversation_theirs() {
    let mut world = asked();
    world.run(types(7)).unwrap();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert!(world.state.pause.is_none() && !world.timers.contains_key(&TimerKind::Resume));
    assert_eq!(world.state.assignee, Some(member(7)));
    assert_eq!(world.run(types(8)), Err(Rejection::Stale), "the assistant is silent already");
    world.run(give_back(7)).unwrap();
    assert_eq!(world.state.assignee, Some(member(7)), "it stays theirs");
    assert!(world.state.turn.is_some());
}

#[test]
fn a_manager_gives_back_what_somebody_else_has() {
    let mut world = asked();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert_eq!(world.run(give_back(8)), Err(Rejection::NotYours));
    world.run(Command::Release { member: member(8), manager: true }).unwrap();
    assert!(world.has(|e| matches!(e, Event::Released { why: ReleaseReason::ByManager, .. })));
    assert_eq!(world.run(give_back(7)), Err(Rejection::Stale));
}

#[test]
fn a_customer_who_waits_for_a_silent_member_gets_the_assistant_back() {
    let mut world = asked();
    world.run(says(7, "a", None)).unwrap();
    assert!(!world.timers.contains_key(&TimerKind::GiveBack), "nobody waits");
    world.wait(60);
    world.write("Når har dere åpent?").unwrap();
    let taken = world.state.fence;
    world.wait(14 * 60 - 1);
    assert_eq!(world.state.speaker, Speaker::Member(member(7)));
    assert!(world.state.promises.is_empty(), "the promise was broken in the open");
    world.wait(1);
    assert_eq!(world.state.speaker, Speaker::Assistant);
    assert!(world.state.fence > taken, "A7");
    assert!(world.has(|e| matches!(e, Event::Released { why: ReleaseReason::TimedOut, .. })));
    assert!(world.state.answer_is_owed(), "the question is promised an answer again");
    world.answer().unwrap();
    assert!(world.state.handoff.is_some(), "a person is still reminded");
}

#[test]
fn a_member_who_answers_keeps_the_conversation_and_one_who_types_is_let_finish() {
    let mut world = asked();
    world.run(says(7, "a", None)).unwrap();
    world.wait(20 * 60);
    world.write("Når har dere åpent?").unwrap();
    // The fifteen minutes have passed, but the question is new: a first model's time is theirs.
    world.wait(28);
    world.run(types(7)).unwrap();
    assert_eq!(world.run(types(8)), Err(Rejection::Stale), "it is not theirs to lose");
    world.wait(7);
    assert_eq!(world.state.speaker, Speaker::Member(member(7)));
    world.run(says(7, "b", None)).unwrap();
    assert!(world.timers.is_empty());
    world.wait(3_600);
    assert_eq!(world.state.speaker, Speaker::Member(member(7)), "nobody waits");
    world.write("Takk!").unwrap();
    world.wait(30);
    assert_eq!(world.state.speaker, Speaker::Assistant);
}

#[test]
fn zero_turns_giving_back_and_passing_on_off() {
    let mut world = asked();
    world.settings.handoff.give_back_after_ms = 0;
    world.settings.handoff.reroute_after_ms = 0;
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.wait(24 * 3_600);
    assert_eq!(world.state.speaker, Speaker::Member(member(7)));
    assert!(!world.has(|e| matches!(e, Event::HandoffPassedOn { .. })));
    assert!(world.timers.contains_key(&TimerKind::Handoff), "A11: reminders go on");
}

#[test]
fn a_hand_off_that_nobody_answers_is_passed_on_a_few_times_and_reminders_go_on() {
    let mut world = asked();
    world.wait(60);
    let routed = || AssignReason::Routed(vec![crate::routing::Reason::Online]);
    world.run(assign(Some(7), routed())).unwrap();
    world.wait(179);
    assert_eq!(world.run(assign(Some(7), routed())), Err(Rejection::Stale), "it is theirs");
    world.wait(1);
    let passed = |world: &World| -> Vec<Option<MemberId>> {
        let from = |(_, event): &(Timestamp, Event)| match event {
            Event::HandoffPassedOn { from } => Some(*from),
            _ => None,
        };
        world.events.iter().filter_map(from).collect()
    };
    assert_eq!(passed(&world), [Some(member(7))]);
    world.wait(100);
    world.run(assign(Some(8), AssignReason::PassedOn(Vec::new()))).unwrap();
    world.wait(179);
    assert_eq!(passed(&world).len(), 1, "who has just got it has the whole time");
    world.wait(3_600);
    assert_eq!(passed(&world).len(), 5, "then everybody has been asked");
    assert!(world.timers.contains_key(&TimerKind::Handoff), "A11");
    world.run(says(8, "a", None)).unwrap();
    assert!(!world.timers.contains_key(&TimerKind::Reroute));
    let late = assign(Some(9), AssignReason::PassedOn(Vec::new()));
    assert_eq!(world.run(late), Err(Rejection::Stale), "somebody has answered");
}

#[test]
fn whose_conversation_it_is_can_be_chosen_and_taken_back_but_not_when_it_is_closed() {
    let mut world = asked();
    let by_hand = |to: Option<u128>| Command::Assign {
        member: to.map(member),
        by: Some(member(1)),
        why: AssignReason::ByHand,
    };
    world.run(by_hand(Some(7))).unwrap();
    assert_eq!(world.run(by_hand(Some(7))), Err(Rejection::Stale));
    assert!(world.state.turn.is_some(), "the assistant goes on");
    world.run(by_hand(None)).unwrap();
    assert_eq!(world.state.assignee, None);
    world.run(Command::Close { member: member(1) }).unwrap();
    assert_eq!(world.run(by_hand(Some(7))), Err(Rejection::Closed));
}

#[test]
fn what_was_seen_only_grows_and_never_past_the_last_message() {
    let mut world = asked();
    world.answer().unwrap();
    let seller = Reader::Member(member(7));
    world.run(seen(Reader::Customer, 1)).unwrap();
    world.run(seen(Reader::Customer, 2)).unwrap();
    world.run(seen(seller, 2)).unwrap();
    for (by, upto) in
        [(Reader::Customer, 1), (Reader::Customer, 2), (seller, 3), (seller, 0), (seller, -1)]
    {
        assert_eq!(world.run(seen(by, upto)), Err(Rejection::Stale), "{by:?} {upto}");
    }
    assert_eq!(world.state.seen.by_staff(), MessageSeq(2));
    for other in 100..160 {
        world.run(seen(Reader::Member(member(other)), 1)).unwrap();
    }
    assert_eq!(world.state.seen.members.len(), 32, "A9");
    assert_eq!(world.state.seen.by(seller), MessageSeq(2), "who has read most is remembered");
}

#[test]
fn a_state_of_before_people_were_seen_is_still_read() {
    let mut json = serde_json::to_value(&asked().state).unwrap();
    let fields = json.as_object_mut().unwrap();
    for new in ["assignee", "pause", "hold", "seen", "voices"] {
        fields.remove(new);
    }
    let old: LeadSession = serde_json::from_value(json).unwrap();
    assert_eq!((old.pause, old.assignee, old.hold), (None, None, None));
    assert_eq!(
        old.newest_not_by(Author::Member { member: member(7) }),
        MessageSeq(1),
        "whose it was is not known: it counts as somebody else's"
    );
}

#[test]
fn a_hand_off_is_noted_with_what_was_asked_and_promised_since_a_person_answered() {
    let mut world = asked();
    world.answer().unwrap();
    for n in 0..6 {
        world.write(&format!("Spørsmål {n}: {}", "å".repeat(400))).unwrap();
    }
    world.wait(61);
    let noted = |world: &World| {
        let note = |(_, event): &(Timestamp, Event)| match event {
            Event::HandoffNoted { note } => Some(note.clone()),
            _ => None,
        };
        world.events.iter().rev().find_map(note).expect("a note")
    };
    let note = noted(&world);
    assert_eq!(note.asked.len(), 4, "A9");
    assert!(note.asked[0].starts_with("Spørsmål 2"), "the newest: {:?}", note.asked);
    assert!(note.asked.iter().all(|text| text.chars().count() <= 200), "A9");
    assert_eq!(note.promised[0], "Ja, den er ledig.");
    assert!(note.promised[1].starts_with("Takk for henvendelsen"), "the template binds too");
    assert_eq!(note.missing, [Missing::Name, Missing::Contact, Missing::Vehicle]);
    world.run(says(7, "a", None)).unwrap();
    world.write("Takk! Når?").unwrap();
    world.wait(76);
    assert_eq!(noted(&world).asked, ["Takk! Når?"], "what a person answered is over");
    assert!(noted(&world).promised.is_empty());

    let mut world = World::captured();
    world.wait(61);
    assert_eq!(noted(&world).missing, [Missing::Vehicle], "a form tells who they are");
}
