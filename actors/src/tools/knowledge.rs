//! The tool that looks things up in what the tenant says of itself.

use forecourt_core::{
    search,
    tools::{
        Receipt, Used,
        request::SearchKnowledge,
        results::{Passage, Passages},
    },
};
use forecourt_ports::store::knowledge::{self, PassageSource};

use super::{Found, No, Tools};

/// Passages of one answer.
const MOST: u8 = 5;

impl Tools {
    /// The passages that fit the question, in the customer's language first. What they say may be said.
    pub(super) async fn search_knowledge(&mut self, asked: &SearchKnowledge) -> Result<Found, No> {
        if search::words(&asked.query).is_empty() {
            return Err(No::bad("`query` has no words to look for"));
        }
        let found = self.tenant.search_knowledge(&asked.query, self.facts.lang, MOST).await?;
        self.found_by.extend(found.iter().map(|passage| (passage.id, passage.found_by)));
        let passages = Passages { passages: found.iter().map(passage).collect() };
        let receipts = found.iter().map(|passage| Receipt::Text(passage.text.clone())).collect();
        let used = found.iter().map(|passage| Used::Passage(passage.id.into_uuid())).collect();
        Ok(Found { receipts, used, ..Found::of(&passages) })
    }
}

/// A passage as a model reads it: shown whole, and named by its page, or by its first line.
fn passage(found: &knowledge::Passage) -> Passage {
    let source = match &found.source {
        PassageSource::Page { url, .. } => url.clone(),
        PassageSource::Faq | PassageSource::Policy | PassageSource::Service => {
            found.text.lines().next().unwrap_or_default().to_owned()
        }
    };
    Passage { text: search::shown(&found.text), source }
}
