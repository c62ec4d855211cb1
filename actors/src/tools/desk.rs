//! Tools as people handle them: what is sealed and checked before one is kept, and trials.

use std::{collections::BTreeMap, sync::Arc};

use forecourt_core::{
    id::{MemberId, ToolId},
    knowledge::Grounding,
    lang::Lang,
    tools::{
        BadArguments,
        custom::{Answered, CustomTool, Method, Prepared},
    },
    webhook::target::TargetError,
};
use forecourt_ports::{store::tools::ToolCall, tool::NotSealed};
use serde_json::{Map, Value};

use crate::{error::EngineError, tenant::TenantShared};

/// A tenant's tools, for people. Cheap to clone.
#[derive(Clone)]
pub struct ToolDesk {
    pub(super) tenant: Arc<TenantShared>,
}

/// What a trial shows: the exact request, and what came of it when it was sent.
#[derive(Clone, Debug)]
pub struct Trial {
    pub prepared: Prepared,
    /// Of everything but a GET.
    pub idempotency_key: Option<String>,
    /// `None` when nothing was sent.
    pub sent: Option<TrialSent>,
}

/// What came of a trial's call.
#[derive(Clone, Debug)]
pub struct TrialSent {
    pub status: Option<u16>,
    /// `done`, or a short word for why not.
    pub code: String,
    pub took_ms: u32,
    /// What the assistant would know, and what it could say.
    pub answered: Option<Answered>,
}

impl ToolDesk {
    pub(crate) const fn new(tenant: Arc<TenantShared>) -> Self {
        Self { tenant }
    }

    /// Seals the headers of one of the tenant's own tools.
    pub fn seal_headers(
        &self,
        tool: ToolId,
        headers: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, NotSealed> {
        self.tenant.ports.tools.seal(self.tenant.id, tool, headers)
    }

    /// Whether an address may be called for a tenant, as far as its text tells.
    pub fn check_url(&self, url: &str) -> Result<(), TargetError> {
        self.tenant.ports.tools.check(url)
    }

    /// Shows what a call of a tool of the tenant's own would be, and with `send` makes it.
    pub async fn try_custom(
        &self,
        tool: &CustomTool,
        args: &Map<String, Value>,
        lang: Lang,
        (member, send): (MemberId, bool),
    ) -> Result<Result<Trial, BadArguments>, EngineError> {
        let prepared = match tool.body.prepare(args) {
            Ok(prepared) => prepared,
            Err(bad) => return Ok(Err(bad)),
        };
        let tenant = &self.tenant;
        // A trial is repeated by whoever tries: each is a call of its own.
        let key = prepared.key(&tenant.ports.ids.uuid().to_string());
        let has_key = prepared.method != Method::Get;
        let mut trial = Trial {
            prepared: prepared.clone(),
            idempotency_key: has_key.then(|| key.clone()),
            sent: None,
        };
        if send {
            let grounding = Grounding {
                settings: Arc::new(tenant.snapshot().settings.clone()),
                knowledge: tenant.knowledge().await?,
                agenda: tenant.bookings().agenda().await,
                now: tenant.ports.clock.now(),
                receipts: [].into(),
            };
            let ended =
                tenant.call_tool(tool.id, &tool.body, prepared, key, (lang, &grounding)).await;
            let call =
                ToolCall { member: Some(member), ..tenant.called(tool.id, tool.version, &ended) };
            tenant.note_tool_call(&call).await;
            trial.sent = Some(TrialSent {
                status: ended.status,
                code: ended.code.to_owned(),
                took_ms: ended.took_ms,
                answered: ended.answered,
            });
        }
        Ok(Ok(trial))
    }
}
