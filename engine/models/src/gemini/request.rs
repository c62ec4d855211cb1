//! The body of a call.

use std::collections::BTreeMap;

use forecourt_ports::model::{Ask, Choice, Round, Tool};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::GeminiConfig;
use crate::{
    client::Protocol as _,
    prompts::{Prompt, Role, Spoken},
};

/// Says that a call of another provider has no signature.
const UNSIGNED: &str = "skip_thought_signature_validator";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    system_instruction: Content<'a>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Offer<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
    generation_config: Generation<'a>,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'a>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct FunctionCall<'a> {
    id: &'a str,
    name: &'a str,
    args: &'a Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct FunctionResponse<'a> {
    id: &'a str,
    name: &'a str,
    /// An object: there is no field for an error but in here.
    response: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Offer<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    parameters_json_schema: &'a Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Thinking<'a> {
    thinking_level: &'a str,
}

impl<'a> Body<'a> {
    pub(super) fn new(config: &'a GeminiConfig, ask: &'a Ask, prompt: &'a Prompt) -> Self {
        let toolbox = &ask.toolbox;
        let declarations: Vec<_> = toolbox.offered.iter().map(Declaration::from).collect();
        let mode = match toolbox.choice {
            Choice::Auto => None,
            Choice::Required => Some("ANY"),
            Choice::None => Some("NONE"),
        };
        let mode = mode.filter(|_| !declarations.is_empty());
        let mut contents: Vec<_> = prompt.spoken.iter().map(Content::from).collect();
        contents.extend(toolbox.rounds.iter().flat_map(round));
        Self {
            system_instruction: Content {
                role: None,
                parts: vec![Part::of(&prompt.rules), Part::of(&prompt.now)],
            },
            contents,
            tools: (!declarations.is_empty())
                .then_some([Offer { function_declarations: declarations }]),
            tool_config: mode.map(|mode| json!({"functionCallingConfig": {"mode": mode}})),
            generation_config: Generation {
                max_output_tokens: config.client.max_tokens,
                temperature: config.client.temperature,
                thinking_config: config
                    .thinking_level
                    .as_deref()
                    .map(|thinking_level| Thinking { thinking_level }),
            },
        }
    }
}

/// The calls with their signatures, all in one content, and the results in the next.
fn round(round: &Round) -> [Content<'_>; 2] {
    let carried = round.carry.as_ref().filter(|carry| carry.by == super::GenerateContent::NAME);
    let signatures = carried.map(|carry| &carry.what);
    let text = Some(round.text.trim()).filter(|text| !text.is_empty());
    let names: BTreeMap<_, _> =
        round.calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect();
    let calls = round.calls.iter().enumerate().map(|(at, call)| Part {
        function_call: Some(FunctionCall { id: &call.id, name: &call.name, args: &call.args }),
        thought_signature: match signatures {
            Some(signatures) => signatures.get(&call.id).and_then(Value::as_str),
            // Only the first call of a batch has one.
            None => (at == 0).then_some(UNSIGNED),
        },
        ..Part::default()
    });
    let said = text.map(Part::of).into_iter().chain(calls).collect();
    let results = round.results.iter().map(|result| {
        let key = if result.is_error { "error" } else { "result" };
        // What is JSON goes as JSON, so that the model reads no quotes within quotes.
        let content = serde_json::from_str(&result.content)
            .unwrap_or_else(|_| Value::String(result.content.clone()));
        Part {
            function_response: Some(FunctionResponse {
                id: &result.id,
                name: names.get(result.id.as_str()).copied().unwrap_or_default(),
                response: json!({ key: content }),
            }),
            ..Part::default()
        }
    });
    [
        Content { role: Some("model"), parts: said },
        Content { role: Some("user"), parts: results.collect() },
    ]
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: Some(text), ..Self::default() }
    }
}

impl<'a> From<&'a Tool> for Declaration<'a> {
    fn from(tool: &'a Tool) -> Self {
        let (name, description) = (&*tool.name, &*tool.description);
        Self { name, description, parameters_json_schema: &tool.schema }
    }
}

impl<'a> From<&'a Spoken> for Content<'a> {
    fn from(spoken: &'a Spoken) -> Self {
        let role = match spoken.by {
            Role::User => "user",
            Role::Assistant => "model",
        };
        Self { role: Some(role), parts: spoken.texts.iter().map(|text| Part::of(text)).collect() }
    }
}
