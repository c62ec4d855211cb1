//! The body of a call.

use forecourt_ports::model::{Ask, Choice, Round, Tool};
use serde::Serialize;
use serde_json::Value;

use super::config::{Flavor, OpenAiConfig};
use crate::prompts::{Prompt, Role, Spoken};

#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Offer<'a>>,
    /// Left out where it says nothing new: some servers do not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    /// Who speaks: an opaque id, no person (A13).
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Message<'a> {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Called<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: String,
    },
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    /// JSON in a string.
    arguments: String,
}

#[derive(Debug, Serialize)]
struct Offer<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> Body<'a> {
    pub(super) fn new(config: &'a OpenAiConfig, ask: &'a Ask, prompt: &'a Prompt) -> Self {
        let (client, toolbox) = (&config.client, &ask.toolbox);
        let company = config.flavor == Flavor::OpenAi;
        let tools: Vec<_> = toolbox.offered.iter().map(Offer::from).collect();
        let choice = match toolbox.choice {
            Choice::Auto => None,
            Choice::Required => Some("required"),
            Choice::None => Some("none"),
        };
        // One system message, what stays the same first: templates of local models take no second,
        // and providers cache by the beginning.
        let system = format!("{}\n\n{}", prompt.rules, prompt.now);
        let mut messages = vec![Message::System { content: system }];
        messages.extend(prompt.spoken.iter().map(Message::from));
        messages.extend(toolbox.rounds.iter().flat_map(round));
        Self {
            model: &client.model,
            messages,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens: (!company).then_some(client.max_tokens),
            max_completion_tokens: company.then_some(client.max_tokens),
            temperature: client.temperature,
            tool_choice: choice.filter(|_| !tools.is_empty()),
            tools,
            safety_identifier: company.then(|| ask.session.to_string()),
            store: company.then_some(false),
        }
    }
}

/// What was called, then one message for each result. An error has no field of its own here.
fn round(round: &Round) -> impl Iterator<Item = Message<'_>> {
    let text = Some(round.text.trim()).filter(|text| !text.is_empty());
    let calls = round.calls.iter().map(|call| Called {
        id: &call.id,
        kind: "function",
        function: CalledFunction {
            name: &call.name,
            arguments: serde_json::to_string(&call.args).unwrap_or_default(),
        },
    });
    let said = Message::Assistant { content: text.map(str::to_owned), tool_calls: calls.collect() };
    let results = round.results.iter().map(|result| Message::Tool {
        tool_call_id: &result.id,
        content: if result.is_error {
            format!("error: {}", result.content)
        } else {
            result.content.clone()
        },
    });
    std::iter::once(said).chain(results)
}

impl<'a> From<&'a Tool> for Offer<'a> {
    fn from(tool: &'a Tool) -> Self {
        let (name, description, parameters) = (&*tool.name, &*tool.description, &tool.schema);
        Self { kind: "function", function: Function { name, description, parameters } }
    }
}

impl From<&Spoken> for Message<'_> {
    fn from(spoken: &Spoken) -> Self {
        let content = spoken.texts.join("\n\n");
        match spoken.by {
            Role::User => Self::User { content },
            Role::Assistant => Self::Assistant { content: Some(content), tool_calls: Vec::new() },
        }
    }
}
