//! Whole conversations with the house responder, over tools that really hold and book in memory.
//!
//! `dialogues/<lang>.txt`: `== name` begins a conversation; `> text` is the customer's; `! tool` was called in
//! that turn (`! -` none was); `< part` stands in the answer, `- part` does not; `= booked Service 11-28 14:00`
//! is how the bookings stand afterwards (`= none` there is none that stands); `@ known` says that name and
//! address are known, `@ mail` that it is read in letters, `@ clock +60` that the customer's clock is ahead.
//! Every answer is held against the claim gate, with the receipts of what was done.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it cannot do without"
)]

mod dialogues {
    mod dealer;
    pub(crate) mod world;
}

use dialogues::world::World;
use forecourt_core::lang::Lang;

/// Conversations of each language, at least.
const TOLD: usize = 12;

fn play(lang: Lang, file: &str) {
    let mut wrong = Vec::new();
    let mut told = 0;
    for story in file.split("\n== ").filter(|story| !story.trim().is_empty()) {
        told += 1;
        let mut lines = story.lines();
        let name = lines.next().unwrap_or_default().trim_start_matches("== ").to_owned();
        let mut world = World::new(lang);
        let mut log = Vec::new();
        let mut failed = false;
        let mut fail = |log: &mut Vec<String>, what: String| {
            failed = true;
            log.push(format!("      ^^^ {what}"));
        };
        for line in lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (kind, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
            let rest = rest.trim();
            match kind {
                "@" => world.set(rest),
                ">" => {
                    let turn = world.says(rest);
                    log.push(format!("    > {rest}"));
                    log.push(format!("      {:?}", turn.called));
                    log.push(format!("    < {}", turn.answer));
                    for withheld in turn.withheld {
                        fail(&mut log, format!("withheld: {withheld}"));
                    }
                    if turn.repeats {
                        fail(&mut log, "says the same again".to_owned());
                    }
                }
                "<" => {
                    for part in rest.split('|').map(str::trim) {
                        if !world.answer.contains(part) {
                            fail(&mut log, format!("does not say {part}"));
                        }
                    }
                }
                "-" => {
                    if world.answer.contains(rest) {
                        fail(&mut log, format!("says {rest}"));
                    }
                }
                "!" => {
                    let holds = match rest {
                        "-" => world.called.is_empty(),
                        tool => world.called.iter().any(|called| called.starts_with(tool)),
                    };
                    if !holds {
                        fail(&mut log, format!("did not call {rest}"));
                    }
                }
                "=" => {
                    let stands = world.bookings();
                    if stands != rest {
                        fail(&mut log, format!("bookings are {stands}, not {rest}"));
                    }
                }
                other => fail(&mut log, format!("no such line: {other}")),
            }
        }
        if failed {
            wrong.push(format!("  {name}\n{}", log.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{lang}: {} of {told}\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(told >= TOLD, "{lang}: {told} conversations");
}

#[test]
fn conversations_in_norwegian_end_as_they_should() {
    play(Lang::Nb, include_str!("dialogues/nb.txt"));
}

#[test]
fn conversations_in_english_end_as_they_should() {
    play(Lang::En, include_str!("dialogues/en.txt"));
}

#[test]
fn conversations_in_french_end_as_they_should() {
    play(Lang::Fr, include_str!("dialogues/fr.txt"));
}

#[test]
fn conversations_in_arabic_end_as_they_should() {
    play(Lang::Ar, include_str!("dialogues/ar.txt"));
}
