//! What customers ask for, as tables: `heard/<lang>.txt`, one text a line, and after ` = ` the services and
//! the vehicles that are wanted. A line that begins with `~` is not understood yet: at most one in twenty.

use std::collections::BTreeSet;

use forecourt_core::{
    knowledge::Knowledge,
    reading::{lex, read},
    tools::request::SearchInventory,
};

use super::{search::search, services::families_in, words::cues};

/// Texts of each language, at least.
const TEXTS: usize = 75;

fn notation(text: &str) -> String {
    let lexemes = lex(text);
    let tokens = read(&lexemes, |_| false);
    let cues: Vec<_> = cues().find(&lexemes).into_iter().map(|found| found.meaning).collect();
    let mut parts: Vec<String> =
        families_in(&lexemes).iter().map(|family| format!("{family:?}").to_lowercase()).collect();
    if let Some(wish) = search(&Knowledge::default(), &lexemes, &tokens, &cues, &[]) {
        parts.extend(of_search(&wish));
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join(", ") }
}

fn of_search(wish: &SearchInventory) -> Vec<String> {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        parts.extend(value.map(|value| format!("{name} {value}")));
    };
    add("fuel", wish.fuel.map(|fuel| format!("{fuel:?}").to_lowercase()));
    add("body", wish.body.clone());
    add("price>", wish.min_price.map(|v| v.to_string()));
    add("price<", wish.max_price.map(|v| v.to_string()));
    add("year>", wish.min_year.map(|v| v.to_string()));
    add("km<", wish.max_kilometres.map(|v| v.to_string()));
    add("range>", wish.min_range_km.map(|v| v.to_string()));
    add("seats>", wish.min_seats.map(|v| v.to_string()));
    parts
}

#[test]
fn what_customers_ask_for_is_understood() {
    let mut wrong = Vec::new();
    for (lang, lines) in [
        ("nb", include_str!("heard/nb.txt")),
        ("en", include_str!("heard/en.txt")),
        ("fr", include_str!("heard/fr.txt")),
        ("ar", include_str!("heard/ar.txt")),
    ] {
        let (mut texts, mut asked_back) = (BTreeSet::new(), 0);
        for line in lines.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (text, expected) =
                line.split_once(" = ").unwrap_or_else(|| panic!("{lang}: {line}"));
            let (text, back) = text.strip_prefix("~ ").map_or((text, false), |text| (text, true));
            asked_back += usize::from(back);
            assert!(texts.insert(text), "{lang}: stands twice: {text}");
            let heard = notation(text);
            if heard != expected.trim() {
                wrong.push(format!("{lang}: {text}\n   expected {expected}\n   heard    {heard}"));
            }
        }
        assert!(texts.len() >= TEXTS, "{lang}: only {} texts", texts.len());
        assert!(asked_back * 20 <= texts.len(), "{lang}: {asked_back} are asked back");
        println!("{lang}: {} of {} understood", texts.len() - asked_back, texts.len());
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
