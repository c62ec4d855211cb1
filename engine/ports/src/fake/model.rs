//! A model that says what it was told to say, when it was told to, and fails on demand.
//!
//! Each question takes the next script; when there is none left, the default one. Time passes on the
//! clock port, so a script of thirty seconds costs nothing under [`ManualClock`](super::ManualClock).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use jiff::{SignedDuration, Timestamp};

use super::lock;
use crate::{
    clock::Clock,
    model::{Ask, Call, Delta, Done, Model, ModelError, Stop, Usage},
};

/// One step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    Text(String),
    /// A wish for a tool, with its arguments; the answer then waits for results.
    Call(String, serde_json::Value),
    /// Silence for a while.
    Wait(Duration),
    /// The stream ends with this error.
    Fail(ModelError),
    /// Silence for ever: only dropping the stream ends it.
    Hang,
    /// The client's code panics.
    Panic,
    /// The stream ends without its end marker.
    Break,
}

/// An answer, step by step; when the steps are over, a complete end.
#[derive(Clone, Debug, Default)]
pub struct Script(pub Vec<Step>);

impl Script {
    /// Says `text` at once, word by word.
    pub fn say(text: &str) -> Self {
        Self(text.split_inclusive(' ').map(|word| Step::Text(word.to_owned())).collect())
    }

    /// The same after a silence.
    #[must_use]
    pub fn after(mut self, silence: Duration) -> Self {
        self.0.insert(0, Step::Wait(silence));
        self
    }

    /// Goes on with one more step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Calls one tool.
    pub fn call(name: &str, args: serde_json::Value) -> Self {
        Self(vec![Step::Call(name.to_owned(), args)])
    }

    pub fn fail(error: ModelError) -> Self {
        Self(vec![Step::Fail(error)])
    }

    pub fn hang() -> Self {
        Self(vec![Step::Hang])
    }

    pub fn panic() -> Self {
        Self(vec![Step::Panic])
    }
}

/// See the [module](self).
pub struct ScriptedModel {
    name: &'static str,
    clock: Arc<dyn Clock>,
    default: Script,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    scripts: VecDeque<Script>,
    asks: Vec<Ask>,
    running: usize,
    most_at_once: usize,
    cancelled: usize,
}

impl ScriptedModel {
    /// A model that answers every question with `default` until it gets other scripts.
    pub fn new(name: &'static str, clock: Arc<dyn Clock>, default: Script) -> Self {
        Self { name, clock, default, heard: Arc::default() }
    }

    /// The next question without a script gets this one.
    pub fn push(&self, script: Script) {
        lock(&self.heard).scripts.push_back(script);
    }

    /// All questions so far.
    pub fn asks(&self) -> Vec<Ask> {
        lock(&self.heard).asks.clone()
    }

    /// How many answers run, and how many did at once at most.
    pub fn running(&self) -> (usize, usize) {
        let heard = lock(&self.heard);
        (heard.running, heard.most_at_once)
    }

    /// How many answers were dropped before their end.
    pub fn cancelled(&self) -> usize {
        lock(&self.heard).cancelled
    }
}

impl Model for ScriptedModel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let script = {
            let mut heard = lock(&self.heard);
            heard.asks.push(ask);
            heard.running += 1;
            heard.most_at_once = heard.most_at_once.max(heard.running);
            heard.scripts.pop_front().unwrap_or_else(|| self.default.clone())
        };
        let speaking = Speaking {
            steps: script.0.into(),
            words: 0,
            calls: 0,
            over: false,
            name: self.name,
            clock: Arc::clone(&self.clock),
            heard: Arc::clone(&self.heard),
        };
        stream::unfold(speaking, Speaking::next).boxed()
    }
}

/// A running answer; dropped before its end, it counts as cancelled.
struct Speaking {
    steps: VecDeque<Step>,
    words: u32,
    calls: u32,
    over: bool,
    name: &'static str,
    clock: Arc<dyn Clock>,
    heard: Arc<Mutex<Heard>>,
}

impl Speaking {
    async fn next(mut self) -> Option<(Result<Delta, ModelError>, Self)> {
        if self.over {
            return None;
        }
        loop {
            match self.steps.pop_front() {
                Some(Step::Text(text)) => {
                    self.words += 1;
                    return Some((Ok(Delta::Text(text)), self));
                }
                Some(Step::Call(name, args)) => {
                    self.calls += 1;
                    let args = args.as_object().cloned().unwrap_or_default();
                    let call = Call { id: format!("call_{}", self.calls), name, args };
                    return Some((Ok(Delta::Call(call)), self));
                }
                Some(Step::Wait(silence)) => {
                    let silence = SignedDuration::try_from(silence).unwrap_or(SignedDuration::MAX);
                    let until = self.clock.now().saturating_add(silence);
                    self.clock.sleep_until(until.unwrap_or(Timestamp::MAX)).await;
                }
                Some(Step::Fail(error)) => {
                    self.over = true;
                    return Some((Err(error), self));
                }
                Some(Step::Hang) => std::future::pending().await,
                Some(Step::Panic) => panic!("the model was told to panic"),
                Some(Step::Break) => {
                    self.over = true;
                    return None;
                }
                None => {
                    self.over = true;
                    let usage = Usage { input: 100, output: self.words.into(), ..Usage::default() };
                    let stop = if self.calls > 0 { Stop::Calls } else { Stop::Finished };
                    let done = Done { stop, usage, ..Done::free(self.name, "script@1") };
                    return Some((Ok(Delta::Done(done)), self));
                }
            }
        }
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        let mut heard = lock(&self.heard);
        heard.running -= 1;
        heard.cancelled += usize::from(!self.over);
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{
        id::{SessionId, TurnId},
        knowledge::{Grounding, Knowledge},
        lang::Lang,
    };
    use uuid::Uuid;

    use super::*;
    use crate::model::{Allowance, Medium, Task, Toolbox};
    use crate::{contract::new_tenant, fake::ManualClock, fake::SeqIds};

    fn ask() -> Ask {
        Ask {
            turn: TurnId::from_uuid(Uuid::nil()),
            session: SessionId::from_uuid(Uuid::nil()),
            lang: Lang::Nb,
            medium: Medium::Chat,
            customer_name: None,
            vehicle_interest: None,
            transcript: vec![],
            grounding: Arc::new(Grounding {
                settings: Arc::new(new_tenant("bil", &SeqIds::new()).snapshot.settings),
                knowledge: Arc::new(Knowledge::default()),
                agenda: Arc::default(),
                now: Timestamp::UNIX_EPOCH,
                receipts: [].into(),
            }),
            task: Task::Answer,
            allowance: Allowance::Open,
            dialogue: Arc::default(),
            files: forecourt_core::attachment::SentFiles::default(),
            toolbox: Toolbox::default(),
        }
    }

    #[tokio::test]
    async fn a_script_is_told_in_time_and_ends_as_it_says() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let model = ScriptedModel::new("first", Arc::new(clock.clone()), Script::say("Hei du"));
        model.push(Script::say("Vent").after(Duration::from_secs(30)));
        model.push(Script::say("a").then(Step::Fail(ModelError::Idle)));
        model.push(Script::say("a").then(Step::Break));

        let waiting = tokio::spawn(model.answer(ask()).collect::<Vec<_>>());
        clock.until_asleep(1).await;
        assert_eq!(clock.sleepers(), [Timestamp::UNIX_EPOCH + SignedDuration::from_secs(30)]);
        assert_eq!(model.running(), (1, 1));
        clock.advance(SignedDuration::from_secs(30));
        let told = waiting.await.unwrap();
        assert!(matches!(&told[..], [Ok(Delta::Text(text)), Ok(Delta::Done(_))] if text == "Vent"));

        let failed: Vec<_> = model.answer(ask()).collect().await;
        assert_eq!(failed, [Ok(Delta::Text("a".into())), Err(ModelError::Idle)]);
        let broken: Vec<_> = model.answer(ask()).collect().await;
        assert_eq!(broken, [Ok(Delta::Text("a".into()))]);
        let default: Vec<_> = model.answer(ask()).collect().await;
        assert_eq!(default[..2], [Ok(Delta::Text("Hei ".into())), Ok(Delta::Text("du".into()))]);
        assert_eq!((model.asks().len(), model.running().0, model.cancelled()), (4, 0, 0));

        drop(model.answer(ask()));
        assert_eq!((model.running().0, model.cancelled()), (0, 1));
    }
}
