//! Who answers in a case: the house responder, or a model that does what the case has it do; and what they
//! answered, piece by piece.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forecourt_core::id::ServiceId;
use forecourt_ports::model::{Ask, Call, Delta, Done, Model, ModelError, Stop};
use futures_util::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream},
};
use serde_json::{Map, Value};

use super::{
    cases::StepRow,
    record::{Heard, note},
};

/// What models answered, answer by answer.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Vec<Vec<Heard>>>>);

impl Answers {
    pub(super) fn take(&self) -> Vec<Vec<Heard>> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// A model whose answers are written down.
pub(super) struct Overheard {
    pub(super) inner: Arc<dyn Model>,
    pub(super) answers: Answers,
}

impl Model for Overheard {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let answers = self.answers.clone();
        let place = {
            let mut answers = lock(&answers.0);
            answers.push(Vec::new());
            answers.len() - 1
        };
        let hear = move |delta: &Result<Delta, ModelError>| {
            if let Some(heard) = lock(&answers.0).get_mut(place) {
                note(heard, delta);
            }
        };
        self.inner.answer(ask).inspect(hear).boxed()
    }
}

/// Answers with the next of its scripts; without one it refuses, and the second model is asked.
#[derive(Clone)]
pub(crate) struct Scripted {
    scripts: Arc<Mutex<VecDeque<Vec<StepRow>>>>,
    services: Arc<BTreeMap<String, ServiceId>>,
    /// What its answers are said to come from.
    prompt: Arc<str>,
}

impl Scripted {
    pub(crate) fn new(services: BTreeMap<String, ServiceId>, prompt: &str) -> Self {
        let (services, prompt) = (Arc::new(services), prompt.into());
        Self { scripts: Arc::default(), services, prompt }
    }

    /// The scripts of a turn; what is left of the turn before is over.
    pub(crate) fn set(&self, scripts: &[Vec<StepRow>]) {
        *lock(&self.scripts) = scripts.iter().cloned().collect();
    }
}

impl Model for Scripted {
    fn name(&self) -> &'static str {
        "script"
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let Some(steps) = lock(&self.scripts).pop_front() else {
            return stream::iter([Err(ModelError::Refused)]).boxed();
        };
        let named = Named { services: Arc::clone(&self.services), booking: booking_of(&ask) };
        let (mut ends, mut calls) = (true, 0);
        let mut deltas: Vec<BoxStream<'static, Result<Delta, ModelError>>> = Vec::new();
        for step in steps {
            match step {
                StepRow::Say(text) => {
                    let words = text.split_inclusive(' ');
                    let words: Vec<_> =
                        words.map(|word| Ok(Delta::Text(word.to_owned()))).collect();
                    deltas.push(stream::iter(words).boxed());
                }
                StepRow::Pieces(pieces) => {
                    let pieces = pieces.into_iter().map(|piece| Ok(Delta::Text(piece)));
                    deltas.push(stream::iter(pieces).boxed());
                }
                StepRow::Call(call) => {
                    calls += 1;
                    let args = match named.fill(call.args) {
                        Value::Object(args) => args,
                        _ => Map::new(),
                    };
                    let call = Call { id: format!("call_{calls}"), name: call.tool, args };
                    deltas.push(stream::iter([Ok(Delta::Call(call))]).boxed());
                }
                StepRow::Wait(silence) => {
                    let silence = Duration::try_from(silence).unwrap_or_default();
                    let waits = tokio::time::sleep(silence).map(|()| None::<_>);
                    deltas.push(stream::once(waits).filter_map(std::future::ready).boxed());
                }
                StepRow::Fail(how) => {
                    ends = false;
                    deltas.push(failing(&how));
                    break;
                }
            }
        }
        if ends {
            let stop = if calls > 0 { Stop::Calls } else { Stop::Finished };
            let done = Done { stop, ..Done::free("script", self.prompt.to_string()) };
            deltas.push(stream::iter([Ok(Delta::Done(done))]).boxed());
        }
        stream::iter(deltas).flatten().boxed()
    }
}

/// How a stream ends that does not end well.
fn failing(how: &str) -> BoxStream<'static, Result<Delta, ModelError>> {
    let error = match how {
        "cut" => return stream::empty().boxed(),
        "silent" => return stream::pending().boxed(),
        "overloaded" => {
            ModelError::Status { status: 529, kind: "overloaded_error".into(), retry_after: None }
        }
        _ => ModelError::Refused,
    };
    stream::iter([Err(error)]).boxed()
}

/// What names in arguments stand for: `$service.<key>`, and `$booking`, the newest of the conversation.
struct Named {
    services: Arc<BTreeMap<String, ServiceId>>,
    booking: Option<String>,
}

impl Named {
    fn fill(&self, value: Value) -> Value {
        fill(value, &self.services, self.booking.as_deref())
    }
}

/// Puts what names stand for in their places.
pub(crate) fn fill(
    value: Value,
    services: &BTreeMap<String, ServiceId>,
    booking: Option<&str>,
) -> Value {
    match value {
        Value::String(text) => {
            let service = text.strip_prefix("$service.").and_then(|key| services.get(key));
            Value::String(match (service, booking) {
                (Some(id), _) => id.to_string(),
                (None, Some(id)) if text == "$booking" => id.to_owned(),
                _ => text,
            })
        }
        Value::Array(list) => list.into_iter().map(|one| fill(one, services, booking)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, one)| (key, fill(one, services, booking))).collect()
        }
        other => other,
    }
}

/// The booking that was spoken of last: of the results so far, else of the conversation.
fn booking_of(ask: &Ask) -> Option<String> {
    let results = ask.toolbox.rounds.iter().flat_map(|round| &round.results);
    let of_result = |content: &str| {
        let value: Value = serde_json::from_str(content).ok()?;
        Some(value.get("booking_id")?.as_str()?.to_owned())
    };
    let newest = results.rev().find_map(|result| of_result(&result.content));
    newest.or_else(|| ask.dialogue.bookings.last().map(|known| known.news.booking.to_string()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
