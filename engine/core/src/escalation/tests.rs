//! What customers write, as tables: `said/<lang>.txt`. `+ person …`, `+ upset …`, `+ law …`, `+ danger …` call
//! a person, `- …` does not.

use super::*;

/// Texts of each kind and language, at least.
const EACH: usize = 60;

fn table(lang: &str, lines: &str) {
    let (mut wrong, mut calling, mut harmless) = (Vec::new(), 0, 0);
    let mut seen = std::collections::BTreeSet::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        assert!(seen.insert(line), "{lang}: stands twice: {line}");
        let (expected, text) = match line.split_once(' ') {
            Some(("-", text)) => {
                harmless += 1;
                (None, text)
            }
            Some(("+", rest)) => {
                calling += 1;
                let (kind, text) = rest.split_once(' ').unwrap_or_default();
                let call = match kind {
                    "person" => Call::Person,
                    "upset" => Call::Upset,
                    "law" => Call::Law,
                    "danger" => Call::Danger,
                    other => panic!("{lang}: no such kind: {other}"),
                };
                (Some(call), text)
            }
            _ => panic!("{lang}: {line}"),
        };
        let heard = call_in(text);
        if heard != expected {
            wrong.push(format!("{text}\n   expected {expected:?}, heard {heard:?}"));
        }
    }
    assert!(wrong.is_empty(), "{lang}: {} of {}\n{}", wrong.len(), seen.len(), wrong.join("\n"));
    assert!(calling >= EACH, "{lang}: {calling} that call");
    assert!(harmless >= EACH, "{lang}: {harmless} that do not");
}

#[test]
fn norwegian_customers_get_a_person_when_they_need_one() {
    table("nb", include_str!("said/nb.txt"));
}

#[test]
fn english_customers_get_a_person_when_they_need_one() {
    table("en", include_str!("said/en.txt"));
}

#[test]
fn french_customers_get_a_person_when_they_need_one() {
    table("fr", include_str!("said/fr.txt"));
}

#[test]
fn arabic_customers_get_a_person_when_they_need_one() {
    table("ar", include_str!("said/ar.txt"));
}

#[test]
fn a_tenants_own_word_calls_a_person_as_a_whole_word_only() {
    let own = ["gullkunde".to_owned(), "VIP-avtale".to_owned()];
    let today = jiff::civil::date(2026, 11, 23);
    for (text, calls) in [
        ("Jeg er gullkunde hos dere", true),
        ("gjelder min VIP-avtale", true),
        ("gullkundene deres", false),
        ("hei", false),
    ] {
        let heard = hear_call(text, &own, today);
        assert_eq!(heard.is_some(), calls, "{text}");
    }
}

#[test]
fn what_is_weightier_is_told_first() {
    assert_eq!(call_in("I want a human, there is smoke coming from the car"), Some(Call::Danger));
    assert_eq!(call_in("This is unacceptable, my lawyer will hear of it"), Some(Call::Law));
}
