//! When a customer's words call a person: they ask for one, they are upset, or it is about the law or an
//! accident. A table of phrases per language; a tenant may add its own.
//!
//! # Invariants
//! - **A3** the same text gives the same answer;
//! - a word that stands inside another is none: `menneske` calls, `menneskelig feil` does not.

use crate::{
    event::AlertReason,
    lang::Lang,
    reading::fold,
    utterance::{Reply, hear},
};

/// Characters that are read.
const READ_CHARS: usize = 2_000;

/// Why a person is needed, if the text says so.
pub fn hear_call(
    text: &str,
    own_words: &[String],
    today: jiff::civil::Date,
) -> Option<AlertReason> {
    let text: String = text.chars().take(READ_CHARS).collect();
    if hear(&text, today).reply == Some(Reply::Person) {
        return Some(AlertReason::CustomerAsked);
    }
    let folded = format!(" {} ", fold(&text));
    let says = |phrase: &str| folded.contains(&format!(" {phrase} "));
    if own_words.iter().any(|word| says(&fold(word))) {
        return Some(AlertReason::CustomerAsked);
    }
    let upset = Lang::ALL.iter().flat_map(|lang| upset(*lang)).any(|phrase| says(phrase));
    upset.then_some(AlertReason::Upset)
}

/// Phrases of somebody who is upset, or speaks of the law; folded.
fn upset(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Nb => &["advokat", "forbrukerradet", "svindel", "skandalose", "helt uakseptabelt"],
        Lang::Fr => &["avocat", "arnaque", "inadmissible", "scandaleux", "porter plainte"],
        Lang::En => &["lawyer", "scam", "unacceptable", "this is ridiculous", "sue you"],
        Lang::Ar => &["محامي", "احتيال", "غير مقبول", "شكوى رسمية"],
    }
}
