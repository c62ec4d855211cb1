//! Several providers as one model: the first that can answer does.
//!
//! A provider is passed over while its breaker is open, while it asked to be left alone, and when the
//! tenant's budget is used up and it costs money. One that fails before it said anything is followed by
//! the next; once a word is out, an error is an error: two answers are never mixed.
//!
//! # Invariants
//! - the tenant's order for the task rules, else the engine's;
//! - **A5** no waiting here: the time of the turn goes to providers that may answer now;
//! - **A9** a provider is asked at most once per ask.

use std::sync::{Arc, Mutex, PoisonError};

use async_stream::stream;
use forecourt_core::{
    breaker::{Breaker, Heard, Leave, Pauses},
    models::Provider,
};
use forecourt_ports::{
    clock::Clock,
    model::{Allowance, Ask, Delta, Model, ModelError},
};
use futures_util::{StreamExt as _, stream::BoxStream};
use jiff::{SignedDuration, Timestamp};

/// A provider, shared by all chains that it is part of, so that they know of each other's failures.
pub struct Link {
    provider: Provider,
    model: Arc<dyn Model>,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    /// It asked to be left alone until then.
    alone: Timestamp,
}

/// Whether a provider may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Go,
    /// Not before this time.
    Wait(Timestamp),
}

impl Link {
    pub fn new(provider: Provider, model: Arc<dyn Model>) -> Arc<Self> {
        let breaker = Breaker::new(Pauses::default());
        let state = State { breaker, alone: Timestamp::MIN };
        Arc::new(Self { provider, model, state: Mutex::new(state) })
    }

    fn ask(&self, now: Timestamp) -> Turn {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.alone {
            return Turn::Wait(state.alone);
        }
        match state.breaker.ask(now, None) {
            Leave::Go | Leave::Probe => Turn::Go,
            Leave::Wait(until) => Turn::Wait(until),
        }
    }

    fn heard(&self, result: Result<(), &ModelError>, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(ModelError::Status { retry_after: Some(wait), .. }) = result {
            let wait = SignedDuration::try_from(*wait).unwrap_or(SignedDuration::MAX);
            state.alone = now.saturating_add(wait).unwrap_or(now);
        }
        let heard = match result {
            Err(error) if fails(error) => Heard::Fails,
            Ok(()) | Err(_) => Heard::Answers,
        };
        state.breaker.heard(heard, now);
    }
}

/// Whether an error says that the provider serves nobody: it is down, or our account there is.
fn fails(error: &ModelError) -> bool {
    let account = matches!(error, ModelError::Status { status: 401..=404, .. });
    // A limit that tells its wait is no failure: it is waited for.
    let told = matches!(error, ModelError::Status { status: 429, retry_after: Some(_), .. });
    let used_up = matches!(error, ModelError::Status { status: 429, .. }) && !error.is_limit();
    (account || used_up || error.is_passing()) && !told
}

/// See the [module](self).
pub struct Chain {
    links: Vec<Arc<Link>>,
    clock: Arc<dyn Clock>,
}

impl Chain {
    /// Asks `links` in this order, where a tenant has no other.
    pub fn new(links: Vec<Arc<Link>>, clock: Arc<dyn Clock>) -> Self {
        Self { links, clock }
    }

    /// Who is asked, in order.
    fn order(&self, ask: &Ask) -> Vec<Arc<Link>> {
        let free = |link: &&Arc<Link>| {
            ask.allowance == Allowance::Open || link.provider == Provider::House
        };
        match ask.grounding.settings.models.order.get(&ask.task) {
            None => self.links.iter().filter(free).map(Arc::clone).collect(),
            Some(order) => {
                let mut wanted: Vec<_> = order.iter().collect();
                wanted.dedup();
                let of = |provider: &&Provider| {
                    self.links.iter().filter(free).find(|link| link.provider == **provider)
                };
                wanted.iter().filter_map(of).map(Arc::clone).collect()
            }
        }
    }
}

impl Model for Chain {
    /// That of the first provider: who answered stands in `Done`.
    fn name(&self) -> &'static str {
        self.links.first().map_or("none", |link| link.model.name())
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let (order, clock) = (self.order(&ask), Arc::clone(&self.clock));
        let mut last = match ask.allowance {
            Allowance::Open => ModelError::Transport,
            Allowance::Spent => ModelError::Budget,
        };
        stream! {
            for link in order {
                if link.ask(clock.now()) != Turn::Go {
                    continue;
                }
                let mut answer = link.model.answer(ask.clone());
                let mut said = false;
                last = loop {
                    match answer.next().await {
                        Some(Ok(delta)) => {
                            said = true;
                            let done = matches!(delta, Delta::Done(_));
                            if done {
                                link.heard(Ok(()), clock.now());
                            }
                            yield Ok(delta);
                            if done {
                                return;
                            }
                        }
                        Some(Err(error)) => break error,
                        None => break ModelError::Truncated,
                    }
                };
                link.heard(Err(&last), clock.now());
                if said {
                    break;
                }
            }
            yield Err(last);
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
