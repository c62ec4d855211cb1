//! The house responder: answers without a model, from what the tenant itself has said.
//!
//! Lives here: [`understand`] finds what a customer's text asks for, [`compose`] words the answer in the
//! customer's language, `words` holds the phrases. It names only what stands in the grounding, and says
//! what it does not know.
//!
//! # Invariants
//! - **A3** the same question on the same ground gives the same answer, to the letter;
//! - **A6** every sentence passes the claim gate: a test holds each table of examples against it;
//! - a time is offered, never promised: a person confirms it.

mod compose;
mod understand;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use forecourt_ports::model::{Ask, Delta, Done, Line, Model, ModelError, Who};
use futures_util::stream::{self, BoxStream, StreamExt as _};

/// Stored with every answer; rises when answers change their meaning.
const VERSION: &str = "house@1";

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct HouseResponder;

impl HouseResponder {
    /// The whole answer at once.
    pub fn say(ask: &Ask) -> String {
        let is_customers = |line: &&Line| line.who == Who::Customer;
        let text = ask.transcript.iter().rev().find(is_customers).map_or("", |line| &line.text);
        let earlier = ask.transcript.iter().filter(is_customers).count() > 1;
        let wish = understand::understand(ask, text);
        compose::compose(ask, &wish, earlier)
    }
}

impl Model for HouseResponder {
    fn name(&self) -> &'static str {
        "house"
    }

    /// Streams the answer word by word, without pretending to think.
    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let text = Self::say(&ask);
        let words: Vec<_> =
            text.split_inclusive(' ').map(|word| Ok(Delta::Text(word.to_owned()))).collect();
        let done = Done::free("house", VERSION);
        stream::iter(words).chain(stream::iter([Ok(Delta::Done(done))])).boxed()
    }
}
