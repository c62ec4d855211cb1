//! A tenant's own systems that answer as a test says.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use forecourt_core::{
    id::{TenantId, ToolId},
    webhook::target::{Loopback, Target, TargetError},
};
use tokio::sync::Semaphore;

use super::lock;
use crate::tool::{NoAnswer, NotSealed, ToolCaller, ToolRequest, ToolResponse};

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<ToolResponse, NoAnswer>>,
    held: Option<Arc<Semaphore>>,
    seen: Vec<ToolRequest>,
}

/// See the [module](self). Answers in turn; with none left, that nobody is there. Clones are the same.
#[derive(Clone, Default)]
pub struct FakeTools(Arc<Mutex<Script>>);

impl FakeTools {
    /// The next call is answered so.
    pub fn answer(&self, status: u16, body: &str) {
        let answer = ToolResponse { status, body: body.as_bytes().to_vec() };
        lock(&self.0).answers.push_back(Ok(answer));
    }

    /// The next call has no answer.
    pub fn fail(&self, code: &'static str) {
        lock(&self.0).answers.push_back(Err(NoAnswer(code)));
    }

    /// Calls wait until there is room in the semaphore that this answers.
    pub fn hold(&self) -> Arc<Semaphore> {
        let held = Arc::new(Semaphore::new(0));
        lock(&self.0).held = Some(Arc::clone(&held));
        held
    }

    /// Every call so far.
    pub fn seen(&self) -> Vec<ToolRequest> {
        lock(&self.0).seen.clone()
    }
}

#[async_trait]
impl ToolCaller for FakeTools {
    async fn call(&self, request: ToolRequest) -> Result<ToolResponse, NoAnswer> {
        let held = {
            let mut script = lock(&self.0);
            script.seen.push(request);
            script.held.clone()
        };
        if let Some(held) = held {
            let _permit = held.acquire().await;
        }
        lock(&self.0).answers.pop_front().unwrap_or(Err(NoAnswer("connect")))
    }

    fn seal(
        &self,
        _: TenantId,
        tool: ToolId,
        headers: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, NotSealed> {
        let text = serde_json::to_vec(headers).map_err(|_| NotSealed)?;
        Ok([tool.as_uuid().as_bytes(), text.as_slice()].concat())
    }

    fn check(&self, url: &str) -> Result<(), TargetError> {
        Target::parse(url, Loopback::Allowed).map(drop)
    }
}
