//! A model that answers so many at once, and lets the others wait in the order in which they came.
//!
//! A provider that is asked for more than it allows refuses with 429, and each refusal costs the engine
//! a turn. Whoever waits here too long is given up by the turn's own time (A5), which drops the stream
//! and with it the place in the line.
//!
//! # Invariants
//! - **A9** never more than the allowed number of calls run.

use std::sync::Arc;

use async_stream::stream;
use forecourt_ports::model::{Ask, Delta, Model, ModelError};
use futures_util::{StreamExt as _, stream::BoxStream};
use tokio::sync::Semaphore;

pub struct Limited {
    inner: Arc<dyn Model>,
    places: Arc<Semaphore>,
}

impl Limited {
    pub fn new(inner: Arc<dyn Model>, at_once: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(at_once.max(1))) }
    }
}

impl Model for Limited {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let (inner, places) = (Arc::clone(&self.inner), Arc::clone(&self.places));
        stream! {
            // Never closed; and if it were, the model would be asked all the same.
            let _place = places.acquire_owned().await;
            let mut answer = inner.answer(ask);
            while let Some(delta) = answer.next().await {
                yield delta;
            }
        }
        .boxed()
    }
}
