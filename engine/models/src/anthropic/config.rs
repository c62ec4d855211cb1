//! The settings of the client, and what is known of the models.

use secrecy::SecretString;

use crate::client::ClientConfig;

/// Models that take a temperature, with the fewest tokens that are cached for them, and newer ones.
/// Where sources differ, the larger number stands: a mark below the minimum gains nothing.
const KNOWN: [(&str, u32, bool); 9] = [
    ("claude-haiku-4-5", 4_096, true),
    ("claude-sonnet-4-5", 1_024, true),
    ("claude-sonnet-4-6", 2_048, true),
    ("claude-opus-4-5", 4_096, true),
    ("claude-opus-4-6", 4_096, true),
    ("claude-haiku-5-5", 512, false),
    ("claude-opus-4-8", 4_096, false),
    ("claude-fable-5", 2_048, false),
    ("claude-sonnet-5", 1_024, false),
];

/// How to reach the Messages API, and what to ask of it. The base URL is `https://api.anthropic.com`;
/// `/v1/messages` is added.
#[derive(Clone, Debug)]
pub struct AnthropicConfig {
    /// The temperature is sent where the version allows it ([`ApiVersion::takes_temperature`]); newer
    /// models refuse it under any version: `None` for those.
    pub client: ClientConfig,
    pub version: ApiVersion,
    pub auth: Auth,
    /// The tools, rules and facts of the prompt are marked for the provider's cache when they are about
    /// this many tokens or more; sources differ per model, so it is a setting. `None`: never.
    pub cache_from_tokens: Option<u32>,
}

/// The versions of the API that live side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// `2023-06-01`
    V2023,
    /// `2026-10-21`: refuses sampling parameters.
    V2026,
}

/// How the key is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `x-api-key: …`
    ApiKey,
    /// `Authorization: Bearer …`
    Bearer,
}

impl AnthropicConfig {
    /// `claude-haiku-4-5` with 500 tokens at the provider's own address.
    pub fn new(key: SecretString) -> Self {
        Self::for_model(key, "claude-haiku-4-5")
    }

    /// The same for another model, with what is known of it: whether it takes a temperature, and the
    /// smallest prompt that the provider caches for it.
    pub fn for_model(key: SecretString, model: &str) -> Self {
        let known = KNOWN.iter().find(|(name, ..)| model.starts_with(name));
        let client = ClientConfig::new(key, "https://api.anthropic.com", model);
        let warm = known.is_some_and(|(_, _, warm)| *warm);
        Self {
            client: ClientConfig { temperature: warm.then_some(0.7), ..client },
            version: ApiVersion::V2023,
            auth: Auth::ApiKey,
            cache_from_tokens: Some(known.map_or(4_096, |(_, minimum, _)| *minimum)),
        }
    }
}

impl ApiVersion {
    /// As the header says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2023 => "2023-06-01",
            Self::V2026 => "2026-10-21",
        }
    }

    /// Reads the header's form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V2023, Self::V2026].into_iter().find(|version| version.as_str() == text)
    }

    /// Whether `temperature` may be sent at all.
    pub const fn takes_temperature(self) -> bool {
        matches!(self, Self::V2023)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str) -> AnthropicConfig {
        AnthropicConfig::for_model("k".to_owned().into(), model)
    }

    #[test]
    fn a_model_that_is_not_known_to_take_a_temperature_gets_none() {
        assert_eq!(of("claude-haiku-4-5-20251001").client.temperature, Some(0.7));
        assert_eq!(of("claude-haiku-5-5").client.temperature, None);
        assert_eq!(of("claude-new-9").client.temperature, None);
    }

    #[test]
    fn the_smallest_cached_prompt_is_the_models_own() {
        assert_eq!(of("claude-haiku-5-5").cache_from_tokens, Some(512));
        assert_eq!(of("claude-haiku-4-5").cache_from_tokens, Some(4_096));
        assert_eq!(of("claude-new-9").cache_from_tokens, Some(4_096));
    }
}
