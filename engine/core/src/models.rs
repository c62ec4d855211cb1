//! Which models a tenant wants for what, and how much they may take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a model is asked for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// An answer to a customer: it may greet by the first name, and needs no address or number.
    #[default]
    Answer,
    /// A short text for members: it needs no name either.
    Note,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Anthropic,
    Openai,
    Gemini,
    /// The house responder: no key, no network, no cost.
    House,
}

impl Provider {
    /// As settings and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Gemini => "gemini",
            Self::House => "house",
        }
    }
}

/// A tenant's models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// Who is asked, and in which order, by task; the engine's own order for tasks that are not here.
    /// Providers that the engine has no key for are passed over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub order: BTreeMap<Task, Vec<Provider>>,
    pub budget: Budget,
}

impl ModelSettings {
    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The most that models may take of a tenant's plan; none where nothing is set. A day and a month are
/// those of the tenant's zone. What is under way when a limit is reached ends as it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    pub day: Cap,
    pub month: Cap,
}

/// A limit of tokens and of money; either may stand alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cap {
    /// Tokens of prompts and answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Billionths of a US dollar. Tokens without a known price count as nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nano_usd: Option<u64>,
}

/// What was taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub tokens: u64,
    pub nano_usd: u64,
}

impl Budget {
    /// Whether any limit is set.
    pub const fn is_set(&self) -> bool {
        self.day.is_set() || self.month.is_set()
    }

    /// Whether more may be taken after so much of the day and of the month.
    pub fn allows(&self, day: Spent, month: Spent) -> bool {
        self.day.allows(day) && self.month.allows(month)
    }
}

impl Cap {
    const fn is_set(&self) -> bool {
        self.tokens.is_some() || self.nano_usd.is_some()
    }

    fn allows(&self, spent: Spent) -> bool {
        self.tokens.is_none_or(|most| spent.tokens < most)
            && self.nano_usd.is_none_or(|most| spent.nano_usd < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_when_any_of_its_limits_is() {
        let cap = |tokens, nano_usd| Cap { tokens, nano_usd };
        let budget = Budget { day: cap(Some(100), None), month: cap(None, Some(5_000)) };
        let spent = |tokens, nano_usd| Spent { tokens, nano_usd };
        assert!(budget.is_set() && !Budget::default().is_set());
        assert!(budget.allows(spent(99, 9_999), spent(9_999, 4_999)));
        assert!(!budget.allows(spent(100, 0), spent(100, 0)));
        assert!(!budget.allows(spent(0, 0), spent(0, 5_000)));
        assert!(Budget::default().allows(spent(u64::MAX, u64::MAX), spent(u64::MAX, u64::MAX)));
    }

    #[test]
    fn settings_are_read_with_and_without_their_parts() {
        let read = |text| serde_json::from_str::<ModelSettings>(text);
        assert!(read("{}").unwrap().is_default());
        let settings =
            read(r#"{"order": {"answer": ["gemini", "house"]}, "budget": {"day": {"tokens": 5}}}"#)
                .unwrap();
        assert_eq!(settings.order[&Task::Answer], [Provider::Gemini, Provider::House]);
        assert_eq!(settings.budget.day.tokens, Some(5));
        for wrong in [
            r#"{"budget": {"day": {"tokens": -5}}}"#,
            r#"{"x": 1}"#,
            r#"{"order": {"answer": ["x"]}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
