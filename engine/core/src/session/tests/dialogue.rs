//! What the assistant's tools may do, whose yes is whose, and how no conversation ends in nothing.

use super::*;
use crate::{
    booking::BookingStatus,
    dialogue::{BookingNews, Pressed, TurnNotes},
    event::ContactLearned,
    id::{BookingId, OfferId, ServiceId},
    session::NotGranted,
    tools::ToolName,
};

const SATURDAY_AT_TWO: &str = "2026-11-28T13:00:00Z"; // 14:00 in Oslo

fn held(world: &World, n: u128) -> BookingNews {
    BookingNews {
        booking: BookingId::from_uuid(Uuid::from_u128(n)),
        offer: OfferId::from_uuid(Uuid::from_u128(n + 1_000)),
        status: BookingStatus::Held,
        service: ServiceId::from_uuid(Uuid::from_u128(5)),
        from: SATURDAY_AT_TWO.parse().unwrap(),
        until: "2026-11-28T13:30:00Z".parse().unwrap(),
        hold_until: world.now + SignedDuration::from_mins(5),
    }
}

impl World {
    fn note(&mut self, news: BookingNews) {
        self.run(Command::NoteBooking { news }).unwrap();
    }

    fn grant(&mut self, tool: ToolName, booking: Option<BookingId>) -> Result<(), Rejection> {
        let turn = self.turn();
        self.run(Command::GrantTool { turn, tool, booking }).map(drop)
    }

    fn press(&mut self, pressed: Pressed) {
        let client_id = format!("p{}", self.ids);
        let (text, pressed) = ("…".to_owned(), Some(pressed));
        let attachments = Vec::new();
        self.run(Command::PostMessage { text, client_id, page_url: None, pressed, attachments })
            .unwrap();
    }

    /// The customer writes, and the assistant's turn begins.
    fn asks(&mut self, text: &str) {
        self.write(text).unwrap();
        self.wait(4);
    }

    /// The assistant holds a time, and shows it.
    fn shows_a_hold(&mut self, n: u128) -> BookingNews {
        let news = held(self, n);
        self.note(news);
        self.answer().unwrap();
        news
    }
}

#[test]
fn a_yes_belongs_to_the_hold_that_was_shown_before_it() {
    let mut world = chat();
    world.asks("Kan jeg prøve den lørdag kl. 14?");
    let news = held(&world, 1);
    world.note(news);
    let create = |world: &mut World| world.grant(ToolName::CreateBooking, Some(news.booking));
    assert_eq!(
        create(&mut world),
        Err(Rejection::NotGranted(NotGranted::NoYes)),
        "the model cannot confirm for the customer"
    );
    world.answer().unwrap();
    world.asks("Hva koster det?");
    assert_eq!(create(&mut world), Err(Rejection::NotGranted(NotGranted::NoYes)));
    world.answer().unwrap();
    world.asks("Ja takk, gjerne!");
    assert!(create(&mut world).is_ok());
}

#[test]
fn a_yes_of_before_the_hold_was_shown_means_nothing() {
    let mut world = chat();
    world.asks("Kan jeg prøve den?");
    let news = held(&world, 1);
    world.note(news);
    world.write("Ja").unwrap(); // to something else: the hold stands in no answer yet
    world.wait(4);
    let create = world.grant(ToolName::CreateBooking, Some(news.booking));
    assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NoYes)));
}

#[test]
fn another_wish_takes_the_yes_back_and_another_time_needs_another_yes() {
    for text in ["Nei, heller søndag", "Nei", "Kan vi si klokka tre i stedet?"] {
        let mut world = chat();
        world.asks("Lørdag kl. 14?");
        let news = world.shows_a_hold(1);
        world.asks("Ja");
        world.answer().unwrap();
        world.asks(text);
        let create = world.grant(ToolName::CreateBooking, Some(news.booking));
        assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NoYes)), "{text}");
    }
    let mut world = chat();
    world.asks("Lørdag kl. 14?");
    let news = world.shows_a_hold(1);
    world.asks("Ja");
    let moved = BookingNews { from: "2026-11-28T14:00:00Z".parse().unwrap(), ..news };
    world.note(moved);
    let create = world.grant(ToolName::CreateBooking, Some(news.booking));
    assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NoYes)));
}

#[test]
fn a_mail_address_is_no_answer_whatever_it_ends_in() {
    let mut world = chat();
    world.asks("Lørdag kl. 14?");
    let news = world.shows_a_hold(1);
    world.asks("Ja");
    world.answer().unwrap();
    world.asks("Kari Nordmann, kari@example.no");
    assert!(world.grant(ToolName::CreateBooking, Some(news.booking)).is_ok(), "the yes stands");
}

#[test]
fn a_click_on_an_offered_time_is_kept_until_somebody_answers() {
    let mut world = chat();
    world.asks("Når har dere tid?");
    world.answer().unwrap();
    let (service, from) =
        (ServiceId::from_uuid(Uuid::from_u128(5)), SATURDAY_AT_TWO.parse().unwrap());
    world.press(Pressed::Pick { service, from, resource: None });
    world.write("og gjerne med henger").unwrap();
    world.wait(4);
    assert_eq!(world.state.dialogue.picked.map(|pick| pick.from), Some(from));
    world.answer().unwrap();
    assert_eq!(world.state.dialogue.picked, None);
}

#[test]
fn the_last_rung_tells_of_what_a_yes_has_just_booked_and_of_nothing_older() {
    let mut world = chat();
    world.asks("Lørdag kl. 14?");
    let news = world.shows_a_hold(1);
    world.asks("Ja");
    world.note(BookingNews { status: BookingStatus::Booked, ..news });
    for _ in 0..2 {
        let turn = world.turn();
        let result = Err(TurnFailure::Model);
        world.run(Command::EndTurn { turn, result, notes: TurnNotes::default() }).unwrap();
    }
    let said = |world: &World| {
        world.events.iter().rev().find_map(|(_, event)| match event {
            Event::MessagePosted(posted) if posted.author == Author::Assistant => {
                Some(posted.text.clone())
            }
            _ => None,
        })
    };
    assert!(said(&world).unwrap().contains("er booket: lørdag 28. november kl. 14:00"));
    world.asks("Og hva koster det?");
    for _ in 0..2 {
        let turn = world.turn();
        let result = Err(TurnFailure::Model);
        world.run(Command::EndTurn { turn, result, notes: TurnNotes::default() }).unwrap();
    }
    assert!(!said(&world).unwrap().contains("booket"), "that was told");
}

#[test]
fn of_two_holds_only_a_click_says_which() {
    let mut world = chat();
    world.asks("Lørdag?");
    let (one, two) = (held(&world, 1), held(&world, 2));
    world.note(one);
    world.note(two);
    world.answer().unwrap();
    world.asks("Ja");
    for news in [one, two] {
        let create = world.grant(ToolName::CreateBooking, Some(news.booking));
        assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NoYes)));
    }
    world.answer().unwrap();
    world.press(Pressed::Accept { offer: two.offer });
    world.wait(4);
    assert!(world.grant(ToolName::CreateBooking, Some(two.booking)).is_ok());
    let create = world.grant(ToolName::CreateBooking, Some(one.booking));
    assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NoYes)));
}

#[test]
fn a_hold_that_is_over_is_not_booked_whoever_said_yes() {
    let mut world = chat();
    world.asks("Lørdag?");
    let news = world.shows_a_hold(1);
    world.asks("Ja");
    world.answer().unwrap();
    world.wait(300);
    world.asks("Er den bestilt?");
    let create = world.grant(ToolName::CreateBooking, Some(news.booking));
    assert_eq!(create, Err(Rejection::NotGranted(NotGranted::NotHeld)));
    let unknown = world.grant(ToolName::CreateBooking, Some(held(&world, 9).booking));
    assert_eq!(unknown, Err(Rejection::NotGranted(NotGranted::UnknownBooking)));
}

#[test]
fn what_is_booked_is_moved_or_cancelled_only_by_who_has_proven_it_is_theirs() {
    let mut world = chat();
    world.asks("Jeg vil avbestille");
    let booked = BookingNews { status: BookingStatus::Booked, ..held(&world, 1) };
    world.note(booked);
    let booking = Some(booked.booking);
    for tool in [ToolName::CancelBooking, ToolName::RescheduleBooking] {
        assert_eq!(world.grant(tool, booking), Err(Rejection::NotGranted(NotGranted::NoCode)));
    }
    world.run(Command::NoteCode { booking: booked.booking, proven_until: None }).unwrap();
    assert_eq!(world.state.dialogue.waits_for_code(), booking);
    let no_code = Err(Rejection::NotGranted(NotGranted::NoCode));
    assert_eq!(world.grant(ToolName::CancelBooking, booking), no_code, "it was only sent");
    let until = Some(world.now + SignedDuration::from_mins(15));
    world.run(Command::NoteCode { booking: booked.booking, proven_until: until }).unwrap();
    assert!(world.grant(ToolName::CancelBooking, booking).is_ok());
    world.answer().unwrap();
    world.wait(15 * 60);
    world.asks("Og nå?");
    assert_eq!(world.grant(ToolName::CancelBooking, booking), no_code, "it is over");
}

#[test]
fn no_tool_of_an_older_fence_runs() {
    let mut world = chat();
    world.asks("Lørdag?");
    let turn = world.turn();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    for tool in ToolName::ALL {
        let grant = Command::GrantTool { turn, tool, booking: None };
        assert_eq!(world.run(grant), Err(Rejection::Stale), "{}", tool.as_str());
    }
    let contact = ContactLearned { name: Some("Kari".into()), ..ContactLearned::default() };
    assert_eq!(world.run(Command::LearnContact { turn, contact }), Err(Rejection::Stale));
    assert_eq!(world.run(Command::Escalate { turn }), Err(Rejection::Stale));
}

#[test]
fn a_tool_runs_so_often_and_no_more_until_the_customer_writes() {
    let mut world = chat();
    world.asks("Lørdag?");
    let most = ToolName::HoldSlot.budget() * 2;
    for _ in 0..most {
        world.grant(ToolName::HoldSlot, None).unwrap();
    }
    let too_often = Err(Rejection::NotGranted(NotGranted::TooOften));
    assert_eq!(world.grant(ToolName::HoldSlot, None), too_often);
    world.answer().unwrap();
    world.asks("Eller søndag?");
    assert!(world.grant(ToolName::HoldSlot, None).is_ok());
}

#[test]
fn who_asks_for_a_person_is_told_that_one_comes() {
    for text in
        ["Jeg vil snakke med et menneske", "I want to talk to a person", "Je vais porter plainte"]
    {
        let mut world = chat();
        world.write(text).unwrap();
        let handoff = world.state.handoff.expect(text);
        assert!(matches!(handoff.reason, AlertReason::CustomerAsked | AlertReason::Upset));
        assert!(world.state.promises.is_empty(), "they have an answer: {text}");
        assert!(world.state.turn.is_none());
        world.asks("Har dere en Volvo?");
        assert!(world.state.turn.is_some(), "meanwhile the assistant helps on");
    }
}

#[test]
fn a_conversation_that_is_too_long_calls_a_person_and_answers_on() {
    let mut world = chat();
    for n in 0..world.settings.dialogue.most_messages {
        world.asks(&format!("Spørsmål {n}"));
        world.answer().unwrap();
    }
    assert!(world.state.handoff.is_none());
    world.write("Og en ting til").unwrap();
    assert_eq!(world.state.handoff.map(|handoff| handoff.reason), Some(AlertReason::TooLong));
    world.write("Hallo?").unwrap();
    assert!(world.state.promises.is_empty(), "nobody is left without a word");
    assert!(world.state.turn.is_none(), "and no model is asked any more");
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world
        .run(Command::PostMemberMessage {
            member: member(7),
            text: "Hei!".into(),
            client_id: "m1".into(),
            seen: None,
        })
        .unwrap();
    assert_eq!(world.state.dialogue.customer_messages, 0);
}

#[test]
fn a_silent_customer_is_told_once_how_to_go_on_and_may() {
    let mut world = chat();
    world.asks("Har dere en Volvo?");
    world.answer().unwrap();
    world.wait(29 * 60);
    world.asks("Og en Tesla?");
    world.answer().unwrap();
    world.wait(2 * 60);
    let messages = world.state.last_message;
    world.wait(29 * 60);
    assert_eq!(world.state.last_message.0, messages.0 + 1, "one word to who has gone silent");
    world.wait(24 * 60 * 60);
    assert_eq!(world.state.last_message.0, messages.0 + 1);
    assert!(world.timers.is_empty());
    world.asks("Jeg er her igjen");
    assert!(world.state.turn.is_some());
}

#[test]
fn who_has_booked_hears_no_more_of_silence() {
    let mut world = chat();
    world.asks("Lørdag?");
    let news = BookingNews { status: BookingStatus::Booked, ..held(&world, 1) };
    world.note(news);
    world.answer().unwrap();
    let messages = world.state.last_message;
    world.wait(60 * 60);
    assert_eq!(world.state.last_message, messages);
}
