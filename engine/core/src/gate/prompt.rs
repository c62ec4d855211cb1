//! The prompt's own sentences: an answer that repeats a run of their words shows the prompt.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::OnceLock,
};

use crate::reading::{Lex, lex};

/// So many words in a row are no coincidence.
const RUN: usize = 8;
const PROMPT: &str = include_str!("../../../../prompts/reply/system.md");
/// What the prompt asks the assistant to say.
const TO_BE_SAID: [&str; 1] = ["one of our sellers will get in touch soon"];

/// Whether a sentence shows a run of the prompt's words.
pub(super) fn is_shown(sentence: &str) -> bool {
    static RUNS: OnceLock<HashSet<u64>> = OnceLock::new();
    let known = RUNS.get_or_init(|| {
        let mut all: HashSet<u64> = PROMPT
            .lines()
            // What is filled in parts the runs.
            .flat_map(|line| line.split(['{', '}', '%']).collect::<Vec<_>>())
            .flat_map(|part| runs(part).collect::<Vec<_>>())
            .collect();
        for run in TO_BE_SAID.iter().flat_map(|said| runs(said).collect::<Vec<_>>()) {
            all.remove(&run);
        }
        all
    });
    runs(sentence).any(|run| known.contains(&run))
}

fn runs(text: &str) -> impl Iterator<Item = u64> {
    let pieces = lex(text).into_iter().filter_map(|lexeme| match lexeme.lex {
        Lex::Word(word) => Some(word),
        _ => None,
    });
    let words: Vec<String> = pieces.collect();
    let hash = |run: &[String]| {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(RUN).map(hash).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_of_the_prompt_that_is_long_enough_is_known() {
        let mut known = 0;
        for line in PROMPT.lines().filter(|line| !line.contains(['{', '%'])) {
            for sentence in line.split_inclusive(". ") {
                let is_said = TO_BE_SAID.iter().any(|said| sentence.contains(said));
                if runs(sentence).next().is_some() && !is_said {
                    assert!(is_shown(sentence), "{sentence}");
                    known += 1;
                }
            }
        }
        assert!(known > 15, "{known}");
        assert!(!is_shown(
            "One of our sellers will get in touch soon about the car you asked for."
        ));
        assert!(!is_shown(
            "Thank you for your message, which day suits you best for a test drive?"
        ));
    }
}
