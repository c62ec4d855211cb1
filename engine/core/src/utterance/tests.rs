//! What customers write, as tables: `heard/<lang>.txt`, one text a line, and after ` = ` what it means.
//!
//! Today is Monday, 23 November 2026. A choice is `11-28 14:00`, several are parted by ` / `, a stretch is
//! `12:00-17:00`; flags follow `;`. A line that begins with `~` is not understood yet and must be asked back:
//! at most one in twenty may be.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

const TODAY: Date = date(2026, 11, 23);
/// Texts of each language, at least.
const TEXTS: usize = 300;

/// An utterance in the notation of the tables.
fn notation(said: &Utterance) -> String {
    let day = |day: &Date| format!("{:02}-{:02}", day.month(), day.day());
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let window = |window: &Window| match (window.minute(), window.from, window.until) {
        (Some(minute), ..) => clock(minute),
        (_, 0, until) => format!("-{}", clock(until)),
        (_, from, 1440) => format!("{}-", clock(from)),
        (_, from, until) => format!("{}-{}", clock(from), clock(until)),
    };
    let joined = |items: Vec<String>| items.join(",");
    let mut parts = Vec::new();
    let choices: Vec<String> = said
        .choices
        .iter()
        .map(|choice| {
            let days = joined(choice.days.iter().map(day).collect());
            let times = joined(choice.times.iter().map(window).collect());
            [days, times].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    if !choices.is_empty() {
        parts.push(choices.join(" / "));
    }
    if !said.not_days.is_empty() {
        parts.push(format!("not {}", joined(said.not_days.iter().map(day).collect())));
    }
    parts.extend(said.reply.map(|reply| format!("{reply:?}").to_lowercase()));
    let flags = [
        (said.corrects, "fix"),
        (said.soonest, "soon"),
        (said.any, "any"),
        (!said.doubts.is_empty(), "?"),
    ];
    parts.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
    if parts.is_empty() { ".".to_owned() } else { parts.join("; ") }
}

fn table(lang: &str, lines: &str) {
    let (mut wrong, mut asked_back, mut texts) = (Vec::new(), 0, BTreeSet::new());
    for line in lines.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (text, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("{lang}: {line}"));
        let (text, asked) =
            text.strip_prefix('~').map_or((text, false), |text| (text.trim(), true));
        assert!(texts.insert(text.to_owned()), "{lang}: stands twice: {text}");
        asked_back += usize::from(asked);
        let said = hear(text, TODAY);
        let heard = notation(&said);
        if heard != expected.trim() {
            wrong.push(format!("{text}\n   expected {expected}\n   heard    {heard}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{lang}: {} of {} differ\n{}",
        wrong.len(),
        texts.len(),
        wrong.join("\n")
    );
    assert!(texts.len() >= TEXTS, "{lang}: only {} texts", texts.len());
    assert!(
        asked_back * 20 <= texts.len(),
        "{lang}: {asked_back} of {} are asked back",
        texts.len()
    );
}

#[test]
fn english_customers_are_heard() {
    table("en", include_str!("heard/en.txt"));
}

#[test]
fn french_customers_are_heard() {
    table("fr", include_str!("heard/fr.txt"));
}

#[test]
fn arabic_customers_are_heard() {
    table("ar", include_str!("heard/ar.txt"));
}

#[test]
fn norwegian_customers_are_heard() {
    table("nb", include_str!("heard/nb.txt"));
}

#[test]
fn a_yes_takes_what_was_offered_and_nothing_else() {
    let offer = (date(2026, 11, 28), 14 * 60); // Saturday at two
    for (text, takes) in [
        ("ja takk", true),
        ("ja, lørdag kl 14 passer", true),
        ("yes, Saturday works", true),
        ("oui pour 14h", true),
        ("نعم، السبت الساعة 2 يناسبني", true),
        ("ja, søndag kl 14", false),
        ("ja, men kl 15", false),
        ("yes, at 3 pm", false),
        ("yes but rather on Friday", false),
        ("oui ?", false),
        ("kanskje", false),
        ("ja og nei", false),
        ("not good", false),
        ("nei", false),
        ("ja, den 31. november", false),
        ("perfect, but not Saturday", false),
        ("can I say yes tomorrow?", false),
        ("", false),
    ] {
        assert_eq!(hear(text, TODAY).accepts(offer.0, offer.1), takes, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_is_written_is_heard_within_bounds(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "ja", "nei", "not", "men", "mandag", "lundi", "السبت", "24.", "kl", "14", "h", "30", " til ", "-", ",",
            "?", "om", "to", "uker", "neste uke", "mellom", "og", "før", "halv", "tre", "99", "november", "بعد",
            "👍", "\u{0}", "’", "10:30", "pm", "weekend",
        ]), 0..40),
        glue in prop::sample::select(vec!["", " ", ", "]),
    ) {
        let said = hear(&pieces.join(glue), TODAY);
        prop_assert!(said.choices.len() <= MAX_CHOICES && said.not_days.len() <= MAX_DAYS);
        for choice in &said.choices {
            prop_assert!(choice.days.len() <= MAX_DAYS && choice.times.len() <= MAX_CHOICES);
            prop_assert!(choice.days.iter().all(|day| *day >= TODAY && !said.not_days.contains(day)));
            prop_assert!(choice.times.iter().all(|w| w.from <= w.until && w.until <= Window::DAY.until));
        }
    }
}
