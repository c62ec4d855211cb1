//! Opening a connection: resolve, connect, encrypt, greet, log in.

use std::{io, net::SocketAddr, sync::Arc};

use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use secrecy::ExposeSecret as _;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    config::{ConfigError, Security, SmtpConfig},
    fault::Fault,
    link::Link,
    wire::{Socket, Wire},
};

/// What a new connection needs, made once.
pub(super) struct Dialer {
    pub(super) config: SmtpConfig,
    hello: ClientId,
    encryption: Encryption,
}

enum Encryption {
    /// STARTTLS with these parameters; required or not.
    Later {
        parameters: TlsParameters,
        required: bool,
    },
    AtOnce {
        connector: TlsConnector,
        name: ServerName<'static>,
    },
}

impl Dialer {
    pub(super) fn new(config: SmtpConfig) -> Result<Self, ConfigError> {
        let hello = config.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let encryption = match config.security {
            Security::Opportunistic => {
                // Who strips the offer of STARTTLS reads along anyway: an unknown certificate is
                // better than none (RFC 7435), and no password travels here.
                let parameters = TlsParameters::builder(config.host.clone())
                    .certificate_store(CertificateStore::None)
                    .dangerous_accept_invalid_certs(true)
                    .dangerous_accept_invalid_hostnames(true)
                    .build()
                    .map_err(|_| ConfigError::NoRoots)?;
                Encryption::Later { parameters, required: false }
            }
            Security::StartTls => {
                let mut parameters = TlsParameters::builder(config.host.clone());
                if let Some(pem) = &config.extra_roots_pem {
                    let roots = Certificate::from_pem(pem).map_err(|_| ConfigError::ExtraRoots)?;
                    parameters = parameters.add_root_certificate(roots);
                }
                roots(&config)?; // says at the start what would fail at every mail
                let parameters = parameters.build().map_err(|_| ConfigError::ExtraRoots)?;
                Encryption::Later { parameters, required: true }
            }
            Security::Tls => {
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                let tls = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(|_| ConfigError::NoRoots)?
                    .with_root_certificates(roots(&config)?)
                    .with_no_client_auth();
                let name =
                    ServerName::try_from(config.host.clone()).map_err(|_| ConfigError::Host)?;
                Encryption::AtOnce { connector: TlsConnector::from(Arc::new(tls)), name }
            }
        };
        Ok(Self { config, hello, encryption })
    }

    /// Opens a connection that is ready for `MAIL`.
    pub(super) async fn dial(&self) -> Result<Link, Fault> {
        let times = self.config.timeouts;
        let stream = timeout(times.connect, self.connect()).await.map_err(|_| Fault::Timeout)??;
        let (socket, watch) = Socket::new(stream);
        let wire = match &self.encryption {
            Encryption::Later { .. } => Wire::Plain(socket),
            Encryption::AtOnce { connector, name } => {
                let handshake = connector.connect(name.clone(), socket);
                let stream = timeout(times.command, handshake).await.map_err(|_| Fault::Timeout)?;
                Wire::Tls(Box::new(stream.map_err(|_| Fault::Tls)?))
            }
        };
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello);
        let greeted = timeout(times.command, greeting).await.map_err(|_| Fault::Timeout)?;
        let mut smtp = greeted.map_err(|error| Link::fault(&error, &watch))?;

        if let Encryption::Later { parameters, required } = &self.encryption {
            if smtp.can_starttls() {
                let upgrade = smtp.starttls(parameters.clone(), &self.hello);
                let upgraded = timeout(times.command, upgrade).await.map_err(|_| Fault::Timeout)?;
                upgraded.map_err(|error| match Link::fault(&error, &watch) {
                    reply @ Fault::Reply(_) => reply,
                    _ => Fault::Tls,
                })?;
            } else if *required {
                return Err(Fault::TlsMissing);
            }
        }
        if let Some(login) = &self.config.login {
            let password = login.password.expose_secret().to_owned();
            let credentials = Credentials::new(login.user.clone(), password);
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            if smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
                return Err(Fault::AuthMissing);
            }
            let login = smtp.auth(&mechanisms, &credentials);
            let logged_in = timeout(times.command, login).await.map_err(|_| Fault::Timeout)?;
            let reply = logged_in.map_err(|error| Link::fault(&error, &watch))?;
            if !reply.has_code(235) {
                return Err(Fault::BadReply);
            }
        }
        Ok(Link::new(smtp, watch, times))
    }

    /// Tries the addresses of the host in turn; one that swallows packets leaves time for the next.
    async fn connect(&self) -> Result<TcpStream, Fault> {
        let target = (self.config.host.as_str(), self.config.port);
        let addresses: Vec<SocketAddr> =
            lookup_host(target).await.map_err(|_| Fault::Unreachable)?.collect();
        let mut fault = Fault::Unreachable;
        for address in addresses {
            let connecting = TcpStream::connect(address);
            fault = match timeout(self.config.timeouts.connect / 2, connecting).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(|_| Fault::Lost)?;
                    return Ok(stream);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    Fault::Refused
                }
                Ok(Err(_)) => Fault::Unreachable,
                Err(_) => Fault::Timeout,
            };
        }
        Err(fault)
    }
}

/// The system's certificates and the extra ones.
fn roots(config: &SmtpConfig) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = &config.extra_roots_pem {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| ConfigError::ExtraRoots)?;
            roots.add(certificate).map_err(|_| ConfigError::ExtraRoots)?;
        }
        if roots.len() == before {
            return Err(ConfigError::ExtraRoots);
        }
    }
    if roots.is_empty() { Err(ConfigError::NoRoots) } else { Ok(roots) }
}
