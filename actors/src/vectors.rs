//! Search by meaning: places passages in the space of an [`Embedder`], and finds what lies near a question.
//!
//! Passages are placed behind the back of who changes them: what lacks a place is claimed in the store for
//! [`LEASE`], renewed with every batch, and a node that dies leaves it to another. A question is placed while the
//! words are searched, and is not waited for longer than [`PATIENCE`]: without its place the words alone answer.
//!
//! # Invariants
//! - **A5** a provider that is slow or down costs a question [`PATIENCE`] at most, and nothing while its breaker
//!   is open;
//! - **A9** a node works for [`TENANTS`] tenants at a time, in batches of [`BATCH`];
//! - a tenant whose budget is used up pays for no vector: its passages wait, its questions go by words.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forecourt_core::{
    breaker::{Breaker, Heard, Leave, Pauses},
    id::PassageId,
    lang::Lang,
    search,
};
use forecourt_ports::{
    embedder::{EmbedError, Embedder},
    model::{Allowance, Done, ModelError, Stop},
    store::{
        StoreError,
        knowledge::Passage,
        vectors::{Lacking, Placed, Unplaced, VectorWork, Vectors},
    },
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::MissedTickBehavior;

use crate::{
    engine::{Engine, lock},
    error::EngineError,
    names, spending,
    tenant::TenantShared,
};

/// How long a question waits for its place.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often it is looked for passages without a place.
const LOOK: Duration = Duration::from_secs(1);
/// How long a batch may take before another node takes the tenant up: longer than any does.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Tenants that are worked for at once.
const TENANTS: u32 = 2;
/// Passages of one call.
const BATCH: u32 = 32;
/// After so many failures in a row the pause no longer grows.
const LAST_STEP: u32 = 9;
/// When a tenant whose budget is used up is looked at again.
const UNTIL_PAID: SignedDuration = SignedDuration::from_mins(30);
/// The provider's name in metrics and in what a tenant has spent.
const NAME: &str = "embeddings";

/// What search by meaning needs, and how its provider does.
pub struct Meaning {
    vectors: Arc<dyn Vectors>,
    embedder: Arc<dyn Embedder>,
    least: f32,
    breaker: Mutex<Breaker>,
}

impl Meaning {
    /// Nothing is found with a cosine similarity below `least`; what that means depends on the model.
    pub fn new(vectors: Arc<dyn Vectors>, embedder: Arc<dyn Embedder>, least: f32) -> Self {
        let pauses =
            Pauses { failures: 3, first: SignedDuration::from_secs(5), ..Pauses::default() };
        Self { vectors, embedder, least, breaker: Mutex::new(Breaker::new(pauses)) }
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        !matches!(lock(&self.breaker).ask(now, None), Leave::Wait(_))
    }

    fn heard(&self, heard: Heard, now: Timestamp) {
        lock(&self.breaker).heard(heard, now);
    }

    /// Places texts for a tenant, who pays for it.
    async fn embed(
        &self,
        tenant: &Arc<TenantShared>,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let snapshot = tenant.snapshot();
        let embedded = self.embedder.embed(texts, tenant.ports.clock.now()).await?;
        let done = Done {
            model: self.embedder.space().model.clone(),
            prompt: NAME.to_owned(),
            stop: Stop::Finished,
            usage: embedded.usage,
            cost: embedded.cost,
            carry: None,
        };
        spending::took(tenant, &snapshot.settings, NAME, &done);
        Ok(embedded.vectors)
    }

    /// What lies near a question; nothing when that cannot be told in time.
    async fn near(
        &self,
        tenant: &Arc<TenantShared>,
        question: &str,
        lang: Lang,
        limit: u8,
    ) -> Vec<Passage> {
        let clock = &tenant.ports.clock;
        let snapshot = tenant.snapshot();
        let allowance = spending::allowance(tenant, &tenant.ports, &snapshot.settings).await;
        if allowance == Allowance::Spent || !self.may_ask(clock.now()) {
            count("question", "passed_over");
            return Vec::new();
        }
        let texts = [question.to_owned()];
        let asked = tokio::time::timeout(PATIENCE, self.embed(tenant, &texts)).await;
        let (heard, result) = match &asked {
            Ok(Ok(_)) => (Heard::Answers, "placed"),
            Ok(Err(error)) if error.is_of_the_texts() => (Heard::Answers, "refused"),
            Ok(Err(_)) => (Heard::Fails, "failed"),
            Err(_) => (Heard::Fails, "late"),
        };
        self.heard(heard, clock.now());
        count("question", result);
        let Ok(Ok(vectors)) = asked else { return Vec::new() };
        let Some(vector) = vectors.first() else { return Vec::new() };
        let space = self.embedder.space();
        let found = self.vectors.near(tenant.id, space, vector, lang, self.least, limit).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(tenant.id = %tenant.id, %error, "what lies near a question was not found");
            Vec::new()
        })
    }
}

fn count(what: &'static str, result: &'static str) {
    metrics::counter!(names::EMBEDDINGS, "what" => what, "result" => result).increment(1);
}

/// Passages that fit a question: by its words and, where vectors are switched on, by what it means.
pub(crate) async fn search(
    tenant: &Arc<TenantShared>,
    question: &str,
    lang: Lang,
    limit: u8,
) -> Result<Vec<Passage>, EngineError> {
    let words = async {
        let found = tenant.ports.store.search_knowledge(tenant.id, question, lang, limit).await;
        Ok::<_, EngineError>(found?)
    };
    let asked = !search::fold(question).is_empty();
    let Some(meaning) = tenant.ports.meaning.as_ref().filter(|_| asked) else {
        return words.await;
    };
    let (words, near) = tokio::join!(words, meaning.near(tenant, question, lang, limit));
    Ok(fused(words?, near, limit))
}

/// The best of both.
fn fused(words: Vec<Passage>, near: Vec<Passage>, limit: u8) -> Vec<Passage> {
    if near.is_empty() {
        return words;
    }
    let ids = |found: &[Passage]| found.iter().map(|one| one.id).collect::<Vec<PassageId>>();
    let order = search::fuse(&ids(&words), &ids(&near));
    let mut all: Vec<Passage> = words.into_iter().chain(near).collect();
    let take = |(id, score, found_by)| {
        let at = all.iter().position(|one: &Passage| one.id == id)?;
        Some(Passage { score, found_by, ..all.swap_remove(at) })
    };
    order.into_iter().take(limit.into()).filter_map(take).collect()
}

impl Engine {
    /// Places passages from now on, as long as the engine lives, where vectors are switched on.
    pub fn place_passages(&self) {
        let Some(meaning) = self.ports().meaning.clone() else { return };
        let (engine, io) = (self.downgrade(), self.ports().io.clone());
        self.ports().io.spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut running = tokio::task::JoinSet::new();
            loop {
                look.tick().await;
                while running.try_join_next().is_some() {}
                let Some(engine) = engine.get().filter(|engine| !engine.is_closed()) else { break };
                let free = TENANTS.saturating_sub(running.len() as u32);
                if free == 0 || engine.is_stopping() {
                    continue;
                }
                let (ports, now) = (engine.ports(), engine.ports().clock.now());
                let space = meaning.embedder.space();
                let claim = meaning.vectors.claim_vectors(space, ports.node, now, LEASE, free);
                match claim.await {
                    Ok(claimed) => {
                        for work in claimed {
                            let one = work_for(engine.clone(), Arc::clone(&meaning), work);
                            running.spawn_on(one, &io);
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "passages without a place were not looked for");
                    }
                }
            }
        });
    }
}

/// How a claim ends.
enum End {
    Done,
    /// Due again, as a failure or not.
    Again {
        failed: bool,
        at: Timestamp,
    },
    /// Another node has it.
    Lost,
}

async fn work_for(engine: Engine, meaning: Arc<Meaning>, work: VectorWork) {
    let ports = engine.ports();
    let end = match engine.tenant_by_id(work.tenant).await {
        Ok(Some(tenant)) => place_all(&engine, &meaning, tenant.shared(), work).await,
        Ok(None) | Err(_) => Err(StoreError::Unavailable),
    };
    let later =
        |pause: SignedDuration| ports.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
    let (failed, at) = match end {
        Ok(End::Done | End::Lost) => return,
        Ok(End::Again { failed, at }) => (failed, at),
        Err(error) => {
            tracing::warn!(tenant.id = %work.tenant, %error, "places of passages were not stored");
            (true, later(pause(work.failures, None)))
        }
    };
    let given = meaning.vectors.give_back_vectors(work.tenant, ports.node, failed, at).await;
    if let Err(error) = given {
        tracing::debug!(tenant.id = %work.tenant, %error, "a claim was not given back: it ends with its lease");
    }
}

/// 5 s, 10 s, 20 s … 43 min; longer where the provider asks for it.
fn pause(failures: u32, asked: Option<Duration>) -> SignedDuration {
    let own = SignedDuration::from_secs(5 << failures.min(LAST_STEP));
    let asked = asked.and_then(|asked| SignedDuration::try_from(asked).ok());
    asked.map_or(own, |asked| asked.max(own))
}

async fn place_all(
    engine: &Engine,
    meaning: &Meaning,
    tenant: &Arc<TenantShared>,
    work: VectorWork,
) -> Result<End, StoreError> {
    let ports = engine.ports();
    let (vectors, space) = (&meaning.vectors, meaning.embedder.space());
    let mut failures = work.failures;
    loop {
        let now = ports.clock.now();
        if engine.is_stopping() {
            return Ok(End::Again { failed: false, at: now });
        }
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let found = match vectors.lacking(tenant.id, space, ports.node, until, BATCH).await? {
            Lacking::Some(found) => found,
            Lacking::Nothing => {
                tracing::info!(tenant.id = %tenant.id, "all passages have their place");
                return Ok(End::Done);
            }
            Lacking::Lost => return Ok(End::Lost),
        };
        let settings = tenant.snapshot();
        if spending::allowance(tenant, ports, &settings.settings).await == Allowance::Spent {
            let at = now.saturating_add(UNTIL_PAID).unwrap_or(Timestamp::MAX);
            return Ok(End::Again { failed: false, at });
        }
        match placed(meaning, tenant, found).await {
            Ok(placed) => {
                failures = 0;
                count("passages", "placed");
                meaning.heard(Heard::Answers, ports.clock.now());
                if !vectors.place(tenant.id, space, ports.node, &placed).await? {
                    return Ok(End::Lost);
                }
            }
            Err(error) => {
                count("passages", "failed");
                let now = ports.clock.now();
                meaning.heard(Heard::Fails, now);
                let asked = match &error {
                    EmbedError::Model(ModelError::Status { retry_after, .. }) => *retry_after,
                    _ => None,
                };
                tracing::warn!(tenant.id = %tenant.id, %error, failures, "passages were not placed");
                let at = now.saturating_add(pause(failures, asked)).unwrap_or(Timestamp::MAX);
                return Ok(End::Again { failed: true, at });
            }
        }
    }
}

/// Places a batch; one that is refused is asked text by text, so that one bad text keeps no other from its place.
async fn placed(
    meaning: &Meaning,
    tenant: &Arc<TenantShared>,
    found: Vec<Unplaced>,
) -> Result<Vec<Placed>, EmbedError> {
    let texts: Vec<String> = found.iter().map(|one| one.text.clone()).collect();
    let with =
        |(one, vector): (Unplaced, Option<Vec<f32>>)| Placed { id: one.id, text: one.text, vector };
    match meaning.embed(tenant, &texts).await {
        Ok(vectors) => Ok(found.into_iter().zip(vectors.into_iter().map(Some)).map(with).collect()),
        Err(error) if error.is_of_the_texts() => {
            // A provider that does not take this either refuses our way of asking.
            meaning.embed(tenant, &["Hello".to_owned()]).await?;
            let mut placed = Vec::with_capacity(found.len());
            for one in found {
                let vector = match meaning.embed(tenant, std::slice::from_ref(&one.text)).await {
                    Ok(mut vectors) => vectors.pop(),
                    Err(error) if error.is_of_the_texts() => None,
                    Err(error) => return Err(error),
                };
                placed.push(with((one, vector)));
            }
            Ok(placed)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::search::FoundBy;
    use forecourt_ports::store::knowledge::PassageSource;
    use uuid::Uuid;

    use super::*;

    fn passage(id: u128, found_by: FoundBy) -> Passage {
        Passage {
            id: PassageId::from_uuid(Uuid::from_u128(id)),
            source: PassageSource::Faq,
            text: id.to_string(),
            score: 0.5,
            found_by,
        }
    }

    #[test]
    fn what_words_and_meaning_find_is_one_list_that_says_which_way() {
        let words = || vec![passage(1, FoundBy::Words), passage(2, FoundBy::Words)];
        let near = vec![passage(2, FoundBy::Meaning), passage(3, FoundBy::Meaning)];
        let found = fused(words(), near, 2);
        let shown: Vec<_> = found.iter().map(|one| (one.text.as_str(), one.found_by)).collect();
        assert_eq!(shown, [("2", FoundBy::Both), ("1", FoundBy::Words)]);
        assert_eq!(
            fused(words(), Vec::new(), 1),
            words(),
            "without a place the words alone answer"
        );
    }

    #[test]
    fn pauses_grow_to_an_end_and_a_provider_may_ask_for_longer() {
        let seconds = |failures, asked: Option<u64>| {
            pause(failures, asked.map(Duration::from_secs)).as_secs()
        };
        assert_eq!([0, 1, 2].map(|failures| seconds(failures, None)), [5, 10, 20]);
        assert_eq!(seconds(u32::MAX, None), seconds(LAST_STEP, None));
        assert_eq!((seconds(0, Some(60)), seconds(9, Some(1))), (60, 5 << 9));
    }
}
