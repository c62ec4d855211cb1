//! The settings of the client, and what differs between the servers that speak the protocol.

use secrecy::SecretString;

use crate::client::ClientConfig;

/// How to reach chat completions, and what to ask of them. The base URL ends with the version, as in
/// `https://api.openai.com/v1`; `/chat/completions` is added.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    pub client: ClientConfig,
    pub flavor: Flavor,
}

/// Who speaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// The company itself: `max_completion_tokens`, an opaque id of who speaks, nothing stored.
    OpenAi,
    /// Everyone else: only what all of them take.
    Compatible,
}

/// Tokens for models of the company itself, which think before they write and pay for it from the
/// same purse.
const THOUGHTFUL_TOKENS: u32 = 2_000;

impl OpenAiConfig {
    /// `model` at `base_url`. The host tells the flavor.
    pub fn new(key: SecretString, base_url: &str, model: &str) -> Self {
        let flavor = if base_url.starts_with("https://api.openai.com") {
            Flavor::OpenAi
        } else {
            Flavor::Compatible
        };
        let client = ClientConfig::new(key, base_url, model);
        let client = match flavor {
            // Newer models refuse a temperature.
            Flavor::OpenAi => ClientConfig { max_tokens: THOUGHTFUL_TOKENS, ..client },
            Flavor::Compatible => ClientConfig { temperature: Some(0.7), ..client },
        };
        Self { client, flavor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_tells_who_speaks() {
        let of = |base| OpenAiConfig::new("k".to_owned().into(), base, "m");
        let company = of("https://api.openai.com/v1");
        assert_eq!((company.flavor, company.client.temperature), (Flavor::OpenAi, None));
        let local = of("http://127.0.0.1:11434/v1");
        assert_eq!((local.flavor, local.client.temperature), (Flavor::Compatible, Some(0.7)));
        let url = local.client.check(["chat", "completions"]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:11434/v1/chat/completions");
    }
}
