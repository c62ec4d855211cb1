//! Bursts, gathering, and what newer text does to a running turn.

use super::*;

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
