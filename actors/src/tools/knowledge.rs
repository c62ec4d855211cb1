//! The tool that looks things up in what the tenant says of itself.

use std::cmp::Reverse;

use forecourt_core::{
    knowledge::Faq,
    search,
    tools::{
        Receipt,
        request::SearchKnowledge,
        results::{Passage, Passages},
    },
};

use super::{Found, No, Tools};

/// Passages of one answer.
const MOST: usize = 5;
/// Words of a question that are looked for.
const MOST_WORDS: usize = 24;

impl Tools {
    /// The tenant's answers that share most words with the question.
    pub(super) fn search_knowledge(&self, asked: &SearchKnowledge) -> Result<Found, No> {
        let lang = self.facts.lang;
        let words = search::words(&asked.query);
        if words.is_empty() {
            return Err(No::bad("`query` has no words to look for"));
        }
        let words: Vec<String> = words.into_iter().take(MOST_WORDS).collect();
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (at, faq) in self.knowledge.faqs.iter().enumerate() {
            let text = search::fold(&format!(
                "{} {} {}",
                faq.question.0.values().cloned().collect::<Vec<_>>().join(" "),
                faq.answer.0.values().cloned().collect::<Vec<_>>().join(" "),
                faq.keywords.join(" "),
            ));
            let hits = words.iter().filter(|word| text.contains(word.as_str())).count();
            if hits > 0 {
                found.push((hits, at));
            }
        }
        found.sort_by_key(|(hits, at)| (Reverse(*hits), *at));
        found.truncate(MOST);
        let faqs: Vec<_> = found.iter().map(|(_, at)| &self.knowledge.faqs[*at]).collect();
        let passage = |faq: &&Faq| Passage {
            text: search::shown(faq.answer.get(lang)),
            source: faq.question.get(lang).to_owned(),
        };
        let passages = Passages { passages: faqs.iter().map(passage).collect() };
        let receipts = faqs.iter().map(|faq| Receipt::Text(faq.answer.get(lang).to_owned()));
        Ok(Found { receipts: receipts.collect(), ..Found::of(&passages) })
    }
}
