//! The settings that all clients have, their defaults and their bounds.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use crate::prices::{self, Price};

/// The longest wait that may be set: longer than any promise.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// How to reach a provider, and what to ask of it.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub key: SecretString,
    /// Scheme, host and what comes before the protocol's own path.
    pub base_url: String,
    pub model: String,
    /// From the call to the first event.
    pub first_byte: Duration,
    /// Between two events; a comment is none.
    pub idle: Duration,
    /// Between two events that carry the answer on; pings do not.
    pub silence: Duration,
    /// The whole answer.
    pub total: Duration,
    /// To open a connection.
    pub connect: Duration,
    pub max_tokens: u32,
    /// The most characters of an answer.
    pub max_chars: usize,
    /// `None` for models that refuse it.
    pub temperature: Option<f64>,
    /// A longer `retry-after` is cut to this.
    pub longest_retry_after: Duration,
    /// What a token costs; `None` where nobody knows.
    pub price: Option<Price>,
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

impl ClientConfig {
    /// `model` at `base_url`, with waits that fit into a promise of 90 seconds.
    pub fn new(key: SecretString, base_url: &str, model: &str) -> Self {
        Self {
            key,
            base_url: base_url.into(),
            model: model.into(),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(8),
            silence: Duration::from_secs(12),
            total: Duration::from_mins(1),
            connect: Duration::from_secs(5),
            max_tokens: 500,
            max_chars: 6_000,
            temperature: None,
            longest_retry_after: Duration::from_hours(1),
            price: prices::of(model),
        }
    }

    /// Checks every setting; gives the address to call, `path` added.
    pub(crate) fn check<'a>(
        &self,
        path: impl IntoIterator<Item = &'a str>,
    ) -> Result<Url, ConfigError> {
        let key = self.key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::Key);
        }
        if super::model_name(&self.model).is_none() {
            return Err(ConfigError::Model);
        }
        for (name, wait) in [
            ("first_byte", self.first_byte),
            ("idle", self.idle),
            ("silence", self.silence),
            ("total", self.total),
            ("connect", self.connect),
        ] {
            if wait.is_zero() || wait > LONGEST_WAIT {
                return Err(ConfigError::Bounds(name));
            }
        }
        for (name, fits) in [
            ("max_tokens", (1..=64_000).contains(&self.max_tokens)),
            ("max_chars", (1..=1_000_000).contains(&self.max_chars)),
            ("temperature", self.temperature.is_none_or(|t| (0.0..=2.0).contains(&t))),
            ("longest_retry_after", self.longest_retry_after <= Duration::from_hours(24)),
        ] {
            if !fits {
                return Err(ConfigError::Bounds(name));
            }
        }
        self.url(path).ok_or(ConfigError::BaseUrl)
    }

    fn url<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<Url> {
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
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ClientConfig {
        ClientConfig::new("sk-secret".to_owned().into(), "https://host.example", "m-1")
    }

    #[test]
    fn the_defaults_are_valid_and_the_key_is_never_printed() {
        assert_eq!(config().check(["v1", "x"]).unwrap().as_str(), "https://host.example/v1/x");
        assert!(!format!("{:?}", config()).contains("sk-secret"));
    }

    #[test]
    fn a_base_url_may_have_a_path_and_a_trailing_slash() {
        for base in ["http://127.0.0.1:9/proxy", "http://127.0.0.1:9/proxy/"] {
            let config = ClientConfig { base_url: base.into(), ..config() };
            assert_eq!(config.check(["v1"]).unwrap().as_str(), "http://127.0.0.1:9/proxy/v1");
        }
    }

    #[test]
    fn a_setting_out_of_its_bounds_is_refused_without_its_value() {
        let wrong = [
            ClientConfig { key: String::new().into(), ..config() },
            ClientConfig { key: "a b".to_owned().into(), ..config() },
            ClientConfig { key: "a\nb".to_owned().into(), ..config() },
            ClientConfig { base_url: "ftp://host".into(), ..config() },
            ClientConfig { base_url: "https://user:pw@host".into(), ..config() },
            ClientConfig { base_url: "https://host?a=b".into(), ..config() },
            ClientConfig { base_url: "host".into(), ..config() },
            ClientConfig { model: String::new(), ..config() },
            ClientConfig { idle: Duration::ZERO, ..config() },
            ClientConfig { silence: Duration::from_hours(1), ..config() },
            ClientConfig { total: Duration::ZERO, ..config() },
            ClientConfig { max_tokens: 0, ..config() },
            ClientConfig { temperature: Some(f64::NAN), ..config() },
        ];
        for config in wrong {
            let error = config.check([]).unwrap_err();
            assert!(!error.to_string().contains("host"), "{error}");
        }
    }
}
