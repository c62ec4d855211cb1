//! The state of one simulator: its dials, its standing orders, its memory.
//!
//! Lives here: which scenario rules a request. The order is: header, trigger in the last user text,
//! the first step of the script that applies, the process-wide default, ordinary behaviour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ModelSimConfig;
use super::cache::PromptCache;
use super::error::ApiError;
use super::ids::Ids;
use super::limits::RateLimits;
use super::read;
use super::record::Record;
use super::scenario::{Fault, Say, Scenario};
use super::script::{Situation, Step, Steps};
use super::wire::MessagesRequest;
use crate::spec::SpecError;

/// Keys of flaky scenarios remembered (A9).
const MAX_FLAKY_KEYS: usize = 10_000;

/// Everything the handlers share.
pub struct SimState {
    pub ids: Ids,
    pub cache: PromptCache,
    pub limits: RateLimits,
    pub record: Arc<Record>,
    pub api_key: Option<SecretString>,
    pub keep_bodies: bool,
    first: Duration,
    between: Duration,
    prompt_trigger: bool,
    places: Arc<Semaphore>,
    orders: Mutex<Orders>,
    flaky: Mutex<HashMap<String, u32>>,
}

#[derive(Default)]
struct Orders {
    default: Option<Scenario>,
    steps: Steps,
    embeddings: Option<Scenario>,
}

impl SimState {
    /// A fresh simulator. Fails if a spec of the configuration cannot be read.
    pub fn new(config: ModelSimConfig) -> Result<Self, SpecError> {
        let orders = Orders {
            default: config.scenario.as_deref().map(Scenario::parse).transpose()?,
            steps: Steps::new(config.script)?,
            embeddings: None,
        };
        Ok(Self {
            ids: Ids::new(config.seed),
            cache: PromptCache::default(),
            limits: RateLimits::new(config.rpm, Instant::now()),
            record: Arc::new(Record::default()),
            api_key: config.api_key,
            keep_bodies: config.keep_bodies,
            first: config.first,
            between: config.between,
            prompt_trigger: config.prompt_trigger,
            places: Arc::new(Semaphore::new(config.max_concurrent)),
            orders: Mutex::new(orders),
            flaky: Mutex::default(),
        })
    }

    /// Sets or lifts the process-wide default.
    pub fn set_scenario(&self, spec: Option<&str>) -> Result<(), SpecError> {
        let scenario = spec.map(Scenario::parse).transpose()?;
        self.orders().default = scenario;
        Ok(())
    }

    /// Sets or lifts what rules embeddings, and nothing else.
    pub fn set_embeddings(&self, spec: Option<&str>) -> Result<(), SpecError> {
        let scenario = spec.map(Scenario::parse).transpose()?;
        self.orders().embeddings = scenario;
        Ok(())
    }

    /// What rules embeddings.
    pub fn embedding_order(&self) -> Scenario {
        self.orders().embeddings.clone().unwrap_or_else(Scenario::ordinary)
    }

    /// Replaces the script.
    pub fn set_script(&self, steps: Vec<Step>) -> Result<(), SpecError> {
        let steps = Steps::new(steps)?;
        self.orders().steps = steps;
        Ok(())
    }

    /// Name of the default scenario, and how many steps wait.
    pub fn standing_orders(&self) -> (Option<String>, usize) {
        let orders = self.orders();
        (orders.default.as_ref().map(|scenario| scenario.name.clone()), orders.steps.len())
    }

    /// Back to the beginning, with the dials as they are.
    pub fn reset(&self) {
        *self.orders() = Orders::default();
        self.record.clear();
        self.cache.clear();
        self.flaky.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The scenario that rules `request`, and the last user text without its trigger.
    pub fn scenario_for<'a>(
        &self,
        header: Option<&str>,
        request: &'a MessagesRequest,
        answered_tools: &[String],
    ) -> Result<(Scenario, &'a str), SpecError> {
        let text = read::last_user_text(request);
        if let Some(spec) = header {
            return Ok((Scenario::parse(spec)?.saying(Say::Echo), text));
        }
        if self.prompt_trigger
            && let Some((spec, rest)) = read::split_trigger(read::text_of_last_turn(request))
        {
            return Ok((Scenario::parse(spec)?.saying(Say::Echo), rest));
        }
        let mut orders = self.orders();
        let situation = Situation { last_user_text: text, answered_tools };
        let scenario = match orders.steps.next(&situation) {
            Some(step) => {
                let mut scenario = match step.spec.as_deref() {
                    Some(spec) => Scenario::parse(spec)?,
                    None => Scenario { name: "script".to_owned(), ..Scenario::ordinary() },
                };
                if let Some(script) = step.script() {
                    scenario.say = Say::Script(script);
                }
                scenario
            }
            None => orders.default.clone().unwrap_or_else(Scenario::ordinary),
        };
        Ok((scenario.saying(Say::Ordinary), text))
    }

    /// The error that a flaky scenario answers this time, if any.
    pub fn flaky_error(&self, fault: &Fault) -> Option<ApiError> {
        match fault {
            Fault::Http(error) => Some(error.clone()),
            Fault::Flaky { fails, error, key } => {
                let mut counts = self.flaky.lock().unwrap_or_else(PoisonError::into_inner);
                if counts.len() >= MAX_FLAKY_KEYS && !counts.contains_key(key) {
                    counts.clear();
                }
                let count = counts.entry(key.clone()).or_default();
                *count = count.saturating_add(1);
                (*count <= *fails).then(|| error.clone())
            }
            _ => None,
        }
    }

    /// The waits before the first byte and between deltas.
    pub fn pace(&self, scenario: &Scenario) -> (Duration, Duration) {
        (scenario.first.unwrap_or(self.first), scenario.between.unwrap_or(self.between))
    }

    /// A place among the concurrent answers, or the refusal.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            ApiError::of_status(429)
                .with_message("Number of concurrent connections has exceeded your rate limit.")
                .with_retry_after(Some(1))
        })
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
