//! The models the simulator knows, and where they differ in what they accept.
//!
//! Lives here: the table. Sources disagree about some cache minimums of the newest models, so the
//! minimum is a column and not a constant. A model that is not here answers 404.

use serde_json::{Value, json};

/// What a model does with `temperature`, `top_p`, `top_k` under API version 2023-06-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Any valid value.
    Accepted,
    /// The defaults may be written out, nothing else.
    DefaultsOnly,
    /// Not even the defaults.
    Rejected,
}

/// One row: identity, sizes, and the rules that bite.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent rules of a table, not a state")]
pub struct ModelRules {
    pub id: &'static str,
    /// The dated name of the same model, if it has one.
    pub dated: Option<&'static str>,
    pub display_name: &'static str,
    pub line: &'static str,
    /// RFC 3339; the epoch where the day is not known.
    pub created_at: &'static str,
    /// Largest prompt, in tokens.
    pub context: u64,
    /// Largest `max_tokens`.
    pub max_output: u64,
    /// A shorter prefix is silently not cached, in tokens.
    pub cache_minimum: u64,
    pub sampling: Sampling,
    /// May the last turn be the assistant's?
    pub prefill: bool,
    /// Is `thinking: {type: enabled, budget_tokens}` known?
    pub thinking_budget: bool,
    /// May `tool_choice` force a tool?
    pub forced_tools: bool,
    /// May `role: system` stand in mid-conversation?
    pub system_turns: bool,
}

const EPOCH: &str = "1970-01-01T00:00:00Z";

/// The 4.5 generation: everything is allowed. Later rows say what they took away.
const BASE: ModelRules = ModelRules {
    id: "",
    dated: None,
    display_name: "",
    line: "",
    created_at: EPOCH,
    context: 200_000,
    max_output: 64_000,
    cache_minimum: 4096,
    sampling: Sampling::Accepted,
    prefill: true,
    thinking_budget: true,
    forced_tools: true,
    system_turns: false,
};

/// The 5 generation.
const FIVE: ModelRules = ModelRules {
    context: 1_000_000,
    max_output: 128_000,
    cache_minimum: 1024,
    sampling: Sampling::DefaultsOnly,
    prefill: false,
    system_turns: true,
    ..BASE
};

/// Every model, newest first, as the list endpoint shows them.
pub const MODELS: &[ModelRules] = &[
    ModelRules {
        id: "claude-haiku-5-5",
        display_name: "Claude Haiku 5.5",
        line: "haiku",
        created_at: "2026-10-07T00:00:00Z",
        cache_minimum: 512,
        thinking_budget: false,
        ..FIVE
    },
    ModelRules {
        id: "claude-sonnet-5-5",
        display_name: "Claude Sonnet 5.5",
        line: "sonnet",
        forced_tools: false,
        ..FIVE
    },
    ModelRules {
        id: "claude-opus-5-5",
        display_name: "Claude Opus 5.5",
        line: "opus",
        cache_minimum: 4096,
        sampling: Sampling::Rejected,
        thinking_budget: false,
        ..FIVE
    },
    ModelRules { id: "claude-fable-5-2", display_name: "Claude Fable 5.2", line: "fable", ..FIVE },
    ModelRules { id: "claude-fable-5-1", display_name: "Claude Fable 5.1", line: "fable", ..FIVE },
    ModelRules { id: "claude-sonnet-5", display_name: "Claude Sonnet 5", line: "sonnet", ..FIVE },
    ModelRules {
        id: "claude-opus-5",
        display_name: "Claude Opus 5",
        line: "opus",
        cache_minimum: 4096,
        sampling: Sampling::Rejected,
        thinking_budget: false,
        ..FIVE
    },
    ModelRules {
        id: "claude-opus-4-8",
        display_name: "Claude Opus 4.8",
        line: "opus",
        sampling: Sampling::Rejected,
        prefill: false,
        thinking_budget: false,
        system_turns: true,
        ..BASE
    },
    ModelRules {
        id: "claude-opus-4-7",
        display_name: "Claude Opus 4.7",
        line: "opus",
        sampling: Sampling::Rejected,
        prefill: false,
        thinking_budget: false,
        ..BASE
    },
    ModelRules {
        id: "claude-opus-4-6",
        display_name: "Claude Opus 4.6",
        line: "opus",
        prefill: false,
        ..BASE
    },
    ModelRules {
        id: "claude-sonnet-4-6",
        display_name: "Claude Sonnet 4.6",
        line: "sonnet",
        cache_minimum: 2048,
        prefill: false,
        ..BASE
    },
    ModelRules {
        id: "claude-opus-4-5",
        dated: Some("claude-opus-4-5-20251101"),
        display_name: "Claude Opus 4.5",
        line: "opus",
        created_at: "2025-11-01T00:00:00Z",
        ..BASE
    },
    ModelRules {
        id: "claude-haiku-4-5",
        dated: Some("claude-haiku-4-5-20251001"),
        display_name: "Claude Haiku 4.5",
        line: "haiku",
        created_at: "2025-10-01T00:00:00Z",
        ..BASE
    },
    ModelRules {
        id: "claude-sonnet-4-5",
        dated: Some("claude-sonnet-4-5-20250929"),
        display_name: "Claude Sonnet 4.5",
        line: "sonnet",
        created_at: "2025-09-29T00:00:00Z",
        cache_minimum: 1024,
        ..BASE
    },
];

/// What the chat completions of the simulator know: one of the company's own, one of everybody.
pub const CHAT: &[ModelRules] = &[
    ModelRules { id: "gpt-5.4-mini", display_name: "GPT-5.4 mini", line: "gpt", ..BASE },
    ModelRules { id: "gpt-6-luna", display_name: "GPT-6 Luna", line: "gpt", ..FIVE },
    ModelRules { id: "local-model", display_name: "A local model", line: "local", ..BASE },
];

/// What the simulator knows of Gemini: a model that signs its calls, and one that does not.
pub const GEMINI: &[ModelRules] = &[
    ModelRules { id: "gemini-3-flash-preview", display_name: "3 Flash", line: "gemini", ..FIVE },
    ModelRules { id: "gemini-2.5-flash", display_name: "2.5 Flash", line: "gemini", ..FIVE },
];

/// The row of `name` in `list`.
pub fn find_in(list: &'static [ModelRules], name: &str) -> Option<&'static ModelRules> {
    list.iter().find(|model| model.id == name)
}

/// The row of `name`, dated or not.
pub fn find(name: &str) -> Option<&'static ModelRules> {
    MODELS.iter().find(|model| model.id == name || model.dated == Some(name))
}

impl ModelRules {
    /// The name answers carry: the dated one where there is one.
    pub fn answer_name(&self) -> &'static str {
        self.dated.unwrap_or(self.id)
    }

    /// The shape of `GET /v1/models/{id}`.
    pub fn to_json(self) -> Value {
        json!({
            "type": "model",
            "id": self.answer_name(),
            "display_name": self.display_name,
            "created_at": self.created_at,
            "lifecycle": "active",
            "line": self.line,
            "max_input_tokens": self.context,
            "max_tokens": self.max_output,
        })
    }
}
