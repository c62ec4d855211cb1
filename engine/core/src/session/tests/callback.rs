//! A customer whom nobody can answer now is called: chosen by button or in words, told, rung, over.

use super::*;
use crate::{
    callback::{CallTime, CallbackBy, CallbackEnd, OfferReason},
    contact::{Email, Phone},
    dialogue::Pressed,
    event::ContactLearned,
};

const MONDAY_NINE: &str = "2026-11-23T08:00:00Z"; // on Oslo's clock
const MONDAY_TEN: &str = "2026-11-23T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn time(text: &str) -> CallTime {
    CallTime { at: at(text), minutes: 30 }
}

fn offer(why: OfferReason) -> Command {
    Command::OfferCallback { times: vec![time(MONDAY_NINE), time(MONDAY_TEN)], why }
}

fn agree(text: &str, who: u128) -> Command {
    Command::AgreeCallback {
        time: time(text),
        member: member(who),
        why: vec![crate::routing::Reason::OnlyOne],
        by: CallbackBy::Customer,
        phone: None,
    }
}

/// A chat whose customer has asked for a person and is offered two times; it is Saturday.
fn offered() -> World {
    let mut world = chat();
    world.write("Jeg vil snakke med et menneske").unwrap();
    world.run(offer(OfferReason::Closed)).unwrap();
    world
}

fn knows_number(world: &mut World) {
    let phone = Some(Phone::parse("91234567", "NO").unwrap());
    let learned = ContactLearned { phone, ..ContactLearned::default() };
    world.events.push((world.now, Event::ContactLearned(learned.clone())));
    world.state.apply(&Event::ContactLearned(learned), world.now);
}

fn knows_mail(world: &mut World) {
    let email = Some(Email::parse("kari@example.no").unwrap());
    let learned = ContactLearned { email, ..ContactLearned::default() };
    world.events.push((world.now, Event::ContactLearned(learned.clone())));
    world.state.apply(&Event::ContactLearned(learned), world.now);
}

fn press(world: &mut World, pressed: Pressed) -> Result<Decided, Rejection> {
    let client_id = format!("p{}", world.ids);
    let (text, pressed) = ("Ring meg da.".to_owned(), Some(pressed));
    let attachments = Vec::new();
    world.run(Command::PostMessage { text, client_id, page_url: None, pressed, attachments })
}

/// The last text that the assistant said.
fn said(world: &World) -> &str {
    let text = |(_, event): &'_ (Timestamp, Event)| matches!(event, Event::MessagePosted(posted) if posted.author == Author::Assistant);
    match world.events.iter().rev().find(|one| text(one)) {
        Some((_, Event::MessagePosted(posted))) => &posted.text,
        _ => "",
    }
}

/// A chat with a call agreed for Monday at nine with member 7.
fn agreed() -> World {
    let mut world = offered();
    knows_number(&mut world);
    press(&mut world, Pressed::CallMe { at: at(MONDAY_NINE) }).unwrap();
    world.run(agree(MONDAY_NINE, 7)).unwrap();
    world
}

#[test]
fn a_customer_who_waits_is_offered_times_and_the_chosen_one_takes_them_out_of_the_queue() {
    let mut world = offered();
    assert_eq!(world.run(offer(OfferReason::Closed)), Err(Rejection::Stale), "they are shown");
    knows_number(&mut world);
    let decided = press(&mut world, Pressed::CallMe { at: at(MONDAY_NINE) }).unwrap();
    assert!(decided.decision.events.contains(&Event::CallbackWanted { at: at(MONDAY_NINE) }));
    assert!(world.state.handoff.is_some(), "nothing is promised before somebody has the time");
    assert!(world.state.answer_is_owed(), "A5: the clock runs until they are told");
    world.run(agree(MONDAY_NINE, 7)).unwrap();
    assert!(
        said(&world).contains("mandag 23. november kl. 09:00 (Europe/Oslo)"),
        "{}",
        said(&world)
    );
    assert_eq!((world.state.handoff, world.state.assignee), (None, Some(member(7))));
    assert_eq!(world.timers.get(&TimerKind::Callback), Some(&at(MONDAY_NINE)), "A11");
    assert!(!world.timers.contains_key(&TimerKind::Handoff), "no reminders of who is called");
    assert!(!world.state.answer_is_owed());
    assert_eq!(world.run(agree(MONDAY_NINE, 7)), Err(Rejection::Stale), "once");
}

#[test]
fn a_time_that_was_not_offered_or_not_wanted_is_nobodys() {
    let mut world = offered();
    knows_number(&mut world);
    assert_eq!(world.run(agree(MONDAY_NINE, 7)), Err(Rejection::Stale), "nobody chose it");
    press(&mut world, Pressed::CallMe { at: at("2026-11-23T10:00:00Z") }).unwrap();
    assert!(world.state.callback.wanted.is_none(), "an old button is a message like any other");
    press(&mut world, Pressed::CallMe { at: at(MONDAY_TEN) }).unwrap();
    world.now = at(MONDAY_TEN);
    assert_eq!(world.run(agree(MONDAY_TEN, 7)), Err(Rejection::NoSuchTime), "it is over");
}

#[test]
fn a_time_and_a_number_can_be_said_in_words() {
    for (hour, number) in [
        ("mandag kl. 9 passer", "91 23 45 67"),
        ("lundi à 9h", "+33 6 12 34 56 78"),
        ("Monday at 9:00 please", "it is +47 912 34 567"),
        ("الاثنين الساعة ٩", "+4791234567"),
    ] {
        let mut world = offered();
        world.write(hour).unwrap();
        assert_eq!(world.state.callback.wanted, Some(at(MONDAY_NINE)), "{hour}");
        assert_eq!(world.run(agree(MONDAY_NINE, 7)), Err(Rejection::NoPhone), "{hour}");
        world.write(number).unwrap();
        assert!(world.state.has_phone, "{number}");
        let asked_again = |(_, e): &&(Timestamp, Event)| matches!(e, Event::CallbackWanted { .. });
        assert_eq!(world.events.iter().filter(asked_again).count(), 2, "who calls is sought again");
        world.run(agree(MONDAY_NINE, 7)).unwrap();
    }
}

#[test]
fn words_that_name_no_offered_time_are_for_the_assistant() {
    for text in ["Hva koster den?", "mandag", "kl. 11 på mandag", "tirsdag kl. 9"] {
        let mut world = offered();
        world.write(text).unwrap();
        assert_eq!(world.state.callback.wanted, None, "{text}");
        assert!(world.state.gather.is_some() || world.state.turn.is_some(), "{text}");
    }
}

#[test]
fn a_rival_takes_the_time_and_the_customer_is_told_and_chooses_another() {
    let mut world = offered();
    knows_number(&mut world);
    press(&mut world, Pressed::CallMe { at: at(MONDAY_NINE) }).unwrap();
    let times = vec![time(MONDAY_TEN)];
    let why = OfferReason::Taken;
    world.run(Command::OfferCallback { times: times.clone(), why }).unwrap();
    assert_eq!(said(&world), crate::template::callback::taken(Lang::Nb));
    assert_eq!((&world.state.callback.offered, world.state.callback.wanted), (&times, None));
    assert!(world.state.handoff.is_some(), "they still wait");
    press(&mut world, Pressed::CallMe { at: at(MONDAY_TEN) }).unwrap();
    world.run(agree(MONDAY_TEN, 7)).unwrap();
}

#[test]
fn when_it_is_time_people_are_told_and_a_call_that_nobody_made_is_said_sorry_for() {
    let mut world = agreed();
    world.wait_until(at(MONDAY_NINE));
    assert!(world.has(|e| matches!(e, Event::CallbackRang { member: m } if *m == member(7))));
    let alerted = AlertReason::CallbackDue;
    assert!(world.has(|e| matches!(e, Event::HumanAlerted { reason } if *reason == alerted)));
    assert!(world.state.handoff.is_none(), "the customer is not in the queue");
    world.wait_until(at("2026-11-23T08:29:59Z"));
    assert!(world.state.callback.agreed.is_some());
    world.wait(1);
    assert_eq!(said(&world), crate::template::callback::missed(Lang::Nb));
    assert_eq!(world.state.handoff.unwrap().reason, AlertReason::CallbackMissed);
    world.run(offer(OfferReason::Again)).unwrap();
    assert_eq!(world.state.callback.offered, [time(MONDAY_TEN)], "what is over is not offered");
}

#[test]
fn an_engine_that_slept_over_the_time_rings_late_and_leaves_the_whole_time_to_call() {
    let mut world = agreed();
    world.now = at("2026-11-23T11:00:00Z");
    world.run(Command::FireTimer { kind: TimerKind::Callback, turn_runs: false }).unwrap();
    assert_eq!(world.timers[&TimerKind::Callback], at("2026-11-23T11:30:00Z"));
}

#[test]
fn a_member_says_how_it_went_and_the_customer_is_told_what_concerns_them() {
    for (end, text) in [
        (CallbackEnd::Done, None),
        (CallbackEnd::Unreached, Some(crate::template::callback::unreached(Lang::Nb))),
        (CallbackEnd::Cancelled, Some(crate::template::callback::cancelled_by_us(Lang::Nb))),
    ] {
        let mut world = agreed();
        let before = said(&world).to_owned();
        let over = Command::EndCallback { at: at(MONDAY_TEN), end, member: member(7) };
        assert_eq!(world.run(over), Err(Rejection::Stale), "that is not when it is");
        let over = Command::EndCallback { at: at(MONDAY_NINE), end, member: member(7) };
        world.run(over.clone()).unwrap();
        assert_eq!(said(&world), text.unwrap_or(before));
        assert!(!world.timers.contains_key(&TimerKind::Callback));
        assert_eq!(world.run(over), Err(Rejection::Stale), "once");
    }
}

#[test]
fn a_customer_moves_their_call_or_wants_none_any_more() {
    let mut world = agreed();
    press(&mut world, Pressed::CallLater).unwrap();
    assert!(world.has(|e| matches!(e, Event::CallbackSought)));
    world.run(offer(OfferReason::Again)).unwrap();
    assert!(world.state.callback.agreed.is_some(), "it stands until another one does");
    press(&mut world, Pressed::CallMe { at: at(MONDAY_TEN) }).unwrap();
    let moved = world.run(agree(MONDAY_TEN, 8)).unwrap();
    assert!(matches!(
        moved.decision.events[0],
        Event::CallbackAgreed { moved_from: Some(from), .. } if from == at(MONDAY_NINE)
    ));
    assert_eq!(world.timers[&TimerKind::Callback], at(MONDAY_TEN));
    press(&mut world, Pressed::DoNotCall).unwrap();
    assert_eq!(said(&world), crate::template::callback::cancelled_by_you(Lang::Nb));
    assert!(world.owes_nothing());
}

#[test]
fn who_has_an_address_is_told_by_mail_too_once_each() {
    let mut world = offered();
    knows_number(&mut world);
    knows_mail(&mut world);
    press(&mut world, Pressed::CallMe { at: at(MONDAY_NINE) }).unwrap();
    let decided = world.run(agree(MONDAY_NINE, 7)).unwrap();
    let letters: Vec<_> = decided
        .decision
        .events
        .iter()
        .filter_map(|event| match event {
            Event::DeliveryQueued(queued) => Some((queued.kind, queued.to.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(letters, [(DeliveryKind::Answer, "kari@example.no")]);
}

#[test]
fn while_a_person_speaks_nothing_is_offered_or_said_and_what_they_agree_is_kept() {
    let mut world = offered();
    knows_number(&mut world);
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    assert_eq!(world.run(offer(OfferReason::Again)), Err(Rejection::Stale));
    let messages = world.messages();
    world
        .run(Command::AgreeCallback {
            time: time(MONDAY_TEN),
            member: member(7),
            why: vec![],
            by: CallbackBy::Member { member: member(7) },
            phone: None,
        })
        .unwrap();
    assert_eq!(world.messages(), messages, "A7: the assistant is silent");
    world.wait_until(at(MONDAY_TEN));
    assert!(world.has(|e| matches!(e, Event::CallbackRang { .. })));
}

#[test]
fn who_writes_as_a_member_withdraws_what_was_offered_and_closing_cancels_what_was_agreed() {
    let mut world = offered();
    world
        .run(Command::PostMemberMessage {
            member: member(7),
            text: "Hei!".into(),
            client_id: "m".into(),
            seen: None,
        })
        .unwrap();
    assert!(world.state.callback.is_empty());
    let mut world = agreed();
    world.run(Command::Close { member: member(7) }).unwrap();
    let ended = |e: &Event| matches!(e, Event::CallbackEnded { end: CallbackEnd::Cancelled, .. });
    assert!(world.has(ended) && world.timers.is_empty());
}

#[test]
fn a_long_wait_asks_once_for_times_and_a_form_never() {
    let mut world = chat();
    world.write("Jeg vil snakke med et menneske").unwrap();
    world.wait(299);
    assert!(!world.has(|e| matches!(e, Event::CallbackSought)));
    world.wait(2);
    world.wait(3_600);
    let sought = world.events.iter().filter(|(_, e)| matches!(e, Event::CallbackSought)).count();
    assert_eq!(sought, 1);
    let mut form = World::captured();
    form.wait(3_600);
    assert!(form.state.handoff.is_some());
    assert!(!form.has(|e| matches!(e, Event::CallbackSought)), "a form shows no buttons");
}

#[test]
fn a_state_and_a_hand_off_of_before_there_were_call_backs_are_read_as_they_were() {
    let mut world = chat();
    world.write("Hei").unwrap();
    let json = serde_json::to_value(&world.state).unwrap();
    assert!(json.get("callback").is_none(), "nothing is written of what is not there");
    let read: LeadSession = serde_json::from_value(json).unwrap();
    assert_eq!(read, world.state);
}
