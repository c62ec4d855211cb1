//! The settings of the client, their defaults and their bounds.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

/// The longest wait that may be set: longer than any promise.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Models that take a temperature, with the fewest tokens that are cached for them. Where sources
/// differ, the larger number stands: a mark below the minimum gains nothing.
const KNOWN: [(&str, u32); 5] = [
    ("claude-haiku-4-5", 4_096),
    ("claude-sonnet-4-5", 1_024),
    ("claude-sonnet-4-6", 2_048),
    ("claude-opus-4-5", 4_096),
    ("claude-opus-4-6", 4_096),
];

/// How to reach the Messages API, and what to ask of it.
#[derive(Clone, Debug)]
pub struct AnthropicConfig {
    pub key: SecretString,
    /// `https://api.anthropic.com`; `/v1/messages` is added.
    pub base_url: String,
    pub model: String,
    pub version: ApiVersion,
    pub auth: Auth,
    /// From the call to the first event.
    pub first_byte: Duration,
    /// Between two events; a ping is an event, a comment is not.
    pub idle: Duration,
    /// Between two events that carry the answer on; pings do not.
    pub silence: Duration,
    /// To open a connection.
    pub connect: Duration,
    pub max_tokens: u32,
    /// The most characters of an answer.
    pub max_chars: usize,
    /// Sent where the version allows it ([`ApiVersion::takes_temperature`]); newer models refuse it
    /// under any version: `None` for those.
    pub temperature: Option<f64>,
    /// The rules and facts of the prompt are marked for the provider's cache when they are about this
    /// many tokens or more; sources differ per model, so it is a setting. `None`: never.
    pub cache_from_tokens: Option<u32>,
    /// A longer `retry-after` is cut to this.
    pub longest_retry_after: Duration,
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

/// Why a client cannot be made. Carries no setting's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the key of the model is empty or cannot stand in a header")]
    Key,
    #[error("the base URL of the model must be http or https, without user, query and fragment")]
    BaseUrl,
    #[error("the name of the model must be 1 to 128 visible ASCII characters")]
    Model,
    #[error("{0} of the model is out of its bounds")]
    Bounds(&'static str),
    #[error("no TLS implementation was installed in this process")]
    NoTls,
    #[error("the HTTP client of the model could not be made")]
    Client,
}

impl AnthropicConfig {
    /// `claude-haiku-4-5` with 500 tokens at the provider's own address.
    pub fn new(key: SecretString) -> Self {
        Self::for_model(key, "claude-haiku-4-5")
    }

    /// The same for another model, with what is known of it: whether it takes a temperature, and the
    /// smallest prompt that the provider caches for it.
    pub fn for_model(key: SecretString, model: &str) -> Self {
        let known = KNOWN.iter().find(|(name, _)| model.starts_with(name));
        Self {
            key,
            base_url: "https://api.anthropic.com".into(),
            model: model.into(),
            version: ApiVersion::V2023,
            auth: Auth::ApiKey,
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(8),
            silence: Duration::from_secs(12),
            connect: Duration::from_secs(5),
            max_tokens: 500,
            max_chars: 6_000,
            temperature: known.map(|_| 0.7),
            cache_from_tokens: Some(known.map_or(4_096, |(_, minimum)| *minimum)),
            longest_retry_after: Duration::from_hours(1),
        }
    }

    /// Checks every setting; gives the address to call.
    pub(super) fn check(&self) -> Result<Url, ConfigError> {
        let key = self.key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::Key);
        }
        let name = &self.model;
        if !(1..=128).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::Model);
        }
        for (name, wait) in [
            ("first_byte", self.first_byte),
            ("idle", self.idle),
            ("silence", self.silence),
            ("connect", self.connect),
        ] {
            if wait.is_zero() || wait > LONGEST_WAIT {
                return Err(ConfigError::Bounds(name));
            }
        }
        for (name, fits) in [
            ("max_tokens", (1..=64_000).contains(&self.max_tokens)),
            ("max_chars", (1..=1_000_000).contains(&self.max_chars)),
            ("temperature", self.temperature.is_none_or(|t| (0.0..=1.0).contains(&t))),
            ("longest_retry_after", self.longest_retry_after <= Duration::from_hours(24)),
        ] {
            if !fits {
                return Err(ConfigError::Bounds(name));
            }
        }
        self.url().ok_or(ConfigError::BaseUrl)
    }

    fn url(&self) -> Option<Url> {
        let mut url = Url::parse(&self.base_url).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(["v1", "messages"]);
        Some(url)
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

    fn config() -> AnthropicConfig {
        AnthropicConfig::new("sk-ant-secret".to_owned().into())
    }

    #[test]
    fn the_defaults_are_valid_and_the_key_is_never_printed() {
        assert_eq!(config().check().unwrap().as_str(), "https://api.anthropic.com/v1/messages");
        assert!(!format!("{:?}", config()).contains("sk-ant"));
    }

    #[test]
    fn a_model_that_is_not_known_to_take_a_temperature_gets_none() {
        let of = |model| AnthropicConfig::for_model("k".to_owned().into(), model).temperature;
        assert_eq!(of("claude-haiku-4-5-20251001"), Some(0.7));
        assert_eq!(of("claude-haiku-5-5"), None);
    }

    #[test]
    fn a_base_url_may_have_a_path_and_a_trailing_slash() {
        for base in ["http://127.0.0.1:9/proxy", "http://127.0.0.1:9/proxy/"] {
            let config = AnthropicConfig { base_url: base.into(), ..config() };
            assert_eq!(config.check().unwrap().as_str(), "http://127.0.0.1:9/proxy/v1/messages");
        }
    }

    #[test]
    fn a_setting_out_of_its_bounds_is_refused_without_its_value() {
        let wrong = [
            AnthropicConfig { key: String::new().into(), ..config() },
            AnthropicConfig { key: "a b".to_owned().into(), ..config() },
            AnthropicConfig { key: "a\nb".to_owned().into(), ..config() },
            AnthropicConfig { base_url: "ftp://host".into(), ..config() },
            AnthropicConfig { base_url: "https://user:pw@host".into(), ..config() },
            AnthropicConfig { base_url: "https://host?a=b".into(), ..config() },
            AnthropicConfig { base_url: "host".into(), ..config() },
            AnthropicConfig { model: String::new(), ..config() },
            AnthropicConfig { idle: Duration::ZERO, ..config() },
            AnthropicConfig { silence: Duration::from_hours(1), ..config() },
            AnthropicConfig { max_tokens: 0, ..config() },
            AnthropicConfig { temperature: Some(f64::NAN), ..config() },
        ];
        for config in wrong {
            let error = config.check().unwrap_err();
            assert!(!error.to_string().contains("host"), "{error}");
        }
    }
}
