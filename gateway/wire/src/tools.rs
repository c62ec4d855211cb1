//! Tools: those of the engine, those of a tenant's own, their versions, calls and trials.
//!
//! # Invariants
//! - **A14** the values of headers go in and never come out.

use std::collections::BTreeMap;

use forecourt_core::{
    id::{MemberId, SessionId, ToolId},
    knowledge::Localized,
    lang::Lang,
    money::Currency,
    tools::custom::{self, Access, Arguments, Field, FieldKind, Method, ToolBody},
};
use forecourt_ports::store::tools::{ToolCall as Call, ToolRecord, ToolVersion as Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A tool of a tenant's own, as it is to be kept.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutTool {
    /// Of `a-z`, `0-9` and `_`; unlike every other tool.
    #[schema(example = "service_history")]
    pub name: String,
    /// By language: when to use it, for the model; 500 characters at most.
    pub description: BTreeMap<String, String>,
    /// A flat JSON Schema: an object of at most 12 strings, whole numbers and truth values.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub arguments: serde_json::Value,
    #[serde(default)]
    pub method: ToolMethod,
    /// An `https` address; `{argument}` stands for a required argument in its path or query.
    #[schema(example = "https://api.example.com/vehicles/{registration}/services")]
    pub url: String,
    /// All its headers with their values; left out to keep those that there are.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// 500 to 10,000.
    #[serde(default = "timeout")]
    pub timeout_ms: u32,
    #[serde(default)]
    pub access: ToolAccess,
    /// Calls that one conversation may make, 1 to 20.
    #[serde(default = "budget")]
    pub budget: u32,
    /// What of its answer the assistant may know and say.
    pub answer: Vec<ToolField>,
    /// Whether the assistant is offered it.
    #[serde(default = "yes")]
    pub active: bool,
    /// The version that was changed; left out to make a new one.
    #[serde(default)]
    pub version: Option<i64>,
}

// Its headers are secrets (A14).
impl std::fmt::Debug for PutTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutTool").field("name", &self.name).finish_non_exhaustive()
    }
}

const fn timeout() -> u32 {
    5_000
}

const fn budget() -> u32 {
    5
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ToolMethod {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a call does to the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolAccess {
    #[default]
    Read,
    /// Refused: nothing is changed on a model's word.
    Write,
}

/// A field of a tool's answer that may be known and said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolField {
    pub name: String,
    /// A JSON pointer into the answer; one `*` stands for every element of a list.
    #[schema(example = "/services/*/date")]
    pub pointer: String,
    /// By language: what it is. An answer that says the value has one of these words beside it.
    pub label: BTreeMap<String, String>,
    pub kind: ToolFieldKind,
    /// Of a number: what it counts, such as `km`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unit: Option<String>,
    /// Of an amount: NOK, EUR or USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolFieldKind {
    Text,
    Number,
    Date,
    Amount,
}

/// A tool of a tenant's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Tool {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "tool_01923456789a7bcd8ef0123456789abc")]
    pub tool_id: ToolId,
    /// Rises with every change; who changes it names the version that was changed.
    #[ts(type = "number")]
    pub version: i64,
    pub name: String,
    pub description: BTreeMap<String, String>,
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub arguments: serde_json::Value,
    pub method: ToolMethod,
    pub url: String,
    /// Names of its headers; their values are never shown.
    pub headers: Vec<String>,
    pub timeout_ms: u32,
    pub access: ToolAccess,
    pub budget: u32,
    pub answer: Vec<ToolField>,
    pub active: bool,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A tool that every tenant has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BuiltInTool {
    pub name: String,
    pub description: String,
    /// `reads`, `reveals`, `notes`, `holds` or `binds`.
    pub risk: String,
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub arguments: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Tools {
    /// Of the tenant's own, by name.
    pub tools: Vec<Tool>,
    pub built_in: Vec<BuiltInTool>,
}

/// A tool as it once was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolVersion {
    /// `made`, `changed` or `deleted`.
    pub action: String,
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    /// As it stood after.
    pub tool: Tool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolVersions {
    /// Newest first.
    pub versions: Vec<ToolVersion>,
}

/// One call of a tool: when and how it ended; neither arguments nor the answer are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolCall {
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub took_ms: u32,
    pub status: Option<u16>,
    /// `done`, or why not: `status`, `timeout`, `refused_address`, `redirect`, `too_large`, `not_json` …
    pub code: String,
    #[ts(type = "number")]
    pub version: i64,
    /// Of a conversation's call.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// Of a trial.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolCalls {
    /// Newest first; the last 200 are kept.
    pub calls: Vec<ToolCall>,
}

/// A trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryTool {
    #[serde(default)]
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// Of a tool of the tenant's own: whether the call is made; else it is only shown.
    #[serde(default)]
    pub send: bool,
    /// The language of the conversation; the tenant's first when left out.
    #[serde(default)]
    pub lang: Option<String>,
}

/// What a trial showed. Nothing was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolTrial {
    /// Of a tool of the tenant's own: exactly what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request: Option<ToolRequest>,
    /// What came of it, if it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sent: Option<ToolSent>,
    /// Of a tool that every tenant has: what it answers, or what it would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_run: Option<ToolDryRun>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolRequest {
    pub method: ToolMethod,
    pub url: String,
    /// Names alone.
    pub headers: Vec<String>,
    pub body: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolSent {
    pub status: Option<u16>,
    pub code: String,
    pub took_ms: u32,
    /// What the assistant would know.
    #[ts(type = "object | null")]
    #[schema(value_type = Option<Object>)]
    pub fields: Option<serde_json::Value>,
    /// What it could say, a line for each value.
    pub may_say: Vec<String>,
    /// Fields that could not be used.
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ToolDryRun {
    /// Whether the tool only reads: then `shown` is its result, else its plan.
    pub is_result: bool,
    pub would_run: bool,
    #[ts(type = "unknown")]
    #[schema(value_type = Object)]
    pub shown: serde_json::Value,
}

// ---- to the core ----

impl From<ToolMethod> for Method {
    fn from(method: ToolMethod) -> Self {
        match method {
            ToolMethod::Get => Self::Get,
            ToolMethod::Post => Self::Post,
            ToolMethod::Put => Self::Put,
            ToolMethod::Patch => Self::Patch,
            ToolMethod::Delete => Self::Delete,
        }
    }
}

impl From<Method> for ToolMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::Get,
            Method::Post => Self::Post,
            Method::Put => Self::Put,
            Method::Patch => Self::Patch,
            Method::Delete => Self::Delete,
        }
    }
}

impl PutTool {
    /// The tool as the core keeps it, with `kept` as the names of its headers when none are given; or where it is
    /// wrong and why.
    pub fn into_body(self, kept: Option<&ToolBody>) -> Result<ToolBody, (String, String)> {
        let arguments: Arguments = serde_json::from_value(self.arguments)
            .map_err(|error| ("/arguments".to_owned(), short(&error)))?;
        let headers = match &self.headers {
            Some(given) => given.keys().cloned().collect(),
            None => kept.map(|kept| kept.headers.clone()).unwrap_or_default(),
        };
        let fields = self.answer.into_iter().enumerate().map(|(at, field)| field.into_core(at));
        let body = ToolBody {
            name: self.name,
            description: localized("/description", self.description)?,
            arguments,
            method: self.method.into(),
            url: self.url,
            headers,
            timeout_ms: self.timeout_ms,
            access: match self.access {
                ToolAccess::Read => Access::Read,
                ToolAccess::Write => Access::Write,
            },
            budget: self.budget,
            answer: fields.collect::<Result<_, _>>()?,
            active: self.active,
        };
        body.cleaned().map_err(|custom::ToolError { field, why }| (format!("/{field}"), why))
    }
}

impl ToolField {
    fn into_core(self, at: usize) -> Result<Field, (String, String)> {
        let wrong = |field: &str, why: &str| (format!("/answer/{at}/{field}"), why.to_owned());
        let kind = match self.kind {
            ToolFieldKind::Text => FieldKind::Text,
            ToolFieldKind::Number => FieldKind::Number { unit: self.unit },
            ToolFieldKind::Date => FieldKind::Date,
            ToolFieldKind::Amount => {
                let currency = self.currency.as_deref().and_then(Currency::parse);
                let why = "must be one of NOK, EUR, USD";
                FieldKind::Amount { currency: currency.ok_or_else(|| wrong("currency", why))? }
            }
        };
        let label = localized(&format!("/answer/{at}/label"), self.label)?;
        Ok(Field { name: self.name, pointer: self.pointer, label, kind })
    }
}

fn localized(
    pointer: &str,
    texts: BTreeMap<String, String>,
) -> Result<Localized, (String, String)> {
    let mut known = Localized::default();
    for (tag, text) in texts {
        let Some(lang) = Lang::ALL.into_iter().find(|lang| lang.tag() == tag) else {
            let tag: String = tag.chars().take(40).collect();
            let pointer = format!("{pointer}/{}", tag.replace('~', "~0").replace('/', "~1"));
            return Err((pointer, "must be one of nb, fr, en, ar".to_owned()));
        };
        known.0.insert(lang, text);
    }
    Ok(known)
}

fn short(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}

// ---- from the store ----

fn texts(localized: Localized) -> BTreeMap<String, String> {
    localized.0.into_iter().map(|(lang, text)| (lang.tag().to_owned(), text)).collect()
}

impl From<Field> for ToolField {
    fn from(field: Field) -> Self {
        let (kind, unit, currency) = match field.kind {
            FieldKind::Text => (ToolFieldKind::Text, None, None),
            FieldKind::Number { unit } => (ToolFieldKind::Number, unit, None),
            FieldKind::Date => (ToolFieldKind::Date, None, None),
            FieldKind::Amount { currency } => {
                (ToolFieldKind::Amount, None, Some(currency.code().to_owned()))
            }
        };
        let label = texts(field.label);
        Self { name: field.name, pointer: field.pointer, label, kind, unit, currency }
    }
}

impl Tool {
    fn of(tool_id: ToolId, version: i64, body: ToolBody, updated_at: Timestamp) -> Self {
        Self {
            tool_id,
            version,
            name: body.name,
            description: texts(body.description),
            arguments: body.arguments.schema(),
            method: body.method.into(),
            url: body.url,
            headers: body.headers.into_iter().collect(),
            timeout_ms: body.timeout_ms,
            access: match body.access {
                Access::Read => ToolAccess::Read,
                Access::Write => ToolAccess::Write,
            },
            budget: body.budget,
            answer: body.answer.into_iter().map(ToolField::from).collect(),
            active: body.active,
            updated_at,
        }
    }
}

impl From<ToolRecord> for Tool {
    fn from(record: ToolRecord) -> Self {
        Self::of(record.id, record.version, record.body, record.updated_at)
    }
}

impl ToolVersion {
    pub fn of(tool: ToolId, version: Version) -> Self {
        Self {
            action: version.action,
            member_id: version.by,
            tool: Tool::of(tool, version.version, version.body, version.at),
        }
    }
}

impl From<Call> for ToolCall {
    fn from(call: Call) -> Self {
        Self {
            at: call.at,
            took_ms: call.took_ms,
            status: call.status,
            code: call.code,
            version: call.version,
            session_id: call.session,
            member_id: call.member,
        }
    }
}
