//! Every case of the binary passes, all packs and languages have theirs, and a wrong answer is found.

use std::collections::BTreeMap;

use forecourt_core::lang::Lang;

use super::{
    cases::{self, Case},
    config::Runner,
    files, record,
    run::{chosen, play_all},
    scorecard::Scorecard,
};

/// Cases in all, and of each language and pack.
const ALL: usize = 200;
const OF_LANGUAGE: usize = 40;
const OF_PACK: usize = 15;

#[test]
fn every_case_passes() {
    let cases = cases::embedded().unwrap();
    let played = play_all(&cases).unwrap();
    let card = Scorecard::new(&cases, &played, std::time::Duration::ZERO);
    assert!(card.is_whole(), "{}", card.text(false));
}

#[test]
fn there_are_enough_cases_of_every_language_pack_and_runner() {
    let cases = cases::embedded().unwrap();
    let count = |is: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| is(case)).count();
    assert!(cases.len() >= ALL, "{} cases", cases.len());
    for lang in Lang::ALL {
        let of = count(&|case| case.lang == lang);
        assert!(of >= OF_LANGUAGE, "{of} cases in {lang}");
    }
    let mut packs = BTreeMap::<&str, usize>::new();
    for case in &cases {
        *packs.entry(&case.business.pack).or_default() += 1;
    }
    assert!(packs.len() >= 4 && packs.values().all(|of| *of >= OF_PACK), "{packs:?}");
    for runner in [Runner::House, Runner::Scripted, Runner::Recorded] {
        assert!(count(&|case| case.runner == runner) >= 5, "{}", runner.as_str());
    }
}

#[test]
fn the_binary_carries_every_file_of_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../prompts/reply/cases");
    let listed = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        names.sort();
        names
    };
    let carried = |files: &[(&str, &str)]| {
        let mut names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(carried(files::CASES), listed(folder));
    assert_eq!(carried(files::WORLDS), listed(&format!("{folder}/worlds")));
    let from_folder = cases::from_dir(folder.as_ref()).unwrap();
    assert_eq!(from_folder.len(), cases::embedded().unwrap().len());
}

#[test]
fn a_case_that_expects_something_else_fails_with_what_came() {
    let mut case = cases::embedded().unwrap().swap_remove(0);
    case.told.turns.truncate(1);
    case.told.turns[0].says = vec!["something that nobody says".into()];
    case.told.ends.bookings = vec!["booked moon landing 01-01 00:00".into()];
    let cases = [case];
    let played = play_all(&cases).unwrap();
    let faults = &played[0].faults;
    assert!(faults.iter().any(|fault| fault.turn == 1 && fault.expected.contains("nobody says")));
    assert!(faults.iter().any(|fault| fault.turn == 0 && fault.came == "[]"), "{faults:?}");
    let card = Scorecard::new(&cases, &played, std::time::Duration::ZERO);
    assert!(!card.is_whole() && card.text(false).contains("FAILED"));
    assert_eq!(card.json()["failed"], 1);
}

#[test]
fn the_same_case_is_played_the_same_way_again() {
    let cases = chosen(cases::embedded().unwrap(), Some(Runner::House), Some("booking"));
    let few = &cases[..cases.len().min(4)];
    let once: Vec<_> = play_all(few).unwrap().into_iter().map(|one| one.transcript).collect();
    let again: Vec<_> = play_all(few).unwrap().into_iter().map(|one| one.transcript).collect();
    assert_eq!(once, again);
}

#[test]
fn what_was_recorded_is_played_again_and_ends_the_same_way() {
    let cases = chosen(cases::embedded().unwrap(), Some(Runner::House), Some("booking-en"));
    let case = &cases[0];
    let played = play_all(std::slice::from_ref(case)).unwrap();
    let recording = played[0].recording.as_deref().unwrap();
    let file = format!("{}\n{recording}", record::head(case, &case.world));
    let (_, world) = files::WORLDS.iter().find(|(name, _)| *name == case.world).unwrap();
    let again = cases::read(&[(&case.world, *world)], &[("recorded", &file)]).unwrap();
    assert_eq!(again[0].runner, Runner::Recorded);
    assert_eq!(again[0].told.ends.bookings, case.told.ends.bookings);
    let replayed = play_all(&again).unwrap();
    assert_eq!(replayed[0].faults, []);
    let says = |played: &super::play::Played| {
        let says = |line: &&String| line.starts_with("    <");
        played.transcript.iter().filter(says).cloned().collect::<Vec<_>>()
    };
    assert_eq!(says(&replayed[0]), says(&played[0]));
}
