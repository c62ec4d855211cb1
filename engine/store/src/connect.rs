//! How to reach a database: address, role, password and TLS, parsed once and printed never.
//!
//! Lives here: [`ConnectOptions`] and the two ways to open a connection. Connections are driven by
//! the tokio runtime that opened them; [`crate::db`] makes sure that this is the io runtime.
//!
//! # Invariants
//! - **A14** the password leaves only through [`ConnectOptions::url`], which is a [`SecretString`];
//! - **A9** connecting has a time limit.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use diesel_async::AsyncPgConnection;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::DbError;

/// Postgres answers a connect within milliseconds; a network that takes longer is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After this long without an acknowledged byte the peer is gone.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a database url could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectOptionsError {
    /// The text is no Postgres url. The text itself may hold a password and is not repeated.
    #[error("not a Postgres url like `postgres://user:password@host:5432/database`: {0}")]
    Malformed(String),
    #[error("the database url names no {0}")]
    Missing(&'static str),
    #[error("sslmode is one of disable, prefer, require, verify-full")]
    SslMode,
    #[error("cannot read the certificate authorities: {0}")]
    Roots(String),
}

/// Where a database is and who we are there.
///
/// `sslmode=require` (also `verify-ca`, `verify-full`) encrypts and verifies the server against
/// the system's authorities or `sslrootcert=<pem file>`. Anything else does not encrypt: right for
/// a unix socket, loopback or a private network only.
#[derive(Clone)]
pub struct ConnectOptions {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl ConnectOptions {
    /// Reads a `postgres://` url or a `key=value` list.
    pub fn parse(url: &SecretString) -> Result<Self, ConnectOptionsError> {
        let (text, ssl) = take_ssl(url.expose_secret())?;
        let mut config = Config::from_str(&text)
            .map_err(|error| ConnectOptionsError::Malformed(cause(&error)))?;
        if config.get_user().is_none() {
            return Err(ConnectOptionsError::Missing("user"));
        }
        if config.get_dbname().is_none() {
            return Err(ConnectOptionsError::Missing("database"));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(ConnectOptionsError::Missing("host"));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        let verified = ssl.verified || config.get_ssl_mode() == SslMode::Require;
        config.ssl_mode(if verified { SslMode::Require } else { SslMode::Disable });
        let tls = if verified { Some(tls(ssl.roots)?) } else { None };
        Ok(Self { config, tls })
    }

    /// A role in a cluster that listens in the folder `socket`.
    pub(crate) fn socket(socket: &std::path::Path, port: u16, user: &str, database: &str) -> Self {
        let mut config = Config::new();
        config.host_path(socket).port(port).user(user).dbname(database);
        config.connect_timeout(CONNECT_TIMEOUT).ssl_mode(SslMode::Disable);
        Self { config, tls: None }
    }

    /// The same role over TCP on loopback.
    pub(crate) fn on_loopback(&self, port: u16) -> Self {
        let mut config = Config::new();
        config.host("127.0.0.1").port(port).user(self.user()).dbname(self.database());
        config.connect_timeout(CONNECT_TIMEOUT).ssl_mode(SslMode::Disable);
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        Self { config, tls: None }
    }

    /// The same database as another role.
    #[must_use]
    pub fn with_role(&self, user: &str, password: Option<&SecretString>) -> Self {
        let mut options = self.clone();
        options.config.user(user);
        // An empty password is what Postgres refuses anyway; there is no way to unset one.
        options.config.password(password.map_or("", ExposeSecret::expose_secret));
        options
    }

    /// The same role in another database of the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut options = self.clone();
        options.config.dbname(name);
        options
    }

    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    pub(crate) fn password(&self) -> Option<&[u8]> {
        self.config.get_password().filter(|password| !password.is_empty())
    }

    /// Whether statements and rows cross a network in the clear.
    pub fn is_exposed(&self) -> bool {
        let local = |host: &Host| match host {
            Host::Tcp(name) => {
                matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        self.tls.is_none() && !self.config.get_hosts().iter().all(local)
    }

    /// The url for tools such as `psql`, password included.
    pub fn url(&self) -> SecretString {
        let mut url = String::from("postgres://");
        encode(self.user().as_bytes(), &mut url);
        if let Some(password) = self.password() {
            url.push(':');
            encode(password, &mut url);
        }
        url.push('@');
        if let Some(host) = self.config.get_hosts().first() {
            match host {
                Host::Tcp(name) => url.push_str(name),
                #[cfg(unix)]
                Host::Unix(path) => encode(path.as_os_str().as_encoded_bytes(), &mut url),
            }
        }
        if let Some(port) = self.config.get_ports().first() {
            url.push(':');
            url.push_str(&port.to_string());
        }
        url.push('/');
        encode(self.database().as_bytes(), &mut url);
        if self.tls.is_some() {
            url.push_str("?sslmode=require");
        }
        SecretString::from(url)
    }

    /// Opens a connection for typed queries, driven by the current tokio runtime.
    pub async fn connect(&self) -> Result<AsyncPgConnection, DbError> {
        let connection = match &self.tls {
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            }
            Some(tls) => {
                let (client, driver) = self.config.connect(tls.clone()).await?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            }
        };
        connection.map_err(DbError::from)
    }

    /// Opens a bare connection for statements that no table type describes: roles, databases.
    pub(crate) async fn client(&self) -> Result<Client, DbError> {
        // The driver ends when the client is dropped; its error reaches whoever waits on a query.
        match &self.tls {
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                drop(tokio::spawn(driver));
                Ok(client)
            }
            Some(tls) => {
                let (client, driver) = self.config.connect(tls.clone()).await?;
                drop(tokio::spawn(driver));
                Ok(client)
            }
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("user", &self.user())
            .field("database", &self.database())
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Ssl {
    verified: bool,
    roots: Option<PathBuf>,
}

/// Takes `sslmode` and `sslrootcert` out of a url: the driver knows fewer modes and no file.
fn take_ssl(url: &str) -> Result<(String, Ssl), ConnectOptionsError> {
    let mut ssl = Ssl::default();
    let Some((address, query)) = url.split_once('?').filter(|_| url.contains("://")) else {
        return Ok((url.to_owned(), ssl));
    };
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => {
                ssl.verified = match mode {
                    "disable" | "allow" | "prefer" => false,
                    "require" | "verify-ca" | "verify-full" => true,
                    _ => return Err(ConnectOptionsError::SslMode),
                }
            }
            Some(("sslrootcert", path)) => ssl.roots = Some(PathBuf::from(decode(path))),
            _ => kept.push(parameter),
        }
    }
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{address}{separator}{}", kept.join("&")), ssl))
}

fn tls(roots: Option<PathBuf>) -> Result<MakeRustlsConnect, ConnectOptionsError> {
    let roots_error = |error: &dyn fmt::Display| ConnectOptionsError::Roots(error.to_string());
    let certificates = match roots {
        Some(file) => {
            use rustls::pki_types::{CertificateDer, pem::PemObject};
            CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| roots_error(&error))?
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = rustls::RootCertStore::empty();
    if store.add_parsable_certificates(certificates).0 == 0 {
        return Err(ConnectOptionsError::Roots("none found".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| roots_error(&error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The parser's own words, which name the option but not its value.
fn cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| "unreadable".into(), ToString::to_string)
}

fn encode(bytes: &[u8], to: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            to.push('%');
            to.push(char::from(HEX[usize::from(byte >> 4)]));
            to.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<ConnectOptions, ConnectOptionsError> {
        ConnectOptions::parse(&SecretString::from(url))
    }

    #[test]
    fn a_url_with_special_characters_is_read_back_as_it_was_printed() {
        let socket = std::path::Path::new("/srv/a folder/ø");
        let password = SecretString::from("p@ss/wörd:%");
        let options = ConnectOptions::socket(socket, 6543, "forecourt_app", "fore court")
            .with_role("forecourt_app", Some(&password));
        let again = ConnectOptions::parse(&options.url()).unwrap();
        assert_eq!(again.config.get_hosts(), options.config.get_hosts());
        assert_eq!(again.config.get_ports(), [6543]);
        assert_eq!(again.database(), "fore court");
        assert_eq!(again.password(), Some("p@ss/wörd:%".as_bytes()));
    }

    #[test]
    fn no_password_is_printed_by_debug_or_by_an_error() {
        let options = parse("postgres://owner:hunter2@db.internal/forecourt").unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
        for bad in [
            "postgres://owner:hunter2@db/forecourt?nonsense=1",
            "postgres://owner:hunter2@db:port/forecourt",
            "hunter2",
            "postgres://owner:hunter2@db",
        ] {
            let error = parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_a_remote_address_without_tls_counts_as_exposed() {
        assert!(parse("postgres://u@db.internal/x").unwrap().is_exposed());
        assert!(!parse("postgres://u@127.0.0.1/x").unwrap().is_exposed());
        assert!(!parse("postgres://u@%2Fvar%2Frun/x").unwrap().is_exposed());
    }

    #[test]
    fn an_unknown_ssl_mode_is_refused_and_not_taken_for_none() {
        let error = parse("postgres://u@db/x?sslmode=verify_full").unwrap_err();
        assert!(matches!(error, ConnectOptionsError::SslMode));
    }

    #[test]
    fn a_root_certificate_that_cannot_be_read_is_an_error_and_not_the_system_store() {
        let error = parse("postgres://u@db/x?sslmode=verify-full&sslrootcert=%2Fno%2Fsuch.pem");
        assert!(matches!(error.unwrap_err(), ConnectOptionsError::Roots(_)));
    }
}
