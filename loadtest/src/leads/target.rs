//! Where leads may be sent: this machine, and nowhere else.
//!
//! Lives here: the refusal of every address but loopback. A load generator that can be pointed at
//! somebody else's server by a typing mistake is a weapon.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// A base URL on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why an address is no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    #[error("`{0}` is no URL")]
    NotAUrl(String),
    #[error("only http is spoken, without user, query or fragment")]
    NotPlain,
    #[error("`{0}` is not this machine: leads go to 127.0.0.1, [::1] or localhost alone")]
    NotLoopback(String),
}

impl Target {
    /// The address of `path` at this target.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

impl Target {
    /// Host and port, as `127.0.0.1:8080`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.0.host_str().unwrap_or_default(), self.port())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let mut url = Url::parse(text).map_err(|_| TargetError::NotAUrl(text.to_owned()))?;
        let plain = url.scheme() == "http"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(TargetError::NotPlain);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) if address.is_loopback() => {}
            // The name is not looked up: a resolver could send it anywhere.
            Err(_) if host == "localhost" => {
                url.set_ip_host(IpAddr::from([127, 0, 0, 1]))
                    .map_err(|()| TargetError::NotPlain)?;
            }
            _ => return Err(TargetError::NotLoopback(host)),
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_a_target() {
        for (given, shown) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.9:80/", "http://127.0.0.9"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(given.parse::<Target>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn nothing_else_is() {
        for given in [
            "http://example.com",
            "http://10.0.0.1:8080",
            "http://0.0.0.0:8080",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://user@127.0.0.1",
            "https://127.0.0.1",
            "127.0.0.1:8080",
            "http://[::ffff:8.8.8.8]/",
        ] {
            assert!(given.parse::<Target>().is_err(), "{given}");
        }
    }
}
