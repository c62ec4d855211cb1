//! The house responder: answers without a model, from what the tenant itself has said.
//!
//! Lives here: [`understand`] finds what a customer's text asks for, [`compose`] words the answer in the
//! customer's language, `words` holds the phrases. It names only what stands in the grounding, and says
//! what it does not know.
//!
//! With tools it is a whole assistant: [`thread`] reads the conversation, [`services`] and [`search`] tell
//! what is wanted, [`plan`] says what comes next, [`appointments`], [`times`] and [`offers`] lead to a booking, [`contact`] and
//! [`informs`] do the rest, [`rounds`]
//! calls and reads results, and [`say`] has every sentence. [`files`] tells of what came with a message.
//!
//! # Invariants
//! - **A3** the same question on the same ground gives the same answer, to the letter;
//! - **A6** every sentence passes the claim gate: a test holds each table of examples against it;
//! - a time is offered, never promised: without tools a person confirms it, with them the customer's own yes;
//! - whatever is asked, at most [`MOST_ROUNDS`](forecourt_core::tools::MOST_ROUNDS) rounds lead to an answer.

mod appointments;
mod compose;
mod contact;
mod files;
mod informs;
mod offers;
mod plan;
mod rounds;
mod say;
mod search;
mod services;
mod thread;
mod times;
mod understand;
mod words;

#[cfg(test)]
mod heard_tests;
#[cfg(test)]
pub(crate) mod tests;

use forecourt_ports::model::{Ask, Choice, Delta, Done, Line, Model, ModelError, Stop, Who};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use self::rounds::Step;

/// Stored with every answer; rises when answers change their meaning.
const VERSION: &str = "house@2";

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

impl HouseResponder {
    fn step(ask: &Ask) -> Step {
        let may_call = !ask.toolbox.offered.is_empty() && ask.toolbox.choice != Choice::None;
        if may_call || !ask.toolbox.rounds.is_empty() {
            plan::step(ask)
        } else {
            Step::Say(Self::say(ask))
        }
    }
}

impl Model for HouseResponder {
    fn name(&self) -> &'static str {
        "house"
    }

    /// Streams the answer word by word, without pretending to think.
    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let text = match Self::step(&ask) {
            Step::Say(text) => files::with(&ask, text),
            Step::Calls(calls) => {
                let done = Done { stop: Stop::Calls, ..Done::free("house", VERSION) };
                let calls = calls.into_iter().map(Delta::Call).chain([Delta::Done(done)]);
                return stream::iter(calls.map(Ok).collect::<Vec<_>>()).boxed();
            }
        };
        let words: Vec<_> =
            text.split_inclusive(' ').map(|word| Ok(Delta::Text(word.to_owned()))).collect();
        let done = Done::free("house", VERSION);
        stream::iter(words).chain(stream::iter([Ok(Delta::Done(done))])).boxed()
    }
}
