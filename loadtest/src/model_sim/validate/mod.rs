//! Request validation.
//!
//! Lives here: the version header, top-level fields, thinking, cache marks; [`turns`] judges the
//! conversation and `tools` the tools. A strict simulator
//! finds the bugs of our client that a lenient one would hide, so the provider's rules are kept with
//! the provider's words where they are known.

mod tools;
pub mod turns;

use serde_json::{Map, Value};

use super::error::ApiError;
use super::models::{self, ModelRules, Sampling};

/// Smallest thinking budget, in tokens.
const MIN_THINKING_BUDGET: u64 = 1024;
/// Most cache marks of a request.
const MAX_CACHE_MARKS: usize = 4;

const TOP_LEVEL: &[&str] = &[
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];
const SAMPLING: &[&str] = &["temperature", "top_p", "top_k"];
const COUNTED: &[&str] = &[
    "cache_control",
    "messages",
    "model",
    "output_config",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

/// The two API versions that live side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `2023-06-01`
    V2023,
    /// `2026-10-21`: no sampling parameters, stricter documents and citations.
    V2026,
}

impl ApiVersion {
    /// Reads the `anthropic-version` header.
    pub fn parse(header: Option<&str>) -> Result<Self, ApiError> {
        match header {
            Some("2023-06-01") => Ok(Self::V2023),
            Some("2026-10-21") => Ok(Self::V2026),
            None => Err(ApiError::invalid("anthropic-version: header is required")),
            Some(_) => {
                Err(ApiError::invalid("anthropic-version: header is not a valid API version"))
            }
        }
    }

    /// As written in the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2023 => "2023-06-01",
            Self::V2026 => "2026-10-21",
        }
    }
}

/// Which endpoint asks: counting generates nothing, so it needs and allows less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Messages,
    CountTokens,
}

/// What the walk over a request collects for the rules that span it.
#[derive(Debug, Default)]
pub(super) struct Marks {
    count: usize,
    /// A short-lived mark was seen: a long-lived one must not follow.
    seen_5m: bool,
}

/// Judges a parsed body. The result is the model's row, for the rules that come after.
pub fn validate(
    body: &Value,
    version: ApiVersion,
    endpoint: Endpoint,
) -> Result<&'static ModelRules, ApiError> {
    let body = body.as_object().ok_or_else(|| {
        ApiError::invalid("Input should be a valid dictionary or object to extract fields from")
    })?;
    top_level_fields(body, version, endpoint)?;
    let name = required(body, "model")?
        .as_str()
        .ok_or_else(|| ApiError::invalid("model: Input should be a valid string"))?;
    if endpoint == Endpoint::Messages {
        max_tokens_and_stream(body)?;
    }
    let messages = required(body, "messages")?
        .as_array()
        .ok_or_else(|| ApiError::invalid("messages: Input should be a valid list"))?;
    if messages.is_empty() {
        return Err(ApiError::invalid("messages: at least one message is required"));
    }
    if messages.len() > 100_000 {
        return Err(ApiError::invalid("messages: List should have at most 100000 items"));
    }
    stop_sequences(body)?;
    metadata(body)?;

    let model = models::find(name)
        .ok_or_else(|| ApiError::of_status(404).with_message(format!("model: {name}")))?;

    // The provider reads a prompt as tools, system, turns: marks are counted in that order.
    let mut marks = Marks::default();
    tools::validate(body, model, &mut marks)?;
    system(body, &mut marks)?;
    turns::validate(messages, model, version, &mut marks)?;
    if let Some(mark) = present(body, "cache_control") {
        marks.add(mark, "cache_control")?;
    }
    if marks.count > MAX_CACHE_MARKS {
        return Err(ApiError::invalid(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {}.",
            marks.count
        )));
    }
    sampling(body, model)?;
    thinking(body, model)?;
    if let Some(asked) = body.get("max_tokens").and_then(Value::as_u64)
        && asked > model.max_output
    {
        return Err(ApiError::invalid(format!(
            "max_tokens: {asked} > {}, which is the maximum allowed number of output tokens for {}",
            model.max_output,
            model.answer_name()
        )));
    }
    Ok(model)
}

impl Marks {
    /// Counts a `cache_control` value and judges its shape.
    pub(super) fn add(&mut self, mark: &Value, path: &str) -> Result<(), ApiError> {
        if mark.get("type").and_then(Value::as_str) != Some("ephemeral") {
            return Err(ApiError::invalid(format!(
                "{path}.type: Input tag does not match any of the expected tags: 'ephemeral'"
            )));
        }
        match mark.get("ttl").map(Value::as_str) {
            None | Some(Some("5m")) => self.seen_5m = true,
            Some(Some("1h")) if self.seen_5m => {
                return Err(ApiError::invalid(format!(
                    "{path}.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' \
                     cache_control block. Note that blocks are processed in the following order: \
                     `tools`, `system`, `messages`."
                )));
            }
            Some(Some("1h")) => {}
            Some(_) => {
                return Err(ApiError::invalid(format!("{path}.ttl: Input should be '5m' or '1h'")));
            }
        }
        self.count += 1;
        Ok(())
    }
}

/// The value of a key that is there and not null.
pub(super) fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The value of a key that must be there.
pub(super) fn required<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> Result<&'a Value, ApiError> {
    object.get(key).ok_or_else(|| ApiError::invalid(format!("{key}: Field required")))
}

/// Refuses keys outside `known`.
pub(super) fn no_extras(
    object: &Map<String, Value>,
    path: &str,
    known: &[&str],
) -> Result<(), ApiError> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) if path.is_empty() => {
            Err(ApiError::invalid(format!("{key}: Extra inputs are not permitted")))
        }
        Some(key) => {
            Err(ApiError::invalid(format!("{path}.{key}: Extra inputs are not permitted")))
        }
        None => Ok(()),
    }
}

fn top_level_fields(
    body: &Map<String, Value>,
    version: ApiVersion,
    endpoint: Endpoint,
) -> Result<(), ApiError> {
    let known = match endpoint {
        Endpoint::Messages => TOP_LEVEL,
        Endpoint::CountTokens => COUNTED,
    };
    let sampling_known = endpoint == Endpoint::Messages && version == ApiVersion::V2023;
    let sampling: &[&str] = if sampling_known { SAMPLING } else { &[] };
    no_extras(body, "", &[known, sampling].concat())
}

fn max_tokens_and_stream(body: &Map<String, Value>) -> Result<(), ApiError> {
    let stream = match present(body, "stream") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| ApiError::invalid("stream: Input should be a valid boolean"))?,
    };
    let asked = required(body, "max_tokens")?;
    let Some(asked) = asked.as_i64() else {
        return Err(ApiError::invalid("max_tokens: Input should be a valid integer"));
    };
    // Zero warms the cache and generates nothing, so there is nothing to stream.
    if asked < 0 || (asked == 0 && stream) {
        return Err(ApiError::invalid("max_tokens: Input should be greater than or equal to 1"));
    }
    Ok(())
}

fn stop_sequences(body: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(given) = present(body, "stop_sequences") else { return Ok(()) };
    let list = given
        .as_array()
        .ok_or_else(|| ApiError::invalid("stop_sequences: Input should be a valid list"))?;
    for (at, item) in list.iter().enumerate() {
        let text = item.as_str().ok_or_else(|| {
            ApiError::invalid(format!("stop_sequences.{at}: Input should be a valid string"))
        })?;
        if text.trim().is_empty() {
            return Err(ApiError::invalid(
                "stop_sequences: each stop sequence must contain non-whitespace",
            ));
        }
    }
    Ok(())
}

fn metadata(body: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(given) = present(body, "metadata") else { return Ok(()) };
    let object = given.as_object().ok_or_else(|| {
        ApiError::invalid("metadata: Input should be a valid dictionary or object")
    })?;
    no_extras(object, "metadata", &["user_id"])?;
    match present(object, "user_id").map(Value::as_str) {
        Some(None) => Err(ApiError::invalid("metadata.user_id: Input should be a valid string")),
        Some(Some(id)) if id.chars().count() > 256 => {
            Err(ApiError::invalid("metadata.user_id: String should have at most 256 characters"))
        }
        _ => Ok(()),
    }
}

fn sampling(body: &Map<String, Value>, model: &ModelRules) -> Result<(), ApiError> {
    for key in SAMPLING {
        let Some(given) = present(body, key) else { continue };
        let number = given
            .as_f64()
            .ok_or_else(|| ApiError::invalid(format!("{key}: Input should be a valid number")))?;
        if *key != "top_k" && !(0.0..=1.0).contains(&number) {
            return Err(ApiError::invalid(format!("{key}: range: 0..1")));
        }
        let is_default = *key != "top_k" && (number - 1.0).abs() < f64::EPSILON;
        let refused = match model.sampling {
            Sampling::Accepted => false,
            Sampling::DefaultsOnly => !is_default,
            Sampling::Rejected => true,
        };
        if refused {
            return Err(ApiError::invalid(format!("`{key}` is not supported for this model.")));
        }
    }
    Ok(())
}

fn thinking(body: &Map<String, Value>, model: &ModelRules) -> Result<(), ApiError> {
    let Some(given) = present(body, "thinking") else { return Ok(()) };
    match given.get("type").and_then(Value::as_str) {
        Some("adaptive" | "disabled" | "between_tools") => Ok(()),
        Some("enabled") if !model.thinking_budget => Err(ApiError::invalid(
            "thinking.type: \"enabled\" is not supported for this model. Use \"adaptive\".",
        )),
        Some("enabled") => {
            let budget = given.get("budget_tokens").and_then(Value::as_u64).ok_or_else(|| {
                ApiError::invalid("thinking.enabled.budget_tokens: Field required")
            })?;
            if budget < MIN_THINKING_BUDGET {
                return Err(ApiError::invalid(
                    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
                ));
            }
            match body.get("max_tokens").and_then(Value::as_u64) {
                Some(max_tokens) if max_tokens <= budget => Err(ApiError::invalid(
                    "`max_tokens` must be greater than `thinking.budget_tokens`.",
                )),
                _ => Ok(()),
            }
        }
        _ => Err(ApiError::invalid(
            "thinking: Input tag does not match any of the expected tags: 'adaptive', \
             'between_tools', 'disabled', 'enabled'",
        )),
    }
}

fn system(body: &Map<String, Value>, marks: &mut Marks) -> Result<(), ApiError> {
    match present(body, "system") {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => blocks.iter().enumerate().try_for_each(|(at, block)| {
            let path = format!("system.{at}");
            let block = block.as_object().ok_or_else(|| {
                ApiError::invalid(format!("{path}: Input should be a valid dictionary or object"))
            })?;
            if block.get("type").and_then(Value::as_str) != Some("text") {
                return Err(ApiError::invalid(format!("{path}.type: Input should be 'text'")));
            }
            turns::text_block(block, &path, "system", marks)
        }),
        Some(_) => Err(ApiError::invalid("system: Input should be a valid string")),
    }
}
