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

/// What customers might write, in any order: none of it may lead to a sentence that is not true, to a booking
/// without a yes, or to the same answer twice in a row.
const ANYTHING: [&[&str]; 4] = [
    &[
        "hei",
        "ja",
        "nei",
        "kanskje",
        "takk",
        "prøvekjøre",
        "dekkskift",
        "begge deler",
        "lørdag kl 14",
        "kl 15",
        "fredag",
        "ikke mandag",
        "så snart som mulig",
        "den andre",
        "Kari Nordmann, kari@example.no",
        "kari@gmail",
        "avbestill",
        "flytt til torsdag kl 12",
        "123456",
        "000000",
        "har dere en elbil under 400 000?",
        "Er Kia EV6 ledig?",
        "når har dere åpent?",
        "hva koster dekkskift",
        "31. februar",
        "asdf",
        "hva slags garanti?",
        "nei, jeg mente fredag kl 11",
        "er det ledig på søndag?",
        "kl 5 på mandag",
        "oljeskift",
        "det var alt",
        "?",
        "",
    ],
    &[
        "bonjour",
        "oui",
        "non",
        "peut-être",
        "merci",
        "un essai",
        "changement de pneus",
        "samedi à 14h",
        "à 15h",
        "vendredi",
        "pas lundi",
        "le plus tôt possible",
        "le deuxième",
        "Claire Dubois, claire@example.fr",
        "claire@gmail",
        "annuler",
        "déplacer à jeudi 12h",
        "123456",
        "000000",
        "une électrique à moins de 400 000 NOK ?",
        "La Kia EV6 est disponible ?",
        "vos horaires ?",
        "combien coûte un changement de pneus",
        "31 février",
        "asdf",
        "quelle garantie ?",
        "non, je voulais dire vendredi à 11h",
        "dimanche ?",
        "lundi à 5h",
        "vidange",
        "c'est tout",
        "?",
        "",
    ],
    &[
        "hello",
        "yes",
        "no",
        "maybe",
        "thanks",
        "a test drive",
        "tyre change",
        "Saturday at 2 pm",
        "at 3",
        "Friday",
        "not Monday",
        "as soon as possible",
        "the second one",
        "Jane Doe, jane@example.com",
        "jane@gmail",
        "cancel it",
        "move it to Thursday at 12",
        "123456",
        "000000",
        "an electric under 400,000?",
        "Is the Kia EV6 available?",
        "when are you open?",
        "how much is a tyre change",
        "30 February",
        "asdf",
        "what warranty?",
        "no, I meant Friday at 11",
        "anything on Sunday?",
        "Monday at 5",
        "oil change",
        "that's all",
        "?",
        "",
    ],
    &[
        "مرحبا",
        "نعم",
        "لا",
        "ربما",
        "شكرا",
        "تجربة قيادة",
        "تبديل الإطارات",
        "السبت الساعة ٢",
        "الساعة 3",
        "الجمعة",
        "ليس الاثنين",
        "أقرب موعد",
        "الثاني",
        "اسمي كريم حسن وبريدي karim@example.com",
        "karim@gmail",
        "إلغاء",
        "غير الموعد إلى الخميس الساعة 12",
        "123456",
        "000000",
        "كهربائية أقل من 400 ألف؟",
        "هل Kia EV6 متوفرة؟",
        "متى تفتحون؟",
        "كم سعر تبديل الإطارات",
        "31 فبراير",
        "سشيب",
        "ما هو الضمان؟",
        "لا، قصدي الجمعة الساعة 11",
        "الأحد؟",
        "الاثنين الساعة 5",
        "تغيير الزيت",
        "هذا كل شيء",
        "؟",
        "",
    ],
];

#[test]
fn whatever_is_written_in_any_order_nothing_untrue_is_said_and_nothing_is_booked_without_a_yes() {
    const TALKS: u64 = 20;
    const TURNS: usize = 14;
    let mut wrong = Vec::new();
    for (lang, texts) in [Lang::Nb, Lang::Fr, Lang::En, Lang::Ar].into_iter().zip(ANYTHING) {
        for seed in 0..TALKS {
            let (mut world, mut random) = (World::new(lang), seed * 7_919 + 17);
            let mut log = Vec::new();
            for _ in 0..TURNS {
                // A linear congruential generator: the same talks every time.
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let text = texts[(random >> 33) as usize % texts.len()];
                let before = world.booked();
                let turn = world.says(text);
                log.push(format!("    > {text}\n      {:?}\n    < {}", turn.called, turn.answer));
                let mut what: Vec<String> =
                    turn.withheld.iter().map(|one| format!("withheld: {one}")).collect();
                if turn.repeats {
                    what.push("says the same again".to_owned());
                }
                if turn.answer.trim().is_empty() {
                    what.push("says nothing".to_owned());
                }
                let contact = text.contains('@');
                if world.booked() > before
                    && !contact
                    && forecourt_core::utterance::hear(text, jiff::civil::date(2026, 11, 24)).reply
                        != Some(forecourt_core::utterance::Reply::Yes)
                {
                    what.push("booked without a yes".to_owned());
                }
                if !what.is_empty() {
                    wrong.push(format!(
                        "  {lang} {seed}\n{}\n      ^^^ {}",
                        log.join("\n"),
                        what.join("; ")
                    ));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} talks\n{}", wrong.len(), wrong.join("\n\n"));
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
