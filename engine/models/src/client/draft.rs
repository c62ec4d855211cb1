//! An answer as it grows: its text by sentences, its calls, its counters, and how it ends.

use forecourt_ports::model::{Call, Carry, Done, ModelError, Stop, Toolbox, Usage};

use super::{Calls, ClientConfig, Step, model_name, sentences::Sentences};
use crate::{prices::Price, prompts::Prompt};

/// The most events of an answer, whatever they are.
pub(crate) const MAX_EVENTS: usize = 20_000;

/// What all protocols make of an answer.
#[derive(Debug)]
pub(crate) struct Draft {
    events: usize,
    max_chars: usize,
    sentences: Sentences,
    pub(crate) calls: Calls,
    pub(crate) usage: Usage,
    pub(crate) carry: Option<Carry>,
    model: String,
    price: Option<Price>,
    prompt: String,
}

/// The last of an answer, in the order in which it is told.
#[derive(Debug, PartialEq)]
pub(crate) struct Ending {
    pub(crate) text: Option<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) done: Done,
}

impl Draft {
    /// The model that was asked for stands in for the name that the provider gives, should it give
    /// none; its price is the one that is paid.
    pub(crate) fn new(config: &ClientConfig, tools: &Toolbox, prompt: &Prompt) -> Self {
        Self {
            events: 0,
            max_chars: config.max_chars,
            sentences: Sentences::default(),
            calls: Calls::of(tools),
            usage: Usage::default(),
            carry: None,
            model: config.model.clone(),
            price: config.price,
            prompt: prompt.id.clone(),
        }
    }

    /// Counts an event.
    pub(crate) fn heard(&mut self) -> Result<(), ModelError> {
        self.events += 1;
        if self.events > MAX_EVENTS { Err(ModelError::TooLong) } else { Ok(()) }
    }

    /// Takes over the name that the provider gives.
    pub(crate) fn named(&mut self, model: &str) {
        if let Some(name) = model_name(model) {
            name.clone_into(&mut self.model);
        }
    }

    /// Takes text in.
    pub(crate) fn text(&mut self, text: &str) -> Result<Step, ModelError> {
        let whole = self.sentences.push(text);
        if self.sentences.chars() > self.max_chars {
            return Err(ModelError::TooLong);
        }
        Ok(Step::Content(whole))
    }

    /// Ends the answer.
    pub(crate) fn finish(&mut self, stop: Stop) -> Result<Ending, ModelError> {
        let (text, calls) = match stop {
            Stop::Finished => (self.sentences.finish(), Vec::new()),
            // Where the calls of a cut answer end is not known: none of them is taken.
            Stop::Cut => (self.sentences.finish_cut(), Vec::new()),
            Stop::Calls => (self.sentences.finish(), self.calls.finish()?),
        };
        match stop {
            Stop::Cut if !self.sentences.let_go() => return Err(ModelError::TooLong),
            Stop::Finished if !self.sentences.let_go() => {
                return Err(ModelError::Protocol("the answer is empty"));
            }
            Stop::Calls if calls.is_empty() => {
                return Err(ModelError::Protocol("the answer waits for calls that it has not"));
            }
            _ => {}
        }
        Ok(Ending {
            text,
            calls,
            done: Done {
                model: std::mem::take(&mut self.model),
                prompt: std::mem::take(&mut self.prompt),
                stop,
                usage: self.usage,
                cost: self.price.map(|price| price.cost(&self.usage)),
                carry: if stop == Stop::Calls { self.carry.take() } else { None },
            },
        })
    }
}
