//! Where mail goes and how patiently: read from one URL, with the rest set by fields.
//!
//! | URL | Encryption |
//! |---|---|
//! | `smtp://host:25` | STARTTLS if offered, without asking who answers (RFC 7435) |
//! | `smtp+starttls://user:password@host:587` | STARTTLS or nothing, certificate checked |
//! | `smtps://user:password@host:465` | TLS from the first byte, certificate checked |
//!
//! User and password are percent-encoded. `?hello=mail.example.no` sets the name given in `EHLO`.
//!
//! # Invariants
//! - **A14** the password is never printed, and travels unencrypted to this machine alone.

use std::{fmt, time::Duration};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// STARTTLS if the server offers it, whoever it is; else plain.
    Opportunistic,
    /// STARTTLS, or no mail.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving the name and connecting.
    pub connect: Duration,
    /// The TLS handshake, and the reply to any command.
    pub command: Duration,
    /// Sending the body and waiting for the reply to it.
    pub body: Duration,
    /// All of [`forecourt_ports::sender::Sender::prepare`], waiting for a connection included (A5).
    pub prepare: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            command: Duration::from_secs(10),
            body: Duration::from_secs(30),
            prepare: Duration::from_secs(20),
        }
    }
}

/// How connections are kept and given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections at the same time, idle ones included.
    pub connections: usize,
    /// An idle connection is closed after this long; servers close them too.
    pub max_idle: Duration,
    /// A connection that was idle longer than this is asked (`RSET`) before it is used.
    pub check_after: Duration,
    /// No connection is reused when older than this.
    pub max_age: Duration,
    /// Mails on one connection.
    pub max_mails: u32,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            connections: 8,
            max_idle: Duration::from_secs(30),
            check_after: Duration::from_secs(5),
            max_age: Duration::from_mins(5),
            max_mails: 100,
        }
    }
}

/// A mail server to send through.
#[derive(Clone)]
pub struct SmtpConfig {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
    /// The name given in `EHLO`; the machine's own when none is set.
    pub hello: Option<String>,
    /// Certificates of a private authority, PEM; trusted besides those of the system.
    pub extra_roots_pem: Option<Vec<u8>>,
    pub timeouts: Timeouts,
    pub pool: PoolLimits,
}

#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretString,
}

/// Why the mail server's URL or certificates cannot be used. Says nothing of the URL itself (A14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "the mail server's URL cannot be read; percent-encode what is special in user and password"
    )]
    Url,
    #[error("the mail server's URL begins with smtp://, smtp+starttls:// or smtps://")]
    Scheme,
    #[error("the mail server's URL names no host")]
    Host,
    #[error("the mail server's URL ends after the port; only ?hello=name may follow")]
    Tail,
    #[error("user and password come together, and percent-encoded as UTF-8")]
    Login,
    #[error("a password goes over smtps:// or smtp+starttls:// unless the server is this machine")]
    PlainPassword,
    #[error("no trusted certificates were found")]
    NoRoots,
    #[error("the extra certificates cannot be read; PEM is expected")]
    ExtraRoots,
}

impl SmtpConfig {
    /// Reads a URL as described above; times and limits are the defaults.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(url.trim()).map_err(|_| ConfigError::Url)?;
        let (security, port) = match url.scheme() {
            "smtp" => (Security::Opportunistic, 25),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            _ => return Err(ConfigError::Scheme),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ConfigError::Host)?;
        // These schemes are no special ones to the parser, so the host is read here (IDNA, IPv6).
        let host = Host::parse(host).map_err(|_| ConfigError::Host)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(ConfigError::Tail);
        }
        let mut hello = None;
        for (key, value) in url.query_pairs() {
            let name = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b));
            if key != "hello" || value.is_empty() || !name {
                return Err(ConfigError::Tail);
            }
            hello = Some(value.into_owned());
        }
        let login = login(&url)?;
        if login.is_some() && security == Security::Opportunistic && !is_this_machine(&host) {
            return Err(ConfigError::PlainPassword);
        }
        Ok(Self {
            host: match host {
                Host::Domain(name) => name,
                Host::Ipv4(ip) => ip.to_string(),
                Host::Ipv6(ip) => ip.to_string(),
            },
            port: url.port().unwrap_or(port),
            security,
            login,
            hello,
            extra_roots_pem: None,
            timeouts: Timeouts::default(),
            pool: PoolLimits::default(),
        })
    }
}

fn login(url: &Url) -> Result<Option<Login>, ConfigError> {
    let decode = |raw: &str| {
        let text = percent_decode_str(raw).decode_utf8().map_err(|_| ConfigError::Login)?;
        // NUL separates the fields of AUTH PLAIN.
        if text.is_empty() || text.contains('\0') {
            return Err(ConfigError::Login);
        }
        Ok(text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) => {
            Ok(Some(Login { user: decode(user)?, password: decode(password)?.into() }))
        }
        (_, None) => Err(ConfigError::Login),
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("login", &self.login.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(url: &str) -> (String, u16, Security) {
        let config = SmtpConfig::from_url(url).unwrap();
        (config.host, config.port, config.security)
    }

    #[test]
    fn a_url_says_where_and_how() {
        for (url, host, port, security) in [
            ("smtp://localhost:2525", "localhost", 2525, Security::Opportunistic),
            ("smtp://mail.example.no", "mail.example.no", 25, Security::Opportunistic),
            ("smtp+starttls://u:p@Mail.Example.no", "mail.example.no", 587, Security::StartTls),
            ("smtps://u:p@blåbær.example/", "xn--blbr-roah.example", 465, Security::Tls),
            ("smtp://[::1]:25", "::1", 25, Security::Opportunistic),
            (" smtp://127.0.0.1:1 ", "127.0.0.1", 1, Security::Opportunistic),
        ] {
            assert_eq!(read(url), (host.into(), port, security), "{url}");
        }
        let config = SmtpConfig::from_url("smtp://h?hello=mail.example.no").unwrap();
        assert_eq!(config.hello.as_deref(), Some("mail.example.no"));
    }

    #[test]
    fn a_login_is_decoded_and_never_printed() {
        let config =
            SmtpConfig::from_url("smtps://kari%40b.no:p%40ss%2Fw%C3%B8rd@h.example").unwrap();
        let login = config.login.clone().unwrap();
        assert_eq!(login.user, "kari@b.no");
        assert_eq!(login.password.expose_secret(), "p@ss/wørd");
        let printed = format!("{config:?}");
        assert!(!printed.contains("kari") && !printed.contains("ss"), "{printed}");
    }

    #[test]
    fn a_url_that_cannot_be_meant_is_refused_without_being_repeated() {
        for (url, error) in [
            ("", ConfigError::Url),
            ("mail.example.no:25", ConfigError::Scheme),
            ("http://mail.example.no", ConfigError::Scheme),
            ("smtp://", ConfigError::Host),
            ("smtp:mail", ConfigError::Host),
            ("smtp://h/inbox", ConfigError::Tail),
            ("smtp://h?tls=no", ConfigError::Tail),
            ("smtp://h?hello=a%0d%0aRCPT", ConfigError::Tail),
            ("smtp://h#x", ConfigError::Tail),
            ("smtps://user@h", ConfigError::Login),
            ("smtps://:secret@h", ConfigError::Login),
            ("smtps://u:%ff@h", ConfigError::Login),
            ("smtps://u:a%00b@h", ConfigError::Login),
            ("smtp://u:secret@h.example", ConfigError::PlainPassword),
        ] {
            let refused = SmtpConfig::from_url(url).unwrap_err();
            assert_eq!(refused, error, "{url}");
            assert!(!refused.to_string().contains("secret"));
        }
        assert!(SmtpConfig::from_url("smtp://u:secret@localhost").is_ok());
    }
}
