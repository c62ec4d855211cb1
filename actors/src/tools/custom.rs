//! Tools of the tenant's own: granted, called over HTTP, and read as data.
//!
//! # Invariants
//! - **A6** what an answer says beyond its declared fields is never shown to a model;
//! - **A7** a call is granted to the turn that runs first, and counted for its conversation (A9);
//! - **A13** of a call its time and its end are kept, neither arguments nor answers.

use std::time::Duration;

use forecourt_core::{
    id::ToolId,
    knowledge::Grounding,
    lang::Lang,
    session::Command,
    tools::{
        BadArguments, Receipt,
        custom::{Answered, CustomTool, Prepared, ToolBody},
        results::Code,
    },
};
use forecourt_ports::{store::tools::ToolCall, tool::ToolRequest};
use serde_json::{Map, Value};

use super::{Found, No, Tools};
use crate::tenant::TenantShared;

/// How a call ended.
pub(super) struct Ended {
    pub(super) status: Option<u16>,
    /// `done`, or a short word for why not.
    pub(super) code: &'static str,
    pub(super) answered: Option<Answered>,
    pub(super) took_ms: u32,
}

impl Tools {
    /// The tool of this name, if the tenant has one that is offered.
    pub(super) fn custom(&self, name: &str) -> Option<CustomTool> {
        self.knowledge.tools.iter().find(|tool| tool.body.name == name).cloned()
    }

    pub(super) async fn call_custom(
        &self,
        tool: &CustomTool,
        args: &Map<String, Value>,
    ) -> Result<Found, No> {
        let prepared = tool.body.prepare(args).map_err(|BadArguments(what)| No::bad(what))?;
        let grant = Command::GrantCustomTool {
            turn: self.facts.turn,
            tool: tool.body.name.clone(),
            budget: tool.body.budget,
        };
        self.dispatch(grant).await?;
        let since = format!("{}:{}", self.facts.session, self.facts.covers.0);
        let key = prepared.key(&since);
        let grounding = Grounding {
            settings: self.settings.clone(),
            knowledge: self.knowledge.clone(),
            agenda: self.desk.agenda().await,
            now: self.now(),
            receipts: [].into(),
        };
        let ended = self
            .tenant
            .call_tool(tool.id, &tool.body, prepared, key, (self.facts.lang, &grounding))
            .await;
        self.note(tool, &ended);
        match ended.answered {
            Some(answered) => {
                let receipt =
                    Receipt::Custom { tool: tool.body.name.clone(), text: answered.text.clone() };
                let receipts = if answered.text.is_empty() { vec![] } else { vec![receipt] };
                Ok(Found { receipts, ..Found::of(&answered.to_json()) })
            }
            None if ended.status == Some(404) => {
                Err(No::new(Code::NotFound, "it knows nothing of that"))
            }
            None => Err(No::unavailable()),
        }
    }

    /// Keeps how a call ended; no answer waits for it.
    fn note(&self, tool: &CustomTool, ended: &Ended) {
        let call = ToolCall {
            session: Some(self.facts.session),
            ..self.tenant.called(tool.id, tool.version, ended)
        };
        let tenant = self.tenant.clone();
        self.ports.io.spawn(async move { tenant.note_tool_call(&call).await });
    }
}

impl TenantShared {
    pub(super) async fn call_tool(
        &self,
        id: ToolId,
        body: &ToolBody,
        prepared: Prepared,
        idempotency_key: String,
        (lang, grounding): (Lang, &Grounding),
    ) -> Ended {
        let ports = &self.ports;
        let began = ports.clock.now();
        let ended = |status, code, answered| {
            let took = ports.clock.now().duration_since(began).as_millis();
            Ended { status, code, answered, took_ms: u32::try_from(took).unwrap_or(u32::MAX) }
        };
        let Ok(headers) = ports.store.tool_headers(self.id, id).await else {
            return ended(None, "store", None);
        };
        let request = ToolRequest {
            tenant: self.id,
            tool: id,
            prepared,
            headers,
            idempotency_key,
            timeout: Duration::from_millis(body.timeout_ms.into()),
        };
        match ports.tools.call(request).await {
            Err(error) => ended(None, error.0, None),
            Ok(answer) if !(200..300).contains(&answer.status) => {
                ended(Some(answer.status), "status", None)
            }
            Ok(answer) => match body.read(&answer.body, lang, grounding) {
                Ok(answered) => ended(Some(answer.status), "done", Some(answered)),
                Err(bad) => ended(Some(answer.status), bad.as_str(), None),
            },
        }
    }

    pub(super) fn called(&self, tool: ToolId, version: i64, ended: &Ended) -> ToolCall {
        ToolCall {
            tool,
            version,
            session: None,
            member: None,
            at: self.ports.clock.now(),
            took_ms: ended.took_ms,
            status: ended.status,
            code: ended.code.to_owned(),
        }
    }

    pub(super) async fn note_tool_call(&self, call: &ToolCall) {
        if let Err(error) = self.ports.store.note_tool_call(self.id, call).await {
            tracing::warn!(tenant.id = %self.id, tool.id = %call.tool, %error, "a call was not kept");
        }
    }
}
