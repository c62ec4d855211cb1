//! Endpoints that answer as a test says, bodies that are easy to read, and a vault without a lock.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use forecourt_core::{
    event::EventRecord,
    id::{EndpointId, TenantId},
    webhook::{Outcome, Topic},
};
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};

use super::lock;
use crate::webhook::{
    Caller, Encode, Owner, Request, Response, Secret, Surroundings, Vault, VaultError,
};

/// `<topic>#<seq>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainEncode;

impl Encode for PlainEncode {
    fn event(&self, topic: Topic, event: &EventRecord, _: &Surroundings) -> String {
        format!("{}#{}", topic.as_str(), event.seq.0)
    }

    fn test(&self, _: TenantId, _: EndpointId, _: Timestamp) -> String {
        Topic::Test.as_str().to_owned()
    }
}

/// Keeps secrets as they are, and remembers whose they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenVault;

impl Vault for OpenVault {
    fn seal(&self, owner: Owner, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        Ok([owner.endpoint.as_uuid().as_bytes(), secret.expose()].concat())
    }

    fn open(&self, owner: Owner, sealed: &[u8]) -> Result<Secret, VaultError> {
        let secret = sealed.strip_prefix(owner.endpoint.as_uuid().as_bytes().as_slice());
        secret.map(|secret| Secret::new(secret.to_vec())).ok_or(VaultError)
    }
}

#[derive(Default)]
struct Script {
    /// By address; the last one goes on for ever.
    answers: HashMap<String, VecDeque<Outcome>>,
    /// Addresses whose calls wait until they are let go.
    held: HashMap<String, Arc<Semaphore>>,
    seen: Vec<Request>,
    under_way: HashMap<String, usize>,
    most_at_once: usize,
}

/// See the [module](self). Clones are the same caller.
#[derive(Clone, Default)]
pub struct FakeCaller {
    script: Arc<Mutex<Script>>,
    called: Arc<Notify>,
}

impl FakeCaller {
    /// What an address answers, call by call; the last answer goes on. 204 where nothing is said.
    pub fn answer(&self, url: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        lock(&self.script).answers.insert(url.to_owned(), outcomes.into_iter().collect());
    }

    /// Calls of this address do not end until [`FakeCaller::let_go`].
    pub fn hold(&self, url: &str) {
        lock(&self.script).held.insert(url.to_owned(), Arc::new(Semaphore::new(0)));
    }

    pub fn let_go(&self, url: &str) {
        if let Some(held) = lock(&self.script).held.remove(url) {
            held.close();
        }
    }

    /// Every call so far.
    pub fn seen(&self) -> Vec<Request> {
        lock(&self.script).seen.clone()
    }

    /// The most calls of one address that were under way at once.
    pub fn most_at_once(&self) -> usize {
        lock(&self.script).most_at_once
    }

    /// Waits until there were `count` calls.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        loop {
            let called = self.called.notified();
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            called.await;
        }
    }
}

#[async_trait]
impl Caller for FakeCaller {
    async fn call(&self, request: Request) -> Response {
        let url = request.url.clone();
        let held = {
            let mut script = lock(&self.script);
            script.seen.push(request);
            let now = script.under_way.entry(url.clone()).or_default();
            *now += 1;
            let now = *now;
            script.most_at_once = script.most_at_once.max(now);
            script.held.get(&url).cloned()
        };
        self.called.notify_waiters();
        if let Some(held) = held {
            let _closed = held.acquire().await;
        }
        let mut script = lock(&self.script);
        if let Some(now) = script.under_way.get_mut(&url) {
            *now -= 1;
        }
        let outcome = match script.answers.get_mut(&url) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().copied(),
            None => None,
        };
        Response {
            outcome: outcome.unwrap_or(Outcome::Answered { status: 204 }),
            took: Duration::from_millis(3),
            beginning: String::new(),
            retry_after: None,
        }
    }
}
